"""The rows of a court's workbook, each through the verb that a page or a command would use; what is there already stays as it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from data.actions.accounts import FirstAccount, first_account, set_role
from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.case_list import ListedCase, put_in_cases
from data.actions.cases import Party
from data.actions.devices import enrol_device
from data.actions.first_accounts import ask_for_account, awaits_role
from data.actions.organisation import (
    add_officer,
    add_unit,
    add_vehicle,
    change_court,
    change_officer,
    draw_area,
    draw_fence,
    form_team,
    found_court,
    remove_fence,
)
from data.actions.role_changes import propose_role
from data.errors import BadInput, CommandCentreError, NotFound, NotPermitted, RuleBroken
from data.journal import Work
from data.rules import words, workbook
from data.rules.identity import Act
from data.rules.permissions import Actor, Role, Sight, Verb, may
from data.rules.role_changes import LEAST
from data.rules.units import UnitKind
from data.rules.workbook import Change
from data.tables import AccountRow, AreaRow, CourtRow, DeviceRow, FenceRow, OfficerRow, TeamRow, UnitRow, VehicleRow
from geo.coordinates import Crs, to_wgs84_arrays

# Whoever runs the machine brings the case system's list: the right to change cases is the case system's, nobody gains one by a file.
LIST = Actor(kind="MACHINE", id="workbook", role=Role.CASE_SYSTEM, court_code="")


CASES_ALONG, NO_CASES = "with:cases", "without:cases"  # what the trace of an export says


class Done(StrEnum):
    """What became of a row."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row. given: a secret that exists nowhere else: (`account` or `device`, whose, the secret).

    changes: as whoever brings it may see them.
    """

    done: Done
    error: CommandCentreError | None = None
    given: tuple[str, str, str] | None = None
    changes: tuple[Change, ...] = ()


Row = Mapping[str, Any]
TakeRow = Callable[[Work, Row], Outcome]


def bring_in(work: Work, sheet: str, rows: Sequence[Row], file_digest: str) -> list[Outcome]:
    """The rows of one sheet, what each became, in their order; a bad one never harms another. What changes something leaves a trace.

    rows: as `rules.workbook.read_row` reads them. file_digest: SHA-256 of the file, for the trace.
    """
    outcomes = _cases(work, rows) if sheet == "cases" else [_alone(work, _VERBS[sheet], row) for row in rows]
    done = [outcome.done for outcome in outcomes]
    counts = [f"{what}:{done.count(what)}" for what in (Done.ADDED, Done.CHANGED) if what in done]
    if counts:
        record_audit(work, Act.IMPORT, "workbook", file_digest[:32], fields=(f"sheet:{sheet}", *counts))
    return outcomes


def _alone(work: Work, take: TakeRow, row: Row) -> Outcome:
    """One row, taken whole or not at all."""
    told, point = len(work.recorded), work.session.begin_nested()
    try:
        outcome = take(work, row)
    except CommandCentreError as error:
        del work.recorded[told:]
        point.rollback()
        return Outcome(Done.REFUSED, error)
    point.commit()
    return outcome


# --- the way out ------------------------------------------------------------------------------------------------------------------


def begin_export(work: Work, sight: Sight, with_cases: bool, reason: str | None) -> None:
    """Leave the trace before the first row is read; whoever is no machine says why cases go along.

    Raises NotPermitted for who may not, and for cases by whom they are not to be had; BadInput text.*.
    """
    allowed(work, Verb.EXPORT_COURT)
    if with_cases:
        allowed(work, Verb.EXPORT_CASES)
        if not workbook.cases_go_along(work.actor, sight):
            raise NotPermitted("cases", verb=Verb.EXPORT_CASES.value)
        if work.actor.role is not Role.SYSTEM:
            reason = words.word(reason, "reason", 200)
    record_audit(work, Act.EXPORT, "workbook", work.court_code, (CASES_ALONG if with_cases else NO_CASES,), reason, "begun")


def end_export(work: Work, counts: Mapping[str, int], reason: str | None) -> None:
    """How many rows of each sheet went out, and whether cases did."""
    allowed(work, Verb.EXPORT_COURT)
    along = CASES_ALONG if "cases" in counts else NO_CASES
    record_audit(work, Act.EXPORT, "workbook", work.court_code, (along, *(f"{sheet}:{n}" for sheet, n in counts.items())), reason)


# --- the court and its people -----------------------------------------------------------------------------------------------------


def _court(work: Work, row: Row) -> Outcome:
    lat, lon = _place(row)
    court = work.session.get(CourtRow, row["code"])
    if court is None:
        found_court(work, row["code"], row["name"], lat=lat, lon=lon, duty_phone=row.get("duty_phone"))
        return Outcome(Done.ADDED)
    news = {"name": row["name"], "lat": lat, "lon": lon, "duty_phone": row.get("duty_phone")}
    changed = {name: value for name, value in news.items() if value is not None and value != _as_said(getattr(court, name))}
    if not changed:
        return Outcome(Done.UNCHANGED)
    changes = tuple(Change(name, getattr(court, name), value) for name, value in changed.items())
    if "lat" in changed or "lon" in changed:
        changed |= {"lat": lat, "lon": lon}
    change_court(work, **changed)
    return Outcome(Done.CHANGED, changes=changes)


def _team(work: Work, row: Row) -> Outcome:
    if work.session.scalar(_team_named(work, row["name"])) is not None:
        return Outcome(Done.UNCHANGED)
    form_team(work, row["name"])
    return Outcome(Done.ADDED)


def _officer(work: Work, row: Row) -> Outcome:
    of_badge = select(OfficerRow).where(OfficerRow.court_code == work.court_code, OfficerRow.badge_no == row["badge_no"])
    officer = work.session.scalar(of_badge)
    team_id = _team_id(work, row)
    done = Done.ADDED
    changes: list[Change] = []
    if officer is None:
        words = {"badge_no": row["badge_no"], "sex": row.get("sex"), "phone": row.get("phone")}
        leads = bool(row.get("leader"))
        wanted = Role(row["role"])
        alone = may(work.actor, Verb.SET_ROLE)
        officer_id = add_officer(work, row["name"], row["title"], wanted if alone else LEAST, team_id=team_id, leader=leads, **words)
        if not alone and wanted != LEAST:
            propose_role(work, officer_id, wanted)
    else:
        officer_id = officer.id
        changes = _change_officer(work, officer, row, team_id)
        done = Done.CHANGED if changes else Done.UNCHANGED
    if _number(work, row, officer_id):
        changes.append(Change("unit_no", None, row["unit_no"]))
        done = done if done is Done.ADDED else Done.CHANGED
    if row.get("account") is None or work.session.get(AccountRow, officer_id) is not None:
        return Outcome(done, changes=tuple(changes))
    told = len(work.recorded)
    account = _first_account(work, officer_id, row["account"], is_new=done is Done.ADDED)
    if len(work.recorded) > told:  # else it waits for a second person already
        changes.append(Change("account", None, row["account"]))
        done = done if done is Done.ADDED else Done.CHANGED
    return Outcome(done, given=None if account is None else ("account", account.username, account.password), changes=tuple(changes))


def _first_account(work: Work, officer_id: str, username: str, is_new: bool) -> FirstAccount | None:
    """By the rule of the page: of somebody who is new here and whom no role awaits, by one person; None: a second one must confirm it."""
    if is_new and not awaits_role(work, officer_id):
        return first_account(work, officer_id, username)
    return ask_for_account(work, officer_id, username)


def _change_officer(work: Work, officer: OfficerRow, row: Row, team_id: str | None) -> list[Change]:
    """Name, title, phone and role follow the sheet; team and sex are changed by a person, not by a file. Raises RuleBroken.

    A role that a person brings in waits for a second one, as on his page.
    """
    if (team_id or officer.team_id) != officer.team_id:
        _differs("team", _team_name(work, officer.team_id), row["team"])
    if row.get("sex", officer.sex) != officer.sex and officer.sex is not None:
        raise RuleBroken("sex", code="workbook.differs", field="sex")
    news = {"name": row["name"], "title": row["title"], "phone": row.get("phone")}
    known = {"name": officer.name, "title": officer.title, "phone": work.sealing.open(officer.phone)}
    known_role = officer.role
    changed = {name: value for name, value in news.items() if value is not None and value != known[name]}
    if changed:
        change_officer(work, officer.id, **changed)
    changes = [workbook.as_seen(Change(name, known[name], value), reads_cases=True) for name, value in changed.items()]
    if _follow_role(work, officer, row["role"]):
        changes.append(Change("role", known_role, row["role"]))
    return changes


def _follow_role(work: Work, officer: OfficerRow, wanted: str) -> bool:
    """Whether something came of it: the same wish a second time changes nothing."""
    if wanted == officer.role:
        return False
    if may(work.actor, Verb.SET_ROLE):
        set_role(work, officer.id, Role(wanted))
        return True
    told = len(work.recorded)
    propose_role(work, officer.id, wanted)
    return len(work.recorded) > told


def _number(work: Work, row: Row, officer_id: str) -> bool:
    """Whether he got his number on the map by this row. Raises RuleBroken unit.exists, workbook.differs."""
    no = row.get("unit_no")
    known = work.session.scalar(select(UnitRow.no).where(UnitRow.officer_id == officer_id))
    if no is None or known == no:
        return False
    if known is not None:
        _differs("unit_no", known, no)
    add_unit(work, no, UnitKind.OFFICER, officer_id=officer_id)
    return True


def _vehicle(work: Work, row: Row) -> Outcome:
    unit = work.session.get(UnitRow, row["unit_no"])
    team_id = _team_id(work, row)
    if unit is None:
        vehicle_id = add_vehicle(work, row["kind"], row.get("plate"), team_id)
        add_unit(work, row["unit_no"], UnitKind.VEHICLE, vehicle_id=vehicle_id)
        return Outcome(Done.ADDED)
    vehicle = work.session.get(VehicleRow, unit.vehicle_id) if unit.vehicle_id else None
    if vehicle is None:
        raise RuleBroken("unit", code="unit.exists")
    _same({"kind": vehicle.kind, "plate": work.sealing.open(vehicle.plate), "team": _team_name(work, vehicle.team_id)}, row)
    return Outcome(Done.UNCHANGED)


def _device(work: Work, row: Row) -> Outcome:
    """A vehicle set or body camera gets its identifier; phones come by their own link."""
    no, kind = row["unit_no"], row["device"]
    known = select(DeviceRow.no).where(DeviceRow.unit_no == no, DeviceRow.kind == kind, DeviceRow.revoked_at.is_(None))
    if work.session.scalar(known) is not None:
        return Outcome(Done.UNCHANGED)
    enrolment = enrol_device(work, no, kind)
    work.session.flush()
    return Outcome(Done.ADDED, given=("device", str(no), enrolment.osmand_id))


# --- the map ----------------------------------------------------------------------------------------------------------------------


def _area(work: Work, row: Row) -> Outcome:
    lat, lon = _place(row)
    assert lat is not None
    assert lon is not None
    area = work.session.get(AreaRow, row["id"])
    if area is None:
        draw_area(work, row["id"], row["street"], row["name"], lat, lon)
        return Outcome(Done.ADDED)
    _same({"street": area.street, "name": area.name, "lat": _as_said(area.lat), "lon": _as_said(area.lon)}, {**row, "lat": lat, "lon": lon})
    return Outcome(Done.UNCHANGED)


def _fence(work: Work, row: Row) -> Outcome:
    corners = _degrees(workbook.line(row["line"]), row)
    live = select(FenceRow).where(FenceRow.court_code == work.court_code, FenceRow.name == row["name"], FenceRow.removed_at.is_(None))
    fence = work.session.scalars(live).first()
    if fence is not None and (fence.kind, _ring(fence)) == (row["fence"], corners):
        return Outcome(Done.UNCHANGED)
    changes: tuple[Change, ...] = ()
    if fence is not None:
        changes = _changed_fence(fence, row["fence"], corners)
        remove_fence(work, fence.id)
    draw_fence(work, row["name"], row["fence"], corners)
    return Outcome(Done.ADDED if fence is None else Done.CHANGED, changes=changes)


def _changed_fence(fence: FenceRow, kind: str, corners: list[list[float]]) -> tuple[Change, ...]:
    """Its line by its corners' places, as the sheet writes them."""
    changes = [Change("fence", fence.kind, kind)] if fence.kind != kind else []
    if _ring(fence) != corners:
        before, now = (";".join(f"{lat:.5f},{lon:.5f}" for lat, lon in ring) for ring in (fence.ring, corners))
        changes.append(Change("line", before, now))
    return tuple(changes)


def _ring(fence: FenceRow) -> list[list[float | None]]:
    return [[_as_said(degree) for degree in corner] for corner in fence.ring]


def _as_said(value: Any) -> Any:
    return workbook.to_the_centimetre(value) if isinstance(value, float) else value


def _place(row: Row) -> tuple[float | None, float | None]:
    """WGS 84. Raises BadInput place.not_a_degree."""
    if row.get("lat") is None:
        return None, None
    [[lat, lon]] = _degrees([(row["lat"], row["lon"])], row)
    return lat, lon


def _degrees(places: Sequence[tuple[float, float]], row: Row) -> list[list[float]]:
    """From the datum that the row names to WGS 84, to a centimetre: the same file gives the same places for ever."""
    try:
        true = to_wgs84_arrays(places, Crs(row.get("src_crs", Crs.WGS84)))
    except ValueError as error:
        raise BadInput("place", code="place.not_a_degree") from error
    return [[round(float(lat), 7), round(float(lon), 7)] for lat, lon in true]


# --- cases ------------------------------------------------------------------------------------------------------------------------


def _cases(work: Work, rows: Sequence[Row]) -> list[Outcome]:
    listed, places = [], []
    outcomes: list[Outcome] = [Outcome(Done.UNCHANGED)] * len(rows)
    for place, row in enumerate(rows):
        try:
            listed.append(_listed(row))
            places.append(place)
        except CommandCentreError as error:
            outcomes[place] = Outcome(Done.REFUSED, error)
    former, work.actor = work.actor, LIST
    reads_cases = may(former, Verb.EXPORT_CASES)
    try:
        found = put_in_cases(work, listed)
    finally:
        work.actor = former
    for place, what in zip(places, found, strict=True):
        if isinstance(what, CommandCentreError):
            outcomes[place] = Outcome(Done.REFUSED, what)
        elif isinstance(what, tuple):
            outcomes[place] = Outcome(Done.CHANGED, changes=tuple(workbook.as_seen(change, reads_cases) for change in what))
        elif what:
            outcomes[place] = Outcome(Done.ADDED)
    return outcomes


def _listed(row: Row) -> ListedCase:
    lat, lon = _place(row)
    return ListedCase(
        case_no=row["case_no"],
        filed_at=row["filed_on"],
        cause=row["cause"],
        matter=row.get("matter"),
        judge=row.get("judge"),
        stage=row.get("stage"),
        side_state=row.get("side_state"),
        claim_cents=row.get("claim"),
        recovered_cents=row.get("recovered"),
        area_id=row.get("area"),
        parties=_parties(row),
        kind_said="debtor_kind" in row,
        address=row.get("address"),
        lat=lat,
        lon=lon,
        closed_at=row.get("closed_on"),
        closing_kind=row.get("closing_kind"),
    )


def _parties(row: Row) -> list[Party]:
    """Names of one side in one cell; number, phone and address belong to the first of them."""
    parties = [
        Party(kind="APPLICANT", name=name, natural=_natural(name), phone=row.get("applicant_phone") if place == 0 else None)
        for place, name in enumerate(row.get("applicant", ()))
    ]
    said = row.get("debtor_kind")
    for place, name in enumerate(row.get("debtor", ())):
        natural = said == "person" if said else _natural(name)
        more = {key: row.get(f"debtor_{key}") for key in ("id_no", "phone", "address")} if place == 0 else {}
        parties.append(Party(kind="DEBTOR", name=name, natural=natural, **more))
    return parties


def _natural(name: str) -> bool:
    return workbook.COMPANY.fullmatch(name) is None


# --- what rows share --------------------------------------------------------------------------------------------------------------


def _team_named(work: Work, name: str) -> Any:
    return select(TeamRow.id).where(TeamRow.court_code == work.court_code, TeamRow.name == name)


def _team_id(work: Work, row: Row) -> str | None:
    if row.get("team") is None:
        return None
    team_id: str | None = work.session.scalar(_team_named(work, row["team"]))
    if team_id is None:
        raise NotFound("team", code="not_found.team")
    return team_id


def _team_name(work: Work, team_id: str | None) -> str | None:
    return None if team_id is None else work.session.scalar(select(TeamRow.name).where(TeamRow.id == team_id))


def _same(known: Row, news: Row) -> None:
    """Raises RuleBroken workbook.differs_from for the first column in which the sheet says something else than what is here."""
    for name, value in known.items():
        if news.get(name) is not None and news[name] != value:
            _differs(name, value, news[name])


def _differs(column: str, here: Any, there: Any) -> None:
    """Raises RuleBroken workbook.differs_from: what an import does not change, with what is here and what the sheet says."""
    raise RuleBroken(column, code="workbook.differs_from", field=column, here=here, there=there)


_VERBS: dict[str, TakeRow] = {
    "court": _court,
    "teams": _team,
    "officers": _officer,
    "vehicles": _vehicle,
    "devices": _device,
    "places": _area,
    "fences": _fence,
}

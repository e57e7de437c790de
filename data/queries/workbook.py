"""Everything that a court's workbook holds, in the clear: for whoever takes it out, who leaves a trace first (`actions.workbook`)."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.errors import NotPermitted
from data.rules.cases import PartyKind, Stage
from data.rules.permissions import Actor, Sight, Verb, may
from data.rules.workbook import cases_go_along
from data.sealing import Sealing
from data.tables import AccountRow, AreaRow, CasePartyRow, CaseRow, CourtRow, DeviceRow, FenceRow, OfficerRow, TeamRow, UnitRow, VehicleRow

CASES_AT_ONCE = 500
Row = Mapping[str, Any]


def court_rows(session: Session, sight: Sight, actor: Actor, sealing: Sealing) -> dict[str, Iterator[Row]]:
    """By sheet, in the order of the workbook; cases a piece at a time, and only for whom `rules.workbook.cases_go_along`.

    Raises NotPermitted.
    """
    if not may(actor, Verb.EXPORT_COURT):
        raise NotPermitted("export", code="identity.locked" if actor.locked else None, verb=Verb.EXPORT_COURT.value)
    court_code = sight.court_code
    sheets: dict[str, Iterator[Row]] = {
        "court": _courts(session, court_code),
        "teams": ({"name": name} for name in session.scalars(_of(select(TeamRow.name), TeamRow, court_code).order_by(TeamRow.position))),
        "officers": _officers(session, court_code, sealing),
        "vehicles": _vehicles(session, court_code, sealing),
        "devices": _devices(session, court_code),
        "places": _areas(session, court_code),
        "fences": _fences(session, court_code),
    }
    return sheets | ({"cases": _cases(session, court_code, sealing)} if cases_go_along(actor, sight) else {})


def phones_wanted(session: Session, actor: Actor, team: str | None, everybody: bool) -> list[tuple[int, str, str, str | None]]:
    """(number, name, title, team) of officers with a number, those who have no phone yet unless `everybody`. Raises NotPermitted."""
    if not may(actor, Verb.ENROL_DEVICE):
        raise NotPermitted("enrol", verb=Verb.ENROL_DEVICE.value)
    query = (
        select(UnitRow.no, OfficerRow.name, OfficerRow.title, TeamRow.name)
        .join(OfficerRow, OfficerRow.id == UnitRow.officer_id)
        .outerjoin(TeamRow, TeamRow.id == UnitRow.team_id)
        .where(OfficerRow.disabled_at.is_(None))
        .order_by(TeamRow.position, UnitRow.no)
    )
    if team is not None:
        query = query.where(TeamRow.name == team)
    if not everybody:
        query = query.where(UnitRow.no.not_in(select(DeviceRow.unit_no).where(DeviceRow.revoked_at.is_(None), DeviceRow.kind == "PHONE")))
    return [(no, name, title, its_team) for no, name, title, its_team in session.execute(query)]


def _of(query: Any, table: Any, court_code: str) -> Any:
    return query.where(table.court_code == court_code)


def _courts(session: Session, court_code: str) -> Iterator[Row]:
    court = session.get(CourtRow, court_code)
    if court is not None:
        yield {"code": court.code, "name": court.name, "duty_phone": court.duty_phone, "lat": court.lat, "lon": court.lon}


def _officers(session: Session, court_code: str, sealing: Sealing) -> Iterator[Row]:
    query = (
        select(OfficerRow, TeamRow.name, TeamRow.leader_id, UnitRow.no, AccountRow.username)
        .outerjoin(TeamRow, TeamRow.id == OfficerRow.team_id)
        .outerjoin(UnitRow, UnitRow.officer_id == OfficerRow.id)
        .outerjoin(AccountRow, AccountRow.officer_id == OfficerRow.id)
        .where(OfficerRow.disabled_at.is_(None))
        .order_by(UnitRow.no, OfficerRow.badge_no, OfficerRow.id)
    )
    for officer, team, leader_id, no, username in session.execute(_of(query, OfficerRow, court_code)):
        yield {
            "badge_no": officer.badge_no,
            "name": officer.name,
            "title": officer.title,
            "role": officer.role,
            "team": team,
            "leader": True if leader_id == officer.id else None,
            "sex": officer.sex,
            "phone": sealing.open(officer.phone),
            "unit_no": no,
            "account": username,
        }


def _vehicles(session: Session, court_code: str, sealing: Sealing) -> Iterator[Row]:
    query = (
        select(UnitRow.no, VehicleRow.kind, VehicleRow.plate, TeamRow.name)
        .join(VehicleRow, VehicleRow.id == UnitRow.vehicle_id)
        .outerjoin(TeamRow, TeamRow.id == VehicleRow.team_id)
        .order_by(UnitRow.no)
    )
    for no, kind, plate, team in session.execute(_of(query, UnitRow, court_code)):
        yield {"unit_no": no, "kind": kind, "plate": sealing.open(plate), "team": team}


def _devices(session: Session, court_code: str) -> Iterator[Row]:
    query = select(DeviceRow.unit_no, DeviceRow.kind).where(DeviceRow.revoked_at.is_(None), DeviceRow.kind != "PHONE")
    for no, kind in session.execute(_of(query, DeviceRow, court_code).distinct().order_by(DeviceRow.unit_no, DeviceRow.kind)):
        yield {"unit_no": no, "device": kind}


def _areas(session: Session, court_code: str) -> Iterator[Row]:
    for area in session.scalars(_of(select(AreaRow), AreaRow, court_code).order_by(AreaRow.id)):
        yield {"id": area.id, "street": area.street, "name": area.name, "lat": area.lat, "lon": area.lon}


def _fences(session: Session, court_code: str) -> Iterator[Row]:
    query = _of(select(FenceRow).where(FenceRow.removed_at.is_(None)), FenceRow, court_code)
    for fence in session.scalars(query.order_by(FenceRow.id)):
        yield {"name": fence.name, "fence": fence.kind, "line": "; ".join(f"{lat:.7f},{lon:.7f}" for lat, lon in fence.ring)}


def _cases(session: Session, court_code: str, sealing: Sealing) -> Iterator[Row]:
    """By number, piece after piece: a hundred thousand of them are never in memory together."""
    after = ""
    query = select(CaseRow, OfficerRow.badge_no, OfficerRow.name).outerjoin(OfficerRow, OfficerRow.id == CaseRow.judge_id)
    while True:
        piece = session.execute(
            _of(query, CaseRow, court_code).where(CaseRow.case_no > after).order_by(CaseRow.case_no).limit(CASES_AT_ONCE)
        ).all()
        if not piece:
            return
        of_case: dict[str, list[CasePartyRow]] = {}
        ids = [case.id for case, _, _ in piece]
        for party in session.scalars(select(CasePartyRow).where(CasePartyRow.case_id.in_(ids)).order_by(CasePartyRow.id)):
            of_case.setdefault(party.case_id, []).append(party)
        for case, badge_no, name in piece:
            yield _case(case, badge_no or name, of_case.get(case.id, []), sealing)
        after = piece[-1][0].case_no
        session.expunge_all()


def _case(case: CaseRow, judge: str | None, parties: list[CasePartyRow], sealing: Sealing) -> Row:
    applicants = [party for party in parties if party.kind == PartyKind.APPLICANT]
    debtors = [party for party in parties if party.kind == PartyKind.DEBTOR]
    kinds = {party.natural for party in debtors}
    first = debtors[0] if debtors else None
    return {
        "case_no": case.case_no,
        "cause": case.cause,
        "filed_on": case.filed_at,
        "matter": case.matter,
        "judge": judge,
        "stage": None if case.stage == Stage.CLOSED else case.stage,
        "side_state": case.side_state,
        "claim": case.claim_cents,
        "recovered": case.recovered_cents or None,
        "area": case.area_id,
        "applicant": [sealing.open(party.name) or "" for party in applicants],
        "applicant_phone": sealing.open(applicants[0].phone) if applicants else None,
        "debtor": [sealing.open(party.name) or "" for party in debtors],
        "debtor_kind": {True: "person", False: "company"}[kinds.pop()] if len(kinds) == 1 else None,
        "debtor_id_no": sealing.open(first.id_no) if first else None,
        "debtor_phone": sealing.open(first.phone) if first else None,
        "debtor_address": sealing.open(first.address) if first else None,
        "address": sealing.open(case.address),
        "lat": case.lat,
        "lon": case.lon,
        "closed_on": case.closed_at,
        "closing_kind": case.closing_kind,
    }

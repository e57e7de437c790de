"""A court's own list of cases, put in by many at once: the same rules as a report of the case system, with few questions to the database.

The court's row is held meanwhile: nobody else files a case that stands on the list.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import insert, select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.cases import (
    EVENT_OF,
    CaseReport,
    Party,
    apply_report,
    file_case,
    party_rows,
    place_case,
    report_case,
)
from data.actions.keeping import held
from data.errors import BadInput, CommandCentreError, NotFound, RuleBroken, TransitionRefused
from data.journal import Work
from data.rules import words
from data.rules.cases import CaseEvent, PartyKind, Stage
from data.rules.permissions import Verb
from data.rules.workbook import Change, to_the_centimetre
from data.tables import AreaRow, CasePartyRow, CaseRow, CourtRow, OfficerRow, RecoveryRow

T = TypeVar("T")
Taken: TypeAlias = bool | tuple[Change, ...] | CommandCentreError
_ORDER = list(Stage)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCase:
    """A case as it stands on the list; a field that is None says nothing. closed_at: with closing_kind, or neither."""

    case_no: str
    filed_at: datetime
    cause: str
    matter: str | None = None
    judge: str | None = None
    stage: str | None = None
    side_state: str | None = None
    claim_cents: int | None = None
    recovered_cents: int | None = None
    area_id: str | None = None
    parties: Sequence[Party] = ()
    kind_said: bool = False  # whether debtors are people was said, not guessed by their names
    address: str | None = None
    lat: float | None = None
    lon: float | None = None
    closed_at: datetime | None = None
    closing_kind: str | None = None


@dataclass
class _Here:
    """What the list stands on, asked once for all of its rows."""

    cases: dict[str, CaseRow]
    parties: dict[str, list[CasePartyRow]]
    areas: dict[str, AreaRow]
    judges: dict[str, OfficerRow | CommandCentreError]
    new_parties: list[dict[str, object]] = field(default_factory=list)
    recoveries: list[dict[str, object]] = field(default_factory=list)


def put_in_cases(work: Work, listed: Sequence[ListedCase]) -> list[Taken]:
    """Each case of the list: True if it is new, what has changed of it, False if all of it was known, or why it cannot be taken.

    A list rewinds nothing: a case that has gone on meanwhile is refused (case.gone_on, case.less_recovered) and stays as it is.
    """
    allowed(work, Verb.CHANGE_CASE)
    held(work, CourtRow, work.court_code, "not_found.court")
    here = _look(work, listed)
    found: list[Taken] = []
    with work.session.no_autoflush:
        for each in listed:
            found.append(_file(work, here, each) if each.case_no not in here.cases else False)
    work.session.flush()
    for table, rows in ((CasePartyRow, here.new_parties), (RecoveryRow, here.recoveries)):
        if rows:
            work.session.execute(insert(table), rows)
    return [_update(work, here, each) if taken is False else taken for each, taken in zip(listed, found, strict=True)]


def _look(work: Work, listed: Sequence[ListedCase]) -> _Here:
    numbers = [each.case_no for each in listed]
    cases = {case.case_no: case for case in work.session.scalars(select(CaseRow).where(CaseRow.case_no.in_(numbers)).with_for_update())}
    wanted = {each.area_id for each in listed if each.area_id is not None}
    areas = {area.id: area for area in work.session.scalars(select(AreaRow).where(AreaRow.id.in_(wanted)))} if wanted else {}
    parties: dict[str, list[CasePartyRow]] = {}
    ids = [case.id for case in cases.values()]
    for row in work.session.scalars(select(CasePartyRow).where(CasePartyRow.case_id.in_(ids)).order_by(CasePartyRow.id)) if ids else ():
        parties.setdefault(row.case_id, []).append(row)
    return _Here(cases, parties, areas, _judges(work, {each.judge for each in listed if each.judge is not None}))


def _judges(work: Work, named: set[str]) -> dict[str, OfficerRow | CommandCentreError]:
    """Each by id, badge number or name, or why there is not exactly one: as a single report finds him, asked once."""
    if not named:
        return {}
    called = OfficerRow.id.in_(named) | OfficerRow.badge_no.in_(named) | OfficerRow.name.in_(named)
    found: dict[str, list[OfficerRow]] = {name: [] for name in named}
    for officer in work.session.scalars(select(OfficerRow).where(OfficerRow.court_code == work.court_code, called)):
        for name in {officer.id, officer.badge_no, officer.name} & named:
            found[str(name)].append(officer)
    missing, many = NotFound("judge", code="not_found.judge"), NotFound("judge", code="case.judge_ambiguous")
    return {name: those[0] if len(those) == 1 else many if those else missing for name, those in found.items()}


# --- a case that was not here -----------------------------------------------------------------------------------------------------


def _file(work: Work, here: _Here, listed: ListedCase) -> bool | CommandCentreError:
    told, before = len(work.recorded), set(work.session.new)
    try:
        return _file_checked(work, here, listed)
    except CommandCentreError as error:
        del work.recorded[told:]
        for added in set(work.session.new) - before:
            work.session.expunge(added)
        return error


def _file_checked(work: Work, here: _Here, listed: ListedCase) -> bool:
    filed_at = words.moment(listed.filed_at, "filed_on", work.now)
    report = CaseReport(
        case_no=listed.case_no,
        event=CaseEvent.FILED,
        at=filed_at,
        cause=listed.cause,
        matter=listed.matter,
        claim_cents=listed.claim_cents,
    )
    judge = _judge(here, listed.judge)
    if listed.area_id is not None and listed.area_id not in here.areas:
        raise NotFound("area", code="not_found.area")
    case = file_case(work, listed.case_no, report, filed_at)
    case.area_id = listed.area_id
    if judge is not None:
        case.judge_id, case.team_id = judge.id, judge.team_id
    case.lat, case.lon = words.place(listed.lat, listed.lon)
    case.address = work.sealing.seal(words.word_or_none(listed.address, "address", 200))
    parties = party_rows(work, case.id, listed.parties)
    work.record(EVENT_OF[CaseEvent.FILED](case, report), filed_at)
    for each in _steps(work, listed):
        apply_report(work, case, each.event, each, each.at)
        work.record(EVENT_OF[each.event](case, each), each.at)
    recovered = words.cents(listed.recovered_cents, "recovered")
    if recovered:
        case.recovered_cents = recovered
        money = {"id": str(ULID.from_datetime(work.now)), "case_id": case.id, "at": filed_at, "cents": recovered}
        here.recoveries.append(money)
    here.new_parties += parties
    here.cases[listed.case_no] = case
    return True


def _steps(work: Work, listed: ListedCase) -> Iterable[CaseReport]:
    """The reports by which a case that has just been filed comes to where it stands. Raises BadInput."""
    said = CaseReport(case_no=listed.case_no, event=CaseEvent.STAGE, at=listed.filed_at)
    if listed.stage is not None and listed.stage != Stage.FILED:
        yield replace(said, stage=listed.stage)
    if listed.side_state is not None:
        yield replace(said, event=CaseEvent.SUSPENDED, side_state=listed.side_state)
    if _closed(work, listed):
        assert listed.closed_at is not None
        yield replace(said, event=CaseEvent.CLOSED, at=listed.closed_at, closing_kind=listed.closing_kind)


def _closed(work: Work, listed: ListedCase) -> bool:
    if (listed.closed_at is None) != (listed.closing_kind is None):
        raise BadInput("closing", code="case.half_closed")
    if listed.closed_at is None:
        return False
    if words.moment(listed.closed_at, "closed_on", work.now) < listed.filed_at:
        raise BadInput("closing", code="case.closed_before_filed")
    return True


def _judge(here: _Here, judge: str | None) -> OfficerRow | None:
    found = None if judge is None else here.judges[judge]
    if isinstance(found, CommandCentreError):
        raise found
    return found


# --- a case that is here ----------------------------------------------------------------------------------------------------------


def _update(work: Work, here: _Here, listed: ListedCase) -> Taken:
    """False when the list says nothing new, else what it changed."""
    case = here.cases[listed.case_no]
    try:
        reports, place = _reports(work, here, case, listed), _place(work, case, listed)
    except CommandCentreError as error:
        return error
    if not reports and not place:
        return False  # nearly all of a list that comes again: no point to come back to is set for them
    changes = tuple(_changes(work, here, case, reports, place))
    told, point = len(work.recorded), work.session.begin_nested()
    try:
        for report in reports:
            report_case(work, report)
        if place:
            place_case(work, case.id, **place)
    except CommandCentreError as error:
        del work.recorded[told:]
        point.rollback()
        return error
    point.commit()
    return changes


def _changes(work: Work, here: _Here, case: CaseRow, reports: Sequence[CaseReport], place: dict[str, Any]) -> Iterator[Change]:
    """By the columns of the sheet, in words that a person knows: a judge by name, a side by its names."""
    for report in reports:
        for column, said, known in (
            ("cause", report.cause, case.cause),
            ("matter", report.matter, case.matter),
            ("stage", report.stage, case.stage),
            ("claim", report.claim_cents, case.claim_cents),
            ("recovered", report.recovered_cents, case.recovered_cents),
            ("area", report.area_id, case.area_id),
        ):
            if said is not None and said != known:
                yield Change(column, known, said)
        if report.judge is not None:
            yield Change("judge", _name(work, case.judge_id), _name(work, report.judge))
        if report.parties is not None:
            yield from _changed_parties([_party(work, row) for row in here.parties.get(case.id, [])], report.parties)
        if report.event is CaseEvent.CLOSED:
            yield from (Change("closed_on", None, report.at), Change("closing_kind", None, report.closing_kind))
    yield from (Change(column, getattr(case, column), place[column]) for column in ("lat", "lon") if column in place)
    if "address" in place:
        yield Change("address", work.sealing.open(case.address), place["address"])


def _changed_parties(known: Sequence[Party], told: Sequence[Party]) -> Iterator[Change]:
    sides = (PartyKind.APPLICANT, "applicant", ("phone",)), (PartyKind.DEBTOR, "debtor", ("id_no", "phone", "address"))
    for kind, column, more in sides:
        before, now = ([party for party in those if party.kind == kind] for those in (known, told))
        if [party.name for party in before] != [party.name for party in now]:
            yield Change(column, tuple(party.name for party in before), tuple(party.name for party in now))
        pairs = [(one, other) for one in before for other in now if one.name == other.name]
        for name in more:
            if any(getattr(one, name) != getattr(other, name) for one, other in pairs):
                yield Change(f"{column}_{name}")
        kinds = [(_kind(one), _kind(other)) for one, other in pairs if one.natural != other.natural]
        if kinds:
            yield Change("debtor_kind", *kinds[0])


def _kind(party: Party) -> str:
    return "person" if party.natural else "company"


def _name(work: Work, officer_id: str | None) -> str | None:
    return None if officer_id is None else work.session.scalar(select(OfficerRow.name).where(OfficerRow.id == officer_id))


def _reports(work: Work, here: _Here, case: CaseRow, listed: ListedCase) -> list[CaseReport]:
    """What the list tells of a case that is here, as its case system would. Raises TransitionRefused case.gone_on,
    case.less_recovered; RuleBroken workbook.differs; BadInput, NotFound.
    """
    if _new(listed.side_state, case.side_state) is not None:  # an old list would suspend again what has been resumed
        raise RuleBroken("side state", code="workbook.differs", field="side_state")
    if (listed.recovered_cents or case.recovered_cents) < case.recovered_cents:
        raise TransitionRefused("less money", code="case.less_recovered")
    judge = _judge(here, listed.judge)
    said = CaseReport(case_no=case.case_no, event=CaseEvent.STAGE, at=work.now)
    news = replace(
        said,
        cause=_new(listed.cause, case.cause),
        matter=_new(listed.matter, case.matter),
        judge=None if judge is None or judge.id == case.judge_id else judge.id,
        claim_cents=_new(listed.claim_cents, case.claim_cents),
        recovered_cents=_new(listed.recovered_cents, case.recovered_cents),
        area_id=_new(listed.area_id, case.area_id),
        parties=_parties(work, here.parties.get(case.id, []), listed),
    )
    stage = _stage(case, listed)
    reports = [replace(news, stage=stage)] if news != said or stage != case.stage else []
    if _closed(work, listed) and case.closed_at is None and listed.closed_at is not None:
        reports.append(replace(said, event=CaseEvent.CLOSED, at=listed.closed_at, closing_kind=listed.closing_kind))
    return reports


def _place(work: Work, case: CaseRow, listed: ListedCase) -> dict[str, Any]:
    """What is new of where it lies."""
    news: dict[str, Any] = {}
    if listed.lat is not None and (to_the_centimetre(case.lat), to_the_centimetre(case.lon)) != (listed.lat, listed.lon):
        news |= {"lat": listed.lat, "lon": listed.lon}
    if listed.address is not None and listed.address != work.sealing.open(case.address):
        news["address"] = listed.address
    return news


def _stage(case: CaseRow, listed: ListedCase) -> str:
    """The stage that the list says, never one that lies behind. Raises TransitionRefused case.gone_on."""
    if listed.stage is None or listed.stage == case.stage or listed.closed_at is not None:
        return case.stage
    if _ORDER.index(Stage(listed.stage)) < _ORDER.index(Stage(case.stage)):
        raise TransitionRefused("gone on", code="case.gone_on")
    return listed.stage


def _parties(work: Work, known: Sequence[CasePartyRow], listed: ListedCase) -> list[Party] | None:
    """Who is in the case now, None if nobody and nothing is new. What the list does not say of somebody stays; so do third parties."""
    here = [_party(work, row) for row in known]
    by_name = {(party.kind, party.name): party for party in here}
    told = [_filled(party, by_name.get((party.kind, party.name)), listed.kind_said) for party in listed.parties]
    told += [party for party in here if party.kind == PartyKind.THIRD_PARTY]
    return None if not listed.parties or told == here else told


def _party(work: Work, row: CasePartyRow) -> Party:
    unseal = work.sealing.open
    return Party(
        kind=row.kind, name=unseal(row.name) or "", natural=row.natural,
        id_no=unseal(row.id_no), phone=unseal(row.phone), address=unseal(row.address),
    )  # fmt: skip


def _filled(party: Party, known: Party | None, kind_said: bool) -> Party:
    if known is None:
        return party
    natural = party.natural if kind_said and party.kind == PartyKind.DEBTOR else known.natural
    id_no, phone, address = party.id_no or known.id_no, party.phone or known.phone, party.address or known.address
    return replace(party, natural=natural, id_no=id_no, phone=phone, address=address)


def _new(listed: T | None, known: T | None) -> T | None:
    """What the list says, if that is something else."""
    return None if listed is None or listed == known else listed

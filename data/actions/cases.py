"""Cases: one entry for what the court's case system reports and for the desk; and the audited look at restricted fields."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.attendees import follow_closing, follow_parties
from data.actions.audit import record_audit
from data.actions.keeping import came_before, first_time, found, held
from data.actions.promises import judge_case
from data.errors import BadInput, NotFound, RuleBroken
from data.events import CaseAssigned, CaseChanged, CaseClosed, CaseFiled, CaseNodeDone, CaseResumed, CaseStageChanged, CaseSuspended, Event
from data.journal import Work
from data.rules import case_numbers, cases, masking, words
from data.rules.cases import CaseEvent, PartyKind, SideState, Stage, Standing
from data.rules.civil import not_after
from data.rules.identity import Act
from data.rules.permissions import Verb
from data.tables import AreaRow, CasePartyRow, CaseRow, CourtRow, OfficerRow, RecoveryRow

_SENDER = "cases"
APART = 2**40  # ids that were made in one millisecond follow each other by one: the next case's own must not be a party's
MOST_PARTIES = 300  # a wage case of 113 workers is real
RESTRICTED = frozenset({"address", "place", "parties.name", "parties.id_no", "parties.phone", "parties.address"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Somebody in a case. natural: a person, not a company. Names, numbers and addresses are sealed before they are stored.

    minor, unfit (ill or pregnant): is not invited to a screening. None says nothing: what is known stays.
    """

    kind: str
    name: str
    natural: bool = True
    id_no: str | None = None
    phone: str | None = None
    address: str | None = None
    minor: bool | None = None
    unfit: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport:
    """What the case system, or somebody at a desk, tells of a case. at: time at the source.

    `filed` needs cause; `stage` needs stage; `node` needs node (1 to 37); `closed` needs closing_kind; `suspended` may name side_state.
    judge: id, badge number or name of an officer of ours. recovered_cents: all that has come in so far, not what came in now. A field
    that is None says nothing. Parties, if given, replace those known.
    """

    case_no: str
    event: CaseEvent
    at: datetime
    cause: str | None = None
    matter: str | None = None
    judge: str | None = None
    stage: str | None = None
    node: int | None = None
    side_state: str | None = None
    closing_kind: str | None = None
    claim_cents: int | None = None
    recovered_cents: int | None = None
    area_id: str | None = None
    parties: Sequence[Party] | None = None


def report_case(work: Work, report: CaseReport) -> bool:
    """Keep what was reported. Returns False if it is known: the same (case number, event, at) came before.

    A report older than what we show is kept in the journal and rewinds nothing. Raises BadInput, NotFound, TransitionRefused, RuleBroken.
    """
    allowed(work, Verb.CHANGE_CASE)
    event = _event(report.event)
    case_no = case_numbers.normalise(report.case_no)
    at = words.moment(report.at, "at", work.now)
    message_id = _message_id(case_no, event, report, at)
    if came_before(work, _SENDER, message_id):
        return False
    happened_at = not_after(at, work.now)
    case = _held_case(work, case_no, filing=event is CaseEvent.FILED)
    if not first_time(work, _SENDER, message_id):  # asked again now that the case is held: of two at once one is second
        return False
    if case is None:
        case = file_case(work, case_no, report, happened_at)
        work.session.flush()
    else:
        apply_report(work, case, event, report, happened_at)
    work.record(EVENT_OF[event](case, report), happened_at)
    return True


def place_case(
    work: Work,
    case_id: str,
    *,
    area_id: str | None = None,
    lat: float | None = None,
    lon: float | None = None,
    address: str | None = None,
) -> None:
    """Where the case lies: its community, which the wall counts, and the exact place and address, which no wall gets."""
    allowed(work, Verb.CHANGE_CASE)
    case = held(work, CaseRow, case_id, "not_found.case")
    lat, lon = words.place(lat, lon)
    if lat is not None:
        case.lat, case.lon = lat, lon
    if address is not None:
        case.address = work.sealing.seal(words.word(address, "address", 200))
    _set_area(work, case, area_id)
    work.record(CaseChanged(case_id=case.id, area_id=case.area_id))


def read_restricted(work: Work, case_id: str, fields: Iterable[str], reason: str) -> dict[str, Any]:
    """These fields of a case in full, for somebody at a desk with a reason; the look leaves a trace. Names of fields: `RESTRICTED`.

    Returns {"address": …, "place": [lat, lon] | None, "parties": [{"id", "kind", "natural", "masked", and what was asked for}, …]}.
    """
    allowed(work, Verb.SEE_RESTRICTED)
    wanted = frozenset(fields)
    if not wanted or not wanted <= RESTRICTED:
        raise BadInput("fields", code="restricted.bad_field")
    reason = words.word(reason, "reason", 200)
    case = found(work, CaseRow, case_id, "not_found.case")
    record_audit(work, Act.READ_RESTRICTED, "case", case_id, fields=wanted, reason=reason)
    read: dict[str, Any] = {}
    if "address" in wanted:
        read["address"] = work.sealing.open(case.address)
    if "place" in wanted:
        read["place"] = None if case.lat is None else [case.lat, case.lon]
    of_parties = [field.removeprefix("parties.") for field in sorted(wanted) if field.startswith("parties.")]
    if of_parties:
        read["parties"] = [_opened(work, row, of_parties) for row in _parties(work, case_id)]
    return read


def _opened(work: Work, row: CasePartyRow, fields: Iterable[str]) -> dict[str, Any]:
    open_ones = {field: work.sealing.open(getattr(row, field)) for field in fields}
    return {"id": row.id, "kind": row.kind, "natural": row.natural, "masked": row.masked} | open_ones


# --- one report -------------------------------------------------------------------------------------------------------------------

EVENT_OF: dict[CaseEvent, Callable[[CaseRow, CaseReport], Event]] = {
    CaseEvent.FILED: lambda case, _: CaseFiled(case_id=case.id, area_id=case.area_id),
    CaseEvent.ASSIGNED: lambda case, _: CaseAssigned(case_id=case.id, area_id=case.area_id),
    CaseEvent.STAGE: lambda case, report: CaseStageChanged(case_id=case.id, area_id=case.area_id, stage=str(report.stage)),
    CaseEvent.NODE: lambda case, report: CaseNodeDone(case_id=case.id, area_id=case.area_id, node=cases.node(report.node)),
    CaseEvent.SUSPENDED: lambda case, _: CaseSuspended(case_id=case.id, area_id=case.area_id),
    CaseEvent.RESUMED: lambda case, _: CaseResumed(case_id=case.id, area_id=case.area_id),
    CaseEvent.CLOSED: lambda case, _: CaseClosed(case_id=case.id, area_id=case.area_id, closing_kind=str(case.closing_kind)),
}


def _event(value: str) -> CaseEvent:
    if value not in list(CaseEvent):
        raise BadInput("event", code="case.bad_event")
    return CaseEvent(value)


def _message_id(case_no: str, event: CaseEvent, report: CaseReport, at: datetime) -> str:
    """Two nodes may be done at the same moment (执行通知书 and 报告财产令 are), so what was reported belongs to the key."""
    what = {CaseEvent.NODE: report.node, CaseEvent.STAGE: report.stage}.get(event)
    return f"{case_no} {event}{'' if what is None else f' {str(what)[:16]}'} {at.isoformat()}"


def _held_case(work: Work, case_no: str, filing: bool) -> CaseRow | None:
    """The case, held. The court's row is held while one is filed: two senders cannot both file it. Raises NotFound not_found.case."""
    wanted = select(CaseRow).where(CaseRow.case_no == case_no).with_for_update(key_share=True)
    case = work.session.scalar(wanted)
    if case is None and filing:
        held(work, CourtRow, work.court_code, "not_found.court")
        case = work.session.scalar(wanted)
    if case is None and not filing:
        raise NotFound("case", code="not_found.case")
    return case


def file_case(work: Work, case_no: str, report: CaseReport, at: datetime) -> CaseRow:
    """The row of a case that was not here, added and not yet sent to the database. For verbs that have asked all they must ask."""
    if report.cause is None:
        raise BadInput("cause missing", code="case.no_cause")
    case = CaseRow(
        id=str(ULID.from_datetime(work.now)),
        court_code=work.court_code,
        case_no=case_no,
        cause=words.word(report.cause, "cause", 64),
        filed_at=at,
        claim_cents=0,
        recovered_cents=0,
        stage=Stage.FILED,
        changed_at=at,
    )
    work.session.add(case)
    _set_fields(work, case, report, at)
    return case


def apply_report(work: Work, case: CaseRow, event: CaseEvent, report: CaseReport, at: datetime) -> None:
    """Change the row by one report. For verbs that have asked all they must ask."""
    if event is CaseEvent.NODE:
        cases.node(report.node)
    stage = _stage(report.stage) if event is CaseEvent.STAGE else None
    side = _side(report.side_state) if event is CaseEvent.SUSPENDED else None
    closing_kind = cases.closing_kind(report.closing_kind) if event is CaseEvent.CLOSED else None
    if event is CaseEvent.FILED:
        raise RuleBroken("filed twice", code="case.already_filed")
    if cases.is_late(at, case.changed_at) and event is not CaseEvent.CLOSED:
        return
    before = Standing(Stage(case.stage), SideState(case.side_state) if case.side_state else None)
    after = cases.after(before, event, stage, side)
    _set_fields(work, case, report, at)
    case.stage, case.side_state = after.stage, after.side
    case.changed_at = max(case.changed_at, at)
    if event is CaseEvent.NODE:
        case.node = report.node
    if closing_kind is not None:
        case.closing_kind, case.closed_at = closing_kind, at
        follow_closing(work, case.id)


def _set_fields(work: Work, case: CaseRow, report: CaseReport, at: datetime) -> None:
    if report.cause is not None:
        case.cause = words.word(report.cause, "cause", 64)
    if report.matter is not None:
        case.matter = words.word(report.matter, "matter", 64)
    if report.judge is not None:
        judge = _judge(work, report.judge)
        case.judge_id, case.team_id = judge.id, judge.team_id
    if (claim := words.cents(report.claim_cents, "claim_cents")) is not None:
        case.claim_cents = claim
    if (recovered := words.cents(report.recovered_cents, "recovered_cents")) is not None:
        _set_recovered(work, case, recovered, at)
    _set_area(work, case, report.area_id)
    if report.parties is not None:
        _set_parties(work, case, report.parties)


def _set_recovered(work: Work, case: CaseRow, recovered: int, at: datetime) -> None:
    more = recovered - case.recovered_cents
    if more:
        case.recovered_cents = recovered
        work.session.flush()
        work.session.add(RecoveryRow(id=str(ULID.from_datetime(work.now)), case_id=case.id, at=at, cents=more))
        judge_case(work, case.id)


def _set_area(work: Work, case: CaseRow, area_id: str | None) -> None:
    """Into another community: the one it leaves is counted anew as well."""
    if area_id is None or area_id == case.area_id:
        return
    found(work, AreaRow, area_id, "not_found.area")
    if case.area_id is not None:
        work.record(CaseChanged(case_id=case.id, area_id=case.area_id))
    case.area_id = area_id


def _set_parties(work: Work, case: CaseRow, parties: Sequence[Party]) -> None:
    rows = party_rows(work, case.id, parties)
    work.session.flush()
    known = _parties(work, case.id)
    before = {(old.kind, work.sealing.open(old.name)): old for old in known}
    for old in known:
        work.session.delete(old)
    now_is: dict[str, CasePartyRow] = {}
    for party, made in zip(parties, rows, strict=True):
        row = CasePartyRow(**made)
        was = before.get((party.kind, work.sealing.open(row.name)))
        if was is not None:
            now_is[was.id] = row
            row.minor, row.unfit = _said(party.minor, was.minor), _said(party.unfit, was.unfit)
        work.session.add(row)
    work.session.flush()
    follow_parties(work, case.id, now_is)


def party_rows(work: Work, case_id: str, parties: Sequence[Party]) -> list[dict[str, Any]]:
    """The parties of a case, sealed, in the order in which they were named. Raises BadInput."""
    if len(parties) > MOST_PARTIES:
        raise BadInput("parties", code="case.too_many_parties", most=MOST_PARTIES)
    names = [words.word(party.name, "party", 120) for party in parties]
    masked = masking.mask_parties((party.natural, name) for party, name in zip(parties, names, strict=True))
    first = int(ULID.from_datetime(work.now))
    rows = []
    for place, party in enumerate(parties):
        if party.kind not in list(PartyKind):
            raise BadInput("party kind", code="case.bad_party")
        rows.append(_party_row(work, case_id, party, str(ULID.from_int(first + place * APART)), names[place], masked[place]))
    return rows


def _said(told: bool | None, known: bool) -> bool:
    return known if told is None else told


def _party_row(work: Work, case_id: str, party: Party, party_id: str, name: str, masked: str) -> dict[str, Any]:
    seal = work.sealing.seal
    sealed_name = seal(name)
    assert sealed_name is not None
    return {
        "id": party_id,
        "case_id": case_id,
        "kind": party.kind,
        "natural": party.natural,
        "name": sealed_name,
        "masked": masked,
        "id_no": seal(words.word_or_none(party.id_no, "id_no", 32)),
        "phone": seal(words.word_or_none(party.phone, "phone", 32)),
        "address": seal(words.word_or_none(party.address, "address", 200)),
        "minor": party.minor is True,
        "unfit": party.unfit is True,
    }


def _parties(work: Work, case_id: str) -> list[CasePartyRow]:
    return list(work.session.scalars(select(CasePartyRow).where(CasePartyRow.case_id == case_id).order_by(CasePartyRow.id)))


def _judge(work: Work, judge: str) -> OfficerRow:
    wanted = words.word(judge, "judge", 64)
    column = (OfficerRow.id == wanted) | (OfficerRow.badge_no == wanted) | (OfficerRow.name == wanted)
    known = list(work.session.scalars(select(OfficerRow).where(OfficerRow.court_code == work.court_code, column).limit(2)))
    if len(known) != 1:
        raise NotFound("judge", code="not_found.judge" if not known else "case.judge_ambiguous")
    return known[0]


def _stage(value: str | None) -> Stage:
    if value not in list(Stage):
        raise BadInput("stage", code="case.bad_stage")
    return Stage(str(value))


def _side(value: str | None) -> SideState:
    if value is None:
        return SideState.SUSPENDED
    if value not in list(SideState):
        raise BadInput("side state", code="case.bad_side_state")
    return SideState(value)

"""The live picture of a mission before a stage: proposed, permitted by two, over the moment that anybody or anything says so."""

from sqlalchemy import ColumnElement, and_, or_, select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import found, held, next_number
from data.errors import NotPermitted
from data.events import LiveCertified, LiveEnded, LivePermitted, LiveProposed
from data.journal import Work
from data.rules import calls, live_permits, words
from data.rules.identity import Act
from data.rules.live_permits import Cause, PermitState
from data.rules.missions import MissionState
from data.rules.permissions import Verb
from data.rules.screening import ScreeningState
from data.tables import CallRow, LivePermitRow, MissionRow, ScreeningRow

MISSING = "not_found.permit"


def propose_live(work: Work, screening_id: str, mission_id: str, delay_s: int, by_this_court: bool = True) -> str:
    """Returns the permit's id; the open one of this mission here, if there is one. by_this_court: the setting `live_on_stage`.

    Raises RuleBroken live.forbidden, live.mission_over, screening.over, BadInput live.delay, NotFound.
    """
    officer_id = _officer(work, Verb.HOST_SCREENING)
    live_permits.check_allowed(by_this_court)
    screening = held(work, ScreeningRow, words.ulid(screening_id), "not_found.screening")
    mission = found(work, MissionRow, mission_id, "not_found.mission")
    live_permits.check_proposable(MissionState(mission.state), ScreeningState(screening.state))
    wanted_s = live_permits.delay(delay_s)
    known = _open(work, LivePermitRow.screening_id == screening.id, LivePermitRow.mission_id == mission.id)
    if known:
        return known[0].id
    row = LivePermitRow(
        id=str(ULID.from_datetime(work.now)),
        number=next_number(work, live_permits.LETTER),
        court_code=work.court_code,
        screening_id=screening.id,
        mission_id=mission.id,
        delay_s=wanted_s,
        state=PermitState.PROPOSED,
        proposed_by=officer_id,
        proposed_at=work.now,
    )
    work.session.add(row)
    work.record(LiveProposed(permit_id=row.id, screening_id=screening.id, mission_id=mission.id, delay_s=wanted_s))
    return row.id


def certify_live(work: Work, permit_id: str, told: bool, by_this_court: bool = True) -> PermitState:
    """«审签»: this person permits it, and has made sure that the people of the mission were told. Returns the state afterwards.

    Raises RuleBroken live.forbidden, live.not_told, TransitionRefused live.state, NotPermitted live.same_person.
    """
    by = _officer(work, Verb.CERTIFY_RELEASE)
    live_permits.check_allowed(by_this_court)
    row = held(work, LivePermitRow, words.ulid(permit_id), MISSING)
    there = live_permits.check_certificate(PermitState(row.state), row.first_by, by, told)
    number = 1 if row.first_by is None else 2
    if number == 1:
        row.first_by, row.first_at = by, work.now
    else:
        row.second_by, row.second_at = by, work.now
    row.state = there
    record_audit(work, Act.RELEASE, "permit", row.id, fields=(f"certified:{number}", "told"))
    work.record(LiveCertified(permit_id=row.id, mission_id=row.mission_id, number=number, officer_id=by))
    if there is PermitState.LIVE:
        work.record(LivePermitted(permit_id=row.id, screening_id=row.screening_id, mission_id=row.mission_id, team_id=_team_id(work, row)))
    return there


def stop_live(work: Work, permit_id: str, cause: str, why: str | None = None) -> None:
    """«停止现场»: it is over now. cause: DECIDED | MINOR | ILLNESS | BODY_SEARCH.

    Raises TransitionRefused live.state, BadInput live.cause.
    """
    allowed(work, Verb.REVOKE_RELEASE)
    wanted = live_permits.cause_by_somebody(cause)
    row = held(work, LivePermitRow, words.ulid(permit_id), MISSING)
    _over(work, row, wanted, words.word_or_none(why, "why", live_permits.WHY_LONGEST))
    record_audit(work, Act.RELEASE, "permit", row.id, fields=(f"stopped:{wanted.value}",))


# --- part of other verbs: what ends it by itself ----------------------------------------------------------------------------------------


def stop_objected(work: Work, permit_id: str) -> None:
    """Somebody before the screen has recognised himself."""
    for row in _open(work, LivePermitRow.id == permit_id):
        _over(work, row, Cause.OBJECTION)


def end_with_picture(work: Work, mission_id: str | None) -> None:
    """The officer on the spot shows nothing any more: whoever had permitted it must permit it anew."""
    for row in _of_mission(work, mission_id):
        _over(work, row, Cause.PICTURE_CLOSED)


def end_with_call(work: Work, call: CallRow) -> None:
    """A call is over. What is permitted is the picture of the first call of its mission that was answered; none takes its place."""
    if call.answered_at is None or _was_answered_before(work, call):
        return
    for row in _of_mission(work, call.mission_id):
        if live_permits.ends_with_a_call(PermitState(row.state)):
            _over(work, row, Cause.CALL_OVER)


def _was_answered_before(work: Work, call: CallRow) -> bool:
    """Whether another one that still goes on was answered before this one."""
    first = or_(CallRow.answered_at < call.answered_at, and_(CallRow.answered_at == call.answered_at, CallRow.id < call.id))
    others = select(CallRow.id).where(CallRow.mission_id == call.mission_id, CallRow.state.in_(sorted(calls.TALKING)), first)
    return work.session.scalar(others.limit(1)) is not None


def end_with_mission(work: Work, mission_id: str) -> None:
    for row in _of_mission(work, mission_id):
        _over(work, row, Cause.MISSION_OVER)


def end_with_screening(work: Work, screening_id: str) -> None:
    for row in _open(work, LivePermitRow.screening_id == screening_id):
        _over(work, row, Cause.SCREENING_OVER)


def _of_mission(work: Work, mission_id: str | None) -> list[LivePermitRow]:
    return [] if mission_id is None else _open(work, LivePermitRow.mission_id == mission_id)


def _open(work: Work, *which: ColumnElement[bool]) -> list[LivePermitRow]:
    is_open = LivePermitRow.state.in_(sorted(live_permits.OPEN))
    query = select(LivePermitRow).where(is_open, *which).order_by(LivePermitRow.id).with_for_update(key_share=True)
    return list(work.session.scalars(query))


def _over(work: Work, row: LivePermitRow, cause: Cause, why: str | None = None) -> None:
    row.state = live_permits.after(PermitState(row.state), cause)
    row.over_at, row.over_cause, row.over_why = work.now, cause, why
    team_id = _team_id(work, row)
    work.record(LiveEnded(permit_id=row.id, screening_id=row.screening_id, mission_id=row.mission_id, team_id=team_id, cause=cause.value))


def _team_id(work: Work, row: LivePermitRow) -> str | None:
    """Whose mission it is: their phones are told."""
    return found(work, MissionRow, row.mission_id, "not_found.mission").team_id


def _officer(work: Work, verb: Verb) -> str:
    """Who signs. Raises NotPermitted."""
    allowed(work, verb)
    if work.actor.officer_id is None:
        raise NotPermitted("nobody", verb=verb.value)
    return work.actor.officer_id

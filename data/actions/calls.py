"""One-tap calls: an officer calls, one person at the centre takes it, answers it, and either side ends it.

A nervous thumb must not make ten cards: while a unit has an open call, a further tap gets that call's number and records nothing.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update

from data.actions.allowed import allowed
from data.actions.keeping import came_before, first_time, held, next_number, speaking, whereabouts
from data.actions.live_permits import end_with_call
from data.actions.missions import under_way
from data.actions.orders import withdraw_orders
from data.actions.participants import add_desk, add_officer_on_the_spot, everybody_leaves
from data.errors import AlreadyOwned, BadInput, NotPermitted, TransitionRefused
from data.events import CallAnswered, CallEnded, CallMissed, CallRinging, CallTaken
from data.journal import Work
from data.rules import calls, masking, units, words
from data.rules.calls import CallKind, CallState, CallStep, MediaState
from data.rules.civil import milliseconds, not_after
from data.rules.permissions import Clearance, Role, Verb
from data.tables import CallRow, OfficerRow, SosRow, UnitRow, WhisperRow
from geo.fixes import Fix

OLDEST = timedelta(days=7)  # so long a phone keeps what it could not send


def place_call(work: Work, call_id: str, placed_at: datetime, fix: Fix | None = None, area_id: str | None = None) -> str:
    """Ring at the centre, on duty or off. Returns the call's number; the same id, or another while one is open, gets the same number.

    placed_at: when the thumb pressed, by the server's clock. area_id: the community that holds the fix, if the caller knows it.
    Raises BadInput id.not_ulid, time.too_old; NotPermitted device.none, device.revoked.
    """
    allowed(work, Verb.PLACE_CALL)
    call_id = words.ulid(call_id)
    unit, device_no = speaking(work)  # holds the unit: of two taps at once one waits for the other
    known = work.session.get(CallRow, call_id)
    if known is not None:
        if known.unit_no != unit.no:
            raise NotPermitted("call of another unit", code="unit.not_yours")
        return known.number
    open_number = _open_number(work, unit.no, call_id)
    if open_number is not None:
        return open_number
    placed_at = not_after(words.moment(placed_at, "t", work.now, may_lie_ahead=True), work.now)
    if placed_at < work.now - OLDEST:
        raise BadInput("t", code="time.too_old", field="t")
    mission = under_way(work, unit.team_id)
    where = whereabouts(fix)
    call = CallRow(
        id=call_id,
        number=next_number(work, calls.LETTER),
        court_code=work.court_code,
        unit_no=unit.no,
        device_no=device_no,
        mission_id=mission.id if mission else None,
        state=CallState.RINGING,
        placed_at=placed_at,
        received_at=work.now,
        lat=where.lat,
        lon=where.lon,
        accuracy_m=where.accuracy_m,
        fix_at=where.fix_at,
        area_id=area_id or (mission.area_id if mission else None),
    )
    work.session.add(call)
    officer = add_officer_on_the_spot(work, call, unit)
    work.record(CallRinging(call_id=call_id, unit_no=unit.no, participant_id=officer.id), placed_at)
    return call.number


def take_call(work: Work, call_id: str) -> bool:
    """«我来处理»: exactly one person owns the call. Returns False if it is his already. Raises AlreadyOwned (owner, since)."""
    allowed(work, Verb.TAKE_CALL)
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    if call.state == CallState.ENDED:
        raise TransitionRefused("ended", code="call.transition_refused", state=call.state)
    return _own(work, call)


def answer_call(work: Work, call_id: str) -> bool:
    """Answer it, and own it if nobody does. Returns False if he has answered it already. Raises AlreadyOwned, TransitionRefused."""
    allowed(work, Verb.ANSWER_CALL)
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    if call.state in calls.TALKING and call.owner_id == owner_here(work):
        return False
    if call.state == CallState.ENDED:
        raise TransitionRefused("ended", code="call.transition_refused", state=call.state)
    if call.kind == CallKind.CENTRE:
        raise TransitionRefused("his to accept", code="call.his_to_accept", state=call.state)
    _own(work, call)
    answered = calls.step(CallState(call.state), CallStep.ANSWER)
    call.state = calls.talking(answered, MediaState(call.media))
    call.answered_at = work.now
    desk = add_desk(work, call, owner_here(work))
    work.record(CallAnswered(call_id=call.id, unit_no=call.unit_no, participant_ids=(desk.id,)))
    return True


def end_call(work: Work, call_id: str, why: str | None = None) -> bool:
    """End it: the officer takes back what nobody answered, either side finishes a talk. Returns False if it has ended already.

    Anybody at the centre may finish a talk, not its owner alone: he may have gone home, and an open call keeps the officer from the next.
    why: what the sender believed (finished, withdrawn); what it was, the call's state decides.
    """
    allowed(work, Verb.END_CALL)
    if why not in (None, "finished", "withdrawn"):
        raise BadInput("why", code="call.bad_why")
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    by_officer = _is_caller(work, call)
    if call.state == CallState.ENDED:
        return False
    close_call(work, call, calls.ending(CallState(call.state), by_officer, CallKind(call.kind)))
    return True


def close_call(work: Work, call: CallRow, wanted: CallStep) -> None:
    """Part of other verbs: everybody leaves, nobody is heard any more, what was asked of teams is withdrawn. Raises TransitionRefused."""
    call.state = calls.step(CallState(call.state), wanted)
    call.ended_at, call.ended_why = work.now, calls.ENDED_WHY[wanted]
    call.whispering = call.speaking = call.commander_id = call.commanded_at = None
    whispers = tuple(work.session.scalars(select(WhisperRow.id).where(WhisperRow.call_id == call.id).order_by(WhisperRow.id)))
    orders = withdraw_orders(work, call.id, "over")
    work.record(
        CallEnded(
            call_id=call.id,
            unit_no=call.unit_no,
            why=call.ended_why,
            team_id=call.rung_team_id,
            participant_ids=everybody_leaves(work, call.id),
            whisper_ids=whispers,
            order_ids=orders,
        )
    )
    end_with_call(work, call)


def mark_missed(work: Work, call_id: str) -> bool:
    """Nobody answered for 30 s: it goes on ringing, louder; a ring of the centre's own ends.

    Returns False if somebody answered, it has ended, or it is marked already.
    """
    allowed(work, Verb.RUN_TIMER)
    call = held(work, CallRow, call_id, "not_found.call")
    if call.state != CallState.RINGING or work.now < call.received_at + calls.UNANSWERED:
        return False
    if call.kind == CallKind.CENTRE:
        close_call(work, call, CallStep.LAPSE)
        return True
    call.state = calls.step(CallState.RINGING, CallStep.MISS)
    call.missed_at = work.now
    work.record(CallMissed(call_id=call.id, unit_no=call.unit_no))
    return True


def lose_calls(work: Work, whose: ColumnElement[bool]) -> None:
    """End the open calls of phones that can hear no answer any more. An alarm stays: whoever raised it may need help all the more."""
    is_open = CallRow.state.in_(sorted(calls.OPEN))
    for call in list(work.session.scalars(select(CallRow).where(whose, is_open).order_by(CallRow.id).with_for_update())):
        close_call(work, call, CallStep.LOSE)


def owner_here(work: Work) -> str:
    """The officer who presses. Raises NotPermitted: a machine owns nothing."""
    if work.actor.officer_id is None:
        raise NotPermitted("no officer", verb="own")
    return work.actor.officer_id


def refuse_owned(work: Work, row: CallRow | SosRow) -> AlreadyOwned:
    """What the second one is told: who was first, and when."""
    work.session.refresh(row)
    owner = work.session.get(OfficerRow, row.owner_id)
    said = masking.officer(owner.name, owner.title, Clearance.DESK) if owner else ""
    return AlreadyOwned("owned", owner=said, owner_id=row.owner_id, since=milliseconds(row.owned_at) if row.owned_at else None)


def _own(work: Work, call: CallRow) -> bool:
    """One compare-and-set: of two who press at once the database lets one through."""
    me = owner_here(work)
    if call.owner_id == me:
        return False
    free = update(CallRow).where(CallRow.id == call.id, CallRow.owner_id.is_(None)).values(owner_id=me, owned_at=work.now)
    taken = work.session.execute(free.returning(CallRow.id), execution_options={"synchronize_session": False}).first()
    if taken is None:
        raise refuse_owned(work, call)
    work.session.refresh(call)
    work.record(CallTaken(call_id=call.id, unit_no=call.unit_no))
    return True


def _open_number(work: Work, unit_no: int, call_id: str) -> str | None:
    """The number that a further tap gets. Its id is remembered, so that its second sending rings nothing either, also much later."""
    sender = f"unit:{unit_no}"
    newest = work.session.scalar(select(CallRow).where(CallRow.unit_no == unit_no).order_by(CallRow.received_at.desc()).limit(1))
    if newest is None:
        return None
    if came_before(work, sender, f"tap:{call_id}"):
        return newest.number
    if CallState(newest.state) in calls.OPEN:
        first_time(work, sender, f"tap:{call_id}")
        return newest.number
    return None


def _is_caller(work: Work, call: CallRow) -> bool:
    """Whether the officer of the call speaks; the centre is somebody else. Raises NotPermitted unit.not_yours for other officers."""
    if work.actor.role in (Role.DUTY, Role.COMMANDER, Role.LEADER):
        return False
    unit = work.session.get(UnitRow, call.unit_no)
    units.own(work.actor, call.unit_no, unit.officer_id if unit else None)
    return True

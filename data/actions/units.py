"""Duty, declared silence and fences of a unit."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.keeping import came_before, first_time, held, held_or_none
from data.errors import BadInput, RuleBroken
from data.events import DutyBegan, DutyEnded, FenceEntered, FenceLeft, SilenceDeclared, SilenceEnded
from data.journal import Work
from data.rules import sos, units, words
from data.rules.civil import not_after
from data.rules.permissions import Role, Verb
from data.tables import DutyRow, FenceInsideRow, FenceRow, SosRow, UnitRow

END_OF_DUTY = frozenset({"asked", "returned", "revoked"})
END_OF_SILENCE = frozenset({"heard", "elapsed", "asked"})


def begin_duty(work: Work, unit_no: int, at: datetime) -> bool:
    """From now on positions of this unit are kept. Returns False if it is on duty already.

    at: time at the source; never before the end of its last duty, so that two stretches do not overlap.
    """
    allowed(work, Verb.CHANGE_DUTY)
    unit = held(work, UnitRow, unit_no, "not_found.unit")
    units.own(work.actor, unit_no, unit.officer_id)
    if unit.on_duty:
        return False
    last_end = work.session.scalar(select(DutyRow.ended_at).where(DutyRow.unit_no == unit_no).order_by(DutyRow.began_at.desc()).limit(1))
    at = not_after(words.moment(at, "at", work.now), work.now)
    at = max(at, last_end) if last_end else at
    unit.on_duty, unit.duty_since, unit.returned_at = True, at, None
    work.session.add(DutyRow(id=str(ULID.from_datetime(work.now)), unit_no=unit_no, began_at=at))
    work.record(DutyBegan(unit_no=unit_no, team_id=unit.team_id), at)
    return True


def end_duty(work: Work, unit_no: int, why: str, at: datetime) -> bool:
    """From now on nothing of this unit is kept. Returns False if it is off duty already. Raises RuleBroken duty.open_sos.

    why: asked | returned | revoked. at: time at the source, not before duty began.
    """
    allowed(work, Verb.CHANGE_DUTY)
    unit = held(work, UnitRow, unit_no, "not_found.unit")
    units.own(work.actor, unit_no, unit.officer_id)
    if why not in END_OF_DUTY:
        raise BadInput(why, code="duty.bad_why")
    if not unit.on_duty:
        return False
    units.may_end_duty(work.session.scalars(select(SosRow.id).where(SosRow.unit_no == unit_no, SosRow.state.in_(sos.OPEN)).limit(1)))
    close_duty(work, unit, why, not_after(words.moment(at, "at", work.now), work.now))
    return True


def close_duty(work: Work, unit: UnitRow, why: str, at: datetime) -> None:
    """The end itself, for verbs that have asked all they must ask. What is known of the unit's whereabouts is forgotten."""
    at = max(at, unit.duty_since or at)
    for stretch in work.session.scalars(select(DutyRow).where(DutyRow.unit_no == unit.no, DutyRow.ended_at.is_(None))):
        stretch.ended_at, stretch.ended_why = at, why
    inside = list(work.session.scalars(select(FenceInsideRow).where(FenceInsideRow.unit_no == unit.no).order_by(FenceInsideRow.fence_id)))
    for standing in inside:
        work.session.delete(standing)
    unit.on_duty, unit.duty_since, unit.returned_at, unit.silent_since, unit.silent_until = False, None, None, None, None
    fence_ids = tuple(standing.fence_id for standing in inside)
    work.record(DutyEnded(unit_no=unit.no, team_id=unit.team_id, why=why, fence_ids=fence_ids), at)


def lose_duty(work: Work, whose: ColumnElement[bool]) -> None:
    """End the duty of units that can send no more. One that asks for help stays on the map until somebody resolves it."""
    helpless = select(SosRow.unit_no).where(SosRow.state.in_(sos.OPEN))
    for unit in list(work.session.scalars(select(UnitRow).where(whose, UnitRow.on_duty, UnitRow.no.not_in(helpless)).order_by(UnitRow.no))):
        close_duty(work, unit, "revoked", work.now)


def declare_silence(work: Work, unit_no: int, minutes: int, message_id: str) -> bool:
    """«进入无信号区»: for so many minutes no position is no alarm. Declaring again counts from now. Returns False for a known message.

    minutes: 5 to 30. Raises RuleBroken silence.off_duty.
    """
    allowed(work, Verb.DECLARE_SILENCE)
    unit = held(work, UnitRow, unit_no, "not_found.unit")
    units.own(work.actor, unit_no, unit.officer_id)
    units.silence_minutes(minutes)
    if came_before(work, f"unit:{unit_no}", message_id):
        return False
    if not unit.on_duty:
        raise RuleBroken("off duty", code="silence.off_duty")
    first_time(work, f"unit:{unit_no}", words.sender_id(message_id))
    unit.silent_since, unit.silent_until = work.now, work.now + timedelta(minutes=minutes)
    work.record(SilenceDeclared(unit_no=unit_no, team_id=unit.team_id, minutes=minutes))
    return True


def end_silence(work: Work, unit_no: int, why: str) -> bool:
    """Out of the silent area: a fix was heard, the time has elapsed, or the officer says so. Returns False if none was declared."""
    if work.actor.role is Role.SYSTEM:
        allowed(work, Verb.RUN_TIMER)
    else:
        allowed(work, Verb.DECLARE_SILENCE)
    unit = held(work, UnitRow, unit_no, "not_found.unit")
    units.own(work.actor, unit_no, unit.officer_id)
    if why not in END_OF_SILENCE:
        raise BadInput(why, code="silence.bad_why")
    if unit.silent_since is None or (why == "heard" and work.now < unit.silent_since + units.STILL_HEARD):
        return False
    unit.silent_since, unit.silent_until = None, None
    work.record(SilenceEnded(unit_no=unit_no, team_id=unit.team_id, why=why))
    return True


def record_crossing(work: Work, fence_id: str, unit_no: int, entered: bool, at: datetime) -> bool:
    """A unit has crossed a fence. Returns False if it stood on that side already, is off duty, or the fence is gone."""
    allowed(work, Verb.CROSS_FENCE)
    unit = held(work, UnitRow, unit_no, "not_found.unit")
    fence = work.session.get(FenceRow, fence_id)
    inside = held_or_none(work, FenceInsideRow, (fence_id, unit_no))
    if fence is None or fence.removed_at is not None or not unit.on_duty or entered == (inside is not None):
        return False
    if inside is None:
        work.session.add(FenceInsideRow(fence_id=fence_id, unit_no=unit_no, since=at))
        work.record(FenceEntered(fence_id=fence_id, unit_no=unit_no), at)
    else:
        work.session.delete(inside)
        work.record(FenceLeft(fence_id=fence_id, unit_no=unit_no), at)
    return True

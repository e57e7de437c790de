"""Do what has become due: `data.queries.timers.due` finds it, `run_due` does it. Two processes may do the same; once is once."""

from sqlalchemy import or_, select

from data.actions.allowed import allowed
from data.actions.calls import mark_missed
from data.actions.keeping import held
from data.actions.links import lapse_pairing
from data.actions.orders import mark_overdue
from data.actions.organisation import begin_fence, remove_fence
from data.actions.promises import follow_screening, judge_overdue
from data.actions.sos import escalate_sos
from data.actions.units import close_duty, end_silence
from data.journal import Work
from data.rules import missions, sos, units
from data.rules.missions import MissionState
from data.rules.permissions import Verb
from data.rules.timers import Due, Timer
from data.tables import MissionRow, SosRow, UnitRow


def run_due(work: Work, due: Due) -> bool:
    """Returns whether it was still to be done."""
    allowed(work, Verb.RUN_TIMER)
    if due.timer is Timer.CALL_MISSED:
        return mark_missed(work, due.id)
    if due.timer is Timer.ORDER_OVERDUE:
        return mark_overdue(work, due.id)
    if due.timer is Timer.SOS_ESCALATES:
        return escalate_sos(work, due.id, due.level)
    if due.timer is Timer.SILENCE_ELAPSES:
        return _silence_elapses(work, int(due.id))
    if due.timer is Timer.FENCE_BEGINS:
        return begin_fence(work, due.id)
    if due.timer is Timer.FENCE_ENDS:
        return remove_fence(work, due.id)
    if due.timer is Timer.PAIRING_LAPSES:
        return lapse_pairing(work, due.id)
    if due.timer is Timer.PROMISE_OVERDUE:
        return judge_overdue(work, due.id)
    if due.timer is Timer.FOLLOW_UP:
        return follow_screening(work, due.id)
    return _duty_ends(work, int(due.id))


def _silence_elapses(work: Work, unit_no: int) -> bool:
    unit = held(work, UnitRow, unit_no, "not_found.unit")
    if unit.silent_until is None or work.now < unit.silent_until:
        return False
    return end_silence(work, unit_no, "elapsed")


def _duty_ends(work: Work, unit_no: int) -> bool:
    """Fifteen minutes after the last mission's return, unless the team goes out again or somebody waits for help."""
    unit = held(work, UnitRow, unit_no, "not_found.unit")
    if not unit.on_duty or unit.returned_at is None or work.now < units.ends_duty_at(unit.returned_at):
        return False
    still_to_go = (MissionRow.state == MissionState.ASSIGNED) & (MissionRow.planned_to > work.now)
    mission = select(MissionRow.id).where(MissionRow.team_id == unit.team_id, or_(MissionRow.state.in_(missions.UNDER_WAY), still_to_go))
    alarm = select(SosRow.id).where(SosRow.unit_no == unit_no, SosRow.state.in_(sos.OPEN))
    if work.session.scalar(mission.limit(1)) or work.session.scalar(alarm.limit(1)):
        return False
    close_duty(work, unit, "returned", units.ends_duty_at(unit.returned_at))
    return True

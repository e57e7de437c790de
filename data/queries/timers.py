"""What has become due."""

from datetime import date, datetime

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from data.journal import CIVIL_OFFSET_S
from data.rules import calls, follow_up, missions, orders, sos, units
from data.rules.calls import CallState
from data.rules.civil import civil_day
from data.rules.missions import MissionState
from data.rules.promises import PromiseState
from data.rules.screening import ScreeningState
from data.rules.sos import SosState
from data.rules.timers import Due, Timer
from data.tables import CallRow, FenceRow, LinkRow, MissionRow, OrderRow, PromiseRow, ScreeningRow, SosRow, UnitRow


def due(session: Session, now: datetime, civil_offset_s: int = CIVIL_OFFSET_S) -> list[Due]:
    """Everything whose time has come, alarms first. The system asks this for itself: it gets ids only, so there is no Sight."""
    found = [each for find in (_alarms, _calls, _orders, _silences, _duties, _pairings, _fences) for each in find(session, now)]
    return [*found, *_promises(session, civil_day(now, civil_offset_s)), *_follow_ups(session, now, civil_offset_s)]


def _alarms(session: Session, now: datetime) -> list[Due]:
    raised = select(SosRow.id, SosRow.received_at, SosRow.level).where(SosRow.state == SosState.RAISED).order_by(SosRow.received_at)
    found = []
    for row in session.execute(raised):
        level = sos.level_due(row.received_at, now)
        if level > row.level:
            found.append(Due(Timer.SOS_ESCALATES, row.id, level))
    return found


def _calls(session: Session, now: datetime) -> list[Due]:
    ringing = select(CallRow.id).where(CallRow.state == CallState.RINGING, CallRow.received_at <= now - calls.UNANSWERED)
    return [Due(Timer.CALL_MISSED, call_id) for call_id in session.scalars(ringing.order_by(CallRow.received_at))]


def _orders(session: Session, now: datetime) -> list[Due]:
    waiting = select(OrderRow.id).where(OrderRow.state.in_(sorted(orders.ASKED)), OrderRow.sent_at <= now - orders.UNACCEPTED)
    return [Due(Timer.ORDER_OVERDUE, order_id) for order_id in session.scalars(waiting.order_by(OrderRow.sent_at))]


def _silences(session: Session, now: datetime) -> list[Due]:
    elapsed = select(UnitRow.no).where(UnitRow.silent_until <= now)
    return [Due(Timer.SILENCE_ELAPSES, str(no)) for no in session.scalars(elapsed.order_by(UnitRow.no))]


def _duties(session: Session, now: datetime) -> list[Due]:
    still_to_go = and_(MissionRow.state == MissionState.ASSIGNED, MissionRow.planned_to > now)
    goes_out = exists().where(MissionRow.team_id == UnitRow.team_id, or_(MissionRow.state.in_(missions.UNDER_WAY), still_to_go))
    needs_help = exists().where(SosRow.unit_no == UnitRow.no, SosRow.state.in_(sos.OPEN))
    returned = select(UnitRow.no).where(UnitRow.on_duty, UnitRow.returned_at <= now - units.RETURN_GRACE, ~goes_out, ~needs_help)
    return [Due(Timer.DUTY_ENDS, str(no)) for no in session.scalars(returned.order_by(UnitRow.no))]


def _pairings(session: Session, now: datetime) -> list[Due]:
    lapsed = select(LinkRow.id).where(LinkRow.address.is_not(None), LinkRow.expires_at <= now)
    return [Due(Timer.PAIRING_LAPSES, link_id) for link_id in session.scalars(lapsed.order_by(LinkRow.id))]


def _fences(session: Session, now: datetime) -> list[Due]:
    there = select(FenceRow.id).where(FenceRow.removed_at.is_(None)).order_by(FenceRow.id)
    begun = [Due(Timer.FENCE_BEGINS, fence_id) for fence_id in session.scalars(there.where(FenceRow.begins_at <= now))]
    return [*begun, *(Due(Timer.FENCE_ENDS, fence_id) for fence_id in session.scalars(there.where(FenceRow.ends_at <= now)))]


def _promises(session: Session, today: date) -> list[Due]:
    """Of each case that has a promise whose day is over, once."""
    over = select(PromiseRow.case_id).where(PromiseRow.state == PromiseState.OPEN, PromiseRow.due_on < today)
    return [Due(Timer.PROMISE_OVERDUE, case_id) for case_id in sorted(set(session.scalars(over)))]


def _follow_ups(session: Session, now: datetime, civil_offset_s: int) -> list[Due]:
    """Sessions of the last month; a handful."""
    followed = select(ScreeningRow.id, ScreeningRow.ended_at, ScreeningRow.followed_day).where(
        ScreeningRow.state == ScreeningState.ENDED, ScreeningRow.ended_at.is_not(None)
    )
    today = civil_day(now, civil_offset_s)
    return [
        Due(Timer.FOLLOW_UP, row.id)
        for row in session.execute(followed.order_by(ScreeningRow.ended_at))
        if follow_up.next_look(civil_day(row.ended_at, civil_offset_s), row.followed_day, today) is not None
    ]

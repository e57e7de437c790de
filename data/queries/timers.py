"""What has become due."""

from datetime import datetime

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from data.rules import calls, missions, orders, sos, units
from data.rules.calls import CallState
from data.rules.missions import MissionState
from data.rules.sos import SosState
from data.rules.timers import Due, Timer
from data.tables import CallRow, LinkRow, MissionRow, OrderRow, SosRow, UnitRow


def due(session: Session, now: datetime) -> list[Due]:
    """Everything whose time has come, alarms first. The system asks this for itself: it gets ids only, so there is no Sight."""
    return [each for find in (_alarms, _calls, _orders, _silences, _duties, _pairings) for each in find(session, now)]


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

"""Support orders: the nearest free team is sent to a call, its phones answer, and who does not answer is followed by the next."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import or_, select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.keeping import found, held, next_number
from data.actions.missions import under_way
from data.errors import NotPermitted, RuleBroken, TransitionRefused
from data.events import (
    Event,
    OrderAccepted,
    OrderArrived,
    OrderDeclined,
    OrderDelivered,
    OrderOverdue,
    OrderSent,
    OrderWithdrawn,
)
from data.journal import Work
from data.rules import dispatch, orders, units, words
from data.rules.calls import CallState
from data.rules.civil import not_after
from data.rules.dispatch import Standing
from data.rules.missions import MissionState
from data.rules.orders import OrderState, OrderStep
from data.rules.permissions import Verb
from data.tables import CallRow, OrderRow, SosRow, UnitRow
from geo.coordinates import Place

_EVENTS: dict[OrderStep, type[Event]] = {
    OrderStep.DELIVER: OrderDelivered,
    OrderStep.ACCEPT: OrderAccepted,
    OrderStep.DECLINE: OrderDeclined,
    OrderStep.ARRIVE: OrderArrived,
    OrderStep.OVERDUE: OrderOverdue,
    OrderStep.WITHDRAW: OrderWithdrawn,
}


def send_support(
    work: Work,
    call_id: str,
    places: Mapping[int, Place],
    team_id: str | None = None,
    text: str | None = None,
    by_road_s: Mapping[int, float] | None = None,
) -> str:
    """Send the nearest free team to a call, or the one that a person chose. Returns the order's id.

    places: where each unit with a fresh position is, by its number. by_road_s: how long each would drive, where that is known. Orders of
    the call that nobody has accepted are withdrawn. Pressed again while a team is still asked, it changes nothing and returns that order.
    Raises RuleBroken dispatch.nobody_free, dispatch.unknown_place, dispatch.no_scene (nobody knows where the officer is).
    """
    allowed(work, Verb.SEND_ORDER)
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    if call.state == CallState.ENDED:
        raise TransitionRefused("over", code="media.call_over", state=call.state)
    earlier = list(work.session.scalars(select(OrderRow).where(OrderRow.call_id == call.id).order_by(OrderRow.sent_at, OrderRow.id)))
    asked = next((each for each in earlier if each.state in orders.ASKED and team_id in (None, each.team_id)), None)
    if asked is not None:
        return asked.id
    scene = _scene(call, places)
    own = work.session.get(UnitRow, call.unit_no)
    without = {each.team_id for each in earlier} | ({own.team_id} if own and own.team_id else set())
    near = dispatch.nearest_team(scene, _standing(work, places, by_road_s or {}), without, team_id, _sent_elsewhere(work, call.id))
    withdraw_orders(work, call.id, "next")
    order = OrderRow(
        id=str(ULID.from_datetime(work.now)),
        number=next_number(work, orders.LETTER),
        court_code=work.court_code,
        call_id=call.id,
        team_id=near.unit,
        state=OrderState.SENT,
        text=words.word_or_none(text, "text", orders.TEXT_LONGEST),
        lat=scene[0],
        lon=scene[1],
        distance_m=near.distance_m,
        eta_s=near.eta_s,
        estimated=near.estimated,
        sent_by=_person(work),
        sent_at=work.now,
    )
    work.session.add(order)
    work.session.flush()
    work.record(OrderSent(order_id=order.id, call_id=call.id, team_id=order.team_id))
    return order.id


def answer_order(work: Work, order_id: str, event: str, at: datetime, reason: str | None = None) -> bool:
    """What a phone of the team says: delivered, accepted, declined, arrived. Returns False if that is known.

    at: when the thumb pressed. Raises BadInput order.bad_event, order.bad_reason; NotPermitted order.not_yours; TransitionRefused.
    """
    allowed(work, Verb.ANSWER_ORDER)
    wanted = orders.answer(event)
    order = held(work, OrderRow, words.ulid(order_id), "not_found.order")
    unit = found(work, UnitRow, work.actor.unit_no, "not_found.unit")
    if unit.team_id is None or unit.team_id != order.team_id:
        raise NotPermitted("another team's", code="order.not_yours")
    if orders.already(OrderState(order.state), wanted):
        return False
    order.state = orders.step(OrderState(order.state), wanted)
    when = max(not_after(words.moment(at, "t", work.now, may_lie_ahead=True), work.now), order.sent_at)
    if wanted is OrderStep.DELIVER:
        order.delivered_at = work.now
    elif wanted is OrderStep.ARRIVE:
        order.arrived_at = when
    else:
        order.answered_at, order.answered_by = when, unit.no
        order.delivered_at = order.delivered_at or work.now
    more = {}
    if wanted is OrderStep.DECLINE:
        order.reason = more["reason"] = orders.reason(reason)
    _record(work, order, wanted, when, **more)
    return True


def mark_overdue(work: Work, order_id: str) -> bool:
    """Nobody of the team answered for 60 s. Returns False if somebody did."""
    allowed(work, Verb.RUN_TIMER)
    order = held(work, OrderRow, order_id, "not_found.order")
    if order.state not in orders.ASKED or work.now < order.sent_at + orders.UNACCEPTED:
        return False
    order.state, order.overdue_at = orders.step(OrderState(order.state), OrderStep.OVERDUE), work.now
    _record(work, order, OrderStep.OVERDUE)
    return True


def withdraw_orders(work: Work, call_id: str, why: str) -> tuple[str, ...]:
    """Nobody need go any more who has not said that he goes. Part of other verbs; returns every order of the call."""
    there = list(work.session.scalars(select(OrderRow).where(OrderRow.call_id == call_id).order_by(OrderRow.id)))
    for order in there:
        if order.state in orders.UNANSWERED:
            order.state, order.withdrawn_at = orders.step(OrderState(order.state), OrderStep.WITHDRAW), work.now
            _record(work, order, OrderStep.WITHDRAW, why=why)
    return tuple(order.id for order in there)


def _record(work: Work, order: OrderRow, wanted: OrderStep, at: datetime | None = None, **more: str) -> None:
    work.record(_EVENTS[wanted](order_id=order.id, call_id=order.call_id, team_id=order.team_id, **more), at)


def _person(work: Work) -> str:
    if work.actor.officer_id is None:
        raise NotPermitted("no officer", verb=Verb.SEND_ORDER.value)
    return work.actor.officer_id


def _scene(call: CallRow, places: Mapping[int, Place]) -> Place:
    """Where the officer is now, else where he pressed."""
    if call.unit_no in places:
        return places[call.unit_no]
    if call.lat is None or call.lon is None:
        raise RuleBroken("nowhere", code="dispatch.no_scene")
    return call.lat, call.lon


def _standing(work: Work, places: Mapping[int, Place], by_road_s: Mapping[int, float]) -> list[Standing]:
    """Every unit on duty of a team with a fresh position, and what its team is doing; who asks for help himself is not sent."""
    there = select(UnitRow).where(UnitRow.no.in_(sorted(places)), UnitRow.on_duty, UnitRow.team_id.is_not(None)).order_by(UnitRow.no)
    in_need = set(work.session.scalars(select(SosRow.unit_no).where(SosRow.closed_at.is_(None))))
    doing: dict[str, units.Doing] = {}
    standing = []
    for unit in work.session.scalars(there):
        team_id = str(unit.team_id)
        if unit.no in in_need:
            continue
        if team_id not in doing:
            mission = under_way(work, team_id)
            doing[team_id] = units.doing(True, MissionState(mission.state) if mission else None, unit.returned_at is not None)
        standing.append(Standing(team_id, doing[team_id], places[unit.no], by_road_s.get(unit.no)))
    return standing


def _sent_elsewhere(work: Work, call_id: str) -> set[str]:
    """Teams that another call has, asked or on the way."""
    held_by = select(OrderRow.team_id).where(OrderRow.call_id != call_id, OrderRow.sent_at >= work.now - orders.BUSY_FOR)
    return set(work.session.scalars(held_by.where(or_(OrderRow.state.in_(sorted(orders.ASKED)), OrderRow.state == OrderState.ACCEPTED))))

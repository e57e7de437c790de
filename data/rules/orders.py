"""The support order (指令) of a call: from the desk to one team and back.

SENT ── shown on a phone ──> DELIVERED ── «收到» ──> ACCEPTED ── «已到场» ──> ARRIVED
SENT, DELIVERED ── 60 s without an answer ──> OVERDUE      the desk rings for the next team; a late «收到» still counts
SENT, DELIVERED, OVERDUE ── «无法前往» ──> DECLINED
SENT, DELIVERED, OVERDUE ── another team goes, or the call is over ──> WITHDRAWN
"""

from datetime import timedelta
from enum import StrEnum

from data.errors import BadInput, TransitionRefused

LETTER = "指"
UNACCEPTED = timedelta(seconds=60)
BUSY_FOR = timedelta(hours=2)  # an accepted order that nobody ended keeps its team no longer than this
TEXT_LONGEST = 60


class OrderState(StrEnum):
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    ACCEPTED = "ACCEPTED"
    ARRIVED = "ARRIVED"
    DECLINED = "DECLINED"
    OVERDUE = "OVERDUE"
    WITHDRAWN = "WITHDRAWN"


class OrderStep(StrEnum):
    DELIVER = "delivered"
    ACCEPT = "accepted"
    DECLINE = "declined"
    ARRIVE = "arrived"
    OVERDUE = "overdue"
    WITHDRAW = "withdrawn"


class Reason(StrEnum):
    """Why a team cannot go."""

    BUSY = "busy"  # 手上有任务
    FAR = "far"  # 距离太远
    VEHICLE = "vehicle"  # 车辆故障
    OTHER = "other"


ASKED = frozenset({OrderState.SENT, OrderState.DELIVERED})
UNANSWERED = ASKED | {OrderState.OVERDUE}
OPEN = UNANSWERED | {OrderState.ACCEPTED}
BY_THE_TEAM = frozenset({OrderStep.DELIVER, OrderStep.ACCEPT, OrderStep.DECLINE, OrderStep.ARRIVE})
STEPS: dict[tuple[OrderState, OrderStep], OrderState] = {
    (OrderState.SENT, OrderStep.DELIVER): OrderState.DELIVERED,
    (OrderState.ACCEPTED, OrderStep.ARRIVE): OrderState.ARRIVED,
    **{(state, OrderStep.ACCEPT): OrderState.ACCEPTED for state in UNANSWERED},
    **{(state, OrderStep.DECLINE): OrderState.DECLINED for state in UNANSWERED},
    **{(state, OrderStep.WITHDRAW): OrderState.WITHDRAWN for state in UNANSWERED},
    **{(state, OrderStep.OVERDUE): OrderState.OVERDUE for state in ASKED},
}
_SO_ALREADY = {
    OrderStep.DELIVER: frozenset(OrderState) - {OrderState.SENT},  # a second phone of the team shows it later
    OrderStep.ACCEPT: frozenset({OrderState.ACCEPTED, OrderState.ARRIVED}),
    OrderStep.DECLINE: frozenset({OrderState.DECLINED}),
    OrderStep.ARRIVE: frozenset({OrderState.ARRIVED}),
    OrderStep.OVERDUE: frozenset(OrderState) - ASKED,
    OrderStep.WITHDRAW: frozenset(OrderState) - UNANSWERED,
}


def already(state: OrderState, wanted: OrderStep) -> bool:
    """Whether nothing is left to be done."""
    return state in _SO_ALREADY[wanted]


def step(state: OrderState, wanted: OrderStep) -> OrderState:
    """The state after this step. Raises TransitionRefused order.transition_refused; params: state."""
    after = STEPS.get((state, wanted))
    if after is None:
        raise TransitionRefused(f"{wanted} in {state}", code="order.transition_refused", state=state.value)
    return after


def answer(word: object) -> OrderStep:
    """What a phone says. Raises BadInput order.bad_event."""
    if word not in BY_THE_TEAM:
        raise BadInput("event", code="order.bad_event")
    return OrderStep(str(word))


def reason(word: object) -> Reason:
    """Raises BadInput order.bad_reason."""
    if word not in list(Reason):
        raise BadInput("reason", code="order.bad_reason")
    return Reason(str(word))

"""Support orders."""

from data.events.event import Event


class OrderSent(Event, frozen=True, kw_only=True):
    kind = "order.sent"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str


class OrderDelivered(Event, frozen=True, kw_only=True):
    """A phone of the team shows it."""

    kind = "order.delivered"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str


class OrderAccepted(Event, frozen=True, kw_only=True):
    """«收到»."""

    kind = "order.accepted"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str


class OrderDeclined(Event, frozen=True, kw_only=True):
    """«无法前往». reason: busy | far | vehicle | other."""

    kind = "order.declined"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str
    reason: str


class OrderOverdue(Event, frozen=True, kw_only=True):
    """Nobody answered for 60 s: the desk rings for the next team."""

    kind = "order.overdue"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str


class OrderArrived(Event, frozen=True, kw_only=True):
    kind = "order.arrived"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str


class OrderWithdrawn(Event, frozen=True, kw_only=True):
    """why: next (another team goes) | over (the call has ended)."""

    kind = "order.withdrawn"
    subject = "order"
    order_id: str
    call_id: str
    team_id: str
    why: str

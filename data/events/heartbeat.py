"""The heartbeat of the whole, and what people report."""

from data.events.event import Event


class PartChanged(Event, frozen=True, kw_only=True):
    """A part of the product does not answer any more (state down), or does again (up)."""

    kind = "part.changed"
    subject = "part"
    shown = False
    at_desks = True
    part: str
    state: str


class FaultReported(Event, frozen=True, kw_only=True):
    """Somebody pressed «报修»: what his page knew of itself stands with the fault."""

    kind = "fault.reported"
    subject = "fault"
    shown = False
    at_desks = True
    fault_id: str
    face: str


class FaultTaken(Event, frozen=True, kw_only=True):
    kind = "fault.taken"
    subject = "fault"
    shown = False
    at_desks = True
    fault_id: str


class FaultClosed(Event, frozen=True, kw_only=True):
    kind = "fault.closed"
    subject = "fault"
    shown = False
    at_desks = True
    fault_id: str

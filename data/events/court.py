"""The court and its people: officers, teams, vehicles, units, areas, fences."""

from data.events.event import Event


class CourtFounded(Event, frozen=True, kw_only=True):
    kind = "court.founded"
    subject = "court"
    court_code: str


class CourtChanged(Event, frozen=True, kw_only=True):
    """Its name, place or office number was set."""

    kind = "court.changed"
    subject = "court"
    court_code: str


class OfficerAdded(Event, frozen=True, kw_only=True):
    kind = "officer.added"
    subject = "officer"
    officer_id: str
    team_id: str | None


class OfficerChanged(Event, frozen=True, kw_only=True):
    """Name, phone or another restricted field was set; which one is not said."""

    kind = "officer.changed"
    subject = "officer"
    officer_id: str
    team_id: str | None
    unit_nos: tuple[int, ...] = ()


class TeamFormed(Event, frozen=True, kw_only=True):
    kind = "team.formed"
    subject = "team"
    team_id: str


class VehicleAdded(Event, frozen=True, kw_only=True):
    kind = "vehicle.added"
    subject = "vehicle"
    vehicle_id: str
    team_id: str | None


class UnitAdded(Event, frozen=True, kw_only=True):
    kind = "unit.added"
    subject = "unit"
    unit_no: int
    team_id: str | None


class AreaDrawn(Event, frozen=True, kw_only=True):
    """A community of the court's district, where its cases are counted."""

    kind = "area.drawn"
    subject = "area"
    area_id: str


class FenceDrawn(Event, frozen=True, kw_only=True):
    kind = "fence.drawn"
    subject = "fence"
    fence_id: str


class FenceRemoved(Event, frozen=True, kw_only=True):
    kind = "fence.removed"
    subject = "fence"
    fence_id: str


class FenceEntered(Event, frozen=True, kw_only=True):
    kind = "fence.entered"
    subject = "fence"
    fence_id: str
    unit_no: int


class FenceLeft(Event, frozen=True, kw_only=True):
    kind = "fence.left"
    subject = "fence"
    fence_id: str
    unit_no: int

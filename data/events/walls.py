"""Walls: paired, steered, put on stage."""

from data.events.event import Event


class WallPaired(Event, frozen=True, kw_only=True):
    kind = "wall.paired"
    subject = "wall"
    wall_id: str


class WallSteered(Event, frozen=True, kw_only=True):
    """A desk put a layout, unit, mission or call on this wall, or switched visitors' mode."""

    kind = "wall.steered"
    subject = "wall"
    wall_id: str


class WallStaged(Event, frozen=True, kw_only=True):
    """This wall is the stage of a screening now, in another world of rights."""

    kind = "wall.staged"
    subject = "wall"
    wall_id: str
    screening_id: str


class WallTakenBack(Event, frozen=True, kw_only=True):
    """A desk has taken its wall back from the audience."""

    kind = "wall.taken_back"
    subject = "wall"
    wall_id: str


class WallScreensChanged(Event, frozen=True, kw_only=True):
    """Another screen of this wall shows its part, or one was taken out of the set."""

    kind = "wall.screens_changed"
    subject = "wall"
    shown = False
    at_desks = True
    wall_id: str


class WallRevoked(Event, frozen=True, kw_only=True):
    kind = "wall.revoked"
    subject = "wall"
    wall_id: str

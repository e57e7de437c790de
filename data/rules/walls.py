"""Walls: what a desk may put on one. The last command wins, and both desks see whose it was."""

from enum import StrEnum

from data.errors import BadInput

LAYOUTS = frozenset({1, 3, 8})  # 日常值守, 集中行动, 来宾; the others answer «尚未启用»
VISITORS_LAYOUT = 8


class Focus(StrEnum):
    """What a wall can be asked to show large."""

    UNIT = "unit"
    MISSION = "mission"
    CALL = "call"
    SOS = "sos"


class Grid(StrEnum):
    """How a wall shows several pictures while somebody calls."""

    MAIN = "main"  # one large and live, the others small stills
    QUAD = "quad"  # up to four live
    SINGLE = "single"  # one alone


def layout(value: object) -> int:
    """Raises BadInput wall.layout_unknown (not 1 to 8) or wall.layout_not_in_use; params: layout."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 8:
        raise BadInput("layout", code="wall.layout_unknown")
    if value not in LAYOUTS:
        raise BadInput("layout", code="wall.layout_not_in_use", layout=value)
    return value


def before_guests(layout: int, visitors: bool) -> bool:
    """Whether guests stand before a wall: it is in visitors' mode, or has the layout made for them."""
    return visitors or layout == VISITORS_LAYOUT


def grid(value: object) -> Grid:
    """Raises BadInput wall.grid_unknown."""
    if value not in list(Grid):
        raise BadInput("grid", code="wall.grid_unknown")
    return Grid(str(value))


def focus_kind(value: str) -> Focus:
    """Raises BadInput wall.focus_unknown."""
    try:
        return Focus(value)
    except ValueError as error:
        raise BadInput("focus", code="wall.focus_unknown") from error

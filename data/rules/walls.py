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


def layout(value: object) -> int:
    """Raises BadInput wall.layout_unknown (not 1 to 8) or wall.layout_not_in_use; params: layout."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 8:
        raise BadInput("layout", code="wall.layout_unknown")
    if value not in LAYOUTS:
        raise BadInput("layout", code="wall.layout_not_in_use", layout=value)
    return value


def focus_kind(value: str) -> Focus:
    """Raises BadInput wall.focus_unknown."""
    try:
        return Focus(value)
    except ValueError as error:
        raise BadInput("focus", code="wall.focus_unknown") from error

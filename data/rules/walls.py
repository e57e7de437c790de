"""Walls: what a desk may put on one. The last command wins, and both desks see whose it was."""

from collections.abc import Iterable
from enum import StrEnum

from data.errors import BadInput, RuleBroken

LAYOUTS = frozenset({1, 3, 8, 9})  # 日常值守, 集中行动, 来宾, 运行保障; the others answer «尚未启用»
STAGE_LAYOUT = 7  # 警示教育: no key puts it on, `stage_wall` does; such a wall is a stage and nothing else
VISITORS_LAYOUT = 8


class Focus(StrEnum):
    """What a wall can be asked to show large."""

    UNIT = "unit"
    MISSION = "mission"
    CALL = "call"
    SOS = "sos"
    SCREENING = "screening"  # not asked for: what a wall on stage belongs to


ASKED = frozenset(Focus) - {Focus.SCREENING}


class Grid(StrEnum):
    """How a wall shows several pictures while somebody calls."""

    MAIN = "main"  # one large and live, the others small stills
    QUAD = "quad"  # up to four live
    SINGLE = "single"  # one alone


class Screen(StrEnum):
    """Which part of the wall's one layout a browser draws, where a wall is several screens."""

    MAP = "map"
    VIDEO = "video"
    CASES = "cases"


def screens(values: Iterable[str]) -> str:
    """A set of screens as it is kept, always in the same order. Raises BadInput wall.screen_unknown."""
    wanted = set(values)
    if wanted - set(Screen):
        raise BadInput("screen", code="wall.screen_unknown")
    return ",".join(each.value for each in Screen if each in wanted)


def layout(value: object) -> int:
    """Raises BadInput wall.layout_unknown (not 1 to 9) or wall.layout_not_in_use; params: layout."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 9:
        raise BadInput("layout", code="wall.layout_unknown")
    if value not in LAYOUTS:
        raise BadInput("layout", code="wall.layout_not_in_use", layout=value)
    return value


def check_steered(layout: int) -> None:
    """Whether a desk may put anything on a wall of this layout. Raises RuleBroken wall.on_stage: it must be taken back first."""
    if layout == STAGE_LAYOUT:
        raise RuleBroken("a stage", code="wall.on_stage")


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
    if value not in ASKED:
        raise BadInput("focus", code="wall.focus_unknown")
    return Focus(value)

"""Who should go: the nearest team that is free. The time is «估算» (`geo.nearest`); a person may always send another."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from data.errors import RuleBroken
from data.rules.units import Doing
from geo.coordinates import Place
from geo.nearest import Near, nearest

FREE = frozenset({Doing.IDLE, Doing.BACK})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one unit of a team is, and what it is doing."""

    team_id: str
    doing: Doing
    place: Place
    by_road_s: float | None = None  # None: estimated from the straight line


def nearest_team(
    place: Place, units: Iterable[Standing], without: Collection[str] = (), only: str | None = None, busy: Collection[str] = ()
) -> Near[str]:
    """The team whose nearest unit could be at the place first, by road where that is known.

    without: teams that are not asked (again). busy: teams that somebody else has sent. only: the one that a person chose, free or not.
    Raises RuleBroken dispatch.nobody_free: no team with a fresh position is free; dispatch.unknown_place: the chosen one has none.
    """
    asked = _asked(units, without, only, busy)
    by_road = {number: each.by_road_s for number, each in enumerate(asked) if each.by_road_s is not None}
    for near in nearest(place, {number: each.place for number, each in enumerate(asked)}, by_road, k=1):
        return Near(asked[near.unit].team_id, near.distance_m, near.eta_s, near.estimated)
    raise RuleBroken("nobody", code="dispatch.unknown_place" if only else "dispatch.nobody_free")


def _asked(units: Iterable[Standing], without: Collection[str], only: str | None, busy: Collection[str]) -> list[Standing]:
    if only is not None:
        return [each for each in units if each.team_id == only]
    return [each for each in units if each.doing in FREE and each.team_id not in without and each.team_id not in busy]

"""Who is nearest to a place: by straight line, or by travel times that somebody else knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from geo.coordinates import Place, distances_m

DETOUR = 1.35  # a way on roads is longer than the straight line by about this in a grown town
TOWN_MPS = 9.0  # 32 km/h, lights and turns included

Unit = TypeVar("Unit")


@dataclass(frozen=True, slots=True)
class Near(Generic[Unit]):
    """A unit, its straight-line distance, and when it could be there. estimated: the time is «估算», from the distance alone."""

    unit: Unit
    distance_m: float
    eta_s: float
    estimated: bool


def estimated_s(distance_m: float) -> float:
    """Travel time over a straight-line distance, without knowing the roads.

    The reader must see it as «估算»: it knows no river, no bridge, no lights and no jam, and may be wrong by half. Detour 1.35 and
    9 m/s are usual factors for a town, measured nowhere in particular.
    """
    return distance_m * DETOUR / TOWN_MPS


def nearest(place: Place, units: Mapping[Unit, Place], eta_s: Mapping[Unit, float] | None = None, k: int = 3) -> list[Near[Unit]]:
    """The k units that could be at the place first; equal ones in the order given.

    eta_s: known travel times; a unit without one is estimated from its distance. Raises NotADegree.
    """
    if not units:
        return []
    known = eta_s or {}
    straight_m = distances_m(list(units.values()), [place])[:, 0].tolist()
    near = [Near(unit, far, known.get(unit, estimated_s(far)), unit not in known) for unit, far in zip(units, straight_m, strict=True)]
    return sorted(near, key=lambda each: (each.eta_s, each.distance_m))[:k]

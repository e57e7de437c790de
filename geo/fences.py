"""Who entered and who left a fence, from successive fixes, so that a fix jittering on the line says nothing.

A fix counts only when it stands clearly on one side: farther from the line than the margin and than half of its own accuracy. A unit has
entered after two such fixes inside in a row, and left after two outside. What is between is «not known», and breaks the row.

The plane is Mercator's: it has one scale at one latitude, and a straight line on it is the straight line that the map draws.
"""

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.coordinates import EARTH_RADIUS_M, FloatArray, NotADegree, Place, checked_arrays
from geo.fixes import Fix

MARGIN_M = 25.0  # a good receiver between houses wanders as far

Unit = TypeVar("Unit", bound=Hashable)
_Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]  # place k stands against fence k


class NotAFence(ValueError):
    """These places do not go round an area."""

    code = "geo.not_a_fence"


@dataclass(frozen=True, slots=True)
class Fence:
    """A watched area: its line as places (lat, lon), closed or not. Raises NotAFence if it crosses itself or holds no area."""

    id: str
    ring: Sequence[Place]

    def __post_init__(self) -> None:
        try:
            places = checked_arrays(list(self.ring))
        except (NotADegree, TypeError, ValueError) as error:
            raise NotAFence(f"fence {self.id}: {error}") from error
        if len(places) < 3 or abs(places[:, 0]).max() > 85:
            raise NotAFence(f"fence {self.id}: a ring has at least three places, none of them at a pole")
        polygon = shapely.Polygon(_on_plane(places))
        if not polygon.is_valid or polygon.area < 1:
            raise NotAFence(f"fence {self.id}: the line crosses itself or holds less than a square metre")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one unit stands: the fences it is inside, and those on whose other side its last fix, once, clearly was."""

    inside: frozenset[str] = frozenset()
    once: frozenset[str] = frozenset()


NOWHERE = Standing()


@dataclass(frozen=True, slots=True)
class Crossing:
    """A unit has entered or left a fence; t_ms: time at the source of the fix that made it sure."""

    fence_id: str
    entered: bool
    t_ms: int


@dataclass(frozen=True)
class _Lines:
    """The fences as arrays, one row each, on the plane."""

    areas: NDArray[Any]
    lines: NDArray[Any]
    cores: NDArray[Any]  # inside by more than the margin
    halos: NDArray[Any]  # beyond these: outside by more than the margin
    scales: FloatArray  # metres on the ground for one on the plane
    margins: FloatArray


@dataclass(frozen=True)
class FenceIndex:
    """All fences, made ready once; made anew when one is drawn or removed. Raises NotAFence if two have the same id.

    A fence narrower than twice the margin takes half of its inner radius instead, or nobody could ever be inside.
    """

    fences: Sequence[Fence]
    margin_m: float = MARGIN_M
    _numbers: dict[str, int] = field(init=False, repr=False)
    _made: _Lines = field(init=False, repr=False)
    _tree: shapely.STRtree = field(init=False, repr=False)

    def __post_init__(self) -> None:
        numbers = {fence.id: number for number, fence in enumerate(self.fences)}
        if len(numbers) != len(self.fences):
            raise NotAFence("two fences have the same id")
        made = _lines_of(self.fences, self.margin_m)
        object.__setattr__(self, "_numbers", numbers)
        object.__setattr__(self, "_made", made)
        object.__setattr__(self, "_tree", shapely.STRtree(made.cores))

    def step(self, standing: Standing, fix: Fix) -> tuple[Standing, list[Crossing]]:
        """Where a unit stands after one more fix, and what it crossed. Fixes must come in the order of their time."""
        standings, crossings = self.step_all({0: standing}, [(0, fix)])
        return standings.get(0, standing), [crossing for _, crossing in crossings]

    def step_all(
        self, standings: Mapping[Unit, Standing], fixes: Iterable[tuple[Unit, Fix]]
    ) -> tuple[dict[Unit, Standing], list[tuple[Unit, Crossing]]]:
        """One more fix, or several, of many units: 10,000 units against 500 fences take some milliseconds, one by one many times that.

        standings: of every unit that is not NOWHERE. fixes: those of one unit in the order of their time. Returns only the standings that
        changed, and the crossings.
        """
        changed: dict[Unit, Standing] = {}
        crossings: list[tuple[Unit, Crossing]] = []
        for units, row in _rows(fixes):
            latest = {**standings, **changed} if changed else standings
            steps = self._step_row([latest.get(unit, NOWHERE) for unit in units], row)
            for number, (standing, crossed) in steps.items():
                changed[units[number]] = standing
                crossings += [(units[number], crossing) for crossing in crossed]
        return changed, crossings

    def inside(self, latlon: ArrayLike) -> list[frozenset[str]]:
        """The fences whose line goes round each place (n, 2): the plain question, without margin or memory. Raises NotADegree."""
        found: list[set[str]] = [set() for _ in range(len(np.asarray(latlon).reshape(-1, 2)))]
        xy = _on_plane(latlon)
        for area, fence in zip(self._made.areas, self.fences, strict=True):
            for number in np.flatnonzero(shapely.intersects_xy(area, xy)).tolist():
                found[number].add(fence.id)
        return [frozenset(ids) for ids in found]

    def _step_row(self, before: list[Standing], fixes: list[Fix]) -> dict[int, tuple[Standing, list[Crossing]]]:
        """One fix for each unit: the standings that changed, by the unit's place in the lists."""
        xy = _on_plane([(fix.lat, fix.lon) for fix in fixes])
        doubt_m = np.array([fix.accuracy_m or 0.0 for fix in fixes]) / 2
        clear: dict[int, list[str]] = {}
        held: list[tuple[int, int]] = []
        for number, standing in enumerate(before):
            if standing is not NOWHERE:
                known = [(number, self._numbers[id]) for id in standing.inside if id in self._numbers]
                held += known
                if standing.once or len(known) < len(standing.inside):  # this standing changes even if the fix says nothing
                    clear[number] = []
        inside = np.array(held, dtype=np.intp).reshape(-1, 2).T
        for numbers, fences in (self._clearly_in(inside, xy, doubt_m), self._clearly_out(inside, xy, doubt_m)):
            for number, fence in zip(numbers.tolist(), fences.tolist(), strict=True):
                clear.setdefault(number, []).append(self.fences[fence].id)
        steps = {number: self._stepped(before[number], ids, fixes[number].t_ms) for number, ids in clear.items()}
        return {number: step for number, step in steps.items() if step[0] is not before[number]}

    def _stepped(self, before: Standing, clear: list[str], t_ms: int) -> tuple[Standing, list[Crossing]]:
        """Fences clearly on the other side for the second time in a row are crossed; those for the first time are remembered.

        A fence that was removed is forgotten without a word.
        """
        crossed = before.once.intersection(clear)
        inside = frozenset(id for id in before.inside ^ crossed if id in self._numbers)
        crossings = [Crossing(id, id not in before.inside, t_ms) for id in sorted(crossed)]
        return Standing(inside, frozenset(clear) - crossed), crossings

    def _clearly_in(self, inside: NDArray[np.intp], xy: FloatArray, doubt_m: FloatArray) -> _Pairs:
        """Pairs of a unit and a fence that it is not inside of, where the fix says that it clearly is.

        inside (2, k): the pairs that are. Boxes first, then the core, then, if the fix is poor, the distance to the line.
        """
        numbers, fences = self._tree.query(shapely.points(xy))
        new = ~np.isin(numbers * len(self.fences) + fences, inside[0] * len(self.fences) + inside[1])
        numbers, fences = numbers[new], fences[new]
        made = self._made
        sure = shapely.contains_xy(made.cores[fences], xy[numbers])
        numbers, fences = numbers[sure], fences[sure]
        poor = np.flatnonzero(doubt_m[numbers] > made.margins[fences])
        away_m = shapely.distance(shapely.points(xy[numbers[poor]]), made.lines[fences[poor]]) * made.scales[fences[poor]]
        sure = np.ones(len(numbers), bool)
        sure[poor] = away_m > doubt_m[numbers[poor]]
        return numbers[sure], fences[sure]

    def _clearly_out(self, inside: NDArray[np.intp], xy: FloatArray, doubt_m: FloatArray) -> _Pairs:
        """Of the pairs (2, k) of a unit and a fence it is inside of, those where the fix says that it clearly is not."""
        made = self._made
        out = ~shapely.intersects_xy(made.halos[inside[1]], xy[inside[0]])
        numbers, fences = inside[0][out], inside[1][out]
        away_m = shapely.distance(shapely.points(xy[numbers]), made.areas[fences]) * made.scales[fences]
        sure = away_m > doubt_m[numbers]
        return numbers[sure], fences[sure]


def _rows(fixes: Iterable[tuple[Unit, Fix]]) -> Iterator[tuple[list[Unit], list[Fix]]]:
    """The fixes in rows: each unit once in a row, its first fix in the first."""
    rest = list(fixes)
    while rest:
        first: dict[Unit, Fix] = {}
        later: list[tuple[Unit, Fix]] = []
        for unit, fix in rest:
            if unit in first:
                later.append((unit, fix))
            else:
                first[unit] = fix
        yield list(first), list(first.values())
        rest = later


def _lines_of(fences: Sequence[Fence], margin_m: float) -> _Lines:
    areas = shapely.polygons([shapely.linearrings(_on_plane(list(fence.ring))) for fence in fences]) if fences else np.empty(0, object)
    middles = shapely.get_y(shapely.centroid(areas))
    scales = 1 / np.cosh(middles / EARTH_RADIUS_M)
    lines = shapely.boundary(areas)
    margins = np.array([min(margin_m, _inner_radius(area) * scale / 2) for area, scale in zip(areas, scales, strict=True)])
    cores, halos = shapely.buffer(areas, -margins / scales), shapely.buffer(areas, margins / scales)
    for shapes in (areas, lines, cores, halos):
        shapely.prepare(shapes)
    return _Lines(areas, lines, cores, halos, np.asarray(scales, np.float64), margins)


def _inner_radius(area: shapely.Polygon) -> float:
    """Half the width of the area where it is widest, on the plane, to a hundredth of its size."""
    west, south, east, north = area.bounds
    return float(shapely.length(shapely.maximum_inscribed_circle(area, tolerance=max(east - west, north - south) / 100)))


def _on_plane(latlon: ArrayLike) -> FloatArray:
    """Places (n, 2) lat, lon -> (n, 2) x, y of Mercator's plane on the sphere. Raises NotADegree."""
    radians = np.radians(checked_arrays(latlon))
    lat = np.clip(radians[:, 0], -math.radians(89), math.radians(89))  # a pole lies infinitely far on this plane
    return np.stack([radians[:, 1], np.arcsinh(np.tan(lat))], axis=1) * EARTH_RADIUS_M

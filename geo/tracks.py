"""A track, which is the way of one unit as a row of fixes: split at gaps, its length and speeds, and thinned for drawing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import ArrayLike

from geo.coordinates import FloatArray, Plane, checked_arrays, distance_m
from geo.fixes import Fix

GAP_S = 120.0  # longer silence than this is «lost»: nobody knows the way between


@dataclass(frozen=True, slots=True)
class Track:
    """Fixes of one unit in the order of their time, without two of the same time; built by `track_of`."""

    fixes: tuple[Fix, ...]

    def split(self, gap_s: float = GAP_S) -> "list[Track]":
        """The stretches between gaps longer than `gap_s`; together they hold every fix once."""
        return [Track(tuple(stretch)) for stretch in _stretches(self.fixes, gap_s)]

    @property
    def latlon(self) -> FloatArray:
        """The places (n, 2): latitude, longitude."""
        return np.array([(fix.lat, fix.lon) for fix in self.fixes], np.float64).reshape(-1, 2)

    @property
    def length_m(self) -> float:
        """Length of the line through all fixes, gaps included: split first, if what lies in a gap must not count."""
        return sum(distance_m((a.lat, a.lon), (b.lat, b.lon)) for a, b in pairwise(self.fixes))

    @property
    def seconds(self) -> float:
        """Time from the first fix to the last."""
        return (self.fixes[-1].t_ms - self.fixes[0].t_ms) / 1000 if self.fixes else 0.0

    def speeds_mps(self) -> list[float]:
        """Speed between each two fixes that follow each other (n - 1), from places and times, not from what the device said."""
        return [distance_m((a.lat, a.lon), (b.lat, b.lon)) / ((b.t_ms - a.t_ms) / 1000) for a, b in pairwise(self.fixes)]

    def thinned(self, tolerance_m: float) -> FloatArray:
        """The places to draw (k, 2): see `thin`."""
        return thin(self.latlon, tolerance_m)


def track_of(fixes: Iterable[Fix]) -> Track:
    """A track from fixes in any order, as late batches bring them; of two with the same time the first one given stays."""
    by_time: dict[int, Fix] = {}
    for fix in fixes:
        by_time.setdefault(fix.t_ms, fix)
    return Track(tuple(by_time[t_ms] for t_ms in sorted(by_time)))


def thin(points: ArrayLike, tolerance_m: float) -> FloatArray:
    """Fewer places that draw the same line: none of those left out lies farther than the tolerance from it.

    points (n, 2): latitude, longitude. Returns some of them (k, 2), first and last always. Douglas-Peucker on a plane of metres.
    Raises NotADegree.
    """
    places = checked_arrays(points)
    if len(places) < 3:
        return places
    plane = Plane(*places.mean(axis=0).tolist())
    line = shapely.LineString(plane.metres(places)).simplify(tolerance_m, preserve_topology=False)
    return plane.latlon(shapely.get_coordinates(line))


def _stretches(fixes: Sequence[Fix], gap_s: float) -> Iterator[list[Fix]]:
    stretch: list[Fix] = []
    for fix in fixes:
        if stretch and fix.t_ms - stretch[-1].t_ms > gap_s * 1000:
            yield stretch
            stretch = []
        stretch.append(fix)
    if stretch:
        yield stretch

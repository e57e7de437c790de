"""A way along roads, so that a simulated car can be asked where it is after so many metres."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from geo.coordinates import Place, bearing_deg, distance_m


class Way:
    """Corners of a way, at least two. Places on it are straight between corners."""

    def __init__(self, corners: Sequence[Place]) -> None:
        self._corners = [(lat, lon) for lat, lon in corners]
        self._metres = [0.0]
        for here, there in pairwise(self._corners):
            self._metres.append(self._metres[-1] + distance_m(here, there))

    @property
    def length_m(self) -> float:
        return self._metres[-1]

    def at(self, metres: float) -> Place:
        """Where one is after so many metres; at either end for less or more."""
        metres = min(max(metres, 0.0), self.length_m)
        leg = self._leg(metres)
        (lat, lon), (to_lat, to_lon) = self._corners[leg], self._corners[leg + 1]
        long = self._metres[leg + 1] - self._metres[leg]
        share = (metres - self._metres[leg]) / long if long else 0.0
        return lat + (to_lat - lat) * share, lon + (to_lon - lon) * share

    def bearing_deg(self, metres: float) -> float:
        """Where one looks there, going forward: degrees clockwise from north."""
        leg = self._leg(min(max(metres, 0.0), self.length_m))
        return bearing_deg(self._corners[leg], self._corners[leg + 1])

    def _leg(self, metres: float) -> int:
        return min(bisect_right(self._metres, metres) - 1, len(self._corners) - 2)

"""The newest position of every unit, as `/live` sends it: taken off the bus in packed frames, packed again for each Sight.

Columns side by side in numpy, for ten thousand units a second must cost a few milliseconds: sorted unit numbers, the record, the time at
the source, and a stamp that grows with every change, so that «what is new since stamp n» is one comparison.
"""

import numpy as np
from numpy.typing import NDArray

from geo import packed
from geo.packed import AGE_TOP, FIX, Kind, Records

Units = NDArray[np.uint32]


class Newest:
    """Belongs to one event loop. A fix replaces an older one of its unit, never a newer one."""

    def __init__(self) -> None:
        self._units: Units = np.empty(0, np.uint32)
        self._records: Records = np.empty(0, FIX)
        self._at_ms: NDArray[np.int64] = np.empty(0, np.int64)
        self._stamps: NDArray[np.int64] = np.empty(0, np.int64)
        self.stamp = 0  # of the newest change
        self.dropped = 0  # counts units that left, so that a reader knows that his picture holds too many

    def __len__(self) -> int:
        return len(self._units)

    def take(self, frame: bytes) -> Units:
        """Take a frame of the bus. Returns the units whose position is newer now. Raises NotAFrame."""
        read = packed.unpack(frame)
        return self.take_records(read.records, read.sent_at_ms)

    def take_records(self, records: Records, sent_at_ms: int) -> Units:
        """Records (n,) of dtype FIX, their ages counted back from sent_at_ms; several of one unit are allowed."""
        if not len(records):
            return np.empty(0, np.uint32)
        at_ms = sent_at_ms - records["age"].astype(np.int64)
        records, at_ms = _newest_each(records, at_ms)
        units: Units = records["unit"]
        places = self._places_of(units)
        newer = at_ms > self._at_ms[places]
        places = places[newer]
        if not len(places):
            return np.empty(0, np.uint32)
        self.stamp += 1
        self._records[places] = records[newer]
        self._at_ms[places] = at_ms[newer]
        self._stamps[places] = self.stamp
        return units[newer]

    def drop(self, units: Units) -> bool:
        """Forget these units. Returns whether one of them was known."""
        stay = ~np.isin(self._units, units)
        if stay.all():
            return False
        self._units, self._records = self._units[stay], self._records[stay]
        self._at_ms, self._stamps = self._at_ms[stay], self._stamps[stay]
        self.dropped += 1
        return True

    def place_of(self, unit: int) -> tuple[float, float] | None:
        """Where this unit was heard last."""
        place = int(np.searchsorted(self._units, unit))
        if place >= len(self._units) or self._units[place] != unit or self._at_ms[place] < 0:
            return None
        record = self._records[place]
        return int(record["lat"]) / 1e7, int(record["lon"]) / 1e7

    def around(self, lat: float, lon: float, since_ms: int, most: int) -> list[tuple[int, tuple[float, float]]]:
        """The units heard since then that stand nearest to a place by straight line, the nearest first: (number, (lat, lon))."""
        heard = np.flatnonzero(self._at_ms >= since_ms)
        lats, lons = self._records["lat"][heard] / 1e7, self._records["lon"][heard] / 1e7
        apart = np.hypot(lats - lat, (lons - lon) * np.cos(np.radians(lat)))
        nearest = np.argsort(apart, kind="stable")[:most]
        return [(int(self._units[heard[i]]), (float(lats[i]), float(lons[i]))) for i in nearest]

    def pack(self, kind: Kind, now_ms: int, since: int = 0, visible: Units | None = None, only: Units | None = None) -> bytes | None:
        """One frame of what changed after stamp `since`, of the visible units. None if that is nothing and kind is SOME.

        visible: sorted unit numbers, None for all. only: a further choice of units.
        """
        chosen = self._stamps > since
        for choice in (visible, only):
            if choice is not None:
                chosen &= _in_sorted(self._units, choice)
        if kind is Kind.SOME and not chosen.any():
            return None
        records = self._records[chosen]
        records["age"] = np.clip(now_ms - self._at_ms[chosen], 0, AGE_TOP)
        return packed.pack(records, kind, now_ms)

    def _places_of(self, units: Units) -> NDArray[np.intp]:
        """Where these sorted units stand; unknown ones are given a place first."""
        places = np.searchsorted(self._units, units)
        if len(self._units):
            known = self._units[np.minimum(places, len(self._units) - 1)] == units
            if known.all():
                return places
            units_new = units[~known]
        else:
            units_new = units
        self._make_places(units_new)
        return np.searchsorted(self._units, units)

    def _make_places(self, units: Units) -> None:
        merged = np.concatenate([self._units, units])
        order = np.argsort(merged, kind="stable")
        self._units = merged[order]
        self._records = np.concatenate([self._records, np.zeros(len(units), FIX)])[order]
        self._at_ms = np.concatenate([self._at_ms, np.full(len(units), -1, np.int64)])[order]
        self._stamps = np.concatenate([self._stamps, np.zeros(len(units), np.int64)])[order]


def _newest_each(records: Records, at_ms: NDArray[np.int64]) -> tuple[Records, NDArray[np.int64]]:
    """One record a unit, the newest, sorted by unit."""
    units = records["unit"]
    if len(units) < 2 or (units[1:] > units[:-1]).all():  # as the bus sends them
        return records, at_ms
    order = np.lexsort((at_ms, units))
    last = np.append(units[order][1:] != units[order][:-1], True)
    return records[order[last]], at_ms[order[last]]


def _in_sorted(units: Units, choice: Units) -> NDArray[np.bool_]:
    """Which of the units stand in the sorted choice."""
    if not len(choice):
        return np.zeros(len(units), np.bool_)
    places = np.minimum(np.searchsorted(choice, units), len(choice) - 1)
    found: NDArray[np.bool_] = choice[places] == units
    return found

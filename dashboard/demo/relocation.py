"""«演示：位置已平移»: a visitor's phone is somewhere else on Earth, and is shown inside the invented district with its steps kept true.

Only a phone whose first fix of all lies outside the district is a visitor's; a device that was in the district and then reports another
country jumped, and is refused as everywhere. The real place is used for arithmetic in this process and neither shown nor stored; kept are
the numbers of visitors' devices, so that after a restart each goes on where the wall shows him.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from data.rules.permissions import Actor
from geo.coordinates import EARTH_RADIUS_M, Place, moved
from geo.fixes import NULL_ISLAND_DEG, Fix

MARGIN_DEG = 0.02  # about two kilometres: who stands on the district's edge is in it
AROUND_M = 320.0  # visitors begin round the court, each at another side
TURN_DEG = 137.5  # the golden angle: the next one never stands beside the last
_DEGREE_M = math.pi / 180 * EARTH_RADIUS_M


@dataclass(frozen=True, slots=True)
class Box:
    south: float
    west: float
    north: float
    east: float

    def holds(self, lat: float, lon: float) -> bool:
        return self.south <= lat <= self.north and self.west <= lon <= self.east


@dataclass
class Relocation:
    """For `streaming.positions`: where a fix is drawn, and whether it was moved. shown: the unit's newest place on the wall."""

    box: Box
    court: Place
    shown: Callable[[int], Fix | None] = lambda _: None
    kept: Path | None = None
    _visitors: set[int] = field(default_factory=set)
    _began: dict[int, tuple[Place, Place]] = field(default_factory=dict)  # device → where it really began, where it began here

    def __post_init__(self) -> None:
        if self.kept is not None and self.kept.exists():
            self._visitors = set(json.loads(self.kept.read_text()))

    def __call__(self, actor: Actor, lat: float, lon: float) -> tuple[float, float, bool]:
        device = actor.device_no or 0
        if device not in self._began:
            nowhere = abs(lat) < NULL_ISLAND_DEG and abs(lon) < NULL_ISLAND_DEG
            if nowhere or self.box.holds(lat, lon) or not self._is_visitor(actor, device):
                return lat, lon, False
            self._began[device] = ((lat, lon), self._start(actor))
        (real_lat, real_lon), (here_lat, here_lon) = self._began[device]
        north_m = (lat - real_lat) * _DEGREE_M
        east_m = (lon - real_lon) * _DEGREE_M * math.cos(math.radians(real_lat))
        new_lat = here_lat + north_m / _DEGREE_M
        new_lon = here_lon + east_m / (_DEGREE_M * math.cos(math.radians(here_lat)))
        return max(-90.0, min(90.0, new_lat)), (new_lon + 180) % 360 - 180, True

    def _is_visitor(self, actor: Actor, device: int) -> bool:
        if device in self._visitors:
            return True
        newest = self.shown(actor.unit_no or 0)
        if newest is not None and newest.device_no == device:
            return False
        self._visitors.add(device)
        if self.kept is not None:
            self.kept.write_text(json.dumps(sorted(self._visitors)))
        return True

    def _start(self, actor: Actor) -> Place:
        newest = self.shown(actor.unit_no or 0)
        if newest is not None and self.box.holds(newest.lat, newest.lon):
            return newest.lat, newest.lon
        return moved(*self.court, len(self._began) * TURN_DEG % 360, AROUND_M)


def when_asked(find: Callable[[], Relocation | None]) -> Callable[[Actor, float, float], tuple[float, float, bool]]:
    """A relocation that is looked for when the first fix comes: the district may still be drawn while this process is built."""
    found = cache(find)

    def relocate(actor: Actor, lat: float, lon: float) -> tuple[float, float, bool]:
        relocation = found()
        return (lat, lon, False) if relocation is None else relocation(actor, lat, lon)

    return relocate


def relocation(layers: Path, shown: Callable[[int], Fix | None], kept: Path) -> Relocation | None:
    """Of the demonstration's district; None when its layers are not there. kept: the file that remembers visitors' devices."""
    try:
        boundary = json.loads((layers / "boundary.geojson").read_text(encoding="utf-8"))
        places = json.loads((layers / "places.geojson").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    corners = [corner for feature in boundary["features"] for ring in feature["geometry"]["coordinates"] for corner in ring]
    lons, lats = [lon for lon, _ in corners], [lat for _, lat in corners]
    box = Box(min(lats) - MARGIN_DEG, min(lons) - MARGIN_DEG, max(lats) + MARGIN_DEG, max(lons) + MARGIN_DEG)
    court = next(each["geometry"]["coordinates"] for each in places["features"] if each["properties"]["kind"] == "court")
    return Relocation(box, (float(court[1]), float(court[0])), shown, kept)

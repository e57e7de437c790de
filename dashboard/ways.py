"""Ways by road to whoever calls or asks for help: of the nearest teams, how long, how far, which way.

The graph is read once, in a thread of its own: at the start where the court has a net of its own, else when the first one asks. Whoever
asks while eight others wait, or waits longer than two seconds, gets none and shows straight lines, which are called so; what has begun goes
on and serves the next.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from dashboard.kept_beside import keep, kept_of
from data.queries.ways import Alarm
from geo.coordinates import Place

if TYPE_CHECKING:  # takes a second to import, and no wall needs it before somebody calls
    from geo.roads import RoadGraph, Way

LIMIT_S = 2.0
WAITING_MOST = 8
ASKED_MOST = 24  # units by straight line whose ways are looked at: the nearest by road is among them unless a river is very long
TEAMS_MOST = 3
NET = "roads.npz"  # as `geo.road_net` calls it
UNREADABLE = (OSError, ValueError, KeyError, BadZipFile)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Coming:
    """A team that could come, by its unit that would be there first."""

    team_id: str
    unit_no: int
    way: "Way"


class RoadWays:
    """The district's roads, for asking from an event loop. layers: the folder that may hold `roads.npz` or else `roads.geojson`."""

    def __init__(self, layers: Path) -> None:
        self._net, self._drawn = layers / NET, layers / "roads.geojson"
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ways")
        self._graph: RoadGraph | None = None
        self._of = 0  # the time of the file that the graph was made from
        self._waiting = 0

    async def coming(
        self, alarm: Alarm, teams: Mapping[int, str], places: Sequence[tuple[int, Place]], most: int = TEAMS_MOST
    ) -> list[Coming] | None:
        """The teams that could be there first, the first one first. None: not known by road, now or at all.

        teams: of each unit that may be asked about; places: where units stand, the nearest first; most: teams.
        """
        asked = [(no, place) for no, place in places if no in teams and teams[no] != alarm.team_id][:ASKED_MOST]
        if self._waiting >= WAITING_MOST or not (self._net.is_file() or self._drawn.is_file()):
            return None
        self._waiting += 1
        future = self._thread.submit(self._ways, [place for _, place in asked], alarm.place)
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._left) if not loop.is_closed() else None)
        try:
            async with asyncio.timeout(LIMIT_S):
                ways = await asyncio.shield(asyncio.wrap_future(future))
        except TimeoutError:
            log.warning("ways by road took too long")
            return None
        return None if ways is None else _first_of_each(teams, [no for no, _ in asked], ways)[:most]

    def prepare(self) -> None:
        """Read the court's own net before anybody asks: the first one would wait longer than he may."""
        if self._net.is_file():
            self._thread.submit(self._ways, [], (0.0, 0.0))

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _left(self) -> None:
        self._waiting -= 1

    def _ways(self, starts: list[Place], end: Place) -> "list[Way] | None":
        """In the thread. None without a road that could be used."""
        from geo.layers import LayerUnreadable
        from geo.roads import NoRoads

        try:
            roads = self._net if self._net.is_file() else self._drawn
            changed = roads.stat().st_mtime_ns
            if self._graph is None or self._of != changed:
                self._graph, self._of = road_graph(roads), changed
            return self._graph.ways(starts, end)
        except (OSError, LayerUnreadable, NoRoads) as error:
            log.warning("no ways by road: %s", error)
            return None


def road_graph(roads: Path) -> "RoadGraph":
    """The graph of the court's own net, or of a layer's file and then kept beside it. Raises OSError, LayerUnreadable, NoRoads."""
    from geo.roads import NoRoads, RoadGraph

    if roads.name == NET:
        try:
            return RoadGraph.read(roads)
        except UNREADABLE as error:
            raise NoRoads(f"{NET} is no net of roads") from error
    kept = kept_of(roads, roads.stat().st_mtime_ns, ".npz", "graph-")
    try:
        return RoadGraph.read(kept)
    except UNREADABLE:
        pass  # not made yet, or not wholly written
    from geo.layers import read_layer

    graph = RoadGraph.of(read_layer(roads, ["class"]))
    keep(roads, kept, graph.write, "graph-")
    return graph


def _first_of_each(teams: Mapping[int, str], units: Sequence[int], ways: "Sequence[Way]") -> list[Coming]:
    order = sorted(zip(ways, units, strict=True), key=lambda pair: pair[0].seconds)
    found: dict[str, Coming] = {}
    for way, no in order:
        found.setdefault(teams[no], Coming(teams[no], no, way))
    return list(found.values())

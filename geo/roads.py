"""A graph of roads: the way from one place to another, and seconds from one place to every junction and bend."""

from dataclasses import dataclass, field
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from geo.coordinates import FloatArray, Place, Plane, checked_arrays

# Metres a second when nobody is in the way, by class of road; 80, 60, 45, 28 and 18 km/h.
SPEEDS_MPS = {"ring": 22.0, "trunk": 17.0, "main": 12.5, "minor": 8.0}
UNKNOWN_MPS = 5.0
OFF_ROAD_MPS = 3.0  # from the door to the road, on foot or through a yard


class NoRoads(ValueError):
    """The layer holds no road on which one could go anywhere."""

    code = "geo.no_roads"


def connected(lines: Any) -> NDArray[np.bool_]:
    """Which of the lines belong to the largest net of lines that touch or cross each other."""
    shapes = np.asarray(lines, dtype=object)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    net = _largest(len(shapes), one, other)
    return np.isin(np.arange(len(shapes)), net)


@dataclass(frozen=True)
class RoadGraph:
    """The roads as one net: corners are joined along each road, and roads meet where they cross or touch.

    roads: a layer with columns class (ring, trunk, main or minor) and geometry (lines), WGS 84. Only the largest connected net is kept,
    so that every place can be reached from every other. Every road may be driven both ways. Raises NoRoads.
    """

    roads: geopandas.GeoDataFrame
    nodes: FloatArray = field(init=False, repr=False)  # (n, 2) latitude, longitude
    _plane: Plane = field(init=False, repr=False)
    _seconds: csr_array = field(init=False, repr=False)
    _near: cKDTree = field(init=False, repr=False)

    def __post_init__(self) -> None:
        lines = shapely.get_parts(self.roads.geometry.to_numpy())
        if not len(lines):
            raise NoRoads("no line in the layer")
        west, south, east, north = self.roads.total_bounds
        plane = Plane((south + north) / 2, (west + east) / 2)
        ends, speeds = _links(self.roads)
        places, numbers = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
        links = numbers.reshape(-1, 2)
        net = _largest(len(places), links[:, 0], links[:, 1])
        kept = np.isin(links[:, 0], net)
        links, speeds = np.searchsorted(net, links[kept]), speeds[kept]
        nodes = places[net][:, ::-1]
        metres = plane.metres(nodes)
        seconds = np.hypot(*(metres[links[:, 0]] - metres[links[:, 1]]).T) / speeds
        object.__setattr__(self, "nodes", nodes)
        object.__setattr__(self, "_plane", plane)
        object.__setattr__(self, "_seconds", _matrix(links, seconds, len(net)))
        object.__setattr__(self, "_near", cKDTree(metres))

    def nearest_node(self, place: Place) -> int:
        """Number of the junction or bend nearest to a place, by straight line. Raises NotADegree."""
        return int(self._near.query(self._plane.metres([place])[0])[1])

    def path(self, start: Place, end: Place) -> list[Place]:
        """The quickest way: the start, the corners of the roads between, the end. Raises NotADegree."""
        first, last = self.nearest_node(start), self.nearest_node(end)
        _, before = dijkstra(self._seconds, indices=[last], return_predecessors=True)
        way = [first]
        while way[-1] != last:
            way.append(int(before[0, way[-1]]))  # seen from the end, so that the way comes out in its order
        corners = [(float(lat), float(lon)) for lat, lon in self.nodes[way]]
        return [start, *(corner for corner in corners if corner not in (start, end)), end]

    def seconds_from(self, place: Place) -> FloatArray:
        """Seconds from a place to every node (n,), the way to the nearest node included. Raises NotADegree."""
        far_m, node = self._near.query(self._plane.metres([place])[0])
        return np.asarray(dijkstra(self._seconds, indices=[int(node)])[0] + far_m / OFF_ROAD_MPS, np.float64)

    def seconds_to(self, places: ArrayLike, end: Place) -> FloatArray:
        """Seconds from each of the places (n, 2) to one. Raises NotADegree."""
        far_m, nodes = self._near.query(self._plane.metres(checked_arrays(places)))
        return np.asarray(self.seconds_from(end)[nodes] + far_m / OFF_ROAD_MPS, np.float64)

    def metres_of(self, place: Place) -> float:
        """How far a place lies from the nearest node, in metres. Raises NotADegree."""
        return float(self._near.query(self._plane.metres([place])[0])[0])


def _links(roads: geopandas.GeoDataFrame) -> tuple[FloatArray, FloatArray]:
    """All straight pieces between two corners or junctions: ends (n, 2, 2) as longitude, latitude, and the speed on each."""
    lines, owners = shapely.get_parts(roads.geometry.to_numpy(), return_index=True)
    speed_of = np.array([SPEEDS_MPS.get(kind, UNKNOWN_MPS) for kind in roads["class"]])[owners]
    pieces = shapely.get_parts(shapely.node(shapely.multilinestrings(lines)))
    corners, piece_of = shapely.get_coordinates(pieces, return_index=True)
    same = piece_of[:-1] == piece_of[1:]
    ends = np.stack([corners[:-1][same], corners[1:][same]], axis=1)
    middles = shapely.points(ends.mean(axis=1))
    owner = shapely.STRtree(lines).query_nearest(middles, all_matches=False)[1]
    return ends, speed_of[owner]


def _largest(count: int, one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.intp]:
    """Numbers, in order, of the largest set of things that are joined by pairs."""
    joined = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(count, count))
    _, label = connected_components(joined, directed=False)
    return np.flatnonzero(label == np.argmax(np.bincount(label)))


def _matrix(links: NDArray[np.intp], seconds: FloatArray, count: int) -> csr_array:
    """The net both ways; of two pieces between the same ends the quicker one counts."""
    both = np.vstack([links, links[:, ::-1]])
    twice = np.concatenate([seconds, seconds])
    slow_first = np.lexsort((-twice, both[:, 1], both[:, 0]))
    keys = both[slow_first, 0] * count + both[slow_first, 1]
    quickest = np.concatenate([keys[:-1] != keys[1:], [True]])
    rows = slow_first[quickest]
    return csr_array((twice[rows], (both[rows, 0], both[rows, 1])), shape=(count, count))

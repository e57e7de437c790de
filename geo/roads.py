"""A graph of roads: the way from one place to another, and seconds from one place to every junction and bend."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from geo.coordinates import FloatArray, Place, Plane, checked_arrays

if TYPE_CHECKING:  # takes most of a second to import, and who reads a kept graph needs none of it
    import geopandas

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


@dataclass(frozen=True, slots=True)
class Way:
    """How one comes from one place to another by road: the time with nobody in the way, the length, all corners with both places."""

    seconds: float
    metres: float
    corners: list[Place]


@dataclass(frozen=True)
class RoadGraph:
    """The roads as one net: corners are joined along each road, and roads meet where they cross or touch.

    nodes (n, 2): latitude, longitude of each junction and bend. Every place can be reached from every other, every road driven both ways.
    """

    nodes: FloatArray
    _plane: Plane = field(repr=False)
    _seconds: csr_array = field(repr=False)
    _near: cKDTree = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_near", cKDTree(self._plane.metres(self.nodes)))

    @classmethod
    def of(cls, roads: "geopandas.GeoDataFrame") -> "RoadGraph":
        """From a layer with columns class (ring, trunk, main or minor) and geometry (lines), WGS 84; its largest connected net.

        Raises NoRoads.
        """
        lines = shapely.get_parts(roads.geometry.to_numpy())
        if not len(lines):
            raise NoRoads("no line in the layer")
        west, south, east, north = roads.total_bounds
        plane = Plane((south + north) / 2, (west + east) / 2)
        ends, speeds = _links(roads)
        places, numbers = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
        links = numbers.reshape(-1, 2)
        net = _largest(len(places), links[:, 0], links[:, 1])
        kept = np.isin(links[:, 0], net)
        links, speeds = np.searchsorted(net, links[kept]), speeds[kept]
        nodes = places[net][:, ::-1]
        metres = plane.metres(nodes)
        seconds = np.hypot(*(metres[links[:, 0]] - metres[links[:, 1]]).T) / speeds
        return cls(nodes, plane, _matrix(links, seconds, len(net)))

    def write(self, path: Path) -> None:
        """Keep it, so that it need not be made again: reading takes milliseconds, making a second and more."""
        net = self._seconds
        middle = np.array([self._plane.lat, self._plane.lon])
        with path.open("wb") as file:
            np.savez(file, nodes=self.nodes, plane=middle, data=net.data, indices=net.indices, indptr=net.indptr)

    @classmethod
    def read(cls, path: Path) -> "RoadGraph":
        """What `write` kept. Raises OSError, ValueError, KeyError for a file that is none."""
        with np.load(path, allow_pickle=False) as kept:
            nodes, (lat, lon) = kept["nodes"], kept["plane"].tolist()
            return cls(nodes, Plane(lat, lon), csr_array((kept["data"], kept["indices"], kept["indptr"]), shape=(len(nodes), len(nodes))))

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

    def ways(self, starts: Sequence[Place], end: Place) -> list[Way]:
        """The quickest way from each of the places to one, in their order: straight to the road, along it, straight from it.

        Raises NotADegree.
        """
        if not starts:
            return []
        feet = self._feet([*starts, end])
        last = feet[-1]
        seconds, before = dijkstra(self._seconds, indices=list(last.ends), return_predecessors=True)
        return [self._way(start, end, foot, last, seconds, before) for start, foot in zip(starts, feet, strict=False)]

    def _way(self, start: Place, end: Place, foot: "_Foot", last: "_Foot", seconds: FloatArray, before: NDArray[np.int32]) -> Way:
        """seconds, before (2, n): from either end of the last piece; before: each node's next one there, below zero at that end itself."""
        options = [(foot.seconds[k] + float(seconds[j, node]) + last.seconds[j], k, j) for k, node in enumerate(foot.ends) for j in (0, 1)]
        driven, k, j = min(options)
        nodes = [foot.ends[k]]
        while (after := int(before[j, nodes[-1]])) >= 0:
            nodes.append(after)
        if set(foot.ends) == set(last.ends):  # on the same piece of road
            along = abs(foot.seconds[foot.ends.index(last.ends[0])] - last.seconds[0])
            driven, nodes = (along, []) if along <= driven else (driven, nodes)
        corners = [start, foot.place, *((float(lat), float(lon)) for lat, lon in self.nodes[nodes]), last.place, end]
        steps = np.diff(self._plane.metres(corners), axis=0)
        return Way(driven + (foot.off_m + last.off_m) / OFF_ROAD_MPS, float(np.hypot(steps[:, 0], steps[:, 1]).sum()), corners)

    def _feet(self, places: Sequence[Place]) -> "list[_Foot]":
        """Where each of the places comes onto the road."""
        points = shapely.points(self._plane.metres(places))
        numbers = self._pieces.tree.nearest(points)
        lines = self._pieces.tree.geometries[numbers]
        along = shapely.line_locate_point(lines, points, normalized=True)
        feet = self._plane.latlon(shapely.get_coordinates(shapely.line_interpolate_point(lines, along, normalized=True)))
        ends, times, off = self._pieces.ends[numbers], self._pieces.seconds[numbers], shapely.distance(lines, points)
        return [
            _Foot((float(lat), float(lon)), (int(a), int(b)), (float(part * time), float((1 - part) * time)), float(far))
            for (lat, lon), (a, b), part, time, far in zip(feet, ends, along, times, off, strict=True)
        ]

    @cached_property
    def _pieces(self) -> "_Pieces":
        net = self._seconds.tocoo()
        once = net.row < net.col
        ends = np.stack([net.row[once], net.col[once]], axis=1).astype(np.int32)
        return _Pieces(ends, net.data[once], shapely.STRtree(shapely.linestrings(self._plane.metres(self.nodes)[ends])))

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


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Every straight piece of road once: the numbers of its two nodes (n, 2), the seconds on it (n,), its line on the plane of metres."""

    ends: NDArray[np.int32]
    seconds: FloatArray
    tree: shapely.STRtree


@dataclass(frozen=True, slots=True)
class _Foot:
    """Where one comes onto the road: the place on it, the nodes at both ends of that piece, the seconds to each, the metres off."""

    place: Place
    ends: tuple[int, int]
    seconds: tuple[float, float]
    off_m: float


def _links(roads: "geopandas.GeoDataFrame") -> tuple[FloatArray, FloatArray]:
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

"""A graph of roads: the way from one place to another, and seconds from one place to every junction and bend."""

from collections.abc import Iterable, Sequence
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
from geo.turns import Turn, numbered, split

if TYPE_CHECKING:  # takes most of a second to import, and who reads a kept graph needs none of it
    import geopandas

# Metres a second when nobody is in the way, by class of road; 80, 60, 45, 28, 14 and 18 km/h.
SPEEDS_MPS = {"ring": 22.0, "trunk": 17.0, "main": 12.5, "minor": 8.0, "service": 4.0}
UNKNOWN_MPS = 5.0
OFF_ROAD_MPS = 3.0  # from the door to the road, on foot or through a yard


_Towards = tuple[FloatArray, NDArray[np.int32]]


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
    """The roads as one net: corners are joined along each road. Every place can be reached from every other, by one-way roads as they run.

    nodes (n, 2): latitude, longitude of each junction and bend; _seconds: from each state (row) to the next ones (column); _at: the node
    of each state, for at some nodes one stands in several ways: there it counts from where one came (`geo.turns`).
    """

    nodes: FloatArray
    _plane: Plane = field(repr=False)
    _seconds: csr_array = field(repr=False)
    _at: NDArray[np.int32] = field(repr=False)
    _near: cKDTree = field(init=False, repr=False)
    _standing: tuple[NDArray[np.intp], NDArray[np.intp]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_near", cKDTree(self._plane.metres(self.nodes)))
        order = np.argsort(self._at, kind="stable")
        object.__setattr__(self, "_standing", (order, np.searchsorted(self._at[order], np.arange(len(self.nodes) + 1))))

    @classmethod
    def of(cls, roads: "geopandas.GeoDataFrame") -> "RoadGraph":
        """From a layer with columns class (ring, trunk, main or minor) and geometry (lines), WGS 84; its largest connected net.

        Raises NoRoads.
        """
        lines = shapely.get_parts(roads.geometry.to_numpy())
        if not len(lines):
            raise NoRoads("no line in the layer")
        ends, speeds = _links(roads)
        both = np.ones(len(ends), bool)
        return cls.of_pieces(ends, speeds, both, both)

    @classmethod
    def of_pieces(
        cls, ends: FloatArray, speeds_mps: FloatArray, there: NDArray[np.bool_], back: NDArray[np.bool_], turns: Iterable[Turn] = ()
    ) -> "RoadGraph":
        """From straight pieces: ends (n, 2, 2) as longitude, latitude, joined where the same; there, back: whether it is driven so.

        turns: what is forbidden at corners.

        What cannot be left again, or not be reached, is left out. Raises NoRoads.
        """
        if not len(ends):
            raise NoRoads("no road")
        places, numbers = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
        links = numbers.reshape(-1, 2)
        arcs = np.vstack([links[there], links[back][:, ::-1]])
        speeds = np.concatenate([speeds_mps[there], speeds_mps[back]])
        (west, south), (east, north) = places.min(axis=0).tolist(), places.max(axis=0).tolist()
        plane = Plane((south + north) / 2, (west + east) / 2)
        metres = plane.metres(places[:, ::-1])
        seconds = np.hypot(*(metres[arcs[:, 0]] - metres[arcs[:, 1]]).T) / speeds
        net = split(arcs, seconds, len(places), numbered(turns, places))
        states = _largest(len(net.at), net.arcs[:, 0], net.arcs[:, 1], directed=True)
        if len(states) < 2:
            raise NoRoads("no road on which one could go anywhere")
        kept = np.isin(net.arcs, states).all(axis=1)
        nodes, at = np.unique(net.at[states], return_inverse=True)
        matrix = _matrix(np.searchsorted(states, net.arcs[kept]), net.seconds[kept], len(states))
        return cls(places[nodes][:, ::-1], plane, matrix, at.astype(np.int32))

    def write(self, path: Path) -> None:
        """Keep it, so that it need not be made again: reading takes milliseconds, making a second and more."""
        net = self._seconds
        middle = np.array([self._plane.lat, self._plane.lon])
        with path.open("wb") as file:
            np.savez(file, nodes=self.nodes, plane=middle, data=net.data, indices=net.indices, indptr=net.indptr, at=self._at)

    @classmethod
    def read(cls, path: Path) -> "RoadGraph":
        """What `write` kept. Raises OSError, ValueError, KeyError for a file that is none."""
        with np.load(path, allow_pickle=False) as kept:
            nodes, (lat, lon) = kept["nodes"], kept["plane"].tolist()
            at = kept["at"] if "at" in kept else np.arange(len(nodes), dtype=np.int32)  # of a file from before there were turns
            matrix = csr_array((kept["data"], kept["indices"], kept["indptr"]), shape=(len(at), len(at)))
            return cls(nodes, Plane(lat, lon), matrix, at)

    def nearest_node(self, place: Place) -> int:
        """Number of the junction or bend nearest to a place, by straight line. Raises NotADegree."""
        return int(self._near.query(self._plane.metres([place])[0])[1])

    def path(self, start: Place, end: Place) -> list[Place]:
        """The quickest way: the start, the corners of the roads between, the end. Raises NotADegree."""
        first, last = self.nearest_node(start), self.nearest_node(end)
        seconds, after = self._towards(self._states(last))
        states = [min(self._states(first), key=lambda state: float(seconds[state]))]
        while (state := int(after[states[-1]])) >= 0:
            states.append(state)
        corners = [(float(lat), float(lon)) for lat, lon in self.nodes[self._at[states]]]
        return [start, *(corner for corner in corners if corner not in (start, end)), end]

    def ways(self, starts: Sequence[Place], end: Place) -> list[Way]:
        """The quickest way from each of the places to one, in their order: straight to the road, along it, straight from it.

        Raises NotADegree.
        """
        if not starts:
            self._pieces.tree.nearest(shapely.Point(0, 0))  # whoever asks for nothing prepares it for the next
            return []
        feet = self._feet([*starts, end])
        last = feet[-1]
        by_end = [self._towards(self._entering(last, j)) for j in (0, 1)]
        return [self._way(start, end, foot, last, by_end) for start, foot in zip(starts, feet, strict=False)]

    def _way(self, start: Place, end: Place, foot: "_Foot", last: "_Foot", by_end: list[_Towards]) -> Way:
        """by_end: what leads to either end of the last piece, so that it can be driven from there."""
        options = [
            (foot.away[k] + float(by_end[j][0][state]) + last.there[j], state, j)
            for k in (0, 1)
            for state in self._leaving(foot, k)
            for j in (0, 1)
        ]
        driven, state, j = min(options, default=(np.inf, -1, 0))
        states = []
        while state >= 0:
            states.append(state)
            state = int(by_end[j][1][state])
        if foot.piece == last.piece:  # on the same piece of road
            along = self._pieces.along(foot, last)
            driven, states = (along, []) if along <= driven else (driven, states)
        corners = [start, foot.place, *((float(lat), float(lon)) for lat, lon in self.nodes[self._at[states]]), last.place, end]
        steps = np.diff(self._plane.metres(corners), axis=0)
        return Way(driven + (foot.off_m + last.off_m) / OFF_ROAD_MPS, float(np.hypot(steps[:, 0], steps[:, 1]).sum()), corners)

    def _states(self, node: int) -> list[int]:
        order, starts = self._standing
        found: list[int] = order[starts[node] : starts[node + 1]].tolist()
        return found

    def _next(self, state: int) -> list[int]:
        net = self._seconds
        found: list[int] = net.indices[net.indptr[state] : net.indptr[state + 1]].tolist()
        return found

    def _entering(self, last: "_Foot", j: int) -> list[int]:
        """The states at this end of the last piece from which it may be driven; all of them where it need not be."""
        states = self._states(last.ends[j])
        if last.there[j] == 0 or len(states) == 1:
            return states
        beyond = last.ends[1 - j]
        return [state for state in states if any(self._at[after] == beyond for after in self._next(state))]

    def _leaving(self, foot: "_Foot", k: int) -> list[int]:
        """How one stands at this end of a piece who has driven along it; as one likes where one begins there."""
        states = self._states(foot.ends[k])
        if foot.away[k] == 0 or len(states) == 1:
            return states
        coming = self._states(foot.ends[1 - k])
        return sorted({after for state in coming for after in self._next(state) if self._at[after] == foot.ends[k]})

    def _towards(self, states: list[int]) -> _Towards:
        """Seconds (n,) from each state to the nearest of these, and each one's next one on the way there, below zero at its end."""
        count = self._seconds.shape[0]
        if not states:
            return np.full(count, np.inf), np.full(count, -1, np.int32)
        seconds, after, _ = dijkstra(self._back, indices=states, return_predecessors=True, min_only=True)
        return seconds, after

    def _feet(self, places: Sequence[Place]) -> "list[_Foot]":
        """Where each of the places comes onto the road."""
        points = shapely.points(self._plane.metres(places))
        numbers = self._pieces.tree.nearest(points)
        lines = self._pieces.tree.geometries[numbers]
        parts = shapely.line_locate_point(lines, points, normalized=True)
        feet = self._plane.latlon(shapely.get_coordinates(shapely.line_interpolate_point(lines, parts, normalized=True)))
        off_m = shapely.distance(lines, points)
        return [
            self._pieces.foot((float(lat), float(lon)), int(number), float(part), float(far))
            for (lat, lon), number, part, far in zip(feet, numbers, parts, off_m, strict=True)
        ]

    @cached_property
    def _pieces(self) -> "_Pieces":
        net = self._seconds.tocoo()
        arcs, count = self._at[np.stack([net.row, net.col], axis=1)], len(self.nodes)
        keys = np.unique(arcs.min(axis=1).astype(np.int64) * count + arcs.max(axis=1))
        pairs = np.stack(np.divmod(keys, count), axis=1).astype(np.int32)
        there, back = (_seconds_of(arcs, net.data, count, pairs[:, [a, b]]) for a, b in ((0, 1), (1, 0)))
        return _Pieces(pairs, there, back, shapely.STRtree(shapely.linestrings(self._plane.metres(self.nodes)[pairs])))

    @cached_property
    def _back(self) -> csr_array:
        """The net the other way: from an end one then sees from where, and how long, one comes to it."""
        return csr_array(self._seconds.T)

    def seconds_from(self, place: Place) -> FloatArray:
        """Seconds from a place to every node (n,), the way to the nearest node included. Raises NotADegree."""
        return self._seconds_at(self._seconds, place)

    def seconds_to(self, places: ArrayLike, end: Place) -> FloatArray:
        """Seconds from each of the places (n, 2) to one. Raises NotADegree."""
        far_m, nodes = self._near.query(self._plane.metres(checked_arrays(places)))
        return np.asarray(self._seconds_at(self._back, end)[nodes] + far_m / OFF_ROAD_MPS, np.float64)

    def _seconds_at(self, net: csr_array, place: Place) -> FloatArray:
        far_m, node = self._near.query(self._plane.metres([place])[0])
        by_state = dijkstra(net, indices=self._states(int(node)), min_only=True)
        seconds = by_state[self._standing[0]]
        if len(by_state) > len(self.nodes):
            seconds = np.minimum.reduceat(seconds, self._standing[1][:-1])
        return np.asarray(seconds + far_m / OFF_ROAD_MPS, np.float64)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Every straight piece of road once: its two nodes (n, 2), the seconds there and back (n,), infinite where nobody drives; its line."""

    ends: NDArray[np.int32]
    there: FloatArray
    back: FloatArray
    tree: shapely.STRtree

    def foot(self, place: Place, number: int, part: float, off_m: float) -> "_Foot":
        """At this part of a piece."""
        (one, other), there, back = self.ends[number].tolist(), float(self.there[number]), float(self.back[number])
        away, to = (_some(part, back), _some(1 - part, there)), (_some(part, there), _some(1 - part, back))
        return _Foot(place, number, part, (one, other), away, to, off_m)

    def along(self, foot: "_Foot", last: "_Foot") -> float:
        """From the one to the other on the same piece."""
        part = last.part - foot.part
        return _some(abs(part), float((self.there if part > 0 else self.back)[foot.piece]))


def _some(part: float, seconds: float) -> float:
    """At the very end of a piece one stands on the node, whichever way the road runs."""
    return part * seconds if part > 0 else 0.0


@dataclass(frozen=True, slots=True)
class _Foot:
    """Where one comes onto the road. part: of the piece, from its first end; away, there: the seconds to and from each of its ends."""

    place: Place
    piece: int
    part: float
    ends: tuple[int, int]
    away: tuple[float, float]
    there: tuple[float, float]
    off_m: float


def _seconds_of(arcs: NDArray[np.int32], seconds: FloatArray, count: int, pairs: NDArray[np.int32]) -> FloatArray:
    """From the first to the second of each pair (n, 2); infinite where no road leads. arcs (m, 2): whichever of two the same."""
    keys = arcs[:, 0].astype(np.int64) * count + arcs[:, 1]
    order = np.argsort(keys)
    sought = pairs[:, 0].astype(np.int64) * count + pairs[:, 1]
    at = np.minimum(np.searchsorted(keys, sought, sorter=order), len(keys) - 1)
    found = keys[order][at] == sought
    return np.where(found, seconds[order][at], np.inf)


def crossed(lines: Any, owners: NDArray[np.intp]) -> tuple[Any, NDArray[np.intp]]:
    """Lines cut where they cross or touch, and whose each piece is."""
    pieces = shapely.get_parts(shapely.node(shapely.multilinestrings(lines)))
    middles = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    return pieces, owners[shapely.STRtree(lines).query_nearest(middles, all_matches=False)[1]]


def _links(roads: "geopandas.GeoDataFrame") -> tuple[FloatArray, FloatArray]:
    """All straight pieces between two corners or junctions: ends (n, 2, 2) as longitude, latitude, and the speed on each."""
    pieces, owners = crossed(*shapely.get_parts(roads.geometry.to_numpy(), return_index=True))
    speed_of = np.array([SPEEDS_MPS.get(kind, UNKNOWN_MPS) for kind in roads["class"]])[owners]
    corners, piece_of = shapely.get_coordinates(pieces, return_index=True)
    same = piece_of[:-1] == piece_of[1:]
    return np.stack([corners[:-1][same], corners[1:][same]], axis=1), speed_of[piece_of[:-1][same]]


def _largest(count: int, one: NDArray[np.intp], other: NDArray[np.intp], directed: bool = False) -> NDArray[np.intp]:
    """Numbers, in order, of the largest set of things that are joined by pairs; directed: each reached from each along the pairs."""
    joined = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(count, count))
    _, label = connected_components(joined, directed=directed, connection="strong")
    return np.flatnonzero(label == np.argmax(np.bincount(label)))


def _matrix(arcs: NDArray[np.intp], seconds: FloatArray, count: int) -> csr_array:
    """The net; of two arcs between the same ends the quicker one counts."""
    slow_first = np.lexsort((-seconds, arcs[:, 1], arcs[:, 0]))
    keys = arcs[slow_first, 0] * count + arcs[slow_first, 1]
    quickest = np.concatenate([keys[:-1] != keys[1:], [True]])
    rows = slow_first[quickest]
    return csr_array((seconds[rows], (arcs[rows, 0], arcs[rows, 1])), shape=(count, count))

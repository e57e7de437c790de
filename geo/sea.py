"""The sea, from coastlines as OpenStreetMap has them (land on the left): closed against the edge of the extract, or left out and said so.

A coast that is broken must never flood a city: where it ends in the middle, the nearest end or the frame closes it, and what then would
be sea is looked at again. A part that holds about as many houses and streets as the land is no sea.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.coordinates import FloatArray, Plane

Bounds = tuple[float, float, float, float]  # west, south, east, north

NEAR_PART = 0.03  # of the frame's shorter side: a coast that ends so near to the frame was cut by it
NEAR_M = (100.0, 1_000.0)  # but at least and at most so near
FEW = 3  # houses and streets: a pier has as many
DRY = 0.25  # of the land's houses and streets a square kilometre: what holds more is land
CORNERS_MOST = 2_000  # of one area: a tile is cut out of each, and a whole coast in one would be gone through for every tile
OVERLAP_DEG = 2e-5  # two metres: areas that only touch would show a hair between them


@dataclass(frozen=True, slots=True)
class Sea:
    """areas: of water, WGS 84. closed: ends of coasts that did not meet and were joined; dry: parts left out because they hold a city."""

    areas: list[BaseGeometry]
    closed: int = 0
    dry: int = 0


def sea_of(coasts: Sequence[BaseGeometry], frame: Bounds, things: FloatArray) -> Sea:
    """coasts: lines; frame: what the extract shows; things (n, 2): longitude, latitude of houses and streets, by which land is known."""
    box = shapely.box(*frame)
    lines = shapely.get_parts(shapely.intersection(np.asarray(coasts, object), box)) if len(coasts) else np.array([], object)
    lines = lines[(shapely.get_type_id(lines) == 1) & ~shapely.is_empty(lines)]
    if not len(lines):
        return Sea([])
    west, south, east, north = frame
    plane = Plane((south + north) / 2, (west + east) / 2)
    chains, closed = _closed(_merged(lines), box, plane)
    cells = _cells(chains, box)
    wet = cells[_is_wet(cells, lines)]
    dry = _holds_a_city(wet, box, things, plane)
    return Sea([piece for cell in wet[~dry] for piece in _cut(cell)], closed, int(dry.sum()))


def _merged(lines: NDArray[Any]) -> list[FloatArray]:
    """Coasts joined where one begins at the end of another, each in its direction, as corners (n, 2)."""
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines), directed=True))
    return [shapely.get_coordinates(line) for line in merged]


# --- ends that do not meet --------------------------------------------------------------------------------------------------------


def _closed(chains: list[FloatArray], box: BaseGeometry, plane: Plane) -> tuple[list[FloatArray], int]:
    """Every open coast goes on to the frame or to the next beginning of one, whichever is nearer; how many were joined in the middle."""
    open_ones = [chain for chain in chains if not np.array_equal(chain[0], chain[-1])]
    done = [chain for chain in chains if np.array_equal(chain[0], chain[-1])]
    if not open_ones:
        return done, 0
    edge = _metres(shapely.get_exterior_ring(box), plane)
    west, south, east, north = shapely.bounds(edge)
    near_m = float(np.clip(NEAR_PART * min(east - west, north - south), *NEAR_M))
    begins = shapely.points(plane.metres([chain[0][::-1] for chain in open_ones]))
    ends = shapely.points(plane.metres([chain[-1][::-1] for chain in open_ones]))
    nexts = _pairs(ends, begins, shapely.distance(ends, edge), shapely.distance(begins, edge), near_m)
    joined = set(nexts.values())
    links: list[FloatArray] = [np.stack([open_ones[one][-1], open_ones[other][0]]) for one, other in nexts.items()]
    loose = [point for number, point in enumerate(ends) if number not in nexts]
    loose += [point for number, point in enumerate(begins) if number not in joined]
    # the way out to the frame is no coast: it only parts the areas on its two sides, and runs in no direction that counts
    links += [_degrees(shapely.shortest_line(point, edge), plane) for point in loose if shapely.distance(point, edge) > 0]
    far = sum(float(shapely.distance(point, edge)) > near_m for point in loose)
    return [*done, *open_ones, *links], len(nexts) + far


def _pairs(ends: Any, begins: Any, ends_out_m: FloatArray, begins_out_m: FloatArray, near_m: float) -> dict[int, int]:
    """Which end goes on at which beginning: the nearest first, none twice, and none where the frame is as near as a cut leaves it."""
    inner_ends, inner_begins = np.flatnonzero(ends_out_m > near_m), np.flatnonzero(begins_out_m > near_m)
    if not len(inner_ends) or not len(inner_begins):
        return {}
    far = shapely.distance(ends[inner_ends][:, None], begins[inner_begins][None, :])
    nexts: dict[int, int] = {}
    for at in np.argsort(far, axis=None):
        one, other = divmod(int(at), len(inner_begins))
        end, begin = int(inner_ends[one]), int(inner_begins[other])
        if far[one, other] > max(ends_out_m[end], begins_out_m[begin]):
            break
        if end not in nexts and begin not in nexts.values():
            nexts[end] = begin
    return nexts


def _metres(shape: BaseGeometry, plane: Plane) -> BaseGeometry:
    return shapely.transform(shape, lambda lonlat: plane.metres(lonlat[:, ::-1]))


def _degrees(shape: BaseGeometry, plane: Plane) -> FloatArray:
    return plane.latlon(shapely.get_coordinates(shape))[:, ::-1]


# --- which areas are water --------------------------------------------------------------------------------------------------------


def _cells(chains: list[FloatArray], box: BaseGeometry) -> NDArray[Any]:
    """The areas into which coasts and frame part the extract."""
    longest = 2 * float(np.hypot(*np.subtract(box.bounds[2:], box.bounds[:2])))
    reaching = [_reaching(chain, box, longest) for chain in chains]
    net = shapely.node(shapely.multilinestrings([*(shapely.linestrings(chain) for chain in reaching), shapely.get_exterior_ring(box)]))
    cells: NDArray[Any] = shapely.get_parts(shapely.polygonize(shapely.get_parts(net)))
    return cells


def _reaching(chain: FloatArray, box: BaseGeometry, longest: float) -> FloatArray:
    """A line that ends on the frame goes on a hair beyond it: degrees have decimals, and a hair short would part nothing."""
    west, south, east, north = box.bounds
    reach = longest * 1e-6
    ends = chain[[0, -1]]
    beyond = ends.copy()
    beyond[:, 0] += 2 * reach * (np.isclose(ends[:, 0], east, 0, reach).astype(int) - np.isclose(ends[:, 0], west, 0, reach))
    beyond[:, 1] += 2 * reach * (np.isclose(ends[:, 1], north, 0, reach).astype(int) - np.isclose(ends[:, 1], south, 0, reach))
    return np.vstack([beyond[:1], chain, beyond[1:]])


def _is_wet(cells: NDArray[Any], lines: NDArray[Any]) -> NDArray[np.bool_]:
    """By the coast along each area: water where more of it has the area on its right than on its left."""
    coasts = _segments(lines)
    tree = shapely.STRtree(shapely.linestrings(coasts))
    wet = np.zeros(len(cells), bool)
    for number, cell in enumerate(shapely.orient_polygons(cells)):  # the area is on the left of its outer ring and of its holes
        edges = _segments(shapely.get_rings(cell))
        middles = shapely.points(edges.mean(axis=1))
        own, near = tree.query_nearest(middles, max_distance=1e-7, all_matches=False)
        along, coast = edges[own, 1] - edges[own, 0], coasts[near, 1] - coasts[near, 0]
        side = np.hypot(*along.T) * np.sign((along * coast).sum(axis=1))
        wet[number] = bool(side.sum() < 0)
    return wet


def _segments(lines: Any) -> FloatArray:
    """All straight pieces (n, 2, 2)."""
    corners, owner = shapely.get_coordinates(np.asarray(lines, object), return_index=True)
    same = owner[:-1] == owner[1:]
    return np.stack([corners[:-1][same], corners[1:][same]], axis=1)


def _holds_a_city(wet: NDArray[Any], box: BaseGeometry, things: FloatArray, plane: Plane) -> NDArray[np.bool_]:
    """Of each area: more than a few houses and streets, and about as many a square kilometre as outside of all of them."""
    if not len(wet) or not len(things):
        return np.zeros(len(wet), bool)
    areas = np.array([shapely.area(_metres(cell, plane)) for cell in wet])
    points = shapely.points(things[shapely.contains_xy(box, things[:, 0], things[:, 1])])
    shapely.prepare(wet)
    found = np.bincount(shapely.STRtree(wet).query(points, predicate="within")[1], minlength=len(wet))
    land_m2 = max(float(shapely.area(_metres(box, plane))) - float(areas.sum()), 1.0)
    on_land = max(len(points) - int(found.sum()), 0) / land_m2
    return np.asarray((found > FEW) & (found / areas > DRY * on_land), bool)


def _cut(area: BaseGeometry) -> list[BaseGeometry]:
    """The area in pieces of few corners, which overlap a little."""
    if shapely.get_num_coordinates(area) <= CORNERS_MOST:
        return [area]
    west, south, east, north = shapely.bounds(area)
    if east - west > north - south:
        middle = (west + east) / 2
        halves = (west, south, middle + OVERLAP_DEG, north), (middle - OVERLAP_DEG, south, east, north)
    else:
        middle = (south + north) / 2
        halves = (west, south, east, middle + OVERLAP_DEG), (west, middle - OVERLAP_DEG, east, north)
    parts = [part for half in halves for part in shapely.get_parts(shapely.intersection(area, shapely.box(*half)))]
    return [piece for part in parts if part.geom_type == "Polygon" for piece in _cut(part)]

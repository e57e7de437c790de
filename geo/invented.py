"""The invented 清溪区, the same for the same seed: boundary, streets, communities, river, towns, roads, hills, places.

The sketch is bent a little by the seed; what is too small to draw by hand grows from it: 177 communities, town streets, buildings, lanes.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import geopandas
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import cKDTree

from geo import sketch
from geo.coordinates import FloatArray, Place, Plane
from geo.curves import blob, ribbon, smooth
from geo.roads import connected
from geo.townscape import build_town

Frame: TypeAlias = geopandas.GeoDataFrame
Ground = Callable[[ArrayLike], FloatArray]  # from the sketch to metres

PLANE = Plane(*sketch.CENTRE)
STEP_M = 450.0  # corners of a road: 70 m beside the curve at the tightest bend, invisible on a wall
TRIES = 30

FIRST = "青云北南东西上下大小长金玉石松柳梅竹桃杏槐桂枫榆清白红紫新安平和永丰泰祥"
SECOND = "桥塘湾河岭坡埠渡洲坪沟泉井园亭庙集店庄堰畈湖林台"


@dataclass(frozen=True, slots=True)
class InventedDistrict:
    """All layers, WGS 84.

    boundary: name. streets: id, name, kind (街道 or 镇), communities (count), lat, lon (where the label stands).
    communities: id, name, street (the street's name); a partition of the district. river: name, kind (river or lake).
    towns: built-up areas. blocks: their buildings, one row a town. roads: name, class (ring, trunk, main, minor); one connected net.
    railway, contours: lines. places: name, kind (court, bridge, factory, market, station, hospital, hill).
    Rivers and wide roads run on beyond the boundary.
    """

    seed: int
    boundary: Frame
    streets: Frame
    communities: Frame
    river: Frame
    towns: Frame
    blocks: Frame
    roads: Frame
    railway: Frame
    contours: Frame
    places: Frame

    def layers(self) -> dict[str, Frame]:
        """Every layer by its name."""
        names = ("boundary", "streets", "communities", "river", "towns", "blocks", "roads", "railway", "contours", "places")
        return {name: getattr(self, name) for name in names}

    @property
    def court(self) -> Place:
        """Where the court stands."""
        return self.place("清溪区人民法院")

    def place(self, name: str) -> Place:
        """A named place. Raises KeyError."""
        found = self.places.geometry[self.places["name"] == name]
        if found.empty:
            raise KeyError(name)
        return float(found.iloc[0].y), float(found.iloc[0].x)


@dataclass(frozen=True, slots=True)
class _Shapes:
    """What was drawn, in metres."""

    boundary: shapely.Polygon
    rivers: list[shapely.Polygon]
    lake: shapely.Polygon
    towns: list[shapely.Polygon]
    wide: list[shapely.LineString]

    @property
    def water(self) -> shapely.Geometry:
        return shapely.union_all([*self.rivers, self.lake])


def invent(seed: int = 20260112) -> InventedDistrict:
    """Draw the district of a seed, in about a second."""
    rng = np.random.default_rng(seed)
    ground = _bent(rng)
    shapes = _draw(rng, ground)
    obstacle = shapely.union_all([shapely.buffer(shapes.water, 120), *shapely.buffer(shapes.wide, 90)])
    built = [
        build_town(rng, area, town.turn_deg, town.block * sketch.SKETCH_M, obstacle)
        for area, town in zip(shapes.towns, sketch.TOWNS, strict=True)
    ]
    cells, street_of = _parted(rng, shapes, ground([street.site for street in sketch.STREETS]))
    banks = shapely.buffer(shapes.water, 60)
    town_streets = shapely.get_parts(shapely.difference([line for town in built for line in town.streets], banks))
    roads = _roads(shapes.wide, [*town_streets, *_lanes(rng, shapes, cells)])
    return InventedDistrict(
        seed=seed,
        boundary=_frame([shapely.union_all(cells)], name=["清溪区"]),
        streets=_streets(cells, street_of, ground),
        communities=_communities(rng, cells, street_of, shapes),
        river=_frame(
            [*shapes.rivers, shapes.lake],
            name=[*(river.name for river in sketch.RIVERS), sketch.LAKE.name],
            kind=["river", "river", "lake"],
        ),
        towns=_frame(shapes.towns),
        blocks=_frame([shapely.multipolygons(town.buildings) for town in built]),
        roads=roads,
        railway=_frame([shapely.LineString(smooth(ground(sketch.RAILWAY), STEP_M))], name=["清溪铁路"]),
        contours=_frame(_contours(rng, ground, shapes)),
        places=_places(ground, shapes, roads),
    )


def _bent(rng: np.random.Generator) -> Ground:
    """The seed's own way from the sketch to metres: all points are moved together by slow waves, so that what meets still meets."""
    waves = rng.normal(0, 1, (5, 2))
    waves *= 2 * math.pi / rng.uniform(350, 900, 5)[:, None] / np.hypot(*waves.T)[:, None]
    phases, lifts = rng.uniform(0, 2 * math.pi, (5, 2)), rng.uniform(1.5, 4.0, (5, 2))

    def ground(points: ArrayLike) -> FloatArray:
        drawn = np.asarray(points, np.float64).reshape(-1, 2)
        bend = (np.sin((drawn @ waves.T)[:, :, None] + phases) * lifts).sum(axis=1)
        return np.asarray((drawn + bend - sketch.MIDDLE) * (sketch.SKETCH_M, -sketch.SKETCH_M), np.float64)

    return ground


def _draw(rng: np.random.Generator, ground: Ground) -> _Shapes:
    boundary = shapely.Polygon(smooth(ground(sketch.BOUNDARY), 350, closed=True))
    rivers = []
    for river in sketch.RIVERS:
        table = np.array(river.points)
        rivers.append(ribbon(np.column_stack([ground(table[:, :2]), table[:, 2] * sketch.SKETCH_M]), 350))
    island = shapely.Polygon(smooth(ground(sketch.ISLAND), 200, closed=True))
    rivers[0] = rivers[0].difference(island)
    rivers[1] = rivers[1].difference(rivers[0]).difference(island)
    lake = shapely.Polygon(smooth(ground(np.array(sketch.LAKE.points)[:, :2]), 250, closed=True))
    towns: list[Any] = []
    for town in sketch.TOWNS:
        radii = town.radii[0] * sketch.SKETCH_M, town.radii[1] * sketch.SKETCH_M
        area = blob(rng, ground([town.centre])[0], radii, math.radians(town.turn_deg), 0.1)
        towns.append(shapely.intersection(area, shapely.buffer(boundary, -300)).difference(shapely.union_all([*towns, lake])))
    wide = [shapely.LineString(smooth(ground(road.points), STEP_M, road.closed)) for road in sketch.ROADS]
    return _Shapes(boundary, [_whole(river) for river in rivers], lake, [_whole(town) for town in towns], wide)


def _whole(shape: shapely.Geometry) -> shapely.Polygon:
    """The largest part of a shape that fell apart."""
    return max(shapely.get_parts(shape), key=shapely.area)


def _parted(rng: np.random.Generator, shapes: _Shapes, sites: FloatArray) -> tuple[list[shapely.Polygon], NDArray[np.intp]]:
    """The district as communities, and the street of each; every street is of one piece."""
    for _ in range(TRIES):
        seeds = _seeds(rng, shapes)
        cells = _cells(rng, shapes.boundary, seeds)
        street_of = _assigned(seeds, sites)
        if cells and all(
            shapely.union_all([cells[i] for i in np.flatnonzero(street_of == k)]).geom_type == "Polygon" for k in range(len(sites))
        ):
            return cells, street_of
    raise RuntimeError("no seed of the communities gave streets of one piece")


def _joined(cells: Sequence[Any], street_of: NDArray[np.intp], street: int) -> Any:
    return shapely.union_all([cells[number] for number in np.flatnonzero(street_of == street).tolist()])


def _seeds(rng: np.random.Generator, shapes: _Shapes) -> FloatArray:
    """Middles of 177 communities, evenly apart, denser where it is built up."""
    west, south, east, north = shapes.boundary.bounds
    dust = rng.uniform((west, south), (east, north), (16_000, 2))
    dust = dust[shapely.contains_xy(shapes.boundary, dust)]
    weight = np.where(shapely.contains_xy(shapely.union_all(shapes.towns), dust), 2.2, 1.0)
    count = sum(street.communities for street in sketch.STREETS)
    seeds: FloatArray = dust[rng.choice(len(dust), count, replace=False, p=weight / weight.sum())]
    for _ in range(12):
        owner = cKDTree(seeds).query(dust)[1]
        total = np.maximum(np.bincount(owner, weight, count), 1e-9)
        seeds = np.stack([np.bincount(owner, weight * dust[:, axis], count) / total for axis in (0, 1)], axis=1)
    return seeds


def _assigned(seeds: FloatArray, sites: FloatArray) -> NDArray[np.intp]:
    """The street of each community: each street gets its number of them, all together as near as can be."""
    places = np.repeat(np.arange(len(sites)), [street.communities for street in sketch.STREETS])
    cost = ((seeds[:, None, :] - sites[places][None, :, :]) ** 2).sum(axis=2)
    assigned: NDArray[np.intp] = places[min_weight_full_bipartite_matching(csr_array(cost))[1]]
    return assigned


def _cells(rng: np.random.Generator, boundary: shapely.Polygon, seeds: FloatArray) -> list[shapely.Polygon]:
    """The part of the district nearest to each seed, with borders that wander; empty if one of them wandered too far."""
    net = shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=shapely.buffer(boundary, 5_000), only_edges=True)
    pieces = shapely.get_parts(shapely.union_all([boundary.exterior, net]))
    inner = shapely.contains(boundary, shapely.line_interpolate_point(pieces, 0.5, normalized=True))
    rim = shapely.covers(shapely.buffer(boundary.exterior, 0.01), pieces)
    borders = [_wandering(rng, piece) for piece in pieces[inner & ~rim]]
    faces = shapely.get_parts(shapely.polygonize([*borders, *pieces[rim]]))
    points, owners = shapely.STRtree(faces).query(shapely.points(seeds), predicate="within")
    if len(faces) != len(seeds) or len(set(owners)) != len(seeds):
        return []
    return [faces[owner] for owner in owners[np.argsort(points)]]


def _wandering(rng: np.random.Generator, border: shapely.LineString) -> shapely.LineString:
    """A straight border, bent at its quarters as a brook or a path would."""
    start, end = np.array(border.coords)[[0, -1]]
    across = np.array([start[1] - end[1], end[0] - start[0]])
    if border.length < 600:
        return border
    at = np.array([0.25, 0.5, 0.75])[:, None]
    return shapely.LineString(np.vstack([start, start + at * (end - start) + rng.uniform(-0.05, 0.05, (3, 1)) * across, end]))


def _lanes(rng: np.random.Generator, shapes: _Shapes, cells: Sequence[shapely.Polygon]) -> list[shapely.LineString]:
    """A lane from every community outside the towns to the nearest road or lane, over no water; the nearest go first."""
    water, net = shapely.buffer(shapes.water, 60), shapely.get_coordinates(shapes.wide)
    net = net[shapely.contains_xy(shapes.boundary, net)]
    ends = np.array([cell.representative_point().coords[0] for cell in cells])
    ends = ends[~shapely.intersects_xy(shapely.union_all([*shapes.towns, water]), ends)]
    ends = ends[np.argsort(cKDTree(net).query(ends)[0])]
    lanes = []
    for end in ends:
        near = net[np.argsort(np.hypot(*(net - end).T))[:25]]
        middles = (near + end) / 2 + (near - end)[:, ::-1] * (-1, 1) * rng.uniform(-0.16, 0.16, (len(near), 1))
        ways = [shapely.LineString(smooth([end, middle, node], 500)) for middle, node in zip(middles, near, strict=True)]
        dry = [way for way in ways if way.length > 200 and not way.intersects(water)]
        if dry:
            lanes.append(dry[0])
            net = np.vstack([net, np.array(dry[0].coords)[:-1]])
    return lanes


def _roads(wide: list[shapely.LineString], minor: Iterable[shapely.LineString]) -> Frame:
    """All roads that can be reached from each other."""
    lines = [*wide, *minor]
    rest = len(lines) - len(wide)
    kinds = [road.kind for road in sketch.ROADS] + ["minor"] * rest
    names = [road.name for road in sketch.ROADS] + [""] * rest
    roads = _frame(lines, **{"name": names, "class": kinds})
    joined: Frame = roads[connected(roads.geometry.to_numpy())].reset_index(drop=True)
    return joined


def _contours(rng: np.random.Generator, ground: Ground, shapes: _Shapes) -> list[Any]:
    """Height lines of each hill: rings inside rings, each a little rounder than the one outside; none over water or towns."""
    flat = shapely.union_all([shapely.buffer(shapes.water, 200), *shapely.buffer(shapes.towns, 150)])
    turns = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    hills = []
    for centre, radius in sketch.HILLS:
        lean, phases, heights = rng.normal(0, 0.15, 2), rng.uniform(0, 2 * math.pi, 4), rng.normal(0, (0.16, 0.11, 0.06, 0.03))
        rings = []
        for level in range(7):
            size = radius * (1 - level * 0.135)
            bumps = sum(
                height * (1 - level * 0.08) * np.sin(turns * (wave + 2) + phase + level * 0.12)
                for wave, (height, phase) in enumerate(zip(heights, phases, strict=True))
            )
            ring = np.stack([np.cos(turns), np.sin(turns)], axis=1) * ((1 + bumps) * size)[:, None] + lean * (radius - size)
            rings.append(shapely.LinearRing(ground(ring + centre)))
        hills.append(shapely.difference(shapely.multilinestrings(rings), flat))
    return hills


def _streets(cells: Sequence[shapely.Polygon], street_of: NDArray[np.intp], ground: Ground) -> Frame:
    labels = _latlon(ground([street.label for street in sketch.STREETS])).round(5)
    return _frame(
        [_joined(cells, street_of, street) for street in range(len(sketch.STREETS))],
        id=[f"S{number:02}" for number in range(1, len(sketch.STREETS) + 1)],
        name=[street.name for street in sketch.STREETS],
        kind=["镇" if street.name.endswith("镇") else "街道" for street in sketch.STREETS],
        communities=[street.communities for street in sketch.STREETS],
        lat=labels[:, 0],
        lon=labels[:, 1],
    )


def _communities(rng: np.random.Generator, cells: Sequence[shapely.Polygon], street_of: NDArray[np.intp], shapes: _Shapes) -> Frame:
    """The communities street by street, from north to south in each: 社区 where it is built up, 村 where it is not."""
    order = sorted(range(len(cells)), key=lambda i: (street_of[i], -cells[i].centroid.y))
    built_up = shapely.union_all(shapes.towns)
    words = [first + second for first in FIRST for second in SECOND if first + second != "青石"]
    names = [words[i] for i in rng.permutation(len(words))[: len(cells)]]
    names[0] = "青石桥"
    streets = [int(street_of[i]) for i in order]
    town = [sketch.STREETS[k].name.endswith("街道") or built_up.intersects(cells[i].centroid) for i, k in zip(order, streets, strict=True)]
    within = [number - streets.index(street) + 1 for number, street in enumerate(streets)]
    return _frame(
        [cells[i] for i in order],
        id=[f"C{street + 1:02}{number:02}" for street, number in zip(streets, within, strict=True)],
        name=[name + ("社区" if built else "村") for name, built in zip(names, town, strict=True)],
        street=[sketch.STREETS[street].name for street in streets],
    )


def _places(ground: Ground, shapes: _Shapes, roads: Frame) -> Frame:
    """Named places; a bridge stands where a wide road really crosses the water nearest to where the sketch has it."""
    crossings = shapely.get_parts(shapely.intersection(shapes.wide, shapely.union_all(shapes.rivers)))
    middles = shapely.get_coordinates(shapely.line_interpolate_point(crossings, 0.5, normalized=True))
    bridges = middles[cKDTree(middles).query(ground(list(sketch.BRIDGES.values())))[1]]
    sites = ground([site for _, _, site in sketch.SITES])
    return _frame(
        list(shapely.points(np.vstack([sites, bridges]))),
        name=[name for name, _, _ in sketch.SITES] + list(sketch.BRIDGES),
        kind=[kind for _, kind, _ in sketch.SITES] + ["bridge"] * len(bridges),
    )


def _frame(shapes: Any, **columns: Any) -> Frame:
    """Shapes in metres as a layer in degrees, to a centimetre: corners that two shapes share stay shared."""
    degrees = shapely.transform(np.asarray(shapes, dtype=object), lambda metres: _latlon(metres)[:, ::-1].round(7))
    return geopandas.GeoDataFrame(columns or {"id": range(len(degrees))}, geometry=degrees, crs="EPSG:4326")


def _latlon(metres: ArrayLike) -> FloatArray:
    """What was drawn, brought to the district's size about its centre; everything shrinks alike, so the picture stays the same."""
    return PLANE.latlon(np.asarray(metres, np.float64) * sketch.SHRINK)

"""The inside of one invented town: a turned grid of streets, and buildings in its blocks."""

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geo.coordinates import FloatArray
from geo.curves import turned

EDGE_M = 90.0  # from the town's edge to the last building
KERB_M = 75.0  # from a street's middle to a wall; the sketch's streets are wide, as on any map of a whole district


@dataclass(frozen=True, slots=True)
class Townscape:
    """Streets as lines and buildings as areas, in metres."""

    streets: list[shapely.LineString]
    buildings: list[shapely.Polygon]


def build_town(rng: np.random.Generator, area: shapely.Polygon, turn_deg: float, block_m: float, obstacle: shapely.Geometry) -> Townscape:
    """Fill a built-up area; nothing stands in the obstacle (water, wide roads), and no street but a wide one crosses it."""
    middle = np.array(area.centroid.coords[0])
    matrix = turned(math.radians(turn_deg))
    reach = math.hypot(*np.ptp(np.array(area.bounds).reshape(2, 2), axis=0)) / 2
    columns, rows = (_spaced(rng, reach, block_m * stretch) for stretch in (1.0, rng.uniform(0.75, 0.95)))
    lines = _lines(columns, rows, reach)
    land = shapely.buffer(area, -EDGE_M)
    streets = shapely.intersection([shapely.LineString(line @ matrix + middle) for line in lines], land)
    boxes = [box @ matrix + middle for box in _buildings(rng, columns, rows)]
    buildings = shapely.difference(shapely.intersection(shapely.polygons(boxes), land), obstacle)
    return Townscape(_parts(streets, "LineString", block_m / 2), _parts(buildings, "Polygon", 9_000))


def _spaced(rng: np.random.Generator, reach: float, block_m: float) -> FloatArray:
    """Where parallel streets run: from -reach to reach, unevenly."""
    steps = block_m * rng.choice([0.7, 0.85, 1.0, 1.2, 1.45], int(2 * reach / block_m) + 3)
    return np.cumsum(steps) - reach


def _lines(columns: FloatArray, rows: FloatArray, reach: float) -> list[FloatArray]:
    across = [np.array([(x, -reach), (x, reach)]) for x in columns]
    along = [np.array([(-reach, y), (reach, y)]) for y in rows]
    return across + along


def _buildings(rng: np.random.Generator, columns: FloatArray, rows: FloatArray) -> list[FloatArray]:
    """Boxes (4, 2) in the cells between streets: one big one, a pair, a row of slabs, or a green."""
    boxes = []
    for west, east in zip(columns[:-1] + KERB_M, columns[1:] - KERB_M, strict=True):
        for south, north in zip(rows[:-1] + KERB_M, rows[1:] - KERB_M, strict=True):
            slabs = rng.choice([0, 1, 2, 3, 5], p=[0.16, 0.24, 0.3, 0.2, 0.1])
            upright = rng.random() < 0.6
            for low, high in _slices(rng, slabs):
                x = (low, high) if upright else (0.0, 1.0)
                y = (0.0, rng.choice([0.72, 1.0])) if upright else (low, high)
                corners = np.array([(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])])
                boxes.append((west, south) + corners * (east - west, north - south))
    return boxes


def _slices(rng: np.random.Generator, count: int) -> list[tuple[float, float]]:
    """Parts of 0…1 with a gap between them; now and then one stays empty."""
    cuts = np.linspace(0, 1, count + 1) if count else np.zeros(1)
    gap = 0.18 / max(count, 1)
    return [(low, high - gap) for low, high in itertools.pairwise(cuts) if rng.random() < 0.88]


def _parts(shapes: Any, kind: str, least: float) -> list[Any]:
    """The single shapes of that kind that are longer (lines, metres) or larger (areas, square metres) than the least."""
    parts = [part for part in shapely.get_parts(shapes) if part.geom_type == kind]
    return [part for part in parts if (part.length if kind == "LineString" else part.area) > least]

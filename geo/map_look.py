"""A look at a map file before it is used: what it holds, where it lies, an outline to draw; nothing is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import osmium
import shapely

from geo.basemap import BOUNDARIES, Source, names_of
from geo.layers import LayerUnreadable, read_layer
from geo.sea import Bounds

NAMES_MOST = 6
SHAPES_MOST = 1_500  # of an outline
CORNERS_MOST = 12_000
FINE = 500  # parts of the longer side: closer corners are not seen


@dataclass(frozen=True, slots=True)
class Look:
    """count: shapes, 0 where that would take as long as reading all; bounds: west, south, east, north; outline: lines of corners."""

    count: int
    bounds: Bounds | None
    names: tuple[str, ...]
    outline: list[list[tuple[float, float]]]


def look(source: Source) -> Look:
    """Raises LayerUnreadable."""
    if source.kind == "osm":
        return _extract(source)
    shapes = ["Polygon"] if source.kind in BOUNDARIES else []
    layer = read_layer(source.path, shapes=shapes, datum=source.datum, mend=True)
    west, south, east, north = (float(edge) for edge in layer.total_bounds)
    names = tuple(dict.fromkeys(name for name in names_of(layer) if name))[:NAMES_MOST]
    fine = max(east - west, north - south) / FINE
    return Look(len(layer), (west, south, east, north), names, list(_lines(layer.geometry.to_numpy(), fine)))


def _extract(source: Source) -> Look:
    """By what its head says: reading all of it takes minutes."""
    try:
        box = osmium.io.Reader(str(source.path), osmium.osm.osm_entity_bits.NOTHING).header().box()
        next(iter(osmium.FileProcessor(str(source.path), osmium.osm.NODE)), None)  # whether it is one at all
    except (RuntimeError, OSError, ValueError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        name = source.path.name
        raise LayerUnreadable(f"{name}: cannot be read as OpenStreetMap ({said})", "unreadable", name, 0, said) from error
    if not box.valid():
        return Look(0, None, (), [])
    bounds = (box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat)
    return Look(0, bounds, (), [[(float(x), float(y)) for x, y in shapely.box(*bounds).exterior.coords]])


def _lines(shapes: Any, fine: float) -> Iterator[list[tuple[float, float]]]:
    """Rings and lines, evenly taken where there are many."""
    parts = shapely.get_parts(shapes[:: len(shapes) // SHAPES_MOST + 1])
    parts = parts[np.isin(shapely.get_type_id(parts), (1, 3))]
    left = CORNERS_MOST
    for part in shapely.simplify(parts, fine):
        corners = shapely.get_coordinates(part.exterior if part.geom_type == "Polygon" else part).round(6).tolist()
        left -= len(corners)
        if left < 0:
            return
        yield [(x, y) for x, y in corners]

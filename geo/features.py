"""A table of shapes as compact GeoJSON for a browser: only the columns that may be seen, degrees to a metre."""

from collections.abc import Sequence
from typing import Any

import geopandas
import numpy as np
import shapely

DECIMALS = 5  # a metre: a tenth of a pixel where the whole district fills a 4K wall


def features(layer: geopandas.GeoDataFrame, columns: Sequence[str] = (), decimals: int = DECIMALS) -> dict[str, Any]:
    """A GeoJSON FeatureCollection as plain values, ready for JSON.

    columns: the allow list; anything else in the table stays here. Corners that fall on the one before are dropped, and so is a row
    that has no shape left. Raises KeyError if a column is missing.
    """
    values = {column: [_plain(value) for value in layer[column]] for column in columns}
    rows = [_geometry(shape, decimals) for shape in layer.geometry]
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {column: values[column][row] for column in columns}, "geometry": geometry}
            for row, geometry in enumerate(rows)
            if geometry is not None
        ],
    }


def _geometry(shape: Any, decimals: int) -> dict[str, Any] | None:
    """One shape as GeoJSON; None if nothing of it is left."""
    if shape is None or shape.is_empty:
        return None
    kind = shape.geom_type
    if kind.startswith("Multi"):
        parts = [part for part in (_geometry(part, decimals) for part in shape.geoms) if part is not None]
        return {"type": kind, "coordinates": [part["coordinates"] for part in parts]} if parts else None
    if kind == "Point":
        return {"type": kind, "coordinates": _corners(shape, decimals)[0]}
    if kind == "Polygon":
        rings = [ring for ring in (_corners(ring, decimals) for ring in (shape.exterior, *shape.interiors)) if len(ring) >= 4]
        return {"type": kind, "coordinates": rings} if len(_corners(shape.exterior, decimals)) >= 4 else None
    line = _corners(shape, decimals)
    return {"type": "LineString", "coordinates": line} if len(line) >= 2 else None


def _corners(shape: Any, decimals: int) -> list[list[float]]:
    """Longitude, latitude of each corner, rounded, none twice in a row."""
    corners = shapely.get_coordinates(shape).round(decimals)
    new = np.ones(len(corners), bool)
    new[1:] = (corners[1:] != corners[:-1]).any(axis=1)
    kept: list[list[float]] = corners[new].tolist()
    return kept


def _plain(value: Any) -> Any:
    """A table's value as JSON has it: numpy's numbers as Python's, what is missing as None."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if value is None or value != value else value

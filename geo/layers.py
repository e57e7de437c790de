"""A layer file (GeoJSON, GeoPackage, shapefile) to a checked table of shapes, and back; the only file of this room that touches a disk.

Whatever an operator brings comes out as WGS 84 with the columns that were asked for and shapes that are valid, or is refused with a
sentence that names the file and the row.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import geopandas
import numpy as np
import shapely
from pyogrio.errors import DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError

Layer: TypeAlias = geopandas.GeoDataFrame

DECIMALS = 7  # a centimetre


class LayerUnreadable(ValueError):
    """A layer file that cannot be used; the text names the file and, counted from 1, the row."""

    code = "geo.layer_unreadable"


def read_layer(path: Path, columns: Iterable[str] = (), shapes: Iterable[str] = ()) -> Layer:
    """A layer as WGS 84, longitude and latitude.

    columns: must be there, and filled in every row. shapes: kinds allowed (Polygon allows MultiPolygon too); none named, all allowed.
    Raises LayerUnreadable if the file is missing or no layer, names no datum (GeoJSON needs none), lacks a column or a value, or has a
    row without a valid shape on Earth.
    """
    try:
        layer = geopandas.read_file(path)
    except (DataSourceError, OSError, ValueError, CRSError) as error:
        raise LayerUnreadable(f"{path.name}: cannot be read as a layer ({_first_line(error)})") from error
    if not isinstance(layer, geopandas.GeoDataFrame) or layer.empty:
        raise LayerUnreadable(f"{path.name}: holds no shapes")
    if layer.crs is None:
        raise LayerUnreadable(f"{path.name}: names no datum")
    _check_columns(path.name, layer, list(columns))
    _check_shapes(path.name, layer, frozenset(shapes))
    return _in_wgs84(path.name, layer)


def write_layer(layer: Layer, path: Path) -> None:
    """Write a WGS 84 layer as GeoJSON (RFC 7946, a centimetre); the file is there whole or not at all."""
    rounded = layer.set_geometry(shapely.transform(layer.geometry.to_numpy(), lambda lonlat: lonlat.round(DECIMALS)), crs=layer.crs)
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_text(rounded.to_json(drop_id=True, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    os.replace(unfinished, path)


def write_layers(layers: Mapping[str, Layer], folder: Path) -> None:
    """Write every layer as `<name>.geojson` into a folder, which is made if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, layer in layers.items():
        write_layer(layer, folder / f"{name}.geojson")


def _check_columns(file: str, layer: Layer, columns: list[str]) -> None:
    missing = [column for column in columns if column not in layer.columns]
    if missing:
        raise LayerUnreadable(f"{file}: has no column {', '.join(missing)}; it has {', '.join(map(str, layer.columns))}")
    for column in columns:
        empty = np.flatnonzero(layer[column].isna() | (layer[column].astype(str).str.strip() == ""))
        if len(empty):
            raise LayerUnreadable(f"{file}, row {empty[0] + 1}: column {column} is empty")


def _check_shapes(file: str, layer: Layer, kinds: frozenset[str]) -> None:
    for row, shape in enumerate(layer.geometry, start=1):
        if shape is None or shape.is_empty:
            raise LayerUnreadable(f"{file}, row {row}: has no shape")
        if kinds and shape.geom_type.removeprefix("Multi") not in kinds:
            raise LayerUnreadable(f"{file}, row {row}: is a {shape.geom_type}, not a {' or '.join(sorted(kinds))}")
        if not np.isfinite(shapely.get_coordinates(shape)).all():
            raise LayerUnreadable(f"{file}, row {row}: a coordinate is no number")
        if not shape.is_valid:
            raise LayerUnreadable(f"{file}, row {row}: {shapely.is_valid_reason(shape)}")


def _in_wgs84(file: str, layer: Layer) -> Layer:
    """The layer in longitude, latitude without heights. Raises LayerUnreadable if a row then lies outside the degrees."""
    try:
        degrees = layer if layer.crs == CRS.from_epsg(4326) else layer.to_crs(4326)
    except (CRSError, ValueError) as error:
        raise LayerUnreadable(f"{file}: its datum cannot be turned into WGS 84 ({_first_line(error)})") from error
    degrees = degrees.set_geometry(shapely.force_2d(degrees.geometry.to_numpy()), crs=degrees.crs)
    far = np.flatnonzero(~(np.abs(degrees.bounds.to_numpy()) <= (180, 90, 180, 90)).all(axis=1))
    if len(far):
        raise LayerUnreadable(f"{file}, row {far[0] + 1}: lies outside ±180, ±90 degrees")
    return degrees


def _first_line(error: Any) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__

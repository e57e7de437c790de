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

from geo.coordinates import Crs, NotADegree, to_wgs84_arrays

Layer: TypeAlias = geopandas.GeoDataFrame

DECIMALS = 7  # a centimetre
ENCODINGS = ("utf-8", "gb18030")  # of a shapefile's words when no .cpg says it: what Chinese programs write


class LayerUnreadable(ValueError):
    """A layer file that cannot be used; the text names the file and, counted from 1, the row.

    why: unreadable, empty, no_datum, datum, column, value, shape, kind, number, invalid or far; row: 0 when it is the whole file.
    """

    code = "geo.layer_unreadable"

    def __init__(self, text: str, why: str = "unreadable", file: str = "", row: int = 0, what: str = "") -> None:
        super().__init__(text)
        self.why, self.file, self.row, self.what = why, file, row, what


def read_layer(
    path: Path, columns: Iterable[str] = (), shapes: Iterable[str] = (), datum: Crs | str | None = None, mend: bool = False
) -> Layer:
    """A layer as WGS 84, longitude and latitude.

    columns: must be there, and filled in every row. shapes: kinds allowed (Polygon allows MultiPolygon too); none named, all allowed.
    datum: what the file's numbers are, whatever the file says: GCJ-02 or BD-09, which no file can say, or a name such as `EPSG:4490`.
    mend: areas that cross themselves are taken apart, and rows without a shape left out; otherwise they are refused.
    Raises LayerUnreadable if the file is missing or no layer, names no datum (GeoJSON needs none), lacks a column or a value, or has a
    row without a valid shape on Earth.
    """
    layer = _opened(path)
    if mend:
        layer = _mended(layer)
    if not isinstance(layer, geopandas.GeoDataFrame) or layer.empty:
        raise LayerUnreadable(f"{path.name}: holds no shapes", "empty", path.name)
    layer = _named(path.name, layer, datum)
    _check_columns(path.name, layer, list(columns))
    _check_shapes(path.name, layer, frozenset(shapes))
    return _in_wgs84(path.name, _shifted(path.name, layer, datum))


def _opened(path: Path) -> Any:
    encodings = ENCODINGS if path.suffix.lower() == ".shp" and not path.with_suffix(".cpg").exists() else (None,)
    for encoding in encodings:
        try:
            return geopandas.read_file(path, encoding=encoding) if encoding else geopandas.read_file(path)
        except UnicodeDecodeError as error:
            said: Exception = error
        except (DataSourceError, OSError, ValueError, CRSError) as error:
            said = error
            break
    raise LayerUnreadable(f"{path.name}: cannot be read as a layer ({_first_line(said)})", "unreadable", path.name, 0, _first_line(said))


def _mended(layer: Any) -> Any:
    """Rows that have a shape, each of them valid; a broken area keeps its parts that are areas."""
    if not isinstance(layer, geopandas.GeoDataFrame):
        return layer
    layer = layer[~(layer.geometry.isna() | layer.geometry.is_empty)]
    broken = ~layer.geometry.is_valid.to_numpy()
    if broken.any():
        shapes = layer.geometry.to_numpy().copy()
        shapes[broken] = [_areas_of(shape) for shape in shapely.make_valid(shapes[broken])]
        layer = layer.set_geometry(shapes, crs=layer.crs)
        layer = layer[~layer.geometry.is_empty]
    return layer


def _areas_of(shape: Any) -> Any:
    parts = [part for part in shapely.get_parts(shape) if shape.geom_type == "GeometryCollection" and "Polygon" in part.geom_type]
    return shapely.union_all(parts) if shape.geom_type == "GeometryCollection" else shape


def _named(file: str, layer: Layer, datum: Crs | str | None) -> Layer:
    """The layer with its datum. Raises LayerUnreadable: it has none, or a name that nobody knows was given."""
    if isinstance(datum, Crs):
        return layer.set_crs(4326, allow_override=True)
    if datum is not None:
        try:
            return layer.set_crs(datum, allow_override=True)
        except (CRSError, ValueError) as error:
            raise LayerUnreadable(f"{file}: no datum is called {datum}", "datum", file, 0, str(datum)) from error
    if layer.crs is None:
        raise LayerUnreadable(f"{file}: names no datum", "no_datum", file)
    return layer


def _shifted(file: str, layer: Layer, datum: Crs | str | None) -> Layer:
    """Out of GCJ-02 or BD-09. Raises LayerUnreadable: its numbers are no degrees."""
    if not isinstance(datum, Crs) or datum is Crs.WGS84:
        return layer
    try:
        shapes = shapely.transform(
            shapely.force_2d(layer.geometry.to_numpy()), lambda lonlat: to_wgs84_arrays(lonlat[:, ::-1], datum)[:, ::-1]
        )
    except NotADegree as error:
        raise LayerUnreadable(f"{file}: its numbers are no degrees, so they are not {datum}", "datum", file, 0, str(datum)) from error
    return layer.set_geometry(shapes, crs=layer.crs)


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
        said = f"{file}: has no column {', '.join(missing)}; it has {', '.join(map(str, layer.columns))}"
        raise LayerUnreadable(said, "column", file, 0, ", ".join(missing))
    for column in columns:
        empty = np.flatnonzero(layer[column].isna() | (layer[column].astype(str).str.strip() == ""))
        if len(empty):
            raise LayerUnreadable(f"{file}, row {empty[0] + 1}: column {column} is empty", "value", file, int(empty[0]) + 1, column)


def _check_shapes(file: str, layer: Layer, kinds: frozenset[str]) -> None:
    for row, shape in enumerate(layer.geometry, start=1):
        if shape is None or shape.is_empty:
            raise LayerUnreadable(f"{file}, row {row}: has no shape", "shape", file, row)
        if kinds and shape.geom_type.removeprefix("Multi") not in kinds:
            said = f"{file}, row {row}: is a {shape.geom_type}, not a {' or '.join(sorted(kinds))}"
            raise LayerUnreadable(said, "kind", file, row, " | ".join(sorted(kinds)))
        if not np.isfinite(shapely.get_coordinates(shape)).all():
            raise LayerUnreadable(f"{file}, row {row}: a coordinate is no number", "number", file, row)
        if not shape.is_valid:
            reason = shapely.is_valid_reason(shape)
            raise LayerUnreadable(f"{file}, row {row}: {reason}", "invalid", file, row, reason)


def _in_wgs84(file: str, layer: Layer) -> Layer:
    """The layer in longitude, latitude without heights. Raises LayerUnreadable if a row then lies outside the degrees."""
    try:
        degrees = layer if layer.crs == CRS.from_epsg(4326) else layer.to_crs(4326)
    except (CRSError, ValueError) as error:
        said = _first_line(error)
        raise LayerUnreadable(f"{file}: its datum cannot be turned into WGS 84 ({said})", "datum", file, 0, said) from error
    degrees = degrees.set_geometry(shapely.force_2d(degrees.geometry.to_numpy()), crs=degrees.crs)
    far = np.flatnonzero(~(np.abs(degrees.bounds.to_numpy()) <= (180, 90, 180, 90)).all(axis=1))
    if len(far):
        raise LayerUnreadable(f"{file}, row {far[0] + 1}: lies outside ±180, ±90 degrees", "far", file, int(far[0]) + 1)
    return degrees


def _first_line(error: Any) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def boundary_of(path: Path) -> shapely.Geometry | None:
    """The district's whole area, longitude and latitude; None where there is no such file. Raises LayerUnreadable."""
    return shapely.unary_union(read_layer(path).geometry.to_numpy()) if path.is_file() else None

"""Layer files: what is good comes in as WGS 84, what is not is refused by name and row."""

import json
from pathlib import Path
from typing import Any

import geopandas
import pytest
from shapely import Point, Polygon, box

from geo.districts import Districts
from geo.invented import invent
from geo.layers import LayerUnreadable, read_layer, write_layer, write_layers

SQUARE = box(101.0, 40.0, 101.1, 40.1)
BOW_TIE = Polygon([(101.0, 40.0), (101.1, 40.1), (101.1, 40.0), (101.0, 40.1)])


def layer_of(*shapes: Any, crs: str | None = "EPSG:4326", **columns: Any) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(columns or {"id": range(len(shapes))}, geometry=list(shapes), crs=crs)


def written(folder: Path, layer: geopandas.GeoDataFrame, name: str = "areas.gpkg") -> Path:
    layer.to_file(folder / name)
    return folder / name


def test_a_layer_comes_back_as_it_was_written(tmp_path: Path) -> None:
    layer = layer_of(SQUARE, SQUARE, id=["C1", "C2"], name=["青石桥社区", "云塘村"])
    write_layer(layer, tmp_path / "areas.geojson")
    again = read_layer(tmp_path / "areas.geojson", columns=["id", "name"], shapes=["Polygon"])
    assert again["name"].tolist() == ["青石桥社区", "云塘村"]
    assert again.geometry.geom_equals(layer.geometry).all()
    assert again.crs.to_epsg() == 4326
    assert [file.name for file in tmp_path.iterdir()] == ["areas.geojson"]


def test_the_file_is_geojson_as_the_standard_has_it(tmp_path: Path) -> None:
    write_layer(layer_of(Point(101.123456789, 40.1), name=["法院"]), tmp_path / "places.geojson")
    text = (tmp_path / "places.geojson").read_text(encoding="utf-8")
    assert "法院" in text
    [feature] = json.loads(text)["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [101.1234568, 40.1]}


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:32647", "EPSG:4490"])
def test_another_datum_is_turned_into_wgs84(tmp_path: Path, crs: str) -> None:
    path = written(tmp_path, layer_of(SQUARE).to_crs(crs))
    assert read_layer(path).total_bounds == pytest.approx(SQUARE.bounds, abs=1e-3)


def test_the_invented_district_survives_its_files(tmp_path: Path) -> None:
    district = invent()
    write_layers(district.layers(), tmp_path / "layers")
    communities = read_layer(tmp_path / "layers" / "communities.geojson", columns=["id", "name", "street"], shapes=["Polygon"])
    before, after = Districts(district.communities), Districts(communities)
    assert after.ids == before.ids
    assert [after.centre(id) for id in after.ids] == [before.centre(id) for id in before.ids]
    assert {path.stem for path in (tmp_path / "layers").iterdir()} == set(district.layers())


def refused(path: Path, **wanted: Any) -> str:
    with pytest.raises(LayerUnreadable) as error:
        read_layer(path, **wanted)
    assert error.value.code == "geo.layer_unreadable"
    return str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere.gpkg").startswith("nowhere.gpkg: cannot be read")


def test_a_file_that_is_no_layer_is_named(tmp_path: Path) -> None:
    for name, content in (("a.geojson", b"{"), ("b.geojson", b"\x00\xff"), ("c.geojson", b""), ("d.gpkg", b"SQLite format 3\x00")):
        (tmp_path / name).write_bytes(content)
        assert refused(tmp_path / name).startswith(f"{name}: ")


def test_a_layer_without_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.geojson").write_text('{"type":"FeatureCollection","features":[]}')
    assert "empty.geojson: holds no shapes" in refused(tmp_path / "empty.geojson")


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_layer_without_a_datum_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, layer_of(SQUARE, crs=None), "areas.shp")
    assert "areas.shp: names no datum" in refused(path)


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    path = written(tmp_path, layer_of(SQUARE, id=["C1"]))
    assert "has no column name, street; it has id" in refused(path, columns=["id", "name", "street"])


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_an_empty_value_is_named_by_its_row(tmp_path: Path, empty: str | None) -> None:
    path = written(tmp_path, layer_of(SQUARE, SQUARE, name=["青石桥社区", empty]))
    assert "areas.gpkg, row 2: column name is empty" in refused(path, columns=["name"])


def test_a_bad_shape_is_named_by_its_row(tmp_path: Path) -> None:
    assert "row 2: Self-intersection" in refused(written(tmp_path, layer_of(SQUARE, BOW_TIE)))
    assert "row 2: has no shape" in refused(written(tmp_path, layer_of(SQUARE, None)))
    assert "row 1: is a Polygon, not a LineString" in refused(written(tmp_path, layer_of(SQUARE)), shapes=["LineString"])


def test_a_shape_outside_the_degrees_is_named_by_its_row(tmp_path: Path) -> None:
    path = tmp_path / "far.geojson"
    write_layer(layer_of(SQUARE, box(390_000, 4_430_000, 400_000, 4_440_000)), path)
    assert "far.geojson, row 2: lies outside" in refused(path)

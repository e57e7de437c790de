"""Layers for a browser: made once, kept beside their file, made anew when that changes."""

from functools import cache
from pathlib import Path
from shutil import copy

import geopandas
import orjson
import pytest

from dashboard.kept_beside import KEPT
from dashboard.map_layers import BASE, LAYERS, MapLayers, map_version
from data.errors import NotFound
from geo import changeover
from geo.invented import invent
from geo.layers import write_layer


@cache
def invented() -> dict[str, geopandas.GeoDataFrame]:
    return invent().layers()


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("drawn") / "places.geojson"
    write_layer(invented()["places"], file)
    return file


@pytest.fixture
def folder(places: Path, tmp_path: Path) -> Path:
    copy(places, tmp_path)
    return tmp_path


def test_a_layer_is_made_once_and_read_from_beside_its_file_afterwards(folder: Path) -> None:
    body, tag = MapLayers(folder).read("places")
    assert len(orjson.loads(body)["features"]) > 5
    kept = next((folder / KEPT).iterdir())
    kept.write_bytes(b'{"features":[]}')
    again, other_tag = MapLayers(folder).read("places")
    assert again == b'{"features":[]}'
    assert other_tag != tag


def test_a_changed_file_is_read_anew_and_the_old_copy_goes(folder: Path) -> None:
    layers = MapLayers(folder)
    layers.prepare()
    before, _ = layers.read("places")
    write_layer(invented()["places"].head(2), folder / "places.geojson")
    after, _ = layers.read("places")
    assert len(orjson.loads(after)["features"]) == 2
    assert before != after
    assert len(list((folder / KEPT).iterdir())) == 1


@pytest.mark.parametrize("name", ["secrets", "../places", ""])
def test_what_is_no_layer_here_is_not_found(folder: Path, name: str) -> None:
    with pytest.raises(NotFound):
        MapLayers(folder).read(name)


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "places"])
def test_a_layer_that_the_court_has_not_put_in_is_empty_and_no_fault(folder: Path, places: Path, name: str) -> None:
    body, tag = MapLayers(folder).read(name)
    assert orjson.loads(body) == {"type": "FeatureCollection", "features": []}
    copy(places, folder / f"{name}.geojson")
    assert MapLayers(folder).read(name)[1] != tag, "a browser that kept the empty one asks and gets the map"


def test_a_folder_that_takes_nothing_still_shows_its_map(folder: Path) -> None:
    (folder / KEPT).write_text("in the way")
    assert MapLayers(folder).read("places")[0]


def test_a_road_tells_its_class_by_which_it_is_drawn(tmp_path: Path) -> None:
    write_layer(invented()["roads"], tmp_path / "roads.geojson")
    roads = orjson.loads(MapLayers(tmp_path).read("roads")[0])["features"]
    assert {road["properties"]["class"] for road in roads} == {"ring", "trunk", "main", "minor"}


def put(folder: Path, content: bytes) -> None:
    made = folder / "made"
    made.mkdir()
    (made / BASE).write_bytes(content)
    changeover.put(made, folder)


def test_another_map_is_another_version_and_so_is_the_one_before_that_comes_back(folder: Path) -> None:
    versions = [map_version(folder, "")]
    for content in (b"one", b"two"):
        put(folder, content)
        versions.append(map_version(folder, ""))
    assert changeover.go_back(folder)
    assert map_version(folder, "") == versions[1], "the very files of before"
    write_layer(invented()["places"].head(2), folder / "places.geojson")
    versions += [map_version(folder, ""), map_version(folder, "粤S（2026）018号")]
    assert len(set(versions)) == 5


def test_reading_a_map_does_not_make_it_another_one(folder: Path, tmp_path: Path) -> None:
    before = map_version(folder, "")
    MapLayers(folder).prepare()
    assert map_version(folder, "") == before
    assert map_version(tmp_path / "nothing", "") == map_version(tmp_path / "nowhere", "")

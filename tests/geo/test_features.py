"""What a browser gets of a layer."""

import json

import geopandas
import numpy as np
import pytest
from shapely import LineString, MultiPolygon, Point, Polygon, box, from_geojson

from geo.features import features
from geo.invented import invent

SEEN = {  # as the wall's map may ask
    "boundary": ["name"],
    "streets": ["id", "name", "lat", "lon"],
    "river": ["name", "kind"],
    "towns": [],
    "roads": ["name", "class"],
    "blocks": [],
    "contours": [],
    "railway": [],
    "places": ["name", "kind"],
}


def layer_of(*shapes: object, **columns: object) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:4326")


def test_only_allowed_columns_leave() -> None:
    layer = layer_of(Point(101, 40), name=["法院"], phone=["13800000000"])
    found = features(layer, ["name"])
    assert found["features"][0]["properties"] == {"name": "法院"}
    assert "138" not in json.dumps(found)
    assert features(layer)["features"][0]["properties"] == {}


def test_a_column_that_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError):
        features(layer_of(Point(101, 40), name=["法院"]), ["street"])


def test_degrees_are_rounded_to_a_metre_and_doubles_dropped() -> None:
    line = LineString([(101.123456, 40.123456), (101.1234561, 40.1234561), (101.2, 40.2)])
    [feature] = features(layer_of(line))["features"]
    assert feature["geometry"] == {"type": "LineString", "coordinates": [[101.12346, 40.12346], [101.2, 40.2]]}


def test_what_is_smaller_than_a_metre_is_gone() -> None:
    tiny = box(101, 40, 101.000001, 40.000001)
    holed = Polygon(box(101, 40, 101.1, 40.1).exterior, [box(101.05, 40.05, 101.050001, 40.050001).exterior])
    found = features(layer_of(tiny, holed, LineString([(101, 40), (101.000001, 40)]), MultiPolygon([tiny, box(101, 40, 102, 41)]), None))
    assert [len(feature["geometry"]["coordinates"]) for feature in found["features"]] == [1, 1]


def test_values_are_plain_json() -> None:
    layer = layer_of(Point(101, 40), Point(101, 40), count=np.array([14, 13]), share=[0.5, float("nan")], note=["x", None])
    found = json.loads(json.dumps(features(layer, ["count", "share", "note"]), allow_nan=False))
    assert found["features"][0]["properties"] == {"count": 14, "share": 0.5, "note": "x"}
    assert found["features"][1]["properties"] == {"count": 13, "share": None, "note": None}


def test_the_invented_district_stays_itself_and_light() -> None:
    layers = invent().layers()
    found = {name: features(layers[name], columns) for name, columns in SEEN.items()}
    assert len(json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()) < 1_500_000
    for name, collection in found.items():
        shapes = [from_geojson(json.dumps(feature["geometry"])) for feature in collection["features"]]
        assert len(shapes) == len(layers[name])
        for shape, before in zip(shapes, layers[name].geometry, strict=True):
            assert shape.hausdorff_distance(before) < 2e-5

"""The invented district: complete, whole, the same each time, and light enough for a browser."""

import json
import math

import numpy as np
import pytest
import shapely

from geo.coordinates import Crs, Plane, distance_m, from_wgs84, to_wgs84
from geo.districts import Districts
from geo.invented import InventedDistrict, invent
from geo.roads import connected
from geo.sketch import SHRINK, STREETS

DISTRICT = invent()
PLANE = Plane(40.075, 101.825)


def areas_km2(shapes: object) -> list[float]:
    flat = shapely.transform(np.asarray(shapes, dtype=object), lambda lonlat: PLANE.metres(lonlat[:, ::-1]))
    areas: list[float] = (shapely.area(flat) / 1e6).tolist()
    return areas


@pytest.fixture(scope="module", params=[1, 2, 3])
def other(request: pytest.FixtureRequest) -> InventedDistrict:
    return invent(request.param)


def test_there_are_sixteen_streets_with_their_177_communities() -> None:
    assert [street.communities for street in STREETS] == [14, 13, 13, 12, 12, 12, 11, 11, 11, 11, 10, 10, 10, 9, 9, 9]
    counted = DISTRICT.communities["street"].value_counts()
    assert len(DISTRICT.communities) == 177
    assert {street: int(counted[street]) for street in DISTRICT.streets["name"]} == {street.name: street.communities for street in STREETS}


def test_names_and_ids_are_used_once() -> None:
    for column in ("id", "name"):
        assert DISTRICT.communities[column].is_unique
        assert DISTRICT.streets[column].is_unique
    assert DISTRICT.places["name"].is_unique
    assert "青石桥社区" in set(DISTRICT.communities["name"])


def check_partition(district: InventedDistrict) -> None:
    boundary = district.boundary.geometry.iloc[0]
    for layer in (district.communities, district.streets):
        assert layer.geometry.is_valid.all()
        assert set(layer.geom_type) == {"Polygon"}
        assert shapely.coverage_is_valid(layer.geometry.to_numpy())
        assert shapely.union_all(layer.geometry.to_numpy()).symmetric_difference(boundary).area < 1e-12
        assert sum(areas_km2(layer.geometry)) == pytest.approx(areas_km2([boundary])[0])


def test_communities_and_streets_do_not_overlap_and_their_union_is_the_district() -> None:
    check_partition(DISTRICT)


def test_a_street_is_the_union_of_its_communities() -> None:
    for street in DISTRICT.streets.itertuples():
        own = DISTRICT.communities[DISTRICT.communities["street"] == street.name]
        assert own.geometry.union_all().symmetric_difference(street.geometry).area < 1e-12


def test_no_community_is_a_sliver() -> None:
    assert min(areas_km2(DISTRICT.communities.geometry)) > 0.8 * SHRINK**2


def test_another_seed_makes_another_district_as_whole_as_the_first(other: InventedDistrict) -> None:
    check_partition(other)
    assert not other.boundary.geometry.iloc[0].equals(DISTRICT.boundary.geometry.iloc[0])
    assert connected(other.roads.geometry.to_numpy()).all()
    assert all(layer.geometry.is_valid.all() for layer in other.layers().values())


def test_the_same_seed_makes_the_same_district() -> None:
    again = invent().layers()
    for name, layer in DISTRICT.layers().items():
        assert layer.to_json() == again[name].to_json()


def test_the_district_lies_in_the_empty_desert() -> None:
    west, south, east, north = DISTRICT.boundary.total_bounds
    assert west > 101.59
    assert east < 102.06
    assert south > 39.90
    assert north < 40.25


def test_the_district_is_small_enough_that_movement_is_seen() -> None:
    west, south, east, north = DISTRICT.boundary.total_bounds
    assert 10_000 < distance_m((40.075, west), (40.075, east)) < 12_000
    assert 8_000 < distance_m((south, 101.825), (north, 101.825)) < 11_000


def test_every_layer_is_wgs84_and_has_something() -> None:
    layers = DISTRICT.layers()
    assert set(layers) == {
        "boundary",
        "streets",
        "communities",
        "river",
        "towns",
        "blocks",
        "roads",
        "railway",
        "contours",
        "places",
    }
    for layer in layers.values():
        assert len(layer) > 0
        assert layer.crs.to_epsg() == 4326
        assert layer.geometry.is_valid.all()
        assert not layer.geometry.is_empty.any()


def test_the_roads_are_one_net_of_four_classes_and_the_wide_ones_have_names() -> None:
    assert connected(DISTRICT.roads.geometry.to_numpy()).all()
    assert set(DISTRICT.roads["class"]) == {"ring", "trunk", "main", "minor"}
    wide = DISTRICT.roads[DISTRICT.roads["class"] != "minor"]
    assert (wide["name"].str.len() >= 3).all()
    assert wide["name"].is_unique


def test_no_building_stands_in_the_water() -> None:
    water = DISTRICT.river.geometry.union_all()
    assert not DISTRICT.blocks.geometry.intersects(water).any()


def test_the_court_stands_in_the_centre_and_the_bridges_over_the_river() -> None:
    districts = Districts(DISTRICT.communities)
    found = districts.community_at(*DISTRICT.court)
    assert found is not None
    assert districts.street_of(found) == "青石街道"
    bridges = DISTRICT.places[DISTRICT.places["kind"] == "bridge"].geometry
    assert bridges.intersects(DISTRICT.river.geometry.union_all()).all()
    with pytest.raises(KeyError):
        DISTRICT.place("天安门")


def test_labels_of_streets_stand_apart_from_each_other() -> None:
    places = list(zip(DISTRICT.streets["lat"], DISTRICT.streets["lon"], strict=True))
    for number, a in enumerate(places):
        for b in places[:number]:
            far_e, far_n = (math.fabs(way) for way in PLANE.metres([a])[0] - PLANE.metres([b])[0])
            apart = far_n > 1200 * SHRINK or far_e > 5600 * SHRINK
            assert apart, "a label is 140 px wide and 30 px high on a wall that shows the whole district"


def test_a_landmark_survives_the_datum_of_a_chinese_phone() -> None:
    court = DISTRICT.court
    assert distance_m(from_wgs84(*court, Crs.GCJ02), court) > 100
    assert distance_m(to_wgs84(*from_wgs84(*court, Crs.GCJ02), Crs.GCJ02), court) < 1e-5


def test_the_map_is_light() -> None:
    drawn = DISTRICT.layers()
    size = sum(len(json.dumps(json.loads(layer.to_json()), separators=(",", ":"))) for layer in drawn.values())
    assert size < 1_500_000

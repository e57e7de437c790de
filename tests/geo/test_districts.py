"""Which community holds a place."""

import geopandas
import numpy as np
import pytest
from shapely import Point, box

from geo.coordinates import NotADegree
from geo.districts import Districts

WEST, EAST, HOOK = "C0101", "C0102", "C0201"
DISTRICTS = Districts(
    geopandas.GeoDataFrame(
        {
            "id": [WEST, EAST, HOOK],
            "name": ["青石桥社区", "云岭社区", "柳溪社区"],
            "street": ["青石街道", "青石街道", "柳溪镇"],
        },
        geometry=[
            box(101.0, 40.0, 101.1, 40.1),
            box(101.1, 40.0, 101.2, 40.1),
            box(101.0, 40.1, 101.2, 40.3).difference(box(101.02, 40.12, 101.2, 40.3)),
        ],
        crs="EPSG:4326",
    )
)


def test_a_place_is_in_the_community_that_holds_it() -> None:
    assert DISTRICTS.community_at(40.05, 101.05) == WEST
    assert DISTRICTS.community_at(40.05, 101.15) == EAST
    assert DISTRICTS.community_at(40.11, 101.15) == HOOK


def test_a_place_outside_the_district_is_in_none() -> None:
    assert DISTRICTS.community_at(40.2, 101.15) is None
    assert DISTRICTS.community_at(0.0, 0.0) is None


def test_a_place_on_a_border_has_exactly_one_community() -> None:
    assert DISTRICTS.community_at(40.05, 101.1) == WEST
    assert DISTRICTS.community_at(40.1, 101.1) == WEST


def test_many_places_at_once_come_out_as_one_by_one() -> None:
    places = np.random.default_rng(1).uniform((39.9, 100.9), (40.4, 101.3), (200, 2))
    assert DISTRICTS.communities_at(places) == [DISTRICTS.community_at(lat, lon) for lat, lon in places.tolist()]
    assert DISTRICTS.communities_at([]) == []


def test_a_community_knows_its_name_and_street() -> None:
    assert DISTRICTS.ids == [WEST, EAST, HOOK]
    assert DISTRICTS.name_of(WEST) == "青石桥社区"
    assert DISTRICTS.street_of(EAST) == "青石街道"
    with pytest.raises(KeyError):
        DISTRICTS.street_of("C9999")


def test_the_centre_lies_inside_also_of_a_bent_community() -> None:
    for row, id in enumerate(DISTRICTS.ids):
        lat, lon = DISTRICTS.centre(id)
        assert DISTRICTS.communities.geometry.iloc[row].contains(Point(lon, lat))
        assert DISTRICTS.community_at(lat, lon) == id


def test_the_bounds_are_the_corners_of_the_district() -> None:
    assert DISTRICTS.bounds == ((40.0, 101.0), (40.3, 101.2))


def test_what_is_no_place_is_refused() -> None:
    with pytest.raises(NotADegree):
        DISTRICTS.community_at(float("nan"), 101.0)

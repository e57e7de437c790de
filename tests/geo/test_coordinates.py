"""Datums, distances and directions: what must hold for any place, and pairs that others published."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from geo.coordinates import (
    Crs,
    NotADegree,
    Place,
    Plane,
    bearing_deg,
    distance_m,
    distances_m,
    from_wgs84,
    from_wgs84_arrays,
    moved,
    to_wgs84,
    to_wgs84_arrays,
)

IN_CHINA = st.tuples(st.floats(0.83, 55.82), st.floats(72.01, 137.83))
ANYWHERE = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
NOT_POLAR = st.tuples(st.floats(-85, 85), st.floats(-180, 180))
SHIFTED = st.sampled_from([Crs.GCJ02, Crs.BD09])

# WGS 84 -> GCJ-02 as several public implementations give it in their own tests; BD-09 as Baidu's geoconv example gave it.
KNOWN_GCJ = [
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
]
BAIDU_WGS, BAIDU_BD = (29.575429778924, 114.21892734521), (29.579087603387, 114.23075654746)


@given(place=IN_CHINA, crs=SHIFTED)
def test_there_and_back_is_the_same_place(place: Place, crs: Crs) -> None:
    assert distance_m(to_wgs84(*from_wgs84(*place, crs), crs), place) < 1e-5


@given(place=ANYWHERE)
def test_wgs84_is_left_alone(place: Place) -> None:
    assert to_wgs84(*place, Crs.WGS84) == place == from_wgs84(*place, Crs.WGS84)


@given(place=IN_CHINA)
def test_gcj02_moves_a_place_in_china_by_less_than_a_kilometre_and_more_than_nothing(place: Place) -> None:
    assert 0.1 < distance_m(from_wgs84(*place, Crs.GCJ02), place) < 1_500


@given(place=ANYWHERE)
def test_gcj02_leaves_places_outside_china_alone(place: Place) -> None:
    assume(not (0.82 <= place[0] <= 55.84 and 71.99 <= place[1] <= 137.85))
    assert from_wgs84(*place, Crs.GCJ02) == place
    assert to_wgs84(*place, Crs.GCJ02) == place


@pytest.mark.parametrize(("wgs", "gcj"), KNOWN_GCJ)
def test_published_pairs_of_gcj02_agree(wgs: Place, gcj: Place) -> None:
    assert distance_m(from_wgs84(*wgs, Crs.GCJ02), gcj) < 0.001
    assert distance_m(to_wgs84(*gcj, Crs.GCJ02), wgs) < 0.001


def test_baidus_own_example_agrees_to_two_metres() -> None:
    assert distance_m(from_wgs84(*BAIDU_WGS, Crs.BD09), BAIDU_BD) < 2
    assert distance_m(to_wgs84(*BAIDU_BD, Crs.BD09), BAIDU_WGS) < 2


@given(places=st.lists(ANYWHERE, max_size=20), crs=st.sampled_from(Crs))
def test_many_places_at_once_come_out_as_one_by_one(places: list[Place], crs: Crs) -> None:
    one_by_one = np.array([to_wgs84(*place, crs) for place in places]).reshape(-1, 2)
    assert np.allclose(to_wgs84_arrays(np.array(places).reshape(-1, 2), crs), one_by_one, rtol=0, atol=1e-11)
    one_by_one = np.array([from_wgs84(*place, crs) for place in places]).reshape(-1, 2)
    assert np.allclose(from_wgs84_arrays(np.array(places).reshape(-1, 2), crs), one_by_one, rtol=0, atol=1e-11)


@pytest.mark.parametrize("place", [(math.nan, 0.0), (0.0, math.inf), (90.001, 0.0), (-91.0, 5.0), (0.0, 181.0), (0.0, -180.5)])
def test_what_is_no_place_on_earth_is_refused(place: Place) -> None:
    for call in (
        lambda: to_wgs84(*place, Crs.BD09),
        lambda: to_wgs84_arrays([place], Crs.WGS84),
        lambda: distances_m([place], [(0.0, 0.0)]),
        lambda: moved(*place, 0.0, 1.0),
    ):
        with pytest.raises(NotADegree) as refused:
            call()
        assert refused.value.code == "geo.not_a_degree"


def test_an_unknown_datum_is_refused() -> None:
    with pytest.raises(ValueError, match="CGCS"):
        to_wgs84(39.0, 101.0, "CGCS")


@given(a=ANYWHERE, b=ANYWHERE)
def test_a_distance_is_the_same_both_ways_and_at_most_half_the_earth(a: Place, b: Place) -> None:
    assert distance_m(a, b) == pytest.approx(distance_m(b, a), abs=1e-6)
    assert 0 <= distance_m(a, b) <= 20_015_115


def test_a_degree_of_latitude_has_its_known_length() -> None:
    assert distance_m((39.5, 101.0), (40.5, 101.0)) == pytest.approx(111_195.08, abs=0.01)


@given(units=st.lists(ANYWHERE, max_size=8), places=st.lists(ANYWHERE, max_size=8))
def test_the_table_of_distances_holds_every_pair(units: list[Place], places: list[Place]) -> None:
    table = distances_m(np.array(units).reshape(-1, 2), np.array(places).reshape(-1, 2))
    assert table.shape == (len(units), len(places))
    for i, unit in enumerate(units):
        for j, place in enumerate(places):
            assert table[i, j] == pytest.approx(distance_m(unit, place), abs=1e-3)


@given(start=NOT_POLAR, bearing=st.floats(0, 359.9), metres=st.floats(1, 200_000))
def test_moving_goes_as_far_and_in_the_direction_asked(start: Place, bearing: float, metres: float) -> None:
    end = moved(*start, bearing, metres)
    assert -90 <= end[0] <= 90
    assert -180 <= end[1] < 180
    assert distance_m(start, end) == pytest.approx(metres, abs=0.001)
    assert abs((bearing_deg(start, end) - bearing + 180) % 360 - 180) < 0.1


@given(a=ANYWHERE, b=ANYWHERE)
def test_a_bearing_is_a_direction_of_the_compass(a: Place, b: Place) -> None:
    assert 0 <= bearing_deg(a, b) < 360


@pytest.mark.parametrize(("to", "bearing"), [((41.0, 101.0), 0), ((39.0, 101.0), 180), ((40.0, 101.01), 90), ((40.0, 100.99), 270)])
def test_the_compass_points_the_right_way(to: Place, bearing: float) -> None:
    assert bearing_deg((40.0, 101.0), to) == pytest.approx(bearing, abs=0.01)


@given(dlat=st.floats(-0.2, 0.2), dlon=st.floats(-0.2, 0.2))
def test_a_plane_measures_a_district_and_gives_the_degrees_back(dlat: float, dlon: float) -> None:
    centre, place = (40.07, 101.82), (40.07 + dlat, 101.82 + dlon)
    plane = Plane(*centre)
    metres = plane.metres([place])
    assert np.allclose(plane.latlon(metres), [place], rtol=0, atol=1e-12)
    assert math.hypot(*metres[0]) == pytest.approx(distance_m(centre, place), rel=0.005, abs=1e-6)

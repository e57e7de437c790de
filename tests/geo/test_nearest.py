"""Who is nearest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.coordinates import NotADegree, Place, distance_m, moved
from geo.nearest import estimated_s, nearest

PLACE = (40.07, 101.82)
UNITS = {"far": moved(*PLACE, 10, 5000), "near": moved(*PLACE, 200, 500), "middle": moved(*PLACE, 90, 2000)}


def test_without_times_the_straight_line_decides() -> None:
    assert [near.unit for near in nearest(PLACE, UNITS)] == ["near", "middle", "far"]
    assert [near.unit for near in nearest(PLACE, UNITS, k=1)] == ["near"]


def test_an_estimated_time_says_that_it_is_one() -> None:
    first = nearest(PLACE, UNITS)[0]
    assert first.distance_m == pytest.approx(500, abs=0.01)
    assert first.eta_s == pytest.approx(500 * 1.35 / 9, abs=0.01)
    assert first.estimated


def test_a_known_time_beats_the_straight_line() -> None:
    ranked = nearest(PLACE, UNITS, {"near": 900.0, "far": 60.0})
    assert [(near.unit, near.estimated) for near in ranked] == [("far", False), ("middle", True), ("near", False)]


def test_nobody_is_nearest_when_there_is_nobody() -> None:
    assert nearest(PLACE, {}) == []


def test_a_place_that_is_none_is_refused() -> None:
    with pytest.raises(NotADegree):
        nearest((float("nan"), 101.0), UNITS)


def test_the_estimate_grows_with_the_distance() -> None:
    assert estimated_s(0) == 0
    assert estimated_s(9000) == pytest.approx(1350)


@given(st.dictionaries(st.integers(), st.tuples(st.floats(39.9, 40.2), st.floats(101.6, 102.0)), max_size=30), st.integers(1, 5))
def test_nobody_left_out_is_nearer_than_anybody_named(units: dict[int, Place], k: int) -> None:
    named = nearest(PLACE, units, k=k)
    assert len(named) == min(k, len(units))
    worst = max((near.distance_m for near in named), default=0.0)
    others = units.keys() - {near.unit for near in named}
    assert all(distance_m(PLACE, units[unit]) >= worst - 1e-6 for unit in others)

"""Smooth curves, ribbons and blobs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.curves import blob, ribbon, smooth, turned

POINTS = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=3, max_size=12, unique=True)


@given(points=POINTS, closed=st.booleans())
def test_a_curve_passes_through_its_points_exactly_and_in_order(points: list[tuple[int, int]], closed: bool) -> None:
    curve = [tuple(corner) for corner in smooth(np.array(points) * 100.0, 50, closed).tolist()]
    at = [curve.index((x * 100.0, y * 100.0)) for x, y in points]
    assert at == sorted(at)
    assert (curve[0] == curve[-1]) == closed


def test_a_closed_curve_has_no_corner_where_it_closes() -> None:
    square = smooth([(0, 0), (1000, 0), (1000, 1000), (0, 1000)], 10, closed=True)
    first, last = square[1] - square[0], square[-1] - square[-2]
    assert math.degrees(math.acos(first @ last / math.hypot(*first) / math.hypot(*last))) < 3


def test_a_straight_line_stays_straight() -> None:
    assert np.allclose(smooth([(0, 0), (500, 500), (2000, 2000)], 100) @ (1, -1), 0)


def test_a_ribbon_is_as_wide_as_asked() -> None:
    river = ribbon([(0, 0, 100), (1000, 0, 100), (2000, 0, 300)], 50)
    assert river.is_valid
    assert river.area == pytest.approx(1000 * 100 + 1000 * 200, rel=0.02)
    west, south, east, north = river.bounds
    assert (west, east) == pytest.approx((0, 2000), abs=20)
    assert north - south == pytest.approx(300, abs=10)


def test_a_blob_lies_round_its_centre() -> None:
    area = blob(np.random.default_rng(1), (5000, -3000), (900, 500), 0.4, 0.1)
    assert area.is_valid
    assert area.area == pytest.approx(math.pi * 900 * 500, rel=0.2)
    assert math.hypot(area.centroid.x - 5000, area.centroid.y + 3000) < 100


def test_turning_goes_against_the_clock() -> None:
    assert np.allclose(np.array([(1, 0)]) @ turned(math.pi / 2), [(0, 1)])

"""The way of a unit."""

import dataclasses
import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.coordinates import Plane, distance_m, moved
from geo.fixes import Fix
from geo.tracks import Track, thin, track_of

GOOD = Fix("01JD0000000000000000000001", 7, 70, 0, 40.07, 101.82, 8.0, 3.0, 90.0, 80, "GPS", False)

FIXES = st.lists(
    st.builds(
        lambda seconds, lat, lon: dataclasses.replace(GOOD, t_ms=seconds * 1000, lat=lat, lon=lon),
        st.integers(0, 3000),
        st.floats(40.0, 40.2),
        st.floats(101.7, 101.9),
    ),
    max_size=40,
)


def drive(seconds: list[int], mps: float = 10) -> Track:
    places = [moved(40.07, 101.82, 45, t * mps) for t in seconds]
    return track_of(dataclasses.replace(GOOD, t_ms=t * 1000, lat=lat, lon=lon) for t, (lat, lon) in zip(seconds, places, strict=True))


@given(fixes=FIXES)
def test_a_track_is_in_the_order_of_time_without_doubles(fixes: list[Fix]) -> None:
    times = [fix.t_ms for fix in track_of(fixes).fixes]
    assert times == sorted({fix.t_ms for fix in fixes})


@given(fixes=FIXES)
def test_splitting_keeps_every_fix_and_leaves_no_gap_inside(fixes: list[Fix]) -> None:
    track = track_of(fixes)
    stretches = track.split()
    assert tuple(fix for stretch in stretches for fix in stretch.fixes) == track.fixes
    assert all(b.t_ms - a.t_ms <= 120_000 for stretch in stretches for a, b in itertools.pairwise(stretch.fixes))
    assert all(b.fixes[0].t_ms - a.fixes[-1].t_ms > 120_000 for a, b in itertools.pairwise(stretches))
    assert sum(stretch.length_m for stretch in stretches) <= track.length_m + 1e-6


def test_a_gap_of_just_two_minutes_is_none() -> None:
    assert len(drive([0, 120, 240]).split()) == 1
    assert len(drive([0, 120, 241]).split()) == 2


def test_length_time_and_speeds_of_a_steady_drive() -> None:
    track = drive([0, 10, 20, 50])
    assert track.length_m == pytest.approx(500, abs=0.01)
    assert track.seconds == 50
    assert track.speeds_mps() == pytest.approx([10, 10, 10], abs=0.001)


def test_no_fixes_make_an_empty_track() -> None:
    empty = track_of([])
    assert (empty.length_m, empty.seconds, empty.speeds_mps(), empty.split()) == (0, 0, [], [])
    assert empty.thinned(5).shape == (0, 2)


@given(fixes=FIXES, tolerance_m=st.floats(0.5, 2000))
def test_no_place_left_out_lies_farther_from_the_line_than_the_tolerance(fixes: list[Fix], tolerance_m: float) -> None:
    places = track_of(fixes).latlon
    kept = thin(places, tolerance_m)
    assert len(kept) <= len(places)
    if len(places) < 2:
        return
    assert np.allclose(kept[[0, -1]], places[[0, -1]])
    plane = Plane(40.1, 101.8)
    drawn = shapely.LineString(plane.metres(kept))
    assert shapely.distance(shapely.points(plane.metres(places)), drawn).max() <= tolerance_m * 1.01 + 1e-6


def test_a_straight_drive_is_drawn_by_its_ends() -> None:
    track = drive(list(range(0, 100, 5)))
    thinned = track.thinned(2)
    assert len(thinned) == 2
    assert distance_m(tuple(thinned[-1].tolist()), tuple(track.latlon[-1].tolist())) < 0.001

"""A track that is kept with its mission."""

import dataclasses
import itertools

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.coordinates import Plane, moved
from geo.fixes import Fix
from geo.kept_tracks import LONGEST_STEP_S, TOLERANCE_M, Moment, NotATrack, packed, thinned, unpacked
from geo.tracks import track_of

GOOD = Fix("01JD0000000000000000000001", 7, 70, 1_795_000_000_000, 40.07, 101.82, 8.0, 3.0, 90.0, 80, "GPS", False)
WALKS = st.lists(st.tuples(st.integers(1, 200), st.floats(-60, 60), st.floats(-60, 60)), max_size=60)  # seconds, metres north, metres east


def walk(steps: list[tuple[int, float, float]]) -> list[Fix]:
    fixes = [GOOD]
    for seconds, north, east in steps:
        last = fixes[-1]
        lat, lon = moved(*moved(last.lat, last.lon, 0, north), 90, east)
        fixes.append(dataclasses.replace(last, t_ms=last.t_ms + seconds * 1000, lat=lat, lon=lon))
    return fixes


@given(steps=WALKS)
def test_no_place_left_out_lies_farther_than_promised_and_no_time_is_silent(steps: list[tuple[int, float, float]]) -> None:
    fixes = walk(steps)
    kept = thinned(fixes)
    there = {(fix.t_ms, fix.lat, fix.lon) for fix in fixes}
    assert {(each.t_ms, each.lat, each.lon) for each in kept} <= there
    plane = Plane(GOOD.lat, GOOD.lon)
    times = {each.t_ms for each in kept}
    for stretch in track_of(fixes).split():
        of_it = [each for each in kept if stretch.fixes[0].t_ms <= each.t_ms <= stretch.fixes[-1].t_ms]
        assert (of_it[0].t_ms, of_it[-1].t_ms) == (stretch.fixes[0].t_ms, stretch.fixes[-1].t_ms)
        points = plane.metres([(each.lat, each.lon) for each in of_it])
        line = shapely.LineString(points) if len(of_it) > 1 else shapely.Point(points[0])
        assert all(shapely.Point(place).distance(line) <= TOLERANCE_M + 0.01 for place in plane.metres(stretch.latlon))
        for a, b in itertools.pairwise(stretch.fixes):  # of two that follow each other, none is left out if the step would be too long
            if b.t_ms not in times:
                after = min(t for t in times if t > b.t_ms)
                before = max(t for t in times if t < b.t_ms)
                assert after - before <= LONGEST_STEP_S * 1000 or a.t_ms == before
        assert all(b.t_ms - a.t_ms <= 120_000 for a, b in itertools.pairwise(of_it))


@given(steps=WALKS)
def test_a_silence_is_where_it_was_and_nowhere_else(steps: list[tuple[int, float, float]]) -> None:
    fixes = walk(steps)
    ends = [(each.fixes[0].t_ms, each.fixes[-1].t_ms) for each in track_of(fixes).split()]
    kept = [dataclasses.replace(GOOD, t_ms=each.t_ms, lat=each.lat, lon=each.lon) for each in thinned(fixes)]
    assert [(each.fixes[0].t_ms, each.fixes[-1].t_ms) for each in track_of(kept).split()] == ends


def test_an_hour_on_a_straight_road_and_an_hour_of_standing_are_a_place_a_minute() -> None:
    drive = walk([(1, 0.0, 12.0)] * 3600 + [(1, 0.0, 0.0)] * 3600)
    kept = thinned(drive)
    assert len(kept) == 7200 / LONGEST_STEP_S + 1
    assert len(packed(kept)) < 1_500
    assert (kept[0].t_ms, kept[-1].t_ms) == (drive[0].t_ms, drive[-1].t_ms)


@given(steps=WALKS)
def test_packed_and_back_is_the_same_to_a_centimetre(steps: list[tuple[int, float, float]]) -> None:
    kept = thinned(walk(steps))
    back = unpacked(packed(kept))
    assert [each.t_ms for each in back] == [each.t_ms for each in kept]
    assert all(abs(a.lat - b.lat) <= 1e-7 and abs(a.lon - b.lon) <= 1e-7 for a, b in zip(kept, back, strict=True))
    assert packed(back) == packed(kept)


def test_nothing_is_nothing() -> None:
    assert unpacked(packed(thinned([]))) == []
    assert thinned([GOOD]) == [Moment(GOOD.t_ms, GOOD.lat, GOOD.lon)]


@pytest.mark.parametrize("bytes_", [b"", b"ECT1", packed([Moment(1, 2.0, 3.0)])[:-1], packed([Moment(1, 2.0, 3.0)]) + b"0", b"X" * 28])
def test_other_bytes_are_refused(bytes_: bytes) -> None:
    with pytest.raises(NotATrack):
        unpacked(bytes_)

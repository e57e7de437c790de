"""Crossings of fences: one for each, none for jitter."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.coordinates import Place, distance_m, moved
from geo.fences import NOWHERE, Crossing, Fence, FenceIndex, NotAFence, NotDrawnWell, Standing, check_drawn
from geo.fixes import Fix

COURT = (40.07, 101.82)
RADIUS_M = 400.0
GOOD = Fix("01JD0000000000000000000001", 7, 70, 0, 40.07, 101.82, 8.0, 3.0, 90.0, 80, "GPS", False)


def circle(id: str, centre: Place, radius_m: float, corners: int = 64) -> Fence:
    return Fence(id, [moved(*centre, corner * 360 / corners, radius_m) for corner in range(corners)])


FENCE = circle("court", COURT, RADIUS_M)
INDEX = FenceIndex([FENCE])


def at(place: Place, t_ms: int = 0, accuracy_m: float | None = 8.0) -> Fix:
    return dataclasses.replace(GOOD, lat=place[0], lon=place[1], t_ms=t_ms, accuracy_m=accuracy_m)


def off(metres: float, accuracy_m: float | None = 8.0, t_ms: int = 0, bearing: float = 90) -> Fix:
    """A fix so many metres from the court's centre."""
    return at(moved(*COURT, bearing, metres), t_ms, accuracy_m)


def walk(fixes: list[Fix], index: FenceIndex = INDEX, standing: Standing = NOWHERE) -> tuple[Standing, list[Crossing]]:
    crossings: list[Crossing] = []
    for fix in fixes:
        standing, crossed = index.step(standing, fix)
        crossings += crossed
    return standing, crossings


def test_two_clear_fixes_inside_in_a_row_are_an_entry_at_the_time_of_the_second() -> None:
    standing, crossings = walk([off(1000, t_ms=1), off(100, t_ms=2)])
    assert crossings == []
    standing, crossings = walk([off(90, t_ms=3), off(80, t_ms=4)], standing=standing)
    assert crossings == [Crossing("court", True, 3)]
    assert standing == Standing(frozenset({"court"}))


def test_two_clear_fixes_outside_in_a_row_are_a_departure() -> None:
    inside, _ = walk([off(0), off(0)])
    _, crossings = walk([off(900, t_ms=1), off(900, t_ms=2), off(900, t_ms=3)], standing=inside)
    assert crossings == [Crossing("court", False, 2)]


def test_one_fix_on_the_other_side_says_nothing() -> None:
    _, crossings = walk([off(900), off(0), off(900), off(0), off(900)])
    assert crossings == []
    inside, _ = walk([off(0), off(0)])
    _, crossings = walk([off(900), off(0), off(900), off(0)], standing=inside)
    assert crossings == []


def test_an_unclear_fix_between_breaks_the_row() -> None:
    _, crossings = walk([off(0), off(RADIUS_M), off(0)])
    assert crossings == []


@given(seed=st.integers(0, 2**32 - 1), bearing=st.floats(0, 360), inside=st.booleans())
@settings(max_examples=10, deadline=None)
def test_a_thousand_fixes_jittering_on_the_line_are_no_event(seed: int, bearing: float, inside: bool) -> None:
    noise = np.clip(np.random.default_rng(seed).normal(0, 8, (1000, 2)), -17, 17)  # as far as a good receiver strays, within the margin
    start = Standing(frozenset({"court"})) if inside else NOWHERE
    line = moved(*COURT, bearing, RADIUS_M)
    fixes = [at(moved(*moved(*line, 0, north), 90, east), t) for t, (north, east) in enumerate(noise.tolist())]
    standing, crossings = walk(fixes, standing=start)
    assert crossings == []
    assert standing.inside == start.inside


@given(seed=st.integers(0, 2**32 - 1), bearing=st.floats(0, 360), speed=st.floats(3, 30))
@settings(max_examples=25, deadline=None)
def test_driving_through_is_exactly_one_entry_and_one_departure(seed: int, bearing: float, speed: float) -> None:
    rng = np.random.default_rng(seed)
    fixes = []
    for t in range(int(2400 / speed)):
        along = moved(*COURT, bearing, -1200 + t * speed)
        fixes.append(at(moved(*along, *rng.uniform((0, 0), (360, 12)).tolist()), t))
    standing, crossings = walk(fixes)
    assert [crossing.entered for crossing in crossings] == [True, False]
    assert standing.inside == frozenset()


@given(fixes=st.lists(st.tuples(st.floats(0, 900), st.floats(0, 360), st.none() | st.floats(0, 500)), max_size=40))
@settings(max_examples=50, deadline=None)
def test_entries_and_departures_take_turns_and_end_where_the_unit_stands(fixes: list[tuple[float, float, float | None]]) -> None:
    standing, crossings = walk([off(metres, accuracy, bearing=bearing) for metres, bearing, accuracy in fixes])
    assert [crossing.entered for crossing in crossings] == [number % 2 == 0 for number in range(len(crossings))]
    assert ("court" in standing.inside) == (len(crossings) % 2 == 1)


@given(metres=st.floats(0, 900), accuracy=st.floats(0, 500))
@settings(max_examples=100, deadline=None)
def test_clear_is_farther_from_the_line_than_the_margin_and_half_the_accuracy(metres: float, accuracy: float) -> None:
    depth, needed = RADIUS_M - metres, max(25.0, accuracy / 2)
    if abs(abs(depth) - needed) < 2:  # a circle of 64 corners lies up to half a metre inside the round one; the sphere bends a little
        return
    standing, _ = walk([off(metres, accuracy)])
    assert ("court" in standing.once) == (depth > needed)
    standing, _ = walk([off(metres, accuracy)], standing=Standing(frozenset({"court"})))
    assert ("court" in standing.once) == (-depth > needed)


def test_a_poor_fix_counts_only_far_from_the_line() -> None:
    assert walk([off(300, 300.0), off(300, 300.0)])[1] == []
    assert len(walk([off(200, 300.0), off(200, 300.0)])[1]) == 1


def test_a_fix_of_unknown_accuracy_has_the_margin_only() -> None:
    assert len(walk([off(370, None), off(370, None)])[1]) == 1
    assert walk([off(380, None), off(380, None)])[1] == []


def test_a_narrow_fence_can_still_be_entered() -> None:
    yard = FenceIndex([circle("yard", COURT, 15.0)])
    assert walk([off(2), off(2)], yard)[1] == [Crossing("yard", True, 0)]
    assert walk([off(12), off(12)], yard)[1] == []


def test_fences_may_lie_over_each_other() -> None:
    index = FenceIndex([FENCE, circle("city", COURT, 5000), circle("far", (40.2, 101.7), 500)])
    standing, crossings = walk([off(0), off(0)], index)
    assert {crossing.fence_id for crossing in crossings} == {"court", "city"}
    _, crossings = walk([off(2000), off(2000)], index, standing)
    assert crossings == [Crossing("court", False, 0)]


def test_a_removed_fence_is_forgotten_without_a_word() -> None:
    standing, crossings = FenceIndex([]).step(Standing(frozenset({"court"}), frozenset({"gone"})), off(0))
    assert standing == NOWHERE
    assert crossings == []


def test_a_unit_known_to_be_inside_before_a_restart_enters_no_second_time() -> None:
    _, crossings = walk([off(0), off(0), off(0)], standing=Standing(frozenset({"court"})))
    assert crossings == []


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_many_units_at_once_step_as_each_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    index = FenceIndex([circle(str(n), moved(*COURT, *rng.uniform((0, 0), (360, 2000)).tolist()), rng.uniform(50, 900)) for n in range(12)])
    places = [moved(*COURT, *rng.uniform((0, 0), (360, 2500)).tolist()) for _ in range(20)]
    together: dict[int, Standing] = {}
    alone: dict[int, Standing] = {}
    for tick in range(12):
        fixes = [
            (unit, at(moved(*place, *rng.uniform((0, 0), (360, 200)).tolist()), tick, rng.choice([5.0, 30.0, 200.0])))
            for unit, place in enumerate(places)
        ]
        changed, crossings = index.step_all(together, fixes)
        together |= changed
        expected = []
        for unit, fix in fixes:
            alone[unit], crossed = index.step(alone.get(unit, NOWHERE), fix)
            expected += [(unit, crossing) for crossing in crossed]
        assert sorted(crossings, key=str) == sorted(expected, key=str)
        assert {unit: s for unit, s in together.items() if s != NOWHERE} == {unit: s for unit, s in alone.items() if s != NOWHERE}


def test_several_fixes_of_one_unit_in_a_batch_are_taken_in_their_order() -> None:
    fixes = [(7, off(0, t_ms=1)), (8, off(0, t_ms=1)), (7, off(0, t_ms=2)), (7, off(900, t_ms=3)), (7, off(900, t_ms=4))]
    changed, crossings = INDEX.step_all({}, fixes)
    assert crossings == [(7, Crossing("court", True, 2)), (7, Crossing("court", False, 4))]
    assert changed == {8: Standing(once=frozenset({"court"}))}  # 7 is back where it began


@given(
    seed=st.integers(0, 2**32 - 1), standing=st.sampled_from([NOWHERE, Standing(frozenset({"0", "3"})), Standing(once=frozenset({"1"}))])
)
@settings(max_examples=15, deadline=None)
def test_a_late_batch_steps_as_its_fixes_one_by_one(seed: int, standing: Standing) -> None:
    rng = np.random.default_rng(seed)
    index = FenceIndex([circle(str(n), moved(*COURT, *rng.uniform((0, 0), (360, 500)).tolist()), rng.uniform(100, 700)) for n in range(5)])
    fixes = [at(moved(*COURT, *rng.uniform((0, 0), (360, 1200)).tolist()), t, rng.choice([5.0, 200.0])) for t in range(120)]
    expected, crossings = walk(fixes, index, standing)
    changed, together = index.step_all({7: standing}, [(7, fix) for fix in fixes])
    assert changed.get(7, standing) == expected
    assert together == [(7, crossing) for crossing in crossings]


def test_nothing_changes_for_units_far_from_every_fence() -> None:
    assert INDEX.step_all({}, [(unit, off(5000)) for unit in range(100)]) == ({}, [])
    assert INDEX.step_all({}, []) == ({}, [])


def test_the_plain_question_who_is_inside_needs_no_margin() -> None:
    assert INDEX.inside([moved(*COURT, 10, 395), moved(*COURT, 10, 405)]) == [frozenset({"court"}), frozenset()]


def test_the_margin_is_the_same_at_every_latitude() -> None:
    for centre in ((0.0, 10.0), (60.0, 10.0), (-45.0, -170.0)):
        index = FenceIndex([circle("x", centre, 400)])
        near, far = at(moved(*centre, 90, 370)), at(moved(*centre, 90, 380))
        assert len(walk([near, near], index)[1]) == 1
        assert walk([far, far], index)[1] == []
        assert distance_m(centre, (near.lat, near.lon)) == pytest.approx(370)


@pytest.mark.parametrize(
    "ring",
    [
        [],
        [(40.0, 101.0), (40.1, 101.0)],
        [(40.0, 101.0), (40.1, 101.0), (40.2, 101.0)],
        [(40.0, 101.0), (40.1, 101.1), (40.1, 101.0), (40.0, 101.1)],
        [(40.0, 101.0), (40.1, 101.1), (math.nan, 101.0)],
        [(40.0, 101.0), (40.1, 101.1), (140.1, 101.0)],
    ],
    ids=["empty", "two places", "no area", "crosses itself", "not a number", "not a degree"],
)
def test_what_holds_no_area_is_no_fence(ring: list[Place]) -> None:
    with pytest.raises(NotAFence) as refused:
        Fence("bad", ring)
    assert refused.value.code == "geo.not_a_fence"


def test_two_fences_of_one_id_are_refused() -> None:
    with pytest.raises(NotAFence):
        FenceIndex([FENCE, FENCE])


# --- drawn by hand ---

HERE = (23.1, 112.5)


def square(side_m: float, at: tuple[float, float] = HERE) -> list[tuple[float, float]]:
    lat, lon = at
    high, wide = side_m / 111_195, side_m / 111_195 / math.cos(math.radians(lat))
    return [(lat, lon), (lat, lon + wide), (lat + high, lon + wide), (lat + high, lon)]


def complaint(ring: Sequence[tuple[float, float]], district: shapely.Geometry | None = None) -> str:
    try:
        check_drawn(ring, district)
    except NotDrawnWell as error:
        return error.code
    return ""


@given(side_m=st.floats(1, 20_000), lat=st.floats(-60, 60))
def test_its_size_is_measured_on_the_ground_wherever_it_lies(side_m: float, lat: float) -> None:
    said = complaint(square(side_m, (lat, 112.5)))
    if side_m < 19.5:
        assert said == "geo.fence_small"
    elif side_m > 5_100:
        assert said == "geo.fence_large"
    elif 20.5 < side_m < 4_900:
        assert said == ""


def test_how_a_line_can_be_mended_is_said() -> None:
    a, b, c, d = square(500)
    assert complaint([a, b, c, d]) == complaint([a, b, c, d, a]) == ""
    assert complaint([a, c, b, d]) == "geo.fence_crosses"
    assert complaint([a, b]) == complaint([a, b, a, b]) == complaint([]) == complaint([a, b, (float("nan"), 1.0)]) == "geo.fence_corners"
    assert complaint([a, b, (91.0, 0.0)]) == complaint([(86.0, 0.0), (86.0, 1.0), (87.0, 1.0)]) == "geo.fence_corners"
    middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
    assert complaint([a, middle, b]) == "geo.fence_small"


def test_it_lies_in_the_court_s_district() -> None:
    district = shapely.box(112.4, 23.0, 112.6, 23.2)
    assert complaint(square(500), district) == ""
    assert complaint(square(500, (23.19, 112.595)), district) == ""
    assert complaint(square(900, (23.199, 112.599)), district) == "geo.fence_outside"
    assert complaint(square(500, (24.0, 112.5)), district) == "geo.fence_outside"

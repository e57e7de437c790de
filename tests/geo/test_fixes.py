"""What is believed of a report, and what is refused with which reason."""

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.coordinates import moved
from geo.fixes import LOOK_BACK, Doubt, Fix, Refusal, believable_late, believe, believe_in_turn

NOW_MS = 1_795_311_480_000
GOOD = Fix("01JD0000000000000000000001", 7, 70, NOW_MS - 1000, 40.07, 101.82, 8.0, 3.0, 90.0, 80, "GPS", False)
DAY_MS = 86_400_000


def fix(**changes: Any) -> Fix:
    return dataclasses.replace(GOOD, **changes)


def later(seconds: float, metres: float, **changes: Any) -> Fix:
    lat, lon = moved(GOOD.lat, GOOD.lon, 63.0, metres)
    return fix(t_ms=GOOD.t_ms + round(seconds * 1000), lat=lat, lon=lon, **changes)


def test_a_good_fix_is_believed_with_and_without_a_previous_one() -> None:
    assert believe(GOOD, None, NOW_MS) is None
    assert believe(later(10, 100), GOOD, NOW_MS + 10_000) is None


def test_a_fix_that_knows_only_its_place_is_believed() -> None:
    assert believe(fix(accuracy_m=None, speed_mps=None, heading_deg=None, battery_pct=None), None, NOW_MS) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lat": math.nan}, "fix.not_a_number"),
        ({"lon": math.inf}, "fix.not_a_number"),
        ({"accuracy_m": math.nan}, "fix.not_a_number"),
        ({"speed_mps": -math.inf}, "fix.not_a_number"),
        ({"heading_deg": math.nan}, "fix.not_a_number"),
        ({"lat": 90.1}, "fix.not_a_degree"),
        ({"lon": -181.0}, "fix.not_a_degree"),
        ({"lon": 181.0}, "fix.not_a_degree"),
        ({"lat": 0.0, "lon": 0.0}, "fix.null_island"),
        ({"lat": -0.0005, "lon": 0.0009}, "fix.null_island"),
        ({"mock": True}, "fix.mock"),
        ({"t_ms": NOW_MS + DAY_MS}, "fix.from_future"),
        ({"t_ms": NOW_MS + 300_001}, "fix.from_future"),
        ({"t_ms": 0}, "fix.too_old"),
        ({"t_ms": NOW_MS - 7 * DAY_MS - 1}, "fix.too_old"),
        ({"accuracy_m": 500.1}, "fix.inaccurate"),
        ({"accuracy_m": -1.0}, "fix.inaccurate"),
    ],
)
def test_each_bad_fix_is_refused_with_its_own_reason(changes: dict[str, Any], code: str) -> None:
    refusal = believe(fix(**changes), None, NOW_MS)
    assert refusal == code


@pytest.mark.parametrize(
    "changes",
    [{"lat": 0.0}, {"lon": 0.0}, {"t_ms": NOW_MS + 300_000}, {"t_ms": NOW_MS - 7 * DAY_MS}, {"accuracy_m": 500.0}, {"accuracy_m": 0.0}],
)
def test_a_fix_on_the_limit_is_believed(changes: dict[str, Any]) -> None:
    assert believe(fix(**changes), None, NOW_MS) is None


def test_a_teleport_over_five_thousand_kilometres_is_refused() -> None:
    assert believe(later(60, 5_000_000), GOOD, NOW_MS + 60_000) is Refusal.TELEPORT


def test_two_hundred_kilometres_an_hour_is_believed_and_a_little_more_is_not() -> None:
    assert believe(later(60, 60 * 55.5 + 16), GOOD, NOW_MS + 60_000) is None
    assert believe(later(60, 60 * 55.7 + 16), GOOD, NOW_MS + 60_000) is Refusal.TELEPORT


def test_a_jump_within_a_second_is_believed_up_to_the_accuracies_and_150_metres() -> None:
    assert believe(later(0.5, 165), GOOD, NOW_MS) is None
    assert believe(later(0.5, 167), GOOD, NOW_MS) is Refusal.TELEPORT
    assert believe(later(1, 300, accuracy_m=400.0), GOOD, NOW_MS) is None


def test_the_demo_scripts_jump_of_420_metres_is_refused() -> None:
    assert believe(later(1, 420), GOOD, NOW_MS) is Refusal.TELEPORT


@given(seconds=st.floats(0, 86_400), metres=st.floats(0, 19_000_000))
def test_a_late_fix_is_not_asked_how_it_got_there(seconds: float, metres: float) -> None:
    assert believe(later(-seconds, metres), GOOD, NOW_MS) is None


@given(seconds=st.floats(0.01, 3600), longer=st.floats(0, 3600), metres=st.floats(0, 400_000))
def test_more_time_never_makes_a_place_less_believable(seconds: float, longer: float, metres: float) -> None:
    if believe(later(seconds, metres), GOOD, NOW_MS + DAY_MS) is None:
        assert believe(later(seconds + longer, metres), GOOD, NOW_MS + DAY_MS) is None


@given(
    lat=st.floats(),
    lon=st.floats(),
    t_ms=st.integers(-(2**63), 2**63),
    accuracy=st.none() | st.floats(),
    previous=st.none() | st.just(GOOD),
)
def test_any_numbers_get_an_answer(lat: float, lon: float, t_ms: int, accuracy: float | None, previous: Fix | None) -> None:
    refusal = believe(fix(lat=lat, lon=lon, t_ms=t_ms, accuracy_m=accuracy), previous, NOW_MS)
    assert refusal is None or refusal in Refusal
    if refusal is None:
        assert -90 <= lat <= 90
        assert -180 <= lon <= 180
        assert NOW_MS - 7 * DAY_MS <= t_ms <= NOW_MS + 300_000


def test_the_codes_are_those_of_the_texts() -> None:
    assert {refusal.value for refusal in Refusal} == {
        "fix.not_a_number",
        "fix.not_a_degree",
        "fix.null_island",
        "fix.mock",
        "fix.from_future",
        "fix.too_old",
        "fix.inaccurate",
        "fix.teleport",
    }


def test_a_place_set_by_hand_is_not_held_against_the_next_measurement() -> None:
    by_hand = fix(provider="MANUAL")
    assert believe(later(2, 9_000), by_hand, NOW_MS + 10_000) is None
    assert believe(later(2, 9_000, provider="MANUAL"), GOOD, NOW_MS + 10_000) is Refusal.TELEPORT


# --- when the place before was the wrong one ---------------------------------------------------------------------------------------

FAR_M = 1_000_000.0


def at(t_ms: int, metres: float, bearing: float = 63.0, **changes: Any) -> Fix:
    lat, lon = moved(GOOD.lat, GOOD.lon, bearing, metres)
    return fix(t_ms=GOOD.t_ms + t_ms, lat=lat, lon=lon, **changes)


def walk(stream: list[Fix], anchor: Fix | None = GOOD) -> list[tuple[Fix, Refusal | None]]:
    """As a unit's fixes are judged one after the other: the newest believed one is the anchor of the next."""
    doubt: Doubt | None = None
    judged = []
    for one in stream:
        refusal, doubt = believe_in_turn(one, anchor, doubt, NOW_MS + DAY_MS)
        judged.append((one, refusal))
        if refusal is None and (anchor is None or one.t_ms > anchor.t_ms):
            anchor = one
    return judged


def test_three_that_agree_over_twenty_seconds_are_believed_and_those_before_them_are_not() -> None:
    judged = walk([at(t, FAR_M + t / 100) for t in (1_000, 11_000, 21_000, 31_000)])
    assert [refusal for _, refusal in judged] == [Refusal.TELEPORT, Refusal.TELEPORT, None, None]
    assert [refusal for _, refusal in walk([at(t, FAR_M) for t in (1_000, 11_000, 20_900)])] == [Refusal.TELEPORT] * 3
    assert [refusal for _, refusal in walk([at(t, FAR_M) for t in (1_000, 41_000)])] == [Refusal.TELEPORT] * 2


intervals = st.lists(st.integers(100, 60_000), min_size=1, max_size=60)


def moments(between: list[int]) -> list[int]:
    return [sum(between[: count + 1]) for count in range(len(between))]


@given(between=intervals, own=st.booleans())
def test_going_to_and_fro_between_two_places_moves_nobody(between: list[int], own: bool) -> None:
    """own: one of the two is where the unit was believed to be; else both are elsewhere."""
    home = 0.0 if own else 2 * FAR_M
    stream = [at(t, home if place % 2 else FAR_M) for place, t in enumerate(moments(between))]
    for one, refusal in walk(stream):
        assert (refusal is None) is (own and one.lat == GOOD.lat)


@given(between=st.lists(st.integers(100, 10_000), min_size=1, max_size=300), speed_mps=st.floats(0, 50))
def test_after_one_wild_place_a_steady_stream_is_believed_within_twenty_seconds_and_one_fix(between: list[int], speed_mps: float) -> None:
    times = moments(between)
    judged = walk([at(t, speed_mps * t / 1000) for t in times], anchor=at(0, FAR_M))
    overdue = [place for place, t in enumerate(times) if t - times[0] >= 20_000]
    first = next((place for place, (_, refusal) in enumerate(judged) if refusal is None), len(times))
    assert first <= min(overdue, default=len(times))
    assert {refusal for _, refusal in judged[:first]} <= {Refusal.TELEPORT}
    assert {refusal for _, refusal in judged[first:]} <= {None}


@given(steps=st.lists(st.tuples(st.integers(-90_000, 90_000), st.sampled_from([0.0, FAR_M, 2 * FAR_M]), st.booleans()), max_size=60))
def test_whatever_comes_time_never_goes_back(steps: list[tuple[int, float, bool]]) -> None:
    anchor, doubt, t = GOOD, None, 0
    for step, metres, mock in steps:
        t += step
        one = at(t, metres, mock=mock)
        alone = believe(one, anchor, NOW_MS + DAY_MS)
        refusal, doubt = believe_in_turn(one, anchor, doubt, NOW_MS + DAY_MS)
        assert refusal in (alone, None)
        if refusal is not alone:
            assert alone is Refusal.TELEPORT
            assert one.t_ms > anchor.t_ms
        if refusal is None and one.t_ms > anchor.t_ms:
            anchor = one
            assert doubt is None


def late_track(count: int, step_s: int = 10, speed_mps: float = 14.0) -> list[Fix]:
    """A drive that ended an hour ago, newest last."""
    return [at(-3_600_000 - (count - place) * step_s * 1000, speed_mps * step_s * place, id=f"good {place}") for place in range(count)]


@given(
    count=st.integers(4, 40),
    wild=st.sets(st.integers(0, 39), max_size=13),
    bearings=st.lists(st.floats(0, 359), min_size=40, max_size=40, unique_by=lambda bearing: round(bearing / 5)),
    order=st.randoms(use_true_random=False),
    anchored=st.booleans(),
)
def test_a_late_batch_loses_its_wild_fixes_and_nothing_else(
    count: int, wild: set[int], bearings: list[float], order: Any, anchored: bool
) -> None:
    """Less than every third is wild, each elsewhere; in whatever order they come."""
    wild = {place for place in sorted(wild) if place < count}
    wild = set(sorted(wild)[: (count - 1) // 3])
    track = late_track(count)
    for place in wild:
        track[place] = at(track[place].t_ms - GOOD.t_ms, FAR_M, bearings[place], id="wild")
    order.shuffle(track)
    judged = believable_late(track, [GOOD] if anchored else [])
    assert [one.id for one, believed in zip(track, judged, strict=True) if not believed] == ["wild"] * len(wild)


@given(count=st.integers(0, 60), step_s=st.integers(1, 600), speed_mps=st.floats(0, 50), order=st.randoms(use_true_random=False))
def test_a_late_batch_that_somebody_could_have_driven_is_believed_whole(count: int, step_s: int, speed_mps: float, order: Any) -> None:
    track = late_track(count, step_s, speed_mps)
    order.shuffle(track)
    assert believable_late(track) == [True] * count


def test_one_late_fix_is_held_to_the_newest_and_three_that_agree_are_stronger_than_it() -> None:
    far = [at(-60_000 + 10_000 * place, FAR_M) for place in range(3)]
    assert believable_late(far[:1], [GOOD]) == [False]
    assert believable_late(far[:2], [GOOD]) == [False, False]
    assert believable_late(far, [GOOD]) == [True] * 3
    assert believable_late(far[:1], [fix(provider="MANUAL")]) == [True]
    assert believable_late([at(-60_000, 500)], [GOOD]) == [True]
    assert believable_late([]) == []


def test_the_way_goes_on_behind_many_wild_fixes_in_a_row() -> None:
    track = late_track(60)
    for place in range(20, 20 + LOOK_BACK + 4):
        track[place] = at(track[place].t_ms - GOOD.t_ms, FAR_M * (1 + place % 7), id="wild")
    assert {one.id for one, believed in zip(track, believable_late(track), strict=True) if not believed} == {"wild"}


def test_a_refusal_for_another_reason_says_nothing_about_the_place() -> None:
    stream = [at(1_000, FAR_M), at(6_000, FAR_M, mock=True), at(11_000, FAR_M), at(16_000, FAR_M, accuracy_m=900.0), at(21_000, FAR_M)]
    assert [refusal for _, refusal in walk(stream)] == [Refusal.TELEPORT, Refusal.MOCK, Refusal.TELEPORT, Refusal.INACCURATE, None]


def test_the_same_fix_again_does_not_count_twice() -> None:
    first = at(1_000, FAR_M)
    assert {refusal for _, refusal in walk([first] * 5 + [at(21_000, FAR_M)])} == {Refusal.TELEPORT}

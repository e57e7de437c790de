"""What is believed of a report, and what is refused with which reason."""

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.coordinates import moved
from geo.fixes import Fix, Refusal, believe

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

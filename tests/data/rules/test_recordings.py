"""How long recordings are kept, when the disk is said to be full, whose own a recording is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput
from data.rules.permissions import ALLOWED, Actor, Role, Verb
from data.rules.recordings import (
    LEAST_ROUTINE_DAYS,
    OWN_ONLY,
    WITH_REASON,
    WITHOUT_REASON,
    Category,
    digest,
    filled_ms,
    forecast,
    is_own,
    keep_until,
    may_purge,
)

ENDED = datetime(2026, 11, 23, 1, 38, tzinfo=UTC)
GB = 10**9


@given(st.integers(0, 1_000), st.integers(0, 2_000), st.booleans())
def test_nothing_is_purged_before_six_months_and_nothing_held_ever(routine_days: int, later_days: int, held: bool) -> None:
    purged = may_purge(Category.ROUTINE, ENDED, held, ENDED + timedelta(days=later_days), routine_days)
    assert purged == (not held and later_days >= max(routine_days, LEAST_ROUTINE_DAYS))


@given(st.integers(0, 100_000))
def test_what_belongs_to_the_file_is_never_purged(later_days: int) -> None:
    assert keep_until(Category.KEPT, ENDED) is None
    assert not may_purge(Category.KEPT, ENDED, False, ENDED + timedelta(days=later_days))


def test_what_still_runs_is_never_purged() -> None:
    assert not may_purge(Category.ROUTINE, None, False, ENDED + timedelta(days=10_000))


def test_a_disk_warns_days_ahead_and_refuses_before_it_is_full() -> None:
    calm = forecast(100 * GB, [4 * GB] * 7, GB // 2)
    assert (calm.warn, calm.refuse, round(calm.days or 0)) == (False, False, 25)
    soon = forecast(20 * GB, [4 * GB] * 7, GB // 2)
    assert (soon.warn, soon.refuse, round(soon.days or 0)) == (True, False, 5)
    late = forecast(GB // 4, [4 * GB] * 7, GB // 2)
    assert (late.warn, late.refuse, late.days) == (True, True, 0.0)
    unknown = forecast(100 * GB, [], GB // 2)
    assert (unknown.warn, unknown.days) == (False, None)


def test_one_big_day_is_no_average() -> None:
    assert forecast(100 * GB, [0, 0, 0, 0, 0, 0, 40 * GB], 0).bytes_per_day == 20 * GB


@given(st.integers(0, 10**13), st.lists(st.integers(0, 10**12), max_size=7), st.integers(0, 10**12))
def test_who_refuses_has_warned(free: int, per_day: list[int], reserve: int) -> None:
    said = forecast(free, per_day, reserve)
    assert said.warn or not said.refuse
    assert said.days is None or said.days >= 0


def actor(role: Role, **more: object) -> Actor:
    return Actor(kind="OFFICER", id="x", role=role, court_code="C", **more)  # type: ignore[arg-type]


def test_own_is_the_unit_for_a_judge_also_his_team_and_his_case() -> None:
    assert is_own(actor(Role.DEVICE, unit_no=1001), 1001, None, None)
    assert not is_own(actor(Role.DEVICE, unit_no=1002, team_id="T"), 1001, "T", None)
    assert is_own(actor(Role.JUDGE, team_id="T"), 1001, "T", None)
    assert is_own(actor(Role.JUDGE, officer_id="J"), 1001, "U", "J")
    assert not is_own(actor(Role.JUDGE, officer_id="J"), 1001, "U", "K")
    assert not is_own(actor(Role.JUDGE), None, None, None)


def test_everybody_who_may_replay_says_why_or_sees_his_own() -> None:
    assert ALLOWED[Verb.REPLAY_RECORDING] == WITH_REASON | WITHOUT_REASON
    assert WITHOUT_REASON <= OWN_ONLY


@pytest.mark.parametrize("said", ["", "x" * 64, "A" * 64, "0" * 63, "0" * 65])
def test_what_is_no_digest_is_refused(said: str) -> None:
    with pytest.raises(BadInput):
        digest(said)


@given(st.lists(st.tuples(st.integers(-60, 120), st.integers(0, 60_000)), max_size=6))
def test_a_gap_is_never_filled_by_more_than_itself_and_nothing_counts_twice(pieces: list[tuple[int, int]]) -> None:
    placed = [(ENDED + timedelta(seconds=at_s), lasts_ms) for at_s, lasts_ms in pieces]
    filled = filled_ms(ENDED, ENDED + timedelta(seconds=60), placed)
    assert 0 <= filled <= 60_000
    assert filled == filled_ms(ENDED, ENDED + timedelta(seconds=60), placed + placed)
    covered = {second for at_s, lasts_ms in pieces for second in range(at_s * 1000, at_s * 1000 + lasts_ms, 100)} & set(
        range(0, 60_000, 100)
    )
    assert abs(filled - 100 * len(covered)) <= 100 * max(1, len(pieces))

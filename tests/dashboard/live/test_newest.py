"""The newest positions: never backward in time, nothing twice, only what a Sight may see."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.live.newest import Newest
from geo import packed
from geo.packed import FIX, Kind, NotAFrame, Records

SENT_MS = 1_763_950_000_000


def records(*fixes: tuple[int, int, int]) -> Records:
    """(unit, latitude in 1e-7 degree, age in ms)."""
    made = np.zeros(len(fixes), FIX)
    for place, (unit, lat, age) in enumerate(fixes):
        made[place]["unit"], made[place]["lat"], made[place]["age"] = unit, lat, age
    return made


def seen(frame: bytes | None) -> dict[int, tuple[int, int]]:
    """unit -> (latitude, age)."""
    assert frame is not None
    return {int(each["unit"]): (int(each["lat"]), int(each["age"])) for each in packed.unpack(frame).records}


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 1000), st.integers(0, 50)), max_size=40), st.integers(1, 5))
def test_the_newest_of_each_unit_wins_however_they_arrive(fixes: list[tuple[int, int, int]], batches: int) -> None:
    newest = Newest()
    for start in range(batches):
        newest.take_records(records(*fixes[start::batches]), SENT_MS)
    youngest = {unit: min(age for other, _, age in fixes if other == unit) for unit, _, _ in fixes}
    assert {unit: age for unit, (_, age) in seen(newest.pack(Kind.ALL, SENT_MS, -1)).items()} == youngest


def test_an_older_fix_never_rewinds_a_marker() -> None:
    newest = Newest()
    newest.take_records(records((1001, 5, 100)), SENT_MS)
    assert len(newest.take_records(records((1001, 9, 5_000)), SENT_MS)) == 0
    assert seen(newest.pack(Kind.ALL, SENT_MS, -1))[1001][0] == 5


def test_ages_go_on_by_the_servers_clock() -> None:
    newest = Newest()
    newest.take_records(records((1001, 5, 100)), SENT_MS)
    assert seen(newest.pack(Kind.ALL, SENT_MS + 900, -1))[1001][1] == 1_000


def test_a_frame_holds_only_what_changed_since() -> None:
    newest = Newest()
    newest.take_records(records((1001, 5, 100), (1002, 5, 100)), SENT_MS)
    before = newest.stamp
    newest.take_records(records((1002, 6, 50)), SENT_MS)
    assert set(seen(newest.pack(Kind.SOME, SENT_MS, before))) == {1002}
    assert newest.pack(Kind.SOME, SENT_MS, newest.stamp) is None


def test_a_sight_sees_its_own_units_only() -> None:
    newest = Newest()
    newest.take_records(records((1001, 5, 0), (1002, 5, 0), (1003, 5, 0)), SENT_MS)
    own = np.array([1002], np.uint32)
    assert set(seen(newest.pack(Kind.ALL, SENT_MS, -1, own))) == {1002}
    assert seen(newest.pack(Kind.ALL, SENT_MS, -1, np.empty(0, np.uint32))) == {}


def test_who_left_is_forgotten() -> None:
    newest = Newest()
    newest.take_records(records((1001, 5, 0), (1002, 5, 0)), SENT_MS)
    assert newest.drop(np.array([1001], np.uint32))
    assert not newest.drop(np.array([1001], np.uint32))
    assert set(seen(newest.pack(Kind.ALL, SENT_MS, -1))) == {1002}
    assert len(newest) == 1


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(NotAFrame):
        Newest().take(b"no frame at all, but long enough to be one")


def test_who_stands_nearest_and_was_heard_lately_comes_first() -> None:
    newest = Newest()
    newest.take_records(records((1, 400_000_000, 5_000), (2, 402_000_000, 9_000), (3, 401_000_000, 1_000)), SENT_MS)
    assert [unit for unit, _ in newest.around(40.19, 0.0, since_ms=0, most=5)] == [2, 3, 1]
    assert [unit for unit, _ in newest.around(40.19, 0.0, since_ms=SENT_MS - 6_000, most=1)] == [3]
    assert newest.place_of(3) == pytest.approx((40.1, 0.0))
    assert newest.place_of(4) is None
    assert Newest().around(40, 101, 0, 5) == []
    assert Newest().place_of(1) is None

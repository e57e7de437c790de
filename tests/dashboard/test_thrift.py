"""When a viewer on a bad line takes the small picture, and when the large one again; run by node."""

from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import node

WALK = """(() => {
  let thrift = begin();
  return asked.map((figures, n) => (thrift = second(thrift, figures, 1000 * (n + 1))).small);
})()"""
READ = """(() => { const read = seconds(); return asked.map(([stats, now]) => read(stats, now)); })()"""
GOOD, LOSSY, FROZEN = {"lossShare": 0.0, "frozenS": 0.0}, {"lossShare": 0.2, "frozenS": 0.0}, {"lossShare": 0.0, "frozenS": 0.7}


def walk(*seconds: dict[str, float]) -> list[bool]:
    said: list[bool] = node.answer("thrift.mjs", "begin, second", WALK, seconds)
    return said


def lengths(path: list[bool]) -> list[tuple[bool, int]]:
    return [(small, len(list(run))) for small, run in groupby(path)]


@pytest.mark.parametrize("bad", [LOSSY, FROZEN])
def test_three_bad_seconds_running_make_it_small_and_fifteen_calm_ones_large(bad: dict[str, float]) -> None:
    path = walk(GOOD, bad, bad, GOOD, bad, bad, bad, *[GOOD] * 30)
    assert lengths(path) == [(False, 6), (True, 15), (False, 16)]


def test_a_large_one_that_does_not_hold_is_tried_less_and_less_often() -> None:
    once = [*[LOSSY] * 3]
    path = walk(*once, *[GOOD] * 15, *once, *[GOOD] * 30, *once, *[GOOD] * 60)
    assert [size for small, size in lengths(path) if small] == [15, 30, 60]


def test_one_that_held_counts_as_held() -> None:
    path = walk(*[LOSSY] * 3, *[GOOD] * 40, *[LOSSY] * 3, *[GOOD] * 15)
    assert [size for small, size in lengths(path) if small] == [15, 15]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([GOOD, LOSSY, FROZEN]), min_size=1, max_size=200))
def test_it_never_changes_twice_within_three_seconds(seconds: list[dict[str, float]]) -> None:
    assert all(size >= 3 for _, size in lengths(walk(*seconds))[1:-1])


def stat(received: int, lost: int, frozen: float) -> dict[str, Any]:
    return {"type": "inbound-rtp", "kind": "video", "packetsReceived": received, "packetsLost": lost, "totalFreezesDuration": frozen}


def test_what_the_browser_counts_is_read_by_the_second() -> None:
    asked = [
        ([stat(100, 0, 0.0)], 1_000), ([stat(150, 0, 0.0)], 1_500), ([stat(180, 20, 0.5)], 2_000), ([stat(10, 0, 0.0)], 3_000),
        ([stat(110, 0, 0.0)], 4_000), ([stat(110, 0, 0.0)], 5_000), ([], 6_000),
    ]  # fmt: skip
    said = node.answer("thrift.mjs", "seconds", READ, asked)
    assert said == [None, None, {"lossShare": 0.2, "frozenS": 0.5}, None, GOOD, None, None], "another connection begins anew"

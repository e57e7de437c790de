"""The phone's ladder, run by node: sound before picture, down in order, up slowly, and not up and down on a line that takes no more."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.rules.calls import Mode
from tests import node

WALK = """{ STEPS, SENDS, answers: asked.map(({ seconds, stats, highest }) => {
  if (stats) return figuresOf(stats);
  let ladder = begin(0);
  return seconds.map((figures, n) => { ladder = climb(ladder, figures, 1000 * (n + 1), highest); return [ladder.step, ladder.why]; });
}) }"""
GOOD = {"availableBps": 2_000_000, "lossShare": 0.0, "rttMs": 40, "limited": "none"}
UNKNOWN = {"availableBps": None, "lossShare": None, "rttMs": None, "limited": "none"}
STEPS = ["FULL", "LOW_VIDEO", "STILLS", "AUDIO_ONLY"]


def ask(*asked: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = node.answer("ladder.mjs", "begin, climb, figuresOf, SENDS, STEPS", WALK, asked)
    return said


def walk(*seconds: dict[str, Any], highest: str = "FULL") -> list[tuple[str, str]]:
    (answer,) = ask({"seconds": seconds, "highest": highest})["answers"]
    return [(step, why) for step, why in answer]


def changes(path: list[tuple[str, str]]) -> list[str]:
    steps = ["FULL", *(step for step, _ in path)]
    return [after for before, after in pairwise(steps) if after != before]


def line(bps: int, **more: Any) -> dict[str, Any]:
    return GOOD | {"availableBps": bps} | more


def test_the_steps_are_those_of_the_court_and_each_sends_less() -> None:
    said = ask()
    assert said["STEPS"] == STEPS
    assert set(STEPS[1:]) <= {mode.value for mode in Mode}
    bps = [said["SENDS"][step]["bps"] for step in STEPS]
    assert bps == sorted(bps, reverse=True)
    assert bps[-1] == 0
    assert said["SENDS"]["LOW_VIDEO"]["fps"] >= 10


def test_on_a_good_line_and_where_nothing_is_known_the_picture_stays_whole() -> None:
    assert changes(walk(*[GOOD] * 60)) == changes(walk(*[UNKNOWN] * 60)) == []


def test_a_line_that_takes_nothing_brings_it_down_step_by_step_to_sound() -> None:
    path = walk(*[GOOD] * 10, *[line(20_000)] * 18)
    assert changes(path) == STEPS[1:]
    assert path[-1] == ("AUDIO_ONLY", "bandwidth")


@pytest.mark.parametrize(("bps", "step"), [(1_200_000, "FULL"), (300_000, "LOW_VIDEO"), (100_000, "STILLS"), (30_000, "AUDIO_ONLY")])
def test_it_comes_to_rest_where_the_line_carries_it(bps: int, step: str) -> None:
    """The estimate says what the line takes, however little is sent."""
    path = [each for each, _ in walk(*[line(bps)] * 300)][60:]
    assert path.count(step) > 0.75 * len(path)


def test_one_bad_second_and_two_change_nothing() -> None:
    assert changes(walk(*[GOOD] * 8, *[line(10_000)] * 2, *[GOOD] * 20, *[line(10_000)] * 2, GOOD)) == []


def test_what_is_lost_at_random_makes_the_film_lighter_and_never_ends_it() -> None:
    assert walk(*[GOOD] * 5, *[line(1_000_000, lossShare=0.3)] * 120)[-1] == ("LOW_VIDEO", "loss")


def test_a_queue_that_is_full_is_worse_than_a_small_picture() -> None:
    assert walk(*[GOOD] * 5, *[line(1_000_000, rttMs=3_000)] * 30)[-1] == ("AUDIO_ONLY", "delay")


def test_it_goes_up_again_one_step_after_ten_calm_seconds_each() -> None:
    path = walk(*[line(20_000)] * 18, *[GOOD] * 60)
    assert changes(path) == [*STEPS[1:], *STEPS[-2::-1]]
    assert path[-1] == ("FULL", "")
    up = [n for n, (before, after) in enumerate(pairwise(path)) if STEPS.index(after[0]) < STEPS.index(before[0])]
    assert all(later - earlier >= 10 for earlier, later in pairwise(up))


def test_on_a_line_that_never_takes_more_the_tries_become_seldom() -> None:
    seconds = [GOOD] * 5
    tried: list[int] = []
    path = walk(*seconds, *[line(230_000)] * 600)
    tried = [n for n, (before, after) in enumerate(pairwise(path)) if STEPS.index(after[0]) < STEPS.index(before[0])]
    waits = [later - earlier for earlier, later in pairwise(tried)]
    assert waits == sorted(waits)
    assert len(tried) <= 8
    assert sum(step == "FULL" for step, _ in path[20:]) < 80


def test_a_battery_that_is_nearly_empty_sends_a_small_picture_on_the_best_line() -> None:
    path = walk(*[GOOD] * 60, highest="LOW_VIDEO")
    assert set(path) == {("LOW_VIDEO", "battery")}


def test_the_browsers_statistics_are_read() -> None:
    stats = [
        {
            "type": "candidate-pair",
            "state": "succeeded",
            "nominated": True,
            "availableOutgoingBitrate": 310_000,
            "currentRoundTripTime": 0.05,
        },
        {"type": "candidate-pair", "state": "failed", "availableOutgoingBitrate": 9},
        {"type": "remote-inbound-rtp", "kind": "audio", "fractionLost": 0.02, "roundTripTime": 0.08},
        {"type": "remote-inbound-rtp", "kind": "video", "fractionLost": 0.2},
        {"type": "outbound-rtp", "kind": "video", "qualityLimitationReason": "bandwidth"},
    ]
    odd = [{"type": "candidate-pair", "state": "succeeded"}, {"type": "remote-inbound-rtp"}, {"type": "outbound-rtp", "kind": "video"}]
    known, unknown = ask({"stats": stats}, {"stats": odd})["answers"]
    assert known == {"availableBps": 310_000, "lossShare": 0.2, "rttMs": 80, "limited": "bandwidth"}
    assert unknown == UNKNOWN


SECOND = st.fixed_dictionaries(
    {
        "availableBps": st.one_of(st.none(), st.integers(0, 3_000_000)),
        "lossShare": st.one_of(st.none(), st.floats(0, 1)),
        "rttMs": st.one_of(st.none(), st.floats(0, 10_000)),
        "limited": st.sampled_from(["none", "bandwidth", "cpu", "other"]),
    }
)


@settings(max_examples=20, deadline=None)
@given(st.lists(SECOND, max_size=200), st.sampled_from(["FULL", "LOW_VIDEO"]))
def test_whatever_comes_it_goes_one_step_at_a_time_and_never_above_the_highest(seconds: list[dict[str, Any]], highest: str) -> None:
    path = [STEPS.index(step) for step, _ in walk(*seconds, highest=highest)]
    start = STEPS.index(highest)
    assert all(abs(after - before) <= 1 for before, after in pairwise([start, *path]))
    assert all(step >= start for step in path)

"""Down the ladder and up again, by what arrives each second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.rules.calls import Mode
from streaming.degradation import WHOLE, WINDOW, Degradation, Judged

Second = tuple[int, int, float] | tuple[int, int, float, bool]
GOOD = (25, 50, 0.0)


def told(of: Degradation, *seconds: Second) -> list[Judged]:
    return [judged for each in seconds if (judged := of.second(*each)) is not None]


@pytest.mark.parametrize(
    ("second", "mode", "cause"),
    [
        ((0, 50, 0.0), Mode.AUDIO_ONLY, "no_picture"),
        ((1, 50, 0.0), Mode.STILLS, "few_pictures"),
        ((3, 50, 0.0), Mode.LOW_VIDEO, "few_pictures"),
        ((25, 50, 0.3), Mode.LOW_VIDEO, "loss"),
        ((25, 50, 0.0, True), Mode.LOW_VIDEO, "bandwidth"),
    ],
)
def test_each_step_down_is_told_once_with_its_cause_and_its_end_too(second: Second, mode: Mode, cause: str) -> None:
    of = Degradation()
    assert told(of, *[GOOD] * 10) == []
    down = told(of, *[second] * 12)
    assert down[-1] == Judged(mode, cause)
    assert len(down) == len(set(down)), "no step twice"
    assert told(of, *[GOOD] * 12)[-1] == WHOLE


def test_what_the_publisher_says_of_himself_is_told_with_his_cause_until_worse_is_seen() -> None:
    of = Degradation()
    assert told(of, *[GOOD] * 6) == []
    of.say("LOW_VIDEO", "battery")
    assert told(of, *[GOOD] * 4) == [Judged(Mode.LOW_VIDEO, "battery")]
    assert told(of, *[(0, 50, 0.0)] * 8)[-1] == Judged(Mode.AUDIO_ONLY, "no_picture")
    of.say("AUDIO_ONLY", "bandwidth")
    assert told(of, *[(0, 50, 0.0)] * 4) == [Judged(Mode.AUDIO_ONLY, "bandwidth")]
    of.say("FULL", "")
    assert told(of, *[GOOD] * 12)[-1] == WHOLE


def test_a_dark_scene_whose_publisher_came_up_again_is_whole_as_it_was_before() -> None:
    """A camera gives six pictures a second in the dark: enough to stay whole, so enough when he says himself that he is."""
    dark = (6, 50, 0.0)
    of = Degradation()
    assert told(of, *[dark] * 10) == []
    down = [("LOW_VIDEO", dark), ("STILLS", (1, 50, 0.0)), ("AUDIO_ONLY", (0, 50, 0.0))]
    for step, second in [*down, *down[1::-1]]:
        of.say(step, "bandwidth")
        assert told(of, *[second] * 10)[-1] == Judged(Mode(step), "bandwidth")
    of.say("FULL", "")
    assert told(of, *[dark] * 10) == [WHOLE]


@pytest.mark.parametrize("said", [("TEXT", "loss"), ("LOW_VIDEO", "no_picture"), ("LOW_VIDEO", ""), ("x" * 99, "loss")])
def test_a_step_that_nobody_knows_changes_nothing(said: tuple[str, str]) -> None:
    of = Degradation()
    of.say(*said)
    assert told(of, *[GOOD] * 12) == []


def test_one_bad_second_is_not_told() -> None:
    assert told(Degradation(), *[GOOD] * 8, (0, 50, 0.2), *[GOOD] * 8) == []


def test_what_hovers_between_is_told_once() -> None:
    of = Degradation()
    assert told(of, *[GOOD] * 6, *[(4, 50, 0.0)] * 7)[-1] == Judged(Mode.LOW_VIDEO, "few_pictures")
    assert told(of, *[(4, 50, 0.0), (6, 50, 0.0)] * 20) == []


def test_silence_is_not_judged_and_what_returned_begins_anew() -> None:
    of = Degradation()
    assert told(of, *[GOOD] * 6, *[(0, 0, 0.0)] * 10) == []
    of.returned()
    assert told(of, *[(0, 50, 0.0)] * (WINDOW + 2)) == [Judged(Mode.AUDIO_ONLY, "no_picture")]


@given(seconds=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.floats(0, 1))))
def test_never_the_same_twice_running(seconds: list[tuple[int, int, float]]) -> None:
    said = told(Degradation(), *seconds)
    assert all(before != after for before, after in zip([WHOLE, *said], said, strict=False))

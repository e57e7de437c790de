"""A voice whisper is heard by an earpiece or by nobody."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput, RuleBroken
from data.rules import whispers
from data.rules.whispers import Output, Voice, Withdrawn

WHO = ("leader", "desk")
Step = Callable[[Voice], Voice]
STEPS: dict[str, Step] = {
    "confirm": whispers.confirmed,
    "take off": lambda voice: whispers.withdrawn(voice, Withdrawn.OFFICER),
    "device": lambda voice: whispers.withdrawn(voice, Withdrawn.DEVICE),
    **{f"whisper {who}": lambda voice, who=who: whispers.begin_whisper(voice, who) for who in WHO},  # type: ignore[misc]
    **{f"speak {who}": lambda voice, who=who: whispers.begin_speaking(voice, who) for who in WHO},  # type: ignore[misc]
    **{f"end {who}": lambda voice, who=who: whispers.end(voice, who) for who in WHO},  # type: ignore[misc]
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=40))
def test_whatever_happens_a_whisper_needs_an_earpiece_and_silence_towards_the_scene(names: list[str]) -> None:
    voice = Voice()
    for name in names:
        before = voice
        try:
            voice = STEPS[name](voice)
        except RuleBroken:
            assert voice is before
        if voice.whispering is not None:
            assert voice.output is Output.HEADSET
            assert voice.speaking is None
        if name in ("take off", "device"):
            assert voice.whispering is None


def test_without_a_word_nobody_whispers() -> None:
    with pytest.raises(RuleBroken) as refused:
        whispers.begin_whisper(Voice(), "leader")
    assert refused.value.code == "whisper.no_earpiece"


def test_both_sides_hear_why() -> None:
    whispering = whispers.begin_whisper(whispers.confirmed(Voice()), "leader")
    with pytest.raises(RuleBroken) as refused:
        whispers.begin_speaking(whispering, "leader")
    assert refused.value.code == "speak.whispering"
    with pytest.raises(RuleBroken) as refused:
        whispers.begin_whisper(whispering, "desk")
    assert refused.value.code == "whisper.taken"
    speaking = whispers.begin_speaking(whispers.confirmed(Voice()), "desk")
    with pytest.raises(RuleBroken) as refused:
        whispers.begin_whisper(speaking, "leader")
    assert refused.value.code == "whisper.speaking"


def test_where_it_sounds_is_what_the_officer_said() -> None:
    worn = whispers.confirmed(Voice())
    assert whispers.withdrawn(worn, Withdrawn.OFFICER).output is Output.SPEAKER
    assert whispers.withdrawn(worn, Withdrawn.DEVICE).output is Output.UNKNOWN
    with pytest.raises(BadInput):
        whispers.reason("because")

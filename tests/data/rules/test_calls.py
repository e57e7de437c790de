"""A call's steps, and how a talk follows picture and sound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput, TransitionRefused
from data.rules.calls import (
    ENDED_WHY,
    MEDIA_STEPS,
    OPEN,
    STEPS,
    TALKING,
    WAITING,
    CallKind,
    CallState,
    CallStep,
    MediaState,
    MediaStep,
    Quality,
    cause,
    ending,
    media_step,
    step,
    talking,
)
from tests.data.rules.walking import walk

steps = st.lists(st.sampled_from(CallStep))
happenings = st.lists(st.one_of(st.sampled_from(CallStep), st.sampled_from(MediaStep)), max_size=40)


@given(steps)
def test_an_ended_call_stays_ended(steps: list[CallStep]) -> None:
    path = walk(CallState.RINGING, steps, step)
    assert CallState.ENDED not in path[:-1]


@given(steps)
def test_what_was_answered_is_never_missed_and_rings_no_more(steps: list[CallStep]) -> None:
    path = walk(CallState.RINGING, steps, step)
    if CallState.ANSWERED in path:
        assert not set(path[path.index(CallState.ANSWERED) :]) & WAITING


@given(st.sampled_from(CallState), st.sampled_from(CallStep))
def test_every_step_is_in_the_table_or_refused_with_the_state(state: CallState, wanted: CallStep) -> None:
    if (state, wanted) in STEPS:
        assert step(state, wanted) is STEPS[state, wanted]
        return
    with pytest.raises(TransitionRefused) as refused:
        step(state, wanted)
    assert refused.value.params == {"state": state.value}


@given(st.sampled_from(sorted(OPEN)))
def test_an_officer_can_always_end_his_open_call(state: CallState) -> None:
    assert step(state, ending(state, by_officer=True)) is CallState.ENDED


@pytest.mark.parametrize("by_officer", [True, False])
def test_a_ring_of_the_centre_is_withdrawn_by_the_centre_and_declined_by_the_officer(by_officer: bool) -> None:
    wanted = ending(CallState.RINGING, by_officer, CallKind.CENTRE)
    assert wanted is (CallStep.DECLINE if by_officer else CallStep.WITHDRAW)
    assert step(CallState.RINGING, wanted) is CallState.ENDED


def test_the_centre_cannot_take_back_what_it_did_not_ring() -> None:
    with pytest.raises(TransitionRefused):
        step(CallState.RINGING, ending(CallState.RINGING, by_officer=False))


def test_every_state_can_be_reached() -> None:
    reached = {CallState.RINGING} | set(STEPS.values()) | {talking(CallState.ANSWERED, media) for media in MediaState}
    assert reached == set(CallState)


@given(st.sampled_from(sorted(OPEN)))
def test_no_call_stays_open_at_a_phone_that_was_revoked(state: CallState) -> None:
    assert step(state, CallStep.LOSE) is CallState.ENDED
    assert ENDED_WHY[CallStep.LOSE] == "revoked"


# --- picture and sound ---


def after(happenings: list[CallStep | MediaStep]) -> list[tuple[CallState, MediaState]]:
    """A call and its media through anything that may happen, refused wishes skipped, as the actions do it."""
    state, media = CallState.RINGING, MediaState.NONE
    path = [(state, media)]
    for wanted in happenings:
        try:
            if isinstance(wanted, MediaStep):
                if state is CallState.ENDED:
                    continue
                media = media_step(media, wanted)
                state = talking(state, media)
            else:
                state = talking(step(state, wanted), media)
        except TransitionRefused:
            continue
        path.append((state, media))
    return path


@given(happenings)
def test_a_talk_always_stands_as_its_media_do_and_an_ended_one_never_comes_back(happenings: list[CallStep | MediaStep]) -> None:
    path = after(happenings)
    for state, media in path:
        if state in TALKING:
            assert state is talking(CallState.ANSWERED, media)
    states = [state for state, _ in path]
    assert CallState.ENDED not in states[:-1]


@given(happenings)
def test_no_picture_answers_a_call(happenings: list[CallStep | MediaStep]) -> None:
    if CallStep.ANSWER not in happenings:
        assert not {state for state, _ in after(happenings)} & TALKING


@given(st.sampled_from(MediaState), st.sampled_from(MediaStep))
def test_every_media_step_is_in_the_table_or_refused(state: MediaState, wanted: MediaStep) -> None:
    if (state, wanted) in MEDIA_STEPS:
        assert media_step(state, wanted) is MEDIA_STEPS[state, wanted]
        return
    with pytest.raises(TransitionRefused):
        media_step(state, wanted)


@given(st.sampled_from(MediaState))
def test_who_publishes_anew_is_live_whatever_was_before(state: MediaState) -> None:
    assert media_step(state, MediaStep.BEGIN) is MediaState.LIVE


def test_what_never_began_is_neither_lost_nor_returned() -> None:
    for wanted in (MediaStep.LOSE, MediaStep.RETURN, MediaStep.STOP, MediaStep.DEGRADE):
        with pytest.raises(TransitionRefused):
            media_step(MediaState.NONE, wanted)


@pytest.mark.parametrize("word", ["", "No", "no packets", "a" * 33, "x;", "无"])
def test_a_cause_is_one_small_word(word: str) -> None:
    with pytest.raises(BadInput):
        cause(word)


@pytest.mark.parametrize("figure", [-1, 10**7, True, 1.5, float("nan")])
def test_a_figure_that_cannot_be_is_refused(figure: int) -> None:
    with pytest.raises(BadInput):
        Quality(kbps=figure).checked()
    assert Quality(rtt_ms=0, kbps=1050).checked().kbps == 1050

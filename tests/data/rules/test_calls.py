"""A call's steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import TransitionRefused
from data.rules.calls import ENDED_WHY, OPEN, STEPS, WAITING, CallState, CallStep, ending, step
from tests.data.rules.walking import walk

steps = st.lists(st.sampled_from(CallStep))


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


def test_every_state_can_be_reached() -> None:
    assert {CallState.RINGING} | set(STEPS.values()) == set(CallState)


@given(st.sampled_from(sorted(OPEN)))
def test_no_call_stays_open_at_a_phone_that_was_revoked(state: CallState) -> None:
    assert step(state, CallStep.LOSE) is CallState.ENDED
    assert ENDED_WHY[CallStep.LOSE] == "revoked"

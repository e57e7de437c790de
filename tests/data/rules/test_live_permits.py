"""A live picture is off until two different people have permitted it and said that its people were told; what is over stays over."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput, CommandCentreError, RuleBroken
from data.rules.live_permits import (
    BY_SOMEBODY,
    OPEN,
    Cause,
    PermitState,
    after,
    cause_by_somebody,
    check_allowed,
    check_certificate,
    check_proposable,
    delay,
)
from data.rules.missions import MissionState
from data.rules.screening import ScreeningState

signatures = st.tuples(st.sampled_from(["a", "b", "c"]), st.booleans())


@given(st.lists(st.one_of(signatures, st.sampled_from(Cause)), max_size=8))
def test_live_only_by_two_different_people_who_both_said_that_it_was_told_and_never_again(steps: list[object]) -> None:
    state, signed, over = PermitState.PROPOSED, list[str](), False
    for step in steps:
        try:
            if isinstance(step, tuple):
                state = check_certificate(state, signed[0] if signed else None, step[0], step[1])
                assert step[1]
                signed.append(step[0])
            else:
                assert isinstance(step, Cause)
                state = after(state, step)
                assert state is (PermitState.REVOKED if step in BY_SOMEBODY else PermitState.ENDED)
                assert not over
                over = True
        except CommandCentreError:
            continue
        assert (state is PermitState.LIVE) == (len(set(signed)) == 2 and not over)
        assert (state in OPEN) == (not over)


def test_the_delay_lies_between_ten_seconds_and_two_minutes() -> None:
    assert [delay(seconds) for seconds in (10, 30, 120)] == [10, 30, 120]
    for seconds in (9, 121, 0, -30, True, 30.0, "30", None):
        with pytest.raises(BadInput) as refused:
            delay(seconds)
        assert refused.value.code == "live.delay"


def test_a_court_may_forbid_it_altogether() -> None:
    check_allowed(True)
    assert code(lambda: check_allowed(False)) == "live.forbidden"


def test_only_an_open_mission_before_a_screening_that_is_not_over() -> None:
    check_proposable(MissionState.ON_SCENE, ScreeningState.PLANNED)
    for over in (MissionState.FINISHED, MissionState.FRUITLESS, MissionState.CANCELLED):
        assert code(lambda mission=over: check_proposable(mission, ScreeningState.RUNNING)) == "live.mission_over"  # type: ignore[misc]
    for state in (ScreeningState.INTERVIEWS, ScreeningState.ENDED, ScreeningState.CLOSED):
        assert code(lambda state=state: check_proposable(MissionState.EN_ROUTE, state)) == "screening.over"  # type: ignore[misc]


def test_nobody_says_what_only_happens_by_itself() -> None:
    assert cause_by_somebody("MINOR") is Cause.MINOR
    for word in ("CALL_OVER", "PICTURE_CLOSED", "", None, 3):
        with pytest.raises(BadInput):
            cause_by_somebody(word)


def code(act: Callable[[], object]) -> str:
    with pytest.raises(RuleBroken) as refused:
        act()
    return refused.value.code

"""What a unit and a team are doing, and whose duty and silence it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput, NotPermitted, RuleBroken
from data.rules.missions import MissionState
from data.rules.permissions import SYSTEM, Actor, Role
from data.rules.units import Doing, doing, may_end_duty, number, own, silence_minutes, team_doing

states = st.one_of(st.none(), st.sampled_from(MissionState))


@given(states, st.booleans())
def test_off_duty_nothing_is_said(mission: MissionState | None, returned: bool) -> None:
    assert doing(False, mission, returned) is Doing.OFF


@given(states, st.booleans())
def test_under_way_wins_over_having_returned(mission: MissionState | None, returned: bool) -> None:
    word = doing(True, mission, returned)
    assert (word is Doing.WAY) == (mission is MissionState.EN_ROUTE)
    assert (word is Doing.SITE) == (mission is MissionState.ON_SCENE)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), states)
def test_a_team_is_silent_only_when_nobody_of_it_can_be_heard(
    on_duty: int, silent: int, returned: int, mission: MissionState | None
) -> None:
    word = team_doing(on_duty, silent, returned, mission)
    assert (word is Doing.OFF) == (on_duty == 0)
    assert (word is Doing.SILENT) == (on_duty > 0 and silent >= on_duty)


def test_each_speaks_for_himself_and_the_system_for_all() -> None:
    phone = Actor(kind="DEVICE", id="d", role=Role.DEVICE, court_code="", unit_no=1001)
    own(phone, 1001, None)
    own(SYSTEM, 1001, None)
    own(Actor(kind="OFFICER", id="o", role=Role.JUDGE, court_code="", officer_id="a"), 1001, "a")
    for actor in (phone, Actor(kind="OFFICER", id="o", role=Role.JUDGE, court_code="", officer_id="b")):
        with pytest.raises(NotPermitted):
            own(actor, 1002, "a")
    with pytest.raises(NotPermitted):
        own(Actor(kind="OFFICER", id="o", role=Role.DUTY, court_code=""), 1001, None)


@pytest.mark.parametrize("wrong", [0, -1, 2**31, True, 1.0, "1001", None])
def test_what_is_no_number_is_refused(wrong: object) -> None:
    with pytest.raises(BadInput):
        number(wrong)


@given(st.integers(-100, 100))
def test_silence_lasts_five_to_thirty_minutes(minutes: int) -> None:
    if 5 <= minutes <= 30:
        assert silence_minutes(minutes) == minutes
        return
    with pytest.raises(BadInput):
        silence_minutes(minutes)


def test_duty_does_not_end_while_an_alarm_is_open() -> None:
    may_end_duty([])
    with pytest.raises(RuleBroken):
        may_end_duty([""])

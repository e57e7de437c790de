"""A mission's steps and whose it is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput, NotPermitted
from data.rules.missions import LONGEST, OPEN, REACHES, STEPS, MissionState, MissionStep, already, may_move, plan, step
from data.rules.permissions import Actor, Role
from tests.data.rules.walking import walk

NOON = datetime(2026, 1, 12, 4, 0, tzinfo=UTC)


@given(st.lists(st.sampled_from(MissionStep)))
def test_a_mission_never_goes_back_and_ends_once(steps: list[MissionStep]) -> None:
    path = walk(MissionState.ASSIGNED, steps, step)
    order = [state for place, state in enumerate(path) if place == 0 or state is not path[place - 1]]
    assert len(order) == len(set(order))
    assert len([state for state in order if state not in OPEN]) <= 1


@given(st.lists(st.sampled_from(MissionStep)))
def test_a_mission_that_was_on_scene_is_not_cancelled(steps: list[MissionStep]) -> None:
    path = walk(MissionState.ASSIGNED, steps, step)
    assert not {MissionState.ON_SCENE, MissionState.CANCELLED} <= set(path)


@given(st.sampled_from(MissionStep))
def test_from_wherever_a_step_is_possible_it_reaches_one_state(wanted: MissionStep) -> None:
    reached = {after for (_, asked), after in STEPS.items() if asked is wanted}
    assert reached == {REACHES.get(wanted, MissionState.ASSIGNED)}
    assert already(MissionState.ASSIGNED, wanted) is False


@given(st.sampled_from(Role), st.sampled_from(MissionStep), st.sampled_from(["T1", "T2", None]), st.sampled_from(["T1", None]))
def test_outside_the_centre_everybody_moves_his_own_teams_missions_only(
    role: Role, wanted: MissionStep, own: str | None, team: str | None
) -> None:
    actor = Actor(kind="OFFICER", id="x", role=role, court_code="", team_id=own)
    outside = role in (Role.DEVICE, Role.FIELD, Role.JUDGE)
    if not outside or (own is not None and own == team and wanted not in (MissionStep.ASSIGNED, MissionStep.CANCELLED)):
        may_move(actor, team, wanted)
        return
    with pytest.raises(NotPermitted):
        may_move(actor, team, wanted)


@given(st.timedeltas(timedelta(days=-3), timedelta(days=3)))
def test_a_plan_ends_after_it_begins_and_not_days_later(length: timedelta) -> None:
    if timedelta(0) < length <= LONGEST:
        assert plan(NOON, NOON + length) == (NOON, NOON + length)
        return
    with pytest.raises(BadInput):
        plan(NOON, NOON + length)

"""A support order's steps, and who should go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput, RuleBroken, TransitionRefused
from data.rules import orders
from data.rules.dispatch import Standing, nearest_team
from data.rules.orders import BY_THE_TEAM, STEPS, UNANSWERED, OrderState, OrderStep
from data.rules.units import Doing
from tests.data.rules.walking import walk

SCENE = (40.0, 101.8)
steps = st.lists(st.sampled_from(OrderStep))


@given(steps)
def test_what_was_declined_withdrawn_or_done_stays_so(steps: list[OrderStep]) -> None:
    path = walk(OrderState.SENT, steps, orders.step)
    for end in (OrderState.DECLINED, OrderState.WITHDRAWN, OrderState.ARRIVED):
        assert end not in path[:-1]


@given(steps)
def test_who_accepted_is_never_overdue_or_withdrawn(steps: list[OrderStep]) -> None:
    path = walk(OrderState.SENT, steps, orders.step)
    if OrderState.ACCEPTED in path:
        assert not set(path[path.index(OrderState.ACCEPTED) :]) & UNANSWERED


@given(st.sampled_from(OrderState), st.sampled_from(OrderStep))
def test_every_step_is_possible_known_already_or_refused(state: OrderState, wanted: OrderStep) -> None:
    assert not (orders.already(state, wanted) and (state, wanted) in STEPS)
    if (state, wanted) not in STEPS:
        with pytest.raises(TransitionRefused):
            orders.step(state, wanted)


def test_a_late_yes_counts() -> None:
    assert orders.step(OrderState.OVERDUE, OrderStep.ACCEPT) is OrderState.ACCEPTED


def test_a_phone_says_only_what_is_the_teams() -> None:
    assert {orders.answer(step.value) for step in BY_THE_TEAM} == BY_THE_TEAM
    for word in ("overdue", "withdrawn", "", None, 5):
        with pytest.raises(BadInput):
            orders.answer(word)
    with pytest.raises(BadInput):
        orders.reason("lazy")


def test_every_state_can_be_reached() -> None:
    assert {OrderState.SENT} | set(STEPS.values()) == set(OrderState)


# --- who goes ---


def standing(team: str, north: float, doing: Doing = Doing.IDLE, by_road_s: float | None = None) -> Standing:
    return Standing(team, doing, (SCENE[0] + north, SCENE[1]), by_road_s)


def test_the_nearest_free_team_goes_with_an_estimate() -> None:
    near = nearest_team(SCENE, [standing("far", 0.05), standing("near", 0.02), standing("near", 0.5)])
    assert (near.unit, near.estimated) == ("near", True)
    assert 2_200 < near.distance_m < 2_250
    assert near.eta_s == pytest.approx(near.distance_m * 1.35 / 9.0)


def test_by_road_the_nearest_is_who_is_there_first() -> None:
    beyond_the_river, on_this_side = standing("near", 0.02, by_road_s=1_200), standing("far", 0.03, by_road_s=400)
    near = nearest_team(SCENE, [beyond_the_river, on_this_side])
    assert (near.unit, near.eta_s, near.estimated) == ("far", 400, False)
    assert nearest_team(SCENE, [beyond_the_river, standing("unknown", 0.03)]).unit == "unknown"


def test_who_is_out_asked_before_or_sent_elsewhere_does_not_go() -> None:
    there = [standing("out", 0.01, Doing.SITE), standing("asked", 0.02), standing("elsewhere", 0.03), standing("free", 0.04, Doing.BACK)]
    assert nearest_team(SCENE, there, without={"asked"}, busy={"elsewhere"}).unit == "free"
    with pytest.raises(RuleBroken) as refused:
        nearest_team(SCENE, there[:3], without={"asked"}, busy={"elsewhere"})
    assert refused.value.code == "dispatch.nobody_free"


def test_a_person_may_send_whom_he_wants() -> None:
    there = [standing("near", 0.01), standing("out", 0.05, Doing.SITE)]
    assert nearest_team(SCENE, there, without={"out"}, only="out").unit == "out"
    with pytest.raises(RuleBroken) as refused:
        nearest_team(SCENE, there, only="nowhere")
    assert refused.value.code == "dispatch.unknown_place"


teams = st.builds(standing, st.sampled_from("abcdef"), st.floats(-0.5, 0.5), st.sampled_from(Doing))


@given(st.lists(teams, max_size=30), st.sets(st.sampled_from("abcdef")))
def test_nobody_free_is_nearer_than_who_goes(there: list[Standing], without: set[str]) -> None:
    free = [each for each in there if each.doing in (Doing.IDLE, Doing.BACK) and each.team_id not in without]
    if not free:
        with pytest.raises(RuleBroken):
            nearest_team(SCENE, there, without=without)
        return
    gone = nearest_team(SCENE, there, without=without)
    assert gone.unit in {each.team_id for each in free}
    least = min(abs(each.place[0] - SCENE[0]) for each in free)
    assert gone.distance_m <= least * 111_400 + 1

"""Simulated teams drive along their way, in turn out, on the scene, back and out again."""

import pytest

from dashboard.demo.day import BEGINS, DAY, seconds
from dashboard.demo.teams import Team
from dashboard.demo.way import Way
from geo.coordinates import distance_m

WAY = Way([(40.0, 101.8), (40.02, 101.8), (40.02, 101.85), (40.05, 101.85)])


def test_a_way_is_as_long_as_its_legs_and_a_place_on_it_lies_between_corners() -> None:
    assert WAY.length_m == pytest.approx(2224 + 4257 + 3336, abs=10)
    assert WAY.at(-5) == (40.0, 101.8)
    assert WAY.at(1e9) == (40.05, 101.85)
    assert distance_m(WAY.at(1000), WAY.at(1100)) == pytest.approx(100, abs=1)
    assert WAY.bearing_deg(100) == pytest.approx(0, abs=0.1)
    assert WAY.bearing_deg(4000) == pytest.approx(90, abs=0.5)


def test_each_member_of_a_team_on_the_way_moves_ninety_metres_in_four_seconds() -> None:
    for team in (Team("一组", WAY, "way", 3_000, 24.0), Team("一组", WAY, "back", 3_000, 24.0)):
        before = [team.place(member)[0] for member in range(4)]
        for _ in range(2):
            assert team.step(2.0) is None
        moved = [distance_m(was, team.place(member)[0]) for member, was in enumerate(before)]
        assert min(moved) >= 60, "round a corner the straight line is shorter"
        assert sorted(moved)[1] >= 90
        assert max(moved) <= 200 / 3.6 * 4, "never a teleport"


def test_a_team_arrives_stays_goes_back_and_out_again() -> None:
    team = Team("一组", WAY, "way", WAY.length_m - 30, 24.0)
    reports = [report for report in (team.step(2.0) for _ in range(2_000)) if report]
    assert reports[:4] == ["arrived", "finished", "departed", "arrived"]
    assert Team("二组", WAY, "site", WAY.length_m, 24.0, 0).step(1.0) == "fruitless"


def test_no_member_ever_jumps() -> None:
    team = Team("一组", WAY, "way", 0, 25.0)
    places = [team.place(member)[0] for member in range(4)]
    for _ in range(1_000):
        team.step(2.0)
        after = [team.place(member)[0] for member in range(4)]
        assert max(distance_m(was, now) for was, now in zip(places, after, strict=True)) < 70, "200 km/h are 111 m in two seconds"
        places = after


def test_hurrying_shortens_waiting_and_not_driving() -> None:
    assert Team("一组", WAY, "site", 0, 24.0, 100).step(10, hurry=10) == "finished"
    assert Team("一组", WAY, "way", 0, 24.0).step(10, hurry=10) is None


def test_the_script_is_in_order_and_the_call_of_the_story_is_in_its_second_minute() -> None:
    times = [step.second for step in DAY]
    assert times == sorted(times)
    assert seconds(BEGINS) < times[0]
    assert ("09:39:24", "call", "三组", "story") in {(step.at, step.act, step.team, step.attend) for step in DAY}
    with pytest.raises(ValueError, match="25:00"):
        seconds("25:00")

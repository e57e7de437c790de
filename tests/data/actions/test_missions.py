"""Missions: one entry for case system, desk and phone; known is known; nobody moves another team's."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from data.actions.missions import MissionReport, report_mission
from data.errors import BadInput, NotFound, NotPermitted, TransitionRefused
from data.journal import entries_after
from data.rules.missions import MissionStep
from data.tables import MissionRow
from tests.data.small_court import CASE_SYSTEM, SmallCourt, at_once


@pytest.fixture
def court(court: SmallCourt) -> SmallCourt:
    court.file_case()
    return court


def row(court: SmallCourt, mission_id: str = "M1") -> MissionRow:
    with court.database.reading() as session:
        return session.get_one(MissionRow, mission_id)


def kinds(court: SmallCourt) -> list[str]:
    with court.database.reading() as session:
        return [entry.kind for entry in entries_after(session, 0) if entry.kind.startswith("mission.")]


def test_a_mission_goes_from_assigned_to_finished(court: SmallCourt) -> None:
    assert court.assign() is True
    assert row(court).no == "勤〔20261123〕001"
    for step in (MissionStep.DEPARTED, MissionStep.ARRIVED, MissionStep.FINISHED):
        court.later(60)
        assert court.move(step, actor=court.phone) is True
    done = row(court)
    assert (done.state, done.outcome, done.place) == ("FINISHED", "FINISHED", "东塘镇")
    assert None not in (done.departed_at, done.arrived_at, done.ended_at)
    with court.database.reading() as session:
        last = entries_after(session, 0)[-1]
    assert last.payload["unit_nos"] == [1001, 1002, 2001]


def test_the_same_report_again_is_known_and_so_is_what_a_second_sender_says(court: SmallCourt) -> None:
    court.assign()
    assert court.assign() is False
    assert court.move(MissionStep.DEPARTED, actor=court.phone) is True
    assert court.move(MissionStep.DEPARTED, actor=court.phone) is False
    assert court.move(MissionStep.DEPARTED, at=court.now - timedelta(seconds=4)) is False
    assert kinds(court) == ["mission.assigned", "mission.departed"]


def test_the_same_report_sent_at_once_is_one(court: SmallCourt) -> None:
    results = at_once(*[court.assign] * 4)
    assert sorted(map(bool, results)) == [False, False, False, True], results
    results = at_once(*[partial(court.move, MissionStep.DEPARTED, at=court.now - timedelta(seconds=n)) for n in range(4)])
    assert sorted(map(bool, results)) == [False, False, False, True], results
    assert kinds(court) == ["mission.assigned", "mission.departed"]


def test_a_phone_moves_only_its_own_teams_missions_and_assigns_none(court: SmallCourt) -> None:
    court.assign()
    for actor, step in ((court.phone_of_others, MissionStep.DEPARTED), (court.phone, MissionStep.CANCELLED)):
        with pytest.raises(NotPermitted):
            court.move(step, actor=actor)
    with pytest.raises(NotPermitted):
        court.do(court.phone, report_mission, MissionReport(id="M9", event=MissionStep.ASSIGNED, at=court.now, team="三组", matter="x"))


def test_what_has_ended_does_not_move_again(court: SmallCourt) -> None:
    court.assign()
    court.move(MissionStep.CANCELLED)
    for step in (MissionStep.DEPARTED, MissionStep.ARRIVED, MissionStep.FINISHED):
        with pytest.raises(TransitionRefused) as refused:
            court.move(step)
        assert refused.value.params["state"] == "CANCELLED"


def test_a_plan_can_be_moved_until_the_team_leaves(court: SmallCourt) -> None:
    court.assign()
    court.later(5)
    later = court.now + timedelta(hours=3)
    assert court.assign(planned_from=later, planned_to=later + timedelta(hours=1)) is True
    assert row(court).planned_from == later
    court.move(MissionStep.DEPARTED)
    court.later(5)
    with pytest.raises(TransitionRefused):
        court.assign()


def test_a_mission_may_be_for_another_court_but_not_for_a_case_of_ours_that_is_unknown(court: SmallCourt) -> None:
    court.assign(case_no="(2025)岭0203执88号")
    assert row(court).foreign_case_no == "（2025）岭0203执88号"
    with pytest.raises(NotFound):
        court.assign("M2", case_no="（2026）岭0108执99999号")


@pytest.mark.parametrize(
    "wrong",
    [
        {"team": None},
        {"team": "九组"},
        {"matter": ""},
        {"matter": None},
        {"matter": "x" * 65},
        {"matter": "a\x00b"},
        {"kind": "PICNIC"},
        {"lat": 91.0},
        {"lat": float("nan")},
        {"lon": None},
        {"area_id": "nowhere"},
        {"vehicle": "9999"},
        {"vehicle": "岭A12345"},
        {"case_no": "1872"},
        {"id": ""},
        {"id": "x" * 41},
        {"id": "a b"},
    ],
    ids=str,
)
def test_a_bad_plan_is_refused_by_code_and_leaves_nothing(court: SmallCourt, wrong: dict[str, Any]) -> None:
    with pytest.raises((BadInput, NotFound)):
        court.assign(**({"mission_id": wrong["id"]} if "id" in wrong else wrong))
    assert kinds(court) == []


def test_times_that_cannot_be_are_refused(court: SmallCourt) -> None:
    wrongs: list[dict[str, Any]] = [
        {"planned_from": court.now, "planned_to": court.now},
        {"planned_from": court.now, "planned_to": court.now + timedelta(days=9)},
        {"at": court.now + timedelta(days=1)},
        {"at": court.now.replace(tzinfo=None)},
        {"at": court.now.replace(year=1970)},
    ]
    for wrong in wrongs:
        with pytest.raises(BadInput):
            court.assign(**wrong)


def test_an_unknown_mission_is_not_found(court: SmallCourt) -> None:
    with pytest.raises(NotFound):
        court.move(MissionStep.DEPARTED, "M404")
    with pytest.raises(BadInput):
        court.do(CASE_SYSTEM, report_mission, MissionReport(id="M1", event="party", at=court.now))  # type: ignore[arg-type]

"""Walls: steered, seen by whom, taken off."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from data.actions.screenings import plan_screening
from data.actions.sessions import open_for_stage_of_wall
from data.actions.walls import revoke_wall, stage_wall, steer_wall, take_back_wall
from data.errors import BadInput, NotFound, NotPermitted, RuleBroken
from data.journal import entries_after
from data.queries.live import walls_with_visitors
from data.queries.released import stage
from data.queries.wall import visitors_of
from data.rules.permissions import SYSTEM, Actor, Clearance, Role, Sight
from data.tables import AuditRow, SessionRow, WallRow
from tests.data.small_court import SmallCourt


def row(court: SmallCourt, wall: str) -> WallRow:
    with court.database.reading() as session:
        return session.get_one(WallRow, wall)


def test_the_last_command_wins_and_says_whose_it_was(court: SmallCourt) -> None:
    wall = court.add_wall()
    assert court.do(court.duty, steer_wall, wall, layout=3) is True
    court.later(1)
    assert court.do(court.commander, steer_wall, wall, layout=1, focus=("unit", "1001")) is True
    steered = row(court, wall)
    assert (steered.layout, steered.focus_id, steered.steered_by, steered.steered_at) == (1, "1001", court.second_officer, court.now)


def test_the_video_grid_is_steered_as_everything_else_and_stays_when_the_layout_changes(court: SmallCourt) -> None:
    wall = court.add_wall()
    assert row(court, wall).grid == "main"
    assert court.do(court.duty, steer_wall, wall, grid="quad") is True
    assert court.do(court.duty, steer_wall, wall, grid="quad") is False
    assert court.do(court.duty, steer_wall, wall, layout=3) is True
    assert row(court, wall).grid == "quad"
    with pytest.raises(BadInput):
        court.do(court.duty, steer_wall, wall, grid="nine")
    with pytest.raises(NotPermitted):
        court.do(court.phone, steer_wall, wall, grid="main")


def test_layout_nine_is_steered_as_any_other_and_has_no_guests_before_it(court: SmallCourt) -> None:
    wall = court.add_wall()
    assert court.do(court.duty, steer_wall, wall, layout=9) is True
    with court.database.reading() as session:
        assert visitors_of(session, wall) is False
        assert wall not in walls_with_visitors(session)


def test_what_stands_already_is_no_event(court: SmallCourt) -> None:
    wall = court.add_wall()
    assert court.do(court.duty, steer_wall, wall, layout=1) is False
    with court.database.reading() as session:
        assert entries_after(session, 0)[-1].kind == "wall.paired"


def test_visitors_mode_is_audited(court: SmallCourt) -> None:
    wall = court.add_wall()
    court.do(court.duty, steer_wall, wall, visitors=True)
    with court.database.reading() as session:
        assert visitors_of(session, wall) is True
        assert [(trace.act, trace.object_id) for trace in session.scalars(select(AuditRow))] == [("visitors", wall)]


def test_the_layout_for_visitors_is_visitors_mode_too(court: SmallCourt) -> None:
    wall = court.add_wall()
    for layout, seen in ((8, True), (8, True), (3, False)):
        court.do(court.duty, steer_wall, wall, layout=layout)
        with court.database.reading() as session:
            assert visitors_of(session, wall) is seen
            assert (wall in walls_with_visitors(session)) is seen
    with court.database.reading() as session:
        assert sorted(trace.result for trace in session.scalars(select(AuditRow))) == ["off", "on"]


def test_a_focus_is_something_that_is_there_and_can_be_taken_off(court: SmallCourt) -> None:
    wall = court.add_wall()
    for wrong in (("unit", "9999"), ("unit", "x"), ("call", "x"), ("case", "x"), ("unit", "1" * 40)):
        with pytest.raises((BadInput, NotFound)):
            court.do(court.duty, steer_wall, wall, focus=wrong)
    court.do(court.duty, steer_wall, wall, focus=("unit", "1001"))
    court.do(court.duty, steer_wall, wall, focus=("", ""))
    assert row(court, wall).focus_id is None


def test_a_revoked_wall_is_gone(court: SmallCourt) -> None:
    wall = court.add_wall()
    with pytest.raises(RuleBroken):
        court.add_wall()
    assert court.do(court.duty, revoke_wall, wall) is True
    assert court.do(court.duty, revoke_wall, wall) is False
    with pytest.raises(NotFound):
        court.do(court.duty, steer_wall, wall, layout=3)
    with court.database.reading() as session:
        assert visitors_of(session, wall) is None
    court.add_wall()


def test_phones_inspectors_and_walls_steer_nothing(court: SmallCourt) -> None:
    wall = court.add_wall()
    for actor in (court.phone, court.inspector, court.technical):
        with pytest.raises(NotPermitted):
            court.do(actor, steer_wall, wall, layout=3)


# --- before an audience -----------------------------------------------------------------------------------------------------------------


def staged(court: SmallCourt) -> tuple[str, str]:
    wall, screening = court.add_wall(), court.do(court.duty, plan_screening, "一月警示教育")
    assert court.do(court.duty, stage_wall, wall, screening) is True
    return wall, screening


def test_a_wall_on_stage_takes_no_other_command_until_it_is_taken_back(court: SmallCourt) -> None:
    wall, screening = staged(court)
    assert court.do(court.duty, stage_wall, wall, screening) is False
    for command in ({"layout": 1}, {"visitors": False}, {"grid": "quad"}, {"focus": ("unit", "1001")}, {"focus": ("", "")}):
        with pytest.raises(RuleBroken) as refused:
            court.do(court.commander, steer_wall, wall, **command)
        assert refused.value.code == "wall.on_stage"
    other = court.do(court.duty, plan_screening, "二月警示教育")
    with pytest.raises(RuleBroken):
        court.do(court.duty, stage_wall, wall, other)
    assert court.do(court.commander, take_back_wall, wall) is True
    assert court.do(court.commander, take_back_wall, wall) is False
    after = row(court, wall)
    assert (after.layout, after.focus_kind, after.focus_id, after.steered_by) == (1, None, None, court.second_officer)
    assert court.do(court.duty, steer_wall, wall, layout=3) is True


def test_who_may_not_host_puts_no_wall_on_stage(court: SmallCourt) -> None:
    wall, screening = court.add_wall(), court.do(court.duty, plan_screening, "一月警示教育")
    for actor in (court.phone, SYSTEM, replace(court.duty, locked=True), replace(court.duty, role=Role.TECHNICAL)):
        with pytest.raises(NotPermitted):
            court.do(actor, stage_wall, wall, screening)
    assert row(court, wall).layout == 1


def test_a_wall_is_no_stage_of_what_is_over_or_unknown(court: SmallCourt) -> None:
    wall = court.add_wall()
    with pytest.raises(NotFound):
        court.do(court.duty, stage_wall, wall, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    court.do(court.duty, revoke_wall, wall)
    with pytest.raises(NotFound):
        court.do(court.duty, stage_wall, wall, court.do(court.duty, plan_screening, "一月警示教育"))


def test_only_a_wall_on_stage_gets_a_stages_session_and_it_ends_when_it_is_taken_back(court: SmallCourt) -> None:
    wall, screening = staged(court)
    browser = Actor(kind="WALL", id=wall, role=Role.STAGE, court_code=court.duty.court_code, wall_id=wall)
    opened = court.do(browser, open_for_stage_of_wall, timedelta(hours=1))
    sight = Sight(Clearance.STAGE, Role.STAGE, court.duty.court_code, positions=False)
    with court.database.reading() as session:
        seen = stage(session, sight, opened.session_id, court.now)
    assert seen is not None
    assert (seen.screening_id, seen.black, seen.item) == (screening, False, None)
    court.do(court.duty, take_back_wall, wall)
    with court.database.reading() as session:
        assert stage(session, sight, opened.session_id, court.now) is None
        assert session.get_one(SessionRow, opened.session_id).closed_at == court.now
    with pytest.raises(NotPermitted):
        court.do(replace(browser, role=Role.WALL), open_for_stage_of_wall, timedelta(hours=1))


def test_every_change_of_a_walls_world_is_audited(court: SmallCourt) -> None:
    wall, _ = staged(court)
    court.later(1)
    court.do(court.duty, take_back_wall, wall)
    with court.database.reading() as session:
        traces = [(trace.act, trace.object_id, trace.result) for trace in session.scalars(select(AuditRow).order_by(AuditRow.at))]
    assert traces == [("stage", wall, "on"), ("stage", wall, "off")]

"""Walls: steered, seen by whom, taken off."""

import pytest
from sqlalchemy import select

from data.actions.walls import revoke_wall, steer_wall
from data.errors import BadInput, NotFound, NotPermitted, RuleBroken
from data.journal import entries_after
from data.queries.live import walls_with_visitors
from data.queries.wall import visitors_of
from data.tables import AuditRow, WallRow
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

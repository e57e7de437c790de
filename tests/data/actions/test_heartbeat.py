"""Parts that go down and come back, as the journal knows them; the screens of one wall."""

import pytest
from sqlalchemy import func, select

from data.actions.heartbeat import tell_part
from data.actions.walls import drop_screen, join_screen
from data.errors import BadInput, NotPermitted
from data.journal import entries_after
from data.queries.heartbeat import last_changes, last_states
from data.rules.heartbeat import CHANGES_KEPT
from data.rules.permissions import SYSTEM, Actor, Role
from data.tables import PartChangeRow, WallRow
from tests.data.small_court import SmallCourt


def test_a_part_nobody_has_told_of_is_up(court: SmallCourt) -> None:
    assert court.do(SYSTEM, tell_part, "relay", "up", court.now) is False
    assert court.do(SYSTEM, tell_part, "relay", "down", court.now) is True
    assert court.do(SYSTEM, tell_part, "relay", "down", court.now) is False
    with court.database.reading() as session:
        assert last_states(session) == {"relay": "down"}
        assert entries_after(session, 0)[-1].kind == "part.changed"


def test_it_went_down_when_it_did_not_when_it_could_be_written(court: SmallCourt) -> None:
    went = court.now
    court.later(300)
    court.do(SYSTEM, tell_part, "database", "down", went)
    with court.database.reading() as session:
        assert last_changes(session) == {"database": went}
        assert entries_after(session, 0)[-1].occurred_at == went


def test_the_newest_changes_of_a_part_stay_and_the_journal_has_all(court: SmallCourt) -> None:
    for number in range(2 * CHANGES_KEPT):
        court.later(10)
        court.do(SYSTEM, tell_part, "jobs", "down" if number % 2 == 0 else "up", court.now)
    court.do(SYSTEM, tell_part, "bus", "down", court.now)
    with court.database.reading() as session:
        kept = session.scalar(select(func.count()).where(PartChangeRow.part == "jobs"))
        told = [entry for entry in entries_after(session, 0) if entry.kind == "part.changed"]
    assert (kept, len(told)) == (CHANGES_KEPT, 2 * CHANGES_KEPT + 1)


def test_only_the_system_tells_and_in_its_words(court: SmallCourt) -> None:
    with pytest.raises(NotPermitted):
        court.do(court.duty, tell_part, "relay", "down", court.now)
    for part, state in (("Relay of 王某", "down"), ("relay", "sleepy")):
        with pytest.raises(BadInput):
            court.do(SYSTEM, tell_part, part, state, court.now)


def test_a_screen_joins_its_wall_once_and_is_taken_out_by_a_desk(court: SmallCourt) -> None:
    wall = court.add_wall()
    itself = Actor(kind="WALL", id=wall, role=Role.WALL, court_code=court.duty.court_code, wall_id=wall)
    assert court.do(itself, join_screen, wall, "video") is True
    assert court.do(itself, join_screen, wall, "map") is True
    assert court.do(itself, join_screen, wall, "video") is False
    with pytest.raises(NotPermitted):
        court.do(itself, drop_screen, wall, "video")
    with pytest.raises(BadInput):
        court.do(itself, join_screen, wall, "kitchen")
    with court.database.reading() as session:
        assert session.get_one(WallRow, wall).screens == "map,video"
    assert court.do(court.duty, drop_screen, wall, "video") is True
    assert court.do(court.duty, drop_screen, wall, "video") is False
    with court.database.reading() as session:
        assert session.get_one(WallRow, wall).screens == "map"

"""Duty, silence, fences and the timers that end them."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from data.actions.timers import run_due
from data.actions.units import begin_duty, declare_silence, end_duty, end_silence, record_crossing
from data.errors import BadInput, NotPermitted, RuleBroken
from data.journal import entries_after
from data.queries.timers import due
from data.rules.missions import MissionStep
from data.rules.permissions import SYSTEM
from data.tables import DutyRow, FenceInsideRow, UnitRow
from tests.data.small_court import SmallCourt


def unit(court: SmallCourt, no: int = 1001) -> UnitRow:
    with court.database.reading() as session:
        return session.get_one(UnitRow, no)


def stretches(court: SmallCourt) -> list[DutyRow]:
    with court.database.reading() as session:
        return list(session.scalars(select(DutyRow).order_by(DutyRow.began_at)))


def kinds(court: SmallCourt) -> list[str]:
    with court.database.reading() as session:
        return [entry.kind for entry in entries_after(session, 0) if entry.kind.partition(".")[0] in ("duty", "silence", "fence")][1:]


def run_all(court: SmallCourt) -> int:
    with court.database.reading() as session:
        waiting = due(session, court.now)
    return sum(court.do(SYSTEM, run_due, one) for one in waiting)


def test_duty_begins_and_ends_once_and_is_kept_as_a_stretch(court: SmallCourt) -> None:
    began = court.now
    assert court.do(court.phone, begin_duty, 1001, began) is True
    assert court.do(court.phone, begin_duty, 1001, began) is False
    court.later(600)
    assert court.do(court.phone, end_duty, 1001, "asked", court.now) is True
    assert court.do(court.phone, end_duty, 1001, "asked", court.now) is False
    stretch = stretches(court)[0]
    assert (stretch.began_at, stretch.ended_at, stretch.ended_why) == (began, court.now, "asked")
    assert kinds(court) == ["duty.began", "duty.ended"]


def test_stretches_of_duty_never_overlap_whatever_a_phone_says(court: SmallCourt) -> None:
    court.do(court.phone, begin_duty, 1001, court.now)
    court.later(600)
    court.do(court.phone, end_duty, 1001, "asked", court.now)
    court.do(court.phone, begin_duty, 1001, court.now - timedelta(hours=2))
    first, second = stretches(court)
    assert second.began_at == first.ended_at


def test_nobody_switches_the_duty_of_another(court: SmallCourt) -> None:
    for actor in (court.phone_of_others, court.duty, court.technical):
        with pytest.raises(NotPermitted):
            court.do(actor, begin_duty, 1001, court.now)


def test_silence_is_declared_for_five_to_thirty_minutes_on_duty(court: SmallCourt) -> None:
    with pytest.raises(RuleBroken):
        court.do(court.phone, declare_silence, 1001, 10, "s0")
    court.do(court.phone, begin_duty, 1001, court.now)
    for minutes in (0, 4, 31, -5, True, 1.5):
        with pytest.raises(BadInput):
            court.do(court.phone, declare_silence, 1001, minutes, "s0")  # type: ignore[arg-type]
    assert court.do(court.phone, declare_silence, 1001, 10, "s1") is True
    assert court.do(court.phone, declare_silence, 1001, 10, "s1") is False
    assert unit(court).silent_until == court.now + timedelta(minutes=10)


def test_silence_ends_when_its_time_has_come_and_not_before(court: SmallCourt) -> None:
    court.do(court.phone, begin_duty, 1001, court.now)
    court.do(court.phone, declare_silence, 1001, 10, "s1")
    court.later(599)
    assert run_all(court) == 0
    court.later(1)
    assert run_all(court) == 1
    assert run_all(court) == 0
    assert unit(court).silent_since is None
    assert kinds(court) == ["duty.began", "silence.declared", "silence.ended"]


def test_a_fix_ends_silence_but_not_in_its_first_minute(court: SmallCourt) -> None:
    court.do(court.phone, begin_duty, 1001, court.now)
    court.do(court.phone, declare_silence, 1001, 10, "s1")
    court.later(30)
    assert court.do(SYSTEM, end_silence, 1001, "heard") is False
    court.later(30)
    assert court.do(SYSTEM, end_silence, 1001, "heard") is True
    assert court.do(court.phone, end_silence, 1001, "asked") is False


def test_duty_ends_by_itself_fifteen_minutes_after_the_return(court: SmallCourt) -> None:
    court.file_case()
    court.do(court.phone, begin_duty, 1001, court.now)
    court.assign()
    court.move(MissionStep.DEPARTED)
    court.move(MissionStep.ARRIVED)
    court.later(60)
    court.move(MissionStep.FINISHED)
    assert unit(court).returned_at == court.now
    assert unit(court, 1002).returned_at is None  # off duty: nothing is kept of him
    court.later(899)
    assert run_all(court) == 0
    court.later(1)
    assert run_all(court) == 1
    assert unit(court).on_duty is False
    assert stretches(court)[0].ended_why == "returned"


def test_duty_goes_on_while_the_team_has_another_mission(court: SmallCourt) -> None:
    court.file_case()
    court.do(court.phone, begin_duty, 1001, court.now)
    court.assign()
    court.assign("M2")
    court.move(MissionStep.DEPARTED)
    court.move(MissionStep.FINISHED)
    court.later(1000)
    assert run_all(court) == 0
    court.move(MissionStep.DEPARTED, "M2")
    assert unit(court).returned_at is None
    court.move(MissionStep.FRUITLESS, "M2")
    court.later(900)
    assert run_all(court) == 1


def test_a_crossing_counts_once_and_only_on_duty(court: SmallCourt) -> None:
    assert court.do(SYSTEM, record_crossing, court.fence, 1001, True, court.now) is False
    court.do(court.phone, begin_duty, 1001, court.now)
    assert court.do(SYSTEM, record_crossing, court.fence, 1001, True, court.now) is True
    assert court.do(SYSTEM, record_crossing, court.fence, 1001, True, court.now) is False
    assert court.do(SYSTEM, record_crossing, court.fence, 1001, False, court.now) is True
    assert kinds(court) == ["duty.began", "fence.entered", "fence.left"]


def test_off_duty_nobody_knows_where_he_was_inside(court: SmallCourt) -> None:
    court.do(court.phone, begin_duty, 1001, court.now)
    court.do(SYSTEM, record_crossing, court.fence, 1001, True, court.now)
    court.do(court.phone, end_duty, 1001, "asked", court.now)
    with court.database.reading() as session:
        assert session.scalar(select(FenceInsideRow.fence_id)) is None

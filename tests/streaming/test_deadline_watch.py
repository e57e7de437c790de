"""What becomes due is done, once, whoever watches."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from ulid import ULID

from data.actions.devices import enrol_device
from data.actions.sos import raise_sos
from data.actions.units import begin_duty, declare_silence
from data.engines import Database
from data.lanes import Lane
from data.rules.permissions import SYSTEM, Actor, Role
from data.tables import EntryRow
from streaming.deadline_watch import do_due, watch
from tests.small_court import COURT, PHONE_UNIT, TEAM, SmallCourt, found


@pytest.fixture
def court(database: Database, tmp_path: Path) -> SmallCourt:
    return found(database, tmp_path / "keys")


@pytest.fixture
async def lane() -> AsyncIterator[Lane]:
    lane = Lane("timers", threads=1, waiting=1)
    yield lane
    lane.close()


def phone(court: SmallCourt) -> Actor:
    device = court.journal.do(SYSTEM, court.now(), enrol_device, PHONE_UNIT)
    name = f"device:{device.device_no}"
    return Actor("DEVICE", name, Role.DEVICE, COURT, unit_no=PHONE_UNIT, device_no=device.device_no, team_id=TEAM)


def kinds(court: SmallCourt) -> list[str]:
    with court.database.reading() as session:
        return list(session.scalars(select(EntryRow.kind).order_by(EntryRow.seq)))


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.02)


def test_47_an_alarm_nobody_took_sounds_again_at_15_and_at_30_seconds(court: SmallCourt) -> None:
    court.journal.do(phone(court), court.now(), raise_sos, str(ULID()), court.now(), None, None, None)
    assert do_due(court.journal, court.now) == 0
    for _ in range(2):
        court.later(15)
        assert do_due(court.journal, court.now) == 1
        assert do_due(court.journal, court.now) == 0
    assert kinds(court).count("sos.escalated") == 2


def test_a_declared_silence_ends_when_its_time_is_up(court: SmallCourt) -> None:
    court.journal.do(phone(court), court.now(), begin_duty, PHONE_UNIT, court.now())
    court.journal.do(phone(court), court.now(), declare_silence, PHONE_UNIT, 5, str(ULID()))
    court.later(timedelta(minutes=5).total_seconds() - 1)
    assert do_due(court.journal, court.now) == 0
    court.later(1)
    assert do_due(court.journal, court.now) == 1


async def test_two_watchers_do_it_once(court: SmallCourt, lane: Lane) -> None:
    court.journal.do(phone(court), court.now(), raise_sos, str(ULID()), court.now(), None, None, None)
    court.later(16)
    other = Lane("other", threads=1, waiting=1)
    watchers = [asyncio.create_task(watch(court.journal, each, court.now, 0.02)) for each in (lane, other)]
    await until(lambda: "sos.escalated" in kinds(court))
    await asyncio.sleep(0.3)
    for watcher in watchers:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
    other.close()
    assert kinds(court).count("sos.escalated") == 1


async def test_a_failure_is_logged_and_the_watch_goes_on(court: SmallCourt, lane: Lane, caplog: pytest.LogCaptureFixture) -> None:
    court.journal.do(phone(court), court.now(), raise_sos, str(ULID()), court.now(), None, None, None)
    court.later(16)
    with court.database.writes.begin() as connection:
        connection.execute(text("ALTER TABLE sos RENAME TO hidden"))
    watcher = asyncio.create_task(watch(court.journal, lane, court.now, 0.02))
    await until(lambda: "timers were not" in caplog.text)
    with court.database.writes.begin() as connection:
        connection.execute(text("ALTER TABLE hidden RENAME TO sos"))
    await until(lambda: "sos.escalated" in kinds(court))
    watcher.cancel()
    with suppress(asyncio.CancelledError):
        await watcher

"""Lanes of threads before a real PostgreSQL that is stopped: nobody waits for ever, no thread is lost, all is well at once later."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from data.engines import Database, open_database, ping
from data.errors import DatabaseUnavailable, LaneFull
from data.lanes import GIVE_UP_S, Lane
from data.patience import WIRE_S
from tests.servers import PostgresServer

SOON_S = 5.0


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    database = open_database(postgres_url)
    yield database
    database.close()


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane("reader", threads=8, waiting=8)
    yield lane
    lane.close()


async def outcomes(lane: Lane, database: Database, many: int) -> list[type[BaseException] | None]:
    done = await asyncio.gather(*(lane.run(ping, database) for _ in range(many)), return_exceptions=True)
    return [type(each) if isinstance(each, BaseException) else None for each in done]


async def test_54_a_stopped_database_keeps_no_reader_and_is_read_at_once_when_it_goes_on(
    lane: Lane, database: Database, postgres: PostgresServer
) -> None:
    assert await outcomes(lane, database, 8) == [None] * 8
    postgres.freeze()
    asked = time.monotonic()  # by more than the lane has threads: who waits behind them is answered too
    assert set(await outcomes(lane, database, 16)) == {DatabaseUnavailable}
    assert time.monotonic() - asked < GIVE_UP_S + SOON_S
    async with asyncio.timeout(2 * WIRE_S + SOON_S):
        while lane.busy:
            await asyncio.sleep(0.05)
    postgres.thaw()
    async with asyncio.timeout(SOON_S):
        assert await outcomes(lane, database, 8) == [None] * 8


async def test_a_reader_that_is_answered_slowly_is_given_its_time(lane: Lane, database: Database) -> None:
    def slowly() -> int:
        with database.reading() as session:
            session.execute(text("SELECT pg_sleep(1)"))
            return int(session.scalar(text("SELECT 7")) or 0)

    assert await lane.run(slowly) == 7


async def test_a_full_lane_says_so_at_once(lane: Lane) -> None:
    gate = threading.Event()
    waiting = [asyncio.create_task(lane.run(gate.wait)) for _ in range(16)]
    await asyncio.sleep(0)
    with pytest.raises(LaneFull):
        await lane.run(gate.wait)
    gate.set()
    assert await asyncio.gather(*waiting) == [True] * 16

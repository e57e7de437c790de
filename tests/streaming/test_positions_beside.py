"""Positions of one court taken by two processes: each knows what the other took, and the fences' crossings are written once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from ulid import ULID

from data.actions.devices import enrol_device
from data.actions.organisation import draw_fence
from data.actions.units import begin_duty
from data.engines import open_database
from data.lanes import Lanes
from data.rules.permissions import SYSTEM, Actor, Role
from data.tables import EntryRow, Table
from geo.fixes import Fix
from streaming.bus import Bus
from streaming.bus_server import BusServer
from streaming.history import History
from streaming.positions import Beside, Positions, Reported
from tests.servers import RedisServer
from tests.small_court import PHONE_UNIT, SmallCourt, found

HERE = (23.0500, 112.4500)
RING = [(23.0490, 112.4490), (23.0490, 112.4510), (23.0510, 112.4510), (23.0510, 112.4490)]
OUTSIDE = (23.0530, 112.4500)


@dataclass
class One:
    """A process: its own database handles, lanes, history and bus."""

    court: SmallCourt
    positions: Positions
    history: History
    bus: Bus
    lanes: Lanes
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    leads: bool = False

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.wait(self.tasks, timeout=20)
        await self.bus.aclose()
        self.history.close()
        self.lanes.close()


def one(court: SmallCourt, folder: Path, url: str) -> One:
    lanes, bus, history = Lanes(), Bus(BusServer.at(url)), History(folder / "positions")
    made = One(court, None, history, bus, lanes)  # type: ignore[arg-type]
    made.positions = Positions(court.journal, lanes, history, bus, court.now, beside=Beside(lambda: made.leads))
    made.tasks = [
        asyncio.create_task(made.positions.run()),
        asyncio.create_task(bus.listen(lambda _, kind: made.positions.heard(kind), made.positions.hear)),
    ]
    return made


@dataclass
class Two:
    a: One
    b: One
    court: SmallCourt
    device: Actor
    t_ms: int

    async def take(self, at: One, place: tuple[float, float], *ids: str) -> Any:
        self.t_ms += 1_000
        said = [Reported(each, self.t_ms, *place, accuracy_m=5.0) for each in ids or (str(ULID()),)]
        return await at.positions.take(self.device, said)

    def kinds(self) -> list[str]:
        with self.court.database.reading() as session:
            return list(session.scalars(select(EntryRow.kind).where(EntryRow.kind.startswith("fence.")).order_by(EntryRow.seq)))


@pytest.fixture
async def two(tmp_path: Path, redis_server: RedisServer) -> AsyncIterator[Two]:
    database = open_database(f"sqlite:///{tmp_path}/ecc.db")
    Table.metadata.create_all(database.writes)
    court = found(database, tmp_path / "keys")
    court.at = datetime.now(UTC)
    court.journal.do(SYSTEM, court.now(), enrol_device, PHONE_UNIT)
    court.journal.do(SYSTEM, court.now(), begin_duty, PHONE_UNIT, court.now() - timedelta(hours=1))
    a, b = one(court, tmp_path, redis_server.url), one(court, tmp_path, redis_server.url)
    a.leads = True
    for each in (a, b):
        await each.positions.open()
    await until(lambda: a.bus.up and b.bus.up)
    device = Actor(kind="DEVICE", id="device:1", role=Role.DEVICE, court_code=court.journal._court_code, unit_no=PHONE_UNIT, device_no=1)
    yield Two(a, b, court, device, int(court.now().timestamp() * 1000) - 60_000)
    for each in (a, b):
        await each.close()
    database.close()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.02)


def newest_of(each: One) -> Fix | None:
    return each.positions.of(PHONE_UNIT)


async def test_each_knows_where_a_unit_is_whoever_took_it(two: Two) -> None:
    await two.take(two.a, HERE)
    await until(lambda: newest_of(two.b))
    heard, taken = newest_of(two.b), newest_of(two.a)
    assert heard is not None
    assert taken is not None
    assert (heard.t_ms, round(heard.lat, 6), round(heard.lon, 6), heard.accuracy_m) == (taken.t_ms, *HERE, 5.0)
    assert taken.id  # its own did not come back in a poorer form
    await asyncio.sleep(0.3)
    assert newest_of(two.a) is taken


async def test_the_same_batch_at_both_at_once_is_kept_once(two: Two) -> None:
    ids = [str(ULID()) for _ in range(3)]
    t_ms = two.t_ms
    said = [Reported(each, t_ms + 1_000 * place, *HERE, accuracy_m=5.0) for place, each in enumerate(ids)]
    answers = await asyncio.gather(*(each.positions.take(two.device, said) for each in (two.a, two.b)))
    assert sorted(answers[0].accepted + answers[1].accepted) == sorted(ids)
    assert sorted(answers[0].known + answers[1].known) == sorted(ids)
    assert two.a.history.count() == 3


async def test_files_of_two_days_written_by_two_at_once_never_wait_for_each_other(two: Two) -> None:
    """Each batch holds fixes of two days, in either order: whoever has one file must not wait for the other."""
    midnight = two.t_ms - two.t_ms % 86_400_000
    moments = [midnight - 5_000, midnight + 5_000]

    def batch(turn: int, device: int) -> list[Fix]:
        days = moments if device == 1 else moments[::-1]
        return [Fix(str(ULID()), PHONE_UNIT, device, at + turn, *HERE, 5.0, None, None, None, "GPS", False) for at in days]

    async def write(history: History, device: int) -> None:
        for turn in range(40):
            await history.kept(batch(turn, device), two.t_ms)

    async with asyncio.timeout(60):
        await asyncio.gather(write(two.a.history, 1), write(two.b.history, 2))
    assert two.a.history.count() == 160


async def test_a_fence_crossed_by_fixes_that_come_to_both_in_turn_is_entered_and_left_once(two: Two) -> None:
    two.court.journal.do(SYSTEM, two.court.now(), draw_fence, "驻地", "WATCH", RING)
    for each in (two.a, two.b):
        each.positions.heard("fence.drawn")
    for step in range(4):
        await two.take((two.a, two.b)[step % 2], HERE)
        await asyncio.sleep(0.15)
    await until(lambda: "fence.entered" in two.kinds())
    for step in range(4):
        two.t_ms += 20_000
        await two.take((two.a, two.b)[step % 2], OUTSIDE)
        await asyncio.sleep(0.15)
    await until(lambda: "fence.left" in two.kinds())
    await asyncio.sleep(0.5)
    assert two.kinds() == ["fence.drawn", "fence.entered", "fence.left"]


@pytest.mark.parametrize("why", ["the bus is away", "everything is said again"])
async def test_one_stray_fix_that_is_said_again_counts_once(two: Two, redis_server: RedisServer, why: str) -> None:
    two.court.journal.do(SYSTEM, two.court.now(), draw_fence, "驻地", "WATCH", RING)
    two.a.positions.heard("fence.drawn")
    await two.take(two.a, OUTSIDE)
    if why == "the bus is away":
        redis_server.kill()
        await until(lambda: not two.a.bus.up)
    two.t_ms += 20_000
    await two.take(two.a, HERE)
    for _ in range(4):
        if why == "everything is said again":
            two.a.positions.say_newest()
        await asyncio.sleep(0.3)
    assert two.kinds() == ["fence.drawn"]
    await two.take(two.a, HERE)  # what was stepped is kept: the second one makes it sure
    await until(lambda: two.kinds() == ["fence.drawn", "fence.entered"])
    if why == "the bus is away":
        redis_server.start()
        await until(lambda: not two.a.positions._unsaid)


async def test_whoever_takes_over_writes_what_the_one_before_did_not(two: Two) -> None:
    two.court.journal.do(SYSTEM, two.court.now(), draw_fence, "驻地", "WATCH", RING)
    for each in (two.a, two.b):
        each.positions.heard("fence.drawn")
    two.a.leads = False  # it is dying, and writes nothing any more
    for _ in range(3):
        await two.take(two.b, HERE)
        await asyncio.sleep(0.15)
    await asyncio.sleep(0.5)
    assert "fence.entered" not in two.kinds()
    two.b.leads = True
    await two.take(two.b, HERE)
    await until(lambda: "fence.entered" in two.kinds())


async def test_who_heard_nothing_for_a_while_is_told_everything(two: Two) -> None:
    await two.take(two.a, HERE)
    await until(lambda: newest_of(two.b))
    two.b.positions._newest.clear()  # as if its line had been cut
    two.a.positions.say_newest()
    await until(lambda: newest_of(two.b))

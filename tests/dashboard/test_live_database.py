"""/live when the database falls silent or a viewer's rights change: said in time, right again by itself."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import websockets

from data.actions.devices import revoke_device
from data.actions.walls import revoke_wall, steer_wall
from data.engines import open_database
from data.journal import Journal
from data.rules.permissions import Actor, Role
from data.sealing import load_sealing
from geo import packed
from tests.dashboard.test_live import View, call, end_call, joined, post, viewer
from tests.journeys.senders import fix
from tests.running import Product, eventually
from tests.servers import PostgresServer

pytestmark = pytest.mark.timeout(240)
DESK = Actor(kind="OFFICER", id="test", role=Role.DUTY, court_code="QX")


@contextmanager
def journal_of(product: Product) -> Iterator[Journal]:
    """Another process's journal: it says nothing on the bus, so that only the asking finds it."""
    database = open_database(product.settings.database_url)
    yield Journal(database, load_sealing(product.settings.keys), product.settings.court_code)
    database.close()


def do(product: Product, actor: Actor, action: Callable[..., Any], *arguments: Any, **more: Any) -> None:
    with journal_of(product) as journal:
        journal.do(actor, datetime.now(UTC), action, *arguments, **more)


@pytest.mark.long  # by a reader alone, in every run: tests/data/test_lanes.py
async def test_a_frozen_database_never_stops_the_clock(postgres: PostgresServer, postgres_url: str) -> None:
    product = await asyncio.to_thread(Product, database_url=postgres_url)
    try:
        await asyncio.to_thread(product.start)
        async with viewer(product, "wall", product.seeded.wall) as wall:
            await wall.until(lambda: wall.tick and wall.tick["parts"]["database"]["up"])
            postgres.freeze()
            await wall.until(lambda: not wall.tick["parts"]["database"]["up"])
            ticks = []
            for _ in range(4):
                wall.tick = {}
                await wall.until(lambda: wall.tick)  # a clock that had stopped would stand as long as the database does
                ticks.append(wall.tick["server_time"])
            assert ticks[-1] - ticks[0] > 1_500, ticks  # a busy machine may correct its clock meanwhile
            await asyncio.to_thread(eventually, lambda: product.status("/readyz") == 503, "it calls itself ready")
            await asyncio.to_thread(eventually, lambda: product.status("/healthz") == 200, "the web process itself is not well")
            postgres.thaw()
            await wall.until(lambda: wall.tick["parts"]["database"]["up"])
            id_ = await call(product, 1001)
            await wall.until(lambda: id_ in wall.rows["call"])
            await end_call(product, 1001, id_)
    finally:
        postgres.thaw()
        await asyncio.to_thread(product.close)


@pytest.mark.long
async def test_who_joins_while_the_database_is_frozen_hears_of_it_and_of_positions_and_gets_his_rows_afterwards(
    postgres: PostgresServer, postgres_url: str
) -> None:
    product = await asyncio.to_thread(Product, database_url=postgres_url)
    try:
        await asyncio.to_thread(product.start)
        async with viewer(product, "wall", product.seeded.wall) as first:
            await first.until(lambda: first.tick and first.tick["parts"]["database"]["up"])
            await report(product, 1001, 23.1)  # who is on duty is known from now on
            postgres.freeze()
            await first.until(lambda: not first.tick["parts"]["database"]["up"])
        async with joined(product, "wall", product.seeded.wall) as late:
            await late.until(lambda: late.waits)
            await late.until(lambda: late.tick and not late.tick["parts"]["database"]["up"])
            await late.until(lambda: places(late).get(1001) == 231_000_000)
            await report(product, 1001, 23.1002)
            await late.until(lambda: places(late).get(1001) == 231_002_000)
            assert (late.snapshots, late.rows) == (0, {})
            postgres.thaw()
            await late.until(lambda: late.snapshots)
            assert "1001" in late.rows["unit"]
            id_ = await call(product, 1001)
            await late.until(lambda: id_ in late.rows["call"])
            await end_call(product, 1001, id_)
            assert late.snapshots == 1
    finally:
        postgres.thaw()
        await asyncio.to_thread(product.close)


async def report(product: Product, unit: int, lat: float) -> None:
    status, said = await asyncio.to_thread(post, product, "/ingest/positions", product.seeded.devices[unit], {"fixes": [fix(lat, 112.5)]})
    assert (status, said["refused"]) == (200, []), said


def places(view: View) -> dict[int, int]:
    """The newest latitude of each unit, in 1e-7 degrees."""
    return {int(record["unit"]): int(record["lat"]) for frame in view.frames for record in packed.unpack(frame).records}


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


async def test_visitors_mode_begins_the_wall_again_without_names(product: Product) -> None:
    wall_id = product.seeded.wall_id
    async with viewer(product, "wall", product.seeded.wall) as wall:
        assert wall.rows["unit"]["1001"]["who"] == "陈法官"
        await asyncio.to_thread(do, product, DESK, steer_wall, wall_id, visitors=True)
        await wall.until(lambda: wall.hello["visitors"] and wall.snapshots == 2)
        assert wall.rows["unit"]["1001"]["who"] == "法官"
        await asyncio.to_thread(do, product, DESK, steer_wall, wall_id, visitors=False)
        await wall.until(lambda: not wall.hello["visitors"] and wall.snapshots == 3)
        assert wall.rows["unit"]["1001"]["who"] == "陈法官"


async def until_closed(view: View) -> int | None:
    with pytest.raises(websockets.ConnectionClosed) as closed:
        await view.until(lambda: False)
    return closed.value.rcvd.code if closed.value.rcvd else None


async def test_a_revoked_phone_and_wall_are_closed(product: Product) -> None:
    system = replace(DESK, role=Role.TECHNICAL)
    async with viewer(product, "field", product.seeded.devices[1002]) as phone:
        await asyncio.to_thread(do, product, system, revoke_device, 2)
        assert await until_closed(phone) == 4401
    async with viewer(product, "wall", product.seeded.wall) as wall:
        await asyncio.to_thread(do, product, system, revoke_wall, product.seeded.wall_id)
        assert await until_closed(wall) == 4401

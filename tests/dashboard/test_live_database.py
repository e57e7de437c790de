"""/live when the database falls silent or a viewer's rights change: said in time, right again by itself."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
import websockets

from data.actions.devices import revoke_device
from data.actions.walls import revoke_wall, steer_wall
from data.engines import open_database
from data.journal import Journal
from data.rules.permissions import Actor, Role
from data.sealing import load_sealing
from tests.dashboard.test_live import View, call, end_call, viewer
from tests.running import Product
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
                await wall.until(lambda: wall.tick, 5)
                ticks.append(wall.tick["server_time"])
            assert all(later > earlier for earlier, later in pairwise(ticks))
            assert await asyncio.to_thread(product.status, "/readyz") == 503
            assert await asyncio.to_thread(product.status, "/healthz") == 200
            postgres.thaw()
            await wall.until(lambda: wall.tick["parts"]["database"]["up"])
            id_ = await call(product, 1001)
            await wall.until(lambda: id_ in wall.rows["call"])
            await end_call(product, 1001, id_)
    finally:
        postgres.thaw()
        await asyncio.to_thread(product.close)


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

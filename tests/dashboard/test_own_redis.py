"""A Redis of one's own that is slow, locked or spoken to wrongly: the wall says so, calls and alarms come through the journal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis
from ulid import ULID

from tests.dashboard.test_live import View, call, end_call, instant, post, viewer
from tests.faulty_proxy import FaultyProxy
from tests.running import Product
from tests.servers import RedisServer, wait_until

pytestmark = pytest.mark.timeout(180)


class WithoutBus(Product):
    """A product that comes up although its bus cannot be used."""

    def until_ready(self) -> None:
        wait_until(lambda: self.status("/readyz") == 503, "nobody answers", 60)


@asynccontextmanager
async def running(product: Product) -> AsyncIterator[Product]:
    try:
        await asyncio.to_thread(product.start)
        yield product
    finally:
        await asyncio.to_thread(product.close)


async def arrives_once(product: Product, wall: View, caller: int, alarmed: int) -> None:
    """A call, and an alarm that is sent again as after a lost answer."""
    id_, alarm = await call(product, caller), str(ULID())
    body = {"id": alarm, "t": instant(), "fix": None}
    answers = [await asyncio.to_thread(post, product, "/ingest/sos", product.seeded.devices[alarmed], body) for _ in range(2)]
    assert answers[0][0] == 202
    assert answers[0] == answers[1]
    await wall.until(lambda: id_ in wall.shown and alarm in wall.rows["sos"])
    await end_call(product, caller, id_)
    assert wall.shown.count(id_) == 1


async def bus_is(wall: View, up: bool) -> None:
    wall.tick = {}
    await wall.until(lambda: wall.tick and wall.tick["parts"]["bus"]["up"] is up)


async def test_15_slow_and_locked_is_down_and_heals_by_itself_and_nothing_is_lost_or_doubled(redis_server: RedisServer) -> None:
    async with FaultyProxy("127.0.0.1", redis_server.port) as proxy:
        product = await asyncio.to_thread(Product, redis_url=f"redis://127.0.0.1:{proxy.port}/0")
        async with running(product), viewer(product, "wall", product.seeded.wall) as wall:
            await bus_is(wall, True)
            proxy.delay_s = 2.0
            await bus_is(wall, False)
            await arrives_once(product, wall, 1001, 1002)
            proxy.mend()
            await bus_is(wall, True)
            with redis.Redis.from_url(redis_server.url) as client:
                client.config_set("requirepass", "another")
                client.client_kill_filter(_type="pubsub")
                await bus_is(wall, False)
                await arrives_once(product, wall, 1003, 1004)
                client.config_set("requirepass", "")
            await bus_is(wall, True)
            await arrives_once(product, wall, 1005, 1006)
            assert wall.snapshots == 1


async def test_15_a_server_that_knows_no_tls_is_said_from_the_start_and_calls_arrive_all_the_same(redis_server: RedisServer) -> None:
    product = await asyncio.to_thread(WithoutBus, redis_url=redis_server.tcp_url.replace("redis://", "rediss://"))
    async with running(product), viewer(product, "wall", product.seeded.wall) as wall:
        await bus_is(wall, False)
        await arrives_once(product, wall, 1001, 1002)
        assert await asyncio.to_thread(product.status, "/readyz") == 503

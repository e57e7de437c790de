"""The bus on a real server: killed, frozen, locked, flooded, spoken to by strangers."""

import asyncio
import pickle
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import numpy as np
import pytest
import redis
import redis.asyncio

from data.errors import BusUnavailable
from data.journal import Announcement
from geo.packed import FIX, Kind, pack, unpack
from streaming.bus import EVENTS, FIXES, WAITING, Bus
from streaming.bus_server import BusServer
from tests.conftest import MakeProxy
from tests.servers import RedisServer

FRAME = pack(np.zeros(2, FIX), Kind.SOME, 1)
SOON_S = 20.0


class Heard:
    """What a listener was told."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.frames: list[bytes] = []
        self.turns: list[bool] = []

    def announcement(self, number: int, kind: str) -> None:
        self.numbers.append(number)

    def fixes(self, frame: bytes) -> None:
        unpack(frame)
        self.frames.append(frame)

    async def turn(self, up: bool) -> None:
        self.turns.append(up)


async def until(true: Callable[[], object], seconds: float = SOON_S) -> float:
    """Seconds it took. Raises TimeoutError."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)
    return time.monotonic() - began


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[tuple[Bus, Heard]]:
    bus, heard = Bus(BusServer.at(url)), Heard()
    task = asyncio.create_task(bus.listen(heard.announcement, heard.fixes, heard.turn))
    try:
        yield bus, heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await bus.aclose()


def said(number: int) -> Announcement:
    return Announcement(number, "call.ringing", (("call", "01A"), ("unit", "1003")))


async def test_what_one_process_says_another_hears(redis_server: RedisServer) -> None:
    async with listening(redis_server.url) as (bus, heard):
        await until(lambda: bus.up)
        other = Bus(BusServer.at(redis_server.url))
        other.announce([said(1), said(2)])
        await other.publish_fixes(FRAME)
        await until(lambda: heard.numbers == [1, 2] and heard.frames == [FRAME])
        await other.aclose()


async def test_15_a_killed_server_that_comes_back_is_heard_again(redis_server: RedisServer) -> None:
    async with listening(redis_server.url) as (bus, heard):
        await until(lambda: bus.up)
        await bus.publish_fixes(FRAME)
        redis_server.kill()
        await until(lambda: not bus.up)
        with pytest.raises(BusUnavailable):
            await bus.publish_fixes(FRAME)
        redis_server.start()
        await until(lambda: bus.up)
        await bus.publish_fixes(FRAME)
        bus.announce([said(7)])
        await until(lambda: len(heard.frames) == 2 and heard.numbers == [7])
        assert heard.turns == [True, False, True]


async def test_54_a_frozen_server_is_noticed_and_heard_again_when_it_goes_on(redis_server: RedisServer) -> None:
    async with listening(redis_server.url) as (bus, heard):
        await until(lambda: bus.up)
        redis_server.freeze()
        await until(lambda: not bus.up)
        with pytest.raises(BusUnavailable):
            await bus.publish_fixes(FRAME)
        redis_server.thaw()
        await until(lambda: bus.up)
        bus.announce([said(3)])
        await until(lambda: heard.numbers == [3])


async def test_15_a_wrong_password_is_down_and_stops_nothing(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.execute_command("ACL", "SETUSER", "ecc", "on", ">right", "~*", "&*", "+@all")
    where = redis_server.url.removeprefix("unix://")
    async with listening(f"unix://ecc:wrong@{where}") as (bus, _):
        with pytest.raises(BusUnavailable):
            await bus.publish_fixes(FRAME)
        assert not bus.up
        with redis.Redis.from_url(redis_server.url) as client:
            client.execute_command("ACL", "SETUSER", "ecc", ">wrong")
        await until(lambda: bus.up)


async def test_15_without_the_password_it_is_down_and_stops_nothing(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.config_set("requirepass", "a-long-random-word-of-this-test")
        async with listening(redis_server.url) as (bus, _):
            with pytest.raises(BusUnavailable):
                await bus.publish_fixes(FRAME)
            assert not bus.up
            client.execute_command("AUTH", "a-long-random-word-of-this-test")
            client.config_set("requirepass", "")
            await until(lambda: bus.up)


async def test_15_a_server_that_takes_two_seconds_is_down_until_it_is_quick_again(
    redis_server: RedisServer, faulty_proxy: MakeProxy
) -> None:
    proxy = await faulty_proxy("127.0.0.1", redis_server.port)
    async with listening(f"redis://127.0.0.1:{proxy.port}/0") as (bus, heard):
        await until(lambda: bus.up)
        proxy.delay_s = 2.0
        await until(lambda: not bus.up)
        with pytest.raises(BusUnavailable):
            await bus.publish_fixes(FRAME)
        proxy.delay_s = 0.0
        await until(lambda: bus.up)
        bus.announce([said(15)])
        await until(lambda: heard.numbers == [15])


async def test_15_a_server_that_answers_plain_instead_of_by_tls_is_down(redis_server: RedisServer) -> None:
    async with listening(redis_server.tcp_url.replace("redis://", "rediss://")) as (bus, _):
        with pytest.raises(BusUnavailable):
            await bus.publish_fixes(FRAME)
        assert not bus.up


async def test_16_foreign_messages_are_counted_and_dropped(redis_server: RedisServer) -> None:
    strange = [pickle.dumps({"n": 1}), b"", b"\xff\x00", b"[]", b'{"n":"1","k":"x"}', b'{"n":1}', b"x" * 10 * 1024 * 1024]
    async with listening(redis_server.url) as (bus, heard):
        await until(lambda: bus.up)
        async with redis.asyncio.Redis.from_url(redis_server.url) as stranger:
            for message in strange:
                await stranger.publish(EVENTS, message)
                await stranger.publish(FIXES, message)
        bus.announce([said(9)])
        await bus.publish_fixes(FRAME)
        await until(lambda: heard.numbers == [9] and heard.frames == [FRAME])
        assert bus.foreign == 2 * len(strange)


async def test_a_reader_that_falls_behind_is_dropped_by_the_server_and_comes_back(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.config_set("client-output-buffer-limit", "pubsub 1mb 1mb 1")
    async with listening(redis_server.url) as (bus, heard):
        await until(lambda: bus.up)
        with redis.Redis.from_url(redis_server.url) as client:
            sent = 0
            while client.publish(FIXES, b"x" * 60_000):  # says how many were told; the loop that listens stands still meanwhile
                sent += 1
                assert sent < 2_000, "the server keeps 120 MB for a reader that does not read"
        await until(lambda: heard.turns == [True, False, True])
        await bus.publish_fixes(FRAME)
        await until(lambda: heard.frames == [FRAME])


async def test_announcing_never_waits_and_never_grows(redis_server: RedisServer) -> None:
    bus = Bus(BusServer.at(redis_server.url))
    bus.announce([said(1)])
    redis_server.freeze()
    bus.announce([said(number) for number in range(2 * WAITING)])  # would block here if it could
    assert bus._waiting.qsize() <= WAITING
    assert bus.dropped >= WAITING - 1
    redis_server.thaw()
    await bus.aclose()


async def test_what_nobody_could_be_told_in_time_is_not_said_later(redis_server: RedisServer) -> None:
    redis_server.kill()
    bus = Bus(BusServer.at(redis_server.url))
    bus.announce([said(1)])
    await until(lambda: bus.dropped == 1)
    redis_server.start()
    async with listening(redis_server.url) as (listener, heard):
        await until(lambda: listener.up)
        bus.announce([said(2)])
        await until(lambda: heard.numbers == [2])
    await bus.aclose()


@pytest.mark.parametrize("state", ["up", "frozen", "gone"])
async def test_listening_ends_when_it_is_told_to_at_whatever_moment(redis_server: RedisServer, state: str) -> None:
    """redis-py may swallow a cancellation: then the loop itself must have seen that it was told."""
    {"up": lambda: None, "frozen": redis_server.freeze, "gone": redis_server.kill}[state]()
    bus, heard = Bus(BusServer.at(redis_server.url)), Heard()
    tasks = []
    for number in range(24):  # connecting, subscribing, pinging, waiting for a message, closing after a failure
        task = asyncio.create_task(bus.listen(heard.announcement, heard.fixes, heard.turn))
        asyncio.get_running_loop().call_later(number * 0.1, task.cancel)
        tasks.append(task)
    _, endless = await asyncio.wait(tasks, timeout=SOON_S)
    assert not endless
    await bus.aclose()


async def test_listening_ends_while_somebody_is_told_that_the_bus_is_back(redis_server: RedisServer) -> None:
    told = asyncio.Event()

    async def never_done(_: bool) -> None:
        told.set()
        await asyncio.Event().wait()

    bus, heard = Bus(BusServer.at(redis_server.url)), Heard()
    task = asyncio.create_task(bus.listen(heard.announcement, heard.fixes, never_done))
    await asyncio.wait_for(told.wait(), SOON_S)
    task.cancel()
    _, endless = await asyncio.wait([task], timeout=SOON_S)
    assert not endless
    await bus.aclose()

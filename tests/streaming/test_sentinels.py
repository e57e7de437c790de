"""Redis with Sentinels: killed, frozen, and an old master that goes on answering to those whom the Sentinels cannot see."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BusUnavailable
from data.journal import Announcement
from geo.packed import FIX, Kind, pack
from streaming.bus import Bus, look
from streaming.bus_server import PORT, SENTINEL_PORT, BusServer, Place, place
from streaming.sentinels import COUNTS_S, Named, Sentinels, newest
from tests.redis_servers import MASTER, Watched, watched
from tests.servers import free_port

FRAME = pack(np.zeros(2, FIX), Kind.SOME, 1)
SOON_S = 45.0


@pytest.fixture
def group() -> Iterator[Watched]:
    made = watched()
    yield made
    made.close()


def known(group: Watched, *more: str) -> BusServer:
    return BusServer(Place(host=MASTER), tuple(place(each, SENTINEL_PORT, None) for each in (*more, *group.addresses)), MASTER)


@dataclass
class Heard:
    numbers: list[int] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    turns: list[bool] = field(default_factory=list)

    def announcement(self, number: int, _: str) -> None:
        self.numbers.append(number)

    async def turn(self, up: bool) -> None:
        self.turns.append(up)


@asynccontextmanager
async def listening(server: BusServer) -> AsyncIterator[tuple[Bus, Heard]]:
    bus, heard = Bus(server), Heard()
    task = asyncio.create_task(bus.listen(heard.announcement, heard.frames.append, heard.turn))
    try:
        yield bus, heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await bus.aclose()


async def said_and_heard(speaker: Bus, heard: Heard, number: int) -> None:
    """Until something that the one says is heard by the other; what was said meanwhile to nobody is the journal's business."""
    heard.numbers.clear()
    heard.frames.clear()
    async with asyncio.timeout(SOON_S):
        while not (heard.numbers and heard.frames):
            speaker.announce([Announcement(number, "call.ringing", ())])
            with suppress(BusUnavailable):
                await speaker.publish_fixes(FRAME)
            await asyncio.sleep(0.1)
    assert set(heard.numbers) == {number}


async def until_down(bus: Bus) -> None:
    async with asyncio.timeout(SOON_S):
        while bus.up:
            await asyncio.sleep(0.02)


async def test_15_a_killed_master_is_replaced_and_speaker_and_listener_meet_at_the_new_one(group: Watched) -> None:
    """Attack 15. The first Sentinel of the list is not there at all: the others know."""
    server = known(group, f"127.0.0.1:{free_port()}")
    speaker = Bus(server)
    async with listening(server) as (bus, heard):
        await said_and_heard(speaker, heard, 1)
        old = group.master()
        old.kill()
        await until_down(bus)
        await asyncio.to_thread(group.until_another, old)
        await said_and_heard(speaker, heard, 2)
        assert heard.turns[:3] == [True, False, True]
        assert len((await asyncio.to_thread(look, server)).silent) == 1
        old.start()  # comes back as a replica: nobody follows it there
        await asyncio.to_thread(group.until_whole)
        await said_and_heard(speaker, heard, 3)
    await speaker.aclose()


@pytest.mark.long
async def test_54_a_master_that_was_frozen_comes_back_as_a_replica_and_is_not_listened_to(group: Watched) -> None:
    """Attack 54."""
    server = known(group)
    speaker = Bus(server)
    async with listening(server) as (bus, heard):
        await said_and_heard(speaker, heard, 1)
        old = group.master()
        old.freeze()
        await until_down(bus)
        new = await asyncio.to_thread(group.until_another, old)
        await said_and_heard(speaker, heard, 2)
        old.thaw()
        await asyncio.to_thread(group.until_whole)
        await said_and_heard(speaker, heard, 3)
        with old.admin() as there, new.admin() as here:
            assert there.pubsub_numsub("events")[0][1] == 0
            assert here.pubsub_numsub("events")[0][1] == 1
    await speaker.aclose()


async def test_a_master_that_answers_us_and_not_the_sentinels_is_left_when_they_name_another() -> None:
    """It goes on taking pings and messages of ours; only asking the Sentinels tells that nobody else is there any more."""
    watcher = "user watcher on >Aiph6oht ~* &* +@all"
    ours = "user ecc on >Ieph3ohx resetchannels &events &fixes &cells &webs -@all +publish +subscribe +unsubscribe +ping"
    group = await asyncio.to_thread(watched, ("user default off", watcher, ours), own="watcher:Aiph6oht")
    try:
        server = replace(known(group), first=Place(host=MASTER, user="ecc", password="Ieph3ohx"))
        speaker = Bus(server)
        async with listening(server) as (bus, heard):
            await said_and_heard(speaker, heard, 1)
            old = group.master()
            with old.admin() as client:  # what Sentinels and replica come by is shut; we come by another door
                client.execute_command("ACL", "SETUSER", "watcher", "off")
                for kind in ("normal", "pubsub", "replica"):
                    client.client_kill_filter(_type=kind, skipme=True)
            new = await asyncio.to_thread(group.until_another, old)
            with old.admin() as there, new.admin() as here:
                async with asyncio.timeout(SOON_S):
                    while (there.pubsub_numsub("events")[0][1], here.pubsub_numsub("events")[0][1]) != (0, 1):
                        assert there.info("replication")["role"] == "master"  # nobody has ended our connection there
                        await asyncio.sleep(0.1)
            await said_and_heard(speaker, heard, 2)
            assert bus.up
        await speaker.aclose()
    finally:
        group.close()


def test_no_sentinel_and_no_such_master_are_two_sentences(group: Watched) -> None:
    nobody = BusServer(Place(host=MASTER), (place(f"127.0.0.1:{free_port()}", SENTINEL_PORT, None),), MASTER)
    with pytest.raises(BusUnavailable) as refused:
        look(nobody)
    assert refused.value.params["trouble"] == "refused"
    assert str(refused.value.params["server"]).startswith("Sentinel 127.0.0.1:")
    other = BusServer(Place(host="other"), known(group).sentinels, "other")
    with pytest.raises(BusUnavailable) as refused:
        look(other)
    assert (refused.value.params["trouble"], refused.value.params["master"]) == ("no_master", "other")
    no_sentinel = BusServer(Place(host=MASTER), (place(f"127.0.0.1:{group.nodes[0].port}", PORT, None),), MASTER)
    with pytest.raises(BusUnavailable) as refused:
        look(no_sentinel)
    assert refused.value.params["trouble"] == "odd"


answers = st.lists(
    st.tuples(st.builds(Named, st.integers(0, 9), st.sampled_from(["10.0.0.1", "10.0.0.2"]), st.just(6379)), st.floats(0, 100))
)


@given(said=answers, now=st.floats(0, 100))
def test_the_answer_of_the_latest_failover_counts_as_long_as_it_is_fresh(said: list[tuple[Named, float]], now: float) -> None:
    fresh = [named for named, at in said if now - at <= COUNTS_S]
    found = newest(said, now)
    assert (found is None) == (not fresh)
    assert found is None or (found in fresh and all(each.epoch <= found.epoch for each in fresh))


def test_one_server_alone_is_always_where_it_is() -> None:
    server = BusServer.at("redis://10.0.0.5:7000")
    where = Sentinels(server)
    where.begin()
    assert where.place() == server.first == Place("10.0.0.5", 7000)
    where.close()

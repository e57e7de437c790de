"""The one transcoder: only what is permitted, only cells, after the delay, nothing from before a blackout. Relay and sender are real."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from data.errors import BusUnavailable, DatabaseUnavailable
from data.queries.live_permits import OnAir
from streaming.cells import Cells, emptied, read
from streaming.transcoder import Gathered, Transcoder
from tests.streaming.clips import clip
from tests.streaming.test_stills import House

PERMIT, SCREENING = "01K0000000000000000000000P", "01K0000000000000000000000S"
ON = OnAir(PERMIT, SCREENING, 1, "s", True)


class Stand:
    """A relay to which an officer sends, and its transcoder. wanted: what the journal would say."""

    def __init__(self) -> None:
        self.house = House()
        self.wanted: OnAir | None = None
        self.unreadable = self.bus_away = False
        self.sent: list[tuple[float, Cells]] = []
        self.transcoder = Transcoder(self._ask, self._send)
        self.running = asyncio.create_task(self.transcoder.run(self.house.relay))

    async def _ask(self) -> OnAir | None:
        if self.unreadable:
            raise DatabaseUnavailable()
        return self.wanted

    async def _send(self, message: bytes) -> None:
        if self.bus_away:
            raise BusUnavailable("away")
        said = read(message)
        assert isinstance(said, Cells)
        self.sent.append((asyncio.get_running_loop().time(), said))

    def say(self, wanted: OnAir | None) -> None:
        self.wanted = wanted
        self.transcoder.announced(1, "live.permitted")

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not true():
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.house.close()


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    stand = Stand()
    yield stand
    await stand.close()


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_cells_come_after_the_delay_and_stop_with_the_permission(stand: Stand, codec: str) -> None:
    await stand.house.publish(codec)
    await asyncio.sleep(0.3)
    assert stand.transcoder.held == 0, "nothing is decoded without a permission"
    stand.say(ON)
    await stand.until(lambda: len(stand.sent) >= 5)
    assert {said.permit_id for _, said in stand.sent} == {PERMIT}
    taken = [said.taken_ms for _, said in stand.sent]
    assert taken == sorted(taken)
    stand.say(None)
    await stand.until(lambda: stand.transcoder.held == 0)
    count = len(stand.sent)
    await asyncio.sleep(1.5)
    assert len(stand.sent) == count
    assert stand.house.relay.stream("s").sinks == []  # type: ignore[union-attr]


async def test_until_it_is_shown_only_the_memory_fills_and_stays_small(stand: Stand) -> None:
    await stand.house.publish()
    stand.say(replace(ON, shown=False))
    await stand.until(lambda: stand.transcoder.held > 5)
    await asyncio.sleep(1.5)
    assert stand.sent == []
    assert stand.transcoder.held < 40
    stand.say(ON)
    await stand.until(lambda: len(stand.sent) > 0)


async def test_a_blackout_empties_the_memory_before_the_journal_says_it(stand: Stand) -> None:
    await stand.house.publish()
    stand.say(replace(ON, delay_s=10))
    await stand.until(lambda: stand.transcoder.held > 5)
    stand.transcoder.heard(emptied("01K0000000000000000000000X"))
    assert stand.transcoder.held > 5, "another screening's"
    stand.transcoder.heard(b"nonsense")
    stand.transcoder.heard(emptied(SCREENING))
    assert stand.transcoder.held == 0


async def test_what_cannot_be_read_is_off(stand: Stand) -> None:
    await stand.house.publish()
    stand.say(ON)
    await stand.until(lambda: len(stand.sent) > 0)
    stand.unreadable = True
    await stand.until(lambda: stand.transcoder.held == 0)
    stand.unreadable = False
    stand.say(ON)
    count = len(stand.sent)
    await stand.until(lambda: len(stand.sent) > count)


async def test_a_bus_that_is_away_costs_pictures_only(stand: Stand) -> None:
    await stand.house.publish()
    stand.bus_away = True
    stand.say(ON)
    await stand.until(lambda: stand.transcoder.held > 3)
    await asyncio.sleep(1.2)
    stand.bus_away = False
    await stand.until(lambda: len(stand.sent) > 0)


async def test_it_waits_for_an_officer_who_sends_nothing_yet(stand: Stand) -> None:
    stand.say(ON)
    await asyncio.sleep(0.2)
    await stand.house.publish()
    await stand.until(lambda: len(stand.sent) > 0)


def test_sound_is_not_even_taken_and_a_broken_picture_is_left() -> None:
    sink = Gathered("vp8")
    sent = list(clip("vp8", 1))
    for each in sent:
        if each.kind == "audio":
            sink.take(each.kind, each.seq, each.timestamp, each.marker, each.payload, 0.0)
    assert sink.cells() is None
    for each in sent:
        spoilt = each.payload[:16] + b"\xff" * (len(each.payload) - 16)
        sink.take(each.kind, each.seq, each.timestamp, each.marker, spoilt, 0.0)
    sink.cells()  # whatever it makes of it, it does not fail
    assert sink.lacks_key or sink.cells() is None
    whole = Gathered("vp8")
    for each in sent:
        whole.take(each.kind, each.seq, each.timestamp, each.marker, each.payload, 0.0)
    assert whole.cells() is not None


def test_a_thread_that_does_not_come_costs_pictures_not_memory() -> None:
    sink = Gathered("vp8")
    sent = [each for each in clip("vp8", 1) if each.kind == "video"]
    for again in range(1 + 9_000 // len(sent)):
        for each in sent:
            sink.take("video", each.seq + again * len(sent), each.timestamp, each.marker, each.payload, 0.0)
    assert len(sink._waiting) <= 4_000
    sink.cells()

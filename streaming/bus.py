"""Redis publish and subscribe: four channels. Only this file, `bus_server` (where it is, how it is spoken to) and `sentinels` know Redis.

`events` says «number n exists», as JSON {"n": number, "k": kind, "t": [[kind, id], …]}; `fixes` carries packed frames (`geo.packed`);
`cells` what an audience may see of a live picture (`streaming.cells`), and only while it is shown; `webs` what several web processes of one
home say to each other (`streaming.others`), silent where there is one.
Nothing is kept there. Foreign errors become BusUnavailable; a message that is not of these forms is counted and dropped.
A user of the bus needs the right to publish and subscribe on these channels and to ping, and no other.
"""

import asyncio
import contextlib
import hashlib
import logging
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson
import redis
import redis.asyncio
from redis.exceptions import RedisError

from data.errors import BusUnavailable
from data.journal import Announcement
from streaming.bus_server import BusServer, Place, probed, trouble, unavailable
from streaming.pace import to_next
from streaming.sentinels import Sentinels

EVENTS = "events"
FIXES = "fixes"
CELLS = "cells"
WEBS = "webs"
CHANNELS = EVENTS, FIXES, CELLS, WEBS
WIRE_S = 1.0  # nobody waits longer for Redis
ANSWER_S = 1.25  # a ping unanswered for so long: the server is gone or frozen
WAITING = 10_000  # announcements; when full the oldest goes, for the journal has it and readers ask the journal
FRESH_S = 0.5  # an announcement older than this is not said any more: readers have found it in the journal
NOTHING_NEW = orjson.dumps({"n": 0, "k": "", "t": []})  # what a look says: no entry has the number 0
SAID_EACH_S = 1.0  # foreign messages are all counted, and told of in the log no more often
LARGEST = 4 * 1024 * 1024  # bytes; 100,000 records of a frame are 2.4 MB

log = logging.getLogger(__name__)

OnAnnouncement = Callable[[int, str], None]
OnFixes = Callable[[bytes], None]
OnCells = Callable[[bytes], None]
OnWebs = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Looked:
    """A bus that works. ms: from saying something until it was heard; silent: Sentinels that did not answer."""

    ms: float
    silent: tuple[str, ...]


def look(server: BusServer) -> Looked:
    """Say that nothing is new and hear it, over connections of its own: who may do that may do all that the bus is for.

    Raises BusUnavailable after seconds at most, with what is wrong.
    """
    sentinels = Sentinels(server)
    try:
        if server.sentinels:
            sentinels.round()
        at = sentinels.place()
        try:
            return Looked(_heard_after_ms(at), sentinels.silent)
        except (RedisError, OSError) as error:
            raise probed(unavailable(error, at, server.master), at) from error
    finally:
        sentinels.close()


def _heard_after_ms(at: Place) -> float:
    client = at.client(WIRE_S / 2, again=0)
    channel = client.pubsub()  # type: ignore[no-untyped-call]
    try:
        channel.subscribe(*CHANNELS)
        for _ in CHANNELS:
            if channel.get_message(timeout=WIRE_S / 2) is None:
                raise TimeoutError
        client.ping()
        began = time.perf_counter()
        client.publish(EVENTS, NOTHING_NEW)
        until = began + WIRE_S / 2
        while (left := until - time.perf_counter()) > 0:
            message = channel.get_message(timeout=left)
            if message is not None and message["type"] == "message":
                return round((time.perf_counter() - began) * 1000, 2)
        raise TimeoutError
    finally:
        channel.close()
        client.close()


class Bus:
    """One process's connection to the bus. `announce` may be called from any thread; the rest belongs to one event loop."""

    def __init__(self, server: BusServer) -> None:
        self._where = Sentinels(server)
        self._waiting: queue.Queue[tuple[float, Announcement] | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._published_at: Place | None = None
        self._publisher: redis.asyncio.Redis | None = None
        self._why = ""
        self.up = False
        self.since_ms = int(time.time() * 1000)
        self.dropped = 0
        self.foreign = 0
        self.foreign_ms = 0  # when the last one came
        self._foreign_told = float("-inf")

    def _place(self) -> Place:
        """Never waits. Raises BusUnavailable."""
        self._where.begin()
        return self._where.place()

    # --- saying ---

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """Say that these numbers exist. Never waits: a thread of its own does the talking."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._talk, name="announcer", daemon=True)
            self._thread.start()
        for announcement in announcements:
            said = time.monotonic(), announcement
            try:
                self._waiting.put_nowait(said)
            except queue.Full:
                self.dropped += 1
                with contextlib.suppress(queue.Empty):
                    self._waiting.get_nowait()
                with contextlib.suppress(queue.Full):
                    self._waiting.put_nowait(said)

    def _talk(self) -> None:
        at: Place | None = None
        client: redis.Redis | None = None
        while (waiting := self._waiting.get()) is not None:
            since, said = waiting
            if time.monotonic() - since > FRESH_S:
                self.dropped += 1
                continue
            try:
                if client is None or self._place() != at:
                    at, client = self._place(), _instead(client, self._place())
                client.publish(EVENTS, orjson.dumps({"n": said.seq, "k": said.kind, "t": said.touched}))
            except (BusUnavailable, RedisError, OSError):
                self.dropped += 1  # readers find it in the journal
        if client is not None:
            client.close()

    async def publish_fixes(self, frame: bytes) -> None:
        """One packed frame to all who listen. Raises BusUnavailable after one second at most."""
        await self._publish(FIXES, frame)

    async def publish_cells(self, message: bytes) -> None:
        """To all who listen. Raises BusUnavailable after one second at most."""
        await self._publish(CELLS, message)

    async def publish_webs(self, message: bytes) -> None:
        """To the other web processes. Raises BusUnavailable after one second at most."""
        await self._publish(WEBS, message)

    async def _publish(self, channel: str, message: bytes) -> None:
        at = self._place()
        try:
            async with asyncio.timeout(WIRE_S):
                if self._publisher is None or at != self._published_at:
                    before, self._publisher, self._published_at = self._publisher, at.waiting_client(WIRE_S, 1, WIRE_S), at
                    if before is not None:
                        await before.aclose()
                await self._publisher.publish(channel, message)
        except (RedisError, OSError, TimeoutError) as error:
            raise unavailable(error, at) from error

    # --- hearing ---

    async def listen(
        self,
        on_announcement: OnAnnouncement,
        on_fixes: OnFixes | None,
        on_change: Callable[[bool], Awaitable[None]] | None = None,
        on_cells: OnCells | None = None,
        on_webs: OnWebs | None = None,
    ) -> None:
        """Hear the channels for ever, coming back by itself; of those without a listener nothing is heard, always the announcements.

        A frozen server is noticed by an unanswered ping within two seconds.
        """
        task = asyncio.current_task()
        heard: dict[str, Callable[[bytes], None]] = {EVENTS: _announced(on_announcement)}
        heard |= {name: on for name, on in ((FIXES, on_fixes), (CELLS, on_cells), (WEBS, on_webs)) if on is not None}
        while task is None or not task.cancelling():  # redis-py may swallow a cancellation; it is still counted
            try:
                await self._hear(heard, on_change)
            except BusUnavailable as error:
                self._say_why(str(error.params.get("trouble", error.code)))
            except (RedisError, OSError, TimeoutError) as error:
                self._say_why(trouble(error).value)
            await self._turn(False, on_change)
            await asyncio.sleep(0.25)

    def _say_why(self, why: str) -> None:
        """Once, not four times a second."""
        if why and why != self._why:
            log.warning("bus: %s", why)
        self._why = why

    async def _hear(self, listeners: Mapping[str, Callable[[bytes], None]], on_change: Callable[[bool], Awaitable[None]] | None) -> None:
        at = self._place()
        client = at.waiting_client(WIRE_S, again=0, reads_within_s=None)
        channel = client.pubsub()
        try:
            async with asyncio.timeout(WIRE_S):
                await channel.subscribe(*listeners)
            heard = pinged = float("-inf")
            task = asyncio.current_task()
            while task is None or not task.cancelling():
                now = time.monotonic()
                if self._place() != at:
                    raise ConnectionResetError("another one is the master")
                if heard >= pinged and now - pinged >= WIRE_S / 2:
                    pinged = now
                    async with asyncio.timeout(WIRE_S):
                        await channel.ping()
                elif heard < pinged and now - pinged > ANSWER_S:
                    raise TimeoutError
                wait_s = to_next(WIRE_S) if heard >= pinged else pinged + ANSWER_S - now
                message = await channel.get_message(timeout=max(wait_s, 0.01))
                if message is None:
                    continue
                heard = time.monotonic()
                if not self.up:
                    await self._turn(True, on_change)
                if message["type"] == "message":
                    self._pass_on(message["channel"].decode(errors="replace"), message["data"], listeners)
        finally:
            with contextlib.suppress(RedisError, OSError, TimeoutError, asyncio.CancelledError):
                async with asyncio.timeout(WIRE_S):
                    await channel.aclose()  # type: ignore[no-untyped-call]
                    await client.aclose()

    def _pass_on(self, channel: str, data: bytes, listeners: Mapping[str, Callable[[bytes], None]]) -> None:
        try:
            if len(data) > LARGEST:
                raise ValueError("too large")
            listeners[channel](data)
        except (ValueError, KeyError, TypeError):
            self._put_aside(channel, data)

    def _put_aside(self, channel: str, data: bytes) -> None:
        """Counted and dropped; the log knows it again by its digest, for what is in it is nobody's business."""
        self.foreign += 1
        self.foreign_ms = int(time.time() * 1000)
        if time.monotonic() - self._foreign_told > SAID_EACH_S:
            self._foreign_told = time.monotonic()
            digest = hashlib.sha256(data).hexdigest()[:16]
            log.warning("bus: a message on %s that is not ours was dropped: %d bytes, %s", channel, len(data), digest)

    async def _turn(self, up: bool, on_change: Callable[[bool], Awaitable[None]] | None) -> None:
        if up:
            self._why = ""
        if up != self.up:
            self.up, self.since_ms = up, int(time.time() * 1000)
            if on_change is not None:
                await on_change(up)

    async def aclose(self) -> None:
        self._waiting.put(None)
        self._where.close()
        if self._publisher is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._publisher.aclose()


def _announced(on_announcement: OnAnnouncement) -> Callable[[bytes], None]:
    def announced(data: bytes) -> None:
        """Raises ValueError, KeyError, TypeError: not an announcement."""
        said = orjson.loads(data)
        number, kind = said["n"], said["k"]
        if type(number) is not int or not isinstance(kind, str):
            raise TypeError("not an announcement")
        if number:
            on_announcement(number, kind)

    return announced


def _instead(client: redis.Redis | None, at: Place) -> redis.Redis:
    """A client for another place; one try more, at once: a connection from before a restart fails first."""
    if client is not None:
        client.close()
    return at.client(WIRE_S / 2, again=1)

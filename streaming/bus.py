"""Redis publish and subscribe: four channels, and the only file that knows Redis.

`events` says «number n exists», as JSON {"n": number, "k": kind, "t": [[kind, id], …]}; `fixes` carries packed frames (`geo.packed`);
`cells` what an audience may see of a live picture (`streaming.cells`), and only while it is shown; `webs` what several web processes of one
home say to each other (`streaming.others`), silent where there is one.
Nothing is kept there. Foreign errors become BusUnavailable; a message that is not of these forms is counted and dropped.
"""

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import orjson
import redis
import redis.asyncio
from redis.asyncio.retry import Retry as WaitingRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from data.errors import BusUnavailable
from data.journal import Announcement
from streaming.pace import to_next

EVENTS = "events"
FIXES = "fixes"
CELLS = "cells"
WEBS = "webs"
WIRE_S = 1.0  # nobody waits longer for Redis
ANSWER_S = 1.25  # a ping unanswered for so long: the server is gone or frozen
WAITING = 10_000  # announcements; when full the oldest goes, for the journal has it and readers ask the journal
FRESH_S = 0.5  # an announcement older than this is not said any more: readers have found it in the journal
LARGEST = 4 * 1024 * 1024  # bytes; 100,000 records of a frame are 2.4 MB

log = logging.getLogger(__name__)

OnAnnouncement = Callable[[int, str], None]
OnFixes = Callable[[bytes], None]
OnCells = Callable[[bytes], None]
OnWebs = Callable[[bytes], None]


def ping(url: str) -> float:
    """How long the bus takes to answer, in ms, over a connection of its own. Raises BusUnavailable after a second at most."""
    half = WIRE_S / 2
    client = redis.Redis.from_url(url, socket_timeout=half, socket_connect_timeout=half, retry=Retry(NoBackoff(), 0))
    try:
        client.ping()
        began = time.perf_counter()
        client.ping()
        return round((time.perf_counter() - began) * 1000, 2)
    except (RedisError, OSError) as error:
        raise BusUnavailable(type(error).__name__) from error
    finally:
        client.close()


class Bus:
    """One process's connection to the bus. `announce` may be called from any thread; the rest belongs to one event loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: queue.Queue[tuple[float, Announcement] | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        # one try more, at once: a connection from before a restart fails first. The library's own would wait for seconds
        once_more = WaitingRetry(NoBackoff(), 1)
        self._publisher = redis.asyncio.Redis.from_url(url, socket_timeout=WIRE_S, socket_connect_timeout=WIRE_S, retry=once_more)
        self.up = False
        self.since_ms = int(time.time() * 1000)
        self.dropped = 0
        self.foreign = 0

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
        half, once_more = WIRE_S / 2, Retry(NoBackoff(), 1)
        client = redis.Redis.from_url(self._url, socket_timeout=half, socket_connect_timeout=half, retry=once_more)
        while (waiting := self._waiting.get()) is not None:
            since, said = waiting
            if time.monotonic() - since > FRESH_S:
                self.dropped += 1
                continue
            try:
                client.publish(EVENTS, orjson.dumps({"n": said.seq, "k": said.kind, "t": said.touched}))
            except (RedisError, OSError):
                self.dropped += 1  # readers find it in the journal
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
        try:
            async with asyncio.timeout(WIRE_S):
                await self._publisher.publish(channel, message)
        except (RedisError, OSError, TimeoutError) as error:
            raise BusUnavailable(type(error).__name__) from error

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
            except (RedisError, OSError, TimeoutError) as error:
                log.info("bus: %s", type(error).__name__)
            await self._turn(False, on_change)
            await asyncio.sleep(0.25)

    async def _hear(self, listeners: Mapping[str, Callable[[bytes], None]], on_change: Callable[[bool], Awaitable[None]] | None) -> None:
        # protocol 2: the library's parser of 3 writes each message as text for a log nobody keeps, 2.2 ms for a frame of 10,000
        client = redis.asyncio.Redis.from_url(self._url, socket_timeout=None, socket_connect_timeout=WIRE_S, protocol=2)
        channel = client.pubsub()
        try:
            async with asyncio.timeout(WIRE_S):
                await channel.subscribe(*listeners)
            heard = pinged = float("-inf")
            task = asyncio.current_task()
            while task is None or not task.cancelling():
                now = time.monotonic()
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
            self.foreign += 1
            log.warning("bus: a message on %s that is not ours was dropped", channel)

    async def _turn(self, up: bool, on_change: Callable[[bool], Awaitable[None]] | None) -> None:
        if up != self.up:
            self.up, self.since_ms = up, int(time.time() * 1000)
            if on_change is not None:
                await on_change(up)

    async def aclose(self) -> None:
        self._waiting.put(None)
        with contextlib.suppress(RedisError, OSError):
            await self._publisher.aclose()


def _announced(on_announcement: OnAnnouncement) -> Callable[[bytes], None]:
    def announced(data: bytes) -> None:
        """Raises ValueError, KeyError, TypeError: not an announcement."""
        said = orjson.loads(data)
        number, kind = said["n"], said["k"]
        if not isinstance(number, int) or not isinstance(kind, str):
            raise TypeError("not an announcement")
        on_announcement(number, kind)

    return announced

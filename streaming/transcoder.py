"""The one transcoder that the stage has: a mission's picture in, a few cells every tenth of a second out, after the delay. No sound.

It works only while two people permit it, the screening runs and is not black, and the officer's picture is open (`queries.live_permits`);
it asks the journal's database again whenever one of them may have changed, and once a second. What cannot be read is off. The clear
picture is decoded in a thread and gone before the next one; what is held are cells.

When full: packets that the thread has not taken for some seconds are left and the picture begins anew with a key frame; the held cells are
bounded by the delay; one message is on its way to the bus at a time, and one that it does not take is left.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from data.errors import CommandCentreError
from data.queries.live_permits import OnAir
from streaming.cells import EACH_S, Cells, Delay, packed, read
from streaming.frames import WINDOW_S, Frame, Part, Pictures, Reorder
from streaming.pace import pause
from streaming.streams import Streams

LOOKS_S = 1.0  # so often it is asked whether all of it still holds
IDLE_S = 5.0  # and whether there is anything to do, when nobody has said so
WAITING_MOST = 4_000
WISH_S = 1.0
_PIXELS_MOST = 4096 * 2176
CHANGES = ("live.", "screening.", "call.live")  # what ends it says so itself, with the permit

log = logging.getLogger(__name__)


class Gathered:
    """A sink: packets of the picture wait here for the thread; sound is not taken at all.

    `take` belongs to the relay's loop, `cells` to the thread.
    """

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self._waiting: deque[Part] = deque()
        self._overflowed = False
        self._reorder, self._pictures = Reorder(WINDOW_S["video"]), Pictures(codec)
        self._decoder: Any = None

    @property
    def lacks_key(self) -> bool:
        return self._pictures.lacks_key

    def take(self, kind: str, seq: int, timestamp: int, marker: bool, payload: bytes, now_s: float) -> None:
        if kind != "video":
            return
        if len(self._waiting) >= WAITING_MOST:
            self._waiting.clear()
            self._overflowed = True
        self._waiting.append(Part(seq, timestamp, marker, payload, now_s))

    def report(self, kind: str, ntp: int, timestamp: int, now_s: float) -> None:
        """The sender's clock: the delay is counted by ours."""

    def cells(self) -> bytes | None:
        """The newest whole picture of those that came, as cells; None when none did."""
        newest: Any = None
        for frame in self._frames():
            newest = self._decoded(frame) or newest
        if newest is None:
            return None
        from streaming.mosaic import cells_of  # its numbers library is loaded with the first picture

        return cells_of(newest)

    def _frames(self) -> list[Frame]:
        found: list[Frame | None] = []
        while self._waiting:
            part = self._waiting.popleft()
            if self._overflowed:
                part, self._overflowed = part._replace(after_hole=True), False
            found += [self._pictures.put(each) for each in self._reorder.put(part)]
        found += [self._pictures.put(each) for each in self._reorder.due(time.monotonic())]
        return [frame for frame in found if frame is not None]

    def _decoded(self, frame: Frame) -> Any:
        import av
        import av.error

        if self._decoder is None:
            if not frame.key:
                return None
            self._decoder = av.CodecContext.create(self.codec, "r")
            self._decoder.thread_count, self._decoder.options = 1, {"max_pixels": str(_PIXELS_MOST)}
        try:
            prefix = frame.shape if isinstance(frame.shape, bytes) else b""
            pictures = self._decoder.decode(av.Packet(prefix + frame.data))
            return pictures[-1] if pictures else None
        except (av.error.FFmpegError, ValueError) as error:
            log.info("a picture was not decoded: %s", type(error).__name__)
            self._decoder, self._pictures.lacks_key = None, True
            return None


class Transcoder:
    """Belongs to the relay's event loop: give `announced` and `heard` to the bus, and run `run`.

    ask: what is to be done now, off the loop; send: one message to the bus.
    """

    def __init__(self, ask: Callable[[], Awaitable[OnAir | None]], send: Callable[[bytes], Awaitable[None]]) -> None:
        self._ask, self._send = ask, send
        self._changed, self._busy = asyncio.Event(), asyncio.Event()
        self._on: OnAir | None = None
        self._sink: Gathered | None = None
        self._delay = Delay(0)
        self._thread: ThreadPoolExecutor | None = None
        self._wished_s = float("-inf")

    @property
    def held(self) -> int:
        """Pictures in the memory of the delay."""
        return len(self._delay)

    def announced(self, _: int, kind: str) -> None:
        """From the bus. Returns at once."""
        if kind.startswith(CHANGES):
            self._changed.set()

    def heard(self, data: bytes) -> None:
        """From the bus: a blackout, before it stands in the journal. Returns at once."""
        said = read(data)
        if self._on is not None and isinstance(said, str) and said == self._on.screening_id:
            self._delay.clear()
            self._changed.set()

    async def run(self, relay: Streams) -> None:
        """For ever."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow(relay))
                tasks.create_task(self._work(relay))
        finally:
            self._stop(relay)
            if self._thread is not None:
                self._thread.shutdown(wait=False, cancel_futures=True)

    async def _follow(self, relay: Streams) -> None:
        while True:
            self._changed.clear()
            try:
                wanted = await self._ask()
            except CommandCentreError as error:
                log.warning("the live picture is off: %s", error.code)
                wanted = None
            except Exception:
                log.exception("the live picture is off")
                wanted = None
            self._take(relay, wanted)
            try:
                async with asyncio.timeout(IDLE_S if wanted is None else LOOKS_S):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def _take(self, relay: Streams, wanted: OnAir | None) -> None:
        """From now on this, or nothing."""
        stream = relay.stream(wanted.stream) if wanted is not None else None
        video = stream.tracks.get("video") if stream is not None else None
        if wanted is None or video is None:
            self._stop(relay)
            return
        now = self._on
        same = now is not None and (now.permit_id, now.stream, now.delay_s) == (wanted.permit_id, wanted.stream, wanted.delay_s)
        if not same or self._sink is None or self._sink.codec != video.codec:
            self._stop(relay)
            self._sink, self._delay = Gathered(video.codec), Delay(wanted.delay_s)
            relay.attach(wanted.stream, self._sink)
        self._on = wanted
        self._busy.set()

    def _stop(self, relay: Streams) -> None:
        if self._on is not None and self._sink is not None:
            relay.detach(self._on.stream, self._sink)
        self._on = self._sink = None
        self._delay.clear()
        self._busy.clear()

    async def _work(self, relay: Streams) -> None:
        while True:
            await self._busy.wait()
            await pause(EACH_S)
            try:
                await self._step(relay)
            except CommandCentreError as error:
                log.info("a live picture was not sent: %s", error.code)
            except Exception:
                log.exception("a live picture was not made")

    async def _step(self, relay: Streams) -> None:
        sink, on = self._sink, self._on
        if sink is None or on is None:
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "transcoder")
        cells = await asyncio.get_running_loop().run_in_executor(self._thread, sink.cells)
        now_s = time.monotonic()
        if self._sink is not sink or self._on is None:  # it was stopped meanwhile
            return
        if cells is not None:
            self._delay.put(Cells(on.permit_id, round(time.time() * 1000), cells), now_s)
        if sink.lacks_key and now_s - self._wished_s >= WISH_S:
            self._wished_s = now_s
            relay.wish_key_frame(on.stream)
        due = self._delay.due(now_s)
        if due is not None and self._on.shown:
            await self._send(packed(due))

"""A still of a stream: its newest key frame as a small JPEG, made only while somebody asks for it. Nothing else is decoded, ever.

Who asked within the last fifteen seconds counts as watching. While somebody does, the publisher is asked for a key frame when none came
for four seconds, by the same throttled wish as for a newcomer; a thread decodes it. One picture a stream, no queue: a key frame that comes
while one is being decoded is left. One that cannot be decoded changes nothing: the last good picture stays, and its age says how old it is.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from data.errors import TooMany
from streaming import rtp
from streaming.frames import FRAME_MOST, Frame, Part, Pictures
from streaming.media_events import NoStill, RelayFull
from streaming.streams import Streams

ASKED_S = 15.0  # so long a picture is renewed after the last who asked
KEY_EACH_S = 4.0  # without a key frame for so long, one is asked for: no picture of a good line is older than five seconds
MAKE_S = 1.0  # a publisher of nothing but key frames has one of them decoded as often
WISH_S = 1.0
FIRST_S = 2.0  # so long a question waits for the first picture of all
WAITING_MOST = 200  # questions that wait at once; one more is told at once
OFTEN_S = 0.2  # of one person, for one stream
ASKERS_MOST = 300  # of one stream, as its viewers
BOX = (640, 360)  # a quarter of the stage on a wall of twice the pixels
PARTS_MOST = 4_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """A small JPEG. taken_s: by time.monotonic(), when its key frame came."""

    jpeg: bytes
    taken_s: float
    etag: str


class KeyFrames:
    """Takes what is forwarded and gathers key frames only: every other packet costs one comparison. Pure."""

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self._pictures = Pictures(codec)
        self._timestamp: int | None = None
        self._parts: dict[int, Part] = {}
        self._size = 0
        self._first = self._last = -1

    def take(self, seq: int, timestamp: int, marker: bool, payload: bytes, now_s: float) -> Frame | None:
        """A packet of the picture; returns the key frame that it makes whole. seq: whole."""
        begins = rtp.begins_key_frame(self.codec, payload)
        if timestamp != self._timestamp:
            if not begins:
                return None
            self._timestamp, self._parts, self._size, self._first, self._last = timestamp, {}, 0, seq, -1
        self._first = min(self._first, seq) if begins else self._first
        self._last = seq if marker else self._last
        if seq not in self._parts:
            self._parts[seq] = Part(seq, timestamp, marker, payload, now_s)
            self._size += len(payload)
        if self._size > FRAME_MOST or len(self._parts) > PARTS_MOST:
            self._timestamp = None
        elif self._last >= self._first and all(each in self._parts for each in range(self._first, self._last + 1)):
            return self._whole()
        return None

    def _whole(self) -> Frame | None:
        self._timestamp, parts = None, self._parts
        self._parts = {}
        frame = None
        for seq in range(self._first, self._last + 1):
            frame = self._pictures.put(parts[seq])
        return frame if frame is not None and frame.key and frame.shape is not None else None


class Still:
    """The picture of one stream, and who asks for it. Belongs to the relay's loop."""

    def __init__(self, codec: str, decode: Callable[["Still", Frame], None]) -> None:
        self.askers: dict[str, float] = {}
        self.picture: Picture | None = None
        self.first = asyncio.Event()
        self.busy = False
        self.key_s = self.wished_s = float("-inf")
        self.frames = KeyFrames(codec)
        self._decode = decode

    def take(self, kind: str, seq: int, timestamp: int, marker: bool, payload: bytes, now_s: float) -> None:
        if kind != "video":
            return
        frame = self.frames.take(seq, timestamp, marker, payload, now_s)
        if frame is None or self.busy or now_s - self.key_s < MAKE_S:
            return
        self.key_s, self.busy = now_s, True
        self._decode(self, frame)

    def report(self, kind: str, ntp: int, timestamp: int, now_s: float) -> None:
        """The sender's clock: an age is counted by ours."""


class Stills:
    """The stills of one relay. `made`: key frames decoded so far."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._stills: dict[str, Still] = {}
        self._thread: ThreadPoolExecutor | None = None
        self._waiting = 0
        self.made = 0

    def __len__(self) -> int:
        return len(self._stills)

    async def ask(self, name: str, person: str) -> Picture:
        """The newest picture; from now on there will be newer ones. The first one is waited for. Raises NoStill, TooMany, RelayFull."""
        now_s, still = time.monotonic(), self._of(name)
        if now_s - still.askers.get(person, float("-inf")) < OFTEN_S:
            raise TooMany(name, retry_after_s=1, code="media.too_often")
        if person not in still.askers and len(still.askers) >= ASKERS_MOST:
            raise RelayFull("askers")
        still.askers[person] = now_s
        if still.picture is None and self._waiting < WAITING_MOST:
            await self._first(still)
        if still.picture is None or self._stills.get(name) is not still:
            raise NoStill(name)
        return still.picture

    async def _first(self, still: Still) -> None:
        self._waiting += 1
        try:
            async with asyncio.timeout(FIRST_S):
                await still.first.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1

    def _of(self, name: str) -> Still:
        stream = self._streams.stream(name)
        video = stream.tracks.get("video") if stream is not None else None
        if video is None:
            raise NoStill(name)
        still = self._stills.get(name)
        if still is None:
            still = self._stills[name] = Still(video.codec, self._begin)
            self._streams.attach(name, still)
            still.wished_s = time.monotonic()
        elif still.frames.codec != video.codec:  # another publisher goes on with another codec
            still.frames = KeyFrames(video.codec)
        return still

    def asks(self, call: str, person: str) -> bool:
        """Whether he looks at a still of this call."""
        return any(person in still.askers for name, still in self._stills.items() if name.partition(".")[0] == call)

    def look(self, now_s: float) -> list[tuple[str, str]]:
        """Key frames that are owed, streams that are over, and who asks no more: returns those, by stream and person."""
        gone = []
        for name, still in list(self._stills.items()):
            stream = self._streams.stream(name)
            for person in [each for each, at_s in still.askers.items() if stream is None or now_s - at_s > ASKED_S]:
                del still.askers[person]
                gone.append((name, person))
            if not still.askers:
                self._end(name)
            elif stream is not None and not stream.silent and now_s - max(still.key_s + KEY_EACH_S, still.wished_s + WISH_S) >= 0:
                still.wished_s = now_s
                self._streams.wish_key_frame(name)
        return gone

    def forget(self, name: str, person: str = "") -> None:
        """What was withdrawn: this person's asking, or, for nobody, the pictures too. name: of a stream, or what stands before a dot."""
        for each in [each for each in self._stills if each == name or each.startswith(f"{name}.")]:
            if person:
                self._stills[each].askers.pop(person, None)
            else:
                self._end(each)

    def _end(self, name: str) -> None:
        self._streams.detach(name, self._stills.pop(name))

    def close(self) -> None:
        for name in list(self._stills):
            self._end(name)
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    # --- pictures ---

    def _begin(self, still: Still, frame: Frame) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "stills")
        loop = asyncio.get_running_loop()
        loop.run_in_executor(self._thread, decoded, still.frames.codec, frame).add_done_callback(
            lambda done: self._end_of(still, frame, None if done.cancelled() else done.result())
        )

    def _end_of(self, still: Still, frame: Frame, jpeg: bytes | None) -> None:
        still.busy = False
        self.made += 1
        if jpeg is not None:
            still.picture = Picture(jpeg, frame.arrived_s, f'"{secrets.token_hex(8)}"')
            still.first.set()


def decoded(codec: str, frame: Frame) -> bytes | None:
    """In the thread. What decodes is loaded with the first picture."""
    from streaming.segments import thumbnail

    try:
        return thumbnail(codec, frame, BOX)
    except Exception:  # whatever a sender has put into it, his picture is all that it costs
        log.exception("a still was not made")
        return None

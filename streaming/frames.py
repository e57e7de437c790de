"""From a publisher's packets to whole frames with times: put in order, put together, aligned. Pure: bytes and seconds, nothing decoded.

A packet that is late is waited for a moment; what stays missing is a hole, and after a hole a picture begins with its next key frame.
Sources: RFC 3550 (sender reports), 7741 (VP8), 6184 (H.264), 7587 (Opus).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

WINDOW_S = {"video": 1.0, "audio": 0.5}  # how long a missing packet is waited for: on a bad line it is asked for several times
CLOCK_RATE = {"video": 90_000, "audio": 48_000}
WAITING_MOST = 2_000  # packets behind one hole: more than a second of the best picture
STRAY = 3_000  # a jump of the number further than this is a new beginning, not a loss
FRAME_MOST = 4_000_000  # bytes; no picture of a phone is larger, and a stream that never ends one must not grow
START_CODE = b"\0\0\0\1"


class Part(NamedTuple):
    """One packet of one track. seq: counted on past 16 bits; timestamp: 32 bits; after_hole: something before it never came."""

    seq: int
    timestamp: int
    marker: bool
    payload: bytes
    arrived_s: float
    after_hole: bool = False


class Frame(NamedTuple):
    """One whole frame. shape: of a key frame, what a file must know of it (`Vp8Shape` or SPS and PPS); None for others and for sound."""

    data: bytes
    timestamp: int
    arrived_s: float
    key: bool
    shape: "Vp8Shape | bytes | None"


class Vp8Shape(NamedTuple):
    """Pixels."""

    width: int
    height: int


class Reorder:
    """Puts packets in order; waits `window_s` for what is missing, then goes on without it."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._next = -1
        self._waiting: dict[int, Part] = {}
        self.lost = 0

    def put(self, part: Part) -> Iterator[Part]:
        """Takes one packet; yields those whose turn it is."""
        if self._next < 0 or abs(part.seq - self._next) > STRAY:
            self._waiting.clear()
            yield part._replace(after_hole=self._next >= 0)
            self._next = part.seq + 1
            return
        if part.seq < self._next:
            return
        if part.seq == self._next and not self._waiting:  # nearly always
            self._next += 1
            yield part
            return
        self._waiting[part.seq] = part
        yield from self._in_order(False)
        yield from self.due(part.arrived_s)

    def due(self, now_s: float) -> Iterator[Part]:
        """Those that have waited long enough for one that is missing."""
        while self._waiting:
            first = min(self._waiting)
            if now_s - self._waiting[first].arrived_s < self._window_s and len(self._waiting) <= WAITING_MOST:
                return
            self.lost += first - self._next
            self._next = first
            yield from self._in_order(True)

    def _in_order(self, after_hole: bool) -> Iterator[Part]:
        while (part := self._waiting.pop(self._next, None)) is not None:
            self._next += 1
            yield part._replace(after_hole=True) if after_hole else part
            after_hole = False


class Sounds:
    """Opus: each packet is a frame."""

    def put(self, part: Part) -> Frame | None:
        return Frame(part.payload, part.timestamp, part.arrived_s, True, None) if part.payload else None


class Pictures:
    """Whole pictures of one codec, `vp8` or `h264`. `lacks_key`: holes took what the next pictures stand on; a key frame is needed."""

    def __init__(self, codec: str) -> None:
        self._vp8 = codec == "vp8"
        self._parts: list[bytes] = []
        self._size = 0
        self._timestamp = -1
        self._whole = False
        self.lacks_key = True
        self._sets: dict[int, bytes] = {}  # H.264: the newest SPS and PPS by kind, which may come alone

    def put(self, part: Part) -> Frame | None:
        """The picture that this packet ends, if it ends one that can be kept."""
        if part.after_hole:
            self._whole, self.lacks_key = False, True
        if part.timestamp != self._timestamp:
            if self._parts and self._whole:
                self.lacks_key = True  # its end never came, though no number is missing: no picture of an honest sender
            self._begin(part)
        data = _vp8_piece(part.payload) if self._vp8 else _h264_piece(part.payload)
        if data is None or self._size > FRAME_MOST:
            self._whole, self.lacks_key = False, True
        else:
            self._parts.append(data)
            self._size += len(data)
        if not part.marker:
            return None
        frame = self._end(part) if self._whole and self._parts else None
        self._parts, self._whole, self._timestamp = [], False, -1
        return frame

    def _begin(self, part: Part) -> None:
        self._parts, self._size, self._timestamp = [], 0, part.timestamp
        self._whole = _vp8_starts(part.payload) if self._vp8 else not _h264_inside(part.payload)

    def _end(self, part: Part) -> Frame | None:
        data = b"".join(self._parts)
        key, shape = self._vp8_shape(data) if self._vp8 else self._h264_shape(data)
        if key and shape is not None:
            self.lacks_key = False
        if self.lacks_key or not data:
            return None
        return Frame(data, part.timestamp, part.arrived_s, key, shape)

    def _vp8_shape(self, data: bytes) -> tuple[bool, Vp8Shape | None]:
        """RFC 6386 section 9.1."""
        if len(data) < 10 or data[0] & 1 or data[3:6] != b"\x9d\x01\x2a":
            return False, None
        width, height = struct.unpack_from("<HH", data, 6)
        return True, Vp8Shape(width & 0x3FFF, height & 0x3FFF) if width & 0x3FFF and height & 0x3FFF else None

    def _h264_shape(self, data: bytes) -> tuple[bool, bytes | None]:
        key = False
        for unit in data.split(START_CODE):
            if not unit:
                continue
            kind = unit[0] & 31
            key |= kind == 5
            if kind in (7, 8):
                self._sets[kind] = unit
        if not key or len(self._sets) < 2:
            return key, None
        return True, START_CODE + self._sets[7] + START_CODE + self._sets[8]


def _vp8_starts(payload: bytes) -> bool:
    return bool(payload) and payload[0] & 0x1F == 0x10


def _vp8_piece(payload: bytes) -> bytes | None:
    """What stands behind the payload descriptor (RFC 7741 section 4.2)."""
    if not payload:
        return None
    at = 1
    if payload[0] & 0x80:
        if len(payload) < 2:
            return None
        fields, at = payload[1], 2
        if fields & 0x80:
            at += 2 if at < len(payload) and payload[at] & 0x80 else 1
        at += bool(fields & 0x40) + bool(fields & 0x30)
    return payload[at:] if at < len(payload) else None


def _h264_inside(payload: bytes) -> bool:
    """Whether it goes on with a unit whose beginning is elsewhere."""
    return len(payload) >= 2 and payload[0] & 31 == 28 and not payload[1] & 0x80


def _h264_piece(payload: bytes) -> bytes | None:
    """With start codes, as in Annex B: a unit, several (STAP-A), or a piece of one (FU-A)."""
    if len(payload) < 2:
        return None
    kind = payload[0] & 31
    if 1 <= kind <= 23:
        return START_CODE + payload
    if kind == 24:
        return _several(payload)
    if kind == 28:
        begins = START_CODE + bytes([payload[0] & 0xE0 | payload[1] & 31]) if payload[1] & 0x80 else b""
        return begins + payload[2:]
    return None


def _several(payload: bytes) -> bytes | None:
    units, at = b"", 1
    while at + 2 <= len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        if size == 0 or at + 2 + size > len(payload):
            return None
        units += START_CODE + payload[at + 2 : at + 2 + size]
        at += 2 + size
    return units or None


# --- time -----------------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Sender:
    """The clock of whoever sends, beside ours. ahead_s: ours minus his, from his first report; one for sound and picture alike."""

    ahead_s: float | None = None


class Timeline:
    """When a frame of one track was taken, in our seconds: from its arrival at first, by the sender's reports once they come.

    Sound and picture of one sender are aligned because both are led back to his one clock.
    """

    def __init__(self, clock_rate: int, sender: Sender) -> None:
        self._clock_rate, self._sender = clock_rate, sender
        self._whole = 0
        self._anchor: tuple[int, float] | None = None

    def at_s(self, timestamp: int, arrived_s: float) -> float:
        """timestamp: 32 bits, counted on past its end."""
        whole = self._counted(timestamp)
        if self._anchor is None or abs(self._then(whole) - arrived_s) > 10:
            self._anchor = (whole, arrived_s)
        return self._then(whole)

    def report(self, ntp: int, timestamp: int, now_s: float) -> None:
        """The sender says what his clock (64 bits NTP) was at this timestamp."""
        said_s = ntp / 2**32
        if self._sender.ahead_s is None or abs(said_s + self._sender.ahead_s - now_s) > 10:
            self._sender.ahead_s = now_s - said_s
        self._anchor = (self._counted(timestamp), said_s + self._sender.ahead_s)

    def _then(self, whole: int) -> float:
        assert self._anchor is not None
        return self._anchor[1] + (whole - self._anchor[0]) / self._clock_rate

    def _counted(self, timestamp: int) -> int:
        if self._anchor is None and not self._whole:
            self._whole = timestamp + 2**32
        else:
            self._whole += ((timestamp - self._whole + 2**31) & 0xFFFFFFFF) - 2**31
        return self._whole

"""RTP packets as they lie on the wire: headers, retransmissions, what is missing, how they came in. Pure: bytes and seconds, no aiortc.

Times are seconds of a monotonic clock. Sequence numbers have 16 bits on the wire and are counted on here (`Counter16`). Sources: RFC 3550,
4585, 4588, 8285, 7741 (VP8), 6184 (H.264).
"""

import struct
from typing import NamedTuple

HEADER = struct.Struct("!BBHII")
MOST = 1_500  # bytes of a packet: what an Ethernet carries
# A request for a missing packet is said again after so long, and at last forgotten: a picture that is later than this is no use. A browser
# resends no more in half a second than it may send at all: of a key frame that lost a third it brings the rest only then.
RETRIES_S = (0.05, 0.05, 0.05, 0.05, 0.1, 0.1, 0.1, 0.15, 0.15, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2)
MISSING_MOST = 256  # more at once: the picture is gone, a key frame is cheaper
STRAY = 3_000  # a jump further than this is a new beginning, not a loss


class Packet(NamedTuple):
    """One RTP packet. payload: without padding; extensions: (id, bytes) by id, one-byte and two-byte form."""

    marker: bool
    payload_type: int
    seq: int
    timestamp: int
    ssrc: int
    payload: bytes
    extensions: bytes
    two_byte: bool


def read(data: bytes) -> Packet | None:
    """The packet, or None when it is not one."""
    size = len(data)
    if not 12 <= size <= MOST:
        return None
    first, second, seq, timestamp, ssrc = HEADER.unpack_from(data)
    if first >> 6 != 2:
        return None
    at, end = 12 + 4 * (first & 15), size
    extensions, two_byte = b"", False
    if first & 0x10:
        if at + 4 > size:
            return None
        profile, words = struct.unpack_from("!HH", data, at)
        extensions, at = data[at + 4 : at + 4 + 4 * words], at + 4 + 4 * words
        two_byte = profile & 0xFFF0 == 0x1000
        if profile != 0xBEDE and not two_byte:
            extensions = b""
    if first & 0x20:
        end -= data[-1]
        if data[-1] == 0:
            return None
    if at > end:
        return None
    return Packet(bool(second & 0x80), second & 0x7F, seq, timestamp, ssrc, data[at:end], extensions, two_byte)


def extension(packet: Packet, wanted: int) -> bytes | None:
    """The header extension with this id, None when it is not there or the header is cut short."""
    data, at = packet.extensions, 0
    while at < len(data):
        if data[at] == 0:  # padding
            at += 1
            continue
        if packet.two_byte:
            if at + 2 > len(data):
                return None
            number, size, at = data[at], data[at + 1], at + 2
        else:
            number, size, at = data[at] >> 4, (data[at] & 15) + 1, at + 1
            if number == 15:
                return None
        if number == wanted:
            return data[at : at + size] if at + size <= len(data) else None
        at += size
    return None


def write(payload_type: int, marker: bool, seq: int, timestamp: int, ssrc: int, payload: bytes) -> bytes:
    """One packet without extensions and padding."""
    return HEADER.pack(0x80, payload_type | (0x80 if marker else 0), seq & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


def original(packet: Packet, payload_type: int, ssrc: int) -> Packet | None:
    """What a retransmission (RFC 4588) carries; None for one that only fills the line."""
    if len(packet.payload) <= 2:
        return None
    return packet._replace(payload_type=payload_type, seq=int.from_bytes(packet.payload[:2], "big"), ssrc=ssrc, payload=packet.payload[2:])


# --- pictures -----------------------------------------------------------------------------------------------------------------------


def begins_key_frame(codec: str, payload: bytes) -> bool:
    """Whether this packet is the first one of a picture that needs no other. codec: `vp8` or `h264`. Anything odd is no."""
    return (_vp8_begins if codec == "vp8" else _h264_begins)(payload)


def _vp8_begins(payload: bytes) -> bool:
    if len(payload) < 2 or payload[0] & 0x17 != 0x10:  # start of partition 0
        return False
    at = 1
    if payload[0] & 0x80:
        fields, at = payload[1], 2
        if fields & 0x80:
            at += 2 if at < len(payload) and payload[at] & 0x80 else 1
        at += bool(fields & 0x40) + bool(fields & 0x30)
    return at < len(payload) and not payload[at] & 1


def _h264_begins(payload: bytes) -> bool:
    if len(payload) < 2:
        return False
    kind = payload[0] & 31
    if kind == 28:  # FU-A: the first piece of a large unit
        return bool(payload[1] & 0x80) and payload[1] & 31 in (5, 7)
    if kind == 24:  # STAP-A: several small units
        at, found = 1, False
        while at + 3 <= len(payload) and not found:
            found = payload[at + 2] & 31 in (5, 7)
            at += 2 + int.from_bytes(payload[at : at + 2], "big")
        return found
    return kind in (5, 7)


# --- counting -----------------------------------------------------------------------------------------------------------------------


class Counter16:
    """Counts a number of 16 bits on past its end. The answer may go back (a late packet), never far."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last = -1

    def whole(self, number: int) -> int:
        if self.last < 0:
            self.last = number + 0x10000  # so that what came before the first packet is no negative number
            return self.last
        near = self.last + ((number - self.last + 0x8000) & 0xFFFF) - 0x8000
        if near > self.last:
            self.last = near
        return near


class Missing:
    """Which packets of one source are missing, and when to ask for them (again)."""

    __slots__ = ("_asked", "_highest", "_next_s", "given_up")

    def __init__(self) -> None:
        self._highest = -1
        self._asked: dict[int, tuple[int, float]] = {}  # whole number: how many times it was asked for, when it is asked for next
        self._next_s = float("inf")
        self.given_up = False  # too much is gone to be asked for: read and put back by whoever can ask for a key frame

    def __len__(self) -> int:
        return len(self._asked)

    def came(self, seq: int, now_s: float) -> bool:
        """seq: whole. Whether it makes sense to look at `due` at once."""
        highest, self._highest = self._highest, max(seq, self._highest)
        if highest < 0 or abs(seq - highest) > STRAY:
            self._asked.clear()
            self._highest = seq
            return False
        if seq <= highest:
            self._asked.pop(seq, None)
            return False
        if seq == highest + 1:
            return False
        if seq - highest - 1 + len(self._asked) > MISSING_MOST:
            self._asked.clear()
            self.given_up = True
            return False
        self._asked.update(dict.fromkeys(range(highest + 1, seq), (0, now_s)))
        self._next_s = now_s
        return True

    def due(self, now_s: float) -> list[int]:
        """The numbers (16 bits) to ask for now. What was asked for often enough is forgotten."""
        if not self._asked or now_s < self._next_s:
            return []
        spent = [seq for seq, (tries, at_s) in self._asked.items() if tries >= len(RETRIES_S) and at_s <= now_s]
        for seq in spent:
            del self._asked[seq]
        self.given_up |= bool(spent)
        wanted = [seq for seq, (_, at_s) in self._asked.items() if at_s <= now_s]
        for seq in wanted:
            tries, _ = self._asked[seq]
            self._asked[seq] = tries + 1, now_s + RETRIES_S[tries]
        self._next_s = now_s + RETRIES_S[0]
        return [seq & 0xFFFF for seq in wanted]


class Reception:
    """How one source comes in, for its receiver reports and for the quality figures. clock_rate: of its timestamps, per second."""

    __slots__ = (
        "_clock_rate", "_first", "_highest", "_prior", "_transit", "bytes", "jitter", "lost_share", "packets", "sr_at_s", "sr_ntp",
    )  # fmt: skip

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._first = self._highest = -1
        self._transit: float | None = None
        self._prior = (0, 0)
        self.packets = self.bytes = 0
        self.jitter = 0.0  # in ticks of the clock rate
        self.lost_share = 0.0  # 0 … 1, since the report before
        self.sr_ntp, self.sr_at_s = 0, 0.0

    def came(self, seq: int, timestamp: int, size: int, now_s: float) -> None:
        """seq: whole."""
        self._first = seq if self._first < 0 else self._first
        self._highest = max(seq, self._highest)
        self.packets += 1
        self.bytes += size
        transit = now_s * self._clock_rate - timestamp
        if self._transit is not None:
            moved = abs(transit - self._transit)
            if moved < 5 * self._clock_rate:  # a jump of the timestamps is no jitter
                self.jitter += (moved - self.jitter) / 16
        self._transit = transit

    def report_from(self, ntp: int, now_s: float) -> None:
        """The sender's report came: its time in 64 bits NTP."""
        self.sr_ntp, self.sr_at_s = ntp, now_s

    def block(self, ssrc: int, now_s: float) -> bytes:
        """The block of a receiver report about this source (RFC 3550, 6.4.1)."""
        expected = self._highest - self._first + 1 if self._first >= 0 else 0
        lost = max(0, min(expected - self.packets, 0x7FFFFF))
        new_expected, new_packets = expected - self._prior[0], self.packets - self._prior[1]
        self._prior = (expected, self.packets)
        self.lost_share = max(0.0, (new_expected - new_packets) / new_expected) if new_expected > 0 else 0.0
        delay = min(int((now_s - self.sr_at_s) * 65536), 0xFFFFFFFF) if self.sr_ntp else 0
        last = (self.sr_ntp >> 16) & 0xFFFFFFFF
        share = min(int(self.lost_share * 256), 255)
        return struct.pack("!IIIIII", ssrc, share << 24 | lost, self._highest & 0xFFFFFFFF, min(int(self.jitter), 0xFFFFFFFF), last, delay)

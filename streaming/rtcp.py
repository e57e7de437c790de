"""RTCP: what senders and receivers tell each other beside the media. Pure: bytes and seconds, no aiortc.

Read tolerantly (a cut or odd packet ends the reading, what stood before it counts), written by the book. Sources: RFC 3550, 4585, 5104 and
draft-holmer-rmcat-transport-wide-cc-extensions-01 (without that feedback a browser never sends more than 300 kbit/s).
"""

import struct
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SR, RR, SDES, BYE, RTPFB, PSFB = 200, 201, 202, 203, 205, 206
NACK, TRANSPORT_CC = 1, 15
PLI, FIR = 1, 4
FEEDBACK_S = 0.05  # so often the publisher hears when its packets came
NACKED_MOST = 300  # numbers taken from one packet; more is no honest wish
FORGIVEN_FROM, FORGIVEN_MOST = 0.05, 0.45  # shares of lost packets: below, no browser minds; above, nothing gets through anyway
FORGIVEN_AT_ONCE = 20.0  # packets
JUDGED_FROM = 25  # packets
_TICK_US = 250  # of a delta in transport-cc
_REFERENCE_US = 64_000
_GAP_MOST = 2_000  # packets of the transport counter: a jump further is a new beginning
_STATUSES_MOST = 1_000


@dataclass(frozen=True, slots=True)
class SenderReport:
    """ntp: 64 bits; timestamp: of the media at that moment."""

    ssrc: int
    ntp: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class LossReport:
    """What a receiver says about one source. lost_share: 0 … 1."""

    ssrc: int
    lost_share: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """Packets that a receiver asks for again."""

    ssrc: int
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PictureWanted:
    """A receiver asks for a key frame (PLI or FIR)."""

    ssrc: int


@dataclass(frozen=True, slots=True)
class Bye:
    ssrcs: tuple[int, ...]


Report = SenderReport | LossReport | Wanted | PictureWanted | Bye


def read(data: bytes) -> Iterator[Report]:
    """Everything in one datagram that we understand; it ends where the datagram stops making sense."""
    at = 0
    while at + 4 <= len(data):
        first, kind, words = struct.unpack_from("!BBH", data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            return
        yield from _one(kind, first & 31, data[at + 4 : end])
        at = end


def _one(kind: int, count: int, body: bytes) -> Iterator[Report]:
    if kind == SR and len(body) >= 24:
        ssrc, ntp, timestamp = struct.unpack_from("!IQI", body)
        yield SenderReport(ssrc, ntp, timestamp)
        yield from _blocks(body[24:], count)
    elif kind == RR and len(body) >= 4:
        yield from _blocks(body[4:], count)
    elif kind == BYE:
        yield Bye(struct.unpack_from(f"!{min(count, len(body) // 4)}I", body))
    elif kind == RTPFB and count == NACK and len(body) >= 8:
        yield Wanted(int.from_bytes(body[4:8], "big"), _seqs(body[8:]))
    elif kind == PSFB and count == PLI and len(body) >= 8:
        yield PictureWanted(int.from_bytes(body[4:8], "big"))
    elif kind == PSFB and count == FIR:
        for at in range(8, len(body) - 7, 8):
            yield PictureWanted(int.from_bytes(body[at : at + 4], "big"))


def _blocks(body: bytes, count: int) -> Iterator[LossReport]:
    for at in range(0, min(24 * count, len(body) - 23), 24):
        ssrc, share = struct.unpack_from("!IB", body, at)
        yield LossReport(ssrc, share / 256)


def _seqs(body: bytes) -> tuple[int, ...]:
    seqs: list[int] = []
    for at in range(0, len(body) - 3, 4):
        first, more = struct.unpack_from("!HH", body, at)
        seqs.append(first)
        seqs += [(first + 1 + bit) & 0xFFFF for bit in range(16) if more >> bit & 1]
        if len(seqs) >= NACKED_MOST:
            break
    return tuple(seqs[:NACKED_MOST])


# --- writing ------------------------------------------------------------------------------------------------------------------------


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def receiver_report(sender: int, blocks: Sequence[bytes]) -> bytes:
    """blocks: of `rtp.Reception.block`, 31 at most."""
    return _packet(RR, len(blocks), sender.to_bytes(4, "big") + b"".join(blocks))


def sender_report(ssrc: int, ntp: int, timestamp: int, packets: int, octets: int, cname: str) -> bytes:
    """With the name that ties sound and picture of one source together."""
    body = struct.pack("!IQIII", ssrc, ntp, timestamp & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    return _packet(SR, 0, body) + _cname(ssrc, cname)


def _cname(ssrc: int, cname: str) -> bytes:
    name = cname.encode()[:255]
    item = struct.pack("!IBB", ssrc, 1, len(name)) + name + b"\0"
    return _packet(SDES, 1, item + b"\0" * (-len(item) % 4))


def nack(sender: int, ssrc: int, seqs: Sequence[int]) -> bytes:
    """Ask for these packets (16 bits each, ascending) again."""
    pairs: list[list[int]] = []
    for seq in seqs:
        distance = (seq - pairs[-1][0] - 1) & 0xFFFF if pairs else 16
        if distance < 16:
            pairs[-1][1] |= 1 << distance
        else:
            pairs.append([seq, 0])
    return _packet(RTPFB, NACK, struct.pack("!II", sender, ssrc) + b"".join(struct.pack("!HH", *pair) for pair in pairs))


def picture_loss(sender: int, ssrc: int) -> bytes:
    """Ask for a key frame."""
    return _packet(PSFB, PLI, struct.pack("!II", sender, ssrc))


class Weather:
    """How much a line loses however little is sent: that is its weather, and sending less would not help.

    A browser takes every loss for congestion and sends less and less, at 30 % lost next to nothing. So what has been lost at any rate of
    the last ten seconds is forgiven, and said to have come; what is lost beyond it is said as it is, and so are the times of arrival: a
    line that is full still slows the sender down.
    """

    __slots__ = ("_credit", "_expected", "_lost", "_shares", "_since_s")

    def __init__(self) -> None:
        self._shares: deque[float] = deque(maxlen=10)  # of each second
        self._expected = self._lost = 0
        self._since_s = float("-inf")
        self._credit = 0.0

    def seen(self, expected: int, lost: int, now_s: float) -> None:
        """So many packets were to come since the last time, so many of them did not."""
        self._expected += expected
        self._lost += lost
        self._credit = min(FORGIVEN_AT_ONCE, self._credit + expected * self._usual())
        if now_s - self._since_s >= 1.0 and self._expected >= JUDGED_FROM:
            self._shares.append(self._lost / self._expected)
            self._expected = self._lost = 0
            self._since_s = now_s

    def _usual(self) -> float:
        """The share of lost packets that is forgiven."""
        shares = sorted(self._shares)
        if self._expected >= JUDGED_FROM or not shares:
            shares = sorted([*shares, self._lost / max(self._expected, 1)])
        usual = shares[len(shares) // 5]
        return min(1.2 * usual + 0.03, FORGIVEN_MOST) if usual >= FORGIVEN_FROM else 0.0

    def forgives(self) -> bool:
        """Whether one lost packet more is forgiven; saying yes uses it up."""
        if self._credit < 1:
            return False
        self._credit -= 1
        return True


class ArrivalFeedback:
    """When each packet of one transport came, as transport-cc feedback, every 50 ms while packets come."""

    __slots__ = ("_came", "_count", "_highest", "_next", "_next_s", "_weather", "media_ssrc")

    def __init__(self) -> None:
        self._weather = Weather()
        self._came: dict[int, int] = {}  # whole transport number: microseconds
        self._next = self._highest = -1  # the first number that was not reported yet
        self._next_s = 0.0
        self._count = 0
        self.media_ssrc = 0

    def came(self, number: int, now_s: float) -> None:
        """number: the 16 bits of the header extension."""
        if self._highest < 0:
            whole = self._next = number + 0x10000
        else:
            whole = self._highest + ((number - self._highest + 0x8000) & 0xFFFF) - 0x8000
        if abs(whole - self._highest) > _GAP_MOST and self._highest >= 0:
            self._came.clear()
            self._next = self._highest = whole
        self._highest = max(self._highest, whole)
        if whole >= self._next and len(self._came) < _STATUSES_MOST:
            self._came[whole] = int(now_s * 1e6)

    def due(self, sender: int, now_s: float) -> list[bytes]:
        """The feedback packets when it is time for them, each to be sent alone: of several in one datagram a browser reads the last."""
        if now_s < self._next_s or not self._came:
            return []
        self._next_s = now_s + FEEDBACK_S
        return self._write(sender, now_s)

    def _write(self, sender: int, now_s: float) -> list[bytes]:
        """One packet of feedback, or several: what is forgiven stands in none of them.

        It must not be said to have come, for then a browser forgets it and cannot send it again.
        """
        first, last = self._next, max(self._came)
        if last - first >= _STATUSES_MOST:
            first = last - _STATUSES_MOST + 1
        self._weather.seen(last - first + 1, last - first + 1 - len(self._came), now_s)
        said, run = list[bytes](), list[int | None]()
        for number in range(first, last + 1):
            at_us = self._came.get(number)
            if at_us is None and self._weather.forgives():
                said += self._one(sender, number - len(run), run)
                run = []
            else:
                run.append(at_us)
        said += self._one(sender, last + 1 - len(run), run)
        self._next = last + 1
        self._came.clear()
        return said

    def _one(self, sender: int, first: int, run: Sequence[int | None]) -> list[bytes]:
        """run: when each came, from `first` on; None: it did not. Nothing when none did."""
        came = [at_us for at_us in run if at_us is not None]
        if not came:
            return []
        reference = min(came) // _REFERENCE_US
        before, statuses, deltas = reference * _REFERENCE_US, [], bytearray()
        for at_us in run:
            if at_us is None:
                statuses.append(0)
                continue
            ticks = (at_us - before) // _TICK_US
            before += ticks * _TICK_US
            small = 0 <= ticks <= 255
            statuses.append(1 if small else 2)
            deltas += ticks.to_bytes(1, "big") if small else max(-32768, min(ticks, 32767)).to_bytes(2, "big", signed=True)
        self._count = (self._count + 1) & 0xFF
        head = struct.pack("!IIHHI", sender, self.media_ssrc, first & 0xFFFF, len(statuses), (reference & 0xFFFFFF) << 8 | self._count)
        body = head + _chunks(statuses) + deltas
        return [_packet(RTPFB, TRANSPORT_CC, body + b"\0" * (-len(body) % 4))]


def _chunks(statuses: Sequence[int]) -> bytes:
    """Runs of one status, or seven statuses of two bits each."""
    words: list[int] = []
    at = 0
    while at < len(statuses):
        run = at
        while run < len(statuses) and statuses[run] == statuses[at] and run - at < 0x1FFF:
            run += 1
        if run - at >= 7 or run == len(statuses):
            words.append(statuses[at] << 13 | (run - at))
            at = run
        else:
            seven = [*statuses[at : at + 7], *[0] * 7][:7]
            words.append(0xC000 | sum(status << 2 * (6 - place) for place, status in enumerate(seven)))
            at += 7
    return struct.pack(f"!{len(words)}H", *words)

"""One source, many viewers, without decoding: rewrite once, gate on a key frame, answer requests from a short history. Pure.

A viewer sees one unbroken source whatever its publisher does: when the officer's page reloads, numbers and timestamps go on where they
were. What goes to all viewers who agreed on the same payload type is written once; the caller hands it to `Group.open`, a list of whatever
the legs carry (`hooks.Wire`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from streaming import rtcp, rtp

KEPT = {"video": 1_024, "audio": 128}  # packets that a viewer may ask for again: 8 s and 2.5 s at 1 Mbit/s
CLOCK_RATE = {"video": 90_000, "audio": 48_000}
KEY_S = 0.5  # a publisher is asked for a key frame no more often
LOSSY = 0.05  # share that a viewer's line loses: from there on sound comes to him twice, 20 ms apart
RESENT_PER_S, RESENT_AT_ONCE = 300.0, 150.0  # for one viewer: a line that loses more is not helped by more
CAUGHT_UP_S, CAUGHT_UP_MOST = 1.2, 200  # a newcomer gets the picture from its key frame on, when that is so young and no more packets


class Sink(Protocol):
    """Something else that gets what is forwarded, as a recorder. Called in the relay's loop: must return at once and never raise."""

    def take(self, kind: str, seq: int, timestamp: int, marker: bool, payload: bytes, now_s: float) -> None:
        """seq: whole, timestamp: 32 bits, both unbroken when another publisher goes on."""
        ...

    def report(self, kind: str, ntp: int, timestamp: int, now_s: float) -> None:
        """The sender's clock at a timestamp."""
        ...


class Sent(NamedTuple):
    """One forwarded packet as history keeps it. seq: whole."""

    seq: int
    marker: bool
    timestamp: int
    payload: bytes


@dataclass(slots=True, eq=False)
class Leg:
    """One viewer of one track. wire: what its packets are handed to. rtx_type: None if it did not agree on retransmissions."""

    wire: Any
    payload_type: int
    rtx_type: int | None = None
    open: bool = False
    rtx_seq: int = 0
    resent: int = 0
    lost_share: float = 0.0
    _budget: float = RESENT_AT_ONCE
    _budget_at_s: float = 0.0

    def may_resend(self, now_s: float) -> bool:
        """One packet more, if this viewer has not had too many."""
        self._budget = min(RESENT_AT_ONCE, self._budget + (now_s - self._budget_at_s) * RESENT_PER_S)
        self._budget_at_s = now_s
        if self._budget < 1:
            return False
        self._budget -= 1
        return True


@dataclass(slots=True, eq=False)
class Group:
    """The viewers for whom a packet looks the same. open: the wires that get packets now; the other legs wait for a key frame.

    framed: whether several packets make one frame, the last of them marked.
    """

    payload_type: int
    framed: bool = False
    legs: list[Leg] = field(default_factory=list)
    open: list[Any] = field(default_factory=list)
    waiting: int = 0
    lossy: "Group | None" = None  # of the open ones those whose line loses much

    def let(self, through: bool) -> None:
        """Open or close the gate of every leg."""
        for leg in self.legs:
            leg.open = through
        self.sort()

    def sort(self) -> None:
        self.open = [leg.wire for leg in self.legs if leg.open]
        self.waiting = len(self.legs) - len(self.open)
        lossy = [leg.wire for leg in self.legs if leg.open and leg.lost_share >= LOSSY]
        self.lossy = Group(self.payload_type, open=lossy) if lossy else None


class KeyWish:
    """Wishes for a key frame, thinned: at most one in 0.5 s, and the last wish is never lost."""

    __slots__ = ("_last_s", "_open")

    def __init__(self) -> None:
        self._last_s = float("-inf")
        self._open = False

    def wish(self) -> None:
        self._open = True

    def passed_on(self) -> bool:
        """Whether there was a wish; from now on it is somebody else's to keep."""
        was, self._open = self._open, False
        return was

    def due(self, now_s: float) -> bool:
        """Whether to ask now; saying yes counts as asked."""
        if not self._open or now_s - self._last_s < KEY_S:
            return False
        self._open, self._last_s = False, now_s
        return True


class Track:
    """Sound or picture of one stream, from whoever publishes it to whoever watches it. codec: as in `rtp.begins_key_frame`, or `opus`."""

    def __init__(self, kind: str, ssrc: int, rtx_ssrc: int, first_seq: int, codec: str, sinks: list[Sink] | None = None) -> None:
        self.sinks: list[Sink] = [] if sinks is None else sinks
        self.kind, self.ssrc, self.rtx_ssrc, self.codec = kind, ssrc, rtx_ssrc, codec
        self.groups: list[Group] = []
        self.key_wish = KeyWish()
        self.packets = self.octets = 0
        self._kept: list[Sent | None] = [None] * KEPT[kind]
        self._last_seq, self._last_timestamp, self._last_s = first_seq + 0x10000, 0, 0.0
        self._floor = self._last_seq  # what would come before belongs to the publisher before
        self._moved: tuple[int, int] | None = None  # what is added to number and timestamp of the present publisher
        self._key: tuple[int, float] | None = None  # where the present publisher's newest key frame begins, and when it came

    # --- the publisher's side ---

    def new_publisher(self, wish_key: bool = True) -> None:
        """Another source goes on from here; a picture from its first key frame on. wish_key: unless it begins with one anyway."""
        self._moved = self._key = None
        if self.kind == "video":
            for group in self.groups:
                group.let(False)
            if wish_key:
                self.key_wish.wish()

    def take(self, packet: rtp.Packet, seq: int, now_s: float) -> list[tuple[Group, bytes]]:
        """A packet of the publisher, seq: its whole number. Returns what goes to whom; nothing for one that was here before."""
        if self._moved is None:
            self._begin(packet, seq, now_s)
        assert self._moved is not None
        out = seq + self._moved[0]
        place = out % len(self._kept)
        before = self._kept[place]
        if out <= self._floor or (before is not None and before.seq >= out):
            return []
        timestamp = (packet.timestamp + self._moved[1]) & 0xFFFFFFFF
        self._kept[place] = Sent(out, packet.marker, timestamp, packet.payload)
        self.packets += 1
        self.octets += len(packet.payload)
        if out > self._last_seq:
            self._last_seq, self._last_timestamp, self._last_s = out, timestamp, now_s
        for sink in self.sinks:
            sink.take(self.kind, out, timestamp, packet.marker, packet.payload, now_s)
        begins = self.kind == "audio" or rtp.begins_key_frame(self.codec, packet.payload)
        if begins and (self._key is None or out > self._key[0]):
            self._key = out, now_s
        said = []
        for group in self.groups:
            if group.waiting and begins:
                group.let(True)
            if group.open:
                said.append((group, rtp.write(group.payload_type, packet.marker, out, timestamp, self.ssrc, packet.payload)))
            if group.lossy and self.kind == "audio":
                said += self._before(group.lossy, out)
        return said

    def _before(self, lossy: Group, out: int) -> list[tuple[Group, bytes]]:
        """The packet before this one, once more."""
        sent = self._kept[(out - 1) % len(self._kept)]
        if sent is None or sent.seq != out - 1:
            return []
        return [(lossy, rtp.write(lossy.payload_type, sent.marker, sent.seq, sent.timestamp, self.ssrc, sent.payload))]

    def _begin(self, packet: rtp.Packet, seq: int, now_s: float) -> None:
        """Numbers go on by one, timestamps by the time that passed."""
        passed = int((now_s - self._last_s) * CLOCK_RATE[self.kind]) if self._last_s else 0
        self._floor = self._last_seq
        self._moved = self._last_seq + 1 - seq, self._last_timestamp + max(passed, 1) - packet.timestamp

    def report(self, report: rtcp.SenderReport, cname: str, now_s: float) -> bytes | None:
        """The publisher's report as the viewers need it; None before its first packet."""
        if self._moved is None:
            return None
        timestamp = (report.timestamp + self._moved[1]) & 0xFFFFFFFF
        for sink in self.sinks:
            sink.report(self.kind, report.ntp, timestamp, now_s)
        return rtcp.sender_report(self.ssrc, report.ntp, timestamp, self.packets, self.octets, cname)

    # --- the viewers' side ---

    def join(self, leg: Leg, now_s: float) -> list[bytes]:
        """Sound comes with the next packet, a picture with the next key frame; unless there was one just now: then from that one on.

        Returns what this viewer gets at once. What is missing of it he asks for, as for anything that got lost.
        """
        group = next((group for group in self.groups if group.payload_type == leg.payload_type), None)
        if group is None:
            group = Group(leg.payload_type, framed=self.kind == "video")
            self.groups.append(group)
        group.legs.append(leg)
        since = self._since_key(now_s) if self.kind == "video" else []
        leg.open = bool(since)
        group.sort()
        if self.kind == "video" and not since:
            self.key_wish.wish()
        return [rtp.write(leg.payload_type, sent.marker, sent.seq, sent.timestamp, self.ssrc, sent.payload) for sent in since]

    def _since_key(self, now_s: float) -> list[Sent]:
        """The present picture as far as it is here; empty when its key frame is old, or too much has come since."""
        if self._key is None or now_s - self._key[1] > CAUGHT_UP_S or self._last_seq - self._key[0] >= CAUGHT_UP_MOST:
            return []
        kept = [self._kept[seq % len(self._kept)] for seq in range(self._key[0], self._last_seq + 1)]
        return [sent for place, sent in enumerate(kept, self._key[0]) if sent is not None and sent.seq == place]

    def leave(self, leg: Leg) -> None:
        for group in self.groups:
            if leg in group.legs:
                group.legs.remove(leg)
                group.sort()
        self.groups = [group for group in self.groups if group.legs]

    def loses(self, leg: Leg, share: float) -> None:
        """A viewer's report."""
        leg.lost_share = share
        for group in self.groups:
            if leg in group.legs:
                group.sort()

    def again(self, leg: Leg, seqs: Sequence[int], now_s: float) -> list[bytes]:
        """What this viewer asks for once more, as far as it is still here and his share is not used up."""
        found: list[bytes] = []
        for seq in seqs:
            whole = self._last_seq + ((seq - self._last_seq + 0x8000) & 0xFFFF) - 0x8000
            sent = self._kept[whole % len(self._kept)]
            if sent is None or sent.seq != whole or not leg.may_resend(now_s):
                continue
            found.append(self._once_more(leg, sent))
        leg.resent += len(found)
        return found

    def _once_more(self, leg: Leg, sent: Sent) -> bytes:
        if leg.rtx_type is None:
            return rtp.write(leg.payload_type, sent.marker, sent.seq, sent.timestamp, self.ssrc, sent.payload)
        leg.rtx_seq += 1
        payload = (sent.seq & 0xFFFF).to_bytes(2, "big") + sent.payload
        return rtp.write(leg.rtx_type, sent.marker, leg.rtx_seq, sent.timestamp, self.rtx_ssrc, payload)

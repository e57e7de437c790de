"""What comes in from one publisher: which packet belongs to which track, what is missing, what he must be told. Pure: bytes and seconds.

There are no timers of its own: it looks at the time whenever a packet comes, and when the relay's one slow tick asks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from streaming import rtcp, rtp
from streaming.degradation import Degradation, Judged
from streaming.forward import CLOCK_RATE, Group, KeyWish, Track
from streaming.layers import Layers

REPORT_S = 1.0
SOURCES_MOST = 8  # SSRCs of one publisher; who changes them faster than that is no camera


class Source:
    """One SSRC of the publisher. size: which one of its picture's sizes, None when there is only one."""

    __slots__ = ("counter", "missing", "reception", "size", "ssrc", "track")

    def __init__(self, ssrc: int, track: Track, size: int | None) -> None:
        self.ssrc, self.track, self.size = ssrc, track, size
        self.counter, self.missing = rtp.Counter16(), rtp.Missing()
        self.reception = rtp.Reception(CLOCK_RATE[track.kind])


@dataclass(frozen=True, slots=True)
class Simulcast:
    """A picture in several sizes. payload_type: of the picture; names: RID → size; rid, repaired_rid: ids of those header extensions."""

    layers: Layers
    payload_type: int
    names: Mapping[bytes, int]
    rid: int
    repaired_rid: int | None


class Intake:
    """One publisher's packets. types: payload type → track; rtx: type of retransmissions → type of what they carry.

    again: payload types whose sender answers requests for lost packets. transport_cc: id of that header extension.
    """

    def __init__(
        self,
        types: Mapping[int, Track],
        rtx: Mapping[int, int],
        again: frozenset[int],
        transport_cc: int | None,
        sender: int,
        cname: str,
        simulcast: Simulcast | None = None,
    ) -> None:
        self._types, self._rtx, self._again, self._transport_cc = dict(types), dict(rtx), again, transport_cc
        self._sender, self._cname, self._simulcast = sender, cname, simulcast
        self._sources: dict[int, Source] = {}
        self._now: dict[tuple[int, int | None], Source] = {}  # payload type and size: the source it came from last
        self._repairs: dict[int, int] = {}  # SSRC of retransmissions: the size of what they carry
        self._feedback = rtcp.ArrivalFeedback()
        self._report_s = 0.0
        self._owed_s = 0.0  # nothing is owed before
        self.last_s: float | None = None  # when media came last
        self.octets = self.frames = 0
        self._before = (0.0, 0, 0)  # when the last report was written, and how much had come by then
        self.kbps = self.fps = 0
        self._pictured = any(track.kind == "video" for track in types.values())
        self._degradation, self._sounds = Degradation(), 0
        self.judged: Judged | None = None  # how it has changed, until the relay takes it

    def media(self, data: bytes, now_s: float) -> list[tuple[Group, bytes]]:
        """A datagram with media. Returns what goes to whom."""
        packet = rtp.read(data)
        if packet is None:
            return []
        if self._transport_cc is not None:
            number = rtp.extension(packet, self._transport_cc)
            if number is not None and len(number) == 2:
                self._feedback.came(int.from_bytes(number, "big"), now_s)
        if packet.payload_type in self._rtx:
            source = self._now.get((self._rtx[packet.payload_type], self._repaired(packet)))
            again = rtp.original(packet, self._rtx[packet.payload_type], source.ssrc) if source else None
            if again is None or source is None:
                return []
            packet = again
        else:
            source = self._source(packet)
        if source is None:
            return []
        self.last_s = now_s
        self.octets += len(data)
        self.frames += packet.marker and source.track.kind == "video" and self._is_best(source)
        seq = source.counter.whole(packet.seq)
        source.reception.came(seq, packet.timestamp, len(data), now_s)
        if packet.payload_type in self._again and source.missing.came(seq, now_s):
            self._owed_s = now_s
        if source.size is not None and self._simulcast is not None:
            return self._simulcast.layers.take(source.size, packet, seq, now_s)
        return source.track.take(packet, seq, now_s)

    def _source(self, packet: rtp.Packet) -> Source | None:
        track = self._types.get(packet.payload_type)
        if track is None:
            return None
        source = self._sources.get(packet.ssrc)
        if source is None:
            several = self._simulcast if self._simulcast and self._simulcast.payload_type == packet.payload_type else None
            size = several.names.get(rtp.extension(packet, several.rid) or b"") if several else None
            if len(self._sources) >= SOURCES_MOST or (several is not None and size is None):  # which size it is stands in its first packets
                return None
            source = self._sources[packet.ssrc] = Source(packet.ssrc, track, size)
        place = packet.payload_type, source.size
        if self._now.get(place) is not source:
            if place in self._now:
                self._restarted(source)
            self._now[place] = source
            self._feedback.media_ssrc = packet.ssrc
        return source if source.track is track else None

    def _restarted(self, source: Source) -> None:
        if source.size is None or self._simulcast is None:
            source.track.new_publisher()
        else:
            self._simulcast.layers.restarted(source.size)

    def _repaired(self, packet: rtp.Packet) -> int | None:
        """The size of what this retransmission carries; None also when there is only one."""
        several = self._simulcast
        if several is None or self._rtx[packet.payload_type] != several.payload_type:
            return None
        if packet.ssrc not in self._repairs and several.repaired_rid is not None and len(self._repairs) < SOURCES_MOST:
            size = several.names.get(rtp.extension(packet, several.repaired_rid) or b"")
            if size is not None:
                self._repairs[packet.ssrc] = size
        return self._repairs.get(packet.ssrc, -1)

    def _is_best(self, source: Source) -> bool:
        """Whether it is what those see who did not choose a size."""
        return source.size is None or self._simulcast is None or source.size == self._simulcast.layers.best

    def _fed(self, source: Source) -> list[Track]:
        """What goes on with the packets of this source."""
        if source.size is None or self._simulcast is None:
            return [source.track]
        return self._simulcast.layers.tracks_of(source.size)

    def _key_wish(self, source: Source) -> KeyWish:
        if source.size is None or self._simulcast is None:
            return source.track.key_wish
        return self._simulcast.layers.pass_on_wishes(source.size)

    def reports(self, data: bytes, now_s: float) -> Iterator[tuple[Track, bytes]]:
        """A datagram of reports. Yields the publisher's reports as the viewers of a track need them."""
        for said in rtcp.read(data):
            source = self._sources.get(said.ssrc) if isinstance(said, rtcp.SenderReport) else None
            if source is None or not isinstance(said, rtcp.SenderReport) or source not in self._now.values():
                continue
            source.reception.report_from(said.ntp, now_s)
            for track in self._fed(source):
                report = track.report(said, self._cname, now_s)
                if report is not None:
                    yield track, report

    def owed(self, now_s: float) -> list[bytes]:
        """What the publisher must be told now: arrivals, losses, wishes for a key frame, reports."""
        if now_s < self._owed_s:
            return []
        self._owed_s = now_s + rtcp.FEEDBACK_S
        said = self._feedback.due(self._sender, now_s)
        for source in self._now.values():
            lost = source.missing.due(now_s)
            if lost:
                said.append(rtcp.nack(self._sender, source.ssrc, lost))
            if source.track.kind == "video":
                wish = self._key_wish(source)
                if source.missing.given_up:
                    source.missing.given_up = False
                    wish.wish()
                if wish.due(now_s):
                    said.append(rtcp.picture_loss(self._sender, source.ssrc))
        if self._now and now_s - self._report_s >= REPORT_S:
            self._report_s = now_s
            self._measure(now_s)
            said.insert(0, rtcp.receiver_report(self._sender, [each.reception.block(each.ssrc, now_s) for each in self._now.values()]))
        return said

    def _measure(self, now_s: float) -> None:
        """Bits and pictures of the second that passed."""
        before_s, octets, frames = self._before
        self._before = now_s, self.octets, self.frames
        passed_s = now_s - before_s
        if before_s and passed_s > 0:
            self.kbps = round((self.octets - octets) * 8 / passed_s / 1_000)
            self.fps = round((self.frames - frames) / passed_s)
        if before_s and self._pictured:
            self._judge(self.frames - frames)

    def _judge(self, pictures: int) -> None:
        """Once a second: has the picture come down, or up again."""
        sources = self._now.values()
        sounds, self._sounds = self._sounds, sum(each.reception.packets for each in sources if each.track.kind == "audio")
        lost = max((each.reception.lost_share for each in sources if each.track.kind == "video" and self._is_best(each)), default=0.0)
        small = self._simulcast is not None and not self._simulcast.layers.whole
        self.judged = self._degradation.second(pictures, max(0, self._sounds - sounds), lost, small) or self.judged

    def say(self, step: str, cause: str) -> None:
        """How far the publisher says that he has come down himself."""
        self._degradation.say(step, cause)

    def returned(self) -> None:
        """It was silent and is live again."""
        self._degradation.returned()
        self.judged = None

    def hurry(self) -> None:
        """Somebody waits: what is owed is looked at the next time it is asked for."""
        self._owed_s = 0.0

    def figures(self) -> dict[str, float]:
        """How it comes in, for whoever keeps the call's record: of the last second; lost share and jitter by kind."""
        said: dict[str, float] = {"octets": float(self.octets), "kbps": self.kbps, "fps": self.fps}
        for source in filter(self._is_best, self._now.values()):
            kind = source.track.kind
            said[f"{kind}_lost_pct"] = round(100 * source.reception.lost_share, 1)
            said[f"{kind}_jitter_ms"] = round(1000 * source.reception.jitter / CLOCK_RATE[kind], 1)
        return said

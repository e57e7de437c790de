"""Who publishes, who watches, limits, and closing; owns every connection.

One stream has one publisher at a time and any number of viewers, who stay connected while the publisher comes back. Everything lives in one
event loop; one slow tick looks at silence and deadlines, everything else happens when a packet comes.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from data.errors import CommandCentreError, NotFound, NotPermitted, TooMany
from streaming import hooks, rtcp, sdp
from streaming.forward import Leg, Sink
from streaming.intake import Intake, Simulcast
from streaming.layers import Layers
from streaming.media_events import Happened, Limits, MediaEvent, NobodyPublishes, RelayFull, StillSending
from streaming.media_tokens import LONGEST_S, Grant, Right
from streaming.outgoing import MANY, Outgoing
from streaming.pace import pause
from streaming.stills import Picture, Stills
from streaming.streams import Session, Stream, number

TICK_S = 0.25
SILENT_S = 2.0  # without media: «画面中断»
CONNECT_S = 15.0  # from the offer to the keys; a half-open connection is ended then
ORPHAN_S = 60.0  # viewers wait so long for their publisher to come back
FAREWELL_S = 2.0
AWAITED_S = 4.0  # a viewer's offer waits so long for somebody to publish: who is told of a call watches before its picture begins
AWAITED_MOST = 200  # offers that wait at once; one more is told at once
ALIVE_S = 1.0  # so often viewers of a silent stream are shown that the relay is not dead
STREAM_MOST = 300  # viewers of one stream
HALF_OPEN_MOST = 128  # connections of all that are not connected yet; 16 of one person
HALF_OPEN_EACH = 16
ASKED_PER_S = 1.0  # offers of one person, after those that he may make at once

log = logging.getLogger(__name__)


class Relay:
    """Takes offers, forwards packets, tells `on_event` what happens. Belongs to one event loop; `run` ticks until cancelled.

    on_event: called in the loop, must return at once and not raise.
    """

    def __init__(
        self, addresses: tuple[str, ...], on_event: Callable[[MediaEvent], None] = lambda _: None, limits: Limits | None = None
    ) -> None:
        self._addresses, self._on_event, self._limits = addresses, on_event, limits or Limits()
        self._certificate: hooks.Certificate = hooks.Certificate.generateCertificate()
        self._streams: dict[str, Stream] = {}
        self._sessions: dict[str, Session] = {}
        self._asked: dict[str, tuple[float, float]] = {}  # person: what is left of his budget, since when
        self._awaited: dict[str, asyncio.Future[None]] = {}  # stream: done when somebody publishes it
        self._waiting = 0
        self._outgoing = Outgoing()
        self._closing: set[asyncio.Task[None]] = set()
        self.stills = Stills(self)
        self._void: dict[tuple[str, str], float] = {}  # name and person: tokens from before this moment are worth nothing

    # --- doors ---

    async def publish(self, grant: Grant, offered: str) -> Session:
        """Raises BadInput, UnusableOffer, NotPermitted, StillSending, TooMany, RelayFull."""
        offer = sdp.read_offer(offered)
        self._check_void(grant)
        chosen = sdp.choose(offer, publishing=True)
        self._check_fingerprint(grant, chosen)
        self._check_limits(grant)
        stream = self._streams.setdefault(grant.stream, Stream(grant.stream))
        before = stream.publisher
        if before is not None:
            self._check_successor(stream, before, grant)
        elif stream.owner and stream.owner != grant.person:
            raise NotPermitted("another person's stream", code="media.not_yours")
        session = await self._open(stream, grant, offer, chosen, None)
        if stream.publisher is not before and stream.publisher is not None:  # two came at the same moment
            self._drop(session)
            raise StillSending(stream.name)
        if before is not None:
            self._drop(before, leave_stream=False)
        self._adopt(session, chosen)
        self._tell(Happened.PUBLISHED, session)
        return session

    def _check_successor(self, stream: Stream, before: Session, grant: Grant) -> None:
        if before.grant.person != grant.person:
            raise NotPermitted("another person's stream", code="media.not_yours")
        last_s = before.intake.last_s if before.intake is not None else None
        if time.monotonic() - (last_s if last_s is not None else before.begun_s) < SILENT_S and (before.connected or last_s is None):
            raise StillSending(stream.name)

    def _adopt(self, session: Session, chosen: Mapping[str, sdp.Chosen]) -> None:
        stream = session.stream
        before, sizes = dict(stream.tracks), dict(stream.layers)
        types, rtx, again, transport_cc, simulcast = {}, {}, set(), None, None
        for kind, each in chosen.items():
            track = types[each.codec.payload_type] = stream.track(kind, each.codec.name)
            tracks = stream.sizes(each.layers, each.codec.name) if kind == "video" else []
            if each.rid is not None:
                names = {name.encode(): size for size, name in enumerate(each.layers)}
                simulcast = Simulcast(Layers(tracks), each.codec.payload_type, names, each.rid, each.repaired_rid)
            for begun in tracks or [track]:
                begun.new_publisher()
            if each.rtx_type is not None:
                rtx[each.rtx_type] = each.codec.payload_type
            if "nack" in each.codec.feedback:
                again.add(each.codec.payload_type)
            transport_cc = each.transport_cc or transport_cc
        session.intake = Intake(types, rtx, frozenset(again), transport_cc, number(), stream.cname, simulcast)
        stream.publisher, stream.owner, stream.fresh = session, session.grant.person, True
        awaited = self._awaited.pop(stream.name, None)
        if awaited is not None and not awaited.done():
            awaited.set_result(None)
        if before and (set(stream.tracks) - set(before) or any(stream.tracks[kind] is not track for kind, track in before.items())):
            for viewer in list(stream.viewers):  # what they agreed on is not what comes now, a picture beside the sound: they ask anew
                self._drop(viewer)
        gone = [track for track in sizes.values() if track not in (*stream.layers.values(), *stream.tracks.values())]
        for viewer in [each for each in stream.viewers if each.watched.get("video") in gone]:  # his size is not sent any more
            self._drop(viewer)

    async def view(self, grant: Grant, offered: str, layer: str = "") -> Session:
        """layer: the size of picture that he wants; who names none, or one that is not there, gets the largest.

        Raises BadInput, UnusableOffer, NobodyPublishes, TooMany, RelayFull.
        """
        offer = sdp.read_offer(offered)
        self._check_void(grant)
        self._check_limits(grant)
        stream = await self._published(grant)
        if len(stream.viewers) >= STREAM_MOST:
            raise RelayFull("viewers")
        video = stream.layers.get(layer, stream.tracks.get("video"))
        chosen = sdp.choose(offer, publishing=False, video_codec=video.codec if video else None)
        self._check_fingerprint(grant, chosen)
        watched = {kind: track for kind, track in (stream.tracks | ({"video": video} if video else {})).items() if kind in chosen}
        sources = {kind: sdp.Source(track.ssrc, track.rtx_ssrc, stream.cname, stream.name) for kind, track in watched.items()}
        session = await self._open(stream, grant, offer, chosen, sources)
        if not set(watched.values()) <= {*stream.tracks.values(), *stream.layers.values()}:  # another publisher came at the same moment
            self._drop(session)
            raise NobodyPublishes(stream.name)
        stream.viewers.add(session)
        session.watched = watched
        for kind in sources:
            each = chosen[kind]
            session.legs[kind] = Leg(session.wire, each.codec.payload_type, each.rtx_type)
        return session

    async def still(self, grant: Grant) -> Picture:
        """The newest picture of a stream, for whoever may watch it. Raises NotPermitted, NoStill, TooMany, RelayFull."""
        self._check_void(grant)
        if grant.fingerprint is not None:  # good for one certificate only, and here nobody shows his
            raise NotPermitted("a token for a connection", code="media.not_yours")
        picture = await self.stills.ask(grant.stream, grant.person)
        self._check_void(grant)  # it may have been withdrawn while it waited
        return picture

    def forget_stills(self, name: str) -> None:
        """The officer shows nothing any more: the picture of before is gone. name: as for `revoke`."""
        self.stills.forget(name)

    async def _published(self, grant: Grant) -> Stream:
        """The stream once somebody publishes it. Raises NobodyPublishes, NotPermitted."""
        stream = self._streams.get(grant.stream)
        if (stream is None or not stream.tracks) and self._waiting < AWAITED_MOST:
            self._waiting += 1
            awaited = self._awaited.setdefault(grant.stream, asyncio.get_running_loop().create_future())
            try:
                await asyncio.wait([awaited], timeout=AWAITED_S)
            finally:
                self._waiting -= 1
                if not awaited.done() and self._awaited.get(grant.stream) is awaited:
                    del self._awaited[grant.stream]
            self._check_void(grant)
            stream = self._streams.get(grant.stream)
        if stream is None or not stream.tracks:
            raise NobodyPublishes(grant.stream)
        return stream

    async def _open(
        self, stream: Stream, grant: Grant, offer: sdp.Offer, chosen: Mapping[str, sdp.Chosen], sources: Mapping[str, sdp.Source] | None
    ) -> Session:
        session: Session

        def came(data: bytes, now_s: float) -> None:
            self._came(session, data, now_s)

        def reported(data: bytes, now_s: float) -> None:
            self._reported(session, data, now_s)

        wire = hooks.Wire(self._certificate, came, reported, lambda: self._drop(session))
        try:
            places = await wire.listen(self._addresses)
        except OSError as error:
            await wire.close()
            raise RelayFull("no socket") from error
        first = next(iter(chosen.values())).section
        here = sdp.Here(wire.ufrag, wire.password, self._certificate.fingerprint, places)
        session = Session(stream, grant, wire, sdp.answer(offer, chosen, here, sources), first.ufrag)
        self._sessions[session.id] = session
        session.connecting = asyncio.create_task(self._connect(session, first))
        return session

    def stream(self, name: str) -> Stream | None:
        """None when nobody publishes it and nobody waits for it any more."""
        return self._streams.get(name)

    def session(self, id: str) -> Session:
        """Raises NotFound."""
        session = self._sessions.get(id)
        if session is None:
            raise NotFound("session", code="media.no_session")
        return session

    def is_there(self, call: str, person: str) -> bool:
        """Whether he sends or receives anything of this call."""
        sessions = any(each.grant.person == person and _is_under(each.stream.name, call) for each in self._sessions.values())
        return sessions or self.stills.asks(call, person)

    def close(self, session: Session) -> None:
        """Ended by its own wish."""
        self._drop(session, "deleted")

    def revoke(self, name: str, person: str = "") -> None:
        """What runs under this name ends now, and no token from before now opens it again. name: of a stream, or what stands before a dot.

        person: only what he does there.
        """
        now = time.time()
        self._void = {key: at for key, at in self._void.items() if now - at <= LONGEST_S} | {(name, person): now}
        for session in list(self._sessions.values()):
            if _is_under(session.stream.name, name) and person in ("", session.grant.person):
                self._drop(session, "revoked")
        self.stills.forget(name, person)

    def _check_void(self, grant: Grant) -> None:
        issued = grant.issued.timestamp()
        for (name, person), at in self._void.items():
            if _is_under(grant.stream, name) and person in ("", grant.person) and issued <= at:
                raise NotPermitted("revoked", code="media.revoked")

    def counts(self) -> dict[str, int]:
        """What there is of everything that must not grow for ever, for whoever looks for what was left behind."""
        return {
            "streams": len(self._streams),
            "sessions": len(self._sessions),
            "closing": len(self._closing),
            "waiting": self._waiting,
            "stills": len(self.stills),
        }

    # --- recorders ---

    def attach(self, stream: str, sink: Sink) -> None:
        """From now on the sink gets what is forwarded, and a key frame soon. Raises NotFound."""
        found = self._streams.get(stream)
        if found is None:
            raise NotFound("stream", code="media.no_stream")
        found.sinks.append(sink)
        self.wish_key_frame(stream)

    def detach(self, stream: str, sink: Sink) -> None:
        found = self._streams.get(stream)
        if found is not None and sink in found.sinks:
            found.sinks.remove(sink)

    def wish_key_frame(self, stream: str) -> None:
        """In this loop; from a thread by `loop.call_soon_threadsafe`."""
        found = self._streams.get(stream)
        if found is not None and "video" in found.tracks:
            found.tracks["video"].key_wish.wish()
            self._answer_publisher(found, time.monotonic())

    # --- limits ---

    def _check_fingerprint(self, grant: Grant, chosen: Mapping[str, sdp.Chosen]) -> None:
        offered = next(iter(chosen.values())).section.fingerprints
        if grant.fingerprint is not None and ("sha-256", grant.fingerprint) not in offered:
            raise NotPermitted("another certificate", code="media.not_yours")

    def _check_limits(self, grant: Grant) -> None:
        now_s = time.monotonic()
        left, since_s = self._asked.get(grant.person, (self._limits.asked_at_once, now_s))
        left = min(self._limits.asked_at_once, left + (now_s - since_s) * ASKED_PER_S)
        half_open = [each for each in self._sessions.values() if not each.connected]
        own = sum(each.grant.person == grant.person for each in half_open)
        if left < 1 or own >= max(HALF_OPEN_EACH, self._limits.asked_at_once // 4):
            raise TooMany(grant.stream, retry_after_s=2, code="media.too_often")
        if len(self._asked) > 10_000:
            self._asked.clear()
        self._asked[grant.person] = (left - 1, now_s)
        if len(self._sessions) >= self._limits.connections or len(half_open) >= max(HALF_OPEN_MOST, self._limits.asked_at_once):
            raise RelayFull("connections")

    # --- one connection's life ---

    async def _connect(self, session: Session, section: sdp.Section) -> None:
        try:
            async with asyncio.timeout(CONNECT_S):
                active = sdp.setup_of(section) == "active"
                session.connected = await session.wire.connect(section.ufrag, section.password, section.fingerprints, active=active)
        except (TimeoutError, OSError, CommandCentreError):
            log.info("a %s did not connect", session.grant.right)
        except Exception:  # what a peer sends into ICE or DTLS ends his own connection only
            log.exception("a %s failed while connecting", session.grant.right)
        if not session.connected:
            self._drop(session)
        elif session.grant.right is Right.VIEW:
            for kind, leg in session.legs.items():
                hooks.send_together((session.wire,), session.watched[kind].join(leg, time.monotonic()))
            self._answer_publisher(session.stream, time.monotonic())
            self._tell(Happened.WATCHED, session)

    def _came(self, session: Session, data: bytes, now_s: float) -> None:
        intake, stream = session.intake, session.stream
        if intake is None or stream.publisher is not session:
            return
        for group, packet in intake.media(data, now_s):
            if group.framed and len(group.open) >= MANY:
                self._outgoing.add(group.open, packet, ends=packet[1] >= 0x80)
            else:
                hooks.send(group.open, packet)
        if intake.last_s == now_s:
            first, stream.heard_s = stream.heard_s is None, now_s
            if first or stream.silent or stream.fresh:
                stream.silent = stream.fresh = False
                intake.returned()
                self._tell(Happened.FIRST_MEDIA if first else Happened.RETURNED, session)
        for owed in intake.owed(now_s):
            session.wire.send_rtcp(owed)

    def _reported(self, session: Session, data: bytes, now_s: float) -> None:
        if session.intake is not None:
            for track, report in session.intake.reports(data, now_s):
                for group in track.groups:
                    for wire in group.open:
                        wire.send_rtcp(report)
            return
        for said in rtcp.read(data):
            self._heed(session, said, now_s)

    def _heed(self, session: Session, said: rtcp.Report, now_s: float) -> None:
        """A viewer's wish or report."""
        for kind, leg in session.legs.items():
            track = session.watched[kind]
            if isinstance(said, rtcp.Bye | rtcp.SenderReport) or said.ssrc != track.ssrc:
                continue
            if isinstance(said, rtcp.Wanted):
                hooks.send_together((session.wire,), track.again(leg, said.seqs, now_s))
            elif isinstance(said, rtcp.PictureWanted):
                track.key_wish.wish()
                self._answer_publisher(session.stream, now_s)
            else:
                track.loses(leg, said.lost_share)

    def _answer_publisher(self, stream: Stream, now_s: float) -> None:
        if stream.publisher is not None and stream.publisher.intake is not None:
            stream.publisher.intake.hurry()
            for owed in stream.publisher.intake.owed(now_s):
                stream.publisher.wire.send_rtcp(owed)

    def _drop(self, session: Session, cause: str = "gone", leave_stream: bool = True) -> None:
        """Gone from every list at once; its sockets close in a task that is waited for at the end."""
        if self._sessions.pop(session.id, None) is None:
            return
        stream = session.stream
        for kind, leg in session.legs.items():
            session.watched[kind].leave(leg)
        if session in stream.viewers:
            stream.viewers.discard(session)
            if session.connected:
                self._tell(Happened.UNWATCHED, session)
        if stream.publisher is session:
            stream.left_s = time.monotonic()
            if leave_stream:
                stream.publisher = None
                self._tell(Happened.CLOSED, session, cause)
        if session.connecting is not None and session.connecting is not asyncio.current_task():
            session.connecting.cancel()
        task = asyncio.create_task(self._farewell(session))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _farewell(self, session: Session) -> None:
        if session.connecting is not None:
            await asyncio.wait([session.connecting])
        try:
            async with asyncio.timeout(FAREWELL_S):
                await session.wire.close()
        except Exception:  # a connection that is gone anyway
            log.exception("a connection did not close")

    def _tell(self, happened: Happened, session: Session, cause: str = "", mode: str = "") -> None:
        figures = session.intake.figures() if session.intake is not None else {}
        if session.stream.heard_s is not None:
            figures["silent_s"] = round(time.monotonic() - session.stream.heard_s, 1)
        log.info("%s %s", session.stream.name, happened)
        self._on_event(MediaEvent(happened, session.stream.name, session.grant.person, figures, cause, mode))

    # --- time ---

    async def run(self) -> None:
        """For ever: silence, deadlines, what is owed though no packet comes."""
        while True:
            await pause(TICK_S)
            now_s = time.monotonic()
            for stream in list(self._streams.values()):
                self._look_after(stream, now_s)
            for name, person in self.stills.look(now_s):
                self._on_event(MediaEvent(Happened.UNWATCHED, name, person))

    def _look_after(self, stream: Stream, now_s: float) -> None:
        self._answer_publisher(stream, now_s)
        if stream.publisher is not None:
            self._tell_judged(stream.publisher)
        if stream.heard_s is None or now_s - stream.heard_s >= SILENT_S:
            if stream.heard_s is not None and not stream.silent and stream.publisher is not None:
                stream.silent = True
                self._tell(Happened.SILENT, stream.publisher)
            if now_s - stream.alive_s >= ALIVE_S:
                stream.alive_s = now_s
                for viewer in stream.viewers:
                    viewer.wire.send_rtcp(rtcp.receiver_report(0, []))
        if stream.publisher is None and now_s - stream.left_s > ORPHAN_S:
            for viewer in list(stream.viewers):
                self._drop(viewer)
            self._streams.pop(stream.name, None)

    def _tell_judged(self, session: Session) -> None:
        judged = session.intake.judged if session.intake is not None and not session.stream.silent else None
        if judged is not None and session.intake is not None:
            session.intake.judged = None
            self._tell(Happened.RECOVERED if judged.mode is None else Happened.DEGRADED, session, judged.cause, judged.mode or "")

    async def aclose(self) -> None:
        """Everybody is told, every socket closed."""
        for session in list(self._sessions.values()):
            self._drop(session)
        self.stills.close()
        if self._closing:
            await asyncio.wait(list(self._closing), timeout=2 * FAREWELL_S)
        self._streams.clear()


def _is_under(stream: str, name: str) -> bool:
    return stream == name or stream.startswith(f"{name}.")

"""What the relay sees goes into the journal; what the journal says ends streams at once.

The relay's loop never waits for the database: what happened stands in a bounded line, is written in order by a thread, and tried again
while the database is away. Media run on meanwhile; without database and bus only this stands still.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from data.actions.call_media import media_began, media_degraded, media_lost, media_returned, media_stopped, relay_began
from data.actions.participants import stop_watching
from data.errors import BadInput, CommandCentreError, Unavailable
from data.journal import Entry, Journal, entries_after, head
from data.lanes import Lanes
from data.rules.calls import UNMEASURED, Quality
from data.rules.participants import StreamName, read_stream
from data.rules.permissions import SYSTEM
from streaming.media_events import Happened, MediaEvent
from streaming.media_tokens import LONGEST_S
from streaming.pace import pause

WAITING_MOST = 2_000  # events of hundreds of calls in an hour without a database; then the oldest goes, and the log says so
AGAIN_S = 1.0
LOOKS_S = 5.0  # the bus says at once that something was withdrawn; without it the journal is asked so often
BACK = 2_000  # entries looked through at the start: what was withdrawn within the life of a token
ABSENT_S = 5.0  # who reloads his page is back by then
LOOKS_FOR_ABSENT_S = 1.0
_WRITTEN = frozenset({Happened.FIRST_MEDIA, Happened.RETURNED, Happened.SILENT, Happened.CLOSED, Happened.DEGRADED, Happened.RECOVERED})
# What withdraws something at the relay: only then is the journal read at once, for on a small machine each reader delays the others.
ENDS = frozenset(
    {
        "call.ended", "call.left", "call.leader_refused", "call.party_refused", "call.party_muted", "call.earpiece_withdrawn",
        "call.voice_ended",
    }
)  # fmt: skip
HIDES = frozenset({"call.picture_closed", "call.party_muted"})  # nothing ends, but what was seen last is not shown any more

log = logging.getLogger(__name__)


class Revoking(Protocol):
    """Of `streaming.relay.Relay`."""

    def revoke(self, name: str, person: str = "") -> None: ...
    def forget_stills(self, name: str) -> None: ...


class Attended(Protocol):
    """Of `streaming.relay.Relay`."""

    def is_there(self, call: str, person: str) -> bool: ...


class MediaStates:
    """Belongs to the relay's event loop: give `happened` to the relay and `announced` to the bus, and run `write`, `follow`, `miss`."""

    def __init__(self, journal: Journal, lanes: Lanes, now: Callable[[], datetime]) -> None:
        self._journal, self._lanes, self._now = journal, lanes, now
        self._waiting: deque[MediaEvent] = deque()
        self._written, self._announced = asyncio.Event(), asyncio.Event()
        self._seq: int | None = None
        self._absent: dict[tuple[str, str], float] = {}  # call and participant: since when he watches nothing of it; at most one each

    # --- from the relay to the journal ---

    def happened(self, event: MediaEvent) -> None:
        """Returns at once."""
        if event.happened is Happened.UNWATCHED and len(self._absent) < WAITING_MOST:
            self._absent[event.stream.partition(".")[0], event.person] = time.monotonic()
        if event.happened not in _WRITTEN:
            return
        if len(self._waiting) >= WAITING_MOST:
            log.error("the database is away for too long: %s of %s is not written", self._waiting[0].happened, self._waiting[0].stream)
            self._waiting.popleft()
        self._waiting.append(event)
        self._written.set()

    async def write(self) -> None:
        """For ever; first of all that nothing comes from anybody yet."""
        await self._begin()
        while True:
            await self._written.wait()
            self._written.clear()
            while self._waiting:
                event = self._waiting[0]
                try:
                    await self._lanes.writer.run(self._write, event)
                except Unavailable as error:
                    log.warning("media states wait: %s", error.code)
                    await asyncio.sleep(AGAIN_S)
                    continue
                except Exception:  # one that cannot be written must not hold up the others
                    log.exception("%s of %s was not written", event.happened, event.stream)
                if self._waiting and self._waiting[0] is event:
                    self._waiting.popleft()

    async def _begin(self) -> None:
        while True:
            try:
                await self._lanes.writer.run(self._journal.do, SYSTEM, self._now(), relay_began)
                return
            except Unavailable as error:
                log.warning("media states wait: %s", error.code)
            except Exception:
                log.exception("that the relay began was not written")
                return
            await asyncio.sleep(AGAIN_S)

    def _write(self, event: MediaEvent) -> None:
        """Raises Unavailable."""
        try:
            name = read_stream(event.stream)
        except BadInput:
            return  # a stream of no call, as a bench makes it
        if name.whisper:
            return  # that somebody whispers stands in the journal already
        try:
            self._record(event, name)
        except Unavailable:
            raise
        except CommandCentreError as error:
            log.info("%s of %s: %s", event.happened, event.stream, error.code)  # the call is over, or he has left it

    def _record(self, event: MediaEvent, name: StreamName) -> None:
        quality, who = quality_of(event), (name.call_id, name.participant_id)
        now = self._now()
        if event.happened is Happened.FIRST_MEDIA:
            self._journal.do(SYSTEM, now, media_began, *who, quality)
        elif event.happened is Happened.RETURNED:
            self._journal.do(SYSTEM, now, media_began, *who, quality, "packets_again")
        elif event.happened is Happened.DEGRADED:
            self._journal.do(SYSTEM, now, media_degraded, *who, event.mode, quality, event.cause)
        elif event.happened is Happened.RECOVERED:
            self._journal.do(SYSTEM, now, media_returned, *who, quality, event.cause)
        elif event.happened is Happened.SILENT:
            self._journal.do(SYSTEM, now, media_lost, *who, quality)
        elif event.cause == "deleted":
            self._journal.do(SYSTEM, now, media_stopped, *who)
        elif event.cause != "revoked":
            self._journal.do(SYSTEM, now, media_lost, *who, quality, "connection_gone")

    async def miss(self, relay: Attended) -> None:
        """For ever: who watches nothing of a call any more is not there any more; his next pass brings him back."""
        while True:
            await pause(LOOKS_FOR_ABSENT_S)
            late = time.monotonic() - ABSENT_S
            for (call, person), since in list(self._absent.items()):
                if since > late:
                    continue
                del self._absent[call, person]
                if not relay.is_there(call, person):
                    await self._note_absent(call, person, since)

    async def _note_absent(self, call: str, person: str, since: float) -> None:
        try:
            await self._lanes.writer.run(self._journal.do, SYSTEM, self._now(), stop_watching, call, person)
        except Unavailable as error:
            log.warning("who left waits: %s", error.code)
            self._absent.setdefault((call, person), since)
        except CommandCentreError as error:
            log.info("%s is not in call %s: %s", person, call, error.code)  # a stream of no call, as a bench makes it
        except Exception:
            log.exception("that %s left was not written", person)

    # --- from the journal to the relay ---

    def announced(self, _: int, kind: str) -> None:
        """From the bus. Returns at once."""
        if kind in ENDS | HIDES:
            self._announced.set()

    async def follow(self, relay: Revoking) -> None:
        """For ever."""
        while True:
            try:
                entries = await self._lanes.readers.run(self._news)
                for entry in entries:
                    for name, person in withdrawn(entry):
                        relay.revoke(name, person)
                    if entry.kind in HIDES:
                        relay.forget_stills(str(entry.payload.get("call_id", "")))
                if entries:
                    continue
            except Unavailable as error:
                log.warning("the journal is not followed: %s", error.code)
            except Exception:
                log.exception("the journal is not followed")
            self._announced.clear()
            try:
                async with asyncio.timeout(LOOKS_S):
                    await self._announced.wait()
            except TimeoutError:
                pass

    def _news(self) -> list[Entry]:
        with self._journal.database.reading() as session:
            if self._seq is None:
                since = self._now() - timedelta(seconds=LONGEST_S)
                first = max(head(session) - BACK, 0)
                entries = [entry for entry in entries_after(session, first, BACK) if entry.recorded_at >= since]
                self._seq = head(session)
            else:
                entries = entries_after(session, self._seq)
            if entries:
                self._seq = max(self._seq, entries[-1].seq)
            return entries


def withdrawn(entry: Entry) -> list[tuple[str, str]]:
    """What the relay must end because of this entry: names of streams, each with the one whom it concerns, or nobody for all."""
    said = entry.payload
    call, who = str(said.get("call_id", "")), str(said.get("participant_id") or "")
    if entry.kind not in ENDS:
        return []
    if entry.kind == "call.ended":
        return [(call, "")]
    if entry.kind in ("call.left", "call.leader_refused", "call.party_refused"):
        return [(call, who), (f"{call}.{who}", "")]
    if entry.kind == "call.party_muted":
        return [(f"{call}.{who}", who)]  # what he sends; who watches it waits for him
    if entry.kind in ("call.earpiece_withdrawn", "call.voice_ended") and who:
        return [(str(StreamName(call, who, whisper=True)), "")]
    return []


def quality_of(event: MediaEvent) -> Quality:
    """The figures of that moment, as the journal keeps them."""
    said = event.figures
    if "kbps" not in said:
        return UNMEASURED
    lost = max(said.get("video_lost_pct", 0.0), said.get("audio_lost_pct", 0.0))
    return Quality(loss_permille=round(10 * lost), kbps=round(said["kbps"]), fps=round(said.get("fps", 0)))

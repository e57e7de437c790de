"""Every stream that the relay forwards is recorded, and the journal hears what becomes of it.

The relay's loop tells what happens (`on_event`) and turns the lamps (`look`); a thread of ours writes into the journal, in order, and waits
for a database that is gone. One relay of a court records: what another left open is ended at our start.
"""

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ulid import ULID

from data.actions.recordings import Segment, begin_recording, end_abandoned, end_recording, keep_segment, record_gap, turn_lamp
from data.errors import CommandCentreError, NotFound, Unavailable
from data.journal import Journal
from data.rules.permissions import SYSTEM
from data.rules.recordings import RESERVE
from data.rules.words import ULID as ULID_FORM
from streaming.media_events import Happened, MediaEvent
from streaming.recorder import Ended, Fact, Gap, Lamp, Recorder, Recording, SegmentKept
from streaming.streams import Streams

FACTS_MOST = 10_000  # a day of segments of thirty calls; what does not fit is on disk and found at the next start
RETRY_S = 1.0
CLOSING_S = 5.0

log = logging.getLogger(__name__)


class CallRecordings:
    """The recordings of one relay. `on_event` and `look` belong to its loop."""

    def __init__(self, folder: Path, journal: Journal, now: Callable[[], datetime], reserve: int = RESERVE) -> None:
        self._journal, self._now = journal, now
        self._facts: queue.Queue[Callable[[], object] | None] = queue.Queue(FACTS_MOST)
        self._say(lambda: self._do(end_abandoned))
        self._writer = threading.Thread(target=self._write, name="recordings", daemon=True)
        self._writer.start()
        self._closing = threading.Event()
        self._of: dict[str, tuple[Recording, dict[str, str]]] = {}
        self._begun: set[str] = set()
        self._recorder = Recorder(folder, self._told, reserve)

    # --- the relay's side ---

    def on_event(self, event: MediaEvent, streams: Streams) -> None:
        """A publisher came: from its first packet on everything is written."""
        if event.happened is not Happened.PUBLISHED:
            return
        stream = streams.stream(event.stream)
        if stream is None:
            return
        name, codecs = stream.name, {kind: track.codec for kind, track in stream.tracks.items()}
        known = self._of.get(name)
        if known is not None and known[1] == codecs:
            return
        if known is not None:
            known[0].end("replaced")
            streams.detach(name, known[0])
        loop = asyncio.get_running_loop()
        recording = self._recorder.begin(str(ULID()), codecs, lambda: _ask(loop, streams, name))
        self._of[name] = (recording, codecs)
        streams.attach(name, recording)

    def look(self, streams: Streams) -> None:
        """What began is said, lamps are turned, what nobody publishes any more is ended. At least each second."""
        for name, (recording, _) in list(self._of.items()):
            if recording.heard and recording.id not in self._begun:
                self._begun.add(recording.id)
                self._say(lambda id=recording.id, name=name: self._begin(id, name))  # type: ignore[misc]  # a default is no argument
            if streams.stream(name) is None:
                recording.end("over")
                del self._of[name]
        self._recorder.look()

    def close(self) -> None:
        """Files closed, the journal told, as far as both let us in some seconds."""
        self._recorder.close()
        self._closing.set()
        self._say(None)
        self._writer.join(CLOSING_S)

    # --- facts ---

    def _told(self, fact: Fact) -> None:
        if fact.recording_id not in self._begun and not (isinstance(fact, SegmentKept) and fact.recovered):
            return  # nothing ever came
        self._say(lambda: self._record(fact))

    def _say(self, done: Callable[[], object] | None) -> None:
        try:
            self._facts.put_nowait(done)
        except queue.Full:
            log.error("the journal is too far behind: a fact of a recording is not said")

    def _write(self) -> None:
        while (act := self._facts.get()) is not None:
            while True:
                try:
                    act()
                    break
                except Unavailable:
                    if self._closing.is_set():
                        log.error("a fact of a recording was not said: no database")
                        break
                    time.sleep(RETRY_S)
                except Exception:  # one bad fact must not silence those after it
                    log.exception("a fact of a recording was not said")
                    break

    def _begin(self, recording_id: str, stream: str) -> None:
        """The stream's name begins with its call's id; a stream of no call of ours is recorded without one."""
        call_id = stream.partition(".")[0].upper()
        if ULID_FORM.fullmatch(call_id):
            try:
                self._do(begin_recording, recording_id, stream, call_id)
                return
            except NotFound:
                log.warning("a stream of no call of ours is recorded")
        self._do(begin_recording, recording_id, stream, None)

    def _record(self, fact: Fact) -> None:
        try:
            if isinstance(fact, SegmentKept):
                kept = fact.kept
                began = _moment(kept.began_ms)
                segment = Segment(fact.number, fact.form, began, kept.duration_ms, kept.size, kept.sha256, fact.recovered)
                self._do(keep_segment, fact.recording_id, segment)
            elif isinstance(fact, Gap):
                self._do(record_gap, fact.recording_id, fact.track, _moment(fact.from_ms), _moment(fact.to_ms), fact.why)
            elif isinstance(fact, Lamp):
                self._do(turn_lamp, fact.recording_id, fact.good, fact.why)
            elif isinstance(fact, Ended):
                self._do(end_recording, fact.recording_id, _moment(fact.at_ms), fact.why)
        except Unavailable:
            raise
        except CommandCentreError as error:
            log.error("recording %s: %s", fact.recording_id, error.code)

    def _do(self, action: Callable[..., object], *args: object) -> object:
        return self._journal.do(SYSTEM, self._now(), action, *args)


def _ask(loop: asyncio.AbstractEventLoop, streams: Streams, name: str) -> None:
    """From the recorder's thread: a key frame, please."""
    with contextlib.suppress(RuntimeError):  # the loop has ended, and with it all media
        loop.call_soon_threadsafe(streams.wish_key_frame, name)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)

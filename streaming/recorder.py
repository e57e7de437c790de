"""Every call on disk, as it came: one thread writes what the relay forwards, in segments of a minute, and says what became of it.

What is said (`Fact`) goes to the journal: each segment with its digest, each gap with its reason, the lamp that is green only while bytes
reach the disk. The relay's loop (`forward.Sink`) only appends to a list; when the disk is slower than the
media, what came last is dropped and said.
"""

import logging
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from data.rules.recordings import RESERVE
from streaming.frames import CLOCK_RATE, WINDOW_S, Frame, Part, Pictures, Reorder, Sender, Sounds, Timeline
from streaming.segments import OPEN_SUFFIX, Kept, SegmentFile, recovered, thumbnail

ROUND_S = 0.25  # what a crash may cost; each waking of a sleeping processor costs more than the writing
SEGMENT_S = 60.0  # limits what a broken file can cost, and what retention and a digest are about
ALONE_S = 1.5  # so long sound waits for the first picture; then it is recorded alone until one comes
PICTURE_GONE_S = 3.0  # without a picture for so long a due segment begins without one
WAITING_MOST = 4_000  # packets of one recording that the disk has not taken: some twenty seconds; what comes then is dropped
GAP_S = {"video": 3.0, "audio": 1.0}  # between two frames; «定格» sends a picture every two seconds
DARK_S = 3.0  # media comes and no byte has reached the disk for so long: red
RETRY_S = 2.0
CLOSING_S = 10.0
FORM = {"vp8": "webm", "h264": "mp4"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SegmentKept:
    """recovered: the process or the disk ended it, not we."""

    recording_id: str
    number: int
    form: str
    kept: Kept
    recovered: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is not there. why: lost | silent | disk | overflow. Times in milliseconds, UTC."""

    recording_id: str
    track: str
    from_ms: int
    to_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Lamp:
    """Whether bytes reach the disk. why, when they do not: disk_low | disk | stuck | nothing_whole | internal."""

    recording_id: str
    good: bool
    why: str


@dataclass(frozen=True, slots=True)
class Ended:
    recording_id: str
    at_ms: int
    why: str


Fact = SegmentKept | Gap | Lamp | Ended
Tell = Callable[[Fact], None]


class Recorder:
    """The recordings of one process. tell: called from the recorder's thread and from `look`'s; must not raise."""

    def __init__(self, folder: Path, tell: Tell, reserve: int = RESERVE, segment_s: float = SEGMENT_S) -> None:
        self._folder, self._tell, self._reserve, self._segment_s = folder, tell, reserve, segment_s
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._recordings: list[Recording] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def begin(self, recording_id: str, codecs: Mapping[str, str], wish_key: Callable[[], None] = lambda: None) -> "Recording":
        """A new recording. codecs: {"video": "vp8" | "h264", "audio": "opus"}, what the stream may bring; wish_key: asks for a key frame.

        wish_key is called from the recorder's thread. A disk that is nearly full refuses early: the lamp is red from the beginning, the
        call goes on, and recording begins once there is room.
        """
        recording = Recording(recording_id, self._folder / recording_id, codecs, wish_key, self._tell, self._segment_s, self._room)
        self._recordings.append(recording)
        return recording

    def free(self) -> int:
        """Bytes that the disk has for us."""
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize

    def _room(self) -> bool:
        return self.free() >= self._reserve

    def look(self) -> None:
        """Turn the lamps; called by somebody whom a stuck disk does not stop, at least each second."""
        now_s = time.monotonic()
        for recording in list(self._recordings):
            recording.look(now_s)

    def close(self) -> None:
        """End them all, files closed properly, as far as the disk lets us in ten seconds."""
        for recording in list(self._recordings):
            recording.end("closed")
        self._ending.set()
        self._thread.join(CLOSING_S)

    def _run(self) -> None:
        recover(self._folder, self._tell)
        while True:
            last = self._ending.wait(ROUND_S)
            for recording in list(self._recordings):
                recording.work(time.monotonic())
                if recording.over:
                    self._recordings.remove(recording)
            if last and not self._recordings:
                return


class Recording:
    """One stream on its way to disk. `take`, `report`, `end` belong to the relay's loop; `work` to the recorder's thread."""

    def __init__(
        self,
        recording_id: str,
        folder: Path,
        codecs: Mapping[str, str],
        wish_key: Callable[[], None],
        tell: Tell,
        segment_s: float,
        room: Callable[[], bool],
    ) -> None:
        self.id, self.over = recording_id, False
        self.last_key: Frame | None = None  # for a still
        self._folder, self._wish_key, self._tell, self._segment_s, self._room = folder, wish_key, tell, segment_s, room
        self._video = codecs.get("video")
        sender = Sender()
        self._tracks = {kind: _Track(kind, codec, sender) for kind, codec in codecs.items() if kind in CLOCK_RATE}
        self._waiting: deque[tuple[str, Part | _Said]] = deque()
        self._overflowed = False
        self._wall_s = time.time() - time.monotonic()  # so that a clock set meanwhile bends no recording
        self._file: SegmentFile | None = None
        self._number = 0
        self._shape: object = None  # of the open file's pictures
        self._held: list[Frame] = []  # sound that waits for the first picture
        self._held_since_s = 0.0
        self._broken = None if room() else "disk_low"
        self._retry_s = self._wished_s = 0.0
        self._heard_s = self._coming_s = self._reached_s = float("-inf")  # media last, since when without a pause, bytes on disk last
        self._written = 0
        self._good = True
        self._end: str | None = None

    # --- the relay's side ---

    def take(self, kind: str, seq: int, timestamp: int, marker: bool, payload: bytes, now_s: float) -> None:
        if self._end is not None or kind not in self._tracks:
            return
        if now_s - self._heard_s > DARK_S:
            self._coming_s = now_s
        self._heard_s = now_s
        if len(self._waiting) >= WAITING_MOST:
            self._overflowed = True
            return
        self._waiting.append((kind, Part(seq, timestamp, marker, payload, now_s)))

    def report(self, kind: str, ntp: int, timestamp: int, now_s: float) -> None:
        if kind in self._tracks and len(self._waiting) < WAITING_MOST:
            self._waiting.append((kind, _Said(ntp, timestamp, now_s)))

    @property
    def heard(self) -> bool:
        """Whether anything came at all."""
        return self._heard_s > float("-inf")

    def end(self, why: str) -> None:
        """No more comes. What has come is still written."""
        self._end = self._end or why

    def look(self, now_s: float) -> None:
        """Turn the lamp."""
        why = self._broken if self.heard else None
        comes = now_s - self._heard_s < DARK_S
        if why is None and comes and now_s - max(self._reached_s, self._coming_s) > DARK_S:
            why = "nothing_whole" if not self._waiting or self._file is None else "stuck"
        if (why is None) != self._good:
            self._good = why is None
            self._tell(Lamp(self.id, self._good, why or ""))

    # --- the thread's side ---

    def work(self, now_s: float) -> None:
        """Write what waits; whatever goes wrong is this recording's alone."""
        try:
            self._drain(now_s)
        except OSError as error:
            log.error("recording %s: the disk takes no more: %s", self.id, error.strerror or error)
            self._break("disk", now_s)
        except Exception:
            log.exception("recording %s", self.id)
            self._break("internal", now_s)
        if self._end is not None and not self._waiting:
            self._finish(now_s)

    def _drain(self, now_s: float) -> None:
        while self._waiting:
            kind, came = self._waiting.popleft()
            track = self._tracks[kind]
            if isinstance(came, _Said):
                track.timeline.report(*came)
                continue
            for part in track.reorder.put(came):
                self._part(track, part, now_s)
        for track in self._tracks.values():
            for part in track.reorder.due(now_s if self._end is None else float("inf")):
                self._part(track, part, now_s)
        self._after(now_s)

    def _part(self, track: "_Track", part: Part, now_s: float) -> None:
        frame = track.frames.put(part)
        if frame is None:
            return
        at_ms = int((track.timeline.at_s(frame.timestamp, frame.arrived_s) + self._wall_s) * 1000)
        if frame.key and frame.shape is not None:
            self.last_key = frame
        if self._broken is not None and not self._mended(now_s):
            return
        if self._due(track, frame, at_ms, now_s):
            self._next(frame if track.kind == "video" else None, at_ms)
        if self._file is None or not self._file.has(track.kind):
            if track.kind == "audio" and self._file is None:
                self._hold(frame, now_s)
            return
        self._note_gap(track, at_ms)
        self._file.write(track.kind, frame, at_ms - self._file.began_ms)
        track.last_ms = at_ms

    def _due(self, track: "_Track", frame: Frame, at_ms: int, now_s: float) -> bool:
        """Whether a new segment begins with this frame."""
        file = self._file
        if track.kind == "video":
            if not frame.key or frame.shape is None:
                return False
            if file is None or not file.has("video"):
                return True
            changed = isinstance(frame.shape, bytes) and frame.shape != self._shape
            return changed or at_ms - file.began_ms >= self._segment_s * 1000
        if file is None:
            return self._video is None or bool(self._held and now_s - self._held_since_s >= ALONE_S)
        if at_ms - file.began_ms < self._segment_s * 1000:
            return False
        return not file.has("video") or at_ms - self._tracks["video"].last_ms > PICTURE_GONE_S * 1000

    def _next(self, key: Frame | None, at_ms: int) -> None:
        """Close the segment, begin the next one. Raises OSError."""
        self._close()
        if not self._room():
            raise OSError(28, "kept free for the journal")
        self._number += 1
        held, self._held = self._held, []
        sound = self._tracks.get("audio")
        began_ms = min([at_ms, *(self._at_ms("audio", frame) for frame in held)])
        codec = self._video or "vp8"
        path = self._folder / f"{self._number:04d}-{began_ms}.{FORM[codec]}"
        self._file = SegmentFile(path, began_ms, codec, key, sound is not None)
        self._written = 0
        self._shape = key.shape if key else None
        for frame in held:
            self._file.write("audio", frame, self._at_ms("audio", frame) - began_ms)
        if key is not None:
            self._picture(path, codec, key)

    def _picture(self, path: Path, codec: str, key: Frame) -> None:
        small = thumbnail(codec, key)
        if small is not None:
            path.with_suffix(".jpg").write_bytes(small)

    def _at_ms(self, kind: str, frame: Frame) -> int:
        return int((self._tracks[kind].timeline.at_s(frame.timestamp, frame.arrived_s) + self._wall_s) * 1000)

    def _hold(self, frame: Frame, now_s: float) -> None:
        if not self._held:
            self._held_since_s = now_s
        self._held.append(frame)
        if len(self._held) > 4 * ALONE_S * 50:
            self._held.pop(0)

    def _note_gap(self, track: "_Track", at_ms: int) -> None:
        if track.last_ms and at_ms - track.last_ms > GAP_S[track.kind] * 1000:
            why = track.missed or ("overflow" if self._overflowed else "lost" if track.reorder.lost > track.lost else "silent")
            self._tell(Gap(self.id, track.kind, track.last_ms, at_ms, why))
            self._overflowed = False
        track.lost, track.missed = track.reorder.lost, None

    def _after(self, now_s: float) -> None:
        """What is owed though no frame came: bytes counted, a key frame wished."""
        file = self._file
        if file is not None and file.written > self._written:
            self._written, self._reached_s = file.written, now_s
            file.sync()
        video = self._tracks.get("video")
        if video is None or now_s - self._heard_s > DARK_S or now_s - self._wished_s < 1.0:
            return
        due = file is None or not file.has("video") or file.duration_ms >= self._segment_s * 1000
        if due or (isinstance(video.frames, Pictures) and video.frames.lacks_key):
            self._wished_s = now_s
            self._wish_key()

    def _break(self, why: str, now_s: float) -> None:
        """Nothing is written from now on until the disk takes something again; what it took is kept."""
        file, self._file = self._file, None
        low = why == "disk" and file is None and not self._room()
        self._broken, self._retry_s = "disk_low" if low else why, now_s + RETRY_S
        self._held.clear()
        for track in self._tracks.values():
            track.missed = "disk"
        if file is not None:
            file.abandon()
            self._take_in(file)

    def _take_in(self, file: SegmentFile) -> None:
        part = file.path.with_name(file.path.name + OPEN_SUFFIX)
        try:
            kept = recovered(part, file.began_ms)
            if kept is None:
                part.unlink(missing_ok=True)
            else:
                self._tell(SegmentKept(self.id, self._number, file.path.suffix[1:], kept, recovered=True))
        except OSError:
            log.exception("recording %s: a cut segment stays for the next start", self.id)

    def _mended(self, now_s: float) -> bool:
        """Whether it is time to try again."""
        if now_s < self._retry_s:
            return False
        self._retry_s = now_s + RETRY_S
        if not self._room():
            return False
        self._broken = None
        return True

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                kept = file.close()
            except OSError:
                self._take_in(file)
                raise
            self._tell(SegmentKept(self.id, self._number, file.path.suffix[1:], kept))

    def _finish(self, now_s: float) -> None:
        try:
            if self._file is None and self._held and self._broken is None:
                self._next(None, self._at_ms("audio", self._held[0]))
            self._close()
        except OSError as error:
            log.error("recording %s: its end was cut: %s", self.id, error.strerror or error)
        self.over = True
        last_ms = max(track.last_ms for track in self._tracks.values()) if self._tracks else 0
        self._tell(Ended(self.id, last_ms or int((now_s + self._wall_s) * 1000), self._end or ""))


class _Said(NamedTuple):
    """A sender's report."""

    ntp: int
    timestamp: int
    now_s: float


class _Track:
    """Sound or picture of a recording. last_ms: of its last frame that was written; missed: why the next ones were not."""

    def __init__(self, kind: str, codec: str, sender: Sender) -> None:
        self.kind = kind
        self.reorder = Reorder(WINDOW_S[kind])
        self.frames: Pictures | Sounds = Pictures(codec) if kind == "video" else Sounds()
        self.timeline = Timeline(CLOCK_RATE[kind], sender)
        self.last_ms = 0
        self.lost = 0
        self.missed: str | None = None


def recover(folder: Path, tell: Tell) -> None:
    """What a process that died left open is taken in as it is: it plays up to its last half second."""
    for part in sorted(folder.glob(f"*/*{OPEN_SUFFIX}")):
        number, _, began = part.name.split(".")[0].partition("-")
        if not (number.isdigit() and began.isdigit()):
            continue
        try:
            kept = recovered(part, int(began))
            if kept is None:
                part.unlink()
            else:
                tell(SegmentKept(part.parent.name, int(number), kept.path.suffix[1:], kept, recovered=True))
        except OSError:
            log.exception("a cut segment could not be taken in")


def remove(folder: Path, recording_id: str) -> None:
    """The files of one recording, after its purge stands in the journal. Raises OSError."""
    if not recording_id.isalnum():
        raise OSError("no recording's folder")
    shutil.rmtree(folder / recording_id)

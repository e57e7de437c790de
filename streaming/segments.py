"""One file of a recording: WebM for VP8 and Opus, fragmented MP4 for H.264 and Opus, as they came, nothing decoded or encoded again.

What is in the file when the process dies can be played: clusters and fragments of half a second are handed to the kernel whole. Closing
adds length and index, so that a player can seek. The only file that knows PyAV's muxers.
"""

import hashlib
import io
import logging
import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import av.error

from streaming.frames import Frame, Vp8Shape

PIECE_S = 0.5  # of a cluster or fragment: what a kill can take, besides what still waits to be put in order
OPEN_SUFFIX = ".part"
_MS = Fraction(1, 1000)
_THUMBNAIL = (320, 180)
_PIXELS_MOST = 4096 * 2176  # more than any camera sends us; what says it has more would take memory only
_FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "vp8": ("webm", {"cluster_time_limit": str(int(PIECE_S * 1000))}),
    "h264": (
        "mp4",
        {"movflags": "+frag_keyframe+empty_moov+default_base_moof+hybrid_fragmented", "frag_duration": str(int(PIECE_S * 1e6))},
    ),
}
_ALWAYS = {"flush_packets": "1", "max_interleave_delta": str(int(PIECE_S * 1e6))}  # a silent track holds the other back no longer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished file. began_ms: UTC, of its first frame."""

    path: Path
    began_ms: int
    duration_ms: int
    size: int
    sha256: str


class SegmentFile:
    """Takes frames until it is closed. Raises OSError as soon as the disk takes no more; what it took before stays playable.

    path: of the finished file; while open it has `.part` behind it. first: the key frame it begins with, None for sound alone.
    """

    def __init__(self, path: Path, began_ms: int, codec: str, first: Frame | None, sound: bool) -> None:
        self.path, self.began_ms = path, began_ms
        self._last_ms = {"video": -1, "audio": -1}
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._raw = _Counted(path.with_name(path.name + OPEN_SUFFIX))
        form, options = _FORMS[codec]
        self._templates: list[Any] = []
        self._streams: dict[str, Any] = {}
        try:
            self._file = av.open(self._raw, "w", format=form, options=options | _ALWAYS)
            if first is not None:
                self._add("video", _picture_template(codec, first))
            if sound:
                self._add("audio", _sound_template())
            self._file.start_encoding()
        except BaseException:
            self._raw.close()
            raise

    def _add(self, kind: str, template: Any) -> None:
        self._templates.append(template)
        self._streams[kind] = self._file.add_stream_from_template(template.streams[0])

    @property
    def written(self) -> int:
        """Bytes that the kernel has taken."""
        return self._raw.written

    @property
    def duration_ms(self) -> int:
        return max(0, *self._last_ms.values())

    def has(self, kind: str) -> bool:
        return kind in self._streams

    def write(self, kind: str, frame: Frame, at_ms: int) -> None:
        """at_ms: since the beginning; a frame never goes before the one before it."""
        after = max(at_ms, self._last_ms[kind] + 1)
        self._last_ms[kind] = after
        packet = av.Packet(frame.data)
        packet.stream = self._streams[kind]
        packet.pts = packet.dts = after
        packet.time_base = _MS
        packet.is_keyframe = frame.key
        try:
            self._file.mux_one(packet)
        except av.error.FFmpegError as error:
            raise OSError(error.errno or 0, str(error)) from error

    def sync(self) -> None:
        """To the disk itself, for a machine that loses its power."""
        self._raw.sync()

    def close(self) -> Kept:
        """Length, index, digest, its own name. Raises OSError: the file then stays as it is, to be taken in by `recovered`."""
        try:
            self._file.close()
            self._raw.sync()
        except av.error.FFmpegError as error:
            raise OSError(error.errno or 0, str(error)) from error
        finally:
            self._raw.close()
        return _named(self._raw.path, self.path, self.began_ms, self.duration_ms)

    def abandon(self) -> None:
        """The disk took no more: leave what is there."""
        with suppress(OSError, av.error.FFmpegError):
            self._file.close()
        self._raw.close()


class _Counted:
    """A file that counts what the kernel took, and says so when it takes nothing more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.written = 0

    def write(self, data: bytes | memoryview) -> int:
        left = memoryview(data)
        while left:
            taken = os.write(self._fd, left)
            self.written += taken
            left = left[taken:]
        return len(memoryview(data))

    def seek(self, offset: int, whence: int = 0) -> int:
        return os.lseek(self._fd, offset, whence)

    def tell(self) -> int:
        return os.lseek(self._fd, 0, os.SEEK_CUR)

    def sync(self) -> None:
        os.fdatasync(self._fd)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def recovered(part: Path, began_ms: int) -> Kept | None:
    """A file whose process died, as it is; None when nothing in it can be played. Raises OSError."""
    duration_ms = playable_ms(part)
    if duration_ms is None:
        return None
    return _named(part, part.with_name(part.name.removesuffix(OPEN_SUFFIX)), began_ms, duration_ms)


def playable_ms(path: Path) -> int | None:
    """The time of the last packet that can be read; None when there is none."""
    last = -1
    try:
        with av.open(str(path)) as file:
            for packet in file.demux():
                if packet.pts is not None and packet.time_base is not None:
                    last = max(last, int(packet.pts * packet.time_base * 1000))
    except av.error.FFmpegError:
        pass  # what was read before the cut counts
    return last if last >= 0 else None


def _named(part: Path, path: Path, began_ms: int, duration_ms: int) -> Kept:
    with part.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = os.fstat(file.fileno()).st_size
    part.rename(path)
    path.chmod(0o400)  # an original is never overwritten
    return Kept(path, began_ms, duration_ms, size, sha256)


# --- what a file must know beforehand ---------------------------------------------------------------------------------------------------


def _picture_template(codec: str, key: Frame) -> Any:
    """A file of this one key frame, in memory: its width, height and parameter sets are what the muxer needs."""
    if codec == "h264":
        assert isinstance(key.shape, bytes)
        return av.open(io.BytesIO(key.shape + key.data), format="h264")
    assert isinstance(key.shape, Vp8Shape)
    head = struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, b"VP80", *key.shape, 90_000, 1, 1, 0)
    return av.open(io.BytesIO(head + struct.pack("<IQ", len(key.data), 0) + key.data), format="ivf")


def _sound_template() -> Any:
    return av.open(io.BytesIO(_silence()), format="ogg")


@cache
def _silence() -> bytes:
    """A short Ogg file of silence, made once (2.5 ms)."""
    kept = io.BytesIO()
    with av.open(kept, "w", format="ogg") as file:
        stream = file.add_stream("libopus", 48_000)
        stream.layout = "stereo"
        for number in range(3):
            frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
            frame.planes[0].update(bytes(frame.planes[0].buffer_size))
            frame.sample_rate, frame.pts = 48_000, number * 960
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return kept.getvalue()


def thumbnail(codec: str, key: Frame, box: tuple[int, int] = _THUMBNAIL) -> bytes | None:
    """A small JPEG of a key frame (a few milliseconds) that fits into the box; None when it cannot be decoded."""
    try:
        decoder: Any = av.CodecContext.create(codec, "r")
        decoder.thread_count, decoder.options = 1, {"max_pixels": str(_PIXELS_MOST)}
        prefix = key.shape if isinstance(key.shape, bytes) else b""
        pictures = [*decoder.decode(av.Packet(prefix + key.data)), *decoder.decode(None)]
        if not pictures:
            return None
        width, height = _fitted(pictures[0].width, pictures[0].height, box)
        small = pictures[0].reformat(width=width, height=height, format="yuvj420p")
        encoder: Any = av.CodecContext.create("mjpeg", "w")
        encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "yuvj420p", Fraction(1, 25)
        return b"".join(bytes(packet) for packet in [*encoder.encode(small), *encoder.encode(None)])
    except (av.error.FFmpegError, ValueError) as error:
        log.info("no thumbnail: %s", type(error).__name__)
        return None


def _fitted(width: int, height: int, box: tuple[int, int]) -> tuple[int, int]:
    """Inside the box, even numbers, nothing stretched."""
    scale = min(box[0] / width, box[1] / height, 1.0)
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)

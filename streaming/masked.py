"""A clip of a recording, rendered with everything hidden that its mask does not open: the picture in large cells, the sound as silence.

The cells are made before anything is encoded, so nothing of what is hidden is in the file. Pictures are rendered in pieces of ten seconds,
each a file of its own: what is killed goes on with the piece it was at, and the whole is the same to the last bit. Originals are only read.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from data.errors import BadInput
from data.rules import masks
from data.rules.masks import Mask, Span, Voice
from streaming.turned import upright

PIECE_MS = 10_000
KEY_EACH = 60  # frames: so far a player must go back to seek
KBPS_PER_MEGAPIXEL = 1_600
PIXELS_MOST = 4096 * 2176
RATE, BLOCK = 48_000, 960
FADE_MS = 20  # sound opens and closes so softly, inside its span: an encoder smears an edge over its frame
LOWER = 0.78  # of a changed voice: four semitones
TONE_HZ, TONE_LEVEL = 440, 3_000
MS = Fraction(1, 1000)
EXACT = {"fflags": "+bitexact"}  # no random ids, no date: the same clip is the same file
# A positive speed of libvpx follows the clock: a busy machine would write another file. One thread for the same reason.
SPEED = {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0", "auto-alt-ref": "0"}

log = logging.getLogger(__name__)
Samples = NDArray[np.int16]


class Cancelled(Exception):
    """Whoever asked for it does not want it any more."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of the recording. began_ms: UTC, of its first frame."""

    path: Path
    began_ms: int


@dataclass(frozen=True, slots=True)
class Rendered:
    path: Path
    sha256: str
    size: int
    duration_ms: int


class Rendering:
    """One clip on its way. sources: in their order; from_ms, to_ms: UTC; folder: its own, where the pieces and at last `masked.webm` are.

    tell: gets the share that is done, 0 … 1; stop: asked for each picture.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        from_ms: int,
        to_ms: int,
        mask: Mask,
        folder: Path,
        tell: Callable[[float], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._sources, self._from_ms, self._length_ms = sources, from_ms, to_ms - from_ms
        self._mask, self._folder, self._tell, self._stop = mask, folder, tell, stop

    def run(self) -> Rendered:
        """Until it is done. Raises Cancelled, BadInput mask.no_picture, OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        first = next(self._pictures(0, self._length_ms), None)
        if first is None:
            raise BadInput("no picture", code="mask.no_picture")
        size = first[1].width, first[1].height
        pieces = [self._piece(number, size) for number in range(-(-self._length_ms // PIECE_MS))]
        whole = self._folder / "masked.webm"
        self._join([piece for piece in pieces if piece is not None], whole)
        for piece in pieces:
            if piece is not None:
                piece.unlink(missing_ok=True)
        with whole.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._tell(1.0)
        return Rendered(whole, digest, whole.stat().st_size, self._length_ms)

    # --- pictures

    def _piece(self, number: int, size: tuple[int, int]) -> Path | None:
        """Ten seconds of pictures as a file; None when there are none. What is there already is not made again."""
        path, none = self._folder / f"piece-{number:03d}.webm", self._folder / f"piece-{number:03d}.none"
        if path.exists():
            return path
        if none.exists():
            return None
        begin, end = number * PIECE_MS, min((number + 1) * PIECE_MS, self._length_ms)
        pictures = self._pictures(begin, end)
        first = next(pictures, None)
        if first is None:
            none.touch()
            return None
        part = path.with_suffix(".part")
        with av.open(str(part), "w", format="webm", options=EXACT) as file:
            stream: Any = file.add_stream("libvpx", options=SPEED)
            stream.width, stream.height, stream.pix_fmt, stream.time_base = *size, "yuv420p", MS
            stream.codec_context.time_base, stream.codec_context.gop_size, stream.codec_context.thread_count = MS, KEY_EACH, 1
            stream.bit_rate = int(KBPS_PER_MEGAPIXEL * 1000 * size[0] * size[1] / 1e6)
            last = begin - 1
            for at_ms, picture in _after(first, pictures):
                if self._stop():
                    raise Cancelled
                last = max(last + 1, at_ms)
                hidden = hide(_fitted(picture, size), self._mask, at_ms)
                hidden.pts, hidden.time_base = last, MS
                file.mux(stream.encode(hidden))
                self._tell(0.98 * at_ms / self._length_ms)
            file.mux(stream.encode(None))
        _settle(part, path)
        return path

    def _pictures(self, begin: int, end: int) -> Iterator[tuple[int, Any]]:
        """Those of this stretch, ms since the clip's beginning, in their order."""
        for source, decoded in self._decoded("video", begin, end):
            for picture in decoded:
                at_ms = source.began_ms + _ms(picture) - self._from_ms
                if at_ms >= end:
                    break
                if at_ms >= begin:
                    yield at_ms, upright(picture)

    def _decoded(self, kind: str, begin: int, end: int) -> Iterator[tuple[Source, Iterator[Any]]]:
        """The files that may hold something of this stretch, each decoded from the key frame before it."""
        for place, source in enumerate(self._sources):
            after = self._sources[place + 1].began_ms if place + 1 < len(self._sources) else None
            since = begin + self._from_ms - source.began_ms
            if end + self._from_ms <= source.began_ms or (after is not None and after + PIECE_MS < begin + self._from_ms):
                continue
            with av.open(str(source.path)) as file:
                streams = file.streams.video if kind == "video" else file.streams.audio
                if not streams:
                    continue
                stream: Any = streams[0]
                if kind == "video":
                    stream.codec_context.options = {"max_pixels": str(PIXELS_MOST)}
                    stream.thread_type = "AUTO"
                if since > 0:
                    file.seek(max(0, since - (0 if kind == "video" else 200)) * 1000, any_frame=False, backward=True)
                yield source, _frames(file, stream)

    # --- sound and the whole

    def _join(self, pieces: Sequence[Path], whole: Path) -> None:
        part = whole.with_suffix(".part")
        with av.open(str(pieces[0])) as model, av.open(str(part), "w", format="webm", options=EXACT) as file:
            video = file.add_stream_from_template(model.streams.video[0])
            sound: Any = file.add_stream("libopus", RATE)
            sound.layout, sound.bit_rate = "mono", 48_000
            blocks = self._blocks(sound)
            said = next(blocks, None)
            for piece in pieces:
                with av.open(str(piece)) as pictures:
                    for packet in pictures.demux(video=0):
                        if packet.dts is None:
                            continue
                        while said is not None and said.pts * 1000 <= _ms(packet) * RATE:
                            file.mux(sound.encode(said))
                            said = next(blocks, None)
                        packet.stream = video
                        file.mux(packet)
            while said is not None:
                file.mux(sound.encode(said))
                said = next(blocks, None)
            file.mux(sound.encode(None))
        _settle(part, whole)

    def _blocks(self, _: Any) -> Iterator[Any]:
        """The sound from beginning to end: silence wherever no span opens it."""
        total = self._length_ms * RATE // 1000
        spans = iter(sorted(self._mask.sounds, key=lambda span: span.from_ms))
        opened: list[tuple[int, Samples]] = []  # where it begins, and what is heard from there on
        span = next(spans, None)
        for begin in range(0, total, BLOCK):
            while span is not None and span.from_ms * RATE // 1000 < begin + BLOCK:
                opened.append((span.from_ms * RATE // 1000, self._heard(span)))
                span = next(spans, None)
            block = np.zeros(BLOCK, np.int32)
            for since, samples in opened:
                low, high = max(since, begin), min(since + len(samples), begin + BLOCK)
                if low < high:
                    block[low - begin : high - begin] += samples[low - since : high - since]
            opened = [(since, samples) for since, samples in opened if since + len(samples) > begin + BLOCK]
            frame = av.AudioFrame.from_ndarray(np.clip(block, -32_768, 32_767).astype(np.int16).reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, begin, Fraction(1, RATE)
            yield frame

    def _heard(self, span: Span) -> Samples:
        """What of this span is heard, softly from its beginning to its end."""
        wanted = (span.to_ms - span.from_ms) * RATE // 1000
        if span.voice is Voice.TONE:
            samples = (np.sin(2 * np.pi * TONE_HZ * np.arange(wanted) / RATE) * TONE_LEVEL).astype(np.int16)
        else:
            samples = self._original(span, wanted)
            samples = _lower(samples) if span.voice is Voice.CHANGED else samples
        fade = min(FADE_MS * RATE // 1000, wanted // 2)
        if fade:
            slope = np.linspace(0, 1, fade)
            samples[:fade] = (samples[:fade] * slope).astype(np.int16)
            samples[-fade:] = (samples[-fade:] * slope[::-1]).astype(np.int16)
        return samples

    def _original(self, span: Span, wanted: int) -> Samples:
        samples = np.zeros(wanted, np.int16)
        for source, decoded in self._decoded("audio", span.from_ms, span.to_ms):
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            for frame in decoded:
                at = (source.began_ms + _ms(frame) - self._from_ms - span.from_ms) * RATE // 1000
                if at >= wanted:
                    break
                for piece in resampler.resample(frame):
                    values = piece.to_ndarray().reshape(-1)
                    low, high = max(at, 0), min(at + len(values), wanted)
                    if low < high:
                        samples[low:high] = values[low - at : high - at]
                    at += len(values)
        return samples


# --- one picture ------------------------------------------------------------------------------------------------------------------------


def hide(picture: Any, mask: Mask, at_ms: float) -> Any:
    """The picture as an audience sees it at this moment of the clip. picture: yuv420p."""
    width, height = picture.width, picture.height
    wide, high = masks.cells(width, height)
    cells = picture.reformat(width=wide, height=high, interpolation="AREA").reformat(width=width, height=height, interpolation="POINT")
    shown, seen_through = (picture, cells) if mask.hides else (cells, picture)
    out = av.VideoFrame(width, height, "yuv420p")
    for into, outer in zip(planes(out), planes(shown), strict=True):
        into[:] = outer
    for box in masks.boxes_at(mask, at_ms):
        left, top, right, bottom = masks.pixels(box, width, height, mask.hides)
        for plane, (into, inner) in enumerate(zip(planes(out), planes(seen_through), strict=True)):
            half = 2 if plane else 1
            area = slice(top // half, bottom // half), slice(left // half, right // half)
            into[area] = inner[area]
    return out


def planes(picture: Any) -> list[NDArray[np.uint8]]:
    """Brightness and the two colours, as they lie in memory."""
    return [
        np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in picture.planes
    ]


def _fitted(picture: Any, size: tuple[int, int]) -> Any:
    if (picture.width, picture.height, picture.format.name) == (*size, "yuv420p"):
        return picture
    return picture.reformat(width=size[0], height=size[1], format="yuv420p")


def _lower(samples: Samples) -> Samples:
    """The same words at the same speed in a lower voice."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(format="s16", sample_rate=RATE, layout="mono", time_base=Fraction(1, RATE))
    steps = [
        source,
        graph.add("asetrate", f"{int(RATE * LOWER)}"),
        graph.add("aresample", f"{RATE}"),
        graph.add("atempo", f"{1 / LOWER:.6f}"),
    ]
    steps += [graph.add("aformat", "sample_fmts=s16:channel_layouts=mono"), graph.add("abuffersink")]
    graph.link_nodes(*steps).configure()
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
    graph.push(frame)
    graph.push(None)
    found: list[Samples] = []
    while True:
        try:
            found.append(graph.pull().to_ndarray().reshape(-1).astype(np.int16))
        except (av.error.BlockingIOError, av.error.EOFError):
            break
    changed = np.concatenate(found)[: len(samples)] if found else np.zeros(0, np.int16)
    return np.pad(changed, (0, len(samples) - len(changed))).astype(np.int16)


def _ms(of: Any) -> int:
    """When a frame or packet is shown, in its own file."""
    return int(of.pts * of.time_base * 1000)


# --- files ------------------------------------------------------------------------------------------------------------------------------


def _frames(file: Any, stream: Any) -> Iterator[Any]:
    """What can be decoded; a broken packet is left out."""
    packets = file.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError):
            return
        try:
            yield from (frame for frame in packet.decode() if frame.pts is not None)
        except av.error.FFmpegError as error:
            log.info("a packet cannot be decoded: %s", type(error).__name__)


def _after(first: tuple[int, Any], others: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    yield first
    yield from others


def _settle(part: Path, path: Path) -> None:
    """On the disk itself before it has its name: a file of that name is whole."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

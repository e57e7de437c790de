"""What the simulated officers' cameras show: a drawn street with a clock, a number on every picture and a beep a second; nobody in it.
What the simulated leader's camera shows: a drawn office and a figure without a face.

Drawn and encoded once, kept as packets: sending them costs no encoding. VP8 at 15 pictures a second, a whole one each second; Opus.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS = 640, 360, 15
SECONDS = 20
RATE = 48_000
BEEP_HZ, LEADER_BEEP_HZ, BEEP_S = 880, 660, 0.08
LEADER = 9  # the number of the clip that is no street
VIDEO_BASE, AUDIO_BASE = Fraction(1, FPS), Fraction(1, RATE)
Pixels = NDArray[np.uint8]

# Which of the seven strokes of a digit are drawn: top, left and right above, middle, left and right below, bottom.
STROKES = ("1110111", "0010010", "1011101", "1011011", "0111010", "1101011", "1101111", "1010010", "1111111", "1111011")


@dataclass(frozen=True, slots=True)
class Clip:
    """Encoded packets with their time in units of `VIDEO_BASE` and `AUDIO_BASE`."""

    video: list[tuple[int, bytes]]
    audio: list[tuple[int, bytes]]


def empty_street(of: int) -> Pixels:
    """What stands still before camera `of`: sky, houses, a road; (HEIGHT, WIDTH, 3) RGB."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    sky = ((118, 136, 152), (150, 132, 112), (112, 140, 128))[of % 3]
    picture[:200] = np.array(sky, np.uint8) + np.linspace(0, 40, 200, dtype=np.uint8)[:, None, None]
    picture[200:] = (92, 90, 84)
    for place in range(6):
        left, tall = place * 112 - 20 + of * 17, 70 + (place * 37 + of * 23) % 60
        _box(picture, left, 200 - tall, 96, tall, (70 + place * 9, 78 + place * 7, 90 + place * 5))
        for row in range(200 - tall + 12, 190, 26):
            for column in range(left + 10, left + 86, 24):
                _box(picture, column, row, 12, 12, (150, 158, 150))
    for dash in range(0, WIDTH, 80):
        _box(picture, dash, 292, 40, 4, (210, 206, 180))
    return picture


def street(ground: Pixels, number: int) -> Pixels:
    """The picture of this number: a car that drives by, the clock's seconds, the number itself."""
    picture = ground.copy()
    car = number * WIDTH // (FPS * 8) % (WIDTH + 160) - 160
    _box(picture, car, 232, 140, 34, (52, 84, 120))
    _box(picture, car + 26, 212, 80, 22, (86, 112, 140))
    for wheel in (car + 18, car + 100):
        _box(picture, wheel, 262, 22, 14, (24, 24, 26))
    _number(picture, f"{number // FPS % 60:02d}", 24, 84, 44)
    _number(picture, f"{number:04d}", 486, 84, 34)
    return picture


def office() -> Pixels:
    """What stands still before the leader's camera: a wall, a shelf, a flag without a sign, a figure without a face."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = (176, 184, 190)
    _box(picture, 0, 300, WIDTH, 60, (96, 72, 56))
    _box(picture, 430, 40, 180, 250, (112, 84, 62))
    for shelf in range(4):
        for book in range(10):
            _box(picture, 440 + book * 16, 50 + shelf * 60, 13, 46, (60 + book * 12, 90, 110 - shelf * 12))
    _box(picture, 60, 40, 6, 250, (150, 140, 110))
    _box(picture, 66, 46, 90, 60, (170, 44, 40))
    down, across = np.mgrid[:HEIGHT, :WIDTH]
    picture[((across - 300) / 110) ** 2 + ((down - 330) / 130) ** 2 < 1] = (36, 44, 60)
    picture[((across - 300) / 46) ** 2 + ((down - 160) / 58) ** 2 < 1] = (206, 178, 152)
    return picture


def in_office(ground: Pixels, number: int) -> Pixels:
    """The picture of this number: the clock's seconds and the number itself."""
    picture = ground.copy()
    _number(picture, f"{number // FPS % 60:02d}", 190, 24, 36)
    _number(picture, f"{number:04d}", 320, 24, 30)
    return picture


def _box(picture: Pixels, left: int, top: int, wide: int, tall: int, colour: tuple[int, int, int]) -> None:
    picture[max(0, top) : top + tall, max(0, left) : max(0, left + wide)] = colour


def _number(picture: Pixels, said: str, left: int, top: int, tall: int) -> None:
    wide, thick = tall // 2, max(3, tall // 9)
    half = tall // 2
    _box(picture, left - 10, top - 8, len(said) * (wide + thick * 3) + 12, tall + 16, (8, 14, 24))
    for place, digit in enumerate(said):
        x = left + place * (wide + thick * 3)
        boxes = (
            (x, top, wide, thick), (x, top, thick, half), (x + wide - thick, top, thick, half), (x, top + half - thick // 2, wide, thick),
            (x, top + half, thick, half), (x + wide - thick, top + half, thick, half), (x, top + tall - thick, wide, thick),
        )  # fmt: skip
        for drawn, box in zip(STROKES[int(digit)], boxes, strict=True):
            if drawn == "1":
                _box(picture, *box, (238, 245, 253))


def sound(hz: int = BEEP_HZ) -> NDArray[np.int16]:
    """One second (RATE,): a short beep, then silence."""
    t = np.arange(RATE) / RATE
    heard = (t < BEEP_S) * np.sin(2 * np.pi * hz * t) * np.minimum(1, np.minimum(t, np.maximum(BEEP_S - t, 0)) * 200)
    said: NDArray[np.int16] = (heard * 9_000).astype(np.int16)
    return said


def encode(of: int, seconds: int = SECONDS) -> Clip:
    """Draw and encode the clip of camera `of`."""
    return Clip(list(_video(of, seconds)), list(_audio(seconds, LEADER_BEEP_HZ if of == LEADER else BEEP_HZ)))


def _video(of: int, seconds: int) -> Iterator[tuple[int, bytes]]:
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.thread_count = 1  # several wait for each other at full speed: ten times the processor on a busy machine
    encoder.time_base, encoder.framerate, encoder.gop_size, encoder.bit_rate = VIDEO_BASE, Fraction(FPS), FPS, 450_000
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "error-resilient": "1", "keyint_max": str(FPS)}
    ground, drawn = (office(), in_office) if of == LEADER else (empty_street(of), street)
    for number in range(seconds * FPS):
        frame = av.VideoFrame.from_ndarray(drawn(ground, number), format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, VIDEO_BASE
        for packet in encoder.encode(frame):
            yield int(packet.pts or 0), bytes(packet)


def _audio(seconds: int, hz: int) -> Iterator[tuple[int, bytes]]:
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.format, encoder.layout, encoder.bit_rate = RATE, "s16", "stereo", 32_000
    encoder.time_base = AUDIO_BASE
    encoder.options = {"frame_duration": "20", "application": "voip"}
    second = np.repeat(sound(hz)[:, None], 2, axis=1)
    step = RATE // 50
    for place in range(seconds * 50):
        part = second[place % 50 * step : (place % 50 + 1) * step]
        frame = av.AudioFrame.from_ndarray(part.reshape(1, -1).copy(), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, place * step, AUDIO_BASE
        for packet in encoder.encode(frame):
            yield place * step, bytes(packet)


def load(folder: Path, of: int) -> Clip:
    """The clip of this camera: made once, kept in the folder, made anew when what is kept cannot be read."""
    file = folder / f"clip-{of}-{WIDTH}x{HEIGHT}-{FPS}-{SECONDS}.bin"
    try:
        return _read(file.read_bytes())
    except (OSError, ValueError):
        clip = encode(of)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(_written(clip))
        part.replace(file)
        return clip


def _written(clip: Clip) -> bytes:
    out = io.BytesIO()
    for kind in (clip.video, clip.audio):
        out.write(len(kind).to_bytes(4, "big"))
        for pts, data in kind:
            out.write(pts.to_bytes(8, "big") + len(data).to_bytes(4, "big") + data)
    return out.getvalue()


def _read(kept: bytes) -> Clip:
    """Raises ValueError."""
    at = 0

    def take(count: int) -> bytes:
        nonlocal at
        at += count
        if at > len(kept):
            raise ValueError("cut off")
        return kept[at - count : at]

    parts: list[list[tuple[int, bytes]]] = []
    for _ in range(2):
        count = int.from_bytes(take(4), "big")
        parts.append([(int.from_bytes(take(8), "big"), take(int.from_bytes(take(4), "big"))) for _ in range(count)])
    return Clip(*parts)

"""Short films for a screening, drawn one by one: an excavator takes a shed down, a door is sealed, goods are counted. Nobody in them."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS, SECONDS = 640, 360, 12, 12
Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]


def write_film(name: str, path: Path) -> int:
    """VP8 in WebM, without sound. Returns its length in milliseconds."""
    pictures = PICTURES[name]
    with av.open(str(path), "w", format="webm") as file:
        video: Any = file.add_stream("libvpx", options={"deadline": "realtime", "cpu-used": "8"})
        video.codec_context.thread_count = 1  # as clips.py
        video.width, video.height, video.pix_fmt, video.time_base = WIDTH, HEIGHT, "yuv420p", Fraction(1, 1000)
        video.codec_context.time_base, video.bit_rate, video.codec_context.gop_size = Fraction(1, 1000), 900_000, 2 * FPS
        for number, picture in enumerate(pictures()):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number * 1000 // FPS, Fraction(1, 1000)
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
    return SECONDS * 1000


def excavator() -> Iterator[Pixels]:
    """It drives up to a shed of corrugated iron, lowers its arm, and the shed goes down piece by piece."""
    ground = _landscape()
    for step in _steps():
        picture = ground.copy()
        fallen = min(1.0, max(0.0, (step - 0.45) / 0.45))
        _shed(picture, fallen)
        left = int(430 - 170 * min(1.0, step / 0.35))
        _machine(picture, left, 0.2 + 0.8 * min(1.0, max(0.0, (step - 0.3) / 0.2)) + 0.06 * np.sin(step * 60))
        yield picture


def door() -> Iterator[Pixels]:
    """A door of a workshop closes, and two strips of paper are put across it."""
    for step in _steps():
        picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        picture[:] = (168, 160, 148)
        for row in range(0, HEIGHT, 30):
            _box(picture, 0, row, WIDTH, 2, (150, 142, 130))
        _box(picture, 0, 310, WIDTH, 50, (110, 106, 100))
        _box(picture, 218, 58, 204, 254, (70, 66, 62))
        open_px = int(150 * (1 - min(1.0, step / 0.4)))
        _box(picture, 226, 66, 188, 246, (28, 30, 34))
        _box(picture, 226, 66, 188 - open_px, 246, (66, 96, 112))
        for panel in (92, 196):
            _box(picture, 242, panel, max(0, 156 - open_px), 84, (56, 82, 98))
        _box(picture, 384 - open_px, 186, 14, 26, (214, 190, 120))
        for place, begin in enumerate((0.5, 0.7)):
            _strip(picture, min(1.0, max(0.0, (step - begin) / 0.15)), bool(place))
        yield picture


def goods() -> Iterator[Pixels]:
    """Crates go by on rollers; for each of them a line is ticked on a sheet and a count goes up."""
    for step in _steps():
        picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        picture[:250] = (186, 190, 188)
        picture[250:] = (120, 118, 112)
        _box(picture, 0, 244, 440, 16, (84, 88, 92))
        for roller in range(0, 440, 24):
            _box(picture, roller + 4, 262, 14, 14, (60, 62, 66))
        way = step * 7
        for crate in range(8):
            left = int(430 - (way - crate) * 130)
            if -120 < left < 430:
                _crate(picture, left, crate)
        counted = int(max(0.0, way - 1.2))
        _box(picture, 460, 40, 160, 280, (246, 244, 236))
        for line in range(7):
            _box(picture, 500, 74 + line * 34, 100, 6, (140, 144, 150))
            if line < counted:
                _tick(picture, 474, 66 + line * 34)
        yield picture


PICTURES: dict[str, Callable[[], Iterator[Pixels]]] = {"excavator": excavator, "door": door, "goods": goods}


# --- the parts --------------------------------------------------------------------------------------------------------------------------


def _steps() -> Iterator[float]:
    count = SECONDS * FPS
    return (number / (count - 1) for number in range(count))


def _landscape() -> Pixels:
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:220] = np.array((166, 190, 206), np.uint8) + np.linspace(0, 36, 220, dtype=np.uint8)[:, None, None]
    down, across = np.mgrid[:HEIGHT, :WIDTH]
    hills = 190 - 26 * np.sin(across / 90) - 12 * np.sin(across / 37)
    picture[(down > hills) & (down < 230)] = (128, 146, 122)
    picture[222:] = (150, 132, 104)
    picture[(down > 262) & ((across + down * 3) % 97 < 6)] = (136, 118, 92)
    return picture


def _shed(picture: Pixels, fallen: float) -> None:
    """fallen: how much of it is down; 0 … 1."""
    top = int(118 + 150 * fallen)
    wide = int(196 - 40 * fallen)
    for rib in range(0, wide, 14):
        tilt = int(fallen * 34 * np.sin(rib))
        _box(picture, 40 + rib, top + max(0, tilt), 12, 278 - top - max(0, tilt), (122, 138, 150) if rib // 14 % 2 else (104, 120, 134))
    if fallen < 0.8:
        _box(picture, 30, top - 14 + int(fallen * 20), int(216 - 60 * fallen), 14, (150, 84, 60))
    if fallen < 0.3:
        _box(picture, 118, 206, 44, 72, (58, 66, 74))
    for piece in range(int(fallen * 16)):
        _box(picture, 20 + piece * 67 % 230, 268 - piece * 29 % 26, 34, 9, (112, 126, 138) if piece % 2 else (146, 96, 74))


def _machine(picture: Pixels, left: int, reach: float) -> None:
    """reach: how far its arm is down; 0 … 1."""
    _box(picture, left, 262, 170, 30, (46, 46, 50))
    for wheel in range(6):
        _disc(picture, left + 16 + wheel * 28, 277, 11, (86, 88, 92))
    _box(picture, left + 34, 214, 126, 48, (232, 170, 44))
    _box(picture, left + 40, 166, 58, 50, (232, 170, 44))
    _box(picture, left + 48, 174, 42, 32, (112, 152, 172))
    elbow = left - 30, int(120 + 14 * reach)
    hand = left - 96, int(150 + 96 * reach)
    _bar(picture, (left + 46, 216), elbow, 15, (216, 152, 36))
    _bar(picture, elbow, hand, 12, (216, 152, 36))
    _disc(picture, *hand, 22, (70, 72, 78))
    _disc(picture, hand[0] - 8, hand[1] - 8, 15, (98, 100, 106))


def _crate(picture: Pixels, left: int, number: int) -> None:
    tall = 64 + number * 13 % 34
    colour = ((178, 138, 92), (148, 118, 88), (164, 148, 110))[number % 3]
    _box(picture, left, 244 - tall, 96, tall, colour)
    for slat in range(0, tall, 22):
        _box(picture, left, 244 - tall + slat, 96, 3, tuple(part - 40 for part in colour))  # type: ignore[arg-type]
    _box(picture, left + 30, 244 - tall // 2 - 12, 36, 22, (240, 238, 228))


def _strip(picture: Pixels, length: float, rising: bool) -> None:
    """A paper strip across the door; length: how much of it is there."""
    for part in range(int(length * 120)):
        across = 210 + part * 220 // 120
        down = 130 + (part * 100 // 120 if not rising else 100 - part * 100 // 120)
        _box(picture, across, down, 4, 22, (244, 242, 232))
        if part % 12 == 6:
            _box(picture, across, down + 8, 4, 6, (196, 52, 46))


def _tick(picture: Pixels, left: int, top: int) -> None:
    _bar(picture, (left, top + 8), (left + 7, top + 16), 4, (36, 132, 84))
    _bar(picture, (left + 7, top + 16), (left + 20, top), 4, (36, 132, 84))


def _box(picture: Pixels, left: int, top: int, wide: int, tall: int, colour: Colour) -> None:
    picture[max(0, top) : max(0, top + tall), max(0, left) : max(0, left + wide)] = colour


def _disc(picture: Pixels, x: int, y: int, radius: int, colour: Colour) -> None:
    part = picture[max(0, y - radius) : y + radius + 1, max(0, x - radius) : max(0, x + radius + 1)]
    if part.size:
        down, across = np.mgrid[
            max(0, y - radius) : max(0, y - radius) + part.shape[0], max(0, x - radius) : max(0, x - radius) + part.shape[1]
        ]
        part[(down - y) ** 2 + (across - x) ** 2 <= radius**2] = colour


def _bar(picture: Pixels, start: tuple[int, int], end: tuple[int, int], thick: int, colour: Colour) -> None:
    count = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for part in range(0, count + 1, 2):
        x, y = (start[axis] + (end[axis] - start[axis]) * part // count for axis in (0, 1))
        _box(picture, x - thick // 2, y - thick // 2, thick, thick, colour)

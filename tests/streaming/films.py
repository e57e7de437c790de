"""Small films for the masks: every picture outside of what may be seen is full of a fine pattern, so that whatever leaks is found."""

import io
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from streaming.masked import planes

RATE = 48_000


def film(path: Path, times_ms: list[int], size: tuple[int, int] = (320, 180), tone_hz: float = 1_000, sound_ms: int | None = None) -> Path:
    """Pictures at these moments, each with a fine pattern and its own brightness; a tone from beginning to end."""
    path.write_bytes(_film(tuple(times_ms), size, tone_hz, sound_ms))
    return path


@lru_cache(maxsize=8)  # many tests want the same one, and making it costs more than most of them
def _film(times_ms: tuple[int, ...], size: tuple[int, int], tone_hz: float, sound_ms: int | None) -> bytes:
    width, height = size
    made = io.BytesIO()
    with av.open(made, "w", format="webm") as file:
        video: Any = file.add_stream("libvpx", options={"deadline": "realtime", "cpu-used": "8"})
        video.width, video.height, video.pix_fmt, video.time_base = width, height, "yuv420p", Fraction(1, 1000)
        video.codec_context.thread_count = 1  # several wait for each other at full speed: ten times the processor
        video.codec_context.time_base, video.bit_rate, video.codec_context.gop_size = Fraction(1, 1000), 4_000_000, 30
        sound: Any = file.add_stream("libopus", RATE)
        sound.layout = "mono"
        length_ms = times_ms[-1] + 40 if sound_ms is None else sound_ms
        blocks = iter(range(0, length_ms * RATE // 1000, 960))
        block = next(blocks, None)
        for number, at_ms in enumerate(times_ms):
            while block is not None and block * 1000 <= at_ms * RATE:
                file.mux(sound.encode(_tone(block, tone_hz)))
                block = next(blocks, None)
            picture = av.VideoFrame(width, height, "yuv420p")
            for into, values in zip(planes(picture), _pattern(width, height, number), strict=True):
                into[:] = values
            picture.pts, picture.time_base = at_ms, Fraction(1, 1000)
            file.mux(video.encode(picture))
        while block is not None:
            file.mux(sound.encode(_tone(block, tone_hz)))
            block = next(blocks, None)
        file.mux(video.encode(None))
        file.mux(sound.encode(None))
    return made.getvalue()


def _pattern(width: int, height: int, number: int) -> list[NDArray[np.uint8]]:
    """Bars of four pixels that move: nothing of them is left in a cell of the mosaic."""
    bars = (np.arange(width) + 2 * number) // 4 % 2 * 180 + 30
    half = (-(-height // 2), -(-width // 2))
    return [np.tile(bars.astype(np.uint8), (height, 1)), np.full(half, 110, np.uint8), np.full(half, 150, np.uint8)]


def _tone(block: int, tone_hz: float) -> Any:
    wave = np.sin(2 * np.pi * tone_hz * (np.arange(960) + block) / RATE) * 9_000
    frame = av.AudioFrame.from_ndarray(wave.astype(np.int16).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, block, Fraction(1, RATE)
    return frame


def pictures(path: Path) -> list[tuple[int, NDArray[np.uint8]]]:
    """The brightness of every picture, with its moment."""
    with av.open(str(path)) as file:
        decoded: Iterator[Any] = file.decode(video=0)
        return [(int(picture.pts * picture.time_base * 1000), planes(picture)[0].copy()) for picture in decoded]


def sound(path: Path) -> NDArray[np.int16]:
    """All of it, at 48 kHz."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(path)) as file:
        found = [piece.to_ndarray().reshape(-1) for frame in file.decode(audio=0) for piece in resampler.resample(frame)]
    return np.concatenate(found).astype(np.int16)


def fine(values: NDArray[np.uint8]) -> float:
    """How much of the fine pattern there is: the share of pixels that differ from those four further on."""
    wide = values.astype(np.int16)
    return float((np.abs(wide[:, 4:] - wide[:, :-4]) > 45).mean()) if wide.shape[1] > 4 else 0.0


def hertz(samples: NDArray[np.int16]) -> float:
    """The loudest tone."""
    strength = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(strength) * RATE / len(samples))

"""Generated media as a publisher sends it: a drawn picture and a tone, encoded once, cut into RTP packets. No camera, no faces."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import cycle, islice
from typing import Any

import av
import numpy as np
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder

FPS, SOUNDS_PER_S = 30, 50
KEY_EACH = 60  # frames


@dataclass(frozen=True, slots=True)
class Sent:
    """One packet of a clip. at_s: since the beginning."""

    kind: str
    seq: int
    timestamp: int
    marker: bool
    payload: bytes
    at_s: float


def pictures(codec: str, seconds: float, size: tuple[int, int] = (160, 96), kbps: int = 400) -> list[bytes]:
    """Encoded frames, the same two seconds again and again, each round beginning with a key frame."""
    return list(islice(cycle(_round(codec, size, kbps)), int(seconds * FPS)))


@cache
def _round(codec: str, size: tuple[int, int], kbps: int) -> tuple[bytes, ...]:
    """A bar moves over a changing ground."""
    encoder: Any = av.CodecContext.create({"vp8": "libvpx", "h264": "libx264"}[codec], "w")
    encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.bit_rate, encoder.gop_size = Fraction(1, FPS), FPS, kbps * 1000, KEY_EACH
    encoder.options = {"deadline": "realtime", "cpu-used": "8"} if codec == "vp8" else {"preset": "ultrafast", "tune": "zerolatency"}
    ground = np.random.default_rng(1).integers(0, 12, (size[1] * 3 // 2, size[0]), np.uint8)
    frames: list[bytes] = []
    for number in range(KEY_EACH):
        drawn = np.roll(ground, number * 7, axis=1) + np.uint8(number % 120)
        drawn[: size[1], (number * 4) % size[0]] = 255
        frame = av.VideoFrame.from_ndarray(drawn, format="yuv420p")
        frame.pts = number
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    return (*frames, *(bytes(packet) for packet in encoder.encode(None)))


@cache
def sounds(seconds: float, tone_hz: float = 440.0) -> tuple[bytes, ...]:
    """Opus packets of 20 ms."""
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "s16"
    packets = []
    for number in range(int(seconds * SOUNDS_PER_S)):
        wave = np.sin(2 * np.pi * tone_hz * (np.arange(960) + number * 960) / 48_000) * 8_000
        frame = av.AudioFrame.from_ndarray(wave.astype(np.int16).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, number * 960
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(packets)


def packets(codec: str, frame: bytes, number: int) -> list[bytes]:
    """The payloads of one encoded frame."""
    if codec == "h264":
        return list(H264Encoder._packetize(H264Encoder._split_bitstream(frame)))
    return list(Vp8Encoder._packetize(frame, number & 0x7FFF))


def clip(codec: str | None, seconds: float, sound: bool = True, **how: Any) -> Iterator[Sent]:
    """Both tracks in the order in which they are sent."""
    sent: list[Sent] = []
    if codec is not None:
        seq = 70_000
        for number, frame in enumerate(pictures(codec, seconds, **how)):
            cut = packets(codec, frame, number)
            for place, payload in enumerate(cut):
                sent.append(Sent("video", seq, (number * 3_000 + 2**32 - 9_000) % 2**32, place == len(cut) - 1, payload, number / FPS))
                seq += 1
    if sound:
        sent += [
            Sent("audio", 90_000 + number, (number * 960 + 77) % 2**32, False, payload, number / SOUNDS_PER_S)
            for number, payload in enumerate(sounds(seconds))
        ]
    yield from sorted(sent, key=lambda each: each.at_s)

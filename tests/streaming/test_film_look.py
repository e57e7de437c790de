"""What a look into a file from outside finds, and what it refuses before anything is decoded in earnest."""

import struct
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from data.errors import NotMedia
from streaming.film_look import look
from tests.brought import short_film
from tests.streaming.turned_films import QUARTERS, turned


def drawn(path: Path, codec: str = "libx264", size: tuple[int, int] = (160, 96), first_ms: int = 0, **options: str) -> Path:
    """Two seconds of a grey picture, nothing else."""
    form = "mp4" if path.suffix == ".mp4" else "webm"
    with av.open(str(path), "w", format=form) as file:
        stream: Any = file.add_stream(codec, rate=10, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((size[1] * 3 // 2, size[0]), number, np.uint8), format="yuv420p")
            frame.pts, frame.time_base = first_ms + number * 100, Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def refused(path: Path) -> str:
    with pytest.raises(NotMedia) as why:
        look(path)
    return why.value.code


def test_films_of_both_kinds_are_told_by_what_is_in_them(tmp_path: Path) -> None:
    webm = tmp_path / "a.mp4"  # the name lies
    webm.write_bytes(short_film())
    assert (look(webm).form, look(webm).codec, look(webm).width) == ("webm", "vp8", 160)
    mp4 = look(drawn(tmp_path / "b.mp4"))
    assert (mp4.form, mp4.codec, mp4.streams) == ("mp4", "h264", 1)
    assert 1_800 <= mp4.duration_ms <= 2_100


def test_a_live_recording_without_a_length_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "live.webm"
    content = short_film()
    at = content.index(b"\x44\x89\x88")  # the duration's element becomes one that is skipped
    path.write_bytes(content[:at] + b"\xec\x89" + content[at + 2 : at + 3] + content[at + 3 :])
    found = look(path)
    assert 1_800 <= found.duration_ms <= 2_100


def test_a_phone_held_upright_is_taken_and_a_mirrored_or_slanted_picture_is_refused(tmp_path: Path) -> None:
    """A browser turns it, and so does the rendering; what neither does by quarters would put a window elsewhere."""
    lying = drawn(tmp_path / "lying.mp4")
    for turns, size in ((0, (160, 96)), (1, (96, 160)), (2, (160, 96)), (3, (96, 160))):
        found = look(turned(lying, tmp_path / f"{turns}.mp4", QUARTERS[turns]))
        assert (found.width, found.height) == size
    for mark in ((-1.0, 0.0, 0.0, 1.0), (0.0, 1.0, 1.0, 0.0), (0.7071, 0.7071, -0.7071, 0.7071), (2.0, 0.0, 0.0, 2.0)):
        assert refused(turned(lying, tmp_path / "odd.mp4", mark)) == "video.turned", mark


def test_time_that_does_not_begin_at_zero_is_refused(tmp_path: Path) -> None:
    assert refused(drawn(tmp_path / "late.webm", "libvpx", first_ms=700)) == "video.shifted"


def test_pictures_that_no_browser_shows_and_pictures_too_large_are_refused(tmp_path: Path) -> None:
    assert refused(drawn(tmp_path / "old.mp4", "mpeg4")) == "video.codec"
    wide = bytearray(drawn(tmp_path / "wide.webm", "libvpx").read_bytes())
    for tag, value in ((b"\xb0\x81\xa0", b"\xb0\x81\xff"), (b"\xba\x81\x60", b"\xba\x81\xff")):
        at = wide.index(tag)
        wide[at : at + 3] = value  # says 255 × 255
    path = tmp_path / "lies.webm"
    path.write_bytes(wide)
    assert (look(path).width, look(path).height) == (160, 96), "what is decoded counts, not what is said"
    bomb = short_film().replace(b"\xb0\x81\xa0", b"\xb0\x81\xa0", 1)
    at = bomb.index(b"\x9d\x01\x2a")  # a VP8 key frame: its size follows
    path.write_bytes(bomb[: at + 3] + struct.pack("<HH", 16_383, 16_383) + bomb[at + 7 :])
    began = time.monotonic()
    assert refused(path).startswith("video.")
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(("said_ms", "code"), [(1e15, "too_long"), (-1.0, "not_film"), (float("inf"), ""), (float("nan"), "")])
def test_21_a_length_that_no_film_has_is_refused_before_it_is_decoded(tmp_path: Path, said_ms: float, code: str) -> None:
    """WebM says it as a float of its own: thirty thousand years, less than nothing; what is no number is not believed, pictures count."""
    raw = bytearray(drawn(tmp_path / "long.webm", "libvpx").read_bytes())
    at = raw.index(b"\x44\x89\x88") + 3
    raw[at : at + 8] = struct.pack(">d", said_ms)
    (tmp_path / "lies.webm").write_bytes(raw)
    if code:
        assert refused(tmp_path / "lies.webm") == f"video.{code}"
    else:
        assert 0 < look(tmp_path / "lies.webm").duration_ms < 14_400_000


@pytest.mark.parametrize(
    "content", [b"", b"\x1a\x45\xdf\xa3", b"\0\0\0\x18ftypisom", b"#EXTM3U\nfile:///etc/passwd", b"\x1a\x45\xdf\xa3" * 50_000]
)
def test_what_is_no_film_ends_at_once(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert refused(path) == "video.not_film"

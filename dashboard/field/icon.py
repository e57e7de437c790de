"""The app's icon: the two-zone button on the dark ground, drawn by code. Neutral: no emblem of any authority."""

import struct
import zlib

import numpy as np
import numpy.typing as npt

GROUND = "#050b16"
CALL = "#eef5fd"
SOS = "#8f0c1f"
SIZES = (180, 192, 512)  # iOS home screen, Android launcher, Android splash
# of a field of 512: left, top, right, bottom, radius; inside the safe zone of a maskable icon (80 %)
UPPER = (112.0, 96.0, 400.0, 288.0, 56.0)
LOWER = (112.0, 300.0, 400.0, 416.0, 56.0)

FloatArray = npt.NDArray[np.float64]


def svg() -> str:
    """For launchers that take any size."""
    left, top, right, joint, r = UPPER
    _, below, _, bottom, _ = LOWER
    upper = f"M{left:g} {joint:g}V{top + r:g}a{r:g} {r:g} 0 0 1 {r:g}-{r:g}H{right - r:g}a{r:g} {r:g} 0 0 1 {r:g} {r:g}V{joint:g}z"
    lower = f"M{left:g} {below:g}V{bottom - r:g}a{r:g} {r:g} 0 0 0 {r:g} {r:g}H{right - r:g}a{r:g} {r:g} 0 0 0 {r:g}-{r:g}V{below:g}z"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512"><path fill="{GROUND}" d="M0 0h512v512H0z"/>'
        f'<path fill="{CALL}" d="{upper}"/><path fill="{SOS}" d="{lower}"/></svg>'
    )


def png(size: int) -> bytes:
    """For those that want pixels (iOS). size: edge in pixels."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float64)
    x, y = (x + 0.5) * 512 / size, (y + 0.5) * 512 / size
    picture = np.broadcast_to(_rgb(GROUND), (size, size, 3)).copy()
    left, top, right, bottom, radius = UPPER
    _paint(picture, _inside(x, y, (left, top, right, bottom + radius, radius), size) * _step(bottom - y, size), CALL)
    left, top, right, bottom, radius = LOWER
    _paint(picture, _inside(x, y, (left, top - radius, right, bottom, radius), size) * _step(y - top, size), SOS)
    rows = np.concatenate([np.zeros((size, 1), np.uint8), picture.round().astype(np.uint8).reshape(size, size * 3)], axis=1)
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)) + _chunk(b"IEND", b"")


def _inside(x: FloatArray, y: FloatArray, box: tuple[float, float, float, float, float], size: int) -> FloatArray:
    """How much of each pixel lies in a rounded box, 0 to 1, from the signed distance to its edge."""
    left, top, right, bottom, radius = box
    dx = np.abs(x - (left + right) / 2) - (right - left) / 2 + radius
    dy = np.abs(y - (top + bottom) / 2) - (bottom - top) / 2 + radius
    outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0) - radius
    return _step(-outside, size)


def _step(distance: FloatArray, size: int) -> FloatArray:
    """1 inside, 0 outside, soft over one pixel."""
    covered: FloatArray = np.clip(distance * size / 512 + 0.5, 0, 1)
    return covered


def _paint(picture: FloatArray, cover: FloatArray, colour: str) -> None:
    picture += cover[:, :, None] * (_rgb(colour) - picture)


def _rgb(colour: str) -> FloatArray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)


def _chunk(kind: bytes, data: bytes) -> bytes:
    """One part of a PNG file (ISO/IEC 15948)."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

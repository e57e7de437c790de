"""A minute of 720p rendered with three moving windows: how long it takes, what memory, and whether anything hidden is in the file.

A fine pattern fills every picture of the film; outside the windows none of it may be left. Odd sizes and a rate that varies are looked
through too. `control`: the same search in the film itself. `--seconds` of film.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from data.rules import masks
from data.rules.masks import Box, Key, Mask, Span, Window
from streaming.masked import RATE
from tests.streaming.films import film, pictures, sound

EDGE = 8  # pixels: what an encoder smears beside the edge of a window is what is open there anyway
QUIET = 60
SIZES = ((1281, 721), (718, 1280), (322, 182))
WORK = """import resource, sys
from pathlib import Path
import orjson
from data.rules import masks
from streaming.masked import Rendering, Source
source, folder, length_ms, mask = sys.argv[1:]
Rendering([Source(Path(source), 0)], 0, int(length_ms), masks.read(orjson.loads(mask), int(length_ms)), Path(folder)).run()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="mask")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args(words)
    length_ms = 1_000 * options.seconds
    mask = _mask(length_ms)
    with tempfile.TemporaryDirectory(prefix="ecc-") as kept:
        folder = Path(kept)
        source = film(folder / "film.webm", list(range(0, length_ms, 40)), (1280, 720))
        took_s, rss_mb = _render(source, folder / "out", length_ms, mask)
        leaked, looked, heard_ms = _leaks(folder / "out/masked.webm", mask)
        control, of, control_ms = _leaks(source, mask)
        for number, size in enumerate(SIZES):
            short = _mask(4_000)
            times = sorted({at_ms + (at_ms * 7919) % 33 for at_ms in range(0, 4_000, 40)} | {0})
            _render(film(folder / f"{number}.webm", times, size), folder / f"out{number}", 4_000, short)
            more = _leaks(folder / f"out{number}/masked.webm", short)
            leaked, looked, heard_ms = leaked + more[0], looked + more[1], heard_ms + more[2]
    return {
        "realtime_ratio": round(took_s / options.seconds, 3),
        "rss_mb": round(rss_mb, 1),
        "leaked_frames": leaked,
        "frames": looked,
        "control_frames": f"{control} of {of}",
        "control_ms": control_ms,
        "audio_leaked_ms": heard_ms,
        "seconds": options.seconds,
    }


def _mask(length_ms: int) -> Mask:
    """Three windows that move, two spans of sound."""
    ways = ((0.0, 0.0, 0.7, 0.1), (0.4, 0.6, 0.1, 0.3), (0.8, 0.2, 0.55, 0.75))
    windows = tuple(
        Window((Key(0, Box(x, y, x + 0.2, y + 0.25)), Key(length_ms, Box(to_x, to_y, to_x + 0.15, to_y + 0.2))))
        for x, y, to_x, to_y in ways
    )
    return Mask(windows, (Span(length_ms // 6, length_ms // 3), Span(length_ms // 2, length_ms // 2 + 700)))


def _render(source: Path, folder: Path, length_ms: int, mask: Mask) -> tuple[float, float]:
    """In a process of its own. Returns seconds, most memory in MB."""
    began = time.monotonic()
    command = [sys.executable, "-c", WORK, str(source), str(folder), str(length_ms), orjson.dumps(masks.written(mask)).decode()]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return time.monotonic() - began, int(said) / 1000


def _leaks(rendered: Path, mask: Mask) -> tuple[int, int, int]:
    """Pictures with anything of the pattern outside the windows, pictures looked at, milliseconds of sound outside the spans."""
    leaked = looked = 0
    for at_ms, values in pictures(rendered):
        height, width = values.shape
        covered = np.zeros(values.shape, bool)
        for box in masks.boxes_at(mask, at_ms):
            left, top, right, bottom = masks.pixels(box, width, height)
            covered[max(0, top - EDGE) : bottom + EDGE, max(0, left - EDGE) : right + EDGE] = True
        wide = values.astype(np.int16)
        differ = (np.abs(wide[:, 4:] - wide[:, :-4]) > 45) & ~covered[:, 4:] & ~covered[:, :-4]
        leaked += bool(differ.any())
        looked += 1
    heard = np.abs(sound(rendered).astype(int)) > QUIET
    for span in mask.sounds:
        heard[span.from_ms * RATE // 1000 : span.to_ms * RATE // 1000] = False
    return leaked, looked, int(np.ceil(heard.sum() * 1000 / RATE))

"""Ten million fixes of one day into the archive, and one unit's track out of it: seconds, milliseconds, memory.

The day is 348 units at one fix a second for eight hours, written as the door writes it but in one go. `seconds` is from the sealed day file
to the archive file on disk with its digest, in the process that the jobs use; `cpu_s` is that process's work, `rss_mb` its highest.
`first_track_ms` holds the comparison of the whole file with its digest, and the loading of the library; `track_ms` is the 95th percentile
of the next looks, each at another unit; `raw_track_ms` the same from the day file. `--fixes` of the day.
"""

import argparse
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from geo.fixes import Fix
from streaming.archive import Archive, archive_file
from streaming.history import History
from tests.bench.__main__ import percentile

EACH = 28_800
T = 1_764_028_800_000  # 2025-11-25 00:00 UTC
DAY, NAME, SEAL = date(2025, 11, 25), "20251125", "01KB0000000000000000000000"
LOOKS = 40
_INSERT = "INSERT INTO fix VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="archive")
    parser.add_argument("--fixes", type=int, default=10_000_000)
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder))
        history.keep([_fix()], T).result(30)  # the file with its tables
        units = _fill(Path(folder) / f"positions-{NAME}.db", options.fixes)
        history.seal(NAME)
        path = archive_file(Path(folder), SEAL, DAY)
        began = time.monotonic()
        said = _archive(history.sealed_file(NAME), path)
        seconds, usage = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        archive = Archive(Path(folder))

        def look(unit: int) -> list[Fix]:
            return archive.track(SEAL, DAY, said["sha256"], unit, T, T + 86_400_000)

        first, _ = _timed(lambda: look(1000))
        asked = np.random.default_rng(1).integers(1000, 1000 + units, LOOKS).tolist()
        archived = [_timed(lambda unit=unit: look(unit)) for unit in asked]  # type: ignore[misc]
        raw = [_timed(lambda unit=unit: history.track(unit, T, T + 86_400_000)) for unit in asked]  # type: ignore[misc]
        figures = {
            "fixes": said["fixes"],
            "seconds": round(seconds, 1),
            "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
            "rss_mb": round(usage.ru_maxrss / 1024),
            "track_ms": percentile([milliseconds for milliseconds, _ in archived], 95),
            "track_p50_ms": percentile([milliseconds for milliseconds, _ in archived], 50),
            "first_track_ms": round(first, 1),
            "raw_track_ms": percentile([milliseconds for milliseconds, _ in raw], 95),
            "equal": sum(ours == theirs for (_, ours), (_, theirs) in zip(archived, raw, strict=True)),
            "looks": LOOKS,
            "points": len(archived[0][1]),
            "bytes_per_fix": round(said["size"] / said["fixes"], 1),
            "raw_bytes_per_fix": round((Path(folder) / f"positions-{NAME}.db").stat().st_size / said["fixes"], 1),
        }
        history.close()
    return figures


def _fix() -> Fix:
    return Fix("0", 999, 999, T, 40.0, 101.8, 8.0, None, None, 70, "GPS", False)


def _fill(day_file: Path, fixes: int) -> int:
    """How many units' days were written."""
    random = np.random.default_rng(1)
    units = max(1, round(fixes / EACH))
    connection = sqlite3.connect(day_file, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")  # of the bench's own file only
    for unit in range(units):
        connection.execute("BEGIN")
        connection.executemany(_INSERT, _day_of(unit, random, EACH if unit else EACH + fixes - units * EACH - 1))
        connection.execute("COMMIT")
    connection.close()
    return units


def _day_of(unit: int, random: np.random.Generator, many: int) -> Iterator[tuple[Any, ...]]:
    """A walk of at most a metre a second, with ids as a phone makes them."""
    lat, lon = (start + np.cumsum(random.integers(-90, 91, many)) for start in (400_000_000, 1_018_000_000))
    tails = random.integers(1 << 62, size=(many, 2)).tolist()
    accuracy = (random.integers(30, 200, many) / 10).tolist()
    for i, (lat_e7, lon_e7, tail) in enumerate(zip(lat.tolist(), lon.tolist(), tails, strict=True)):
        id_ = f"01KB{unit:03d}{tail[0]:016X}{tail[1]:016X}"[:26]
        t_ms = T + i * 1000
        yield unit, t_ms, id_, 1000 + unit, lat_e7, lon_e7, accuracy[i], abs(i % 90 - 45) / 10, i % 360, 70, "GPS", t_ms + 900


def _archive(day_file: Path, path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "streaming.archive", str(day_file), str(path)]
    done = subprocess.run(command, capture_output=True, check=True, env={})
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _timed(look: Callable[[], list[Fix]]) -> tuple[float, list[Fix]]:
    began = time.perf_counter()
    found = look()
    return (time.perf_counter() - began) * 1000, found

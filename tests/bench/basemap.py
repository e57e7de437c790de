"""`ecc basemap build` on a real extract of 0.7 MB (Helsinki, from a wheel of PyPI) and on an invented one of 100 MB.

Memory is that of the command and all its children together, looked at ten times a second. `--mb` of the large file. Without PyPI and
without a kept copy the real one is left out, and says so.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from data.settings import Settings, as_environ
from tests.maps import NoExtract, helsinki, write_osm
from tests.servers import free_port

LOOK_S = 0.1
TRIAL = 4  # copies of the invented district by which the size of one is known


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="basemap")
    parser.add_argument("--mb", type=float, default=100)
    options = parser.parse_args(words)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            seconds, rss_mb, tiles_mb = _build(helsinki(), Path(folder) / "real")
            figures |= {"seconds_real": round(seconds, 1), "rss_mb_real": round(rss_mb), "tiles_mb_real": round(tiles_mb, 2)}
        except NoExtract as away:
            print(f"no real extract: {away}", file=sys.stderr)
        large = Path(folder) / "large.osm.pbf"
        write_osm(large, TRIAL)
        nodes = write_osm(large, max(1, round(TRIAL * options.mb * 1e6 / large.stat().st_size)))
        seconds, rss_mb, tiles_mb = _build(large, Path(folder) / "large")
        figures |= {
            "mb": round(large.stat().st_size / 1e6, 1),
            "nodes": nodes,
            "seconds_100mb": round(seconds, 1),
            "rss_mb": round(rss_mb),
            "tiles_mb": round(tiles_mb, 1),
        }
    return figures


def _build(extract: Path, home: Path) -> tuple[float, float, float]:
    """Seconds, megabytes of memory at most, megabytes of tiles."""
    settings = Settings.of(home=home, port=free_port(), media_port=free_port())
    settings.make_folders()
    command = [sys.executable, "-m", "dashboard", "basemap", "build", str(extract)]
    began, most = time.monotonic(), 0.0
    with subprocess.Popen(command, env=as_environ(settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, _rss_mb(process.pid))
            time.sleep(LOOK_S)
    if process.returncode:
        raise RuntimeError(f"the build ended with {process.returncode}")
    return time.monotonic() - began, most, (settings.layers / "base.pmtiles").stat().st_size / 1e6


def _rss_mb(pid: int) -> float:
    try:
        command = psutil.Process(pid)
        return sum(_own(each) for each in (command, *command.children(recursive=True))) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def _own(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0.0

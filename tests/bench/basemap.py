"""`ecc basemap build` on a real extract of 0.7 MB (Helsinki, from a wheel of PyPI) and on an invented one of 100 MB.

Memory is that of the command and all its children together, looked at ten times a second. `--mb` of the large file. Without PyPI and
without a kept copy the real one is left out, and says so. Then the largest net of roads that is kept is made, read and
asked: `way_ms` until the first ways are there, `ways_ms` for the next, each for as many teams as a wall asks about.
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import shapely

from dashboard.ways import ASKED_MOST
from data.settings import Settings, as_environ
from geo.osm_extract import DRIVEN, Feature
from geo.road_net import MOST, NET, road_net
from geo.roads import RoadGraph
from geo.spool import Spool
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
        } | _ways(Path(folder))
    return figures


def _ways(folder: Path) -> dict[str, Any]:
    """The largest net of roads there may be, as a grid of streets of a hundred metres: made, read, asked."""
    side = int((MOST / 2) ** 0.5)
    with Spool(folder) as spool:
        for number, upright in itertools.product(range(side), (False, True)):
            along, across = 101.0 + 0.001 * np.arange(side), np.full(side, 40.0 + 0.001 * number)
            line = np.stack([across - 40.0 + 101.0, along - 101.0 + 40.0] if upright else [along, across], axis=1).round(7)
            spool.add(Feature("ways", shapely.to_wkb(shapely.linestrings(line)), "", 4 * DRIVEN.index("minor") + 3))
    began = time.monotonic()
    road_net(folder, None, None).graph.write(folder / NET)
    made = time.monotonic() - began
    before = psutil.Process().memory_info().rss
    began = time.monotonic()
    graph = RoadGraph.read(folder / NET)
    places = [(float(lat), float(lon)) for lat, lon in graph.nodes[:: len(graph.nodes) // 40]]
    graph.ways(places[:ASKED_MOST], places[-1])
    first = time.monotonic() - began
    held = psutil.Process().memory_info().rss - before
    began = time.monotonic()
    for place in places[-5:]:
        graph.ways(places[:ASKED_MOST], place)
    return {
        "corners": len(graph.nodes),
        "net_seconds": round(made, 1),
        "net_rss_mb": round(held / 1e6),
        "way_ms": round(first * 1000),
        "ways_ms": round((time.monotonic() - began) * 200),
    }


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

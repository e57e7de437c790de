"""A court's own workbook: 60 officers and 5,000 cases beside a running product until they stand on a wall's page, and 100,000 cases.

What counts is a wall's socket: the rows in which the communities' cases sum up to all. Meanwhile a phone calls twice a second; how long
the centre takes to keep that is told too. `--cases` of the large workbook.
"""

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import websockets
from ulid import ULID
from websockets.typing import Origin

from data.settings import Settings, as_environ
from tests.bench.__main__ import percentile
from tests.running import Product
from tests.servers import free_port
from tests.workbooks import court, write

FEW, OFFICERS = 5_000, 60
ROOT = Path(__file__).resolve().parents[2]


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="import")
    parser.add_argument("--cases", type=int, default=100_000)
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.xlsx", Path(folder) / "large.xlsx"
        with Product() as product:
            write(small, court(OFFICERS, FEW, product.settings.court_code))
            seconds_5k, panel_s, calls = asyncio.run(_beside(product, small))
        settings = Settings.of(home=Path(folder) / "home", port=free_port(), media_port=free_port(), court_code="岭0108")
        settings.make_folders()
        write(large, court(OFFICERS, options.cases, settings.court_code))
        seconds, rss_mb = _import(settings, large)
        again, _ = _import(settings, large)
    return {
        "seconds_5k": round(seconds_5k, 1),
        "panel_s": round(panel_s, 2),
        "calls": len(calls),
        "call_p95_ms": percentile(calls, 95),
        "call_longest_ms": round(max(calls), 1),
        "cases": options.cases,
        "seconds_100k": round(seconds, 1),
        "again_seconds": round(again, 1),
        "rss_mb": round(rss_mb),
    }


async def _beside(product: Product, file: Path) -> tuple[float, float, list[float]]:
    """Seconds of the import, and from its end to the last case's row on a wall; milliseconds of each call meanwhile."""
    headers = {"Cookie": f"ecc_wall={product.seeded.wall}"}
    live, origin = f"{product.live}?face=wall", Origin(product.origin)
    counts: dict[str, int] = {}
    arrived = asyncio.Event()
    async with websockets.connect(live, additional_headers=headers, origin=origin, max_size=None) as viewer:
        reading = asyncio.create_task(_read(viewer, counts, arrived))
        milliseconds: list[float] = []
        calling = asyncio.create_task(_call(product, milliseconds))
        seconds, _ = await asyncio.to_thread(_import, product.settings, file)
        ended = time.monotonic()
        calling.cancel()
        async with asyncio.timeout(120):
            await arrived.wait()
        waited = time.monotonic() - ended
        reading.cancel()
    return seconds, waited, milliseconds


async def _call(product: Product, milliseconds: list[float]) -> None:
    """From the POST to the answer that the call is kept; units by turns, each call ended at once."""
    units = list(product.seeded.devices.items())
    async with httpx.AsyncClient(base_url=product.origin, timeout=30) as phone:
        for place in itertools.count():
            _, token = units[place % len(units)]
            headers = {"authorization": f"Bearer {token}"}
            call = {"id": str(ULID()), "t": datetime.now(UTC).isoformat(), "fix": None}
            began = time.monotonic()
            (await phone.post("/ingest/calls", json=call, headers=headers)).raise_for_status()
            if place:  # what the first one does for the first time is nothing of an import's
                milliseconds.append((time.monotonic() - began) * 1000)
            (await phone.post("/ingest/calls/end", json={"id": call["id"]}, headers=headers)).raise_for_status()
            await asyncio.sleep(0.5)


async def _read(viewer: websockets.ClientConnection, counts: dict[str, int], arrived: asyncio.Event) -> None:
    async for message in viewer:
        said: dict[str, Any] = json.loads(message) if isinstance(message, str) else {"type": "frame"}
        for kind, id_, row in said.get("rows", ()) if said["type"] == "rows" else ():
            if kind == "area" and row is not None:
                counts[id_] = row["cases"]
        if sum(counts.values()) >= FEW:
            arrived.set()


def _import(settings: Settings, file: Path) -> tuple[float, float]:
    """Seconds, and the most memory it ever held, MB."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "import", str(file)], env=as_environ(settings), cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    said = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(said[-2000:])
    return time.monotonic() - began, usage.ru_maxrss / 1024

"""From a commit in one process to a `/live` viewer in another, through the web process, in a masked Sight; the bus is killed in mid-run.

`--db sqlite|postgresql`, `--events` how many, `--rate` commits a second.
"""

import argparse
import asyncio
import json
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from multiprocessing.connection import Connection
from typing import Any

import psutil
import websockets
from ulid import ULID
from websockets.typing import Origin

from data.actions.calls import end_call, place_call
from data.engines import open_database
from data.journal import Journal
from data.rules.permissions import Actor, Role
from data.sealing import load_sealing
from data.settings import Settings
from streaming.bus import Bus
from streaming.bus_server import BusServer
from tests.bench.__main__ import percentile
from tests.running import Product
from tests.servers import PostgresServer

UNIT = 1001


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="journal")
    parser.add_argument("--db", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--events", type=int, default=400)
    parser.add_argument("--rate", type=float, default=20.0)
    options = parser.parse_args(words)
    if options.db == "sqlite":
        with Product() as product:
            return asyncio.run(_measure(product, options))
    server = PostgresServer()
    try:
        server.start()
        with Product(database_url=server.create_database("bench")) as product:
            return asyncio.run(_measure(product, options))
    finally:
        server.close()


async def _measure(product: Product, options: argparse.Namespace) -> dict[str, Any]:
    bus = psutil.Process(product.pids()["web"]).environ()["ECC_REDIS_URL"]
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    arguments = (product.settings, bus, product.seeded.officers[UNIT], options.events, options.rate, theirs)
    writer = multiprocessing.get_context("spawn").Process(target=_write, args=arguments, daemon=True)
    headers = {"Cookie": f"ecc_wall={product.seeded.wall}"}
    async with websockets.connect(
        f"{product.live}?face=wall", additional_headers=headers, origin=Origin(product.origin), max_size=None
    ) as viewer:
        seen: dict[str, list[float]] = {}
        states: dict[str, str] = {}
        reading = asyncio.create_task(_read(viewer, seen, states))
        writer.start()
        await asyncio.sleep(options.events / options.rate / 2 + 3)
        product.kill("bus")
        committed: dict[str, float] = await asyncio.to_thread(ours.recv)
        await asyncio.sleep(3)
        reading.cancel()
    latencies = [(seen[id_][0] - at) * 1000 for id_, at in committed.items() if id_ in seen]
    arrivals = sorted(times[0] for times in seen.values())
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    return {
        "db": options.db,
        "events": len(committed),
        "p50_ms": percentile(latencies, 50),
        "p95_ms": percentile(latencies, 95),
        "lost": len(committed.keys() - seen.keys()),
        "doubled": sum(len(times) - 1 for times in seen.values()),
        "longest_gap_ms": round(max(gaps) * 1000, 1),
    }


async def _read(viewer: websockets.ClientConnection, seen: dict[str, list[float]], states: dict[str, str]) -> None:
    """When each call first appeared ringing; ringing again after it was known to be is a doubled one."""
    async for message in viewer:
        at = time.time()
        said: dict[str, Any] = json.loads(message) if isinstance(message, str) else {"type": "frame"}
        for kind, id_, row in said.get("rows", ()) if said["type"] == "rows" else ():
            if kind == "call" and row is not None and states.get(id_) != row["state"]:
                if row["state"] == "RINGING" or id_ not in seen:
                    seen.setdefault(id_, []).append(at)
                states[id_] = row["state"]


def _write(settings: Settings, bus_url: str, officer_id: str, events: int, rate: float, pipe: Connection) -> None:
    """The committing process: places and ends calls at a steady rate, announcing on the bus; sends back when each was committed."""
    database, bus = open_database(settings.database_url), Bus(BusServer.at(bus_url))
    journal = Journal(database, load_sealing(settings.keys), settings.court_code, bus.announce)
    actor = Actor(kind="DEVICE", id="device:1", role=Role.DEVICE, court_code=settings.court_code, officer_id=officer_id)
    actor = replace(actor, unit_no=UNIT, device_no=1)
    committed: dict[str, float] = {}
    began = time.monotonic()
    for place in range(events):
        id_ = str(ULID())
        now = datetime.now(UTC)
        journal.do(actor, now, place_call, id_, now, None)
        committed[id_] = time.time()
        time.sleep(max(0.0, began + (place + 1) / rate - time.monotonic()))
        journal.do(actor, datetime.now(UTC), end_call, id_)
    pipe.send(committed)

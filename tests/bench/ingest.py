"""Enrolled devices post batches of 10 by HTTP: from the answer to a subscriber in another process, what was lost, what it cost.

`--units` and `--rate` (10,000 each), `--seconds`. A unit's time at the source makes each fix its own, and stands in the frame.
"""

import argparse
import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

import orjson
import psutil
import redis
from sqlalchemy import update
from ulid import ULID

from data.engines import open_database
from data.settings import Settings
from data.tables import DutyRow
from geo.packed import unpack
from streaming.history import History
from tests.bench.__main__ import percentile
from tests.bench.wall import _bus_url, _cpu_s
from tests.running import COURT, Product, Seeded, seed

BATCH = 10
WIRES = 64
WARM_S = 2
EVERY_MS = 1000  # between the times at the source of two fixes of one unit


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="ingest")
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=10_000, help="fixes a second, all devices together")
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args(words)
    with Product(lambda settings: _seed(settings, options.units)) as product:
        ours, theirs = multiprocessing.Pipe()
        subscriber = multiprocessing.get_context("spawn").Process(target=_subscribe, args=(_bus_url(product), theirs), daemon=True)
        subscriber.start()
        ours.recv()
        figures, answered = asyncio.run(_send(product, options))
        time.sleep(1)
        ours.send("stop")
        heard: dict[tuple[int, int], float] = ours.recv()
        history = History(product.settings.positions)
        kept = history.count()
        history.close()
    delays = [(heard[key] - at) * 1000 for key, at in answered.items() if key in heard]
    return figures | {
        "p50_ms": percentile(delays, 50),
        "p95_ms": percentile(delays, 95),
        "samples": len(delays),
        "lost": figures["acknowledged"] - kept,
        "units": options.units,
    }


def _seed(settings: Settings, units: int) -> Seeded:
    """As for the tests, but on duty for an hour already: the fixes lie in that hour."""
    seeded = seed(settings, officers=units)
    database = open_database(settings.database_url)
    with database.writes.begin() as connection:
        connection.execute(update(DutyRow).values(began_at=datetime.now(UTC) - timedelta(hours=1)))
    database.close()
    return seeded


async def _send(product: Product, options: argparse.Namespace) -> tuple[dict[str, Any], dict[tuple[int, int], float]]:
    tokens = list(product.seeded.devices.items())
    web = psutil.Process(product.pids()["web"])
    answered: dict[tuple[int, int], float] = {}
    queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue(WIRES * 4)
    counts = {"acknowledged": 0, "refused": 0}
    last = {unit: int(time.time() * 1000) - 30 * 60_000 for unit, _ in tokens}  # each unit's own past, so that no fix lies ahead
    wires = [asyncio.create_task(_wire(product.settings.port, queue, last, answered, counts)) for _ in range(WIRES)]
    used = began = 0.0
    before = 0
    start = time.monotonic()
    for batch in range((WARM_S + options.seconds) * options.rate // BATCH):
        due = start + batch * BATCH / options.rate
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        if not began and time.monotonic() - start > WARM_S:
            used, began, before = _cpu_s(web), time.monotonic(), counts["acknowledged"]
        await queue.put(tokens[batch % len(tokens)])
    while not queue.empty():
        await asyncio.sleep(0.01)
    spent, took, done = _cpu_s(web) - used, time.monotonic() - began, counts["acknowledged"] - before
    await asyncio.sleep(0.5)
    for wire in wires:
        wire.cancel()
    return {**counts, "rate_per_s": round(done / took), "cpu_us_per_fix": round(spent / max(done, 1) * 1e6, 1)}, answered


async def _wire(
    port: int, queue: asyncio.Queue[tuple[int, str]], last: dict[int, int], answered: dict[tuple[int, int], float], counts: dict[str, int]
) -> None:
    """One connection that stays open: a batch, its answer, the next."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        unit, token = await queue.get()
        first = last[unit] + EVERY_MS
        last[unit] += BATCH * EVERY_MS
        fixes = [_fix(unit, first + n * EVERY_MS) for n in range(BATCH)]
        body = orjson.dumps({"fixes": fixes})
        head = f"POST /ingest/positions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        said = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(said.partition(b"content-length:")[2].partition(b"\r\n")[0])
        answer = orjson.loads(await reader.readexactly(length))
        taken = len(answer.get("accepted", ()))
        counts["acknowledged"] += taken
        counts["refused"] += BATCH - taken
        if taken == BATCH:
            answered[unit, last[unit]] = time.time()


def _fix(unit: int, t_ms: int) -> dict[str, Any]:
    at = datetime.fromtimestamp(t_ms / 1000, UTC).isoformat(timespec="milliseconds")
    lat = COURT[0] + (unit % 100) * 1e-4 + (t_ms // EVERY_MS % 60) * 1e-5
    return {
        "id": str(ULID()),
        "t": at,
        "lat": lat,
        "lon": COURT[1],
        "accuracy_m": 8,
        "speed_mps": 2.5,
        "heading_deg": 10,
        "battery_pct": 80,
    }


def _subscribe(url: str, wire: Connection) -> None:
    """When each fix arrived, by unit and time at the source."""
    channel = redis.Redis.from_url(url).pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    channel.subscribe("fixes")
    channel.get_message(timeout=2)
    wire.send("ready")
    heard: dict[tuple[int, int], float] = {}
    while not wire.poll():
        message = channel.get_message(timeout=0.2)
        if message is None:
            continue
        at, frame = time.time(), unpack(message["data"])
        moments = frame.sent_at_ms - frame.records["age"].astype("i8")
        for unit, t_ms in zip(frame.records["unit"].tolist(), moments.tolist(), strict=True):
            heard[unit, t_ms] = at
    wire.send(heard)

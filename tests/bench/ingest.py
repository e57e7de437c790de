"""Enrolled devices post batches of 10 by HTTP: from the answer to a subscriber in another process, what was lost, what it cost.

`--units` and `--rate` (10,000 each), `--seconds`, `--saturate 0` to leave the raising of the rate out. Sender and subscriber are processes
of their own; the bodies are made before the clock starts, for the machine's cores belong to the server. A batch is known again in a frame
by its unit and the time at the source of its last fix; the rows are counted here, from the day files.
"""

import argparse
import itertools
import multiprocessing
import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

import orjson
import psutil
import redis
from sqlalchemy import insert
from ulid import ULID

from data.credentials import digest, new_token
from data.engines import open_database
from data.settings import Settings
from data.tables import DeviceRow, DutyRow, UnitRow
from geo.packed import unpack
from streaming.history import History
from tests.bench.__main__ import percentile
from tests.bench.wall import _bus_url, _cpu_s
from tests.running import COURT, Product, Seeded, seed

BATCH = 10
WIRES = 64
WARM_S = 2.0
BUILD_S = 10e-6  # to make one fix, with room to spare
STEPS = (15_000, 20_000, 25_000, 30_000, 35_000, 40_000, 50_000, 60_000, 80_000, 100_000)
STEP_S = 3.0
KEEPS_UP = 0.95  # of what was offered, answered in time
FIRST_UNIT, FIRST_DEVICE = 10_001, 100_001

Key = tuple[int, int]


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="ingest")
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=10_000, help="fixes a second, all devices together")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--saturate", type=int, default=1)
    options = parser.parse_args(words)
    with Product(lambda settings: _seed(settings, options.units)) as product:
        subscriber, heard_there = _process(_subscribe, _bus_url(product))
        sender, sent_there = _process(
            _send,
            product.settings.port,
            product.pids()["web"],
            list(product.seeded.devices.items()),
            options.rate,
            options.seconds,
            options.saturate,
        )
        figures, sent, answered = sent_there.recv()
        time.sleep(1)
        heard_there.send("stop")
        heard: dict[Key, float] = heard_there.recv()
        history = History(product.settings.positions)
        kept = history.count()
        history.close()
        for process in (subscriber, sender):
            process.join(10)
    delays = [(heard[key] - at) * 1000 for key, at in answered.items() if key in heard]
    whole = [(heard[key] - at) * 1000 for key, at in sent.items() if key in heard]
    return {
        **figures,
        "p50_ms": percentile(delays, 50),
        "p95_ms": percentile(delays, 95),
        "sent_p95_ms": percentile(whole, 95),
        "answer_p95_ms": percentile([(answered[key] - at) * 1000 for key, at in sent.items() if key in answered], 95),
        "samples": len(delays),
        "unheard": len(answered) - len(delays),
        "lost": figures["acknowledged"] - kept,
        "units": options.units,
    }


def _process(work: Any, *arguments: Any) -> tuple[Any, Connection]:
    """A process of its own, and the wire to it; returns when it is ready."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=work, args=(*arguments, theirs), daemon=True)
    process.start()
    ours.recv()
    return process, ours


def _seed(settings: Settings, units: int) -> Seeded:
    """The small court of the tests, and so many devices beside it, on duty for an hour: rows as enrolment leaves them."""
    seeded = seed(settings)
    now = datetime.now(UTC)
    seeded.devices = {FIRST_UNIT + place: new_token() for place in range(units)}
    database = open_database(settings.database_url)
    with database.writes.begin() as connection:
        numbered = [(FIRST_DEVICE + place, no, token) for place, (no, token) in enumerate(seeded.devices.items())]
        common = {"court_code": settings.court_code, "team_id": seeded.teams[0], "kind": "OFFICER", "on_duty": True, "duty_since": now}
        connection.execute(insert(UnitRow), [{"no": no, **common} for _, no, _ in numbered])
        phone = {"court_code": settings.court_code, "kind": "PHONE", "enrolled_at": now}
        connection.execute(
            insert(DeviceRow), [{"no": device, "unit_no": no, "token_hash": digest(token), **phone} for device, no, token in numbered]
        )
        began = now - timedelta(hours=1)
        connection.execute(insert(DutyRow), [{"id": str(ULID()), "unit_no": no, "began_at": began} for _, no, _ in numbered])
    database.close()
    return seeded


# --- the sender: a process of its own ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Wire:
    """One connection that stays open: a batch, its answer, the next."""

    socket: socket.socket
    read: bytearray = field(default_factory=bytearray)
    key: Key = (0, 0)


@dataclass
class Sender:
    """Sends what is due, on whichever connection is free, and notes what was answered when."""

    port: int
    sent: dict[Key, float] = field(default_factory=dict)
    answered: dict[Key, float] = field(default_factory=dict)
    acknowledged: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.free: deque[Wire] = deque()
        for _ in range(WIRES):
            wire = Wire(socket.create_connection(("127.0.0.1", self.port)))
            wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(wire.socket, selectors.EVENT_READ, wire)
            self.free.append(wire)

    def run(self, due: Sequence[tuple[float, Key, bytes]]) -> Iterator[float]:
        """Send all of it, each at its time or as soon as a connection is free. Yields the time, again and again."""
        place = 0
        while place < len(due) or len(self.free) < WIRES:
            now = time.time()
            while place < len(due) and due[place][0] <= now and self.free:
                wire = self.free.popleft()
                _, wire.key, request = due[place]
                self.sent[wire.key] = time.time()
                wire.socket.sendall(request)
                place += 1
            wait = 0.05 if place == len(due) or not self.free else max(0.0, min(0.05, due[place][0] - now))
            for ready, _ in self.selector.select(wait):
                self._take(ready.data)
            yield now

    def _take(self, wire: Wire) -> None:
        wire.read += wire.socket.recv(65_536)
        head, end, body = bytes(wire.read).partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        wire.read.clear()
        taken = len(orjson.loads(body).get("accepted", ()))
        self.acknowledged += taken
        self.refused += BATCH - taken
        if taken == BATCH:
            self.answered[wire.key] = time.time()
        self.free.append(wire)


def _send(port: int, web: int, tokens: list[tuple[int, str]], rate: int, seconds: int, saturate: int, wire: Connection) -> None:
    wire.send("ready")
    numbers, place = itertools.count(), itertools.count()
    sender, server = Sender(port), psutil.Process(web)
    due = _made(tokens, rate, WARM_S + seconds, numbers, place)
    used = began = 0.0
    before = 0
    for now in sender.run(due):
        if not began and now > due[0][0] + WARM_S:
            used, began, before = _cpu_s(server), now, sender.acknowledged
    spent, took, done = _cpu_s(server) - used, time.time() - began, sender.acknowledged - before
    figures: dict[str, Any] = {"rate_per_s": round(done / took), "cpu_us_per_fix": round(spent / max(done, 1) * 1e6, 1)}
    sent, answered = dict(sender.sent), dict(sender.answered)
    if saturate:
        figures |= _saturate(sender, tokens, numbers, place)
    wire.send((figures | {"acknowledged": sender.acknowledged, "refused": sender.refused}, sent, answered))


def _saturate(sender: Sender, tokens: list[tuple[int, str]], numbers: Iterator[int], place: Iterator[int]) -> dict[str, Any]:
    """Raise the rate until the server cannot keep up: the most fixes a second that it answered, and the rate that was too much."""
    most = 0
    for rate in STEPS:
        due = _made(tokens, rate, STEP_S, numbers, place)
        before = sender.acknowledged
        for _ in sender.run(due):
            pass
        answered = (sender.acknowledged - before) / (time.time() - due[0][0])
        most = max(most, round(answered))
        if answered < rate * KEEPS_UP:
            return {"saturation_per_s": most, "too_much_per_s": rate}
    return {"saturation_per_s": most, "too_much_per_s": None}


def _made(
    tokens: list[tuple[int, str]], rate: int, seconds: float, numbers: Iterator[int], place: Iterator[int]
) -> list[tuple[float, Key, bytes]]:
    """Requests with the time at which each is due: the devices in turn, each with what it measured since its last one."""
    count = int(seconds * rate / BATCH)
    start = time.time() + 0.3 + count * BATCH * BUILD_S
    every_ms = len(tokens) * 1000 / rate
    made = []
    for batch in range(count):
        at = start + batch * BATCH / rate
        unit, token = tokens[next(place) % len(tokens)]
        moments = [int(at * 1000 - (BATCH - 1 - n) * every_ms) for n in range(BATCH)]
        body = orjson.dumps({"fixes": [_fix(unit, moment, next(numbers)) for moment in moments]})
        head = (
            f"POST /ingest/positions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append((at, (unit, moments[-1]), head.encode() + body))
    return made


def _fix(unit: int, t_ms: int, number: int) -> dict[str, Any]:
    """Every one another: its id, its time, its place."""
    return {
        "id": f"01KB000000{number:016d}",
        "t": datetime.fromtimestamp(t_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "lat": COURT[0] + (unit % 100) * 1e-4 + (t_ms // 1000 % 60) * 1e-5,
        "lon": COURT[1] + (unit // 100 % 100) * 1e-4,
        "src_crs": "WGS84",
        "accuracy_m": 8,
        "speed_mps": 2.5,
        "heading_deg": 10,
        "battery_pct": 80,
        "provider": "GPS",
        "mock": False,
    }


# --- the subscriber: a process of its own -----------------------------------------------------------------------------------------------


def _subscribe(url: str, wire: Connection) -> None:
    """When each fix arrived, by unit and time at the source."""
    channel = redis.Redis.from_url(url).pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    channel.subscribe("fixes")
    channel.get_message(timeout=2)
    wire.send("ready")
    heard: dict[Key, float] = {}
    while not wire.poll():
        message = channel.get_message(timeout=0.2)
        if message is None:
            continue
        at, frame = time.time(), unpack(message["data"])
        moments = frame.sent_at_ms - frame.records["age"].astype("i8")
        for key in zip(frame.records["unit"].tolist(), moments.tolist(), strict=True):
            heard.setdefault(key, at)
    wire.send(heard)

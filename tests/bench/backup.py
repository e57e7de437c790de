"""A running court is backed up while 1,000 fixes a second arrive, and restored: what was lost, whether it is the same, who had to wait.

`--gb` (10): half of it positions of past days, half recordings; it takes three times as much disk. `--db postgresql`: the database is one,
and positions are files there too; `--rows` makes the database itself larger (ten million are 3 GB). lost: fixes that were acknowledged and
are not there, in the running court after the backup, and in the restored one of those acknowledged before it began. restore_equal: every
file bit for bit, every closed day and the database row for row, the journal to the number that the backup says. stall_p95_ms: from a
request of ten fixes to its answer, of those sent while the backup ran; before_p95_ms the same in the seconds before.
"""

import argparse
import hashlib
import itertools
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Wire
from pathlib import Path
from typing import Any

import orjson
import psutil
from sqlalchemy import Connection, collate, create_engine, make_url, select, text

from dashboard.backups.sealed import new_identity
from data.engines import open_database
from data.settings import Settings, as_environ
from data.tables import Table
from geo.fixes import Fix
from streaming.history import History
from tests.bench.__main__ import percentile
from tests.bench.ingest import BATCH, WIRES, Key, Sender, _fix, _process, _seed
from tests.running import Product
from tests.servers import PostgresServer, short_folder

BEFORE_S, AFTER_S = 8.0, 2.0
FILM_BYTES = 64_000_000
DAY_BYTES = 100_000_000
ROWS_AT_ONCE = 50_000  # no statement of ours may take five seconds
ROOT = Path(__file__).parents[2]
COMPARED = ("entry", "unit", "device", "officer", "team", "account", "received")
COUNTERS = (24, 40, 92)  # of an SQLite file: changes, schema cookie, the change it is valid for
SAID_BY_RESTORE = ("backup.restored", "audit.recorded")
MANY = {
    "sqlite": """
INSERT INTO received (sender, message_id, at) WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
SELECT 'bench', lower(hex(randomblob(44))) || i, :at FROM n""",
    "postgresql": """
INSERT INTO received (sender, message_id, at)
SELECT 'bench', md5(i::text) || md5((i + 0.5)::text) || i, :at FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS i""",
}


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="backup")
    parser.add_argument("--gb", type=float, default=10.0)
    parser.add_argument("--rate", type=int, default=1_000, help="fixes a second, all devices together")
    parser.add_argument("--units", type=int, default=1_000)
    parser.add_argument("--db", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--rows", type=int, default=0, help="rows that the database holds besides")
    options = parser.parse_args(words)
    folder, server = short_folder(), PostgresServer() if options.db == "postgresql" else None
    kept: dict[str, Any] = {"history_days": 400, "archive_days": 0}  # days stay: what is measured is the backup, not the archive
    url_back = ""
    try:
        if server is not None:
            server.start()
            kept["database_url"], url_back = server.create_database("bench"), server.create_database("back")
        with Product(lambda settings: _filled(settings, options.units, options.gb, options.rows), **kept) as product:
            return _measured(product, folder, options.rate, url_back) | {"gb": options.gb, "rate": options.rate, "db": options.db}
    finally:
        if server is not None:
            server.close()
        shutil.rmtree(folder, ignore_errors=True)


def _measured(product: Product, folder: Path, rate: int, url_back: str) -> dict[str, Any]:
    secret, public = new_identity()
    (folder / "identity").write_text(secret)
    size = sum(path.stat().st_size for path in product.home.rglob("*") if path.is_file())
    database_bytes = _database_bytes(product.settings.database_url)
    sender, wire = _process(_send, product.settings.port, list(product.seeded.devices.items()), rate)
    time.sleep(BEFORE_S)
    wire.send("how many")
    acknowledged_before: list[str] = wire.recv()
    began = time.time()
    words = ["backup", str(folder / "a.backup"), "--keys", str(folder / "a.keys"), "--recipient", public]
    rss_mb = _run(product.settings, words)
    ended = time.time()
    time.sleep(AFTER_S)
    wire.send("stop")
    answers, acknowledged = wire.recv()
    sender.join(10)
    restored = folder / "new"
    words = ["restore", str(folder / "a.backup"), "--keys", str(folder / "a.keys"), "--identity", str(folder / "identity")]
    restore_began = time.monotonic()
    elsewhere = product.settings.but(home=folder / "elsewhere", **({"database_url": url_back} if url_back else {}))
    _run(elsewhere, [*words, "--home", str(restored)])
    restore_s = time.monotonic() - restore_began
    during = [took for at, took in answers if began <= at <= ended]
    lost_there = len(set(acknowledged) - _ids(product.settings.positions))
    lost_back = len(set(acknowledged_before) - _ids(restored / "positions"))
    return {
        "lost": lost_there + lost_back,
        "restore_equal": _equal(product.home, restored)
        and _is_within(url_back or f"sqlite:///{restored / 'ecc.db'}", product.settings.database_url),
        "stall_p95_ms": percentile(during, 95),
        "stall_p50_ms": percentile(during, 50),
        "stall_max_ms": percentile(during, 100),
        "before_p95_ms": percentile([took for at, took in answers if at < began], 95),
        "seconds": round(ended - began, 1),
        "mb_per_s": round(size / 1e6 / (ended - began), 1),
        "restore_s": round(restore_s, 1),
        "rss_mb": rss_mb,
        "home_mb": round(size / 1e6),
        "database_mb": round(database_bytes / 1e6),
        "acknowledged": len(acknowledged),
        "answers_during": len(during),
    }


def _run(settings: Settings, words: list[str]) -> int:
    """`ecc` to its end. Returns the most memory it had, in MB."""
    settings.home.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen([sys.executable, "-m", "dashboard", *words], env=as_environ(settings), cwd=ROOT, stdout=subprocess.DEVNULL)
    seen, most = psutil.Process(process.pid), 0
    while process.poll() is None:
        try:
            most = max(most, seen.memory_info().rss)
        except psutil.Error:
            break
        time.sleep(0.1)
    if process.wait():
        raise RuntimeError(f"ecc {words[0]} ended with {process.returncode}")
    return round(most / 1e6)


# --- what there is -----------------------------------------------------------------------------------------------------------------------


def _filled(settings: Settings, units: int, gb: float, rows: int) -> Any:
    seeded = _seed(settings, units)
    _more_rows(settings.database_url, rows)
    chance = random.Random(5)
    half = int(gb * 1e9 / 2)
    block = chance.randbytes(min(FILM_BYTES, half))
    for number in range(max(1, half // FILM_BYTES)):
        path = settings.recordings / f"R{number:04d}" / "1.webm"
        path.parent.mkdir()
        path.write_bytes(number.to_bytes(8, "big") + block[: half - number * FILM_BYTES])
    _past_days(settings, half)
    return seeded


def _more_rows(url: str, rows: int) -> None:
    """Messages that were received before, made by the database itself; nothing that a compression makes small."""
    if not rows:
        return
    fill = MANY[make_url(url).get_backend_name()]
    database = open_database(url)
    for first in range(1, rows + 1, ROWS_AT_ONCE):
        with database.writes.begin() as connection:
            last = min(first + ROWS_AT_ONCE - 1, rows)
            connection.execute(text(fill), {"first": first, "last": last, "at": datetime.now(UTC).replace(tzinfo=None)})
    database.close()


def _database_bytes(url: str) -> int:
    if url.startswith("sqlite"):
        return Path(make_url(url).database or "").stat().st_size
    database = open_database(url)
    with database.reads.connect() as connection:
        size = connection.scalar(text("SELECT pg_database_size(current_database())"))
    database.close()
    return int(size or 0)


def _past_days(settings: Settings, size: int) -> None:
    """One full day as it is written, then the same file under earlier days' names."""
    history, day_ms = History(settings.positions), 86_400_000
    first = (int(time.time() * 1000) // day_ms - 2) * day_ms
    wanted, made = min(size, DAY_BYTES), 0
    numbers = itertools.count()
    while made < wanted:
        for _ in range(20):
            fixes = [
                Fix(
                    f"01KA{number:022d}",
                    1001 + number % 60,
                    1 + number % 60,
                    first + number // 60 * 200,
                    23.1,
                    112.5,
                    8.0,
                    2.5,
                    10.0,
                    70,
                    "GPS",
                    False,
                )
                for number in itertools.islice(numbers, 5_000)
            ]
            history.keep(fixes, first).result(60)
        made = sum(path.stat().st_size for path in settings.positions.glob("*.db"))
    history.close()
    (day,) = settings.positions.glob("positions-????????.db")
    for back in range(1, size // wanted):
        stamp = time.strftime("%Y%m%d", time.gmtime(first / 1000 - back * 86_400))
        shutil.copyfile(day, day.with_name(f"positions-{stamp}.db"))


def _ids(positions: Path) -> set[str]:
    """Of the newest two days: what was sent by us."""
    found: set[str] = set()
    for path in sorted(positions.glob("positions-????????.db"))[-2:]:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            found |= {name for (name,) in connection.execute("SELECT id FROM fix WHERE id GLOB '01KB*'")}
    return found


# --- whether it is the same --------------------------------------------------------------------------------------------------------------


def _equal(there: Path, back: Path) -> bool:
    """Of the running court only what has not changed since the backup can be compared; what has grown must hold all of it."""
    names = {path.relative_to(there) for path in there.rglob("*") if path.is_file()}
    files = sorted(name for name in names if name.parts[0] in ("recordings", "clips", "keys", "layers"))
    if any(_digest(there / name) != _digest(back / name) for name in files):
        return False
    today = max(there.glob("positions/positions-????????.db")).name
    days = [path.name for path in there.glob("positions/positions-????????.db")]
    return all(_same_rows(there / "positions" / day, back / "positions" / day, day == today) for day in days)


def _same_rows(there: Path, back: Path, grown: bool) -> bool:
    """Every fix of the day that came back is in the other, and, of what has not grown, the other way round."""
    if not grown and _same_pages(there, back):
        return True
    missing = "SELECT count(*) FROM (SELECT * FROM {0}.fix EXCEPT SELECT * FROM {1}.fix)"
    with closing(sqlite3.connect(there)) as connection:
        connection.execute("ATTACH ? AS back", (str(back),))
        if connection.execute(missing.format("back", "main")).fetchone()[0]:
            return False
        return grown or not connection.execute(missing.format("main", "back")).fetchone()[0]


def _same_pages(there: Path, back: Path) -> bool:
    """Bit for bit, but for the head's three counters of changes: a copy has counted its own."""
    with there.open("rb") as ours, back.open("rb") as others:
        heads = [bytearray(file.read(100)) for file in (ours, others)]
        for head in heads:
            for counter in COUNTERS:
                head[counter : counter + 4] = bytes(4)
        same = heads[0] == heads[1]
        while same and (block := ours.read(1 << 20)):
            same = block == others.read(1 << 20)
        return same and not others.read(1)


def _is_within(back: str, there: str) -> bool:
    """Every row that came back is in the other database as it is here, but for what the restore itself has said."""
    ours, others = create_engine(back), create_engine(there)  # not ours, which waits for no answer longer than five seconds
    try:
        with ours.connect() as here, others.connect() as running:
            return all(_rows_within(here, running, Table.metadata.tables[name]) for name in COMPARED)
    finally:
        ours.dispose()
        others.dispose()


def _rows_within(here: Connection, running: Connection, table: Any) -> bool:
    query = select(table).order_by(
        *(collate(key, "C") if here.dialect.name == "postgresql" and key.type.python_type is str else key for key in table.primary_key)
    )
    asked = {"stream_results": True, "yield_per": 10_000}
    others = iter(running.execute(query, execution_options=asked))
    for row in here.execute(query, execution_options=asked):
        if table.name == "entry" and row.kind in SAID_BY_RESTORE:
            continue
        if not any(other == row for other in others):  # goes on where the row before was found
            return False
    return True


def _digest(path: Path) -> str:
    if not path.exists():
        return f"no {path}"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- the sender: a process of its own ----------------------------------------------------------------------------------------------------


def _send(port: int, tokens: list[tuple[int, str]], rate: int, wire: Wire) -> None:
    """Ten fixes a request, at their time, until told to stop; each made when it is due."""
    sender, ids, answers = _Steady(port), [], []
    wire.send("ready")
    numbers, began = itertools.count(), time.time()
    made: dict[Key, list[str]] = {}
    for batch in itertools.count():
        sender.wait_until(began + batch * BATCH / rate)
        unit, token = tokens[batch % len(tokens)]
        now_ms = int(time.time() * 1000)
        fixes = [_fix(unit, now_ms - BATCH + place, next(numbers)) for place in range(BATCH)]
        key = (unit, now_ms)
        made[key] = [fix["id"] for fix in fixes]
        sender.post(key, token, orjson.dumps({"fixes": fixes}))
        for key, at in sender.fresh():
            answers.append((sender.sent[key], (at - sender.sent[key]) * 1000))
            ids.extend(made.pop(key, []))
        if wire.poll():
            if wire.recv() == "stop":
                break
            wire.send(list(ids))
    sender.wait_until(time.time() + 5, all_answered=True)
    for key, at in sender.fresh():
        answers.append((sender.sent[key], (at - sender.sent[key]) * 1000))
        ids.extend(made.pop(key, []))
    wire.send((answers, ids))


class _Steady(Sender):
    """Keeps to the hour of each request; one that finds no free connection waits, and the wait counts."""

    def wait_until(self, at: float, all_answered: bool = False) -> None:
        while (left := at - time.time()) > 0 and not (all_answered and len(self.free) == WIRES):
            for ready, _ in self.selector.select(left):
                self._take(ready.data)

    def post(self, key: Key, token: str, body: bytes) -> None:
        self.sent[key] = time.time()
        while not self.free:
            for ready, _ in self.selector.select(0.05):
                self._take(ready.data)
        wire = self.free.popleft()
        head = f"POST /ingest/positions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        wire.key = key
        wire.socket.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)

    def fresh(self) -> list[tuple[Key, float]]:
        """What was answered since it was asked last."""
        new = list(self.answered.items())
        self.answered.clear()
        return new

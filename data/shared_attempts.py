"""Failures of several web processes of one home, counted as one: a small file of its own in `HOME/run/`, never the court's database.

Six guesses stay six whichever process they come to. The file holds digests and moments, lives as long as the machine runs, and losing it
gives back six guesses; whoever cannot have it at once (another process stands still while it writes) counts alone meanwhile.
"""

import contextlib
import hashlib
import logging
import math
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from data.attempts import REMEMBERED, InMemory, Kept, Key
from data.rules.identity import Failures

NAME = "attempts.db"
WAITS_S = 0.1  # one turn takes a tenth of a millisecond; whoever holds it for longer is frozen
ALONE_S = 5.0  # so long it is then not asked again: each asking would stop the loop that answers everybody
SWEEP_EACH = 200  # failures written between two looks whether there are too many
BOOT = Path("/proc/sys/kernel/random/boot_id")  # moments are seconds since the machine's start
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS failure"
    " (key TEXT PRIMARY KEY, recent TEXT NOT NULL, waits INTEGER NOT NULL, until REAL, last REAL NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS boot (id TEXT PRIMARY KEY)",
)

log = logging.getLogger(__name__)


class Shared:
    """The file of one home. Safe from several threads and processes."""

    def __init__(self, run: Path, most: int = REMEMBERED, waits_s: float = WAITS_S) -> None:
        self._path, self._most, self._waits_s = run / NAME, most, waits_s
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._since_sweep = 0
        self._alone_until = float("-inf")

    def of(self, door: str) -> "OfDoor":
        """Those of one door: a guess at another door is none here."""
        return OfDoor(self, door)

    @contextlib.contextmanager
    def turn(self) -> Iterator[sqlite3.Connection]:
        """The file, for one look and one change. Raises sqlite3.Error, OSError: not now."""
        with self._lock:
            if time.monotonic() < self._alone_until:
                raise sqlite3.OperationalError("asked a moment ago")
            try:
                connection = self._opened()
                connection.execute("BEGIN IMMEDIATE")
            except (sqlite3.Error, OSError):
                self._alone_until = time.monotonic() + ALONE_S
                raise
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            self._sweep(connection)
            connection.execute("COMMIT")

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.touch(0o600)
            connection = sqlite3.connect(self._path, timeout=self._waits_s, isolation_level=None, check_same_thread=False)
            # Not synced: what a killed process has written the kernel has, and a power cut ends the moments' clock as well. No WAL: each
            # turn writes, and two that open the file at once do not wait for each other while one of them turns it on.
            for pragma in ("journal_mode=PERSIST", "synchronous=OFF"):
                connection.execute(f"PRAGMA {pragma}")
            boot = BOOT.read_text().strip() if BOOT.exists() else ""
            connection.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                connection.execute(statement)
            if connection.execute("SELECT 1 FROM boot WHERE id = ?", (boot,)).fetchone() is None:
                connection.execute("DELETE FROM failure")
                connection.execute("DELETE FROM boot")
                connection.execute("INSERT INTO boot VALUES (?)", (boot,))
            connection.execute("COMMIT")
            self._connection = connection
        return self._connection

    def _sweep(self, connection: sqlite3.Connection) -> None:
        self._since_sweep += 1
        if self._since_sweep >= SWEEP_EACH:
            self._since_sweep = 0
            oldest = "SELECT key FROM failure ORDER BY last DESC LIMIT -1 OFFSET ?"
            connection.execute(f"DELETE FROM failure WHERE key IN ({oldest})", (self._most,))  # noqa: S608 - no input


class OfDoor:
    """What `Attempts` counts in when there are others."""

    def __init__(self, shared: Shared, door: str) -> None:
        self._shared, self._door, self._alone = shared, door, InMemory()

    @contextlib.contextmanager
    def turn(self) -> Iterator[Kept]:
        with contextlib.ExitStack() as held:
            kept: Kept
            try:
                kept = _Rows(held.enter_context(self._shared.turn()), self._door)
            except (sqlite3.Error, OSError) as error:
                log.info("a failure is counted alone: %s", error)
                kept = held.enter_context(self._alone.turn())
            yield kept


class _Rows:
    """Within one turn."""

    def __init__(self, connection: sqlite3.Connection, door: str) -> None:
        self._connection, self._door = connection, door

    def get(self, key: Key) -> Failures | None:
        asked = "SELECT recent, waits, until, last FROM failure WHERE key = ?"
        row = self._connection.execute(asked, (self._name(key),)).fetchone()
        if row is None:
            return None
        recent, waits, until, last = row
        return Failures(tuple(orjson.loads(recent)), waits, -math.inf if until is None else until, last)

    def put(self, key: Key, failures: Failures) -> None:
        until = None if math.isinf(failures.until) else failures.until
        row = self._name(key), orjson.dumps(failures.recent).decode(), failures.waits, until, failures.last
        self._connection.execute("INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?, ?)", row)

    def forget(self, key: Key) -> None:
        self._connection.execute("DELETE FROM failure WHERE key = ?", (self._name(key),))

    def _name(self, key: Key) -> str:
        """Neither a typed name nor an address stands in the file."""
        return hashlib.sha256("\0".join((self._door, *key)).encode(errors="surrogatepass")).hexdigest()

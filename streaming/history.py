"""Every position that was believed, in one SQLite file a day, written in groups and readable by other processes.

A file holds the fixes of one UTC day by the time at the source. A fix is known already when the same device sent the same id or the same
moment. Nothing is acknowledged before it is committed with `synchronous=FULL`: what was acknowledged survives a crash at any instant.
"""

import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from data.errors import DatabaseUnavailable, LaneFull, StorageFull, Unavailable
from geo.fixes import Fix

log = logging.getLogger(__name__)

WAITING = 2_000  # groups of fixes; when full the door answers 503 and nothing of that request was kept
WINDOW_S = 0.01  # how long a group gathers others, so that one disk flush serves many
_SCHEMA = """
CREATE TABLE IF NOT EXISTS fix (
    device_no INTEGER NOT NULL, t_ms INTEGER NOT NULL, id TEXT NOT NULL, unit_no INTEGER NOT NULL,
    lat_e7 INTEGER NOT NULL, lon_e7 INTEGER NOT NULL, accuracy_m REAL,
    speed_mps REAL, heading_deg REAL, battery_pct INTEGER, provider TEXT NOT NULL, received_ms INTEGER NOT NULL,
    PRIMARY KEY (device_no, t_ms)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS one_id ON fix (device_no, id);
CREATE INDEX IF NOT EXISTS of_unit ON fix (unit_no, t_ms);
"""
_INSERT = "INSERT OR IGNORE INTO fix VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class _Group:
    fixes: Sequence[Fix]
    received_ms: int
    known: "Future[frozenset[str]]"  # ids that were there already


class History:
    """The day files of one folder. One thread writes; any process may read."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._waiting: queue.Queue[_Group | None] = queue.Queue(WAITING)
        self._open: dict[str, sqlite3.Connection] = {}
        self._thread = threading.Thread(target=self._write_for_ever, name="history", daemon=True)
        self._thread.start()

    def keep(self, fixes: Sequence[Fix], received_ms: int) -> "Future[frozenset[str]]":
        """Keep these fixes; the answer, once they are on disk, names the ids that were known. Raises LaneFull at once."""
        group = _Group(fixes, received_ms, Future())
        try:
            self._waiting.put_nowait(group)
        except queue.Full:
            raise LaneFull("history") from None
        return group.known

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join(5)

    # --- writing ---

    def _write_for_ever(self) -> None:
        while (first := self._waiting.get()) is not None:
            time.sleep(WINDOW_S)
            groups, last = [first], False
            while not self._waiting.empty():
                group = self._waiting.get_nowait()
                if group is None:
                    last = True
                    break
                groups.append(group)
            # a caller who went away meanwhile has cancelled his answer: to answer it would end this thread
            self._write([group for group in groups if group.known.set_running_or_notify_cancel()])
            if last:
                break
        for connection in self._open.values():
            connection.close()

    def _write(self, groups: list[_Group]) -> None:
        try:
            known = self._insert(groups)
        except Exception as error:  # whatever it is, the thread goes on and the senders hear that nothing was kept
            if not isinstance(error, sqlite3.Error):
                log.exception("history: a group was not kept")
            answer = _ours(error)
            for connection in self._open.values():
                with contextlib.suppress(sqlite3.Error):
                    connection.rollback()
            for group in groups:
                group.known.set_exception(answer)
            return
        for group, ids in zip(groups, known, strict=True):
            group.known.set_result(ids)

    def _insert(self, groups: list[_Group]) -> list[frozenset[str]]:
        by_day: dict[str, list[tuple[int, Fix, int]]] = defaultdict(list)
        for index, group in enumerate(groups):
            for fix in group.fixes:
                by_day[_day(fix.t_ms)].append((index, fix, group.received_ms))
        known: list[set[str]] = [set() for _ in groups]
        for day, rows in by_day.items():
            connection = self._day_file(day)
            connection.execute("BEGIN IMMEDIATE")
            before = connection.total_changes
            connection.executemany(_INSERT, [_row(fix, received) for _, fix, received in rows])
            if connection.total_changes - before != len(rows):  # some were known: find out which, one by one
                connection.rollback()
                connection.execute("BEGIN IMMEDIATE")
                for index, fix, received in rows:
                    if connection.execute(_INSERT, _row(fix, received)).rowcount == 0:
                        known[index].add(fix.id)
        for day in by_day:
            self._open[day].execute("COMMIT")
        return [frozenset(ids) for ids in known]

    def _day_file(self, day: str) -> sqlite3.Connection:
        if day not in self._open:
            while len(self._open) >= 10:  # late batches reach back seven days
                self._open.pop(min(self._open)).close()
            connection = sqlite3.connect(self._folder / f"positions-{day}.db", isolation_level=None, timeout=5)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
                connection.execute(f"PRAGMA {pragma}")
            connection.executescript(_SCHEMA)
            self._open[day] = connection
        return self._open[day]

    # --- reading ---

    def track(self, unit_no: int, from_ms: int, to_ms: int) -> list[Fix]:
        """The unit's fixes in order of time at the source, both ends included."""
        fixes: list[Fix] = []
        for path in self._files():
            if _day(from_ms) <= path.stem[-8:] <= _day(to_ms):
                with _reading(path) as connection:
                    asked = "SELECT * FROM fix WHERE unit_no = ? AND t_ms BETWEEN ? AND ? ORDER BY t_ms"
                    fixes += [_fix(row) for row in connection.execute(asked, (unit_no, from_ms, to_ms))]
        return fixes

    def newest(self) -> dict[int, Fix]:
        """Each unit's newest fix of the last two days, for a start."""
        found: dict[int, Fix] = {}
        for path in self._files()[-2:]:
            with _reading(path) as connection:
                newest = "SELECT unit_no, max(t_ms) AS t FROM fix GROUP BY unit_no"
                asked = f"SELECT fix.* FROM fix JOIN ({newest}) n ON fix.unit_no = n.unit_no AND fix.t_ms = n.t"  # noqa: S608 - no input
                found |= {row[3]: _fix(row) for row in connection.execute(asked)}
        return found

    def count(self) -> int:
        """All fixes kept, read from the files as another process would."""
        total = 0
        for path in self._files():
            with _reading(path) as connection:
                total += connection.execute("SELECT count(*) FROM fix").fetchone()[0]
        return total

    def purge(self, keep_days: int, today: date) -> list[str]:
        """Remove whole day files older than `keep_days`. Returns the days that went."""
        limit = (today - timedelta(days=keep_days)).strftime("%Y%m%d")
        gone = [path for path in self._files() if path.stem[-8:] < limit]
        for path in gone:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
        return [path.stem[-8:] for path in gone]

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("positions-????????.db"))


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
    try:
        yield connection
    finally:
        connection.close()


def _ours(error: Exception) -> Unavailable:
    said = str(error).lower()
    return StorageFull(said) if "full" in said or "disk" in said else DatabaseUnavailable(said)


def _day(t_ms: int) -> str:
    return datetime.fromtimestamp(t_ms / 1000, UTC).strftime("%Y%m%d")


def _row(fix: Fix, received_ms: int) -> tuple[object, ...]:
    return (
        fix.device_no, fix.t_ms, fix.id, fix.unit_no, round(fix.lat * 1e7), round(fix.lon * 1e7),
        fix.accuracy_m, fix.speed_mps, fix.heading_deg, fix.battery_pct, fix.provider, received_ms,
    )  # fmt: skip


def _fix(row: tuple[object, ...]) -> Fix:
    device_no, t_ms, id_, unit_no, lat, lon, accuracy, speed, heading, battery, provider, _ = row
    return Fix(id_, unit_no, device_no, t_ms, lat / 1e7, lon / 1e7, accuracy, speed, heading, battery, provider, False)  # type: ignore[arg-type,operator]

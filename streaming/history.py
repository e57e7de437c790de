"""Every position that was believed, in one SQLite file a day, written in groups and readable by other processes.

A file holds the fixes of one UTC day by the time at the source. A fix is known already when the same device sent the same id or the same
moment. Nothing is acknowledged before it is committed with `synchronous=FULL`: what was acknowledged survives a crash at any instant.

Before a day's file goes to the archive or is removed it is sealed: nothing can be written into it from then on, by whatever process has it
open. A fix that comes all the same (a clock was wrong) goes into another file of that day, `positions-<day>-1.db`. Without the seal a
writer that still had a removed file open would acknowledge what nobody can ever read.
"""

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain, count
from pathlib import Path

from ulid import ULID

from data.errors import DatabaseUnavailable, LaneFull, StorageFull, Unavailable
from geo.fixes import Fix

log = logging.getLogger(__name__)

WAITING = 2_000  # groups of fixes; when full the door answers 503 and nothing of that request was kept
WINDOW_S = 0.01  # how long a group gathers others, so that one disk flush serves many
# Rows in one statement: each statement gives up the interpreter's lock once, and taking it back from a busy loop costs more than a row.
AT_ONCE = (100, 10, 1)
DAY_MS = 86_400_000
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
_SEAL = """
CREATE TABLE IF NOT EXISTS seal (id TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS sealed BEFORE INSERT ON fix BEGIN SELECT RAISE(ABORT, 'sealed'); END;
"""
_SEALED = "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = 'sealed'"
_INSERT = "INSERT OR IGNORE INTO fix VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERTS = {many: ", ".join([_INSERT, *["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * (many - 1)]) for many in AT_ONCE}

Row = tuple[object, ...]
Known = frozenset[str]
Waiting = Future[Known] | asyncio.Future[Known]


@dataclass(frozen=True, slots=True)
class _Group:
    """loop: of the one who waits there; all who wait in it are told by one call, for each call wakes it."""

    fixes: Sequence[Fix]
    received_ms: int
    known: Waiting  # ids that were there already
    loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> bool:
        """False: the one who waited has gone, and nothing of his is kept. A task's answer may only be looked at in its loop."""
        return self.loop is not None or (isinstance(self.known, Future) and self.known.set_running_or_notify_cancel())


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
        known: Future[Known] = Future()
        self._put(_Group(fixes, received_ms, known))
        return known

    async def kept(self, fixes: Sequence[Fix], received_ms: int) -> Known:
        """As `keep`, for many tasks of one loop: what one disk flush has kept is told to all of them at once."""
        loop = asyncio.get_running_loop()
        known: asyncio.Future[Known] = loop.create_future()
        self._put(_Group(fixes, received_ms, known, loop))
        return await known

    def _put(self, group: _Group) -> None:
        try:
            self._waiting.put_nowait(group)
        except queue.Full:
            raise LaneFull("history") from None

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
            self._write([group for group in groups if group.begin()])
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
            _tell([(group, answer) for group in groups])
            return
        _tell(list(zip(groups, known, strict=True)))

    def _insert(self, groups: list[_Group]) -> list[Known]:
        by_day: dict[int, list[tuple[int, Fix, int]]] = defaultdict(list)
        for index, group in enumerate(groups):
            for fix in group.fixes:
                by_day[fix.t_ms // DAY_MS].append((index, fix, group.received_ms))
        known: list[set[str]] = [set() for _ in groups]
        touched = []
        for number, rows in sorted(by_day.items()):  # in one order: another process may write into the same files at the same moment
            day = _day(number * DAY_MS)
            try:
                connection = self._begun(day, rows, known)
            except sqlite3.IntegrityError:  # sealed since it was opened; the rows themselves cannot break a rule, known ones are ignored
                self._open.pop(day).close()
                connection = self._begun(day, rows, known)
            touched.append(connection)
        for connection in touched:
            connection.execute("COMMIT")
        return [frozenset(ids) for ids in known]

    def _begun(self, day: str, rows: list[tuple[int, Fix, int]], known: list[set[str]]) -> sqlite3.Connection:
        """The day's file with the rows in it, to be committed."""
        connection = self._day_file(day)
        connection.execute("BEGIN IMMEDIATE")
        if _insert_all(connection, [_row(fix, received) for _, fix, received in rows]) != len(rows):
            connection.rollback()  # some were known: find out which, one by one
            connection.execute("BEGIN IMMEDIATE")
            for index, fix, received in rows:
                if connection.execute(_INSERT, _row(fix, received)).rowcount == 0:
                    known[index].add(fix.id)
        return connection

    def _day_file(self, day: str) -> sqlite3.Connection:
        """The first file of this day that is not sealed."""
        if day not in self._open:
            while len(self._open) >= 10:  # late batches reach back seven days
                self._open.pop(min(self._open)).close()
            for part in count():
                connection = sqlite3.connect(self._path(f"{day}-{part}" if part else day), isolation_level=None, timeout=5)
                for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
                    connection.execute(f"PRAGMA {pragma}")
                connection.executescript(_SCHEMA)
                if connection.execute(_SEALED).fetchone() is None:
                    self._open[day] = connection
                    break
                connection.close()
        return self._open[day]

    # --- reading ---

    def track(self, unit_no: int, from_ms: int, to_ms: int) -> list[Fix]:
        """The unit's fixes in order of time at the source, both ends included."""
        return self.track_and_seals(unit_no, from_ms, to_ms)[0]

    def track_and_seals(self, unit_no: int, from_ms: int, to_ms: int) -> tuple[list[Fix], frozenset[str]]:
        """As `track`; and the seals of the files that were read: what stands in the archive under one of them has been read already."""
        fixes: list[Fix] = []
        seals: set[str] = set()
        for path in self._files():
            if not _day(from_ms) <= _name(path)[:8] <= _day(to_ms):
                continue
            try:
                with _reading(path) as connection:
                    asked = "SELECT * FROM fix WHERE unit_no = ? AND t_ms BETWEEN ? AND ? ORDER BY t_ms"
                    found = [_fix(row) for row in connection.execute(asked, (unit_no, from_ms, to_ms))]
                    seal = _seal_of(connection)
            except sqlite3.OperationalError:
                if path.exists():
                    raise
                continue  # archived or removed since it was listed
            fixes += found
            seals |= {seal} if seal else set()
        return once_each(fixes), frozenset(seals)

    def track_in(self, name: str, unit_no: int, from_ms: int, to_ms: int) -> list[Fix]:
        """As `track`, of one file alone."""
        with _reading(self._path(name)) as connection:
            asked = "SELECT * FROM fix WHERE unit_no = ? AND t_ms BETWEEN ? AND ? ORDER BY t_ms"
            return [_fix(row) for row in connection.execute(asked, (unit_no, from_ms, to_ms))]

    def newest(self) -> dict[int, Fix]:
        """Each unit's newest fix of the last two days, for a start."""
        found: dict[int, Fix] = {}
        days = sorted({_name(path)[:8] for path in self._files()})[-2:]
        for path in self._files():
            if _name(path)[:8] not in days:
                continue
            with _reading(path) as connection:
                newest = "SELECT unit_no, max(t_ms) AS t FROM fix GROUP BY unit_no"
                asked = f"SELECT fix.* FROM fix JOIN ({newest}) n ON fix.unit_no = n.unit_no AND fix.t_ms = n.t"  # noqa: S608 - no input
                for fix in map(_fix, connection.execute(asked)):
                    if fix.unit_no not in found or fix.t_ms > found[fix.unit_no].t_ms:
                        found[fix.unit_no] = fix
        return found

    def count(self, name: str | None = None) -> int:
        """All fixes kept, or those of one file, read from the files as another process would."""
        total = 0
        for path in self._files() if name is None else [self._path(name)]:
            with _reading(path) as connection:
                total += connection.execute("SELECT count(*) FROM fix").fetchone()[0]
        return total

    # --- what becomes of a file ---

    def outdated(self, keep_days: int, today: date) -> list[str]:
        """The names (day, or day and part) of files whose whole day is older than promised, the oldest first."""
        limit = (today - timedelta(days=keep_days)).strftime("%Y%m%d")
        return [_name(path) for path in self._files() if _name(path)[:8] < limit]

    def seal(self, name: str) -> str:
        """From now on nobody writes into this file, and everything stands in the file itself. Returns its seal, the same each time.

        Raises Unavailable: somebody reads or writes just now, or the disk is full; later again.
        """
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self._path(name)}?mode=rw", uri=True, isolation_level=None, timeout=5)) as file:
                file.execute("BEGIN IMMEDIATE")
                for statement in _SEAL.strip().splitlines():
                    file.execute(statement)
                if _seal_of(file) is None:
                    file.execute("INSERT INTO seal VALUES (?)", (str(ULID()),))
                file.execute("COMMIT")
                seal = _seal_of(file)
                if file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    raise DatabaseUnavailable("somebody reads an old day")
        except sqlite3.Error as error:
            raise _ours(error) from error
        if seal is None:
            raise DatabaseUnavailable("no seal")
        return seal

    def sealed_file(self, name: str) -> Path:
        return self._path(name)

    def remove(self, name: str) -> None:
        """Remove one day's positions for good. It must be sealed."""
        path = self._path(name)
        for suffix in ("-wal", "-shm", ""):  # the file itself last: killed before that, the day is still found and removed
            Path(f"{path}{suffix}").unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"positions-{name}.db"

    def _files(self) -> list[Path]:
        found = (path for form in ("????????", "????????-*") for path in self._folder.glob(f"positions-{form}.db"))
        return sorted(found, key=_name)


def once_each(fixes: Iterable[Fix]) -> list[Fix]:
    """In order of time; of two that one device sent of the same moment the first one given."""
    found: dict[tuple[int, int], Fix] = {}
    for fix in fixes:
        found.setdefault((fix.t_ms, fix.device_no), fix)
    return [found[key] for key in sorted(found)]


def _name(path: Path) -> str:
    return path.stem.removeprefix("positions-")


def _seal_of(connection: sqlite3.Connection) -> str | None:
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'seal'").fetchone() is None:
        return None
    row = connection.execute("SELECT id FROM seal").fetchone()
    return row and str(row[0])


def _insert_all(connection: sqlite3.Connection, rows: list[Row]) -> int:
    """How many of the rows were not known."""
    before, place = connection.total_changes, 0
    for many in AT_ONCE:
        while len(rows) - place >= many:
            connection.execute(_INSERTS[many], list(chain.from_iterable(rows[place : place + many])))
            place += many
    return connection.total_changes - before


def _tell(answers: Sequence[tuple[_Group, Known | Exception]]) -> None:
    """Everybody what became of his fixes; all tasks of one loop by one call."""
    of_loop: dict[asyncio.AbstractEventLoop, list[tuple[Waiting, Known | Exception]]] = defaultdict(list)
    for group, answer in answers:
        if group.loop is None:
            _settle([(group.known, answer)])
        else:
            of_loop[group.loop].append((group.known, answer))
    for loop, settled in of_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it all who waited
            loop.call_soon_threadsafe(_settle, settled)


def _settle(answers: Sequence[tuple[Waiting, Known | Exception]]) -> None:
    for known, answer in answers:
        if known.done():
            continue  # cancelled: its sender went away
        if isinstance(answer, Exception):
            known.set_exception(answer)
        else:
            known.set_result(answer)


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


def _row(fix: Fix, received_ms: int) -> Row:
    return (
        fix.device_no, fix.t_ms, fix.id, fix.unit_no, round(fix.lat * 1e7), round(fix.lon * 1e7),
        fix.accuracy_m, fix.speed_mps, fix.heading_deg, fix.battery_pct, fix.provider, received_ms,
    )  # fmt: skip


def _fix(row: tuple[object, ...]) -> Fix:
    device_no, t_ms, id_, unit_no, lat, lon, accuracy, speed, heading, battery, provider, _ = row
    return Fix(id_, unit_no, device_no, t_ms, lat / 1e7, lon / 1e7, accuracy, speed, heading, battery, provider, False)  # type: ignore[arg-type,operator]

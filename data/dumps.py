"""A running database copied as it was at one moment: SQLite by its online backup, PostgreSQL by its own programs; and a copy put back."""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url, text

from data.engines import Database, foreign_errors, open_database
from data.errors import DatabaseUnavailable, RuleBroken, StorageFull, Unavailable
from data.journal import JOURNAL
from data.settings import foreign_environ

PAGES = 256  # of one step (1 MiB): so much is read before others get the disk again
SYNC_EVERY = 32  # steps; what waits to be written stays small, so that nobody's own flush waits behind gigabytes
BUSY_S = 30.0
_BY_QUERY = ("host", "sslmode", "sslrootcert", "sslcert", "sslkey")
_HEAD = text("SELECT last, digest FROM counter WHERE name = :name")
# "217; 1259 16412 TABLE public spatial_ref_sys ecc", "2; 3079 16385 EXTENSION - postgis "
_ENTRY = re.compile(r"\d+; \d+ \d+ (?P<kind>COMMENT - EXTENSION|EXTENSION|TABLE DATA|TABLE) (?:\S+ )?(?P<name>\S+)")
_REVISION = text("SELECT version_num FROM alembic_version")
# tables that are neither PostgreSQL's own nor of an extension (PostGIS brings some)
_TABLES = text(
    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') "
    "AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%' "
    "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
)


@dataclass(frozen=True, slots=True)
class State:
    """How far the journal had come when the copy was taken, and the schema it has."""

    seq: int
    digest: str
    revision: str


def copy_database(url: str, into: Path) -> None:
    """Whichever it is, as it is at one moment; of SQLite an empty file where there is none yet. Raises as the two below do."""
    if not url.startswith("sqlite"):
        _dump(url, into)
    elif (source := Path(make_url(url).database or "")).exists():
        copy_sqlite(source, into)
    else:
        into.touch(0o600)


def copy_sqlite(source: Path, into: Path, between: Callable[[], None] = lambda: None) -> None:
    """One moment of a file that others write meanwhile. between: called after each step. Raises DatabaseUnavailable, StorageFull.

    The transaction that stays open is what makes it one moment: without it each write of another process begins the copy anew, and beside a
    thousand fixes a second it never ended. Writers do not wait for it; their log grows until it is over.
    """
    into.touch(0o600)
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=rw", uri=True, timeout=BUSY_S, isolation_level=None)) as reading:
            with closing(sqlite3.connect(into)) as copy:
                copy.execute("PRAGMA synchronous=OFF")  # a copy that is not whole is thrown away
                reading.execute("BEGIN")
                reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
                reading.backup(copy, pages=PAGES, progress=_stepper(into, between))
                reading.execute("COMMIT")
            reading.execute("PRAGMA wal_checkpoint(PASSIVE)")  # here, and not in whoever commits next
    except sqlite3.Error as error:
        full = "full" in str(error).lower() or "disk i/o" in str(error).lower()
        raise (StorageFull if full else DatabaseUnavailable)(type(error).__name__) from error


def _stepper(into: Path, between: Callable[[], None]) -> Callable[[int, int, int], None]:
    steps = 0

    def stepped(_: int, __: int, ___: int) -> None:
        nonlocal steps
        steps += 1
        if steps % SYNC_EVERY == 0:
            flush(into)
        between()

    return stepped


def flush(path: Path) -> None:
    """What was written of a file goes to the disk now, and out of the memory that others need."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def state_of(database: Database) -> State:
    """Raises DatabaseUnavailable."""
    with foreign_errors(), database.reads.connect() as connection:
        head = connection.execute(_HEAD, {"name": JOURNAL}).first()
        return State(head.last if head else 0, head.digest if head else "", connection.scalar(_REVISION) or "")


def dump_postgresql(url: str, into: Path) -> State:
    """One moment of a PostgreSQL database, by pg_dump. Raises Unavailable backup.no_pg_dump, backup.pg_dump_failed."""
    database = open_database(url)
    try:
        with foreign_errors(), database.reads.connect() as connection:
            snapshot = str(connection.scalar(text("SELECT pg_export_snapshot()")))
            head = connection.execute(_HEAD, {"name": JOURNAL}).first()
            revision = connection.scalar(_REVISION) or ""
            _dump(url, into, f"--snapshot={snapshot}")
            return State(head.last if head else 0, head.digest if head else "", revision)
    finally:
        database.close()


def _dump(url: str, into: Path, *words: str) -> None:
    program = _program("pg_dump")
    into.touch(0o600)
    kept = ["--format=custom", "--compress=1", "--no-owner", "--no-privileges", f"--file={into}"]
    _run(program, [*kept, *words], url, "backup.pg_dump_failed")


def check_empty(database: Database) -> None:
    """Raises RuleBroken backup.database_not_empty."""
    with foreign_errors(), database.reads.connect() as connection:
        if connection.scalar(_TABLES):
            raise RuleBroken("tables", code="backup.database_not_empty")


def load_postgresql(url: str, dump: Path) -> None:
    """All that is ours or nothing. Raises Unavailable backup.no_pg_dump, backup.pg_restore_failed."""
    program, wanted = _program("pg_restore"), dump.with_name(f"{dump.name}.list")
    try:
        wanted.write_text(own_entries(_run(program, ["--list", str(dump)], url, "backup.pg_restore_failed")), encoding="utf-8")
        words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", f"--use-list={wanted}"]
        _run(program, [*words, f"--dbname={make_url(url).database}", str(dump)], url, "backup.pg_restore_failed")
    finally:
        wanted.unlink(missing_ok=True)


def own_entries(listed: str) -> str:
    """A dump's table of contents without what an extension brought: its superuser makes it, and the court's own account could not.

    Whether the database that is restored to has PostGIS then makes no difference, nor whether the other one had.
    """
    lines = listed.splitlines()
    made = {found["name"] for line in lines if (found := _ENTRY.match(line)) and found["kind"] == "TABLE"}
    return "\n".join(line for line in lines if not (found := _ENTRY.match(line)) or _is_own(found["kind"], found["name"], made)) + "\n"


def _is_own(kind: str, name: str, made: set[str]) -> bool:
    if kind in ("EXTENSION", "COMMENT - EXTENSION"):
        return False
    return kind != "TABLE DATA" or name in made


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Unavailable(name, code="backup.no_pg_dump", program=name)
    return found


def _run(program: str, words: list[str], url: str, code: str) -> str:
    """The address and the password go by the environment: a command line is everybody's to read."""
    said = make_url(url)
    named: dict[str, object] = {f"PG{key.upper()}": value for key, value in said.query.items() if key in _BY_QUERY}
    named |= {"PGHOST": said.host or named.get("PGHOST"), "PGPORT": said.port, "PGDATABASE": said.database}
    named |= {"PGUSER": said.username, "PGPASSWORD": said.password}
    environ = foreign_environ(**{name: str(value) for name, value in named.items() if value})
    done = subprocess.run([program, *words], env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise Unavailable(program, code=code, why=lines[-1][:300] if lines else str(done.returncode))
    return done.stdout.decode(errors="replace")

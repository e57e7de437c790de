"""The database as two engines on one truth: `writes` for the journal only, `reads` for queries, which cannot write.

SQLite: WAL, `synchronous=FULL`, writers begin with BEGIN IMMEDIATE. pysqlite's own `isolation_level` would open the transaction only at
the first write; a reading transaction that then wants to write fails at once and lost 600 of 800 concurrent updates in a trial.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError, TimeoutError
from sqlalchemy.orm import Session

from data.errors import DatabaseUnavailable, StorageFull

BUSY_MS = 5_000  # how long one writer waits for another (web and jobs share the file)
WAIT_S = 5  # every wire has a limit on our side
OVERTAKEN = frozenset({"23505", "40001", "40P01"})


@dataclass(frozen=True, slots=True)
class Database:
    """Both engines. Open with `open_database`, close once at the end."""

    url: str
    writes: Engine
    reads: Engine
    remembered: dict[str, Any] = field(default_factory=dict, compare=False)  # of queries, between two sessions: what could not be drawn

    @property
    def dialect(self) -> str:
        return self.writes.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view for a query. Raises DatabaseUnavailable."""
        with foreign_errors(), Session(self.reads, autoflush=False, info={"remembered": self.remembered}) as session:
            yield session

    def close(self) -> None:
        self.writes.dispose()
        self.reads.dispose()


@contextmanager
def foreign_errors() -> Iterator[None]:
    """The database driver's errors become ours: full disk, locked, gone."""
    try:
        yield
    except (OperationalError, InterfaceError, TimeoutError) as error:
        raise (StorageFull if _is_full(error) else DatabaseUnavailable)(type(error).__name__) from error
    except DatabaseError as error:
        if error.connection_invalidated or _is_full(error):
            raise (StorageFull if _is_full(error) else DatabaseUnavailable)(type(error).__name__) from error
        raise


def was_overtaken(error: BaseException) -> bool:
    """Whether another process was first: it has written the same key meanwhile, or each of two waited for the other. Going once more helps.

    Of PostgreSQL alone (unique_violation, serialization_failure, deadlock_detected): SQLite's writers come one after the other.
    """
    said = error if isinstance(error, DatabaseError) else error.__cause__
    return getattr(getattr(said, "orig", None), "sqlstate", None) in OVERTAKEN


def _is_full(error: Exception) -> bool:
    said = str(error).lower()
    return "disk is full" in said or "no space left" in said or "disk i/o error" in said


def open_database(url: str) -> Database:
    """`sqlite:////path/ecc.db` or `postgresql+psycopg://…`. Opens nothing yet; the first use does."""
    return _open_sqlite(url) if url.startswith("sqlite") else _open_postgresql(url)


def _open_sqlite(url: str) -> Database:
    # the connection used last first: each keeps 2 MB of pages, and those that a busy moment opened need not fill theirs
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_MS / 1000, "check_same_thread": False}, "pool_use_lifo": True}
    writes = create_engine(url, pool_size=2, pool_timeout=WAIT_S, hide_parameters=True, **options)
    reads = create_engine(url, pool_size=10, pool_timeout=WAIT_S, hide_parameters=True, **options)
    _begin_with(writes, "BEGIN IMMEDIATE", ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"))
    _begin_with(reads, "BEGIN", (f"busy_timeout={BUSY_MS}", "query_only=1"))
    return Database(url, writes, reads)


def _begin_with(engine: Engine, begin: str, pragmas: tuple[str, ...]) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # ours to begin; pysqlite would begin too late
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def began(connection: Any) -> None:
        connection.exec_driver_sql(begin)


def _open_postgresql(url: str) -> Database:
    from data import impatient

    def engine(read_only: bool, size: int) -> Engine:
        options = f"-c statement_timeout={WAIT_S * 1000} -c lock_timeout={WAIT_S * 1000}" + (
            " -c default_transaction_read_only=on -c plan_cache_mode=force_generic_plan" if read_only else ""
        )
        # tcp_user_timeout: a frozen or cut-off server must not hold a thread for the kernel's quarter of an hour
        connect = {"connect_timeout": WAIT_S, "options": options, "tcp_user_timeout": WAIT_S * 1000, "keepalives_idle": 5}
        # a reader that only waits sends nothing that could time out: three unanswered probes are needed to know that the wire is cut
        connect |= {"keepalives_interval": 2, "keepalives_count": 3}
        level = {"isolation_level": "REPEATABLE READ"} if read_only else {}
        # the connection used last first: its statements are prepared and planned, which is half of a small question
        pool = {"pool_size": size, "pool_timeout": WAIT_S, "pool_pre_ping": True, "pool_use_lifo": True}
        made = create_engine(url, hide_parameters=True, connect_args=connect, **pool, **level)
        event.listen(made, "do_connect", lambda _, __, arguments, parameters: impatient.connect(*arguments, **parameters))
        if read_only:
            # at every ROLLBACK psycopg forgets what it has prepared: half of a wall's rows was planning. There is nothing to take back
            made.dialect.do_rollback = made.dialect.do_commit  # type: ignore[method-assign]
        return made

    return Database(url, engine(False, 2), engine(True, 10))


def ping(database: Database) -> None:
    """Ask the database for nothing. Raises DatabaseUnavailable."""
    with foreign_errors(), database.reads.connect() as connection:
        connection.execute(text("SELECT 1"))

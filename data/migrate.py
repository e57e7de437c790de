"""Bring a database to the schema of this version, or back: `ecc migrate`, and each start of `ecc serve`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from data.engines import Database, foreign_errors

# PostGIS puts its `spatial_ref_sys` beside our tables: of no concern to a migration, and never dropped by one
_OF_EXTENSIONS = text(
    "SELECT c.relname FROM pg_class c JOIN pg_depend d ON d.objid = c.oid AND d.deptype = 'e' WHERE d.classid = 'pg_class'::regclass"
)
FOLDER = Path(__file__).parent / "migrations"
_LOCK = 4711  # PostgreSQL: whoever starts second waits until the first has migrated; SQLite waits by BEGIN IMMEDIATE


def upgrade(database: Database, revision: str = "head") -> None:
    """To the newest schema, or to this revision, in one transaction: all or nothing. Doing it twice is the same as once."""
    with _connected(database) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Back to this revision; `base` is an empty database."""
    with _connected(database) as connection:
        command.downgrade(_config(connection), revision)


def current(database: Database) -> str | None:
    """The revision the database is at; None when it holds nothing of ours."""
    with foreign_errors(), database.reads.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision that this version of the program expects."""
    return _scripts().get_current_head()


def of_extensions(connection: Connection) -> frozenset[str]:
    """Tables and views that an extension of PostgreSQL has brought."""
    return frozenset(connection.scalars(_OF_EXTENSIONS)) if connection.dialect.name == "postgresql" else frozenset()


def is_known(revision: str) -> bool:
    """Whether this version of the program has the way from there to here; of a newer one it has not."""
    return any(script.revision == revision for script in _scripts().walk_revisions())


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_located())


def _config(connection: Connection) -> Config:
    config = _located()
    config.attributes["connection"] = connection
    return config


def _located() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


@contextmanager
def _connected(database: Database) -> Iterator[Connection]:
    with foreign_errors(), database.writes.connect() as connection:
        if database.dialect == "sqlite":
            with _rows_may_point_nowhere(connection), connection.begin():
                yield connection
            return
        with connection.begin():
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield connection


@contextmanager
def _rows_may_point_nowhere(connection: Connection) -> Iterator[None]:
    """A batch migration of SQLite copies a table and drops the old one; with foreign keys on that would delete what points at it."""
    raw = connection.connection.cursor()
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")
        raw.close()

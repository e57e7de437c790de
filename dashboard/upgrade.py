"""Brings the database's schema up to this version, before anything else opens it."""

import re
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from data.engines import Database, open_database
from data.settings import Settings

VERSIONS = Path(__file__).parents[1] / "data/migrations/versions"
NAMED = re.compile(r'^(revision|down_revision) = "(\w+)"', re.MULTILINE)


def upgrade(settings: Settings) -> None:
    """Twice is the same as once; who starts at the same time waits. Raises DatabaseUnavailable."""
    database = open_database(settings.database_url)
    try:
        if not is_newest(database):
            from data import migrate  # a third of a second to import; nearly every start finds everything done

            migrate.upgrade(database)
    finally:
        database.close()


def newest(folder: Path = VERSIONS) -> set[str]:
    """Revisions that no other one follows: one, unless two people wrote at the same time. Read without the migration's machinery."""
    named = [found for file in folder.glob("*.py") for found in NAMED.findall(file.read_text(encoding="utf-8"))]
    return {name for kind, name in named if kind == "revision"} - {name for kind, name in named if kind == "down_revision"}


def is_newest(database: Database) -> bool:
    """Whether the schema is this version's. False when in doubt: the migration then looks itself and says what is wrong."""
    try:
        with database.reads.connect() as connection:
            found = {str(revision) for revision in connection.scalars(text("SELECT version_num FROM alembic_version"))}
    except SQLAlchemyError:
        return False
    return found == newest()

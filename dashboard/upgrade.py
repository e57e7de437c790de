"""Brings the database's schema up to this version, before anything else opens it."""

from data import migrate
from data.engines import open_database
from data.settings import Settings


def upgrade(settings: Settings) -> None:
    """Twice is the same as once; who starts at the same time waits. Raises DatabaseUnavailable."""
    database = open_database(settings.database_url)
    try:
        migrate.upgrade(database)
    finally:
        database.close()

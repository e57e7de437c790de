"""Brings the database's schema up to this version. Two processes of one machine that start together do it one after the other."""

import fcntl
from pathlib import Path

from alembic import command
from alembic.config import Config

from data.engines import foreign_errors, open_database
from data.settings import Settings
from data.tables import Table

MIGRATIONS = Path(__file__).parent.parent / "data" / "migrations"


def upgrade(settings: Settings) -> None:
    """Raises DatabaseUnavailable."""
    with (settings.run / "migrate.lock").open("w") as lock, foreign_errors():
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (MIGRATIONS / "env.py").exists():
            command.upgrade(configured(settings.database_url), "head")
        else:
            database = open_database(settings.database_url)
            Table.metadata.create_all(database.writes)
            database.close()


def configured(database_url: str) -> Config:
    """Alembic's own settings, made here: the wheel carries the migrations but no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config

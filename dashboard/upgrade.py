"""Brings the database's schema up to this version, before anything else opens it; and what an installer needs around that.

A newer schema than ours is left as it is: the version that wrote it must be installed again.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from dashboard.schema import known, newest
from data.dumps import copy_database
from data.engines import Database, open_database
from data.errors import CommandCentreError, Misconfigured
from data.rules.backups import ARCHIVE, BEFORE_UPGRADE, KEYS
from data.settings import Settings

KEPT = 2  # databases set aside; an upgrade a month, and the court's own backup besides


def upgrade(settings: Settings) -> None:
    """Twice is the same as once; who starts at the same time waits. Raises DatabaseUnavailable, Misconfigured newer_database."""
    database = open_database(settings.database_url)
    try:
        if not is_newest(database):
            _refuse_newer(database)
            from data import migrate  # a third of a second to import; nearly every start finds everything done

            migrate.upgrade(database)
    finally:
        database.close()


def revision(settings: Settings) -> str:
    """The schema that the database has; empty when it has none of ours."""
    database = open_database(settings.database_url)
    try:
        return " ".join(sorted(_found(database)))
    finally:
        database.close()


def return_to(settings: Settings, wanted: str) -> None:
    """The schema of the version before, with everything that was written since: a new version did not come up. One transaction.

    Raises DatabaseUnavailable, Misconfigured migration.
    """
    if wanted not in known() | {"base"}:
        raise Misconfigured(wanted, code="misconfigured.migration")
    from data import migrate

    database = open_database(settings.database_url)
    try:
        if wanted not in _found(database):
            migrate.downgrade(database, wanted)
    finally:
        database.close()


def set_aside(settings: Settings) -> Path:
    """The database as it is now, in the home, whole or not there; the last ones are kept.

    A court that has said for whom its backups are gets a backup, encrypted, with its keys beside it; otherwise a copy for this user alone.
    Raises Misconfigured set_aside, and what a backup raises.
    """
    folder = settings.home / BEFORE_UPGRADE
    folder.mkdir(mode=0o700, exist_ok=True)
    found = revision(settings)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{found or 'empty'}"
    aside = _sealed(settings, folder / name) if found and settings.backup_recipients else _copied(settings, folder / name)
    stems = sorted({path.stem for path in folder.iterdir()})
    for old in [path for path in folder.iterdir() if path.stem in stems[:-KEPT]]:
        old.unlink()
    return aside


def _sealed(settings: Settings, stem: Path) -> Path:
    from dashboard.backups.making import make_of_database  # a start needs none of it

    archive, keys = (stem.with_name(f"{stem.name}{end}") for end in (ARCHIVE, KEYS))
    for left in (archive, keys):
        left.unlink(missing_ok=True)  # the keys of one that was killed in this very second
    make_of_database(settings, archive, keys, settings.backup_recipients)
    return archive


def _copied(settings: Settings, stem: Path) -> Path:
    name = f"{stem.name}.{'db' if settings.database_url.startswith('sqlite') else 'dump'}"
    fresh = stem.with_name(f".{name}")
    try:
        copy_database(settings.database_url, fresh)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(stem.with_name(name))
    except (OSError, CommandCentreError) as error:
        fresh.unlink(missing_ok=True)
        raise Misconfigured(type(error).__name__, code="misconfigured.set_aside", path=str(stem.parent)) from error
    return stem.with_name(name)


def is_newest(database: Database) -> bool:
    """Whether the schema is this version's. False when in doubt: the migration then looks itself and says what is wrong."""
    return _found(database) == newest()


def _found(database: Database) -> set[str]:
    """Nothing when it cannot be asked."""
    try:
        with database.reads.connect() as connection:
            return {str(revision) for revision in connection.scalars(text("SELECT version_num FROM alembic_version"))}
    except SQLAlchemyError:
        return set()


def _refuse_newer(database: Database) -> None:
    """Raises Misconfigured newer_database: a downgrade by hand, or another program's database."""
    if unknown := _found(database) - known():
        said = " ".join(sorted(newest()))
        raise Misconfigured("newer schema", code="misconfigured.newer_database", found=" ".join(sorted(unknown)), known=said)

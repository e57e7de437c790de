"""`ecc doctor`: what a start needs, looked at one by one."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from dashboard import vendor
from dashboard.i18n import t
from data.engines import open_database, ping
from data.errors import CommandCentreError
from data.queries.recordings import bytes_per_day
from data.rules.recordings import RESERVE, forecast
from data.settings import Settings
from streaming.embedded import binary

LEAST_FREE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    good: bool
    sentence: str


def examine(settings: Settings) -> list[Finding]:
    """Every check, none stops the others."""
    checks: list[Callable[[Settings], Iterator[Finding]]] = [_python, _home, _disk, _database, _recordings, _bus, _vendor]
    return [finding for check in checks for finding in check(settings)]


def _python(_: Settings) -> Iterator[Finding]:
    yield Finding(sys.version_info >= (3, 11), t("doctor.python", version=sys.version.split()[0]))


def _home(settings: Settings) -> Iterator[Finding]:
    try:
        settings.make_folders()
        yield Finding(True, t("doctor.home", path=settings.home))
    except CommandCentreError:
        yield Finding(False, t("doctor.home_bad", path=settings.home))


def _disk(settings: Settings) -> Iterator[Finding]:
    if settings.home.exists():
        free = shutil.disk_usage(settings.home).free
        yield Finding(free >= LEAST_FREE, t("doctor.disk", gigabytes=round(free / 1e9, 1)))


def _database(settings: Settings) -> Iterator[Finding]:
    database = open_database(settings.database_url)
    try:
        ping(database)
        yield Finding(True, t("doctor.database", dialect=database.dialect))
    except CommandCentreError:
        yield Finding(False, t("doctor.database_bad", dialect=database.dialect))
    finally:
        database.close()


def _recordings(settings: Settings) -> Iterator[Finding]:
    """How long the disk lasts at the pace of the last days."""
    if not settings.recordings.exists():
        return
    database = open_database(settings.database_url)
    try:
        with database.reading() as session:
            said = forecast(shutil.disk_usage(settings.recordings).free, bytes_per_day(session, datetime.now(UTC)), RESERVE)
    except (CommandCentreError, SQLAlchemyError):  # a database that is not there or not up to date is said by its own line
        return
    finally:
        database.close()
    free = round(said.free_bytes / 1e9, 1)
    if said.days is None:
        yield Finding(not said.warn, t("doctor.recordings_none", gigabytes=free))
    else:
        yield Finding(not said.warn, t("doctor.recordings", gigabytes=free, days=int(said.days)))


def _bus(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url is not None:
        yield Finding(True, t("doctor.bus_named"))
        return
    try:
        binary()
        yield Finding(True, t("doctor.bus"))
    except CommandCentreError:
        yield Finding(False, t("doctor.bus_bad"))


def _vendor(_: Settings) -> Iterator[Finding]:
    missing = vendor.missing()
    yield Finding(not missing, t("doctor.vendor_bad", names=" ".join(missing)) if missing else t("doctor.vendor"))

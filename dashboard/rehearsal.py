"""Before the first call: what a call makes this process read and write is gone through once, so that nobody waits for a first time.

SQLAlchemy puts each statement together when it first meets it: that was 45 ms of the first press, 5 of the next. Rows that do not exist are
read, and a call is placed in a transaction that is taken back: nothing stays, nothing is announced, nobody is shown anything.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ulid import ULID

from data.actions.calls import place_call
from data.engines import Database
from data.errors import CommandCentreError
from data.journal import Journal, entries_after
from data.lanes import Lanes
from data.queries.areas import nearest_area
from data.queries.live import newest_number_in, some_device, urgent_units
from data.queries.wall import rows
from data.rules.permissions import Actor, Clearance, Role, Sight
from data.settings import Settings

NONE = [
    ("call", "-"),
    ("participant", "-"),
    ("whisper", "-"),
    ("order", "-"),
    ("sos", "-"),
    ("unit", "0"),
    ("team", "-"),
    ("mission", "-"),
    ("entry", "0"),
    ("today", "today"),
]
NOWHERE = (0.0, 0.0)
VIEWERS = ((Clearance.WALL, Role.WALL), (Clearance.DESK, Role.DUTY), (Clearance.FIELD, Role.DEVICE))

log = logging.getLogger(__name__)


async def rehearse(lanes: Lanes, database: Database, journal: Journal, settings: Settings, now: Callable[[], datetime]) -> None:
    """A call that nobody made, read and written. What cannot be gone through now is met by the first real one, as it was before."""
    try:
        device = await lanes.readers.run(_read, database, settings, now(), journal.civil_offset_s)
        if device is not None:
            await lanes.writer.run(journal.rehearse, device, now(), place_call, str(ULID()), now(), None, None)
    except CommandCentreError as error:
        log.info("no rehearsal: %s", error.code)


def _read(database: Database, settings: Settings, now: datetime, civil_offset_s: int) -> Actor | None:
    """Every question that a call's row raises, for each kind of viewer. Returns a device that might speak, None when there is none."""
    with database.reading() as session:
        entries_after(session, newest_number_in(session))
        urgent_units(session)
        nearest_area(session, *NOWHERE)
        for clearance, role in VIEWERS:
            sight = Sight(clearance, role, settings.court_code, unit_no=0)
            rows(session, sight, NONE, now, civil_offset_s, say=_nothing)
        return some_device(session, settings.court_code)


def _nothing(_: str, **__: Any) -> str:
    return ""

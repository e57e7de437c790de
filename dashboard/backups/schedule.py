"""The daily backup, in a process of its own: the jobs process only looks whether it is time, and keeps the newest ones."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from datetime import datetime

from dashboard.backups.making import remove_left_over
from dashboard.supervise import die_with_parent
from data.errors import CommandCentreError
from data.journal import Journal
from data.lanes import Lanes
from data.live_settings import current
from data.queries.backups import known_backups
from data.rules.backups import Known, is_due
from data.settings import Settings, as_environ

LOOK_S = 20.0

log = logging.getLogger(__name__)


async def keep_backups(settings: Settings, journal: Journal, lanes: Lanes, now: Callable[[], datetime], look_s: float = LOOK_S) -> None:
    """For ever. What the child says stands in the journal; one that could not even begin is tried again at the next look."""
    while True:
        with contextlib.suppress(CommandCentreError, OSError):
            await asyncio.to_thread(remove_left_over, settings)
            known, at = await lanes.readers.run(_known, journal, settings)
            if at and is_due(now(), at, settings.civil_offset_s, known):
                await _backup(settings)
        await asyncio.sleep(look_s)


async def _backup(settings: Settings) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "dashboard",
        "backup",
        env=as_environ(settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    try:
        code = await child.wait()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        raise
    (log.info if code == 0 else log.warning)("the scheduled backup ended with %d", code)


def _known(journal: Journal, settings: Settings) -> tuple[Known, str]:
    """What was made, and when the next one is: an administrator may change it."""
    with journal.database.reading() as session:
        return known_backups(session), current(session, settings).backup_at

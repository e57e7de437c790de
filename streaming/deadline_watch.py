"""Wakes twice a second and does what has become due: calls nobody answered, alarms nobody took, silence elapsed, duty over,
the day of a promise gone by, the next look at a screening that is over.

Two processes may watch at once: each step asks under its transaction whether it is still to be done. What fails is logged and tried again
at the next waking, for the question is asked anew each time; there is no queue that could fill.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from data.actions.timers import run_due
from data.errors import CommandCentreError
from data.journal import Journal
from data.lanes import Lane
from data.queries.timers import due
from data.rules.permissions import SYSTEM

WAKES_S = 0.5  # an alarm escalates at 15 s: half a second late is not late

log = logging.getLogger(__name__)


def do_due(journal: Journal, now: Callable[[], datetime]) -> int:
    """Everything that is due now, each in its own transaction; one that fails does not stop the others. Returns how many were done.

    Raises DatabaseUnavailable, StorageFull.
    """
    with journal.database.reading() as session:
        found = due(session, now(), journal.civil_offset_s)
    done = 0
    for each in found:
        try:
            done += journal.do(SYSTEM, now(), run_due, each)
        except CommandCentreError as error:
            log.warning("timer %s of %s was not run: %s", each.timer, each.id, error.code)
    return done


async def watch(journal: Journal, lane: Lane, now: Callable[[], datetime], wakes_s: float = WAKES_S) -> None:
    """For ever. The lane is one of threads, so that a frozen database never stops the loop."""
    while True:
        try:
            await lane.run(do_due, journal, now)
        except CommandCentreError as error:
            log.warning("timers were not asked: %s", error.code)
        except Exception:
            log.exception("timers were not run")
        await asyncio.sleep(wakes_s)

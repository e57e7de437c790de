"""The demonstration's screenings, made a little after the start by the jobs process, so that no start waits for them: twelve
that were held, the one to come with its people, and its films, drawn, kept as recordings, masked, signed by two, put into the programme.

Each step asks what is there already; a process that was killed goes on where it was.
"""

import asyncio
import hashlib
import logging
import os
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from dashboard.demo.films import write_film
from data.actions.recordings import Segment
from data.coming_screening import Film, cut_film, film_wanted, invite_nineteen, new_recording_id, put_films_in, sign_films
from data.errors import CommandCentreError
from data.journal import Journal
from data.past_screenings import hold_one
from data.settings import Settings

AFTER_S = 20.0  # the wall moves by then, also on two slow cores
PAUSE_S = 0.5
WAIT_S = 3.0  # for a film that is being rendered
NICE = 10

log = logging.getLogger(__name__)


async def invent_screenings(settings: Settings, journal: Journal, now: Callable[[], datetime]) -> None:
    """Until all of it is there; for a demonstration only."""
    if not settings.demo:
        return
    await asyncio.sleep(AFTER_S)
    pause_s: float | None = PAUSE_S
    while pause_s is not None:
        await asyncio.sleep(pause_s)
        try:
            pause_s = await asyncio.to_thread(step, settings, journal, now())
        except CommandCentreError as error:
            log.warning("the demonstration's screenings wait: %s", error.code)
            pause_s = WAIT_S
        except Exception:
            log.exception("the demonstration's screenings are not made")
            return


def step(settings: Settings, journal: Journal, now: datetime) -> float | None:
    """One of them. Returns how long to wait before the next; None: everything is there. In a thread."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
    if hold_one(journal, now):
        return PAUSE_S
    return furnish(settings, journal, now)


def furnish(settings: Settings, journal: Journal, now: datetime) -> float | None:
    """The one to come: who is invited, then its films, their signatures, its programme. Returns as `step`."""
    if invite_nineteen(journal, now):
        return PAUSE_S
    film = film_wanted(journal)
    if film is not None:
        _bring(settings, journal, film, now)
        return PAUSE_S
    if sign_films(journal, now):
        return PAUSE_S
    return None if put_films_in(journal, now) else WAIT_S


def _bring(settings: Settings, journal: Journal, film: Film, now: datetime) -> None:
    """Drawn onto the disk first, then told: a file without a row is nobody's."""
    recording_id = new_recording_id(now)
    folder = settings.recordings / recording_id
    folder.mkdir(parents=True, mode=0o700)
    path = folder / "0001-drawn.webm"
    duration_ms = write_film(film.name, path)
    began_at = now - timedelta(milliseconds=duration_ms + 60_000)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    cut_film(journal, now, film, recording_id, Segment(1, "webm", began_at, duration_ms, path.stat().st_size, digest))

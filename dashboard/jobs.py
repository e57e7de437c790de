"""The jobs process: timers, retention, rendering of clips, apart from the loop that serves `/live`."""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.backups.schedule import keep_backups
from dashboard.supervise import LATER_S, PATIENCE_S, Beat, ready_file
from data.actions.attendees import purge_sign_ins
from data.actions.clips import purge_clip
from data.actions.recordings import purge_recording
from data.actions.videos import lapse_videos
from data.engines import open_database
from data.errors import CommandCentreError, RuleBroken
from data.journal import Announcement, Journal
from data.lanes import Lanes
from data.live_settings import current
from data.queries.people import sign_ins_to_forget
from data.queries.recordings import due_for_purge, purged_ids
from data.queries.screenings import files_of_clips, revoked_clips
from data.queries.videos import unwanted
from data.rules.attendees import KEPT
from data.rules.permissions import SYSTEM
from data.rules.release import KEPT_REVOKED
from data.sealing import load_sealing
from data.settings import Settings
from streaming.bus import Bus
from streaming.bus_server import BusServer
from streaming.clip_files import stray_files
from streaming.deadline_watch import watch
from streaming.history import History
from streaming.incoming_videos import left_over, remove_files

if TYPE_CHECKING:
    from streaming.archiving import Archiving
    from streaming.clip_rendering import ClipRenderings

BEAT_S = 0.5  # so often that a missing one is noticed within seconds
RETENTION_S = 3_600.0
RENDER_S = 1.0  # so often it looks whether a clip waits

log = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Until told to end."""
    asyncio.run(_run(settings))
    return 0


async def _run(settings: Settings) -> None:
    database, lanes, bus = open_database(settings.database_url), Lanes(), Bus(BusServer.of(settings))
    history = History(settings.positions)

    def announce(announcements: Sequence[Announcement]) -> None:
        bus.announce(announcements)

    journal = Journal(database, load_sealing(settings.keys), settings.court_code, announce, settings.civil_offset_s)
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    parts = (
        watch(journal, lanes.writer, _now),
        _at_leisure(settings, _archive(settings, journal, history)),
        _at_leisure(settings, _render(settings, journal)),
        _purge_recordings(settings, journal, lanes),
        _lapse_videos(settings.recordings, journal, lanes),
        _purge_clips(settings.clips, journal, lanes),
        _forget_sign_ins(journal, lanes),
        keep_backups(settings, journal, lanes, _now),
        _invent(settings, journal),
        _beat(Beat(settings, "jobs")),
    )
    tasks = [asyncio.create_task(part) for part in parts]
    await ending.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await bus.aclose()
    await asyncio.to_thread(history.close)
    lanes.close()
    database.close()


async def _invent(settings: Settings, journal: Journal) -> None:
    """A real court has nothing invented, and loads nothing for it."""
    if settings.demo:
        from dashboard.invented_screenings import invent_screenings

        await invent_screenings(settings, journal, _now)


async def _beat(beat: Beat) -> None:
    while True:
        beat()
        await asyncio.sleep(BEAT_S)


async def _at_leisure(settings: Settings, part: Coroutine[Any, Any, None]) -> None:
    """Nobody waits for these, and their libraries are large: not before the first wall moves."""
    until = time.monotonic() + PATIENCE_S
    try:
        while not ready_file(settings).exists() and time.monotonic() < until:
            await asyncio.sleep(BEAT_S)
        await asyncio.sleep(LATER_S)
        await part
    finally:
        part.close()


async def _render(settings: Settings, journal: Journal) -> None:
    """Clips that wait, one after the other."""
    renderings = await asyncio.to_thread(_renderings, settings, journal)
    try:
        while True:
            try:
                while await asyncio.to_thread(renderings.once):
                    pass
            except CommandCentreError as error:
                log.warning("rendering waits: %s", error.code)
            await asyncio.sleep(RENDER_S)
    finally:
        renderings.close()


def _renderings(settings: Settings, journal: Journal) -> "ClipRenderings":
    from streaming.clip_rendering import ClipRenderings

    return ClipRenderings(settings.recordings, settings.clips, journal, _now)


async def _purge_clips(clips: Path, journal: Journal, lanes: Lanes) -> None:
    """Masked files that were revoked thirty days ago: first the journal says so, then they go; and what another mask has replaced."""
    while True:
        with contextlib.suppress(CommandCentreError, OSError):
            await remove_revoked(clips, journal, lanes)
        await asyncio.sleep(RETENTION_S)


async def remove_revoked(clips: Path, journal: Journal, lanes: Lanes) -> None:
    """Raises Unavailable, OSError: later again."""
    for clip_id in await lanes.readers.run(_revoked, journal):
        if await lanes.writer.run(journal.do, SYSTEM, _now(), purge_clip, clip_id) is not None:
            log.info("the masked file of clip %s is purged", clip_id)
    known = await lanes.readers.run(_files, journal, clips)
    for path in await asyncio.to_thread(stray_files, clips, known, KEPT_REVOKED.total_seconds()):
        await asyncio.to_thread(path.unlink, missing_ok=True)


def _revoked(journal: Journal) -> list[str]:
    with journal.database.reading() as session:
        return revoked_clips(session, _now())


def _files(journal: Journal, clips: Path) -> dict[str, str | None]:
    there = [each.name for each in clips.iterdir() if each.is_dir()] if clips.exists() else []
    with journal.database.reading() as session:
        return files_of_clips(session, there)


async def _forget_sign_ins(journal: Journal, lanes: Lanes) -> None:
    """Who was invited to a screening two years ago; how many were stays."""
    while True:
        with contextlib.suppress(CommandCentreError):
            await forget_sign_ins(journal, lanes)
        await asyncio.sleep(RETENTION_S)


async def forget_sign_ins(journal: Journal, lanes: Lanes) -> None:
    """Raises Unavailable: later again."""
    for screening_id in await lanes.readers.run(_to_forget, journal):
        count = await lanes.writer.run(journal.do, SYSTEM, _now(), purge_sign_ins, screening_id)
        log.info("%d sign-ins of screening %s are forgotten", count, screening_id)


def _to_forget(journal: Journal) -> list[str]:
    with journal.database.reading() as session:
        return sign_ins_to_forget(session, _now() - KEPT)


async def _archive(settings: Settings, journal: Journal, history: History) -> None:
    """Days of positions whose time has come: to the archive, and in the end away, each with its event and its record in the audit."""
    archiving = await asyncio.to_thread(_archiving, settings, journal, history)
    try:
        while True:
            try:
                await asyncio.to_thread(archiving.once)
            except (CommandCentreError, OSError) as error:  # what could not be recorded or removed now is looked at again
                log.warning("archiving and removing old positions waits: %s", error)
            except Exception:  # one odd file must not end this process
                log.exception("old positions could not be looked through")
            await asyncio.sleep(RETENTION_S)
    finally:
        archiving.close()


def _archiving(settings: Settings, journal: Journal, history: History) -> "Archiving":
    from streaming.archiving import Archiving

    return Archiving(history, settings.archive, journal, _now, lambda: _days_of_positions(settings, journal))


async def _purge_recordings(settings: Settings, journal: Journal, lanes: Lanes) -> None:
    """Recordings whose time is over, none that is held or evidence: first the journal says so, then the files go."""
    while True:
        with contextlib.suppress(CommandCentreError, OSError):
            days = (await lanes.readers.run(_current, settings, journal)).recording_days
            for recording_id in await lanes.readers.run(_due, journal, days):
                with contextlib.suppress(RuleBroken):  # held meanwhile
                    await lanes.writer.run(journal.do, SYSTEM, _now(), purge_recording, recording_id, days)
                    log.info("recording %s purged", recording_id)
        with contextlib.suppress(CommandCentreError, OSError):
            for recording_id in await lanes.readers.run(_purged, journal, settings.recordings):
                await asyncio.to_thread(_remove, settings.recordings, recording_id)
        await asyncio.sleep(RETENTION_S)


def _remove(recordings: Path, recording_id: str) -> None:
    from streaming.recorder import remove  # with all that it records by

    remove(recordings, recording_id)


async def _lapse_videos(recordings: Path, journal: Journal, lanes: Lanes) -> None:
    """Outside videos that were not whole in time, and what lies on disk of any that are on their way no more."""
    while True:
        with contextlib.suppress(CommandCentreError, OSError):
            await remove_lapsed(recordings, journal, lanes)
        await asyncio.sleep(RETENTION_S)


async def remove_lapsed(recordings: Path, journal: Journal, lanes: Lanes) -> None:
    """First the journal says so, then the bytes go. Raises Unavailable, OSError: later again."""
    for video_id in await lanes.writer.run(journal.do, SYSTEM, _now(), lapse_videos):
        log.info("video %s was not whole in time", video_id)
    there = await asyncio.to_thread(left_over, recordings)
    gone = await lanes.readers.run(_unwanted, journal, there)
    await asyncio.to_thread(remove_files, recordings, sorted(gone))


def _unwanted(journal: Journal, video_ids: Sequence[str]) -> set[str]:
    with journal.database.reading() as session:
        return unwanted(session, video_ids)


def _current(settings: Settings, journal: Journal) -> Settings:
    """With what an administrator has changed since the start."""
    with journal.database.reading() as session:
        return current(session, settings)


def _days_of_positions(settings: Settings, journal: Journal) -> tuple[int, int]:
    now = _current(settings, journal)
    return now.history_days, now.archive_days


def _due(journal: Journal, days: int) -> list[str]:
    with journal.database.reading() as session:
        return due_for_purge(session, _now(), days)


def _purged(journal: Journal, folder: Path) -> set[str]:
    """What still lies on disk though its purge stands in the journal."""
    there = [each.name for each in folder.iterdir() if each.is_dir()] if folder.exists() else []
    with journal.database.reading() as session:
        return purged_ids(session, there)


def _now() -> datetime:
    return datetime.now(UTC)

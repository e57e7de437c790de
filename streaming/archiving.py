"""Takes each day of positions to where it belongs when its time has come: into the archive, and in the end away. For the jobs process.

One day file, one archive file, in this order: the day is sealed; the archive file is written by a process of its own and stands under its
name, on disk; the journal says so, with the digest; then the day file goes. Killed at any instant, the next start finds the seal and goes
on: the day file is there until the journal has the archive, and what is read from both is read once, by the seal. Purging goes the other
way: the journal says so, then the file goes. A hold stops both.

Before a day is archived or goes, what of it belongs to a mission is thinned and stays with it (`rules.mission_tracks`): row and digest in
one transaction a mission. Killed in between, the next start makes what is missing, for the raw day is still there.
"""

import contextlib
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path
from typing import Any

import orjson

from data.actions.archives import (
    begin_archiving,
    begin_removal,
    end_removal,
    fail_archiving,
    keep_archive,
    purge_archive,
    tell_archiving,
)
from data.actions.mission_tracks import Kept, keep_mission_tracks
from data.errors import ArchiveChanged, RuleBroken, Unavailable
from data.journal import Journal
from data.queries.archives import due_for_purge, states
from data.queries.mission_tracks import Trip, kept_of, trips_of
from data.rules import archives
from data.rules.archives import ArchiveState
from data.rules.mission_tracks import of_day
from data.rules.permissions import SYSTEM
from data.rules.words import ULID
from geo.fixes import Fix
from geo.kept_tracks import packed, thinned
from streaming.archive import PART, Archive, archive_file
from streaming.clip_files import is_unchanged
from streaming.history import History

TOLD_S = 2.0  # so often its progress is written
SILENT_S = 120.0  # a group of rows takes a tenth of a second; who says nothing for so long hangs
LOOK_S = 0.5  # so soon it hears that it shall stop
FULL = frozenset({ENOSPC, EFBIG, EDQUOT})
Read = Callable[[int, int, int], list[Fix]]  # a unit's fixes of one day between two moments

log = logging.getLogger(__name__)


class Archiving:
    """The day files of `history`, the archive files of `folder`. Belongs to one thread; `close` may come from another.

    days: `history_days` and `archive_days` as they are in force now.
    """

    def __init__(
        self, history: History, folder: Path, journal: Journal, now: Callable[[], datetime], days: Callable[[], tuple[int, int]]
    ) -> None:
        self._history, self._folder, self._journal, self._now = history, folder, journal, now
        self._days, self._history_days, self._archive_days = days, 0, 0
        self._ending = threading.Event()

    def once(self) -> None:
        """Everything whose time has come. One odd day does not stop those behind it. Raises Unavailable, OSError: later again."""
        self._history_days, self._archive_days = self._days()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for unfinished in self._folder.glob(f"*{PART}"):
            unfinished.unlink(missing_ok=True)
        for name in self._history.outdated(self._history_days, self._today()):
            if self._ending.is_set():
                return
            try:
                self._settle(name)
            except RuleBroken as error:
                log.info("positions of %s stay: %s", name, error.code)
            except Unavailable as error:
                log.warning("positions of %s wait: %s", name, error.code)
        self._purge()

    def close(self) -> None:
        """The day under way stops at once; the next start begins it anew."""
        self._ending.set()

    def _today(self) -> date:
        return self._now().astimezone(UTC).date()

    @property
    def _oldest(self) -> date:
        return self._today() - timedelta(days=archives.kept_days(self._history_days, self._archive_days))

    def _settle(self, name: str) -> None:
        """One day file whose open days are over."""
        seal, day = self._history.seal(name), _day(name)
        state, _, sha256 = self._known([seal]).get(seal, ("", day, ""))
        if state == ArchiveState.PURGED or (state == ArchiveState.KEPT and is_unchanged(self._file(seal, day), sha256)):
            self._history.remove(name)
            log.info("positions of %s stand in the archive, the day file is removed", name)
        elif state == ArchiveState.KEPT:
            log.error("the archive of %s is not what the journal says; its day file stays", name)
        elif self._keep_tracks(seal, day, lambda unit_no, from_ms, to_ms: self._history.track_in(name, unit_no, from_ms, to_ms)):
            if day < self._oldest:
                self._remove(name, day)
            elif archives.archived(self._history_days, self._archive_days):
                self._archive(name, seal, day)

    def _keep_tracks(self, seal: str, day: date, read: Read) -> bool:
        """What stays of each mission of that day; what is there already is not made again. Returns False when it was told to stop."""
        with self._journal.database.reading() as session:
            trips, there = trips_of(session, day, self._now()), kept_of(session, seal)
        for trip in trips:
            if self._ending.is_set():
                return False
            missing = [unit_no for unit_no in trip.unit_nos if (trip.mission_id, unit_no) not in there]
            tracks = [kept for unit_no in missing if (kept := _kept(trip, unit_no, day, read))]
            if tracks and self._do(keep_mission_tracks, trip.mission_id, seal, tracks):
                log.info("mission %s keeps %d tracks of %s", trip.mission_id, len(tracks), day)
        return True

    def _remove(self, name: str, day: date) -> None:
        """Recorded before it happens and after: killed in between, the audit has it; without a database nothing goes."""
        self._do(begin_removal, name, day)
        fixes = self._history.count(name)
        self._history.remove(name)
        log.info("positions of %s removed", name)
        self._do(end_removal, name, day, fixes)

    def _archive(self, name: str, seal: str, day: date) -> None:
        if not self._do(begin_archiving, seal, day):
            return
        said = self._written(seal, self._history.sealed_file(name), self._file(seal, day))
        if "sha256" not in said:
            if not self._ending.is_set():
                self._do(fail_archiving, seal, "unavailable.storage_full" if said.get("errno") in FULL else "archive.failed")
                log.warning("positions of %s could not be archived: %s", name, said.get("failed"))
            return
        if self._do(keep_archive, seal, said["fixes"], said["units"], said["size"], said["sha256"]):
            self._history.remove(name)
            log.info("positions of %s archived: %d fixes of %d units", name, said["fixes"], said["units"])

    def _written(self, seal: str, day_file: Path, path: Path) -> dict[str, Any]:
        """The last word of the process that writes; it is ended when nobody wants it any more or it hangs."""
        command = [sys.executable, "-m", "streaming.archive", str(day_file), str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env={}) as process:
            told_s, said = time.monotonic(), dict[str, Any]()
            try:
                for heard in _said(process):
                    said, now_s = heard or said, time.monotonic()
                    if self._ending.is_set():
                        break
                    if "share" in said and now_s - told_s >= TOLD_S:
                        told_s = now_s
                        if not self._told(seal, said["share"]):
                            said = {"failed": "stopped"}
                            break
            finally:
                process.kill()
        return said

    def _told(self, seal: str, share: float) -> bool:
        try:
            return bool(self._do(tell_archiving, seal, round(100 * share)))
        except Unavailable as error:  # the file is not worse for it
            log.warning("the progress of an archive is not said: %s", error.code)
            return True

    def _purge(self) -> None:
        """What is older than promised: first the journal says so, then it goes; and what a process before left after saying it."""
        with self._journal.database.reading() as session:
            due = due_for_purge(session, self._oldest)
        for archive_id, (_, day, sha256) in self._known(due).items():
            try:
                if not self._keep_tracks_of_archive(archive_id, day, sha256):
                    return
                if self._do(purge_archive, archive_id, self._oldest):
                    log.info("archive %s purged", archive_id)
            except RuleBroken as error:
                log.info("archive %s stays: %s", archive_id, error.code)
        there = {path.stem.rpartition("-")[2]: path for path in self._folder.glob("positions-????????-*.parquet")}
        known = self._known([each for each in there if ULID.fullmatch(each)])
        for archive_id, path in there.items():
            if archive_id in known and known[archive_id][0] == ArchiveState.PURGED:
                path.unlink(missing_ok=True)

    def _keep_tracks_of_archive(self, archive_id: str, day: date, sha256: str) -> bool:
        """Of a day that was archived before a mission of it was known, or by a version that kept none."""
        archive = Archive(self._folder)
        try:
            return self._keep_tracks(
                archive_id, day, lambda unit_no, from_ms, to_ms: archive.track(archive_id, day, sha256, unit_no, from_ms, to_ms)
            )
        except ArchiveChanged as error:  # nothing can be taken out of it any more; its time is over all the same
            log.error("no track can be kept of archive %s: %s", archive_id, error)
            return True

    def _known(self, archive_ids: list[str]) -> dict[str, tuple[str, date, str]]:
        with self._journal.database.reading() as session:
            return states(session, archive_ids)

    def _file(self, seal: str, day: date) -> Path:
        return archive_file(self._folder, seal, day)

    def _do(self, action: Callable[..., Any], *words: object) -> Any:
        return self._journal.do(SYSTEM, self._now(), action, *words)


def _kept(trip: Trip, unit_no: int, day: date, read: Read) -> Kept | None:
    """What stays of one unit's part in a mission on that day; None when nothing was heard of it."""
    part = of_day(trip.span, day)
    fixes = read(unit_no, *part.ms) if part else []
    if not fixes:
        return None
    moments = thinned(fixes)
    from_at, to_at = (datetime.fromtimestamp(each.t_ms / 1000, UTC) for each in (moments[0], moments[-1]))
    return Kept(unit_no, from_at, to_at, len(fixes), len(moments), packed(moments))


def _day(name: str) -> date:
    return datetime.strptime(name[:8], "%Y%m%d").replace(tzinfo=UTC).date()


def _said(process: "subprocess.Popen[bytes]") -> Iterator[dict[str, Any]]:
    """Each line of it; an empty one now and then, so that the caller can look up."""
    assert process.stdout is not None
    handle, kept, heard_s = process.stdout.fileno(), b"", time.monotonic()
    while time.monotonic() - heard_s < SILENT_S:
        if not select.select([handle], [], [], LOOK_S)[0]:
            yield {}
            continue
        heard = os.read(handle, 65_536)
        if not heard:
            return
        heard_s = time.monotonic()
        *lines, kept = (kept + heard).split(b"\n")
        for line in lines:
            with contextlib.suppress(orjson.JSONDecodeError):
                yield orjson.loads(line)
    yield {"failed": "silent"}

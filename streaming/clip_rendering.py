"""Renders the clips that wait, one after the other: for the jobs process. What is left half done goes on; what is cancelled stops.

A rendering has a folder of its own mask, so that no piece of another mask ever comes into it. The whole file is named by its digest:
`clips/<clip>/<sha256>.webm`. Before that its originals are compared with the digests in the chain.
"""

import hashlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import orjson

from data.actions.clips import Wanted, fail_rendering, keep_rendered, next_rendering, tell_rendering
from data.errors import CommandCentreError, RuleBroken, Unavailable
from data.journal import Journal
from data.queries.screenings import renderings_wait
from data.rules import masks
from data.rules.permissions import SYSTEM
from streaming.clip_files import is_unchanged, masked_file
from streaming.masked import Cancelled, Rendered, Rendering, Source

TOLD_S = 2.0  # so often its progress is written
NICE = 10  # timers and alarms come first

log = logging.getLogger(__name__)


class ClipRenderings:
    """recordings, clips: where the originals are and where masked files go."""

    def __init__(self, recordings: Path, clips: Path, journal: Journal, now: Callable[[], datetime]) -> None:
        self._recordings, self._clips, self._journal, self._now = recordings, clips, journal, now
        self._ending = threading.Event()

    def once(self) -> bool:
        """In a thread of its own: the oldest that waits. Returns whether there was one. Raises Unavailable: later again."""
        with self._journal.database.reading() as session:
            if not renderings_wait(session):
                return False
        wanted = self._journal.do(SYSTEM, self._now(), next_rendering)
        if wanted is None:
            return False
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        try:
            self._keep(wanted, self._render(wanted))
        except Cancelled:
            log.info("rendering of clip %s stopped", wanted.clip_id)
        except Unavailable:
            raise
        except CommandCentreError as error:
            self._fail(wanted, error.code)
        except OSError as error:
            log.warning("clip %s could not be rendered: %s", wanted.clip_id, error.strerror)
            self._fail(wanted, "clip.disk")
        except Exception:  # one odd file must not stop those behind it
            log.exception("clip %s could not be rendered", wanted.clip_id)
            self._fail(wanted, "internal")
        return True

    def close(self) -> None:
        """The one under way stops at its next picture, and goes on from there at the next start."""
        self._ending.set()

    def _render(self, wanted: Wanted) -> Rendered:
        sources = [Source(self._original(wanted, *file), round(file[2].timestamp() * 1000)) for file in wanted.files]
        from_ms, to_ms = (round(moment.timestamp() * 1000) for moment in (wanted.from_at, wanted.to_at))
        progress = _Progress(lambda share: self._journal.do(SYSTEM, self._now(), tell_rendering, wanted.clip_id, round(100 * share)))
        stop = lambda: progress.unwanted or self._ending.is_set()  # noqa: E731
        return Rendering(sources, from_ms, to_ms, wanted.mask, self._folder(wanted), progress, stop).run()

    def _folder(self, wanted: Wanted) -> Path:
        said = orjson.dumps(masks.written(wanted.mask), option=orjson.OPT_SORT_KEYS)
        return self._clips / wanted.clip_id / hashlib.sha256(said).hexdigest()[:16]

    def _original(self, wanted: Wanted, number: int, form: str, _: datetime, sha256: str) -> Path:
        """Raises RuleBroken clip.original_changed."""
        path = next(iter(sorted((self._recordings / wanted.recording_id).glob(f"{number:04d}-*.{form}"))), None)
        if path is None or not is_unchanged(path, sha256):
            raise RuleBroken("another original", code="clip.original_changed")
        return path

    def _keep(self, wanted: Wanted, rendered: Rendered) -> None:
        """First the file stands under its digest for good, then the journal says so."""
        there = masked_file(self._clips, wanted.clip_id, rendered.sha256)
        rendered.path.replace(there)
        _settle(there)
        originals = [file[3] for file in wanted.files]
        kept = self._journal.do(
            SYSTEM, self._now(), keep_rendered, wanted.clip_id, rendered.sha256, rendered.size, rendered.duration_ms, originals
        )
        log.info("clip %s rendered%s", wanted.clip_id, "" if kept else ", and not wanted any more")
        shutil.rmtree(self._folder(wanted), ignore_errors=True)

    def _fail(self, wanted: Wanted, code: str) -> None:
        self._journal.do(SYSTEM, self._now(), fail_rendering, wanted.clip_id, code)


class _Progress:
    """Says now and then how far it is, and hears whether it is still wanted."""

    def __init__(self, tell: Callable[[float], bool]) -> None:
        self._tell, self._told_s = tell, time.monotonic()
        self.unwanted = False

    def __call__(self, share: float) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s < TOLD_S:
            return
        self._told_s = now_s
        try:
            self.unwanted = not self._tell(share)
        except Unavailable as error:  # the film is not worse for it
            log.warning("the progress of a rendering is not said: %s", error.code)


def _settle(path: Path) -> None:
    """File and name outlive a crash."""
    for place in (path, path.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

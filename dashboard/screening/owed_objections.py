"""Objections that made a stage black and are not in the journal yet, as small files in `HOME/run/objections/`. Ids and moments only.

A press outlives the process that took it: whoever is left, or begins next, writes it down, as against what was shown when it was pressed.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from data.actions.objections import object_late
from data.errors import CommandCentreError, Unavailable
from data.identity import nobody
from data.journal import Journal
from data.lanes import Lanes
from data.rules import words
from streaming.pace import pause

SUFFIX = ".objection"
WRITE_AGAIN_S = 1.0  # what could not be written is written again until it can
LOOKS_S = 3.0  # so often it is looked for what another process has left, and so old it is by then
OWED_MOST = 200  # objections that wait to be written; one more says that it could not be noted

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pressed:
    """Who pressed, what he stopped by it, and when."""

    attendee_id: str
    release_id: str | None
    permit_id: str | None
    at_ms: int


class OwedObjections:
    """Those of one home. A disk that takes nothing leaves them in memory. Belongs to one event loop."""

    def __init__(self, run: Path, journal: Journal, lanes: Lanes, now: Callable[[], datetime]) -> None:
        self._folder = run / "objections"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._journal, self._lanes, self._now = journal, lanes, now
        self._ours: dict[str, Pressed] = {}  # by attendee: while it is black he can press for one clip only

    def keep(self, pressed: Pressed) -> bool:
        """Until `forget`. Returns False when too many wait already: then nothing is kept."""
        if len(self._ours) >= OWED_MOST and pressed.attendee_id not in self._ours:
            return False
        self._ours[pressed.attendee_id] = pressed
        path = self._path(pressed.attendee_id)
        fresh = path.with_suffix(f".{os.getpid()}")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(orjson.dumps(asdict(pressed)))
            fresh.replace(path)
        except OSError as error:
            log.warning("an objection was not kept beside the journal: %s", error.strerror)
        return True

    def forget(self, pressed: Pressed) -> None:
        """The journal has it, or never will."""
        self._ours.pop(pressed.attendee_id, None)
        with contextlib.suppress(OSError):
            self._path(pressed.attendee_id).unlink(missing_ok=True)

    async def run(self) -> None:
        """For ever: writes what waits, ours and what a process that is gone has left."""
        while True:
            await pause(WRITE_AGAIN_S if self._ours else LOOKS_S)
            oldest_ms = round((time.time() - LOOKS_S) * 1000)
            for pressed in list((await asyncio.to_thread(self._kept) | self._ours).values()):
                if pressed.at_ms <= oldest_ms:  # a younger one is being written at this moment
                    await self._write(pressed)

    async def _write(self, pressed: Pressed) -> None:
        at = datetime.fromtimestamp(pressed.at_ms / 1000, UTC)
        try:
            await self._lanes.writer.run(
                self._journal.do, nobody(None), self._now(), object_late, pressed.attendee_id, pressed.release_id, pressed.permit_id, at
            )
        except Unavailable:
            return
        except CommandCentreError as error:
            log.warning("an objection was not written: %s", error.code)
        except Exception:
            log.exception("an objection was not written")
            return
        self.forget(pressed)

    def _kept(self) -> dict[str, Pressed]:
        """Of the files; what cannot be read is left where it is."""
        found: dict[str, Pressed] = {}
        with contextlib.suppress(OSError):
            for entry in os.scandir(self._folder):
                name, suffix = os.path.splitext(entry.name)
                if suffix == SUFFIX and words.ULID.fullmatch(name):
                    with contextlib.suppress(OSError, ValueError, TypeError):
                        found[name] = Pressed(**orjson.loads(Path(entry.path).read_bytes()))
        return found

    def _path(self, attendee_id: str) -> Path:
        return self._folder / f"{words.ulid(attendee_id)}{SUFFIX}"

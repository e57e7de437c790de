"""Which screenings are black whatever the journal says, as small files in `HOME/run/`. Ids and moments only.

Every web process of the home sees them, also one that begins anew while the database stands still, and with no bus at all.
"""

import contextlib
import logging
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import orjson

from data.rules import words
from data.rules.permissions import Actor, Role

SUFFIX = ".black"
KEPT_MS = 7 * 86_400_000  # no screening is black for a week

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Black:
    """A blackout. at_ms: when it was pressed; owed_by: who still owes it to the journal, None: it stands there, or goes there otherwise."""

    at_ms: int
    owed_by: Actor | None = None


class Blacks:
    """The files of one home. A disk that takes nothing loses nothing that is shown: memory and bus have said it before."""

    def __init__(self, run: Path) -> None:
        self._folder = run / "black"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def keep(self, screening_id: str, black: Black) -> bool:
        """Returns whether the disk took it."""
        path = self._path(screening_id)
        fresh = path.with_suffix(f".{os.getpid()}")
        said = {"at": black.at_ms, "by": black.owed_by and asdict(replace(black.owed_by, address=None))}
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(orjson.dumps(said))
            fresh.replace(path)
        except OSError as error:
            log.warning("a blackout was not kept beside the journal: %s", error.strerror)
            return False
        return True

    def forget(self, screening_id: str, asked_ms: int) -> None:
        """One that was pressed by then; a later one stays."""
        path = self._path(screening_id)
        with contextlib.suppress(OSError):
            if path.exists() and _read(path).at_ms <= asked_ms:
                path.unlink()

    def all(self) -> dict[str, Black] | None:
        """By screening. What cannot be read is black, and nobody owes it. None: the folder itself cannot be read, so nothing is known."""
        try:
            found = [entry.name for entry in os.scandir(self._folder)]
        except OSError:
            return None
        named = (os.path.splitext(name) for name in found)
        ids = [screening_id for screening_id, suffix in named if suffix == SUFFIX and words.ULID.fullmatch(screening_id)]
        return {screening_id: _read(self._path(screening_id)) for screening_id in ids}

    def sweep(self, now_ms: int) -> None:
        """Those of screenings that are long over."""
        for screening_id, black in (self.all() or {}).items():
            if black.owed_by is None and now_ms - black.at_ms > KEPT_MS:
                self.forget(screening_id, black.at_ms)

    def _path(self, screening_id: str) -> Path:
        return self._folder / f"{words.ulid(screening_id)}{SUFFIX}"


def _read(path: Path) -> Black:
    try:
        said = orjson.loads(path.read_bytes())
        by = said["by"]
        return Black(int(said["at"]), by and Actor(**by | {"role": Role(by["role"])}))
    except (OSError, ValueError, KeyError, TypeError):
        return Black(0)

"""`ecc restore`: a court out of a backup, onto an empty machine, or nothing at all.

Everything is put into a folder beside the new home, looked at there, and gets the home's name last: killed at any instant there is either
no home or a whole one. With PostgreSQL the dump is loaded in one transaction just before that.
"""

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dashboard.backups.archive import Opened, decoded, unpack
from dashboard.backups.sealed import identities_in
from dashboard.schema import newest
from dashboard.upgrade import upgrade
from data import migrate
from data.actions.backups import record_restored
from data.dumps import check_empty, load_postgresql, state_of
from data.engines import Database, open_database
from data.errors import BadInput, NoRoom, RuleBroken, StorageFull
from data.journal import Journal
from data.rules.backups import DUMP, MANIFEST, RESERVE, SEAL, SEALING_KEY, SETTINGS, SQLITE, About, safe_name, seal, settings_text
from data.rules.permissions import SYSTEM
from data.sealing import load_sealing
from data.settings import FOLDER_MODE, Settings, forms, sqlite_url


@dataclass(frozen=True, slots=True)
class Restored:
    """What it did. migrated: from an older version's schema. not_there: parts that had been purged while the backup was made."""

    backup_id: str
    made_at: str
    version: str
    parts: int
    keys: int
    seq: int
    migrated: bool
    not_there: int


def restore(settings: Settings, archive: Path, keys: Path, identity: Path, home: Path) -> Restored:
    """settings: of the new machine; only whether its database is a PostgreSQL is taken from them, the rest comes out of the backup.

    Raises RuleBroken backup.home_not_empty, backup.database_not_empty, backup.other_database, backup.chain; BadInput backup.damaged with
    the part's name, backup.newer, backup.other_identity, backup.other_keys, backup.not_one; StorageFull.
    """
    home = home.expanduser().absolute()
    try:
        with _beside(home) as staging:
            restored = _Restoring(settings, staging).run(archive, keys, identity)
            os.sync()
            staging.rename(home)
            _sync_folder(home.parent)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        code = "backup.full" if full else "backup.disk"
        raise StorageFull(str(error), code=code, why=error.strerror or type(error).__name__) from error
    return restored


class _Restoring:
    def __init__(self, settings: Settings, staging: Path) -> None:
        self._settings, self._staging = settings, staging
        self._postgresql = settings.database_url if settings.database_url.startswith("postgresql") else None

    def run(self, archive: Path, keys: Path, identity: Path) -> Restored:
        identities = identities_in(identity)
        if self._postgresql:
            with _opened(self._postgresql) as database:
                check_empty(database)
        kept = unpack(keys, identities, self._staging, lambda about: _agree(about, self._staging))
        key = self._sealing_key(kept)
        _check_seal(kept, key)
        taken = unpack(archive, identities, self._staging, lambda about: _agree(about, self._staging))
        _check_seal(taken, key)
        _check_keys(taken, kept)
        self._write_settings()
        migrated = self._bring_up(taken)
        return Restored(
            taken.about.backup_id,
            taken.about.made_at,
            taken.about.version,
            len(taken.files),
            len(kept.files),
            taken.manifest.seq,
            migrated,
            len(taken.manifest.gone),
        )

    def _sealing_key(self, kept: Opened) -> bytes:
        if SEALING_KEY not in kept.files:
            raise BadInput("keys", code="backup.other_keys", part=SEALING_KEY)
        return (self._staging / SEALING_KEY).read_bytes()

    def _write_settings(self) -> None:
        path = self._staging / SETTINGS
        said = decoded(path.read_bytes(), dict[str, str], SETTINGS)
        known = {key: text for key, text in said.items() if key in forms()}
        lists, numbers, truths = ({key for key, form in forms().items() if form == name} for name in ("list", "number", "truth"))
        text = settings_text(known, lists, numbers, truths)
        with os.fdopen(os.open(self._staging / "ecc.toml", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        path.unlink()

    def _bring_up(self, taken: Opened) -> bool:
        """The database as it was, its chain looked through, brought to this version's schema; and that it was restored, said in it."""
        wanted = DUMP if self._postgresql else SQLITE
        if wanted not in taken.files:
            raise RuleBroken("other database", code="backup.other_database", wanted="PostgreSQL" if DUMP in taken.files else "SQLite")
        url = self._postgresql or sqlite_url(self._staging / SQLITE)
        if self._postgresql:
            load_postgresql(url, self._staging / DUMP)
            (self._staging / DUMP).unlink()
        restored = Settings.of(home=self._staging, database_url=url, court_code=taken.about.court_code)
        with _opened(url) as database:
            journal = Journal(database, load_sealing(restored.keys), restored.court_code)
            _check_chain(journal, taken)
            older = taken.about.revision not in newest()
        if older:
            upgrade(restored)
        with _opened(url) as database:
            journal = Journal(database, load_sealing(restored.keys), restored.court_code)
            journal.do(SYSTEM, datetime.now(UTC), record_restored, taken.about.backup_id, taken.manifest.seq)
        return older


def _agree(about: About, staging: Path) -> None:
    """Before gigabytes are read. Raises BadInput backup.newer, backup.damaged; NoRoom backup.no_room."""
    for name in about.names:
        safe_name(name)
    if not migrate.is_known(about.revision):
        raise BadInput("revision", code="backup.newer", version=about.version[:40])
    disk = os.statvfs(staging)
    free, needed = disk.f_bavail * disk.f_frsize, about.size + RESERVE
    if free < needed:
        raise NoRoom("room", code="backup.no_room", path=str(staging.parent), needed=round(needed / 1e9, 1), free=round(free / 1e9, 1))


def _check_seal(opened: Opened, key: bytes) -> None:
    if seal(key, opened.manifest_text) != opened.seal:
        raise BadInput("seal", code="backup.other_keys", part=SEAL)
    if opened.manifest.backup_id != opened.about.backup_id:
        raise BadInput("id", code="backup.damaged", part=MANIFEST)


def _check_keys(taken: Opened, kept: Opened) -> None:
    """The keys need not be of the same hour, but they must be the same keys."""
    promised = {part.name: part for part in taken.manifest.keys}
    for name in sorted(promised.keys() | kept.files.keys()):
        if promised.get(name) != kept.files.get(name):
            raise BadInput("keys", code="backup.other_keys", part=name)


def _check_chain(journal: Journal, taken: Opened) -> None:
    """Raises RuleBroken backup.chain."""
    broken, state = journal.verify(), state_of(journal.database)
    if broken is not None:
        raise RuleBroken("chain", code="backup.chain", seq=broken)
    if (state.seq, state.digest) != (taken.manifest.seq, taken.manifest.digest):
        raise RuleBroken("head", code="backup.chain", seq=taken.manifest.seq)


@contextlib.contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        database.close()


@contextlib.contextmanager
def _beside(home: Path) -> Iterator[Path]:
    """A folder beside the home to be, for us alone; gone again unless it got the home's name. Raises RuleBroken, Locked."""
    if home.is_symlink() or (home.exists() and (not home.is_dir() or any(home.iterdir()))):
        raise RuleBroken("not empty", code="backup.home_not_empty", path=str(home))
    home.parent.mkdir(parents=True, exist_ok=True)
    staging = home.with_name(f".{home.name}.restoring")
    with home.with_name(f".{home.name}.restoring.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RuleBroken("another", code="backup.running") from error
        shutil.rmtree(staging, ignore_errors=True)  # of one that was killed
        staging.mkdir(mode=FOLDER_MODE)
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            Path(lock.name).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""`ecc backup`: everything of a running court into an encrypted file, its keys into another. Nobody who works meanwhile waits for it.

First the database as it is at one moment, then every other file is held by a hard link, so that what that moment names cannot be purged
before it is copied; the day files of positions, which others write meanwhile, are copied as the database is, one after the other. Both
files get their names only when they are whole and on the disk, the keys first: killed at any instant there is no half backup.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

import msgspec
from ulid import ULID

from dashboard.backups.archive import Written, end, pieces_of_bytes, pieces_of_file
from dashboard.backups.sealed import encrypt, recipients_of
from data.actions.backups import record_backup, record_failed_backup
from data.dumps import copy_sqlite, dump_postgresql, flush, state_of
from data.engines import open_database
from data.errors import CommandCentreError, Locked, NoRoom, RuleBroken, StorageFull
from data.journal import Journal
from data.rules.backups import (
    ABOUT,
    ARCHIVE,
    BEFORE_UPGRADE,
    DUMP,
    FORMAT,
    KEYS,
    LEFT_OUT,
    MANIFEST,
    RESERVE,
    SEAL,
    SEALING_KEY,
    SETTINGS,
    SQLITE,
    WITH_KEYS,
    About,
    Manifest,
    is_companion,
    kept_settings,
    outdated,
    seal,
)
from data.rules.permissions import SYSTEM
from data.sealing import load_sealing
from data.settings import Settings, as_texts, sqlite_file, sqlite_url

NICE = 10  # whoever serves people goes first
REST = 0.25  # of the time that it works it rests, so that the disk has room for others
PARTIAL = ".part"
NO_FAILURE = frozenset({"backup.running", "backup.exists"})  # the other one says what becomes of it; there is one of this name


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it. digest: SHA-256 of the archive as it lies there."""

    backup_id: str
    archive: Path
    keys: Path
    parts: int
    size: int
    digest: str
    seq: int


@dataclass(slots=True)
class Rest:
    """Called after each piece of work; sleeps a little of the time that the piece took."""

    share: float = REST
    since: float = field(default_factory=time.monotonic)

    def __call__(self) -> None:
        time.sleep(min(0.05, (time.monotonic() - self.since) * self.share))
        self.since = time.monotonic()


def scheduled_names(settings: Settings, now: datetime) -> tuple[Path, Path]:
    """Where a backup goes when nobody names a file. Raises RuleBroken backup.no_folder."""
    if settings.backup_to is None or settings.backup_keys_to is None:
        raise RuleBroken("no folder", code="backup.no_folder")
    name = now.astimezone(UTC).strftime("ecc-%Y%m%dT%H%M%SZ")
    return settings.backup_to / f"{name}{ARCHIVE}", settings.backup_keys_to / f"{name}{KEYS}"


def make(settings: Settings, archive: Path, keys: Path, recipients: Sequence[str]) -> Made:
    """Raises RuleBroken backup.exists, Locked backup.running, BadInput backup.no_recipient, NoRoom backup.no_room, Unavailable.

    Whether it was made or what was in the way is then in the journal, as far as that can be written.
    """
    backup_id = str(ULID())
    try:
        made = _make(settings, backup_id, archive.absolute(), keys.absolute(), recipients)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        ours = StorageFull(str(error), code="backup.full" if full else "backup.disk", why=error.strerror or type(error).__name__)
        _note_failure(settings, backup_id, ours.code)
        raise ours from error
    except CommandCentreError as error:
        if error.code not in NO_FAILURE:
            _note_failure(settings, backup_id, error.code)
        raise
    with _journal(settings) as journal:
        journal.do(SYSTEM, datetime.now(UTC), record_backup, backup_id, made.parts, made.size, made.digest, made.seq)
    return made


def make_of_database(settings: Settings, archive: Path, keys: Path, recipients: Sequence[str]) -> None:
    """The database and the keys alone, for the moment before an upgrade: films and positions stay where they are, which would take hours.

    `ecc restore` takes it as any other. Nothing of it stands in the journal, whose schema may be an older version's. Raises as `make` does.
    """
    try:
        _make(settings, str(ULID()), archive.absolute(), keys.absolute(), recipients, only=WITH_KEYS)
    except OSError as error:
        raise StorageFull(str(error), code="backup.disk", why=error.strerror or type(error).__name__) from error


def _make(
    settings: Settings, backup_id: str, archive: Path, keys: Path, recipients: Sequence[str], only: Container[str] | None = None
) -> Made:
    for path in (archive, keys):
        if path.exists():
            raise RuleBroken("exists", code="backup.exists", path=str(path))
        path.parent.mkdir(exist_ok=True, mode=0o700)  # the one above must be there: a disk that is not mounted is not filled in its place
    whom = recipients_of(recipients)
    with alone(settings) as staging:
        remove_partial([archive.parent, keys.parent])
        sealing_key = load_key(settings)  # before it is looked what there is: a home may have had none yet
        found = {name: path for name, path in _found(settings).items() if only is None or name.split("/")[0] in only}
        _check_room(settings, found, archive, staging)
        backup = _Backup(settings, backup_id, staging, found)
        backup.hold()
        with _partial(keys) as keys_file, _partial(archive) as archive_file:
            kept = backup.write_keys(keys_file, whom)
            digest = encrypt(backup.pieces(kept, sealing_key), archive_file, whom)
            size = archive_file.tell()
            _name(keys_file, keys)
            _name(archive_file, archive)
    return Made(backup_id, archive, keys, len(backup.written.parts), size, digest, backup.state.seq)


def load_key(settings: Settings) -> bytes:
    """The court's sealing key, with which the manifest is signed."""
    load_sealing(settings.keys)
    return (settings.home / SEALING_KEY).read_bytes()


class _Backup:
    """One that is being made. found: names below the home, each with where it lies."""

    def __init__(self, settings: Settings, backup_id: str, staging: Path, found: Mapping[str, Path]) -> None:
        self._settings, self._id, self._staging, self._rest = settings, backup_id, staging, Rest()
        self._keys = {name: path for name, path in found.items() if name.split("/")[0] in WITH_KEYS}
        self._files = {name: path for name, path in found.items() if name not in self._keys}
        self._running = {name for name, path in self._files.items() if _is_sqlite(path)}
        self.written = Written()

    def hold(self) -> None:
        """The database as it is now, then a hold on every other file."""
        if source := sqlite_file(self._settings.database_url):
            self._database = self._staging / SQLITE
            copy_sqlite(source, self._database, self._rest)
            database = open_database(sqlite_url(self._database))
            self.state = state_of(database)
            database.close()
            flush(self._database)
        else:
            self._database = self._staging / DUMP
            self.state = dump_postgresql(self._settings.database_url, self._database)
        for number, (name, path) in enumerate(sorted(self._files.items())):
            if name not in self._running:
                self._files[name] = _held(path, self._staging / f"held-{number}")

    def write_keys(self, into: IO[bytes], whom: list[object]) -> Written:
        """The second file."""
        kept = Written()
        encrypt(self._pieces_of_keys(kept), into, whom)
        return kept

    def _pieces_of_keys(self, kept: Written) -> Iterator[bytes]:
        names = tuple(sorted(self._keys))
        yield from pieces_of_bytes(ABOUT, self._about(names, 0))
        for name in names:
            yield from pieces_of_file(name, self._keys[name], kept)
        manifest = msgspec.json.encode(Manifest(self._id, tuple(kept.parts), (), self.state.seq, self.state.digest))
        yield from pieces_of_bytes(MANIFEST, manifest)
        yield from pieces_of_bytes(SEAL, seal(load_key(self._settings), manifest).encode())
        yield end()

    def pieces(self, kept: Written, sealing_key: bytes) -> Iterator[bytes]:
        """The archive, piece by piece."""
        names = (SETTINGS, self._database.name, *sorted(self._files))
        yield from pieces_of_bytes(ABOUT, self._about(names, _total(self._files.values()) + self._database.stat().st_size))
        yield from pieces_of_bytes(SETTINGS, _settings_kept(self._settings), self.written)
        yield from pieces_of_file(self._database.name, self._database, self.written, self._rest)
        self._database.unlink()
        for name in sorted(self._files):
            yield from self._pieces_of(name)
        said = Manifest(self._id, tuple(self.written.parts), tuple(kept.parts), self.state.seq, self.state.digest, tuple(self.written.gone))
        manifest = msgspec.json.encode(said)
        yield from pieces_of_bytes(MANIFEST, manifest)
        yield from pieces_of_bytes(SEAL, seal(sealing_key, manifest).encode())
        yield end()

    def _pieces_of(self, name: str) -> Iterator[bytes]:
        if name not in self._running:
            yield from pieces_of_file(name, self._files[name], self.written, self._rest)
            return
        copy = self._staging / "copy.db"
        if self._files[name].exists():
            copy_sqlite(self._files[name], copy, self._rest)
            flush(copy)
        yield from pieces_of_file(name, copy, self.written, self._rest)
        for path in self._staging.glob("copy.db*"):
            path.unlink()

    def _about(self, names: Sequence[str], size: int) -> bytes:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        revision, court = self.state.revision, self._settings.court_code
        said = About(FORMAT, self._id, now, version("enforcement-command-centre"), revision, court, size, tuple(names))
        return msgspec.json.encode(said)


def _settings_kept(settings: Settings) -> bytes:
    said = kept_settings(as_texts(settings), as_texts(Settings.of(home=settings.home)))
    return msgspec.json.encode(said)


# --- what there is -----------------------------------------------------------------------------------------------------------------------


def _found(settings: Settings) -> dict[str, Path]:
    """Every file of the court but its database and what are backups, by its name below the home."""
    roots = {path.name: path for path in settings.home.iterdir() if path.name not in (*LEFT_OUT, BEFORE_UPGRADE)}
    roots |= {name: path for name, path in (("recordings", settings.recordings), ("layers", settings.layers)) if path.is_dir()}
    found: dict[str, Path] = {}
    for name, root in roots.items():
        if root.is_dir():
            found |= {f"{name}/{path.relative_to(root)}": path for path in _files_below(root)}
        elif root.is_file() and not root.is_symlink():
            found[name] = root
    database = _sqlite_file(settings)
    return {
        name: path
        for name, path in found.items()
        if path != database and not is_companion(str(path), [str(database)]) and not _is_own(path) and not is_companion(name, found)
    }


def _files_below(root: Path) -> Iterator[Path]:
    for folder, _, files in os.walk(root):
        for each in files:
            path = Path(folder) / each
            if path.is_file() and not path.is_symlink():
                yield path


def _is_own(path: Path) -> bool:
    return path.suffix in (ARCHIVE, KEYS) or (path.name.startswith(".") and path.name.endswith((ARCHIVE + PARTIAL, KEYS + PARTIAL)))


def _sqlite_file(settings: Settings) -> Path:
    return sqlite_file(settings.database_url) or settings.home / SQLITE


def _is_sqlite(path: Path) -> bool:
    """One that is empty yet counts when its log is beside it."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        head = file.read(16)
        return head == b"SQLite format 3\0" or (not head and Path(f"{path}-wal").exists())
    return False


def _held(path: Path, link: Path) -> Path:
    """The file under a second name, so that it stays; where that cannot be (another disk), as it is."""
    with contextlib.suppress(OSError):
        os.link(path, link)
        return link
    return path


def _total(paths: Iterable[Path]) -> int:
    total = 0
    for path in paths:
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total


def _check_room(settings: Settings, found: Mapping[str, Path], archive: Path, staging: Path) -> None:
    """Before anything is written. Raises NoRoom backup.no_room."""
    database = _total([_sqlite_file(settings), Path(f"{_sqlite_file(settings)}-wal")])
    copies = max([database, *(_total([path]) for path in found.values() if path.suffix == ".db")])
    needed = {os.stat(archive.parent).st_dev: _total(found.values()) + database + RESERVE}
    device = os.stat(staging).st_dev
    needed[device] = needed.get(device, RESERVE) + copies
    for folder in (archive.parent, staging):
        disk = os.statvfs(folder)
        free, wanted = disk.f_bavail * disk.f_frsize, needed[os.stat(folder).st_dev]
        if free < wanted:
            params = {"needed": round(wanted / 1e9, 1), "free": round(free / 1e9, 1)}
            raise NoRoom("kept free", code="backup.no_room", path=str(folder), **params)


# --- one at a time, whole or not at all --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[Path]:
    """A folder for copies and links, for one backup of this home alone. Raises Locked backup.running."""
    with (settings.run / "backup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Locked("another", code="backup.running") from error
        staging = settings.run / "backup"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def remove_left_over(settings: Settings) -> None:
    """What a killed backup has left: its links would keep a purged recording alive. Nothing while one is being made."""
    if (settings.run / "backup").exists():
        with contextlib.suppress(Locked), alone(settings):
            pass


@contextlib.contextmanager
def _partial(path: Path) -> Iterator[IO[bytes]]:
    """A file under another name, for us alone, locked as long as we live; removed if it has not got its own name."""
    fresh = path.with_name(f".{path.name}{PARTIAL}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield file
        finally:
            fresh.unlink(missing_ok=True)


def _name(file: IO[bytes], path: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    path.with_name(f".{path.name}{PARTIAL}").rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def remove_partial(folders: Sequence[Path]) -> None:
    """What a killed backup has left under a name that is not its own."""
    for folder in folders:
        for path in [*folder.glob(f".*{ARCHIVE}{PARTIAL}"), *folder.glob(f".*{KEYS}{PARTIAL}")]:
            with contextlib.suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # somebody lives who writes it: not ours to remove
                path.unlink()


def keep_newest(settings: Settings) -> list[Path]:
    """The older scheduled backups go. Returns what went."""
    went = []
    for folder in {settings.backup_to, settings.backup_keys_to} - {None}:
        assert folder is not None
        for name in outdated([path.name for path in folder.iterdir()], settings.backup_keep):
            (folder / name).unlink(missing_ok=True)
            went.append(folder / name)
    return went


# --- the journal -------------------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _journal(settings: Settings) -> Iterator[Journal]:
    database = open_database(settings.database_url)
    try:
        yield Journal(database, load_sealing(settings.keys), settings.court_code, civil_offset_s=settings.civil_offset_s)
    finally:
        database.close()


def _note_failure(settings: Settings, backup_id: str, code: str) -> None:
    """A journal that cannot be written is a failure that the wall shows anyway."""
    with contextlib.suppress(CommandCentreError, OSError), _journal(settings) as journal:
        journal.do(SYSTEM, datetime.now(UTC), record_failed_backup, backup_id, code)

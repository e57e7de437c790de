"""Backups: what one is made of, when one is due or too old, which ones go, and the settings that a restored court begins with.

The archive and the keys are two files that never hold each other's things: who has one of them has nothing.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from data.errors import BadInput

FORMAT = 1
ABOUT, MANIFEST, SEAL, SETTINGS = "about.json", "manifest.json", "manifest.mac", "settings.json"
SQLITE, DUMP = "ecc.db", "ecc.pgdump"  # the database among the parts, by which of the two it was
SEALING_KEY = "keys/sealing.key"
OLD_AFTER = timedelta(hours=26)  # a day, and two hours for the backup itself
AGAIN_AFTER = timedelta(hours=1)  # what failed is tried again
RESERVE = 200_000_000  # bytes that a backup leaves free, for the journal goes on
RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}")  # bech32
OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
NAME = re.compile(r"ecc-\d{8}T\d{6}Z")
ARCHIVE, KEYS = ".backup", ".keys"

# What a home holds that a backup leaves out, and what goes with the keys. Everything else is taken, also what a later version puts there.
LEFT_OUT = frozenset({"maps", "run", "log", "ecc.toml"})
BEFORE_UPGRADE = "before-upgrade"  # databases set aside are backups themselves
WITH_KEYS = frozenset({"keys", "turnserver.conf"})
_COMPANIONS = ("-wal", "-shm", "-journal")  # of an SQLite file: they are in its copy


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a backup. name: as it lies below the home."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class About:
    """What stands at the beginning of an archive, so that a wrong one is refused before gigabytes are read. size: roughly, of all parts."""

    format: int
    backup_id: str
    made_at: str
    version: str
    revision: str
    court_code: str
    size: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands at the end: every part with its digest, the keys that belong to it by theirs, and how far the journal had come.

    gone: files that were removed by their own rules while the backup was made.
    """

    backup_id: str
    parts: tuple[Part, ...]
    keys: tuple[Part, ...]
    seq: int
    digest: str
    gone: tuple[str, ...] = ()


def seal(key: bytes, manifest: bytes) -> str:
    """Anybody who has the court's public key can encrypt for it; only the court itself can make this."""
    return hmac.new(key, b"ecc backup manifest\n" + manifest, hashlib.sha256).hexdigest()


def is_companion(name: str, names: Container[str]) -> bool:
    """Whether a file is the log or the index of an SQLite file beside it."""
    return any(name.endswith(end) and name.removesuffix(end) in names for end in _COMPANIONS)


def safe_name(name: str) -> str:
    """The name, if it stays below the home it is put into. Raises BadInput backup.damaged."""
    path = PurePosixPath(name)
    plain = str(path) == name and not path.is_absolute() and all(each not in ("", ".", "..") for each in path.parts)
    if not plain or "\0" in name or "\\" in name or path.parts[0] in LEFT_OUT:
        raise BadInput("name", code="backup.damaged", part=name[:80])
    return name


# --- when --------------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """What the journal says of backups. failed_at, why: of the newest that failed, if none was made after it."""

    made_at: datetime | None = None
    failed_at: datetime | None = None
    why: str = ""


def due_since(now: datetime, at: str, civil_offset_s: int) -> datetime:
    """The last moment at which the clock on the wall showed `at` (02:30)."""
    hour, minute = (int(each) for each in at.split(":"))
    civil = now + timedelta(seconds=civil_offset_s)
    moment = civil.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if moment > civil:
        moment -= timedelta(days=1)
    return moment - timedelta(seconds=civil_offset_s)


def is_due(now: datetime, at: str, civil_offset_s: int, known: Known) -> bool:
    """Once a day, again an hour after a failure; at once when there has never been one."""
    if known.failed_at is not None and now - known.failed_at < AGAIN_AFTER:
        return False
    return known.made_at is None or known.made_at < due_since(now, at, civil_offset_s)


def trouble(now: datetime, known: Known) -> str | None:
    """What must be said of scheduled backups: none, failed, old; None when all is well."""
    if known.failed_at is not None:
        return "failed"
    if known.made_at is None:
        return "none"
    return "old" if now - known.made_at > OLD_AFTER else None


def outdated(names: Iterable[str], keep: int) -> list[str]:
    """Which of the files in a folder of scheduled backups go, so that the newest `keep` stay; whatever else lies there is not ours."""
    ours = [name for name in names for end in (ARCHIVE, KEYS) if name.endswith(end) and NAME.fullmatch(name.removesuffix(end))]
    stems = sorted({PurePosixPath(name).stem for name in ours})
    going = set(stems[: max(0, len(stems) - keep)])
    return sorted(name for name in ours if PurePosixPath(name).stem in going)


# --- settings ----------------------------------------------------------------------------------------------------------------------------

_OF_ONE_MACHINE = frozenset(
    {"home", "database_url", "layers", "recordings", "tls_cert", "tls_key", "demo", "backup_at", "backup_to", "backup_keys_to"}
    | {"redis_url", "redis_sentinels", "redis_ca", "redis_cert", "redis_key"}
)


def kept_settings(said: Mapping[str, str], defaults: Mapping[str, str]) -> dict[str, str]:
    """What the operator chose; nothing that is a place on one machine or may hold a password."""
    return {key: text for key, text in said.items() if key not in _OF_ONE_MACHINE and text != defaults.get(key)}


def settings_text(kept: Mapping[str, str], lists: Container[str], numbers: Container[str], truths: Container[str]) -> str:
    """An ecc.toml that says the same. lists, numbers, truths: which keys are not texts."""
    lines = ["# Written by ecc restore. Paths, certificates, database and bus are of this machine: set them where needed."]
    for key, text in kept.items():
        if key in lists:
            said = json.dumps(text.split(","), ensure_ascii=False)
        elif key in truths:
            said = "true" if text == "1" else "false"
        else:
            said = text if key in numbers else json.dumps(text, ensure_ascii=False)
        lines.append(f"{key} = {said}")
    return "\n".join(lines) + "\n"

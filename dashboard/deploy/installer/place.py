"""What is offered and where it goes; whether the one may go to the other."""

import json
import platform
import re
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .sentences import Refused

ROOM = 4  # times the bundle: unpacked wheels and compiled files
SPARE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Bundle:
    """What lies beside install.sh."""

    folder: Path
    version: str
    build: str
    machine: str
    glibc: str
    lock: str
    bytes: int

    @property
    def name(self) -> str:
        return f"{self.version}-{self.build}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where it goes. Kept in PREFIX/install.json, so that an upgrade needs no options."""

    prefix: Path
    home: Path
    service: str  # system | user | none
    user: str | None  # whom the system service runs as
    units: Path

    @property
    def versions(self) -> Path:
        return self.prefix / "versions"

    @property
    def current(self) -> Path:
        return self.prefix / "current"

    @property
    def program(self) -> Path:
        return self.prefix / "ecc"

    @property
    def signers(self) -> Path:
        """Whose bundles are taken, as ssh-keygen reads it; not there: anybody's whose sums are right. install.sh asks it."""
        return self.prefix / "signers"

    @property
    def journal(self) -> Path:
        """There as long as an upgrade is under way."""
        return self.prefix / "upgrading.json"


def read_bundle(folder: Path) -> Bundle:
    """Raises Refused: another architecture, Python or C library than it was made for."""
    said = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    if (machine := platform.machine()) != said["machine"]:
        raise Refused("other_machine_here", found=machine, wanted=said["machine"])
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    if python not in said["pythons"]:
        raise Refused("other_python", found=python, wanted=" ".join(said["pythons"]))
    library, found = platform.libc_ver()
    if library != "glibc" or numbers(found) < numbers(said["glibc"]):
        raise Refused("old_library", found=f"{library} {found}", wanted=said["glibc"])
    return Bundle(folder, said["version"], said["build"], said["machine"], said["glibc"], said["pythons"][python], said["bytes"])


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def installed(place: Place) -> str | None:
    """The version and build that `current` points at."""
    return place.current.readlink().name if place.current.is_symlink() else None


def check_room(bundle: Bundle, place: Place) -> None:
    """Raises Refused. The program's folder takes the wheels unpacked; the data's folder a copy of the database."""
    for folder, needed in ((place.prefix, ROOM * bundle.bytes), (place.home, SPARE_BYTES + 2 * _database_bytes(place))):
        free = shutil.disk_usage(_existing(folder)).free
        if free < needed:
            raise Refused("no_room", folder=folder, free=round(free / 1e9, 1), needed=round(needed / 1e9, 1))


def _database_bytes(place: Place) -> int:
    with suppress(OSError):
        return sum(path.stat().st_size for path in place.home.glob("ecc.db*"))
    return 0


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())


def check_order(bundle: Bundle, place: Place) -> None:
    """Raises Refused when an older version would follow a newer one."""
    before = installed(place)
    if before and numbers(bundle.version) < numbers(before.partition("-")[0]):
        raise Refused("older", found=before.partition("-")[0], offered=bundle.version)

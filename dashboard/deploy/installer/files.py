"""Files that are whole whatever is cut, and programs that refuse in their own words."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .sentences import Refused


def run(command: Sequence[str], key: str, **holes: object) -> str:
    """What it printed. Raises Refused with the last lines of what it said."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Refused(key, why="\n".join((done.stderr or done.stdout).strip().splitlines()[-5:]), **holes)
    return done.stdout


def sync(path: Path) -> None:
    """What the folder lists is on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def write_whole(path: Path, text: str, mode: int = 0o644) -> None:
    """The old content or the new one, whatever is cut."""
    fresh = path.with_name(f".{path.name}.fresh")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.chmod(mode)
    fresh.replace(path)
    sync(path.parent)

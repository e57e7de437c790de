"""What was made of a file, kept in a folder beside it for the next start. Its name holds the file's time, so an old one is never taken."""

import os
from collections.abc import Callable
from pathlib import Path

KEPT = ".seen"  # a folder inside the layers' one


def kept_of(source: Path, changed_ns: int, ending: str, more: str = "") -> Path:
    """Where it is kept. more: of several things made of the same file, which one."""
    return source.parent / KEPT / f"{_stem(source, more)}{changed_ns}{ending}"


def keep(source: Path, kept: Path, write: Callable[[Path], object], more: str = "") -> None:
    """Whole or not at all, in the place of older ones. write: writes it to the path that it is given."""
    try:
        kept.parent.mkdir(exist_ok=True)
        for old in kept.parent.glob(f"{_stem(source, more)}*"):
            old.unlink(missing_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}")
        write(fresh)
        fresh.replace(kept)
    except OSError:
        pass  # a full or read-only disk costs the next start a second and nothing else


def _stem(source: Path, more: str) -> str:
    return f"{more}{source.stem}-"

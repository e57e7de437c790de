"""Masked clips on disk, each under its own digest."""

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path


def masked_file(clips: Path, clip_id: str, sha256: str) -> Path:
    """Where the masked file with this digest is."""
    return clips / clip_id / f"{sha256}.webm"


def is_unchanged(path: Path, sha256: str) -> bool:
    """Whether the file is the one with this digest, read from beginning to end."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def stray_files(clips: Path, known: Mapping[str, str | None], older_than_s: float) -> list[Path]:
    """Masked files that no clip has any more, and so old. known: of each clip the digest of the file that it has."""
    oldest = time.time() - older_than_s
    there = [path for clip_id in known for path in sorted((clips / clip_id).glob("*.webm"))]
    return [path for path in there if path.stem != known[path.parent.name] and path.stat().st_mtime < oldest]

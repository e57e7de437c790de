"""Masked clips on disk, each under its own digest."""

import hashlib
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

"""Which schema this version expects, and whether a court's file has it: read without SQLAlchemy, which takes longer than all the rest."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from data.settings import sqlite_file

VERSIONS = Path(__file__).parents[1] / "data/migrations/versions"
NAMED = re.compile(r'^(revision|down_revision) = "(\w+)"', re.MULTILINE)


def known(kind: str = "revision", folder: Path = VERSIONS) -> set[str]:
    """Every revision that this version has a migration to; with `down_revision`, every one that it has a migration from."""
    named = [found for file in folder.glob("*.py") for found in NAMED.findall(file.read_text(encoding="utf-8"))]
    return {name for called, name in named if called == kind}


def newest(folder: Path = VERSIONS) -> set[str]:
    """Revisions that no other one follows: one, unless two people wrote at the same time."""
    return known("revision", folder) - known("down_revision", folder)


def file_is_newest(url: str) -> bool:
    """Whether this address is an SQLite file of this version's schema. False when in doubt, and for a server's database."""
    file = sqlite_file(url)
    if file is None:
        return False
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as connection:  # never makes one
            return {name for (name,) in connection.execute("SELECT version_num FROM alembic_version")} == newest()
    except (sqlite3.Error, ValueError):
        return False

"""What lies on the disk by kind, how long each kind is kept (`domain/rules.md` E.4), and how much of the disk each takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    ROUTINE = "routine"  # recordings in which nothing happened
    KEPT = "kept"  # recordings that are evidence: as long as the file
    CLIPS = "clips"  # masked films for audiences
    POSITIONS = "positions"  # a file a day
    TRACKS = "tracks"  # what stays of missions' ways: as long as the mission
    SIGN_INS = "sign_ins"  # who was invited to a screening
    JOURNAL = "journal"  # the journal, the record and all rows
    LOGS = "logs"


@dataclass(frozen=True, slots=True)
class Lot:
    """One kind. count: recordings, clips, days, people, entries, files. bytes: None where it is part of the database.

    keep_days: None: never purged by time. held: how many of them nothing purges. due, due_bytes: what the next purge takes if it came now;
    soon, soon_bytes: what becomes due within a week.
    """

    kind: Kind
    count: int
    bytes: int | None
    oldest: datetime | None
    keep_days: int | None
    held: int = 0
    due: int = 0
    due_bytes: int = 0
    soon: int = 0
    soon_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of the disk's bar: a kind, `other` (not ours), `free`. Of a thousand, so that it can be drawn."""

    name: str
    bytes: int
    begins: int
    wide: int


def parts(lots: Sequence[Lot], total_bytes: int, free_bytes: int) -> list[Part]:
    """The whole disk from left to right: ours by kind, what is not ours, what is free. A thousand parts wide together."""
    ours = [(lot.kind.value, lot.bytes) for lot in lots if lot.bytes]
    rest = max(0, total_bytes - free_bytes - sum(size for _, size in ours))
    drawn: list[Part] = []
    total = max(1, total_bytes, sum(size for _, size in ours) + free_bytes)
    at = 0
    for name, size in (*ours, ("other", rest), ("free", free_bytes)):
        end = round(1000 * (at + size) / total)
        drawn.append(Part(name, size, round(1000 * at / total), end - round(1000 * at / total)))
        at += size
    return drawn


@dataclass(frozen=True, slots=True)
class Kept:
    """How many days what is purged is kept: positions (open and archived together), recordings in which nothing happened."""

    positions: int
    recordings: int


def shortens(before: Kept, after: Kept) -> bool:
    """Whether a change would delete what was promised to be there longer: that no one person decides."""
    return after.positions < before.positions or after.recordings < before.recordings

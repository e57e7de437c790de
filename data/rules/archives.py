"""The archive of positions: when a day goes to it, when it goes for good, what a legal hold covers. `domain/rules.md` E.4.

Raw positions are kept thirty days in all, the shortest time that the purpose allows (PIPL art. 19). For the first eight they stand in the
open day file, because a phone may bring what it kept for seven; then the day is sealed and archived, with its digest in the journal, and
is looked at from there until the thirty days are over. A court whose ground for it is longer sets `archive_days`.
"""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from data.errors import BadInput

AGAIN = timedelta(days=1)  # so long after somebody has stopped it a day is not archived
LONGEST_HOLD = timedelta(days=3_660)
FIRST_DAY = date(2000, 1, 1)


class ArchiveState(StrEnum):
    WRITING = "WRITING"
    FAILED = "FAILED"  # the disk, mostly; tried again within the hour
    STOPPED = "STOPPED"  # by a person; tried again the next day
    KEPT = "KEPT"
    PURGED = "PURGED"


class HeldFor(StrEnum):
    """Whose days they are. Held are the whole days: who else was near may be just what is asked for."""

    UNIT = "unit"
    MISSION = "mission"
    CASE = "case"


def archived(history_days: int, archive_days: int) -> bool:
    """Whether there is an archive at all; without one a day is removed once `history_days` are over."""
    return archive_days > history_days


def kept_days(history_days: int, archive_days: int) -> int:
    """How long positions are kept in all."""
    return max(history_days, archive_days)


def may_begin(state: str, stopped_at: datetime | None, now: datetime) -> bool:
    """Whether a sealed day may be written to the archive now."""
    return state != ArchiveState.STOPPED or stopped_at is None or not timedelta(0) <= now - stopped_at < AGAIN


def covers(from_on: date, to_on: date, day: date, civil_offset_s: int) -> bool:
    """Whether a hold on these civil days, both included, holds the file of this UTC day: whether they have a moment in common."""
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
    offset = timedelta(seconds=civil_offset_s)
    held_from = datetime(from_on.year, from_on.month, from_on.day, tzinfo=UTC) - offset
    held_to = datetime(to_on.year, to_on.month, to_on.day, tzinfo=UTC) + timedelta(days=1) - offset
    return held_from < begins + timedelta(days=1) and begins < held_to


def check_hold(held_for: str, from_on: date, to_on: date) -> HeldFor:
    """Raises BadInput archive.bad_hold, archive.bad_days."""
    if held_for not in frozenset(HeldFor):
        raise BadInput("hold", code="archive.bad_hold")
    if not FIRST_DAY <= from_on <= to_on or to_on - from_on > LONGEST_HOLD:
        raise BadInput("days", code="archive.bad_days")
    return HeldFor(held_for)

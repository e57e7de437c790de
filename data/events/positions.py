"""What becomes of stored positions."""

from data.events.event import Event


class PositionsArchived(Event, frozen=True, kw_only=True):
    """A sealed day (UTC) of positions stands in the archive; sha256: of the file."""

    kind = "positions.archived"
    subject = "position_archive"
    shown = False
    archive_id: str
    day: str
    fixes: int
    units: int
    size: int
    sha256: str


class PositionsArchivingEnded(Event, frozen=True, kw_only=True):
    """It was not written. why: stopped (by a person) | a code of ours."""

    kind = "positions.archiving_ended"
    subject = "position_archive"
    shown = False
    archive_id: str
    day: str
    why: str


class PositionsPurged(Event, frozen=True, kw_only=True):
    """A day's time was over. archive_id, size, sha256: of the archive file that went; None: a day file that was never archived."""

    kind = "positions.purged"
    subject = "position_day"
    shown = False
    archive_id: str | None
    day: str
    fixes: int
    size: int | None
    sha256: str | None


class PositionsHeld(Event, frozen=True, kw_only=True):
    """留存: nothing of these civil days is removed."""

    kind = "positions.held"
    subject = "position_hold"
    shown = False
    position_hold_id: str
    from_day: str
    to_day: str


class PositionsHoldLifted(Event, frozen=True, kw_only=True):
    kind = "positions.hold_lifted"
    subject = "position_hold"
    shown = False
    position_hold_id: str
    from_day: str
    to_day: str

"""Backups."""

from data.events.event import Event


class BackupMade(Event, frozen=True, kw_only=True):
    """Everything stands in a file of this digest. seq: the last number of the journal that is in it."""

    kind = "backup.made"
    subject = "backup"
    shown = False
    backup_id: str
    parts: int
    size: int
    digest: str
    seq: int


class BackupFailed(Event, frozen=True, kw_only=True):
    """No file was made. why: the code of what was in the way."""

    kind = "backup.failed"
    subject = "backup"
    shown = False
    backup_id: str
    why: str


class CourtRestored(Event, frozen=True, kw_only=True):
    """The court came out of a backup, onto another machine; what was written after that backup is not in it."""

    kind = "backup.restored"
    subject = "backup"
    shown = False
    backup_id: str
    seq: int

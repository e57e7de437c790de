"""Backups that were made, that failed, and a court that came out of one."""

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.events import BackupFailed, BackupMade, CourtRestored
from data.journal import Work
from data.rules.identity import Act
from data.rules.permissions import Verb


def record_backup(work: Work, backup_id: str, parts: int, size: int, digest: str, seq: int) -> None:
    """Everything up to number `seq` stands in a file of this digest."""
    allowed(work, Verb.KEEP_BACKUP)
    record_audit(work, Act.BACKUP, "backup", backup_id, fields=(f"parts:{parts}", f"bytes:{size}"))
    work.record(BackupMade(backup_id=backup_id, parts=parts, size=size, digest=digest, seq=seq))


def record_failed_backup(work: Work, backup_id: str, why: str) -> None:
    """why: the code of what was in the way."""
    allowed(work, Verb.KEEP_BACKUP)
    record_audit(work, Act.BACKUP, "backup", backup_id, result="failed")
    work.record(BackupFailed(backup_id=backup_id, why=why[:60]))


def record_restored(work: Work, backup_id: str, seq: int) -> None:
    """From here on this is another history than that of the machine the backup came from."""
    allowed(work, Verb.KEEP_BACKUP)
    record_audit(work, Act.RESTORE, "backup", backup_id)
    work.record(CourtRestored(backup_id=backup_id, seq=seq))

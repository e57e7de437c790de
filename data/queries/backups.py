"""What the journal says of backups, for the line of the wall and for `ecc doctor`."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.events import BackupFailed, BackupMade
from data.rules.backups import Known
from data.tables import EntryRow


def known_backups(session: Session) -> Known:
    """The newest that was made, and the newest that failed after it."""
    made, failed = (
        session.scalars(select(EntryRow).where(EntryRow.kind == kind).order_by(EntryRow.seq.desc()).limit(1)).first()
        for kind in (BackupMade.kind, BackupFailed.kind)
    )
    if failed is None or (made is not None and made.seq > failed.seq):
        return Known(made.recorded_at if made else None)
    return Known(made.recorded_at if made else None, failed.recorded_at, str(failed.payload.get("why", "")))

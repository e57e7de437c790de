"""What the court keeps, by kind, and what the next purge would take: counts, bytes and dates; no row, no name."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlalchemy.orm import Session

from data.errors import NotPermitted
from data.rules.attendees import KEPT
from data.rules.permissions import Actor, Verb, may
from data.rules.recordings import LEAST_ROUTINE_DAYS, Category
from data.rules.release import KEPT_REVOKED
from data.rules.storage import Kind, Lot
from data.tables import AttendeeRow, AuditRow, ClipRow, EntryRow, MissionTrackRow, RecordingRow, ReleaseRow, ScreeningRow, SegmentRow

SOON = timedelta(days=7)


def lots(session: Session, actor: Actor, now: datetime, recording_days: int) -> list[Lot]:
    """Every kind that the database knows of; files without rows are counted where they lie. Raises NotPermitted."""
    if not may(actor, Verb.SEE_STORAGE):
        raise NotPermitted(Verb.SEE_STORAGE, code="identity.locked" if actor.locked else None, verb=Verb.SEE_STORAGE.value)
    routine_days = max(recording_days, LEAST_ROUTINE_DAYS)
    return [
        _recordings(session, Kind.ROUTINE, Category.ROUTINE, now, routine_days),
        _recordings(session, Kind.KEPT, Category.KEPT, now, None),
        _clips(session, now),
        _tracks(session),
        _sign_ins(session, now),
        _journal(session),
    ]


def _recordings(session: Session, kind: Kind, category: Category, now: datetime, days: int | None) -> Lot:
    size = (
        select(func.coalesce(func.sum(SegmentRow.size), 0)).where(SegmentRow.recording_id == RecordingRow.id).correlate(RecordingRow)
    ).scalar_subquery()
    there = [RecordingRow.category == category, RecordingRow.purged_at.is_(None)]
    count, total, oldest, held = session.execute(
        select(func.count(), func.coalesce(func.sum(size), 0), func.min(RecordingRow.began_at), func.count(RecordingRow.held_at)).where(
            *there
        )
    ).one()
    lot = Lot(kind, count, int(total), oldest, days, held)
    if days is None:
        return lot

    def over(at: datetime) -> tuple[int, int]:
        due: list[ColumnElement[bool]] = [*there, RecordingRow.held_at.is_(None), RecordingRow.ended_at <= at - timedelta(days=days)]
        number, due_bytes = session.execute(select(func.count(), func.coalesce(func.sum(size), 0)).where(*due)).one()
        return number, int(due_bytes)

    due, due_bytes = over(now)
    soon, soon_bytes = over(now + SOON)
    return Lot(kind, count, int(total), oldest, days, held, due, due_bytes, soon - due, soon_bytes - due_bytes)


def _clips(session: Session, now: datetime) -> Lot:
    """Masked files; how many bytes they are the folder says."""
    count = session.scalar(select(func.count()).where(ClipRow.sha256.is_not(None))) or 0

    def over(at: datetime) -> int:
        revoked = exists().where(ReleaseRow.clip_id == ClipRow.id, ReleaseRow.revoked_at <= at - KEPT_REVOKED)
        return session.scalar(select(func.count()).where(ClipRow.sha256.is_not(None), revoked)) or 0

    due = over(now)
    return Lot(Kind.CLIPS, count, None, None, KEPT_REVOKED.days, due=due, soon=over(now + SOON) - due)


def _tracks(session: Session) -> Lot:
    """Pieces: one of each unit, mission and day."""
    count, oldest = session.execute(select(func.count(), func.min(MissionTrackRow.from_at)).select_from(MissionTrackRow)).one()
    return Lot(Kind.TRACKS, count, None, oldest, None)


def _sign_ins(session: Session, now: datetime) -> Lot:
    when = func.coalesce(ScreeningRow.ended_at, ScreeningRow.held_at, ScreeningRow.planned_at)

    def over(at: datetime) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((when <= at - KEPT, 1), else_=0)), 0)

    known = select(func.count(), func.min(when), over(now), over(now + SOON)).select_from(AttendeeRow)
    found = known.join(ScreeningRow, ScreeningRow.id == AttendeeRow.screening_id).where(AttendeeRow.purged_at.is_(None))
    count, oldest, due, soon = session.execute(found).one()
    return Lot(Kind.SIGN_INS, count, None, oldest, KEPT.days, due=int(due), soon=int(soon) - int(due))


def _journal(session: Session) -> Lot:
    entries = session.scalar(select(func.count()).select_from(EntryRow)) or 0
    return Lot(Kind.JOURNAL, entries, None, session.scalar(select(func.min(AuditRow.at))), None)

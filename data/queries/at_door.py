"""What the tablet at the door may read: how many are there, whether the door is open, whether a bailiff comes. No list, no name."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.rules import masking, screening, screening_doors
from data.rules.permissions import Actor, Clearance, Role
from data.tables import AttendeeRow, OfficerRow, ScreeningHelpRow, ScreeningRow


@dataclass(frozen=True, slots=True)
class DoorView:
    """help_by: None, nobody asked for a bailiff; (None,) nobody goes yet; else who goes."""

    screening_id: str
    state: str
    present: int
    invited: int
    help_by: tuple[str | None] | None
    locked: bool


def door_view(session: Session, actor: Actor, now: datetime) -> DoorView | None:
    """Of the one session that this door is for; None when it is none (any more)."""
    if actor.role is not Role.DOOR or actor.session_id is None:
        return None
    row = session.scalars(
        select(ScreeningRow).where(ScreeningRow.door_session_id == actor.session_id, ScreeningRow.state.not_in(screening.OVER))
    ).one_or_none()
    if row is None:
        return None
    there = AttendeeRow.checked_in_at.is_not(None) & AttendeeRow.left_at.is_(None)
    invited, present = session.execute(
        select(func.count(), func.count().filter(there)).where(AttendeeRow.screening_id == row.id, AttendeeRow.taken_off_at.is_(None))
    ).one()
    return DoorView(row.id, row.state, present, invited, _help(session, row.id), screening_doors.is_locked(row.door_used_at, now))


def _help(session: Session, screening_id: str) -> tuple[str | None] | None:
    found = session.execute(
        select(ScreeningHelpRow.taken_by, OfficerRow.name, OfficerRow.title)
        .outerjoin(OfficerRow, OfficerRow.id == ScreeningHelpRow.taken_by)
        .where(ScreeningHelpRow.screening_id == screening_id)
        .order_by(ScreeningHelpRow.id.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    return (masking.officer(found.name, found.title, Clearance.WALL) if found.name else None,)

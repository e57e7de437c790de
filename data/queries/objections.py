"""异议 as the host sees them: which seat, against which clip, and whether somebody has looked at it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.errors import NotPermitted
from data.rules.permissions import Clearance, Sight
from data.tables import AttendeeRow, ClipRow, ObjectionRow, ReleaseRow, ScreeningRow

LISTED_MOST = 200  # an invitation and a clip give one at most


@dataclass(frozen=True, slots=True)
class ObjectionView:
    """One of them. seat: None, he was not there; number: of his invitation; title: of the clip that it stopped."""

    id: str
    seat: int | None
    number: int
    at: datetime
    stopped: bool
    title: str | None
    finding: str | None


def objections_of(session: Session, sight: Sight, screening_id: str) -> list[ObjectionView]:
    """The newest first. Raises NotPermitted."""
    if sight.clearance is not Clearance.DESK:
        raise NotPermitted("not for this desk")
    rows = session.execute(
        select(ObjectionRow, AttendeeRow.number, ClipRow.title)
        .join(ScreeningRow, ScreeningRow.id == ObjectionRow.screening_id)
        .join(AttendeeRow, AttendeeRow.id == ObjectionRow.attendee_id)
        .outerjoin(ReleaseRow, ReleaseRow.id == ObjectionRow.release_id)
        .outerjoin(ClipRow, ClipRow.id == ReleaseRow.clip_id)
        .where(ObjectionRow.screening_id == screening_id, ScreeningRow.court_code == sight.court_code)
        .order_by(ObjectionRow.at.desc(), ObjectionRow.id.desc())
        .limit(LISTED_MOST)
    )
    return [ObjectionView(row.id, row.seat, number, row.at, row.stopped, title, row.finding) for row, number, title in rows]

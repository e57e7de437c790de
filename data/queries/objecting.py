"""What somebody before the screen may read by the link of his own: whether his press would stop something. No name, case or title."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.credentials import digest
from data.rules import attendees, objections
from data.rules.screening import BEFORE, ON, ScreeningState
from data.tables import AttendeeRow, CourtRow, ObjectionRow, ScreeningItemRow, ScreeningRow


@dataclass(frozen=True, slots=True)
class Place:
    """Where he stands. phase: before | playing | card | away | after; stops: his press stops what is shown; done: he has pressed for it."""

    screening_id: str
    duty_phone: str | None
    phase: str
    stops: bool
    done: bool
    attendee_id: str
    against: tuple[str | None, str | None]  # release and permit of what his press stops


def place_of(session: Session, secret: str) -> Place | None:
    """Of this link; None when it is unknown, or he was taken off."""
    found = session.execute(
        select(AttendeeRow, ScreeningRow, CourtRow.duty_phone)
        .join(ScreeningRow, ScreeningRow.id == AttendeeRow.screening_id)
        .join(CourtRow, CourtRow.code == ScreeningRow.court_code)
        .where(AttendeeRow.objecting_hash == digest(secret))
    ).one_or_none()
    if found is None:
        return None
    who, row = found.AttendeeRow, found.ScreeningRow
    item = None if row.position is None else session.get(ScreeningItemRow, (row.id, row.position))
    showing = item is not None and (item.release_id is not None or item.permit_id is not None)
    present = attendees.is_present(who.checked_in_at, who.left_at)
    state = ScreeningState(row.state)
    stops = objections.stops(state, present, showing)
    phase = "before" if state in BEFORE else "after" if state not in ON else "away" if not present else "playing" if showing else "card"
    against = (item.release_id, item.permit_id) if stops and item is not None else (None, None)
    return Place(row.id, found.duty_phone, phase, stops, _done(session, who.id, *against), who.id, against)


def _done(session: Session, attendee_id: str, release_id: str | None, permit_id: str | None) -> bool:
    query = select(ObjectionRow.id).where(
        ObjectionRow.attendee_id == attendee_id, ObjectionRow.release_id.is_not_distinct_from(release_id),
        ObjectionRow.permit_id.is_not_distinct_from(permit_id),
    )  # fmt: skip
    if release_id is None and permit_id is None:
        query = query.where(ObjectionRow.looked_at.is_(None))
    return session.scalar(query.limit(1)) is not None

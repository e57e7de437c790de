"""At the door of a screening: a code from a letter lets one person in, and the door says a seat number, never a name."""

from dataclasses import dataclass

from sqlalchemy import func, select

from data.actions.attendees import MISSING, of_screening
from data.actions.keeping import held
from data.actions.screening_doors import at_door
from data.credentials import digest
from data.errors import BadInput, NotFound, RuleBroken
from data.events import AttendeeCheckedIn, AttendeeLeft, AttendeeReturned, CheckInUndone
from data.journal import Work
from data.rules import attendees
from data.rules.screening import ScreeningState
from data.tables import AttendeeRow, ScreeningRow


@dataclass(frozen=True, slots=True)
class Seat:
    """What the door shows. back: he was here before."""

    seat: int
    back: bool


def check_in(work: Work, screening_id: str, typed: str) -> Seat:
    """A seat for the person of this letter; who went out comes back to his own.

    Raises BadInput attendee.code_form; NotFound attendee.code_unknown; RuleBroken attendee.other_session, .present; TransitionRefused.
    """
    row, code = at_door(work, screening_id), attendees.read_code(typed)
    attendees.check_door(ScreeningState(row.state))
    who = _of_code(work, row, code)
    if attendees.is_present(who.checked_in_at, who.left_at):
        raise RuleBroken("present", code="attendee.present", seat=who.seat)
    if who.seat is not None and who.checked_in_at is not None:
        who.left_at = None
        work.record(AttendeeReturned(attendee_id=who.id, screening_id=row.id))
        return Seat(who.seat, True)
    highest = work.session.scalar(select(func.max(AttendeeRow.seat)).where(AttendeeRow.screening_id == row.id))
    who.seat, who.checked_in_at = attendees.next_seat(highest), work.now
    work.record(AttendeeCheckedIn(attendee_id=who.id, screening_id=row.id))
    return Seat(who.seat, False)


def undo_check_in(work: Work, screening_id: str, seat: int) -> None:
    """The last one was a mistake: that seat is free again. Raises RuleBroken attendee.not_last."""
    row = at_door(work, screening_id)
    attendees.check_door(ScreeningState(row.state))
    there = [each for each in of_screening(work, row.id) if each.checked_in_at is not None and each.seat is not None]
    last = max(there, key=lambda each: each.seat or 0, default=None)
    if last is None or last.seat != seat:
        raise RuleBroken("not the last", code="attendee.not_last")
    last.seat = last.checked_in_at = last.left_at = None
    work.record(CheckInUndone(attendee_id=last.id, screening_id=row.id))


def leave(work: Work, screening_id: str, typed: str) -> int:
    """离场: by the number of his seat, or by his code. Nobody asks why. Returns the seat. Raises NotFound attendee.seat_free."""
    row = at_door(work, screening_id)
    attendees.check_door(ScreeningState(row.state))
    kept = typed.strip()
    who = (
        _of_seat(work, row, int(kept))
        if kept.isascii() and kept.isdigit() and len(kept) <= 3
        else _of_code(work, row, attendees.read_code(typed))
    )
    if who.seat is None or not attendees.is_present(who.checked_in_at, who.left_at):
        raise NotFound("seat", code="attendee.seat_free")
    who.left_at = work.now
    work.record(AttendeeLeft(attendee_id=who.id, screening_id=row.id))
    return who.seat


def _of_code(work: Work, row: ScreeningRow, code: str) -> AttendeeRow:
    who = work.session.scalars(select(AttendeeRow).where(AttendeeRow.code_hash == digest(code))).one_or_none()
    if who is None:
        raise NotFound("code", code="attendee.code_unknown")
    if who.screening_id != row.id:
        raise RuleBroken("other session", code="attendee.other_session")
    return held(work, AttendeeRow, who.id, MISSING)


def _of_seat(work: Work, row: ScreeningRow, seat: int) -> AttendeeRow:
    if not 0 < seat <= attendees.SEAT_MOST:
        raise BadInput("seat", code="attendee.code_form", length=attendees.CODE_LENGTH)
    who = work.session.scalars(select(AttendeeRow).where(AttendeeRow.screening_id == row.id, AttendeeRow.seat == seat)).one_or_none()
    if who is None:
        raise NotFound("seat", code="attendee.seat_free")
    return who

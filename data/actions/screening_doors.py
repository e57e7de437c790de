"""The tablet at the door gets a session of its own by a one-time link: it checks in for one session; the host takes it back at any time."""

from dataclasses import dataclass
from hmac import compare_digest

from sqlalchemy import select

from data.actions.allowed import allowed
from data.actions.attendees import hosted
from data.actions.audit import record_audit
from data.actions.keeping import held
from data.actions.links import add_link, take_link
from data.actions.sessions import Opened, close_visit, open_for_door
from data.credentials import new_digits, new_token
from data.errors import NotSignedIn, RuleBroken
from data.events import DoorClosed, DoorInvited, DoorLocked, DoorOpened, DoorUnlocked
from data.journal import Work
from data.rules import screening, screening_doors, words
from data.rules.identity import Act
from data.rules.links import Purpose, closed, lifetime
from data.rules.permissions import Role, Verb
from data.tables import ScreeningRow

MISSING = "not_found.screening"


@dataclass(frozen=True, slots=True)
class DoorInvitation:
    """The secret of the link, shown once; the digits that open a locked door stand on the host's console."""

    secret: str
    digits: str


def invite_door(work: Work, screening_id: str) -> DoorInvitation:
    """A one-time link for the tablet: `/door/<secret>`. Whatever was the door is none any more. Raises RuleBroken screening.over."""
    row = hosted(work, screening_id)
    if row.state in screening.OVER:
        raise RuleBroken("over", code="screening.over")
    end_door(work, row, "replaced")
    secret = new_token()
    link = add_link(work, Purpose.DOOR, secret, lifetime(Purpose.DOOR))
    work.session.flush()
    row.door_link_id, row.door_digits = link.id, new_digits(screening_doors.DIGITS)
    work.record(DoorInvited(screening_id=row.id, link_id=link.id))
    return DoorInvitation(secret, row.door_digits)


def open_door(work: Work, secret: str) -> Opened:
    """This browser is the door from now on. Raises NotFound link.closed."""
    link = take_link(work, secret)
    known = work.session.scalars(select(ScreeningRow.id).where(ScreeningRow.door_link_id == link.id)).one_or_none()
    if link.purpose != Purpose.DOOR or known is None:
        raise closed()
    row = held(work, ScreeningRow, known, MISSING)
    if row.state in screening.OVER or row.door_link_id != link.id:
        raise closed()
    opened = open_for_door(work, row.court_code, screening_doors.LASTS)
    work.session.flush()
    row.door_session_id, row.door_used_at, row.door_tries = opened.session_id, work.now, 0
    work.record(DoorOpened(screening_id=row.id, session_id=opened.session_id))
    return opened


def revoke_door(work: Work, screening_id: str) -> bool:
    """The host takes the door back; its link, if nobody used it, is dead too. Returns whether there was one."""
    return end_door(work, hosted(work, screening_id), "host")


def lock_door(work: Work) -> None:
    """By hand, before the tablet is laid down. Raises NotSignedIn."""
    row = _own(work)
    row.door_used_at = None
    work.record(DoorLocked(screening_id=row.id))


def unlock_door(work: Work, typed: str) -> bool:
    """The digits of the host's console. Returns whether they are right; the fifth wrong ones end the door. Raises BadInput, NotSignedIn."""
    row, given = _own(work), screening_doors.read_digits(typed)
    if row.door_digits is not None and compare_digest(row.door_digits, given):
        row.door_used_at, row.door_tries = work.now, 0
        work.record(DoorUnlocked(screening_id=row.id))
        return True
    row.door_tries += 1
    record_audit(work, Act.UNLOCK, "session", row.door_session_id, fields=("door",), result="failed")
    if row.door_tries >= screening_doors.TRIES:
        end_door(work, row, "digits")
    return False


# --- part of other verbs ----------------------------------------------------------------------------------------------------------------


def at_door(work: Work, screening_id: str, even_locked: bool = False) -> ScreeningRow:
    """The session, held, for whoever may check in: the centre, or its own door while open. Raises NotPermitted, NotSignedIn."""
    if work.actor.role is not Role.DOOR:
        return hosted(work, screening_id, Verb.ADMIT_ATTENDEE)
    row = _own(work)
    if row.id != screening_id:
        raise NotSignedIn("another door", code="door.closed")
    if not even_locked:
        screening_doors.check_open(row.door_used_at, work.now)
        row.door_used_at = work.now
    return row


def end_door(work: Work, row: ScreeningRow, why: str) -> bool:
    """Returns whether there was one, or a link for one."""
    if row.door_link_id is None:
        return False
    close_visit(work, row.door_session_id, why)
    row.door_link_id = row.door_session_id = row.door_digits = row.door_used_at = None
    row.door_tries = 0
    work.record(DoorClosed(screening_id=row.id, why=why))
    return True


def _own(work: Work) -> ScreeningRow:
    """The one session that this door is for. Raises NotSignedIn door.closed."""
    allowed(work, Verb.ADMIT_ATTENDEE)
    known = work.session.scalars(select(ScreeningRow.id).where(ScreeningRow.door_session_id == work.actor.session_id)).one_or_none()
    row = None if known is None else held(work, ScreeningRow, words.ulid(known), MISSING)
    if row is None or row.door_session_id != work.actor.session_id:
        raise NotSignedIn("no door", code="door.closed")
    return row

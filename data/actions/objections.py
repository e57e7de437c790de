"""异议 from his own device: whoever sits before the screen stops a clip by one press; the court looks at it afterwards.

The link is his own and stands in his letter and on his seat's card. It opens one page and nothing else, has no session, and one press
counts once for each clip: a flood of presses is one objection.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from ulid import ULID

from data.actions import live_permits, releases
from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import held
from data.actions.screenings import blacked_out
from data.credentials import digest
from data.errors import NotPermitted
from data.events import ObjectionLookedAt, ObjectionRaised
from data.journal import Work
from data.rules import attendees, objections, words
from data.rules.identity import Act
from data.rules.links import closed
from data.rules.permissions import Actor, Role, Verb
from data.rules.screening import ON, ScreeningState
from data.tables import AttendeeRow, ObjectionRow, ScreeningItemRow, ScreeningRow


@dataclass(frozen=True, slots=True)
class Objected:
    """What his press did. stopped: what was shown is gone; first: it did so now."""

    stopped: bool
    first: bool


def object_from_seat(work: Work, secret: str) -> Objected:
    """Black, withdrawn and written down in one; or noted, when nothing is shown or he does not sit there. Raises NotFound link.closed."""
    who, row = _of_link(work, secret)
    work.actor = Actor("ATTENDEE", who.id, Role.ATTENDEE, work.court_code, address=work.actor.address)
    allowed(work, Verb.OBJECT)
    release_id, permit_id = shown = _shown(work, row)
    present = attendees.is_present(who.checked_in_at, who.left_at)
    stops = objections.stops(ScreeningState(row.state), present, release_id is not None or permit_id is not None)
    if not stops:
        shown = None, None
    known = _known(work, who.id, *shown)
    if known is not None:
        return Objected(known.stopped, False)
    _raise(work, who, row, shown, stops, work.now)
    if stops:
        blacked_out(work, row, "objection")
        _withdraw(work, *shown)
    return Objected(stops, True)


def object_late(work: Work, attendee_id: str, release_id: str | None, permit_id: str | None, at: datetime) -> Objected:
    """A press that stopped this and was not written then. What is shown by now goes black only if it is still the same. Raises NotFound."""
    known_in = work.session.scalar(select(AttendeeRow.screening_id).where(AttendeeRow.id == words.ulid(attendee_id)))
    row = held(work, ScreeningRow, known_in or "", "not_found.screening")
    who = held(work, AttendeeRow, attendee_id, "link.closed")
    work.actor = Actor("ATTENDEE", who.id, Role.ATTENDEE, work.court_code)
    allowed(work, Verb.OBJECT)
    if _known(work, who.id, release_id, permit_id) is not None:
        return Objected(True, False)
    _raise(work, who, row, (release_id, permit_id), True, at)
    if row.state in ON and _shown(work, row) == (release_id, permit_id):
        blacked_out(work, row, "objection")
    _withdraw(work, release_id, permit_id)
    return Objected(True, True)


def look_at_objection(work: Work, objection_id: str, finding: str) -> None:
    """The court has looked at it. Raises NotFound, BadInput objection.finding, TransitionRefused objection.looked_at."""
    allowed(work, Verb.REVOKE_RELEASE)
    if work.actor.officer_id is None:
        raise NotPermitted("nobody", verb=Verb.REVOKE_RELEASE.value)
    row = held(work, ObjectionRow, words.ulid(objection_id), "not_found.objection")
    row.finding = objections.check_finding(finding, row.finding)
    row.looked_by, row.looked_at = work.actor.officer_id, work.now
    record_audit(work, Act.RELEASE, "objection", row.id, fields=(f"objection:{row.finding}".lower(),))
    work.record(ObjectionLookedAt(objection_id=row.id, screening_id=row.screening_id, finding=row.finding))


def _raise(work: Work, who: AttendeeRow, row: ScreeningRow, shown: tuple[str | None, str | None], stopped: bool, at: datetime) -> None:
    made = ObjectionRow(
        id=str(ULID.from_datetime(at)), screening_id=row.id, attendee_id=who.id, release_id=shown[0], permit_id=shown[1],
        stopped=stopped, seat=who.seat, at=at,
    )  # fmt: skip
    work.session.add(made)
    work.record(ObjectionRaised(objection_id=made.id, screening_id=row.id, attendee_id=who.id, stopped=stopped))


def _withdraw(work: Work, release_id: str | None, permit_id: str | None) -> None:
    if release_id is not None:
        releases.stop_objected(work, release_id)
    if permit_id is not None:
        live_permits.stop_objected(work, permit_id)


def _of_link(work: Work, secret: str) -> tuple[AttendeeRow, ScreeningRow]:
    """Whoever was taken off has no link any more: unknown and taken off get the same answer. The session is held first, as at the door."""
    known = work.session.execute(
        select(AttendeeRow.id, AttendeeRow.screening_id).where(AttendeeRow.objecting_hash == digest(secret))
    ).one_or_none()
    if known is None:
        raise closed()
    row = held(work, ScreeningRow, known.screening_id, "not_found.screening")
    who = held(work, AttendeeRow, known.id, "link.closed")
    if who.objecting_hash is None:  # taken off meanwhile
        raise closed()
    return who, row


def _shown(work: Work, row: ScreeningRow) -> tuple[str | None, str | None]:
    """Release and permit of what is shown now."""
    item = None if row.position is None else work.session.get(ScreeningItemRow, (row.id, row.position))
    return (None, None) if item is None else (item.release_id, item.permit_id)


def _known(work: Work, attendee_id: str, release_id: str | None, permit_id: str | None) -> ObjectionRow | None:
    """The one that he has raised already: against this clip, or the one without a clip that waits to be looked at."""
    query = select(ObjectionRow).where(
        ObjectionRow.attendee_id == attendee_id, ObjectionRow.release_id.is_not_distinct_from(release_id),
        ObjectionRow.permit_id.is_not_distinct_from(permit_id),
    )  # fmt: skip
    if release_id is None and permit_id is None:
        query = query.where(ObjectionRow.looked_at.is_(None))
    return work.session.scalars(query.limit(1)).one_or_none()

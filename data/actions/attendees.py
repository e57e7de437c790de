"""The people of a screening: invited for a case of theirs, taken off again; never somebody who must not be asked."""

from datetime import datetime

from sqlalchemy import func, select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.keeping import found, held
from data.credentials import digest, new_code
from data.errors import NotPermitted, RuleBroken
from data.events import AttendeeInvited, AttendeeTakenOff
from data.journal import Work
from data.rules import attendees, words
from data.rules.attendees import Candidate, Plan, TakenOff
from data.rules.permissions import Verb
from data.rules.screening import ScreeningKind, ScreeningState
from data.tables import AttendeeRow, CasePartyRow, CaseRow, ScreeningRow

MISSING = "not_found.attendee"


def invite_attendee(work: Work, screening_id: str, party_id: str, ground: str = "NOTICE", questioned_at: datetime | None = None) -> str:
    """Returns the attendee's id. Raises what `rules.attendees.check_invitable` and `check_ground` raise; RuleBroken attendee.invited."""
    row = hosted(work, screening_id)
    if work.actor.officer_id is None:
        raise NotPermitted("nobody", verb=Verb.HOST_SCREENING.value)
    party = found(work, CasePartyRow, words.ulid(party_id), "not_found.party")
    case = found(work, CaseRow, party.case_id, "not_found.case")
    known = [each for each in of_screening(work, row.id) if each.taken_off_at is None]
    who = Candidate(party.kind, party.minor, party.unfit, case.closed_at is not None, case.cause)
    attendees.check_invitable(plan_of(row), who, len(known))
    if any(each.party_id == party.id for each in known):
        raise RuleBroken("invited", code="attendee.invited")
    moment = None if questioned_at is None else words.moment(questioned_at, "questioned_at", work.now, may_lie_ahead=True)
    on_ground = attendees.check_ground(ground, moment, row.held_at)
    code = _new_code(work)
    made = AttendeeRow(
        id=str(ULID.from_datetime(work.now)),
        screening_id=row.id,
        number=_next_number(work, row.id),
        case_id=case.id,
        party_id=party.id,
        name=party.name,
        masked=party.masked,
        ground=on_ground,
        questioned_at=moment,
        invited_by=work.actor.officer_id,
        invited_at=work.now,
        code=work.sealing.seal(code),
        code_hash=digest(code),
    )
    work.session.add(made)
    work.record(AttendeeInvited(attendee_id=made.id, screening_id=row.id, ground=on_ground.value))
    return made.id


def take_off(work: Work, attendee_id: str) -> bool:
    """The host takes the invitation back; its code opens nothing any more. Returns False if it is so already."""
    allowed(work, Verb.HOST_SCREENING)
    row = held(work, AttendeeRow, words.ulid(attendee_id), MISSING)
    return taken_off(work, row, TakenOff.HOST)


# --- part of other verbs ----------------------------------------------------------------------------------------------------------------


def hosted(work: Work, screening_id: str) -> ScreeningRow:
    """The session, held: of two who invite at once each gets a number of his own."""
    allowed(work, Verb.HOST_SCREENING)
    return held(work, ScreeningRow, words.ulid(screening_id), "not_found.screening")


def plan_of(row: ScreeningRow) -> Plan:
    return Plan(ScreeningState(row.state), ScreeningKind(row.kind), row.cause, row.held_at)


def of_screening(work: Work, screening_id: str) -> list[AttendeeRow]:
    """All that were ever invited, by number."""
    return list(work.session.scalars(select(AttendeeRow).where(AttendeeRow.screening_id == screening_id).order_by(AttendeeRow.number)))


def taken_off(work: Work, row: AttendeeRow, why: TakenOff) -> bool:
    if row.taken_off_at is not None:
        return False
    row.taken_off_at, row.taken_off_why, row.code, row.code_hash = work.now, why, None, None
    work.record(AttendeeTakenOff(attendee_id=row.id, screening_id=row.screening_id, why=why.value))
    return True


def _next_number(work: Work, screening_id: str) -> int:
    return (work.session.scalar(select(func.max(AttendeeRow.number)).where(AttendeeRow.screening_id == screening_id)) or 0) + 1


def _new_code(work: Work) -> str:
    while True:
        code = new_code(attendees.CODE_LENGTH)
        if work.session.scalar(select(AttendeeRow.id).where(AttendeeRow.code_hash == digest(code))) is None:
            return code

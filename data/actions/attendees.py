"""The people of a screening: invited for a case of theirs, taken off again; never somebody who must not be asked.

Names are opened for the host alone, and each look leaves a trace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import found, held
from data.credentials import digest, new_code, new_token
from data.errors import NotPermitted, RuleBroken
from data.events import AttendeeInvited, AttendeeTakenOff, PartyFlagged, PhotoConsentNoted, SignInsPurged
from data.journal import Work
from data.rules import attendees, words
from data.rules.attendees import Candidate, Plan, TakenOff
from data.rules.identity import Act
from data.rules.permissions import Verb
from data.rules.screening import BEFORE, ScreeningKind, ScreeningState
from data.tables import AttendeeRow, CasePartyRow, CaseRow, ObjectionRow, ScreeningRow

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
    code, objecting = _new_code(work), new_token()
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
        objecting=work.sealing.seal(objecting),
        objecting_hash=digest(objecting),
    )
    work.session.add(made)
    work.session.flush()
    work.record(AttendeeInvited(attendee_id=made.id, screening_id=row.id, ground=on_ground.value))
    return made.id


def invite_all(
    work: Work, screening_id: str, party_ids: Sequence[str], ground: str = "NOTICE", questioned_at: datetime | None = None
) -> list[str]:
    """All of them or nobody. Raises what `invite_attendee` raises."""
    return [invite_attendee(work, screening_id, party_id, ground, questioned_at) for party_id in party_ids]


def take_off(work: Work, attendee_id: str) -> bool:
    """The host takes the invitation back; its code opens nothing any more. Returns False if it is so already."""
    allowed(work, Verb.HOST_SCREENING)
    row = held(work, AttendeeRow, words.ulid(attendee_id), MISSING)
    return taken_off(work, row, TakenOff.HOST)


def flag_party(work: Work, party_id: str, minor: bool, unfit: bool) -> None:
    """Whether he is a minor, ill or pregnant: then he is not invited, and taken off wherever he is. Leaves a trace, without the reason."""
    allowed(work, Verb.HOST_SCREENING)
    party = held(work, CasePartyRow, words.ulid(party_id), "not_found.party")
    fields = tuple(f"{name}:{is_so}".lower() for name, is_so in (("minor", minor), ("unfit", unfit)))
    party.minor, party.unfit = minor, unfit
    record_audit(work, Act.FLAG_PARTY, "party", party.id, fields=fields)
    work.record(PartyFlagged(case_id=party.case_id, party_id=party.id))
    _take_off_flagged(work, party)


def note_photo_consent(work: Work, attendee_id: str, consents: bool) -> None:
    """He was asked whether he may be photographed; a no changes nothing else."""
    allowed(work, Verb.HOST_SCREENING)
    row = held(work, AttendeeRow, words.ulid(attendee_id), MISSING)
    row.photo_consent = consents
    work.record(PhotoConsentNoted(attendee_id=row.id, screening_id=row.screening_id, consents=consents))


@dataclass(frozen=True, slots=True)
class Invited:
    """One of them as the host sees him, and as his letter says. code, objecting (the secret of his link): None when he was forgotten."""

    id: str
    number: int
    name: str
    natural: bool
    case_no: str
    cause: str
    party_id: str | None
    ground: str
    questioned_at: datetime | None
    invited_at: datetime
    code: str | None
    seat: int | None
    checked_in_at: datetime | None
    left_at: datetime | None
    photo_consent: bool | None
    objecting: str | None = None


def read_people(work: Work, screening_id: str) -> list[Invited]:
    """Who is invited, by number, with the names; the look leaves a trace. Raises NotPermitted, NotFound."""
    row = hosted(work, screening_id)
    record_audit(work, Act.READ_PEOPLE, "screening", row.id)
    rows = work.session.execute(
        select(AttendeeRow, CaseRow.case_no, CaseRow.cause, CasePartyRow.natural)
        .outerjoin(CaseRow, CaseRow.id == AttendeeRow.case_id)
        .outerjoin(CasePartyRow, CasePartyRow.id == AttendeeRow.party_id)
        .where(AttendeeRow.screening_id == row.id, AttendeeRow.taken_off_at.is_(None))
        .order_by(AttendeeRow.number)
    )
    return [_invited(work, who, case_no or "", cause or "", natural is not False) for who, case_no, cause, natural in rows]


def purge_sign_ins(work: Work, screening_id: str) -> int:
    """Two years later: who was invited is forgotten; how many were, and how many came, stays. Returns how many. Raises RuleBroken."""
    allowed(work, Verb.RUN_TIMER)
    row = held(work, ScreeningRow, words.ulid(screening_id), "not_found.screening")
    if not attendees.may_purge(row.ended_at, row.held_at, row.planned_at, work.now):
        raise RuleBroken("kept", code="attendee.kept")
    known = [each for each in of_screening(work, row.id) if each.purged_at is None]
    for each in known:
        each.objecting = each.objecting_hash = None
        each.name = each.code = each.code_hash = each.case_id = each.party_id = each.seat = None
        each.questioned_at = each.photo_consent = None
        each.masked, each.purged_at = "", work.now
    work.session.execute(update(ObjectionRow).where(ObjectionRow.screening_id == row.id).values(seat=None))
    if known:
        record_audit(work, Act.PURGE, "screening", row.id, fields=(f"attendees:{len(known)}",))
        work.record(SignInsPurged(screening_id=row.id, count=len(known)))
    return len(known)


# --- part of other verbs ----------------------------------------------------------------------------------------------------------------


def hosted(work: Work, screening_id: str, verb: Verb = Verb.HOST_SCREENING) -> ScreeningRow:
    """The session, held: of two who invite at once each gets a number of his own."""
    allowed(work, verb)
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
    row.objecting = row.objecting_hash = None
    work.record(AttendeeTakenOff(attendee_id=row.id, screening_id=row.screening_id, why=why.value))
    return True


def follow_parties(work: Work, case_id: str, now_is: Mapping[str, CasePartyRow]) -> None:
    """The case system has named the parties anew. Whoever is no debtor of the case any more, or must not be asked, is taken off."""
    invited = select(AttendeeRow).where(
        AttendeeRow.case_id == case_id, AttendeeRow.taken_off_at.is_(None), AttendeeRow.party_id.is_not(None)
    )
    for row in work.session.scalars(invited).all():
        party = now_is.get(row.party_id or "")
        if party is None:
            taken_off(work, row, TakenOff.NO_PARTY)
            continue
        row.party_id = party.id
        _take_off_flagged(work, party)


def follow_closing(work: Work, case_id: str) -> None:
    """His case was closed: nobody need come for it any more. Who has come, has come."""
    invited = (
        select(AttendeeRow)
        .join(ScreeningRow, ScreeningRow.id == AttendeeRow.screening_id)
        .where(AttendeeRow.case_id == case_id, AttendeeRow.checked_in_at.is_(None), ScreeningRow.state.in_(BEFORE))
    )
    for row in work.session.scalars(invited).all():
        taken_off(work, row, TakenOff.CLOSED)


def _take_off_flagged(work: Work, party: CasePartyRow) -> None:
    why = TakenOff.MINOR if party.minor else TakenOff.UNFIT if party.unfit else None
    if why is None:
        return
    work.session.flush()
    for row in work.session.scalars(select(AttendeeRow).where(AttendeeRow.party_id == party.id)).all():
        taken_off(work, row, why)


def _invited(work: Work, row: AttendeeRow, case_no: str, cause: str, natural: bool) -> Invited:
    name, code, objecting = work.sealing.open(row.name), work.sealing.open(row.code), work.sealing.open(row.objecting)
    if objecting is None and row.purged_at is None:  # invited before there were such links
        objecting = new_token()
        row.objecting, row.objecting_hash = work.sealing.seal(objecting), digest(objecting)
    return Invited(
        row.id, row.number, name or row.masked, natural, case_no, cause, row.party_id, row.ground, row.questioned_at, row.invited_at,
        code, row.seat, row.checked_in_at, row.left_at, row.photo_consent, objecting,
    )  # fmt: skip


def _next_number(work: Work, screening_id: str) -> int:
    return (work.session.scalar(select(func.max(AttendeeRow.number)).where(AttendeeRow.screening_id == screening_id)) or 0) + 1


def _new_code(work: Work) -> str:
    while True:
        code = new_code(attendees.CODE_LENGTH)
        if work.session.scalar(select(AttendeeRow.id).where(AttendeeRow.code_hash == digest(code))) is None:
            return code

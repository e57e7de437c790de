"""A party joins a call with his own phone (远程释法): asked by the desk, told what it is, in only if he agrees and the desk lets him in.

He sees and hears the court's side of this one talk and nothing else. He may leave at any moment, and that has no effect by itself.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.invitations import Entered, Invitation, check_admission, keep_out, let_in, of_link
from data.actions.keeping import found, held
from data.actions.links import add_link, take_link
from data.actions.participants import new_participant
from data.actions.sessions import open_for_party
from data.credentials import new_digits, new_token
from data.errors import RuleBroken, TransitionRefused
from data.events import (
    CallPartyConsented,
    CallPartyDeclined,
    CallPartyInvited,
    CallPartyJoined,
    CallPartyMuted,
    CallPartyUnmuted,
)
from data.journal import Work
from data.rules import calls, words
from data.rules.identity import Act
from data.rules.links import Purpose, closed, lifetime
from data.rules.participants import DIGITS, STAYS, ParticipantKind, ParticipantState, Permission
from data.rules.permissions import Verb
from data.tables import CallRow, CasePartyRow, MissionRow, ParticipantRow, PartyGuestRow


@dataclass(frozen=True, slots=True)
class Answer:
    """What he pressed below the notice. read_ms: how long the notice had stood on his screen, by his phone."""

    consents: bool
    read_ms: int = 0


def invite_party(work: Work, call_id: str, party_id: str, scene: bool = False) -> Invitation:
    """Make a link for one party of the call's own case. scene: whether he will see and hear the officer on the spot, too.

    Raises NotFound; TransitionRefused call.not_talking: somebody of the court must be there to speak with him; RuleBroken party.other_case.
    """
    allowed(work, Verb.INVITE_PARTY)
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    if call.state not in calls.TALKING:
        raise TransitionRefused("no talk", code="call.not_talking", state=call.state)
    party = _of_its_case(work, call, party_id)
    secret = new_token()
    link = add_link(work, Purpose.PARTY, secret, lifetime(Purpose.PARTY))
    work.session.flush()
    row = new_participant(
        work,
        call.id,
        ParticipantKind.PARTY,
        ParticipantState.INVITED,
        link_id=link.id,
        digits=new_digits(DIGITS),
        invited_at=work.now,
        media="NONE",
    )
    if scene:
        row.permissions = sorted({*row.permissions, Permission.WATCH})
    work.session.add(PartyGuestRow(participant_id=row.id, case_id=party.case_id, kind=party.kind, name=party.name, masked=party.masked))
    record_audit(work, Act.INVITE, "participant", row.id, fields=("party",))
    work.record(CallPartyInvited(call_id=call.id, unit_no=call.unit_no, participant_id=row.id))
    return Invitation(row.id, secret, row.digits or "")


def answer_notice(work: Work, secret: str, answer: Answer) -> Entered | None:
    """He read the notice and pressed a button; the link is used up by either. Who agrees waits for the desk, this browser bound to it.

    Returns None for who did not agree. Raises NotFound link.closed; RuleBroken join.no_call, and the link is not used up.
    """
    link = take_link(work, secret)
    row = work.session.scalars(select(ParticipantRow).where(ParticipantRow.link_id == link.id)).one_or_none()
    if link.purpose != Purpose.PARTY or row is None or row.state != ParticipantState.INVITED:
        raise closed()
    call = held(work, CallRow, row.call_id, "not_found.call")
    if call.state not in calls.TALKING:
        raise RuleBroken("no call", code="join.no_call")
    guest = held(work, PartyGuestRow, row.id, "not_found.participant")
    guest.notice_at = max(link.made_at, work.now - timedelta(milliseconds=max(0, answer.read_ms)))
    if not answer.consents:
        guest.declined_at, row.state, row.left_at, row.digits = work.now, ParticipantState.REFUSED, work.now, None
        work.record(CallPartyDeclined(call_id=call.id, unit_no=call.unit_no, participant_id=row.id))
        return None
    opened = open_for_party(work, call.court_code, STAYS)
    work.session.flush()
    row.session_id, row.state, row.waiting_at = opened.session_id, ParticipantState.WAITING, work.now
    guest.consented_at = work.now
    work.record(CallPartyConsented(call_id=call.id, unit_no=call.unit_no, participant_id=row.id))
    return Entered(row.id, opened.token, STAYS)


def admit_party(work: Work, participant_id: str) -> bool:
    """One key lets him in. Returns False if he is in. Raises RuleBroken join.not_verified, TransitionRefused join.not_waiting."""
    allowed(work, Verb.ADMIT_PARTY)
    row, call = of_link(work, participant_id, ParticipantKind.PARTY)
    if row.state == ParticipantState.IN:
        return False
    check_admission(row)
    if _guest(work, row).consented_at is None:
        raise RuleBroken("no consent", code="party.no_consent")
    let_in(work, row)
    work.record(CallPartyJoined(call_id=call.id, unit_no=call.unit_no, participant_id=row.id))
    return True


def refuse_party(work: Work, participant_id: str) -> bool:
    """The desk lets him not in, asks him out, or takes his link back. Returns False if that is so already."""
    allowed(work, Verb.ADMIT_PARTY)
    return keep_out(work, participant_id, ParticipantKind.PARTY)


def mute_party(work: Work, participant_id: str) -> bool:
    """Nothing of him reaches anybody any more, nor the recording. Returns False if that is so already."""
    row, call, guest = _inside(work, participant_id)
    if guest.muted_at is not None:
        return False
    guest.muted_at, row.media, row.mode = work.now, "NONE", None
    row.permissions = sorted(set(row.permissions) - {Permission.SPEAK})
    work.record(CallPartyMuted(call_id=call.id, unit_no=call.unit_no, participant_id=row.id))
    return True


def unmute_party(work: Work, participant_id: str) -> bool:
    """He may be heard again, when he turns his microphone on himself. Returns False if he may."""
    row, call, guest = _inside(work, participant_id)
    if guest.muted_at is None:
        return False
    guest.muted_at = None
    row.permissions = sorted({*row.permissions, Permission.SPEAK})
    work.record(CallPartyUnmuted(call_id=call.id, unit_no=call.unit_no, participant_id=row.id))
    return True


# --- the parts --------------------------------------------------------------------------------------------------------------------


def _inside(work: Work, participant_id: str) -> tuple[ParticipantRow, CallRow, PartyGuestRow]:
    allowed(work, Verb.ADMIT_PARTY)
    row, call = of_link(work, participant_id, ParticipantKind.PARTY)
    if row.state != ParticipantState.IN:
        raise TransitionRefused("not in", code="party.not_in", state=row.state)
    return row, call, _guest(work, row)


def _guest(work: Work, row: ParticipantRow) -> PartyGuestRow:
    return held(work, PartyGuestRow, row.id, "not_found.participant")


def _of_its_case(work: Work, call: CallRow, party_id: str) -> CasePartyRow:
    """Raises NotFound not_found.party, RuleBroken party.other_case."""
    party = found(work, CasePartyRow, words.ulid(party_id), "not_found.party")
    mission = work.session.get(MissionRow, call.mission_id) if call.mission_id else None
    if mission is None or mission.case_id != party.case_id:
        raise RuleBroken("another case", code="party.other_case")
    return party

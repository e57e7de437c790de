"""A leader joins from afar: invited by the desk, held in a waiting room, let in by one key; nobody else hears or sends a byte."""

from dataclasses import dataclass
from datetime import timedelta
from hmac import compare_digest

from sqlalchemy import select, update
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import found, held
from data.actions.links import add_link, take_link
from data.actions.participants import new_participant, part_of
from data.actions.second_factor import is_enrolled, spend
from data.actions.sessions import close_visit, open_for_guest
from data.credentials import new_digits, new_token
from data.errors import BadInput, NotFound, NotPermitted, RuleBroken, TransitionRefused
from data.events import (
    CallConcluded,
    CallLeaderInvited,
    CallLeaderJoined,
    CallLeaderRefused,
    CallLeaderVerified,
    CallLeaderWaiting,
    CallLeft,
    CallPartyRefused,
    CallPartyVerified,
)
from data.journal import Work
from data.rules import calls, participants, words
from data.rules.calls import CallKind, CallState
from data.rules.identity import Act
from data.rules.links import Purpose, closed, lifetime
from data.rules.participants import CONCLUSION_LONGEST, DIGITS, STAYS, TRIES, ParticipantKind, ParticipantState
from data.rules.permissions import Role, Verb
from data.tables import CallRow, CaseNoteRow, LinkRow, MissionRow, OfficerRow, ParticipantRow

LEADERS = (Role.LEADER, Role.COMMANDER)  # 院领导, 指挥长: whom a desk may invite


@dataclass(frozen=True, slots=True)
class Invitation:
    """Shown once: the link's secret. The digits stand at the desk until he is in."""

    participant_id: str
    secret: str
    digits: str


@dataclass(frozen=True, slots=True)
class Entered:
    """A browser that is bound to the invitation. token: for its cookie."""

    participant_id: str
    token: str
    lasts: timedelta


def invite_leader(work: Work, call_id: str, officer_id: str, ask: str | None = None) -> Invitation:
    """Make a link for one leader into one call. ask: what the scene wants of him, one line.

    Raises NotFound; TransitionRefused media.call_over; RuleBroken join.no_leader (his role is none that is invited).
    """
    allowed(work, Verb.INVITE_LEADER)
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    if call.state == CallState.ENDED:
        raise TransitionRefused("over", code="media.call_over", state=call.state)
    leader = _leader(work, officer_id)
    secret = new_token()
    link = add_link(work, Purpose.LEADER, secret, lifetime(Purpose.LEADER), officer_id=leader.id)
    work.session.flush()
    row = _invited(work, call, link, words.word_or_none(ask or None, "ask", participants.ASK_LONGEST))
    record_audit(work, Act.INVITE, "participant", row.id)
    work.record(CallLeaderInvited(call_id=call.id, unit_no=call.unit_no, participant_id=row.id))
    return Invitation(row.id, secret, row.digits or "")


def standing_invitation(work: Work, officer_id: str, lives: timedelta) -> str:
    """A link into whichever call is open when its button is pressed: for the command line and the demonstration. Returns the secret."""
    allowed(work, Verb.INVITE_LEADER)
    if work.actor.role is not Role.SYSTEM:
        raise NotPermitted("standing", verb=Verb.INVITE_LEADER.value)
    secret = new_token()
    add_link(work, Purpose.LEADER, secret, lifetime(Purpose.LEADER, lives), officer_id=_leader(work, officer_id).id)
    return secret


def enter_waiting_room(work: Work, secret: str) -> Entered:
    """He pressed the button: the link is used up, this browser bound, and he waits. Of two who press at once one gets in.

    Raises NotFound link.closed; RuleBroken join.no_call, and the link is not used up.
    """
    link = take_link(work, secret)
    if link.purpose != Purpose.LEADER or link.officer_id is None:
        raise closed()
    row = work.session.scalars(select(ParticipantRow).where(ParticipantRow.link_id == link.id)).one_or_none()
    call = held(work, CallRow, row.call_id, "not_found.call") if row else open_call(work)
    if call is None or call.state == CallState.ENDED:
        raise RuleBroken("no call", code="join.no_call")
    if row is None:
        row = _invited(work, call, link, None)
    elif row.state != ParticipantState.INVITED:
        raise closed()
    opened = open_for_guest(work, link.officer_id, call.court_code, STAYS)
    work.session.flush()
    row.session_id, row.state, row.waiting_at = opened.session_id, ParticipantState.WAITING, work.now
    work.record(CallLeaderWaiting(call_id=call.id, unit_no=call.unit_no, participant_id=row.id))
    return Entered(row.id, opened.token, STAYS)


def type_digits(work: Work, typed: str) -> bool:
    """The digits that the leader or the party was told. Returns whether they are right; the fifth wrong ones end the invitation.

    Raises BadInput join.digits_form, NotPermitted media.not_admitted.
    """
    row = own_place(work)
    given = participants.read_digits(typed)
    call = found(work, CallRow, row.call_id, "not_found.call")
    if row.state != ParticipantState.WAITING:
        raise TransitionRefused("not waiting", code="join.not_waiting", state=row.state)
    if row.verified_at is not None:
        return True
    if row.digits is not None and compare_digest(row.digits, given):
        return _verified(work, call, row)
    return _missed(work, call, row, "digits")


def type_factor(work: Work, typed: str) -> bool:
    """Instead of the digits: a code of the leader's own authenticator, which then counts nowhere else. Tries count as those of digits do.

    Raises BadInput identity.code_form, NotFound not_found.second_factor for one without an authenticator, and as `type_digits`.
    """
    row = own_place(work)
    call = found(work, CallRow, row.call_id, "not_found.call")
    if row.state != ParticipantState.WAITING:
        raise TransitionRefused("not waiting", code="join.not_waiting", state=row.state)
    if row.kind != ParticipantKind.LEADER or row.officer_id is None or not is_enrolled(work, row.officer_id):
        raise NotFound("no authenticator", code="not_found.second_factor")
    if row.verified_at is not None:
        return True
    how = spend(work, row.officer_id, typed)
    if how is None:
        return _missed(work, call, row, "second_factor")
    record_audit(work, Act.ADMIT, "participant", row.id, fields=(how,))
    return _verified(work, call, row)


def _verified(work: Work, call: CallRow, row: ParticipantRow) -> bool:
    row.verified_at = work.now
    verified = CallPartyVerified if row.kind == ParticipantKind.PARTY else CallLeaderVerified
    work.record(verified(call_id=call.id, unit_no=call.unit_no, participant_id=row.id))
    return True


def _missed(work: Work, call: CallRow, row: ParticipantRow, what: str) -> bool:
    """The fifth wrong try ends the invitation, whatever was tried."""
    row.tries += 1
    record_audit(work, Act.ADMIT, "participant", row.id, fields=(what,), result="failed")
    if row.tries >= TRIES:
        turn_away(work, call, row, "digits")
    return False


def admit_leader(work: Work, participant_id: str) -> bool:
    """One key lets him in. Returns False if he is in. Raises RuleBroken join.not_verified, TransitionRefused join.not_waiting."""
    allowed(work, Verb.ADMIT_LEADER)
    row, call = of_link(work, participant_id, ParticipantKind.LEADER)
    if row.state == ParticipantState.IN:
        return False
    let_in(work, row)
    work.record(CallLeaderJoined(call_id=call.id, unit_no=call.unit_no, participant_id=row.id))
    return True


def refuse_leader(work: Work, participant_id: str) -> bool:
    """The desk lets him not in, or asks him out. Returns False if that is so already."""
    allowed(work, Verb.ADMIT_LEADER)
    return keep_out(work, participant_id, ParticipantKind.LEADER)


def leave_as_guest(work: Work) -> bool:
    """«离开». Returns False if he has left. A leader may still write the line of conclusion; of a party nothing is known any more."""
    row = own_place(work)
    call = held(work, CallRow, row.call_id, "not_found.call")
    if row.state not in (ParticipantState.WAITING, ParticipantState.IN):
        return False
    row.state, row.left_at, row.digits, row.media, row.mode = ParticipantState.LEFT, work.now, None, "NONE", None
    _gone(call, row)
    if row.kind == ParticipantKind.PARTY:
        close_visit(work, row.session_id, "left")
    work.record(CallLeft(call_id=call.id, unit_no=call.unit_no, participant_id=row.id))
    return True


def conclude_call(work: Work, text: str, call_id: str | None = None) -> str:
    """One line of what came out of it; it stands with the case. call_id: by the desk; a guest concludes his own call.

    Returns the note's id. Raises NotPermitted media.not_admitted to who was never in; BadInput text.…
    """
    allowed(work, Verb.CONCLUDE_CALL)
    if work.actor.role is Role.GUEST:
        row = own_place(work)
        if row.joined_at is None:
            raise NotPermitted("never in", code="media.not_admitted")
        call_id = row.call_id
    call = held(work, CallRow, words.ulid(call_id), "not_found.call")
    if call.answered_at is None or work.actor.officer_id is None:
        raise TransitionRefused("no talk", code="call.not_talking", state=call.state)
    mission = work.session.get(MissionRow, call.mission_id) if call.mission_id else None
    note = CaseNoteRow(
        id=str(ULID.from_datetime(work.now)),
        case_id=mission.case_id if mission else None,
        call_id=call.id,
        officer_id=work.actor.officer_id,
        text=words.word(text, "text", CONCLUSION_LONGEST),
        at=work.now,
    )
    work.session.add(note)
    work.record(CallConcluded(call_id=call.id, unit_no=call.unit_no, case_id=note.case_id))
    return note.id


# --- the parts --------------------------------------------------------------------------------------------------------------------


def own_place(work: Work) -> ParticipantRow:
    """The place of a guest or a party, held. Raises NotPermitted media.not_admitted: no guest, or his session is none any more."""
    session_id = work.actor.session_id if work.actor.role in (Role.GUEST, Role.PARTY) else None
    asked = select(ParticipantRow).where(ParticipantRow.session_id == session_id).with_for_update(key_share=True)
    row = work.session.scalars(asked).one_or_none() if session_id else None
    if row is None or not participants.is_mine(work.actor, part_of(row)):
        raise NotPermitted("no guest", code="media.not_admitted")
    return row


def open_call(work: Work) -> CallRow | None:
    """The call that a standing invitation leads to: a talk before one that rings, the newest first."""
    open_ones = select(CallRow).where(CallRow.state.in_(sorted(calls.OPEN)), CallRow.kind == CallKind.ONE_TAP)
    newest = list(work.session.scalars(open_ones.order_by(CallRow.received_at.desc())))
    return next((call for call in newest if call.state in calls.TALKING), newest[0] if newest else None)


def _invited(work: Work, call: CallRow, link: LinkRow, ask: str | None) -> ParticipantRow:
    return new_participant(
        work,
        call.id,
        ParticipantKind.LEADER,
        ParticipantState.INVITED,
        officer_id=link.officer_id,
        link_id=link.id,
        ask=ask,
        digits=new_digits(DIGITS),
        invited_at=work.now,
        media="NONE",
    )


def _leader(work: Work, officer_id: str) -> OfficerRow:
    officer = found(work, OfficerRow, officer_id, "not_found.officer")
    if officer.role not in LEADERS or officer.disabled_at is not None:
        raise RuleBroken("no leader", code="join.no_leader")
    return officer


def check_admission(row: ParticipantRow) -> None:
    """Raises TransitionRefused join.not_waiting, RuleBroken join.not_verified."""
    if row.state != ParticipantState.WAITING:
        raise TransitionRefused("not waiting", code="join.not_waiting", state=row.state)
    if row.verified_at is None:
        raise RuleBroken("not verified", code="join.not_verified")


def let_in(work: Work, row: ParticipantRow) -> None:
    """Part of other verbs; checks nobody. Raises as `check_admission` does."""
    check_admission(row)
    row.state, row.joined_at, row.digits = ParticipantState.IN, work.now, None
    record_audit(work, Act.ADMIT, "participant", row.id)


def keep_out(work: Work, participant_id: str, kind: ParticipantKind) -> bool:
    """Part of other verbs; checks nobody. Returns False if he is out already."""
    row, call = of_link(work, participant_id, kind)
    if row.state in (ParticipantState.REFUSED, ParticipantState.LEFT):
        return False
    turn_away(work, call, row, "desk")
    return True


def of_link(work: Work, participant_id: str, kind: ParticipantKind) -> tuple[ParticipantRow, CallRow]:
    """Who came, or may come, by a link into a call that is not over; held. Raises BadInput join.no_leader, party.no_party: another kind."""
    row = held(work, ParticipantRow, words.ulid(participant_id), "not_found.participant")
    if row.kind != kind:
        raise BadInput("another kind", code="join.no_leader" if kind is ParticipantKind.LEADER else "party.no_party")
    call = held(work, CallRow, row.call_id, "not_found.call")
    if call.state == CallState.ENDED:
        raise TransitionRefused("over", code="media.call_over", state=call.state)
    return row, call


def turn_away(work: Work, call: CallRow, row: ParticipantRow, why: str) -> None:
    """Not let in, or asked out: his link, his session and what he sent are dead at once."""
    row.state, row.left_at, row.digits, row.media, row.mode = ParticipantState.REFUSED, work.now, None, "NONE", None
    _gone(call, row)
    if row.link_id:
        unused = update(LinkRow).where(LinkRow.id == row.link_id, LinkRow.used_at.is_(None))
        work.session.execute(unused.values(used_at=work.now), execution_options={"synchronize_session": False})
    close_visit(work, row.session_id, "revoked")
    refused = CallPartyRefused if row.kind == ParticipantKind.PARTY else CallLeaderRefused
    work.record(refused(call_id=call.id, unit_no=call.unit_no, participant_id=row.id, why=why))


def _gone(call: CallRow, row: ParticipantRow) -> None:
    call.whispering = None if call.whispering == row.id else call.whispering
    call.speaking = None if call.speaking == row.id else call.speaking
    if call.commander_id is not None and call.commander_id == row.officer_id:
        call.commander_id = call.commanded_at = None

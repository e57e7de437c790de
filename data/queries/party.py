"""What a party may read: the notice before the button, and his own place in one talk afterwards. Reading changes nothing.

All that he ever sees of a talk is the kind «party_talk» of `masking.VISIBLE`: court, his own case, who speaks by title. No officer's name,
no place, no claim, no other case, no other call.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.credentials import digest
from data.errors import NotPermitted
from data.queries.reading import at
from data.rules import calls, masking
from data.rules.links import Purpose, is_open
from data.rules.participants import FOR_A_PARTY, TRIES, ParticipantKind, ParticipantState, StreamName
from data.rules.permissions import Actor, Clearance, Role, Verb, may
from data.tables import (
    CallRow,
    CasePartyRow,
    CaseRow,
    CourtRow,
    LinkRow,
    MissionRow,
    OfficerRow,
    ParticipantRow,
    PartyGuestRow,
)

Row = dict[str, Any]
CHOSEN = ("APPLICANT", "DEBTOR")


@dataclass(frozen=True, slots=True)
class Notice:
    """What stands above the button, besides the notice itself: who asks, about which case of his, where he can make sure of it."""

    court: str
    case_no: str
    duty_phone: str | None
    expires_at: datetime


def notice(session: Session, secret: str, now: datetime) -> Notice | None:
    """Of this link; None when it is unknown, used, expired or taken back, when its talk is over, or when it is no party's."""
    found = session.execute(
        select(LinkRow, ParticipantRow.state, CallRow.state.label("call_state"), CaseRow.case_no, CourtRow.name, CourtRow.duty_phone)
        .join(ParticipantRow, ParticipantRow.link_id == LinkRow.id)
        .join(PartyGuestRow, PartyGuestRow.participant_id == ParticipantRow.id)
        .join(CallRow, CallRow.id == ParticipantRow.call_id)
        .join(CaseRow, CaseRow.id == PartyGuestRow.case_id)
        .join(CourtRow, CourtRow.code == CallRow.court_code)
        .where(LinkRow.secret_hash == digest(secret), LinkRow.purpose == Purpose.PARTY)
    ).one_or_none()
    if found is None or found.state != ParticipantState.INVITED or found.call_state not in calls.TALKING:
        return None
    link = found.LinkRow
    if not is_open(link.expires_at, link.used_at, now):
        return None
    return Notice(found.name, found.case_no, found.duty_phone, link.expires_at)


def place(session: Session, actor: Actor) -> Row | None:
    """His own place, and once he is in, what `masking` lets a party see of the talk; None when he has none.

    {me: {…}, call_id, over, talk: {court, case_no, cause, speaker, streams: [{stream, title}], own}}
    """
    if actor.role is not Role.PARTY or actor.session_id is None:
        return None
    found = session.execute(
        select(ParticipantRow, PartyGuestRow, CallRow, CaseRow.case_no, CaseRow.cause, CourtRow.name.label("court"))
        .join(PartyGuestRow, PartyGuestRow.participant_id == ParticipantRow.id)
        .join(CallRow, CallRow.id == ParticipantRow.call_id)
        .join(CaseRow, CaseRow.id == PartyGuestRow.case_id)
        .join(CourtRow, CourtRow.code == CallRow.court_code)
        .where(ParticipantRow.session_id == actor.session_id, ParticipantRow.kind == ParticipantKind.PARTY)
    ).one_or_none()
    if found is None:
        return None
    part, call = found.ParticipantRow, found.CallRow
    said: Row = {"me": _me(part, found.PartyGuestRow), "call_id": call.id, "over": call.state not in calls.OPEN}
    if part.state != ParticipantState.IN or said["over"]:
        return said
    others = _court_side(session, call, part)
    talk = {
        "court": found.court,
        "case_no": found.case_no,
        "cause": found.cause,
        "speaker": next((title for id_, title, _ in others if id_ == call.speaking), None),
        "streams": [{"stream": str(StreamName(call.id, id_)), "title": title} for id_, title, heard in others if heard],
        "own": str(StreamName(call.id, part.id)),
    }
    return said | {"talk": masking.cut(talk, masking.fields_of("party_talk", Clearance.PARTY))}


def parties_of(session: Session, actor: Actor, call_id: str) -> list[Row]:
    """Whom a desk may ask into this call: applicants and debtors of its own case, named as on the wall: [{id, kind, who}].

    Raises NotPermitted.
    """
    if not may(actor, Verb.INVITE_PARTY):
        raise NotPermitted("parties", code="identity.locked" if actor.locked else None, verb=Verb.INVITE_PARTY.value)
    asked = (
        select(CasePartyRow.id, CasePartyRow.kind, CasePartyRow.masked)
        .join(MissionRow, MissionRow.case_id == CasePartyRow.case_id)
        .join(CallRow, CallRow.mission_id == MissionRow.id)
        .where(CallRow.id == call_id, CasePartyRow.kind.in_(CHOSEN))
        .order_by(CasePartyRow.id)
    )
    return [{"id": found.id, "kind": found.kind, "who": found.masked} for found in session.execute(asked)]


def _me(part: ParticipantRow, guest: PartyGuestRow) -> Row:
    return {
        "state": part.state,
        "verified": part.verified_at is not None,
        "tries_left": max(0, TRIES - part.tries),
        "waiting_at": at(part.waiting_at),
        "joined_at": at(part.joined_at),
        "muted": guest.muted_at is not None,
    }


def _court_side(session: Session, call: CallRow, part: ParticipantRow) -> list[tuple[str, str, bool]]:
    """Whom of the court he may receive: (participant, title, whether something comes from him)."""
    kinds = [kind for kind, right in FOR_A_PARTY.items() if right in part.permissions]
    asked = (
        select(ParticipantRow.id, ParticipantRow.media, OfficerRow.title)
        .outerjoin(OfficerRow, OfficerRow.id == ParticipantRow.officer_id)
        .where(ParticipantRow.call_id == call.id, ParticipantRow.state == ParticipantState.IN, ParticipantRow.kind.in_(kinds))
        .order_by(ParticipantRow.id)
    )
    return [(found.id, found.title or "", found.media != "NONE") for found in session.execute(asked)]

"""What a leader who comes by a link may read: the brief before the button, and his own place afterwards. Reading changes nothing.

Rows are drawn as a wall sees them: case numbers whole, parties masked, no person's exact place.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.credentials import digest
from data.queries import wall
from data.queries.reading import Say, at
from data.rules import calls, masking
from data.rules.calls import CallKind, CallState
from data.rules.links import Purpose, is_open
from data.rules.participants import TRIES, ParticipantState
from data.rules.permissions import Actor, Clearance, Role, Sight
from data.tables import CallRow, LinkRow, OfficerRow, OrderRow, ParticipantRow, SecondFactorRow

Row = dict[str, Any]
OF_CALL = (
    "number", "state", "team", "who", "place", "matter", "case_no", "placed_at", "answered_at", "mode", "media_at", "picture_closed_at",
    "output", "output_at", "commander", "whispering", "speaking",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Brief:
    """Five lines, and who asks. call: None while no call is open that this link leads to."""

    leader: str
    inviter: str | None
    invited_at: datetime
    expires_at: datetime
    call: Row | None
    case: Row
    people: int | None
    ask: str | None


def brief(session: Session, secret: str, now: datetime, civil_offset_s: int, court_code: str, *, say: Say) -> Brief | None:
    """The brief of this link; None when it is unknown, used, expired, or no leader's, which nobody is told apart."""
    link = session.scalars(select(LinkRow).where(LinkRow.secret_hash == digest(secret))).one_or_none()
    if link is None or link.purpose != Purpose.LEADER or not is_open(link.expires_at, link.used_at, now):
        return None
    part = session.scalars(select(ParticipantRow).where(ParticipantRow.link_id == link.id)).one_or_none()
    if part is not None and part.state != ParticipantState.INVITED:
        return None
    call_id = part.call_id if part else _standing(session)
    drawn = _drawn(session, call_id, now, civil_offset_s, court_code, say) if call_id else {}
    call = drawn.get("call")
    return Brief(
        leader=_name(session, link.officer_id) or "",
        inviter=call["owner"] if call else None,
        invited_at=link.made_at,
        expires_at=link.expires_at,
        call=call,
        case=drawn.get("case", {}),
        people=drawn.get("team", {}).get("members"),
        ask=part.ask if part else None,
    )


def room(session: Session, actor: Actor, now: datetime, civil_offset_s: int, court_code: str, *, say: Say) -> Row | None:
    """The guest's own place, and once he is in what he needs of the call; None when he has none.

    {me: {…}, call: {…}, there: [names], scene: stream of the officer, parties: streams of parties who send, own: his, order: {…}}
    """
    if actor.role is not Role.GUEST or actor.session_id is None:
        return None
    part = session.scalars(select(ParticipantRow).where(ParticipantRow.session_id == actor.session_id)).one_or_none()
    call = session.get(CallRow, part.call_id) if part else None
    if part is None or call is None:
        return None
    me = {
        "id": part.id,
        "state": part.state,
        "verified": part.verified_at is not None,
        "factor": _has_factor(session, part.officer_id),
        "tries_left": max(0, TRIES - part.tries),
        "waiting_at": at(part.waiting_at),
        "joined_at": at(part.joined_at),
        "left_at": at(part.left_at),
        "commands": call.commander_id is not None and call.commander_id == part.officer_id,
        "whispers": call.whispering == part.id,
        "speaks": call.speaking == part.id,
    }
    said: Row = {"me": me, "call_id": call.id, "over": call.state == CallState.ENDED}
    if part.state != ParticipantState.IN:
        return said
    drawn = _drawn(session, call.id, now, civil_offset_s, court_code, say)
    said["call"] = {name: drawn.get("call", {}).get(name) for name in OF_CALL}
    there = session.scalars(select(ParticipantRow).where(ParticipantRow.call_id == call.id, ParticipantRow.state == ParticipantState.IN))
    listed = list(there)
    scene = next((one.id for one in listed if one.kind == "FIELD"), None)
    said["party"] = any(one.kind == "PARTY" for one in listed)
    said["parties"] = [f"{call.id}.{one.id}" for one in listed if one.kind == "PARTY" and one.media != "NONE"]
    said["there"] = [name for one in listed if one.id != part.id and (name := _name(session, one.officer_id))]
    said |= {"scene": scene and f"{call.id}.{scene}", "own": f"{call.id}.{part.id}", "order": drawn.get("order")}
    return said


def leaders(session: Session) -> list[Row]:
    """Whom a desk may invite: [{id, who}]."""
    asked = select(OfficerRow).where(OfficerRow.role.in_((Role.LEADER, Role.COMMANDER)), OfficerRow.disabled_at.is_(None))
    people = session.scalars(asked.order_by(OfficerRow.role.desc(), OfficerRow.id))
    return [{"id": person.id, "who": masking.officer(person.name, person.title, Clearance.DESK)} for person in people]


def _standing(session: Session) -> str | None:
    """The call that a standing invitation leads to: a talk before one that rings, the newest first."""
    open_ones = select(CallRow.id, CallRow.state).where(CallRow.state.in_(sorted(calls.OPEN)), CallRow.kind == CallKind.ONE_TAP)
    newest = session.execute(open_ones.order_by(CallRow.received_at.desc())).all()
    return next((call.id for call in newest if call.state in calls.TALKING), newest[0].id if newest else None)


def _drawn(session: Session, call_id: str, now: datetime, civil_offset_s: int, court_code: str, say: Say) -> dict[str, Row]:
    """The call, its case, its team and its newest order, by kind."""
    sight = Sight(Clearance.WALL, Role.LEADER, court_code, positions=False)

    def draw(*refs: tuple[str, str | None]) -> dict[str, Row]:
        wanted = [(kind, row_id) for kind, row_id in refs if row_id]
        return {kind: row for kind, _, row in wall.rows(session, sight, wanted, now, civil_offset_s, say=say) if row is not None}

    drawn = draw(("call", call_id))
    call = drawn.get("call", {})
    newest = select(OrderRow.id).where(OrderRow.call_id == call_id, OrderRow.state != "WITHDRAWN").order_by(OrderRow.id.desc()).limit(1)
    drawn |= draw(("mission", call.get("mission_id")), ("team", call.get("team_id")), ("order", session.scalar(newest)))
    return drawn | draw(("case", drawn.get("mission", {}).get("case_id")))


def _has_factor(session: Session, officer_id: str | None) -> bool:
    """Whether he may type a code of his authenticator instead of the digits he was told."""
    row = session.get(SecondFactorRow, officer_id) if officer_id else None
    return row is not None and row.confirmed_at is not None


def _name(session: Session, officer_id: str | None) -> str | None:
    person = session.get(OfficerRow, officer_id) if officer_id else None
    return masking.officer(person.name, person.title, Clearance.WALL) if person else None

"""What waits for a second person, and the keys of the house: who changed one last, how many sessions and devices stand on theirs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from data.errors import NotPermitted
from data.rules.joint import Joint
from data.rules.joint import whom as about_whom
from data.rules.masking import officer
from data.rules.permissions import Actor, Clearance, Verb, may
from data.rules.two_people import Decision
from data.tables import DeviceRow, EntryRow, JointRow, OfficerRow, SessionRow


@dataclass(frozen=True, slots=True)
class JointView:
    """One that waits. about: an officer as a desk names him, key=value, or nothing. mine: he proposed it himself."""

    id: str
    what: str
    about: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    mine: bool
    about_me: bool


@dataclass(frozen=True, slots=True)
class LastChange:
    """Of a key. by: who it was; None: whoever runs the machine."""

    at: datetime
    how: str
    by: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How many stand on it now."""

    desks: int
    devices: int
    osmand: int


def waiting(session: Session, actor: Actor, now: datetime, *whats: Joint) -> list[JointView]:
    """The oldest first. Raises NotPermitted."""
    _check(actor, Verb.CONFIRM_ROLE)
    by, whom = aliased(OfficerRow), aliased(OfficerRow)
    query = (
        select(JointRow, by.name, by.title, whom.name, whom.title)
        .join(by, by.id == JointRow.proposed_by)
        .outerjoin(whom, or_(whom.id == JointRow.about, JointRow.about.startswith(whom.id + "=", autoescape=False)))
        .where(JointRow.state == Decision.PROPOSED, JointRow.expires_at > now, JointRow.what.in_(whats))
        .order_by(JointRow.id)
    )
    me = actor.officer_id
    return [
        JointView(
            row.id, row.what, officer(whose, called, Clearance.DESK) if whose else row.about, officer(name, title, Clearance.DESK),
            row.proposed_at, row.expires_at, row.proposed_by == me, about_whom(Joint(row.what), row.about) == me,
        )
        for row, name, title, whose, called in session.execute(query)
    ]  # fmt: skip


def last_changes(session: Session, actor: Actor) -> dict[str, LastChange]:
    """Of each key that was ever changed here, by its name in `key.changed`. Raises NotPermitted."""
    _check(actor, Verb.CHANGE_KEY)
    newest = select(func.max(EntryRow.seq)).where(EntryRow.kind == "key.changed").group_by(EntryRow.subject_id)
    query = (
        select(EntryRow, OfficerRow.name, OfficerRow.title)
        .outerjoin(OfficerRow, OfficerRow.id == EntryRow.actor_id)
        .where(EntryRow.seq.in_(newest))
    )
    return {
        row.subject_id: LastChange(row.occurred_at, row.payload["how"], officer(name, title, Clearance.DESK) if name else None)
        for row, name, title in session.execute(query)
    }


def standing(session: Session, actor: Actor, now: datetime) -> Standing:
    """Raises NotPermitted."""
    _check(actor, Verb.CHANGE_KEY)
    desks = select(func.count()).where(SessionRow.kind == "OFFICER", SessionRow.closed_at.is_(None), SessionRow.expires_at > now)
    alive = DeviceRow.revoked_at.is_(None)
    devices = select(func.count()).where(alive, DeviceRow.token_hash.is_not(None))
    osmand = select(func.count()).where(alive, DeviceRow.osmand_hash.is_not(None))
    return Standing(*(session.scalar(query) or 0 for query in (desks, devices, osmand)))


def _check(actor: Actor, verb: Verb) -> None:
    if not may(actor, verb):
        raise NotPermitted(verb, code="identity.locked" if actor.locked else None, verb=verb.value)

"""What a one-time link is for, without using it: looking as often as one likes changes nothing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.credentials import digest
from data.errors import NotFound, NotPermitted
from data.rules.links import NOT_BY_BUTTON, Purpose, is_open, read_code
from data.rules.masking import officer
from data.rules.permissions import Actor, Clearance, Verb, may
from data.tables import AccountRow, LinkRow, OfficerRow, WallRow


@dataclass(frozen=True, slots=True)
class LinkView:
    """What the page before the button says. who: 陈法官, 1003, 指挥大厅; None for the director and for a wall that waits.

    first: the account that this link opens, when nobody has chosen its password yet.
    """

    purpose: Purpose
    who: str | None
    expires_at: datetime
    first: str | None = None


@dataclass(frozen=True, slots=True)
class PairingView:
    """What a wall that waits shows."""

    code: str
    approved: bool


def link_view(session: Session, secret: str, now: datetime) -> LinkView | None:
    """The link of this secret; None when it is unknown, used or expired, which nobody is told apart."""
    link = session.scalars(select(LinkRow).where(LinkRow.secret_hash == digest(secret))).one_or_none()
    if link is None or link.purpose in NOT_BY_BUTTON or not is_open(link.expires_at, link.used_at, now):
        return None
    account = session.get(AccountRow, link.officer_id) if link.purpose == Purpose.RESET else None
    first = account.username if account is not None and account.must_change else None
    return LinkView(Purpose(link.purpose), _who(session, link), link.expires_at, first)


def _who(session: Session, link: LinkRow) -> str | None:
    if link.unit_no is not None:
        return str(link.unit_no)
    if link.officer_id is not None:
        person = session.get(OfficerRow, link.officer_id)
        return officer(person.name, person.title, Clearance.WALL) if person else None
    wall = session.get(WallRow, link.wall_id) if link.wall_id else None
    return wall.name if wall else None


def pairing_view(session: Session, secret: str, now: datetime) -> PairingView | None:
    """The pairing of this browser; None when it is over."""
    link = session.scalars(select(LinkRow).where(LinkRow.secret_hash == digest(secret))).one_or_none()
    if link is None or link.code is None or not is_open(link.expires_at, link.used_at, now):
        return None
    return PairingView(link.code, link.approved_at is not None)


@dataclass(frozen=True, slots=True)
class WaitingView:
    """What a desk looks at before it approves a wall: from where that browser asks, and since when."""

    address: str | None
    asked_at: datetime


def waiting_view(session: Session, actor: Actor, typed: str, now: datetime) -> WaitingView:
    """The browser that shows this code, for whoever may approve it.

    Raises NotPermitted, BadInput link.code_form, NotFound link.code_unknown.
    """
    if not may(actor, Verb.PAIR_WALL):
        raise NotPermitted("pair", code="identity.locked" if actor.locked else None, verb=Verb.PAIR_WALL.value)
    waiting = select(LinkRow).where(LinkRow.purpose == Purpose.PAIRING, LinkRow.code == read_code(typed), LinkRow.approved_at.is_(None))
    link = next((link for link in session.scalars(waiting) if is_open(link.expires_at, link.used_at, now)), None)
    if link is None:
        raise NotFound("code", code="link.code_unknown")
    return WaitingView(link.address, link.made_at)

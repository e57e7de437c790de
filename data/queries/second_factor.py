"""What the page that asks for a code shows, before the first code with the secret to scan; who has an authenticator; who was begun anew."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.credentials import digest, factor_address
from data.errors import NotPermitted
from data.rules.identity import Act
from data.rules.links import Purpose, is_open
from data.rules.masking import officer
from data.rules.permissions import Actor, Clearance, Verb, may
from data.rules.second_factor import grouped
from data.sealing import Sealing
from data.tables import AccountRow, AuditRow, LinkRow, OfficerRow, RecoveryCodeRow, SecondFactorRow


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked for a code. address, secret: only for somebody who has not confirmed his authenticator yet."""

    officer_id: str
    address: str | None
    secret: str | None


def asked(session: Session, ticket: str, now: datetime, sealing: Sealing, court: str) -> Asked | None:
    """The officer of this ticket; None when it is unknown, used or expired, which nobody is told apart."""
    link = session.scalars(select(LinkRow).where(LinkRow.secret_hash == digest(ticket))).one_or_none()
    if link is None or link.purpose != Purpose.FACTOR or link.officer_id is None or not is_open(link.expires_at, link.used_at, now):
        return None
    row = session.get(SecondFactorRow, link.officer_id)
    if row is None:
        return None
    if row.confirmed_at is not None:
        return Asked(link.officer_id, None, None)
    secret = sealing.open(row.secret) or ""
    account = session.scalar(select(AccountRow.username).where(AccountRow.officer_id == link.officer_id))
    return Asked(link.officer_id, factor_address(secret, account or link.officer_id, court), grouped(secret))


def enrolled(session: Session) -> frozenset[str]:
    """The officers who have an authenticator, by id: for the administrator's list."""
    return frozenset(session.scalars(select(SecondFactorRow.officer_id).where(SecondFactorRow.confirmed_at.is_not(None))))


@dataclass(frozen=True, slots=True)
class Holder:
    """One person with an account, for the administrator. since: his authenticator is his since then; None: none. left: codes on paper."""

    officer_id: str
    name: str
    title: str
    role: str
    account: str
    since: datetime | None
    left: int


@dataclass(frozen=True, slots=True)
class Reset:
    """At the machine somebody began anew for an administrator: the link was made, or it was used."""

    id: str
    at: datetime
    who: str
    used: bool


def holders(session: Session, actor: Actor) -> list[Holder]:
    """Everybody who signs in with a password. Raises NotPermitted."""
    _check(actor)
    unused = (
        select(func.count()).where(RecoveryCodeRow.officer_id == OfficerRow.id, RecoveryCodeRow.used_at.is_(None)).correlate(OfficerRow)
    ).scalar_subquery()
    people = (
        select(OfficerRow, AccountRow.username, SecondFactorRow.confirmed_at, unused)
        .join(AccountRow, AccountRow.officer_id == OfficerRow.id)
        .outerjoin(SecondFactorRow, SecondFactorRow.officer_id == OfficerRow.id)
        .where(OfficerRow.disabled_at.is_(None))
        .order_by(SecondFactorRow.confirmed_at.is_(None), OfficerRow.name, OfficerRow.id)
    )
    return [
        Holder(row.id, row.name, row.title, row.role, username, since, left if since else 0)
        for row, username, since, left in session.execute(people)
    ]


def resets(session: Session, actor: Actor, since: datetime) -> list[Reset]:
    """What other administrators must know: whose sign-in was begun anew at the machine, the newest first. Raises NotPermitted."""
    _check(actor)
    told = (
        select(AuditRow, OfficerRow.name, OfficerRow.title)
        .join(OfficerRow, OfficerRow.id == AuditRow.object_id)
        .where(AuditRow.act == Act.RESET_ADMIN, AuditRow.at >= since, AuditRow.object_id != (actor.officer_id or ""))
        .order_by(AuditRow.at.desc(), AuditRow.id.desc())
        .limit(20)
    )
    found = session.execute(told)
    return [Reset(row.id, row.at, officer(name, title, Clearance.DESK), "password" in row.fields) for row, name, title in found]


def _check(actor: Actor) -> None:
    if not may(actor, Verb.MANAGE_PEOPLE):
        raise NotPermitted(Verb.MANAGE_PEOPLE, code="identity.locked" if actor.locked else None, verb=Verb.MANAGE_PEOPLE.value)

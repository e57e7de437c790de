"""What the page that asks for a code shows: whose it is, and before the first code the secret to scan."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.credentials import digest, factor_address
from data.rules.links import Purpose, is_open
from data.rules.second_factor import grouped
from data.sealing import Sealing
from data.tables import AccountRow, LinkRow, SecondFactorRow


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

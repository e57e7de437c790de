"""A link that opens somebody's desk: made alone where it is worth nothing without its owner, else by two; and its owner is told."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.joint import confirm_joint, propose_joint
from data.actions.keeping import found
from data.actions.links import add_link, makes_alone
from data.credentials import new_token
from data.errors import NotFound
from data.journal import Work
from data.rules.identity import Act
from data.rules.joint import Joint
from data.rules.links import Purpose, lifetime
from data.rules.masking import officer
from data.rules.permissions import Clearance, Verb
from data.tables import LinkRow, OfficerRow, SessionRow

OF_DESKS = (Purpose.SIGN_IN, Purpose.HOST)
TOLD_MOST = 20


@dataclass(frozen=True, slots=True)
class Told:
    """A link that was made for him, and who made it."""

    at: datetime
    by: str


def ask_for_link(work: Work, officer_id: str) -> str | None:
    """The secret of a link for this officer's desk, shown once; None: a second person must confirm it first. Raises NotFound."""
    allowed(work, Verb.MANAGE_PEOPLE)
    person = _person(work, officer_id)
    if makes_alone(work, person):
        return _made(work, officer_id)
    propose_joint(work, Joint.SIGN_IN_LINK, officer_id)
    return None


def confirm_link(work: Work, joint_id: str) -> tuple[str, str]:
    """The second person agrees: the officer, and the secret, shown this once to whoever confirms."""
    officer_id = confirm_joint(work, joint_id, Joint.SIGN_IN_LINK)
    _person(work, officer_id)
    return officer_id, _made(work, officer_id)


def tell_owner(work: Work, session_id: str) -> list[Told]:
    """Which links for the desk of whoever has just signed in were made by others since he was told last. From now on he knows."""
    session = work.session.get(SessionRow, session_id)
    if session is None or session.officer_id is None:
        return []
    untold = (
        select(LinkRow, OfficerRow.name, OfficerRow.title)
        .join(OfficerRow, OfficerRow.id == LinkRow.made_by)
        .where(LinkRow.officer_id == session.officer_id, LinkRow.purpose.in_(OF_DESKS), LinkRow.told_at.is_(None))
        .where(LinkRow.made_by != session.officer_id)
        .order_by(LinkRow.id)
        .limit(TOLD_MOST)
    )
    told = []
    for link, name, title in work.session.execute(untold).all():
        link.told_at = work.now
        told.append(Told(link.made_at, officer(name, title, Clearance.DESK)))
    return told


def _person(work: Work, officer_id: str) -> OfficerRow:
    person = found(work, OfficerRow, officer_id, "not_found.officer")
    if person.disabled_at is not None:
        raise NotFound("disabled", code="not_found.officer")
    return person


def _made(work: Work, officer_id: str) -> str:
    secret = new_token()
    add_link(work, Purpose.SIGN_IN, secret, lifetime(Purpose.SIGN_IN), officer_id=officer_id)
    record_audit(work, Act.ISSUE_TOKEN, "officer", officer_id, fields=(Purpose.SIGN_IN,))
    return secret

"""What one person alone may not do here: he proposes, another of the same right confirms, and only then it happens.

`domain/rules.md` E.5: «four-eyes on release, payout, purge, role change». Roles have their own (`role_changes`), releases too; here is
the rest: a link that opens somebody's desk, a key of the house, a shorter time of keeping.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from data.errors import NotPermitted
from data.rules import two_people
from data.rules.permissions import Actor, Role, Verb
from data.rules.role_changes import LEAST
from data.rules.two_people import Decision


class Joint(StrEnum):
    SIGN_IN_LINK = "sign_in_link"  # about: an officer's id
    FIRST_ACCOUNT = "first_account"  # about: officer's id=name of the account
    CASE_TOKEN = "case_token"  # a new token for the case system; the former ends
    MEDIA_KEY = "media_key"  # every token for live video made before is worth nothing
    SESSIONS = "sessions"  # everybody at a desk signs in anew
    SETTING = "setting"  # about: key=value; what shortens how long something is kept


VERB = {
    Joint.SIGN_IN_LINK: Verb.MANAGE_PEOPLE,
    Joint.FIRST_ACCOUNT: Verb.MANAGE_PEOPLE,
    Joint.CASE_TOKEN: Verb.CHANGE_KEY,
    Joint.MEDIA_KEY: Verb.CHANGE_KEY,
    Joint.SESSIONS: Verb.CHANGE_KEY,
    Joint.SETTING: Verb.CHANGE_SETTING,
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What two people do together."""

    what: Joint
    about: str
    proposed_by: str
    expires_at: datetime
    state: Decision


def whom(what: Joint, about: str) -> str | None:
    """The officer whom this is about, if it is about one."""
    return about.partition("=")[0] if what in (Joint.SIGN_IN_LINK, Joint.FIRST_ACCOUNT) else None


def check_confirmed(proposal: Proposal, by: str | None, now: datetime) -> None:
    """Raises NotPermitted joint.same_person, joint.about_him; TransitionRefused joint.decided; RuleBroken joint.lapsed."""
    verb = VERB[proposal.what].value
    if by is None or by == proposal.proposed_by:
        raise NotPermitted("same person", code="joint.same_person", verb=verb)
    if whom(proposal.what, proposal.about) == by:
        raise NotPermitted("about him", code="joint.about_him", verb=verb)
    check_open(proposal, now)


def check_open(proposal: Proposal, now: datetime) -> None:
    """Raises TransitionRefused joint.decided, RuleBroken joint.lapsed."""
    two_people.check_open(proposal.state, proposal.expires_at, now, decided="joint.decided", lapsed="joint.lapsed")


def opens_desk_alone(actor: Actor, officer_id: str, role: Role, *, has_factor: bool, has_work: bool) -> bool:
    """Whether one person may make what opens this officer's desk, a link or a first password: whoever holds it could be that officer.

    Alone: the command line; his own; of who also types a code of his own authenticator; of who may only what is his own (the least role)
    and has nothing that is his own yet: no case, no mission.
    """
    return actor.role is Role.SYSTEM or actor.officer_id == officer_id or has_factor or (role == LEAST and not has_work)


def account_ends(before: Role, now: Role, *, by_one: bool, has_factor: bool) -> bool:
    """Whether an account is worth too much after this change of role: one person opened it while it was worth nothing, and knows how."""
    return before == LEAST and now != LEAST and by_one and not has_factor

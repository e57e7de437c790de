"""A role is given or taken by two people: one proposes, another confirms, neither of them himself, and not for long.

`domain/rules.md` E.7: «Users/roles: 技术值守 W (2nd by security admin)». What nobody needs a second person for is the least: 外勤干警.
"""

from dataclasses import dataclass
from datetime import datetime

from data.errors import BadInput, NotPermitted, RuleBroken
from data.rules import two_people
from data.rules.permissions import Role, Verb
from data.rules.two_people import Decision

LEAST = Role.FIELD  # only what is his own
OF_PEOPLE = frozenset(
    {Role.DUTY, Role.COMMANDER, Role.LEADER, Role.JUDGE, Role.FIELD, Role.FUND, Role.TECHNICAL, Role.INSPECTOR, Role.UPPER}
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What two people decide about a third."""

    officer_id: str
    before: Role
    wanted: Role
    proposed_by: str
    expires_at: datetime
    state: Decision


def role_of_a_person(role: str) -> Role:
    """Raises BadInput identity.bad_role: nobody becomes a machine."""
    if role not in OF_PEOPLE:
        raise BadInput(role, code="identity.bad_role")
    return Role(role)


def check_proposed(by: str | None, officer_id: str, now_is: Role, wanted: Role) -> None:
    """Raises NotPermitted role.own, RuleBroken role.has_it."""
    if by is None or by == officer_id:
        raise NotPermitted("own role", code="role.own", verb=Verb.MANAGE_PEOPLE.value)
    if now_is == wanted:
        raise RuleBroken(wanted, code="role.has_it")


def check_confirmed(proposal: Proposal, by: str | None, now_is: Role, now: datetime) -> None:
    """Raises NotPermitted role.own, role.same_person; TransitionRefused role.decided; RuleBroken role.lapsed, role.changed_meanwhile."""
    if by is None or by == proposal.officer_id:
        raise NotPermitted("own role", code="role.own", verb=Verb.CONFIRM_ROLE.value)
    if by == proposal.proposed_by:
        raise NotPermitted("same person", code="role.same_person", verb=Verb.CONFIRM_ROLE.value)
    check_open(proposal, now)
    if now_is != proposal.before:
        raise RuleBroken("meanwhile", code="role.changed_meanwhile")


def check_open(proposal: Proposal, now: datetime) -> None:
    """Raises TransitionRefused role.decided, RuleBroken role.lapsed."""
    two_people.check_open(proposal.state, proposal.expires_at, now, decided="role.decided", lapsed="role.lapsed")

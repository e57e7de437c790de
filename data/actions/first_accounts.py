"""Somebody's first account: whoever reads its password could be that officer. Opened alone where that is worth nothing, else by two."""

from sqlalchemy import select

from data.actions.accounts import FirstAccount, check_account, first_account
from data.actions.allowed import allowed
from data.actions.joint import confirm_joint, propose_joint
from data.actions.keeping import held
from data.actions.links import has_work
from data.journal import Work
from data.rules import joint
from data.rules.joint import Joint
from data.rules.permissions import Role, Verb
from data.rules.role_changes import LEAST
from data.rules.two_people import Decision
from data.tables import OfficerRow, RoleChangeRow


def ask_for_account(work: Work, officer_id: str, username: str) -> FirstAccount | None:
    """The account with its password, shown once; None: a second person must confirm it first, and is the one who is shown it.

    Raises NotFound, BadInput identity.bad_username, RuleBroken identity.account_exists, identity.username_taken.
    """
    allowed(work, Verb.MANAGE_PEOPLE)
    officer = held(work, OfficerRow, officer_id, "not_found.officer")
    name = check_account(work, officer_id, username)
    if joint.opens_desk_alone(
        work.actor, officer_id, awaits_role(work, officer_id) or Role(officer.role), has_factor=False, has_work=has_work(work, officer)
    ):
        return first_account(work, officer_id, name)
    propose_joint(work, Joint.FIRST_ACCOUNT, f"{officer_id}={name}")
    return None


def confirm_account(work: Work, joint_id: str) -> FirstAccount:
    """The second person agrees: the account, and its password, shown this once to whoever confirms. Raises as both halves do."""
    officer_id, _, name = confirm_joint(work, joint_id, Joint.FIRST_ACCOUNT).partition("=")
    return first_account(work, officer_id, name)


def awaits_role(work: Work, officer_id: str) -> Role | None:
    """The role beyond the least that somebody proposed for him, and nobody has decided yet."""
    asked = RoleChangeRow.officer_id == officer_id, RoleChangeRow.state == Decision.PROPOSED, RoleChangeRow.expires_at > work.now
    wanted = work.session.scalars(select(RoleChangeRow.role).where(*asked, RoleChangeRow.role != LEAST)).first()
    return None if wanted is None else Role(wanted)

"""Proposed by one, confirmed by another: the part that every such act shares. What happens then stands with its noun."""

from sqlalchemy import select
from ulid import ULID

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import found, held
from data.errors import NotFound, NotPermitted
from data.events import JointConfirmed, JointDropped, JointProposed
from data.journal import Work
from data.rules import joint, words
from data.rules.identity import Act
from data.rules.joint import VERB, Joint, Proposal
from data.rules.two_people import LASTS, Decision, dropped
from data.tables import JointRow

MISSING = "not_found.joint"


def propose_joint(work: Work, what: Joint, about: str = "") -> str:
    """Returns the proposal's id; the open one's, if it is the same. Raises NotPermitted, also for whoever is no person."""
    allowed(work, VERB[what])
    by = work.actor.officer_id
    if by is None:
        raise NotPermitted("nobody", verb=VERB[what].value)
    same = JointRow.what == what, JointRow.about == about, JointRow.state == Decision.PROPOSED, JointRow.expires_at > work.now
    known = work.session.scalars(select(JointRow).where(*same)).first()
    if known is not None:
        return known.id
    row = JointRow(
        id=str(ULID.from_datetime(work.now)),
        court_code=work.court_code,
        what=what.value,
        about=about,
        proposed_by=by,
        proposed_at=work.now,
        expires_at=work.now + LASTS,
        state=Decision.PROPOSED,
    )
    work.session.add(row)
    work.session.flush()
    work.record(JointProposed(joint_id=row.id, what=what))
    record_audit(work, Act.JOINT, _object(what), joint.whom(what, about) or about or what, fields=(what,), result="proposed")
    return row.id


def confirm_joint(work: Work, joint_id: str, what: Joint) -> str:
    """The second person agrees; what it is about is returned, and done by the caller within the same work.

    Raises NotFound not_found.joint, also for one of another kind; NotPermitted; and what `check_confirmed` raises.
    """
    allowed(work, VERB[what])
    row = held(work, JointRow, words.ulid(joint_id), MISSING)
    if row.what != what:
        raise NotFound("another kind", code=MISSING)
    joint.check_confirmed(_proposal(row), work.actor.officer_id, work.now)
    _decide(work, row, Decision.CONFIRMED)
    work.record(JointConfirmed(joint_id=row.id, what=what))
    return row.about


def what_of(work: Work, joint_id: str) -> Joint:
    """Which act this proposal is for. Raises NotFound not_found.joint."""
    return Joint(found(work, JointRow, words.ulid(joint_id), MISSING).what)


def drop_joint(work: Work, joint_id: str) -> None:
    """Withdrawn by whoever proposed it, refused by anybody else who might confirm it."""
    row = held(work, JointRow, words.ulid(joint_id), MISSING)
    allowed(work, VERB[Joint(row.what)])
    joint.check_open(_proposal(row), work.now)
    state = dropped(work.actor.officer_id, row.proposed_by)
    _decide(work, row, state)
    work.record(JointDropped(joint_id=row.id, what=row.what, why=state.value.lower()))


def _decide(work: Work, row: JointRow, state: Decision) -> None:
    row.state, row.decided_by, row.decided_at = state, work.actor.officer_id, work.now
    what = Joint(row.what)
    record_audit(
        work, Act.JOINT, _object(what), joint.whom(what, row.about) or row.about or what, fields=(what,), result=state.value.lower()
    )


def _object(what: Joint) -> str:
    return {Joint.SIGN_IN_LINK: "officer", Joint.FIRST_ACCOUNT: "officer", Joint.SETTING: "setting"}.get(what, "key")


def _proposal(row: JointRow) -> Proposal:
    return Proposal(Joint(row.what), row.about, row.proposed_by, row.expires_at, Decision(row.state))

"""Roles given and taken: proposed by one, confirmed by another. Only the machine's own command line needs nobody else."""

from sqlalchemy import select
from ulid import ULID

from data.actions.accounts import close_account, enable, end_ways_in, give_role
from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import held
from data.events import AccountOpened, RoleConfirmed, RoleDropped, RoleProposed
from data.journal import Work
from data.rules import role_changes, words
from data.rules.identity import Act
from data.rules.joint import Joint, account_ends
from data.rules.permissions import Role, Verb
from data.rules.role_changes import LEAST, Proposal
from data.rules.two_people import LASTS, Decision, dropped
from data.tables import AccountRow, EntryRow, JointRow, OfficerRow, RoleChangeRow, SecondFactorRow

MISSING = "not_found.role_change"


def propose_role(work: Work, officer_id: str, role: str) -> str:
    """Another role for an officer, when a second person agrees. Returns the proposal's id; the open one, if it asks for the same.

    One that asked for something else is dropped. Raises NotFound, BadInput identity.bad_role, and what `check_proposed` raises.
    """
    allowed(work, Verb.MANAGE_PEOPLE)
    officer = held(work, OfficerRow, officer_id, "not_found.officer")
    wanted, by = role_changes.role_of_a_person(role), work.actor.officer_id
    role_changes.check_proposed(by, officer_id, Role(officer.role), wanted)
    assert by is not None
    for known in _open(work, officer_id):
        if work.now < known.expires_at and known.role == wanted and known.role_before == officer.role:
            return known.id
        _drop(work, known, Decision.WITHDRAWN if work.now < known.expires_at else Decision.LAPSED)
    row = RoleChangeRow(
        id=str(ULID.from_datetime(work.now)),
        court_code=work.court_code,
        officer_id=officer_id,
        role_before=officer.role,
        role=wanted.value,
        proposed_by=by,
        proposed_at=work.now,
        expires_at=work.now + LASTS,
        state=Decision.PROPOSED,
    )
    work.session.add(row)
    work.session.flush()
    work.record(RoleProposed(role_change_id=row.id, officer_id=officer_id))
    record_audit(work, Act.CHANGE_ROLE, "officer", officer_id, fields=(f"from:{officer.role}", f"to:{wanted}"), result="proposed")
    return row.id


def confirm_role(work: Work, change_id: str) -> None:
    """The second person agrees: the officer has the role, his sessions within three seconds. Raises what `check_confirmed` raises."""
    allowed(work, Verb.CONFIRM_ROLE)
    row = held(work, RoleChangeRow, words.ulid(change_id), MISSING)
    officer = held(work, OfficerRow, row.officer_id, "not_found.officer")
    role_changes.check_confirmed(_proposal(row), work.actor.officer_id, Role(officer.role), work.now)
    _decide(work, row, Decision.CONFIRMED)
    work.record(RoleConfirmed(role_change_id=row.id, officer_id=row.officer_id))
    give_role(work, officer, Role(row.role))
    _end_cheap_ways(work, row)


def drop_role(work: Work, change_id: str) -> None:
    """Withdrawn by whoever proposed it, refused by anybody else. Raises TransitionRefused role.decided, RuleBroken role.lapsed."""
    allowed(work, Verb.CONFIRM_ROLE)
    row = held(work, RoleChangeRow, words.ulid(change_id), MISSING)
    role_changes.check_open(_proposal(row), work.now)
    _drop(work, row, dropped(work.actor.officer_id, row.proposed_by))


def let_back(work: Work, officer_id: str) -> None:
    """An officer who was disabled works again, with the least role; what he was is proposed, as every role is."""
    former = held(work, OfficerRow, officer_id, "not_found.officer").role
    enable(work, officer_id)
    if former != LEAST and work.actor.officer_id is not None:
        propose_role(work, officer_id, former)


def _end_cheap_ways(work: Work, change: RoleChangeRow) -> None:
    """What one person alone made while this desk was worth nothing opens it no longer: sessions and links end, and so may the account."""
    officer_id, before, now = change.officer_id, Role(change.role_before), Role(change.role)
    if before != LEAST or now == LEAST:
        return
    factor = work.session.get(SecondFactorRow, officer_id)
    has_factor = factor is not None and factor.confirmed_at is not None
    account = work.session.get(AccountRow, officer_id)
    if account is not None and account_ends(before, now, by_one=_opened_by_one(work, officer_id), has_factor=has_factor):
        close_account(work, officer_id)
    elif not has_factor:
        end_ways_in(work, officer_id)


def _opened_by_one(work: Work, officer_id: str) -> bool:
    """Whether a person opened this account, and no second one confirmed it."""
    opened = select(EntryRow.actor_kind).where(EntryRow.kind == AccountOpened.kind, EntryRow.subject_id == officer_id)
    by = work.session.scalars(opened.order_by(EntryRow.seq.desc()).limit(1)).first()
    about = JointRow.about.startswith(f"{officer_id}=", autoescape=True)
    by_two = select(JointRow.id).where(JointRow.what == Joint.FIRST_ACCOUNT, JointRow.state == Decision.CONFIRMED, about).limit(1)
    return by == "OFFICER" and work.session.scalar(by_two) is None


def _open(work: Work, officer_id: str) -> list[RoleChangeRow]:
    open_ones = select(RoleChangeRow).where(RoleChangeRow.officer_id == officer_id, RoleChangeRow.state == Decision.PROPOSED)
    return list(work.session.scalars(open_ones))


def _drop(work: Work, row: RoleChangeRow, state: Decision) -> None:
    _decide(work, row, state)
    work.record(RoleDropped(role_change_id=row.id, officer_id=row.officer_id, why=state.value.lower()))


def _decide(work: Work, row: RoleChangeRow, state: Decision) -> None:
    row.state, row.decided_by, row.decided_at = state, work.actor.officer_id, work.now
    fields = (f"from:{row.role_before}", f"to:{row.role}")
    record_audit(work, Act.CHANGE_ROLE, "officer", row.officer_id, fields=fields, result=state.value.lower())


def _proposal(row: RoleChangeRow) -> Proposal:
    return Proposal(row.officer_id, Role(row.role_before), Role(row.role), row.proposed_by, row.expires_at, Decision(row.state))

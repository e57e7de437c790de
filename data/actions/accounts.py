"""Who may sign in at a desk: accounts, passwords, PINs, roles."""

from dataclasses import dataclass

from sqlalchemy import select

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.calls import lose_calls
from data.actions.links import close_links
from data.actions.participants import lose_places
from data.actions.sessions import close_sessions
from data.actions.units import lose_duty
from data.credentials import hash_secret, new_password
from data.errors import NotFound, NotPermitted, RuleBroken
from data.events import AccountChanged, AccountOpened
from data.journal import Work
from data.rules import identity
from data.rules.identity import Act
from data.rules.links import Purpose
from data.rules.permissions import ALLOWED, Role, Verb, may
from data.rules.role_changes import LEAST, OF_PEOPLE, role_of_a_person
from data.tables import AccountRow, CallRow, OfficerRow, ParticipantRow, UnitRow


@dataclass(frozen=True, slots=True)
class FirstAccount:
    """What is printed once. The password must be changed at the first sign-in."""

    username: str
    password: str


def open_account(work: Work, officer_id: str, username: str, password: str, pin: str | None = None, *, must_change: bool = False) -> None:
    """Let an officer sign in. Hashing takes some 0.2 s: it happens before the transaction touches the database.

    Raises BadInput (identity.password_…, pin_…, bad_username), NotFound, RuleBroken identity.account_exists, identity.username_taken.
    """
    allowed(work, Verb.MANAGE_PEOPLE)
    name = identity.username(username)
    password_hash = hash_secret(identity.password(password, of=name))
    pin_hash = None if pin is None else hash_secret(identity.pin(pin))
    check_account(work, officer_id, name)
    work.session.add(
        AccountRow(officer_id=officer_id, username=name, password_hash=password_hash, pin_hash=pin_hash, must_change=must_change)
    )
    work.record(AccountOpened(officer_id=officer_id))
    record_audit(work, Act.CHANGE_ACCOUNT, "officer", officer_id, fields=("account",))


def check_account(work: Work, officer_id: str, username: str) -> str:
    """The account's name as it is kept. Raises BadInput identity.bad_username, NotFound, RuleBroken …account_exists, …username_taken."""
    allowed(work, Verb.MANAGE_PEOPLE)
    name = identity.username(username)
    _officer(work, officer_id)
    if work.session.get(AccountRow, officer_id) is not None:
        raise RuleBroken(officer_id, code="identity.account_exists")
    if work.session.scalar(select(AccountRow.officer_id).where(AccountRow.username == name)) is not None:
        raise RuleBroken("username", code="identity.username_taken")
    return name


def close_account(work: Work, officer_id: str) -> None:
    """No name and password open his desk any more, nor a session or link that is out. Part of other verbs; checks nothing itself."""
    work.session.delete(_account(work, officer_id))
    end_ways_in(work, officer_id)
    _changed(work, officer_id, "closed")


def end_ways_in(work: Work, officer_id: str) -> None:
    """Every session at a desk ends, and every link to one that is out. Part of other verbs; checks nothing itself."""
    close_sessions(work, officer_id, why="revoked")
    for purpose in (Purpose.SIGN_IN, Purpose.HOST, Purpose.FACTOR):
        close_links(work, purpose, officer_id)


def first_account(work: Work, officer_id: str, username: str) -> FirstAccount:
    """An account with a random password, for the command line to print once; nothing works on a fresh installation but this."""
    password = new_password()
    open_account(work, officer_id, username, password, must_change=True)
    return FirstAccount(identity.username(username), password)


def has_administrator(work: Work) -> bool:
    """Whether anybody with an account may manage people: then the command line makes no first one."""
    roles = [role.value for role in ALLOWED[Verb.MANAGE_PEOPLE] & OF_PEOPLE]
    administrators = select(AccountRow.officer_id).join(OfficerRow, OfficerRow.id == AccountRow.officer_id)
    found = work.session.scalar(administrators.where(OfficerRow.role.in_(roles), OfficerRow.disabled_at.is_(None)).limit(1))
    return found is not None


def set_password(work: Work, officer_id: str, password: str, *, must_change: bool = False) -> None:
    """Give an account another password: one's own, or as whoever runs the machine. Every other session of the officer ends.

    The door has checked the old password (`data.identity.check_password`) when it is one's own.
    """
    _own_or_managed(work, officer_id)
    password_hash = hash_secret(identity.password(password))  # before the first question to the database: it takes its time
    account = _account(work, officer_id)
    identity.password(password, of=account.username)
    account.password_hash, account.must_change = password_hash, must_change
    close_links(work, Purpose.FACTOR, officer_id)  # a page that asks for the code still counts on the old password
    close_sessions(work, officer_id, why="replaced", but=work.actor.session_id)
    _changed(work, officer_id, "password")


def set_pin(work: Work, officer_id: str, pin: str) -> None:
    """The PIN that opens a locked desk: one's own, or as who runs the machine. Raises BadInput identity.pin_form, identity.pin_simple."""
    _own_or_managed(work, officer_id)
    pin_hash = hash_secret(identity.pin(pin))
    _account(work, officer_id).pin_hash = pin_hash
    _changed(work, officer_id, "pin")


def set_role(work: Work, officer_id: str, role: Role) -> None:
    """Give an officer another role, as whoever runs the machine; people propose it (`role_changes`). Raises BadInput identity.bad_role."""
    allowed(work, Verb.SET_ROLE)
    give_role(work, _officer(work, officer_id), role_of_a_person(role))


def give_role(work: Work, officer: OfficerRow, role: Role) -> None:
    """His sessions have it in three seconds. Part of other verbs; checks nothing itself."""
    officer.role = role.value
    _changed(work, officer.id, "role")


def disable(work: Work, officer_id: str) -> None:
    """From now on this officer is nobody: sessions, duty and open call end, his phone's word counts no more, within three seconds.

    Nobody disables himself: the last administrator would lock the door behind him. Raises NotPermitted identity.disable_own.
    """
    allowed(work, Verb.MANAGE_PEOPLE)
    if work.actor.officer_id == officer_id:
        raise NotPermitted("himself", code="identity.disable_own", verb=Verb.MANAGE_PEOPLE.value)
    officer = _officer(work, officer_id)
    if officer.disabled_at is None:
        officer.disabled_at = work.now
        close_sessions(work, officer_id, why="revoked")
        close_links(work, Purpose.FACTOR, officer_id)
        lose_places(work, ParticipantRow.officer_id == officer_id)
        _changed(work, officer_id, "disabled")
        lose_calls(work, CallRow.unit_no.in_(select(UnitRow.no).where(UnitRow.officer_id == officer_id)))
        lose_duty(work, UnitRow.officer_id == officer_id)


def enable(work: Work, officer_id: str) -> None:
    """Undo `disable`: account and phone work again, sessions stay ended. By a person he comes back with the least role: see `let_back`."""
    allowed(work, Verb.MANAGE_PEOPLE)
    officer = _officer(work, officer_id)
    if officer.disabled_at is not None:
        officer.disabled_at = None
        if officer.role != LEAST and not may(work.actor, Verb.SET_ROLE):
            give_role(work, officer, LEAST)
        _changed(work, officer_id, "enabled")


def _own_or_managed(work: Work, officer_id: str) -> None:
    if work.actor.locked or work.actor.officer_id != officer_id or work.actor.kind != "OFFICER":
        allowed(work, Verb.SET_ROLE)  # whoever runs the machine: a password that somebody else chose is a way to be that officer


def _officer(work: Work, officer_id: str) -> OfficerRow:
    officer = work.session.get(OfficerRow, officer_id)
    if officer is None:
        raise NotFound("officer", code="not_found.officer")
    return officer


def _account(work: Work, officer_id: str) -> AccountRow:
    account = work.session.get(AccountRow, officer_id)
    if account is None:
        raise NotFound("account", code="not_found.account")
    return account


def _changed(work: Work, officer_id: str, what: str) -> None:
    work.record(AccountChanged(officer_id=officer_id, what=what))
    record_audit(work, Act.CHANGE_ACCOUNT, "officer", officer_id, fields=(what,))

"""The second factor: asked for after the password, enrolled by a QR code and one code, a code used once, ten codes on paper."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select, update

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import first_time, held_or_none
from data.actions.links import Lasts, LinkUse, add_link, close_links, take_link
from data.actions.links import use_link as use_up
from data.actions.sessions import Opened, close_sessions, open_for_officer, sign_in
from data.actions.sign_in_links import OF_DESKS
from data.credentials import digest, factor_step, hash_secret, new_factor_secret, new_recovery_code, new_token
from data.errors import NotFound, NotPermitted, NotSignedIn, RuleBroken
from data.events import AccountChanged
from data.identity import Proof
from data.journal import Work
from data.rules import identity, second_factor
from data.rules.id_tokens import refused
from data.rules.identity import Act
from data.rules.links import Purpose, closed, is_open, lifetime
from data.rules.permissions import ALLOWED, Role, Verb
from data.rules.role_changes import OF_PEOPLE
from data.tables import AccountRow, LinkRow, OfficerRow, RecoveryCodeRow, SecondFactorRow

PROVIDER = "provider"  # whose sign-ins are remembered as having come
ADMINISTRATORS = ALLOWED[Verb.MANAGE_PEOPLE] & OF_PEOPLE


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """The password was right and the code is missing. `ticket` goes into a cookie of a few minutes."""

    ticket: str


@dataclass(frozen=True, slots=True)
class Passed:
    """He is in. codes: the ten on paper, shown this once, when he has just enrolled. left: how many of them were never used."""

    opened: Opened
    codes: tuple[str, ...]
    left: int


def begin_sign_in(
    work: Work, proof: Proof, required: frozenset[Role], lasts: timedelta, *, enrol: bool = False, passed: bool = False
) -> Opened | HalfOpen:
    """After a right password: the desk, or the question for the code. enrol: he asked for an authenticator himself.

    passed: the code was spent already, with this password. Raises NotSignedIn if the password changed meanwhile.
    """
    account = work.session.get(AccountRow, proof.officer_id)
    if account is None or account.password_hash != proof.password_hash:
        raise NotSignedIn("changed meanwhile", code="identity.wrong")
    if passed or not (enrol or is_needed(work, proof.officer_id, required)):
        return sign_in(work, proof, lasts)
    return ask(work, proof.officer_id)


def begin_from_provider(
    work: Work, name: str, flow: str, required: frozenset[Role], lasts: timedelta, *, proved: bool = False
) -> Opened | HalfOpen:
    """After the court's identity provider said who it is: the desk of an account of ours, or the question for the code.

    flow: of this sign-in, good once. proved: the provider asked for a second factor, and is trusted in that.
    Raises NotSignedIn identity.provider_refused for one that was used, identity.provider_no_account: nobody is registered here by it.
    """
    if not first_time(work, PROVIDER, digest(flow)[:32]):
        raise refused("used")
    account = select(AccountRow.officer_id).join(OfficerRow, OfficerRow.id == AccountRow.officer_id)
    known = AccountRow.username == identity.same_username(name), OfficerRow.disabled_at.is_(None)
    officer_id = work.session.scalar(account.where(*known))
    if officer_id is None:
        raise NotSignedIn("no account", code="identity.provider_no_account")
    if is_needed(work, officer_id, required) and not proved:
        return ask(work, officer_id)
    return open_for_officer(work, officer_id, lasts, how="provider")


def is_needed(work: Work, officer_id: str, required: frozenset[Role]) -> bool:
    """Whether this officer comes in by his password, or a link, alone no more."""
    officer = work.session.get(OfficerRow, officer_id)
    return is_enrolled(work, officer_id) or (officer is not None and officer.role in required)


def is_enrolled(work: Work, officer_id: str) -> bool:
    row = work.session.get(SecondFactorRow, officer_id)
    return row is not None and row.confirmed_at is not None


def ask(work: Work, officer_id: str) -> HalfOpen:
    """A ticket for the page that asks for the code; who has no authenticator gets a fresh secret to scan there."""
    if not is_enrolled(work, officer_id):
        work.session.execute(delete(SecondFactorRow).where(SecondFactorRow.officer_id == officer_id))
        sealed = work.sealing.seal(new_factor_secret()) or b""
        work.session.add(SecondFactorRow(officer_id=officer_id, secret=sealed, made_at=work.now, confirmed_at=None, last_step=None))
    close_links(work, Purpose.FACTOR, officer_id)
    ticket = new_token()
    add_link(work, Purpose.FACTOR, ticket, lifetime(Purpose.FACTOR), officer_id=officer_id)
    return HalfOpen(ticket)


def use_link(work: Work, secret: str, lasts: Lasts, required: frozenset[Role]) -> LinkUse | HalfOpen:
    """A one-time link's button. A desk's link is worth a password, no more: who needs a code is asked. Raises NotFound link.closed."""
    link = work.session.scalars(select(LinkRow).where(LinkRow.secret_hash == digest(secret))).one_or_none()
    if link is not None and link.officer_id is not None and link.purpose in OF_DESKS and is_needed(work, link.officer_id, required):
        take_link(work, secret)
        return ask(work, link.officer_id)
    return use_up(work, secret, lasts)


def pass_factor(work: Work, ticket: str, typed: str, lasts: timedelta) -> Passed:
    """The code was typed: the desk opens, and an authenticator that was only shown so far is his from now on.

    Raises NotFound link.closed; NotSignedIn identity.wrong_code, and the ticket lives on; BadInput identity.code_form.
    """
    link = work.session.scalars(select(LinkRow).where(LinkRow.secret_hash == digest(ticket))).one_or_none()
    if link is None or link.purpose != Purpose.FACTOR or link.officer_id is None or not is_open(link.expires_at, link.used_at, work.now):
        raise closed()
    officer_id = link.officer_id
    fresh = not is_enrolled(work, officer_id)
    how = _confirm(work, officer_id, typed) if fresh else spend(work, officer_id, typed)
    if how is None:
        raise NotSignedIn("code", code="identity.wrong_code")
    take_link(work, ticket)
    opened = open_for_officer(work, officer_id, lasts, how=how)
    codes = _new_codes(work, officer_id) if fresh else ()
    return Passed(opened, codes, codes_left(work, officer_id))


def factor_failed(work: Work, officer_id: str, why: str) -> None:
    """Leave the trace of a wrong code. why: wrong_code | too_many."""
    record_audit(work, Act.SIGN_IN, "officer", officer_id, fields=(why,), result="failed")


def spend(work: Work, officer_id: str, typed: str) -> str | None:
    """Use a code up: «totp», «recovery_code», or None for a wrong one and for one that was used. Of two with the same code one gets it.

    Raises BadInput identity.code_form.
    """
    code = second_factor.typed(typed)
    row = held_or_none(work, SecondFactorRow, officer_id)
    if row is None or row.confirmed_at is None:
        return None
    if not second_factor.is_figures(code):
        return _spend_recovery(work, officer_id, code)
    return "totp" if _take_step(work, row, code) else None


def reset_factor(work: Work, officer_id: str) -> None:
    """A second person takes the authenticator away; its owner begins anew at his next sign-in. His sessions end.

    Raises NotPermitted for one's own, NotFound not_found.second_factor.
    """
    allowed(work, Verb.MANAGE_PEOPLE)
    if work.actor.officer_id == officer_id:
        raise NotPermitted("own factor", code="identity.own_factor", verb=Verb.MANAGE_PEOPLE.value)
    if work.session.get(SecondFactorRow, officer_id) is None:
        raise NotFound("second factor", code="not_found.second_factor")
    _forget(work, officer_id)
    close_sessions(work, officer_id, why="revoked")
    _changed(work, officer_id, "second_factor_reset")


# --- an administrator who lost everything -----------------------------------------------------------------------------------------


def make_reset(work: Work, officer_id: str) -> str:
    """At the machine: the secret of a link of ten minutes with which this administrator begins anew. What was made before is closed.

    Raises NotPermitted for everybody but the command line, RuleBroken identity.no_administrator.
    """
    if work.actor.role is not Role.SYSTEM:
        raise NotPermitted("reset", verb=Verb.MANAGE_PEOPLE.value)
    officer = work.session.get(OfficerRow, officer_id)
    account = work.session.get(AccountRow, officer_id)
    if officer is None or account is None or officer.role not in ADMINISTRATORS or officer.disabled_at is not None:
        raise RuleBroken("no administrator", code="identity.no_administrator")
    close_links(work, Purpose.RESET, officer_id)
    secret = new_token()
    add_link(work, Purpose.RESET, secret, lifetime(Purpose.RESET), officer_id=officer_id)
    record_audit(work, Act.RESET_ADMIN, "officer", officer_id, fields=("link",))
    return secret


def begin_anew(work: Work, secret: str, password: str, required: frozenset[Role], lasts: timedelta) -> Opened | HalfOpen:
    """The link of `make_reset`: another password, no authenticator, every session ended; then the desk or a fresh enrolment.

    Raises NotFound link.closed, BadInput identity.password_….
    """
    password_hash = hash_secret(identity.password(password))  # before the first question to the database: it takes its time
    link = take_link(work, secret)
    account = work.session.get(AccountRow, link.officer_id) if link.purpose == Purpose.RESET else None
    if account is None:
        raise closed()
    officer_id = account.officer_id
    identity.password(password, of=account.username)
    account.password_hash, account.must_change = password_hash, False
    close_sessions(work, officer_id, why="replaced")
    _forget(work, officer_id)
    record_audit(work, Act.RESET_ADMIN, "officer", officer_id, fields=("password", "second_factor"))
    work.record(AccountChanged(officer_id=officer_id, what="second_factor_reset"))
    if is_needed(work, officer_id, required):
        return ask(work, officer_id)
    return open_for_officer(work, officer_id, lasts, how="link")


# --- the parts --------------------------------------------------------------------------------------------------------------------


def _confirm(work: Work, officer_id: str, typed: str) -> str | None:
    """The first code of a new authenticator proves that it was scanned."""
    code = second_factor.typed(typed)
    row = held_or_none(work, SecondFactorRow, officer_id)
    if row is None or not second_factor.is_figures(code) or not _take_step(work, row, code):
        return None
    row.confirmed_at = work.now
    _changed(work, officer_id, "second_factor")
    return "totp"


def _take_step(work: Work, row: SecondFactorRow, code: str) -> bool:
    step = factor_step(work.sealing.open(row.secret) or "", code, work.now)
    if not second_factor.counts(step, row.last_step):
        return False
    row.last_step = step
    return True


def _spend_recovery(work: Work, officer_id: str, code: str) -> str | None:
    spent = work.session.scalars(
        update(RecoveryCodeRow)
        .where(RecoveryCodeRow.code_hash == digest(code), RecoveryCodeRow.officer_id == officer_id, RecoveryCodeRow.used_at.is_(None))
        .values(used_at=work.now)
        .returning(RecoveryCodeRow.officer_id)
    ).one_or_none()
    if spent is None:
        return None
    _changed(work, officer_id, "recovery_code")
    return "recovery_code"


def _new_codes(work: Work, officer_id: str) -> tuple[str, ...]:
    codes = tuple(new_recovery_code() for _ in range(second_factor.RECOVERY_CODES))
    work.session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.officer_id == officer_id))
    work.session.add_all(RecoveryCodeRow(code_hash=digest(code), officer_id=officer_id, used_at=None) for code in codes)
    return tuple(second_factor.grouped(code) for code in codes)


def codes_left(work: Work, officer_id: str) -> int:
    """How many codes on paper are unused."""
    work.session.flush()
    unused = select(func.count()).where(RecoveryCodeRow.officer_id == officer_id, RecoveryCodeRow.used_at.is_(None))
    return work.session.scalar(unused) or 0


def _forget(work: Work, officer_id: str) -> None:
    close_links(work, Purpose.FACTOR, officer_id)
    for table in (RecoveryCodeRow, SecondFactorRow):
        work.session.execute(delete(table).where(table.officer_id == officer_id))


def _changed(work: Work, officer_id: str, what: str) -> None:
    work.record(AccountChanged(officer_id=officer_id, what=what))
    record_audit(work, Act.CHANGE_ACCOUNT, "officer", officer_id, fields=(what,))

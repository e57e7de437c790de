"""Signing in and out at a desk, its lock, and the sessions of walls and of the demo's director."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from ulid import ULID

from data.actions.audit import record_audit
from data.credentials import digest, new_token
from data.errors import NotPermitted, NotSignedIn, RuleBroken
from data.events import SessionClosed, SessionOpened
from data.identity import Proof
from data.journal import Work
from data.rules.identity import Act
from data.rules.permissions import Actor, Role, Verb, may
from data.rules.walls import STAGE_LAYOUT
from data.tables import AccountRow, OfficerRow, SessionRow, WallRow

VISITS = frozenset({"JOIN", "PARTY", "STAGE", "DOOR"})


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that has just begun. `token` goes into the cookie and exists nowhere else."""

    session_id: str
    token: str
    expires_at: datetime


def sign_in(work: Work, proof: Proof, lasts: timedelta) -> Opened:
    """Open a desk for the officer whose password was right; from here on the work is his. Raises NotSignedIn if it changed meanwhile."""
    account = work.session.get(AccountRow, proof.officer_id)
    if account is None or account.password_hash != proof.password_hash:
        raise NotSignedIn("changed meanwhile", code="identity.wrong")
    return open_for_officer(work, proof.officer_id, lasts, how="password")


def sign_in_failed(work: Work, officer_id: str | None, why: str) -> None:
    """Leave the trace of a wrong password or PIN. why: wrong | too_many. An unknown name is not written down: it may be a password."""
    record_audit(work, Act.SIGN_IN, "officer", officer_id, fields=(why,), result="failed")


def open_for_officer(work: Work, officer_id: str, lasts: timedelta, how: str) -> Opened:
    """Open a desk for an officer who proved who he is. how: password | link. Raises NotSignedIn for a disabled one."""
    officer = work.session.get(OfficerRow, officer_id)
    if officer is None or officer.disabled_at is not None:
        raise NotSignedIn("disabled", code="identity.wrong")
    opened = _open(work, "OFFICER", lasts, officer_id=officer_id)
    _become(work, opened, "OFFICER", Role(officer.role), officer.court_code, officer_id=officer_id)
    record_audit(work, Act.SIGN_IN, "session", opened.session_id, fields=(how,))
    return opened


def open_for_wall(work: Work, wall_id: str, court_code: str, lasts: timedelta) -> Opened:
    """Make this browser a wall: it reads, and survives the night."""
    opened = _open(work, "WALL", lasts, wall_id=wall_id)
    _become(work, opened, "WALL", Role.WALL, court_code, wall_id=wall_id)
    record_audit(work, Act.SIGN_IN, "session", opened.session_id, fields=("link",))
    return opened


def open_for_guest(work: Work, officer_id: str, court_code: str, lasts: timedelta) -> Opened:
    """Bind this browser to a leader's invitation: a guest of one call, whoever else he may be at a desk. Raises NotSignedIn."""
    officer = work.session.get(OfficerRow, officer_id)
    if officer is None or officer.disabled_at is not None:
        raise NotSignedIn("disabled", code="identity.wrong")
    opened = _open(work, "JOIN", lasts, officer_id=officer_id)
    _become(work, opened, "JOIN", Role.GUEST, court_code, officer_id=officer_id)
    record_audit(work, Act.USE_LINK, "session", opened.session_id, fields=("leader",))
    return opened


def open_for_party(work: Work, court_code: str, lasts: timedelta) -> Opened:
    """Bind this browser to a party's invitation: nobody of the court, in one talk."""
    opened = _open(work, "PARTY", lasts)
    _become(work, opened, "PARTY", Role.PARTY, court_code)
    record_audit(work, Act.USE_LINK, "session", opened.session_id, fields=("party",))
    return opened


def open_for_stage(work: Work, court_code: str, lasts: timedelta) -> Opened:
    """Make this browser the stage of a screening: it reads what is released, and nothing else."""
    opened = _open(work, "STAGE", lasts)
    _become(work, opened, "STAGE", Role.STAGE, court_code)
    record_audit(work, Act.USE_LINK, "session", opened.session_id, fields=("stage",))
    return opened


def open_for_door(work: Work, court_code: str, lasts: timedelta) -> Opened:
    """Make this browser the door of a screening: it lets people in there, and nothing else."""
    opened = _open(work, "DOOR", lasts)
    _become(work, opened, "DOOR", Role.DOOR, court_code)
    record_audit(work, Act.USE_LINK, "session", opened.session_id, fields=("door",))
    return opened


def open_for_stage_of_wall(work: Work, lasts: timedelta) -> Opened:
    """A wall that a desk has made a stage gets a stage's session of its own. Raises NotPermitted for every other wall."""
    wall = work.session.get(WallRow, work.actor.wall_id) if work.actor.kind == "WALL" else None
    if wall is None or wall.layout != STAGE_LAYOUT:
        raise NotPermitted("no stage", verb=Verb.SEE_STAGE.value)
    opened = _open(work, "STAGE", lasts, wall_id=wall.id)
    record_audit(work, Act.SIGN_IN, "session", opened.session_id, fields=("stage",))
    return opened


def open_for_director(work: Work, lasts: timedelta) -> Opened:
    """Make this browser the demo's director."""
    opened = _open(work, "DIRECTOR", lasts)
    _become(work, opened, "DIRECTOR", Role.DIRECTOR, "")
    record_audit(work, Act.SIGN_IN, "session", opened.session_id, fields=("link",))
    return opened


def _open(work: Work, kind: str, lasts: timedelta, officer_id: str | None = None, wall_id: str | None = None) -> Opened:
    opened = Opened(str(ULID.from_datetime(work.now)), new_token(), work.now + lasts)
    work.session.add(
        SessionRow(
            id=opened.session_id,
            token_hash=digest(opened.token),
            kind=kind,
            officer_id=officer_id,
            wall_id=wall_id,
            opened_at=work.now,
            expires_at=opened.expires_at,
            address=work.actor.address,
        )
    )
    work.record(SessionOpened(session_id=opened.session_id))
    return opened


def _become(
    work: Work, opened: Opened, kind: str, role: Role, court_code: str, officer_id: str | None = None, wall_id: str | None = None
) -> None:
    """From here on the work is done by whom this session is of. A guest, though an officer, is known by his session alone."""
    own = {"OFFICER": officer_id, "WALL": wall_id}.get(kind)
    work.actor = Actor(
        kind=kind,
        id=own or opened.session_id,
        role=role,
        court_code=court_code,
        officer_id=officer_id,
        wall_id=wall_id,
        session_id=opened.session_id,
        address=work.actor.address,
    )


# --- ending and locking -----------------------------------------------------------------------------------------------------------


def sign_out(work: Work) -> None:
    """End the actor's own session; ending it twice is the same."""
    session = _own(work)
    if session is not None and session.closed_at is None:
        _close(work, session, "signed_out")
        record_audit(work, Act.SIGN_OUT, "session", session.id)


def lock(work: Work) -> None:
    """Lock the actor's desk: it still shows and sounds, and every verb asks for the PIN.

    Raises RuleBroken identity.no_pin for an officer without an account: with neither PIN nor password nobody could open it again.
    """
    session = _own(work)
    if session is not None and work.actor.kind == "OFFICER" and session.locked_at is None:
        if work.session.get(AccountRow, session.officer_id) is None:
            raise RuleBroken("no account", code="identity.no_pin")
        session.locked_at = work.now
        record_audit(work, Act.LOCK, "session", session.id)


def unlock(work: Work) -> None:
    """Open the actor's desk again. The door has checked the PIN (`data.identity.check_pin`)."""
    session = _own(work)
    if session is None or session.closed_at is not None:
        raise NotSignedIn("ended")
    if session.locked_at is not None:
        session.locked_at = None
        work.actor = replace(work.actor, locked=False)
        record_audit(work, Act.UNLOCK, "session", session.id)


def unlock_failed(work: Work) -> None:
    """Leave the trace of a wrong PIN."""
    record_audit(work, Act.UNLOCK, "session", work.actor.session_id, result="failed")


def close_session(work: Work, session_id: str) -> None:
    """End somebody's session, as who manages people, or a wall's, as who pairs walls. Unknown ones are ended already."""
    session = work.session.get(SessionRow, session_id)
    if session is None or session.closed_at is not None:
        return
    verb = Verb.REVOKE_WALL if session.kind == "WALL" else Verb.MANAGE_PEOPLE
    if not may(work.actor, verb):
        raise NotPermitted(verb, verb=verb.value)
    _close(work, session, "revoked")


def close_sessions(work: Work, officer_id: str, why: str, but: str | None = None) -> None:
    """End every session of an officer, except the one that asks. Part of other verbs; checks nothing itself."""
    open_ones = select(SessionRow).where(SessionRow.officer_id == officer_id, SessionRow.closed_at.is_(None))
    for session in work.session.scalars(open_ones):
        if session.id != but:
            _close(work, session, why)


def close_every_desk(work: Work) -> int:
    """End every session of a person at a desk. Part of other verbs; checks nothing itself. Returns how many."""
    open_ones = list(work.session.scalars(select(SessionRow).where(SessionRow.kind == "OFFICER", SessionRow.closed_at.is_(None))))
    for session in open_ones:
        _close(work, session, "revoked")
    return len(open_ones)


def close_visit(work: Work, session_id: str | None, why: str) -> None:
    """End a guest's session with his place in the call, a stage's or a door's with its screening; no desk's and no wall's.

    Part of other verbs; checks nothing itself.
    """
    session = work.session.get(SessionRow, session_id) if session_id else None
    if session is not None and session.kind in VISITS and session.closed_at is None:
        _close(work, session, why)


def _own(work: Work) -> SessionRow | None:
    return work.session.get(SessionRow, work.actor.session_id) if work.actor.session_id else None


def close_stages_of_wall(work: Work, wall_id: str, why: str) -> None:
    """Part of other verbs; checks nothing itself."""
    open_ones = select(SessionRow).where(SessionRow.wall_id == wall_id, SessionRow.kind == "STAGE", SessionRow.closed_at.is_(None))
    for session in work.session.scalars(open_ones):
        _close(work, session, why)


def _close(work: Work, session: SessionRow, why: str) -> None:
    session.closed_at = work.now
    work.record(SessionClosed(session_id=session.id, why=why))

"""Who is it? Sessions, devices and machines by their tokens, as one table in memory that follows the journal.

Everybody who is signed in fits in memory (10,000 devices: 5 MB), so a look-up is one dictionary read and a thousand a second cost nothing.
Every change of identity is an event; at most every two seconds one small query asks whether there was one. So a revocation bites within
three seconds, also one made by another process. While the database does not answer, what was known goes on for 30 s; then nobody is known
and the answer is 503, because a revocation could not be seen either.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.credentials import digest, machine_digest, matches
from data.engines import Database
from data.errors import DatabaseUnavailable, Unavailable
from data.lanes import Lane
from data.rules.identity import Act, same_username
from data.rules.permissions import NOBODY, SYSTEM, Actor, Role
from data.rules.walls import STAGE_LAYOUT
from data.tables import AccountRow, DeviceRow, EntryRow, OfficerRow, SessionRow, UnitRow, WallRow

log = logging.getLogger(__name__)

FRESH_S = 2.0  # so old may an answer be without asking whether something changed
MISS_S = 0.25  # a token nobody knows is asked about again after this; a flood of them costs four small queries a second
BESIDE_S = 0.05  # beside other processes somebody may have come in there a moment ago: he waits for that long, twenty queries a second
PATIENCE_S = 1.0  # so long a door waits for the question; then it answers by what it knew
GRACE_S = 30.0  # so long what was known goes on while the database is silent
RELOAD_S = 60.0  # everything is read again, whatever the journal says

KINDS = {
    "session.opened", "session.closed", "device.enrolled", "device.revoked", "account.opened", "account.changed",
    "officer.added", "officer.changed", "unit.added", "wall.paired", "wall.revoked", "wall.staged", "wall.taken_back", "audit.recorded",
}  # fmt: skip
_AUDITED = frozenset({Act.LOCK, Act.UNLOCK, Act.CHANGE_ACCOUNT})  # the audit acts that change an actor


class Announced(Protocol):
    @property
    def kind(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Known:
    """Everybody who is signed in, at one moment of the journal. Keys of the doors are token digests."""

    seq: int = 0
    sessions: dict[str, tuple[Actor, datetime]] = field(default_factory=dict)
    devices: dict[str, Actor] = field(default_factory=dict)
    osmand: dict[str, Actor] = field(default_factory=dict)
    machines: dict[str, Actor] = field(default_factory=dict)
    session_ids: dict[str, tuple[Actor, datetime]] = field(default_factory=dict)
    device_nos: dict[int, Actor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proof:
    """A password was right. `password_hash` is compared again when the session opens: it may have been changed meanwhile."""

    officer_id: str
    password_hash: str
    must_change: bool


class Identity:
    """Answers who holds a token. `lane`: where its questions to the database run; look-ups awaited in a loop never stop it.

    alone: nobody comes in through another process, so whom this one does not know was not there a moment ago either.
    """

    def __init__(
        self,
        database: Database,
        keys: Path,
        lane: Lane,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
        alone: bool = True,
    ) -> None:
        self._alone = alone
        self._database = database
        self._keys = keys
        self._lane = lane
        self._now = now
        self._clock = clock
        self._known = Known()
        self._machine_digest: str | None = None
        self._confirmed = self._loaded = float("-inf")
        self._changes, self._seen = 1, 0  # how often somebody came or went; and how much of that the last answer has seen
        self._counting = threading.Lock()
        self._reading = threading.Lock()
        self._asking: asyncio.Task[None] | None = None
        self._asked = float("-inf")

    # --- at doors, in an event loop ---

    async def session(self, token: str) -> Actor | None:
        """The person, wall or director of a session cookie. Raises DatabaseUnavailable, as all four do."""
        return await self._find(lambda: self._session(token))

    async def device(self, token: str) -> Actor | None:
        """The device of a bearer token or cookie."""
        return await self._find(lambda: self._known.devices.get(digest(token)))

    async def osmand(self, key: str) -> Actor | None:
        """The device of a Traccar Client's `id`: for positions only, the door sees to that."""
        return await self._find(lambda: self._known.osmand.get(digest(key)))

    async def machine(self, token: str) -> Actor | None:
        """The case system."""
        return await self._find(lambda: self._known.machines.get(digest(token)))

    async def again(self, actor: Actor) -> Actor | None:
        """Who this actor is now: None when revoked, expired or disabled since. For sockets, which stay open."""
        found = await self._find(lambda: self._again(actor))
        return found and replace(found, address=actor.address)

    # --- in threads: may wait for the database ---

    def actor_of_session(self, token: str) -> Actor | None:
        return self._find_here(lambda: self._session(token))

    def actor_of_device(self, token: str) -> Actor | None:
        return self._find_here(lambda: self._known.devices.get(digest(token)))

    def device_of_osmand_key(self, key: str) -> Actor | None:
        return self._find_here(lambda: self._known.osmand.get(digest(key)))

    def actor_of_machine(self, token: str) -> Actor | None:
        return self._find_here(lambda: self._known.machines.get(digest(token)))

    # --- what changed ---

    def heard(self, announcements: Iterable[Announced]) -> None:
        """Something was committed, here or elsewhere: if it is about identity, the next look-up asks first."""
        if any(announcement.kind in KINDS for announcement in announcements):
            self.forget()

    def forget(self) -> None:
        """The next look-up asks first."""
        with self._counting:
            self._changes += 1

    def refresh(self) -> None:
        """Ask the database whether anybody came or went. Raises DatabaseUnavailable."""
        if not self._reading.acquire(timeout=PATIENCE_S):  # one thread may hang on a frozen database, not the whole lane
            raise DatabaseUnavailable("still asking")
        try:
            began, changes = self._clock(), self._changes
            self._read(began)
            self._confirmed, self._seen = began, changes
        finally:
            self._reading.release()

    def _read(self, began: float) -> None:
        machine = machine_digest(self._keys, Role.CASE_SYSTEM)
        with self._database.reading() as session:
            seq = session.scalar(select(func.max(EntryRow.seq))) or 0
            due = began - self._loaded > RELOAD_S or machine != self._machine_digest
            if due or _changed(session, self._known.seq):
                self._known = _load(session, seq, machine, self._now())
                self._machine_digest, self._loaded = machine, began
            else:
                self._known = replace(self._known, seq=seq)

    # --- looking up ---

    async def _find(self, look: Callable[[], Actor | None]) -> Actor | None:
        asked_at, changes = self._clock(), self._changes
        if not self._needs_asking(asked_at):
            found = look()
            if found is not None or (self._alone and asked_at - self._confirmed < MISS_S):
                return found
            if not self._alone:
                await asyncio.sleep(max(0.0, self._confirmed + BESIDE_S - asked_at))
        await self._ask()
        missed = not self._alone and self._confirmed < asked_at and look() is None  # a question from before he came
        if missed or self._seen < changes:  # committed while the question was under way: it may not have seen that
            await self._ask()
        return self._believed(look(), asked_at)

    def _find_here(self, look: Callable[[], Actor | None]) -> Actor | None:
        asked_at = self._clock()
        found = None if self._needs_asking(asked_at) else look()
        if found is not None:
            return found
        try:
            self.refresh()
        except Unavailable as error:
            log.warning("identity could not be asked: %s", error)
        return self._believed(look(), asked_at)

    def _needs_asking(self, now: float) -> bool:
        return self._seen < self._changes or now - self._confirmed > FRESH_S

    def _believed(self, found: Actor | None, asked_at: float) -> Actor | None:
        if self._clock() - self._confirmed > GRACE_S:
            raise DatabaseUnavailable("nobody can be recognised")
        if found is None and self._confirmed < asked_at - MISS_S:
            raise DatabaseUnavailable("unknown, and nobody to ask")
        return found

    async def _ask(self) -> None:
        """Wait for the one question under way, or begin it; not longer than a second after it began."""
        if self._asking is None or self._asking.done() or self._asking.get_loop() is not asyncio.get_running_loop():
            self._asked = self._clock()
            self._asking = asyncio.create_task(self._ask_on_lane(), name="identity")
        left = self._asked + PATIENCE_S - self._clock()
        if left > 0:
            await asyncio.wait({self._asking}, timeout=left)

    async def _ask_on_lane(self) -> None:
        try:
            await self._lane.run(self.refresh)
        except Unavailable as error:
            log.warning("identity could not be asked: %s", error)

    def _session(self, token: str) -> Actor | None:
        return self._unexpired(self._known.sessions.get(digest(token)))

    def _again(self, actor: Actor) -> Actor | None:
        if actor.session_id is not None:
            return self._unexpired(self._known.session_ids.get(actor.session_id))
        if actor.device_no is not None:
            return self._known.device_nos.get(actor.device_no)
        if actor.role is Role.CASE_SYSTEM:
            return next(iter(self._known.machines.values()), None)
        return SYSTEM if actor == SYSTEM else None

    def _unexpired(self, found: tuple[Actor, datetime] | None) -> Actor | None:
        return found[0] if found and self._now() < found[1] else None


def _changed(session: Session, since: int) -> bool:
    entries = session.execute(select(EntryRow.kind, EntryRow.payload).where(EntryRow.seq > since, EntryRow.kind.in_(KINDS)))
    return any(kind != "audit.recorded" or payload.get("act") in _AUDITED for kind, payload in entries)


def _load(session: Session, seq: int, machine: str | None, now: datetime) -> Known:
    known = Known(seq)
    for opened in session.execute(_SESSIONS.where(SessionRow.expires_at > now)):
        actor = _of_session(opened)
        if actor is not None:
            known.sessions[opened.token_hash] = known.session_ids[opened.id] = (actor, opened.expires_at)
    for enrolled in session.execute(_DEVICES):
        device = known.device_nos[enrolled.no] = _of_device(enrolled)
        if enrolled.token_hash:
            known.devices[enrolled.token_hash] = device
        if enrolled.osmand_hash:
            known.osmand[enrolled.osmand_hash] = device
    if machine:
        known.machines[machine] = Actor(kind="MACHINE", id=Role.CASE_SYSTEM, role=Role.CASE_SYSTEM, court_code="")
    return known


_SESSIONS = (
    select(
        SessionRow.id,
        SessionRow.token_hash,
        SessionRow.kind,
        SessionRow.expires_at,
        SessionRow.locked_at,
        SessionRow.officer_id,
        SessionRow.wall_id,
        OfficerRow.role,
        OfficerRow.team_id,
        OfficerRow.disabled_at,
        OfficerRow.court_code.label("officer_court"),
        WallRow.court_code.label("wall_court"),
        WallRow.revoked_at.label("wall_revoked_at"),
        WallRow.layout.label("wall_layout"),
    )
    .outerjoin(OfficerRow, OfficerRow.id == SessionRow.officer_id)
    .outerjoin(WallRow, WallRow.id == SessionRow.wall_id)
    .where(SessionRow.closed_at.is_(None))
)
_DEVICES = (
    select(
        DeviceRow.no,
        DeviceRow.token_hash,
        DeviceRow.osmand_hash,
        DeviceRow.court_code,
        DeviceRow.unit_no,
        UnitRow.officer_id,
        UnitRow.team_id,
    )
    .join(UnitRow, UnitRow.no == DeviceRow.unit_no)
    .outerjoin(OfficerRow, OfficerRow.id == UnitRow.officer_id)
    .where(DeviceRow.revoked_at.is_(None), OfficerRow.disabled_at.is_(None))
)


def _of_session(row: Any) -> Actor | None:
    """None for an officer who was disabled, a wall that was revoked, a role that this version does not know."""
    if row.kind == "DIRECTOR":
        return Actor(kind="DIRECTOR", id=row.id, role=Role.DIRECTOR, court_code="", session_id=row.id)
    staged = row.wall_layout == STAGE_LAYOUT
    if row.kind == "WALL" and row.wall_court is not None and row.wall_revoked_at is None:
        role = Role.STAGE if staged else Role.WALL  # a wall on stage has no right of a wall, whatever cookie it still holds
        return Actor(kind="WALL", id=row.wall_id, role=role, court_code=row.wall_court, wall_id=row.wall_id, session_id=row.id)
    if row.kind == "PARTY":
        return Actor(kind="PARTY", id=row.id, role=Role.PARTY, court_code="", session_id=row.id)
    if row.kind == "DOOR":
        return Actor(kind="DOOR", id=row.id, role=Role.DOOR, court_code="", session_id=row.id)
    if row.kind == "STAGE" and (row.wall_id is None or (staged and row.wall_revoked_at is None)):
        return Actor(kind="STAGE", id=row.id, role=Role.STAGE, court_code="", wall_id=row.wall_id, session_id=row.id)
    if row.kind == "JOIN" and row.officer_court is not None and row.disabled_at is None:
        return Actor(
            kind="JOIN", id=row.id, role=Role.GUEST, court_code=row.officer_court, officer_id=row.officer_id, session_id=row.id
        )  # fmt: skip
    if row.kind == "OFFICER" and row.officer_court is not None and row.disabled_at is None:
        try:
            role = Role(row.role)
        except ValueError:
            log.warning("officer %s has an unknown role", row.officer_id)
            return None
        return Actor(
            kind="OFFICER",
            id=row.officer_id,
            role=role,
            court_code=row.officer_court,
            officer_id=row.officer_id,
            team_id=row.team_id,
            session_id=row.id,
            locked=row.locked_at is not None,
        )
    return None


def _of_device(row: Any) -> Actor:
    return Actor(
        kind="DEVICE",
        id=f"device:{row.no}",
        role=Role.DEVICE,
        court_code=row.court_code,
        officer_id=row.officer_id,
        unit_no=row.unit_no,
        device_no=row.no,
        team_id=row.team_id,
    )


# --- what a person knows ----------------------------------------------------------------------------------------------------------


def check_password(database: Database, username: str, password: str) -> Proof | None:
    """Whether this is the account's password; takes as long when there is no such account. In a thread. Raises DatabaseUnavailable."""
    with database.reading() as session:
        found = session.execute(
            select(AccountRow.officer_id, AccountRow.password_hash, AccountRow.must_change, OfficerRow.disabled_at)
            .join(OfficerRow, OfficerRow.id == AccountRow.officer_id)
            .where(AccountRow.username == same_username(username))
        ).one_or_none()
    right = matches(found.password_hash if found else None, password)
    if found is None or not right or found.disabled_at is not None:
        return None
    return Proof(found.officer_id, found.password_hash, found.must_change)


def check_pin(database: Database, officer_id: str, typed: str) -> bool:
    """Whether this is the officer's PIN; without a PIN, his password. In a thread. Raises DatabaseUnavailable."""
    with database.reading() as session:
        found = session.execute(
            select(AccountRow.pin_hash, AccountRow.password_hash).where(AccountRow.officer_id == officer_id)
        ).one_or_none()
    return matches((found.pin_hash or found.password_hash) if found else None, typed.strip() if found and found.pin_hash else typed)


def nobody(address: str | None) -> Actor:
    """Somebody who is not signed in, for the audit."""
    return replace(NOBODY, address=address)

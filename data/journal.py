"""The numbered truth. Rows and their events are committed together, chained by digest, and announced only afterwards.

A number is given under the lock of one counter row, taken last in the transaction: whoever has seen number n has seen all before it. A
sequence with `id > last` lost 1,126 of 2,400 events in a trial, because transactions do not commit in the order of their numbers.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

import orjson
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from ulid import ULID

from data.engines import Database, foreign_errors, was_overtaken
from data.errors import DatabaseUnavailable
from data.events import EVENTS, Event, Row, from_payload
from data.rules.permissions import Actor
from data.sealing import Sealing
from data.tables import CounterRow, EntryRow

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)

JOURNAL = "journal"
CIVIL_OFFSET_S = 28_800  # Asia/Shanghai


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered event as the journal holds it."""

    seq: int
    id: str
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    actor_kind: str
    actor_id: str
    actor_role: str
    subject_kind: str
    subject_id: str
    payload: dict[str, Any]

    def event(self) -> Event | None:
        """The event, or None for a kind of a newer version: it is then neither drawn nor an error."""
        try:
            return from_payload(self.kind, self.payload)
        except (KeyError, TypeError):
            log.warning("journal entry %d is of unknown form %s", self.seq, self.kind)
            return None

    def touched(self) -> list[Row]:
        """Every row of the wall whose drawing this entry may change."""
        event = self.event()
        if event is None or not event.shown:
            return list(event.touches()) if event is not None and event.at_desks else []
        return [*event.touches(), ("entry", str(self.seq)), ("today", "today")]


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is said on the bus after a commit: numbers, kinds and touched ids."""

    seq: int
    kind: str
    touched: tuple[Row, ...]


Announce = Callable[[Sequence[Announcement]], None]


def silent(_: Sequence[Announcement]) -> None:
    """Announce to nobody: tests, and commands that run while nothing else does."""


class Work:
    """One transaction: an action changes rows through `session` and says what happened through `record`."""

    def __init__(
        self, session: Session, actor: Actor, now: datetime, sealing: Sealing, court_code: str, civil_offset_s: int = CIVIL_OFFSET_S
    ) -> None:
        self.session = session
        self.actor = actor
        self.now = now
        self.sealing = sealing
        self.court_code = court_code
        self.civil_offset_s = civil_offset_s
        self.recorded: list[tuple[Event, datetime]] = []

    def record(self, event: Event, occurred_at: datetime | None = None) -> None:
        """Say what happened. occurred_at: time at the source, if it is not now."""
        self.recorded.append((event, occurred_at or self.now))


# The migration puts the row there; without one (a test's bare tables) two first writers meet on its key, and one waits for the other.
_TAKE = text(
    "INSERT INTO counter (name, last, digest) VALUES (:name, :count, '') "
    "ON CONFLICT (name) DO UPDATE SET last = counter.last + excluded.last RETURNING last, digest"
)


class Journal:
    """Opens works, commits them, announces them, reads entries back, verifies the chain."""

    def __init__(
        self, database: Database, sealing: Sealing, court_code: str, announce: Announce = silent, civil_offset_s: int = CIVIL_OFFSET_S
    ) -> None:
        self.database = database
        self.sealing = sealing
        self.civil_offset_s = civil_offset_s
        self._court_code = court_code
        self._announce = announce
        self._court_name = ""

    @property
    def court_name(self) -> str:
        """What this court is called, for a page's head, as it was told (`named`): whoever draws one waits for no database."""
        return self._court_name

    def named(self, court_name: str) -> None:
        """From now on it is called so."""
        self._court_name = court_name

    @contextmanager
    def work(self, actor: Actor, now: datetime) -> Iterator[Work]:
        """One transaction. Commits at the end, or nothing at all; then announces. Raises DatabaseUnavailable, StorageFull."""
        with foreign_errors(), Session(self.database.writes, expire_on_commit=False) as session:
            work = Work(session, actor, now, self.sealing, self._court_code, self.civil_offset_s)
            with session.begin():
                yield work
                announcements = self._number(work)
        self._say(announcements)

    def do(self, actor: Actor, now: datetime, action: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """One action as one transaction; gone through once more, on what stands there by then, when another process was first."""
        try:
            with self.work(actor, now) as work:
                return action(work, *args, **kwargs)
        except (IntegrityError, DatabaseUnavailable) as error:
            if not was_overtaken(error):
                raise
            log.info("%s was overtaken, once more", getattr(action, "__name__", "an action"))
        with self.work(actor, now) as work:
            return action(work, *args, **kwargs)

    def rehearse(
        self, actor: Actor, now: datetime, action: Callable[Concatenate[Work, P], object], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """One action gone through and taken back: nothing stays, no number is used, nothing is announced."""
        with foreign_errors(), Session(self.database.writes, expire_on_commit=False) as session:  # left without a commit: rolled back
            work = Work(session, actor, now, self.sealing, self._court_code, self.civil_offset_s)
            action(work, *args, **kwargs)
            self._number(work)

    def _number(self, work: Work) -> list[Announcement]:
        if not work.recorded:
            return []
        session = work.session
        session.flush()
        last, digest = self._take_counter(session, len(work.recorded))
        rows = []
        for number, (event, occurred_at) in enumerate(work.recorded, last + 1):
            row = self._row(work, number, event, occurred_at, digest)
            digest = row["digest"]
            rows.append(row)
        session.execute(insert(EntryRow), rows)
        session.execute(text("UPDATE counter SET digest = :digest WHERE name = :name"), {"digest": digest, "name": JOURNAL})
        return [_announcement(row) for row in rows]

    def _take_counter(self, session: Session, count: int) -> tuple[int, str]:
        """The last number and digest before ours. The row stays locked until the commit, so numbers commit in order."""
        taken = session.execute(_TAKE, {"count": count, "name": JOURNAL}).one()
        return taken.last - count, taken.digest

    def _row(self, work: Work, seq: int, event: Event, occurred_at: datetime, prev: str) -> dict[str, Any]:
        row: dict[str, Any] = {
            "seq": seq,
            "id": str(ULID.from_datetime(work.now)),
            "kind": type(event).kind,
            "occurred_at": occurred_at,
            "recorded_at": work.now,
            "court_code": self._court_code,
            "actor_kind": work.actor.kind,
            "actor_id": work.actor.id,
            "actor_role": work.actor.role,
            "subject_kind": type(event).subject,
            "subject_id": event.subject_id(),
            "payload": event.payload(),
            "prev": prev,
        }
        return row | {"digest": _digest(row)}

    def _say(self, announcements: Sequence[Announcement]) -> None:
        if not announcements:
            return
        try:
            self._announce(announcements)
        except Exception:
            # committed already: readers find it by asking the journal four times a second
            log.exception("announcing entry %d failed", announcements[-1].seq)

    # --- reading ---

    def verify(self) -> int | None:
        """The number of the first entry whose chain is broken, or None when every entry is as it was written."""
        with self.database.reading() as session:
            expected_seq, prev = 1, ""
            for row in session.scalars(select(EntryRow).order_by(EntryRow.seq).execution_options(yield_per=1000)):
                values = {column.key: getattr(row, column.key) for column in EntryRow.__table__.columns}
                if row.seq != expected_seq or row.prev != prev or row.digest != _digest(values):
                    return expected_seq
                expected_seq, prev = row.seq + 1, row.digest
            counter = session.get(CounterRow, JOURNAL)
            if counter is not None and (counter.last != expected_seq - 1 or counter.digest != prev):
                return expected_seq
        return None


def head(session: Session) -> int:
    """The journal's last number. Read it before the rows of a snapshot: a row may then be sent twice, but never missed."""
    return session.execute(select(CounterRow.last).where(CounterRow.name == JOURNAL)).scalar() or 0


def entries_after(session: Session, seq: int, limit: int = 1000) -> list[Entry]:
    """Entries with a number above `seq`, in order."""
    rows = session.scalars(select(EntryRow).where(EntryRow.seq > seq).order_by(EntryRow.seq).limit(limit))
    return [as_entry(row) for row in rows]


def as_entry(row: EntryRow) -> Entry:
    return Entry(
        seq=row.seq,
        id=row.id,
        kind=row.kind,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        actor_role=row.actor_role,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        payload=row.payload,
    )


def _announcement(row: dict[str, Any]) -> Announcement:
    event = EVENTS[row["kind"]]
    touched = tuple(from_payload(row["kind"], row["payload"]).touches()) if event.shown or event.at_desks else ()
    return Announcement(row["seq"], row["kind"], touched)


def _digest(row: dict[str, Any]) -> str:
    """SHA-256 over the digest before and the entry's own words, keys sorted, moments in UTC milliseconds."""
    words = {key: _instant(value) if isinstance(value, datetime) else value for key, value in row.items() if key != "digest"}
    return hashlib.sha256(orjson.dumps(words, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")

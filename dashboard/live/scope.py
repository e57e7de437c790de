"""All viewers of one Sight: what they were shown, what waits for each of them.

A `Scope` reads the rows once and gives the same bytes to all. Joining and going on are one after the other under its lock, and the
journal's number is read before the rows, so that a row may be sent twice but is never missed.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import orjson

from dashboard.live.newest import Newest, Units
from dashboard.live.viewer import Viewer
from data.engines import Database
from data.errors import CommandCentreError
from data.journal import entries_after
from data.lanes import Lanes
from data.queries import live as asked
from data.queries.wall import rows, snapshot, visible_units
from data.rules.civil import day_text, milliseconds
from data.rules.permissions import Clearance, Sight
from geo.packed import Kind

AGAIN_S = 0.25  # rows that could not be read are asked for again
TOUCHED_MOST = 3_000  # reading so many rows one by one costs more than a snapshot
DERIVED = frozenset({"entry", "unit", "today"})  # rows that tell of others: dear to read, so a call's own row goes out before them
DERIVED_PAUSE_S = 0.015  # events come in pairs; whatever follows within this is not held up by them
DERIVED_WAITS_S = 0.2  # but never longer, however many events follow one another

log = logging.getLogger(__name__)

Row = tuple[str, str]
Shown = tuple[str, str, dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows and positions come from. say: the texts; now: the server's clock."""

    database: Database
    lanes: Lanes
    newest: Newest
    civil_offset_s: int
    say: Callable[..., str]
    now: Callable[[], datetime]

    def now_ms(self) -> int:
        return milliseconds(self.now())

    def day(self) -> str:
        return day_text(self.now(), self.civil_offset_s)


class Scope:
    """All viewers of one Sight, and what they were shown."""

    def __init__(self, source: Source, sight: Sight) -> None:
        self._source = source
        self.sight = sight
        self.viewers: set[Viewer] = set()
        self.known: set[Row] = set()
        self.pending: set[Row] = set()
        self.pending_seq = 0
        self.derived_since: float | None = None
        self.woken = asyncio.Event()
        self.visible: Units | None = np.empty(0, np.uint32)
        self.stamp = 0
        self.day = ""
        self.task: asyncio.Task[None] | None = None
        self._order = asyncio.Lock()
        self._joining = 0
        self._begun = self._shared_no = 0
        self._shared: tuple[int, str] = (0, "")

    @property
    def of_a_phone(self) -> bool:
        return self.sight.clearance is Clearance.FIELD

    @property
    def unused(self) -> bool:
        """Nobody has this Sight and nobody is joining it."""
        return not self.viewers and not self._joining and not self._order.locked()

    def concerns(self, touched: set[Row]) -> bool:
        """A phone is asked about only when its own unit, team or something on its screen was touched."""
        if not self.of_a_phone:
            return True
        own = {("unit", str(self.sight.unit_no)), ("team", str(self.sight.team_id)), ("court", self.sight.court_code)}
        named = any(kind == "officer" for kind, _ in touched)  # somebody may be called otherwise now
        return named or not touched.isdisjoint(own) or not touched.isdisjoint(self.known)

    async def join(self, viewer: Viewer, hello: str) -> None:
        """Snapshot and all positions first; whoever waited for the same lock shares one reading."""
        wanted = self._begun + 1
        self._joining += 1  # the lock looks free for a moment when it is handed on
        try:
            async with self._order:
                if self._shared_no < wanted:
                    await self._read_snapshot()
                viewer.begin_again((hello, self._shared[1]), self.all_positions())
                viewer.scope = self
                self.viewers.add(viewer)
        finally:
            self._joining -= 1
            if self.pending:
                self.woken.set()

    def let_wait(self, viewer: Viewer) -> None:
        """Nobody can read a snapshot now: he is told so once, and sees who moves until it can be read. His page keeps what it had."""
        if viewer.scope is self:
            return
        if not self.day:  # nobody has ever read this Sight's rows
            self.visible = in_order(visible_units(self.sight))
        viewer.scope = self
        self.viewers.add(viewer)
        viewer.say(as_json({"type": "waiting", "server_time": self._source.now_ms()}))
        viewer.frame = self.all_positions()

    async def begin_again(self) -> None:
        """A new snapshot for everybody: at civil midnight, or when too much happened at once."""
        async with self._order:
            await self._read_snapshot()
            for viewer in self.viewers:
                viewer.begin_again((self._shared[1],), self.all_positions())

    async def run(self) -> None:
        """For ever: read what was touched, say it. What cannot be read is kept and asked for again."""
        while True:
            await self.woken.wait()
            self.woken.clear()
            if not self.day:  # nobody here has rows yet; what is touched while the first ones are read is told after them
                if not self._joining:
                    self.pending.clear()
                continue
            try:
                if len(self.pending) > TOUCHED_MOST or self.day != self._source.day():
                    self.pending.clear()
                    self.derived_since = None
                    await self.begin_again()
                elif self.pending:
                    await self._advance()
            except CommandCentreError as error:
                log.warning("rows could not be read: %s", error.code)
                await asyncio.sleep(AGAIN_S)
                self.woken.set()
            except Exception:
                log.exception("rows could not be read")
                await asyncio.sleep(1)
                self.woken.set()

    async def _advance(self) -> None:
        """Read and say what was touched: the events and their own rows first, what is derived from them in the next round."""
        async with self._order:
            touched, seq = self.pending, self.pending_seq
            self.pending = set()
            overdue = self.derived_since is not None and time.monotonic() - self.derived_since > DERIVED_WAITS_S
            whole = overdue or self.of_a_phone  # which tells by the unit's row whether the others are its own
            try:
                seq, read, self.visible, left = await self._source.lanes.readers.run(self._read_rows, touched, seq, whole)
            except BaseException:
                self.pending |= touched
                raise
            self._put_off(left, seq)
            shown = [(kind, id_, row) for kind, id_, row in read if row is not None or (kind, id_) in self.known]
            self.known.difference_update((kind, id_) for kind, id_, row in shown if row is None)
            self.known.update((kind, id_) for kind, id_, row in shown if row is not None)
            if shown:
                message = as_json({"type": "rows", "seq": seq, "rows": shown})
                for viewer in self.viewers:
                    viewer.say(message)
                self._shared_no = 0  # whoever waits for the lock was not told this, so no snapshot from before it will do

    def _put_off(self, left: set[Row], seq: int) -> None:
        if not left:
            self.derived_since = None
            return
        self.derived_since = self.derived_since or time.monotonic()
        self.pending |= left
        self.pending_seq = max(self.pending_seq, seq)
        asyncio.get_running_loop().call_later(DERIVED_PAUSE_S, self.woken.set)

    def _read_rows(self, touched: set[Row], seq: int, whole: bool) -> tuple[int, list[Shown], Units | None, set[Row]]:
        """Rows as they are at one number of the journal: what was committed since the touching is touched too, in the same view.

        Returns that number, the rows, the visible units, and what is left for the next round.
        """
        source = self._source
        with source.database.reading() as session:
            later = entries_after(session, seq) if asked.newest_number_in(session) > seq else []
            touched = touched.union(*(entry.touched() for entry in later))
            first = touched if whole else {row for row in touched if row[0] not in DERIVED} or touched
            read = list(rows(session, self.sight, first, source.now(), source.civil_offset_s, say=source.say))
            return (later[-1].seq if later else seq), read, in_order(visible_units(self.sight)), touched - first

    async def _read_snapshot(self) -> None:
        self._begun += 1
        begun, day = self._begun, self._source.day()
        seq, text, known, self.visible = await self._source.lanes.readers.run(self._snapshot)
        self._shared, self._shared_no, self.day = (seq, text), begun, day
        self.known |= known

    def _snapshot(self) -> tuple[int, str, set[Row], Units | None]:
        source = self._source
        with source.database.reading() as session:
            read = snapshot(session, self.sight, source.now(), source.civil_offset_s, say=source.say)
            visible = in_order(visible_units(self.sight))
        known = {(kind, id_) for kind, of_kind in read.rows.items() for id_ in of_kind}
        return read.seq, as_json({"type": "snapshot", "seq": read.seq, "rows": read.rows}), known, visible

    # --- positions ---

    def all_positions(self) -> bytes:
        newest = self._source.newest
        visible = self.visible if self.sight.positions else np.empty(0, np.uint32)
        return newest.pack(Kind.ALL, self._source.now_ms(), -1, visible) or b""

    def send_positions(self, only: Units | None = None) -> None:
        """What changed since the last frame; who has not taken the last one gets all instead."""
        newest = self._source.newest
        if not self.sight.positions or not self.viewers or (only is None and self.stamp == newest.stamp):
            return
        some = newest.pack(Kind.SOME, self._source.now_ms(), self.stamp, self.visible, only)
        if only is None:
            self.stamp = newest.stamp
        if some is None:
            return
        everything: bytes | None = None
        for viewer in self.viewers:
            if viewer.frame is None:
                viewer.frame = some
            else:
                everything = everything or self.all_positions()
                viewer.frame = everything
            viewer.woken.set()

    def replace_positions(self) -> None:
        """Some units left: every reader forgets them."""
        everything = self.all_positions()
        for viewer in self.viewers:
            viewer.frame = everything
            viewer.woken.set()


def in_order(units: Iterable[int] | None) -> Units | None:
    return None if units is None else np.array(sorted(units), np.uint32)


def as_json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()

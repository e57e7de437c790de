"""`/live`: one socket for rows and positions. A snapshot, then the rows that each event touched, and the newest packed positions.

Rows come from the journal alone: the bus only says sooner that there is something to read. For each distinct Sight one `Scope` reads the
rows once and gives the same bytes to all its viewers. Joining and going on are one after the other under the scope's lock, and the
journal's number is read before the rows, so that a row may be sent twice but is never missed.

A slow viewer skips positions (one slot, newest wins); one too slow for events is closed and begins again from a snapshot.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import orjson
from fastapi import WebSocket
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketDisconnect, WebSocketState

from dashboard.health import Health
from dashboard.newest import Newest, Units
from data.actions.tracks import watch_unit
from data.engines import Database
from data.errors import CommandCentreError
from data.identity import Identity
from data.journal import Entry, Journal, entries_after, head
from data.lanes import Lanes
from data.queries import live as asked
from data.queries.wall import rows, sight_of, snapshot, visible_units
from data.rules.civil import day_text, milliseconds
from data.rules.permissions import ALLOWED, Actor, Clearance, Role, Sight, Verb
from data.settings import Settings
from geo.packed import Kind, Records

PULSE_S = 0.25  # a lost announcement shows after at most this; asking costs well under a millisecond
PULSE_ALONE_S = 0.05  # while the bus is down nobody announces: the asking is all there is, and still costs little
PERIOD_S = 0.5  # positions at most twice a second
BURST_S = 0.015  # a burst of positions arrives within this and goes out as one frame
URGENT_S = 0.1  # a calling unit's position waits at most this for the one before
SEND_S = 10.0
AGAIN_S = 4.0  # a revocation bites within five seconds
WAITING_MOST = 256  # messages; a viewer further behind begins again from a snapshot
WAITING_BYTES = 4_000_000
TOUCHED_MOST = 3_000  # reading so many rows one by one costs more than a snapshot
DERIVED = frozenset({"entry", "unit", "today"})  # rows that tell of others: dear to read, so a call's own row goes out before them
DERIVED_PAUSE_S = 0.015  # events come in pairs; whatever follows within this is not held up by them
DERIVED_WAITS_S = 0.2  # but never longer, however many events follow one another
INBOUND_BYTES = 4_096
INBOUND_PER_S = 50
VIEWERS_MOST = 2_000
TOO_SLOW, MISBEHAVED, REVOKED = 1013, 1008, 4401

log = logging.getLogger(__name__)

Row = tuple[str, str]
Shown = tuple[str, str, dict[str, Any] | None]


class Gone(Exception):
    """This viewer is to be closed with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass(eq=False, slots=True)
class Viewer:
    """One socket. Everything that waits for it is bounded."""

    socket: WebSocket
    actor: Actor
    face: str
    scope: "Scope | None" = None
    waiting: deque[str] = field(default_factory=deque)
    waiting_bytes: int = 0
    frame: bytes | None = None  # one slot, the newest wins
    tick: str | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    close_code: int | None = None
    watching: int | None = None
    wishes: int | None = None  # to follow this unit, said before the snapshot was there
    seen_ms: int = 0
    checked_at: float = 0.0
    sending_since: float | None = None
    task: "asyncio.Task[Any] | None" = None

    def say(self, message: str) -> None:
        """Put an event message at the end; too many waiting ends the viewer."""
        self.waiting.append(message)
        self.waiting_bytes += len(message)
        if len(self.waiting) > WAITING_MOST or self.waiting_bytes > WAITING_BYTES:
            self.end(TOO_SLOW)
        self.woken.set()

    def begin_again(self, messages: Iterable[str], frame: bytes) -> None:
        """What waited is replaced by a snapshot."""
        self.waiting.clear()
        self.waiting_bytes = 0
        for message in messages:
            self.say(message)
        self.frame = frame

    def end(self, code: int) -> None:
        self.close_code = self.close_code or code
        self.waiting.clear()
        self.frame = self.tick = None
        self.woken.set()

    def take(self) -> str | bytes | None:
        """The next thing to send: rows before positions, the tick last."""
        if self.waiting:
            message = self.waiting.popleft()
            self.waiting_bytes -= len(message)
            return message
        frame, self.frame = self.frame, None
        if frame is not None:
            return frame
        tick, self.tick = self.tick, None
        return tick


class Scope:
    """All viewers of one Sight, and what they were shown."""

    def __init__(self, hub: "Hub", sight: Sight) -> None:
        self._hub = hub
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
        self._begun = self._shared_no = 0
        self._shared: tuple[int, str] = (0, "")

    @property
    def of_a_phone(self) -> bool:
        return self.sight.clearance is Clearance.FIELD

    @property
    def unused(self) -> bool:
        """Nobody has this Sight and nobody is joining it."""
        return not self.viewers and not self._order.locked()

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
        async with self._order:
            if self._shared_no < wanted:
                await self._read_snapshot()
            viewer.begin_again((hello, self._shared[1]), self.all_positions())
            viewer.scope = self
            self.viewers.add(viewer)

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
            try:
                if len(self.pending) > TOUCHED_MOST or self.day != self._hub.day():
                    self.pending.clear()
                    await self.begin_again()
                elif self.pending:
                    await self._advance()
            except CommandCentreError as error:
                log.warning("rows could not be read: %s", error.code)
                await asyncio.sleep(PULSE_S)
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
                seq, read, self.visible, left = await self._hub.lanes.readers.run(self._read_rows, touched, seq, whole)
            except BaseException:
                self.pending |= touched
                raise
            self._put_off(left, seq)
            shown = [(kind, id_, row) for kind, id_, row in read if row is not None or (kind, id_) in self.known]
            self.known.difference_update((kind, id_) for kind, id_, row in shown if row is None)
            self.known.update((kind, id_) for kind, id_, row in shown if row is not None)
            if shown:
                message = _json({"type": "rows", "seq": seq, "rows": shown})
                for viewer in self.viewers:
                    viewer.say(message)

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
        hub = self._hub
        with hub.database.reading() as session:
            later = entries_after(session, seq) if asked.newest_number_in(session) > seq else []
            touched = touched.union(*(entry.touched() for entry in later))
            first = touched if whole else {row for row in touched if row[0] not in DERIVED} or touched
            read = list(rows(session, self.sight, first, hub.now(), hub.settings.civil_offset_s, say=hub.say))
            return (later[-1].seq if later else seq), read, _sorted(visible_units(session, self.sight)), touched - first

    async def _read_snapshot(self) -> None:
        self._begun += 1
        begun, day = self._begun, self._hub.day()
        seq, text, known, self.visible = await self._hub.lanes.readers.run(self._snapshot)
        self._shared, self._shared_no, self.day = (seq, text), begun, day
        self.known |= known

    def _snapshot(self) -> tuple[int, str, set[Row], Units | None]:
        hub = self._hub
        with hub.database.reading() as session:
            read = snapshot(session, self.sight, hub.now(), hub.settings.civil_offset_s, say=hub.say)
            visible = _sorted(visible_units(session, self.sight))
        known = {(kind, id_) for kind, of_kind in read.rows.items() for id_ in of_kind}
        return read.seq, _json({"type": "snapshot", "seq": read.seq, "rows": read.rows}), known, visible

    # --- positions ---

    def all_positions(self) -> bytes:
        newest = self._hub.newest
        visible = self.visible if self.sight.positions else np.empty(0, np.uint32)
        return newest.pack(Kind.ALL, self._hub.now_ms(), -1, visible) or b""

    def send_positions(self, only: Units | None = None) -> None:
        """What changed since the last frame; who has not taken the last one gets all instead."""
        newest = self._hub.newest
        if not self.sight.positions or not self.viewers or (only is None and self.stamp == newest.stamp):
            return
        some = newest.pack(Kind.SOME, self._hub.now_ms(), self.stamp, self.visible, only)
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


class Hub:
    """Everything that `/live` does in this process. `say`: the texts; `now`: the server's clock."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        lanes: Lanes,
        journal: Journal,
        identity: Identity,
        health: Health,
        build: str,
        say: Callable[..., str],
        now: Callable[[], datetime],
        newest_kept: Callable[[int], Records] | None = None,
    ) -> None:
        self.settings, self.database, self.lanes, self.journal, self.identity = settings, database, lanes, journal, identity
        self.health, self.build, self.say, self.now = health, build, say, now
        self._newest_kept = newest_kept
        self.newest = Newest()
        self.seq = 0
        self._scopes: dict[Sight, Scope] = {}
        self._viewers: set[Viewer] = set()
        self._poked = asyncio.Event()
        self._moved = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._urgent = np.empty(0, np.uint32)
        self._urgent_moved = asyncio.Event()
        self._urgent_waiting: set[int] = set()
        self._with_visitors: frozenset[str] = frozenset()
        self._case_system_ms: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def now_ms(self) -> int:
        return milliseconds(self.now())

    def day(self) -> str:
        return day_text(self.now(), self.settings.civil_offset_s)

    # --- what comes in from below ---

    def poke(self) -> None:
        """Something was announced. From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._poked.set)

    def take_fixes(self, frame: bytes) -> None:
        """A frame off the bus. Raises NotAFrame."""
        units = self.newest.take(frame)
        if len(units):
            self._moved.set()
            if len(self._urgent):
                urgent = np.intersect1d(units, self._urgent)
                self._urgent_waiting.update(int(unit) for unit in urgent)
                if len(urgent):
                    self._urgent_moved.set()

    async def bus_changed(self, up: bool) -> None:
        """Back after a silence: what was kept meanwhile is taken from the source, and the journal is asked."""
        if up and self._newest_kept is not None:
            now_ms = self.now_ms()
            if len(self.newest.take_records(self._newest_kept(now_ms), now_ms)):
                self._moved.set()
        self._poked.set()

    # --- running ---

    async def run(self) -> None:
        """For ever; opened and closed by the application's lifespan."""
        self._loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            for part in (self._follow_journal, self._send_positions, self._send_urgent, self._tick):
                tasks.create_task(self._for_ever(part))

    async def _for_ever(self, part: Callable[[], Any]) -> None:
        while True:
            try:
                await part()
            except CommandCentreError as error:
                log.warning("live: %s", error.code)
                await asyncio.sleep(PULSE_S)
            except Exception:
                log.exception("live: %s failed", part.__name__)
                await asyncio.sleep(1)

    async def _follow_journal(self) -> None:
        if not self.seq:
            self.seq, self._with_visitors, urgent, as_of = await self.lanes.readers.run(self._begin)
            self._set_urgent(urgent)
            self._case_system_ms = milliseconds(as_of) if as_of else None
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PULSE_S if self.health.bus_up else PULSE_ALONE_S):
                    await self._poked.wait()
            poked = self._poked.is_set()
            self._poked.clear()
            entries = await self.lanes.readers.run(self._read_entries, poked)
            if entries:
                await self._spread(entries)
            day = self.day()
            for scope in self._scopes.values():
                if scope.day and scope.day != day:
                    scope.woken.set()

    def _begin(self) -> tuple[int, frozenset[str], frozenset[int], datetime | None]:
        with self.database.reading() as session:
            return head(session), asked.walls_with_visitors(session), asked.urgent_units(session), asked.case_system_as_of(session)

    def _read_entries(self, announced: bool) -> list[Entry]:
        if not announced and asked.newest_number(self.database) <= self.seq:  # almost always, four times a second
            return []
        with self.database.reading() as session:
            return entries_after(session, self.seq)

    async def _spread(self, entries: list[Entry]) -> None:
        touched = {row for entry in entries for row in entry.touched()}
        seq = entries[-1].seq
        for scope in self._scopes.values():
            if touched and scope.concerns(touched):
                scope.pending |= touched
                scope.pending_seq = seq
                scope.woken.set()
        self.seq = seq
        self.identity.heard(entries)
        nouns = {entry.kind.partition(".")[0] for entry in entries}
        self._note(entries)
        if nouns & {"call", "sos"}:
            self._set_urgent(await self.lanes.readers.run(self._urgent_now))
        if nouns & {"wall", "session", "device", "account", "officer", "unit", "team"}:
            self._with_visitors = await self.lanes.readers.run(self._visitors_now)
            for viewer in self._viewers:
                viewer.checked_at = float("-inf")
            await self._check_viewers()

    def _note(self, entries: list[Entry]) -> None:
        off = [int(entry.subject_id) for entry in entries if entry.kind == "duty.ended"]
        if off and self.newest.drop(np.array(sorted(set(off)), np.uint32)):
            for scope in self._scopes.values():
                scope.replace_positions()
        told = [milliseconds(entry.occurred_at) for entry in entries if entry.actor_role == Role.CASE_SYSTEM]
        if told:
            self._case_system_ms = max([*told, self._case_system_ms or 0])

    def _urgent_now(self) -> frozenset[int]:
        with self.database.reading() as session:
            return asked.urgent_units(session)

    def _visitors_now(self) -> frozenset[str]:
        with self.database.reading() as session:
            return asked.walls_with_visitors(session)

    def _set_urgent(self, units: frozenset[int]) -> None:
        self._urgent = np.array(sorted(units), np.uint32)

    async def _send_positions(self) -> None:
        while True:
            await self._moved.wait()
            await asyncio.sleep(BURST_S)
            self._moved.clear()
            began = time.monotonic()
            for scope in list(self._scopes.values()):
                scope.send_positions()
            await asyncio.sleep(max(0.0, PERIOD_S - BURST_S - (time.monotonic() - began)))

    async def _send_urgent(self) -> None:
        while True:
            await self._urgent_moved.wait()
            self._urgent_moved.clear()
            units = np.array(sorted(self._urgent_waiting), np.uint32)
            self._urgent_waiting.clear()
            for scope in list(self._scopes.values()):
                scope.send_positions(units)
            await asyncio.sleep(URGENT_S)

    # --- each second ---

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._say_tick()
            self._drop_stuck()
            await self._check_viewers()

    def _say_tick(self) -> None:
        parts = self.health.parts()
        parts["case_system"] = {"up": True if self._case_system_ms else None, "as_of": self._case_system_ms}
        base = {"type": "tick", "server_time": self.now_ms(), "seq": self.seq, "parts": parts}
        walls = {viewer.actor.wall_id: viewer.seen_ms for viewer in self._viewers if viewer.actor.wall_id and viewer.seen_ms}
        watched: dict[int, int] = {}
        for viewer in self._viewers:
            if viewer.watching is not None:
                watched[viewer.watching] = watched.get(viewer.watching, 0) + 1
        made: dict[tuple[bool, int], str] = {}
        for viewer in self._viewers:
            desk = viewer.face == "desk"
            watchers = watched.get(viewer.actor.unit_no or -1, 0) if viewer.face == "field" else 0
            if (desk, watchers) not in made:
                made[desk, watchers] = _json(base | {"watchers": watchers} | ({"walls": walls} if desk else {}))
            viewer.tick = made[desk, watchers]
            viewer.woken.set()

    def _drop_stuck(self) -> None:
        """Who has not taken a message for ten seconds is cut off; a timer a message would cost more than the sending."""
        late = time.monotonic() - SEND_S
        for viewer in self._viewers:
            if viewer.sending_since is not None and viewer.sending_since < late and viewer.task is not None:
                viewer.close_code = TOO_SLOW
                viewer.task.cancel()

    async def _check_viewers(self) -> None:
        """Who was revoked is closed; whose Sight changed begins again in the new one; a Sight that nobody has is forgotten."""
        for scope in [scope for scope in self._scopes.values() if scope.unused]:
            self._forget(scope)
        now = time.monotonic()
        for viewer in list(self._viewers):
            if viewer.scope is None or now - viewer.checked_at < AGAIN_S:
                continue
            viewer.checked_at = now
            try:
                actor = await self.identity.again(viewer.actor)
            except CommandCentreError:
                continue  # the database is silent: identity itself says when nobody may be believed any more
            if actor is None or not _may_see(actor, viewer.face):
                viewer.end(REVOKED)
                continue
            viewer.actor = actor
            if self._sight_of(viewer) != viewer.scope.sight and viewer.scope is not None:
                self._leave(viewer)
                task = asyncio.create_task(self._enter(viewer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    # --- viewers ---

    async def serve(self, socket: WebSocket, face: str, actor: Actor | None) -> None:
        """One viewer from accept to farewell. The gate has refused strangers and foreign pages before."""
        if actor is None or face not in ("wall", "desk", "field") or not _may_see(actor, face):
            await _deny(socket, 401 if actor is None else 403)
            return
        if len(self._viewers) >= VIEWERS_MOST:
            await _deny(socket, 503)
            return
        await socket.accept()
        viewer = Viewer(socket, actor, face, task=asyncio.current_task())
        self._viewers.add(viewer)
        try:
            code = await self._look_after(viewer)
        except asyncio.CancelledError:
            if viewer.close_code is None:
                raise
            return  # cut off: a farewell would wait behind what it does not take
        finally:
            self._viewers.discard(viewer)
            self._leave(viewer)
        await _close(socket, code)

    async def _look_after(self, viewer: Viewer) -> int:
        """Until it ends. Returns the code to close with."""
        return_code = 1000
        try:
            async with asyncio.TaskGroup() as tasks:
                for part in (self._enter, self._send, self._receive):
                    tasks.create_task(part(viewer))
        except* Gone as gone:
            return_code = next(error.code for error in _leaves(gone) if isinstance(error, Gone))
        except* (WebSocketDisconnect, RuntimeError, OSError):
            pass  # the viewer has left
        return return_code

    async def _enter(self, viewer: Viewer) -> None:
        """Tries until the database answers; ticks go on meanwhile."""
        while viewer.close_code is None:
            scope = self._scope_of(self._sight_of(viewer))
            try:
                await scope.join(viewer, await self._hello(viewer, scope.sight))
            except CommandCentreError as error:
                log.warning("a viewer waits: %s", error.code)
                await asyncio.sleep(PULSE_S)
                continue
            if self._sight_of(viewer) == scope.sight:
                break
            self._leave(viewer)
        if viewer not in self._viewers:  # left while the snapshot was read
            self._leave(viewer)
        wish, viewer.wishes = viewer.wishes, None
        if wish is not None:
            await self._watch(viewer, wish)

    def _leave(self, viewer: Viewer) -> None:
        scope, viewer.scope = viewer.scope, None
        if scope is None:
            return
        scope.viewers.discard(viewer)
        if scope.unused:
            self._forget(scope)

    def _forget(self, scope: Scope) -> None:
        if self._scopes.get(scope.sight) is scope:
            del self._scopes[scope.sight]
        if scope.task is not None:
            scope.task.cancel()

    def _scope_of(self, sight: Sight) -> Scope:
        scope = self._scopes.get(sight)
        if scope is None:
            scope = self._scopes[sight] = Scope(self, sight)
            scope.task = asyncio.create_task(scope.run())
        return scope

    def _sight_of(self, viewer: Viewer) -> Sight:
        sight = sight_of(viewer.actor, viewer.actor.wall_id in self._with_visitors)
        if viewer.face == "wall" and sight.clearance is Clearance.DESK:
            sight = replace(sight, clearance=Clearance.WALL)  # an officer who opened the wall's page, perhaps before a room
        return sight

    async def _hello(self, viewer: Viewer, sight: Sight) -> str:
        label = await self.lanes.readers.run(self._label, viewer.actor)
        said = {
            "type": "hello",
            "server_time": self.now_ms(),
            "build": self.build,
            "civil_offset_s": self.settings.civil_offset_s,
            "court": self.settings.court_name,
            "demo": self.settings.demo,
            "face": viewer.face,
            "visitors": sight.clearance is Clearance.VISITORS,
            "wall_id": viewer.actor.wall_id,
            "me": {"id": viewer.actor.officer_id or viewer.actor.id, "label": label} if label else None,
            "stale_s": self.settings.stale_s,
            "lost_s": self.settings.lost_s,
        }
        return _json(said)

    def _label(self, actor: Actor) -> str | None:
        with self.database.reading() as session:
            return asked.label_of(session, actor)

    async def _send(self, viewer: Viewer) -> None:
        while True:
            await viewer.woken.wait()
            viewer.woken.clear()
            if viewer.close_code is not None:
                raise Gone(viewer.close_code)
            while (message := viewer.take()) is not None:
                viewer.sending_since = time.monotonic()
                await viewer.socket.send({"type": "websocket.send", "text" if isinstance(message, str) else "bytes": message})
            viewer.sending_since = None

    async def _receive(self, viewer: Viewer) -> None:
        """A socket that sends also receives: only so it learns that the viewer has left."""
        second, count = 0, 0
        while True:
            message = await viewer.socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1000))
            now = int(time.monotonic())
            second, count = (second, count + 1) if now == second else (now, 1)
            text = message.get("text")
            if text is None or len(text) > INBOUND_BYTES or count > INBOUND_PER_S:
                raise Gone(MISBEHAVED)
            await self._heard(viewer, text)

    async def _heard(self, viewer: Viewer, text: str) -> None:
        try:
            said = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise Gone(MISBEHAVED) from None
        match said:
            case {"type": "seen", "drawn_seq": int()}:
                viewer.seen_ms = self.now_ms()
            case {"type": "watch", "unit": None}:
                viewer.watching = viewer.wishes = None
            case {"type": "watch", "unit": str(unit)} if unit.isascii() and unit.isdigit() and len(unit) < 10:
                await self._watch(viewer, int(unit))
            case _:
                raise Gone(MISBEHAVED)

    async def _watch(self, viewer: Viewer, unit: int) -> None:
        """Somebody follows one officer: that leaves a trace, and the officer's phone says so."""
        if viewer.face == "field" or unit == viewer.watching:
            return
        if viewer.scope is None:
            viewer.wishes = unit
            return
        visible = viewer.scope.visible
        if visible is not None and unit not in visible:
            return
        viewer.watching = unit
        try:
            await self.lanes.writer.run(self.journal.do, viewer.actor, self.now(), watch_unit, unit)
        except CommandCentreError as error:
            log.warning("following unit %d left no trace: %s", unit, error.code)
            viewer.watching = None


def _may_see(actor: Actor, face: str) -> bool:
    """A locked desk still shows and sounds alarms, so the role decides, not `may`."""
    if face == "field":
        return actor.kind == "DEVICE"
    return actor.role in ALLOWED[Verb.SEE_WALL if face == "wall" else Verb.SEE_DESK]


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterable[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _sorted(units: Iterable[int] | None) -> Units | None:
    return None if units is None else np.array(sorted(units), np.uint32)


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


async def _deny(socket: WebSocket, status: int) -> None:
    """Refused before accept, with a status that a person can look up."""
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(PlainTextResponse(str(status), status_code=status))
    else:
        await socket.close()


async def _close(socket: WebSocket, code: int) -> None:
    if socket.application_state is WebSocketState.DISCONNECTED or socket.client_state is WebSocketState.DISCONNECTED:
        return
    with contextlib.suppress(Exception):
        async with asyncio.timeout(1):
            await socket.close(code)

"""`/live`: one socket for rows and positions. A snapshot, then the rows that each event touched, and the newest packed positions.

Rows come from the journal alone: the bus only says sooner that there is something to read. What was touched is spread to the `Scope` of
each distinct Sight, which reads it once for all its viewers.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import orjson
from fastapi import WebSocket
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketDisconnect, WebSocketState

from dashboard.health import Health
from dashboard.heartbeat.pulse import Pulse
from dashboard.newest import Newest
from dashboard.scope import TOO_SLOW, Scope, Source, Viewer, as_json
from data.actions.tracks import watch_unit
from data.actions.walls import join_screen, note_guests
from data.engines import Database
from data.errors import CommandCentreError
from data.identity import Identity
from data.journal import Entry, Journal, entries_after, head
from data.lanes import Lanes
from data.live_settings import current
from data.queries import live as asked
from data.queries.wall import sight_of
from data.rules import walls
from data.rules.civil import milliseconds
from data.rules.permissions import ALLOWED, Actor, Clearance, Role, Sight, Verb
from data.settings import Settings
from geo.packed import Records
from streaming.others import Others, Said
from streaming.pace import pause, to_next

PULSE_S = 0.25  # a lost announcement shows after at most this; asking costs well under a millisecond
PULSE_ALONE_S = 0.05  # while the bus is down nobody announces: the asking is all there is, and still costs little
TICK_S = 1.0
PERIOD_S = 0.5  # positions at most twice a second
BURST_S = 0.015  # a burst of positions arrives within this and goes out as one frame
ROWS_FIRST_S = 0.02
URGENT_S = 0.1  # a calling unit's position waits at most this for the one before
SEND_S = 10.0
AGAIN_S = 4.0  # a revocation bites within five seconds
INBOUND_BYTES = 4_096
INBOUND_PER_S = 50
VIEWERS_MOST = 2_000
BESIDE_S = 4.0  # what another process says of its viewers each second is believed for so long
DEVICES_EACH = 5
MISBEHAVED, REVOKED, ON_STAGE = 1008, 4401, 4403  # the last: a wall is before an audience now, its page leaves at once

log = logging.getLogger(__name__)

BUILD = re.compile(r"[\w.-]{1,64}")  # what a page says of its own version


class Gone(Exception):
    """This viewer is to be closed with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass(slots=True)
class Present:
    """Who looks at one process now. Times in ms since 1970; heard_s: monotonic.

    walls: when each drew last; screens: the same of each screen of a wall that is several; watched: units, by how many; devices: which
    build their page is; doubtful: units whose positions are refused again and again.
    """

    walls: dict[str, int] = field(default_factory=dict)
    screens: dict[str, dict[str, int]] = field(default_factory=dict)
    watched: dict[int, int] = field(default_factory=dict)
    doubtful: dict[int, tuple[int, str]] = field(default_factory=dict)
    devices: dict[int, str | None] = field(default_factory=dict)
    heard_s: float = 0.0


class Hub:
    """Everything that `/live` does in this process. `say`: the texts; `now`: the server's clock.

    others: of several web processes each tells who looks at it; heard: is told the kind of each entry, where that comes from nowhere else.
    """

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
        doubtful: Callable[[], Mapping[int, tuple[int, str]]] = dict,
        pulse: Pulse | None = None,
        others: Others | None = None,
        heard: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._others, self._heard_kind = others or Others(_nobody), heard
        self._beside: dict[int, Present] = {}  # by number of the process: who looks there
        self._others.hear("present", self._hear_present)
        self.settings, self.database, self.lanes, self.journal, self.identity = settings, database, lanes, journal, identity
        self.health, self.build, self.say, self.now = health, build, say, now
        self._newest_kept, self._doubtful, self._pulse = newest_kept, doubtful, pulse
        self.newest = Newest()
        self._source = Source(database, lanes, self.newest, settings.civil_offset_s, say, now)
        self.seq = 0
        self.begun = asyncio.Event()  # where the journal stands is known: whatever comes after is told
        self._scopes: dict[Sight, Scope] = {}
        self._viewers: set[Viewer] = set()
        self._poked = asyncio.Event()
        self._calls_changed = asyncio.Event()
        self._moved = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._urgent = np.empty(0, np.uint32)
        self._urgent_moved = asyncio.Event()
        self._urgent_waiting: set[int] = set()
        self._with_visitors: frozenset[str] = frozenset()
        self._case_system_ms: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._told_devices_in = 0
        self._start = settings  # as the file says; `settings` follows what an administrator changes

    def now_ms(self) -> int:
        return self._source.now_ms()

    def day(self) -> str:
        return self._source.day()

    def faces(self) -> Counter[str]:
        """How many look, by face."""
        return Counter(viewer.face for viewer in self._viewers)

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
            for part in (self._follow_journal, self._follow_urgent, self._send_positions, self._send_urgent, self._tick):
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
            await self._follow_settings()
        self.begun.set()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(to_next(PULSE_S if self.health.bus_up else PULSE_ALONE_S)):
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

    async def _follow_urgent(self) -> None:
        """Whose positions are sent at once. Asked when the rows of the call are on their way: they come first."""
        while True:
            await self._calls_changed.wait()
            await asyncio.sleep(ROWS_FIRST_S)
            self._calls_changed.clear()
            try:
                self._set_urgent(await self.lanes.readers.run(self._urgent_now))
            except CommandCentreError:
                self._calls_changed.set()
                raise

    def _urgent_now(self) -> frozenset[int]:
        with self.database.reading() as session:
            return asked.urgent_units(session)

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
        if not self._others.alone or not self.health.bus_up:  # an announcement may be lost, and what others committed with it
            for kind in {entry.kind for entry in entries}:
                self._heard_kind(kind)
        self._note(entries)
        nouns = {entry.kind.partition(".")[0] for entry in entries}
        if nouns & {"call", "sos"}:
            self._calls_changed.set()
        if "setting" in nouns:
            await self._follow_settings()
        if nouns & {"wall", "session", "device", "account", "officer", "unit", "team"}:
            self._with_visitors = await self.lanes.readers.run(self._visitors_now)
            for viewer in self._viewers:
                viewer.checked_at = float("-inf")
            await self._check_viewers()

    async def _follow_settings(self) -> None:
        """What counts from now on; walls and desks hear it with the next tick."""

        def read() -> Settings:
            with self.database.reading() as session:
                return current(session, self._start)

        self.settings = await self.lanes.readers.run(read)
        if self._pulse:
            self._pulse.follow(self.settings)

    def _note(self, entries: list[Entry]) -> None:
        off = [int(entry.subject_id) for entry in entries if entry.kind == "duty.ended"]
        if off and self.newest.drop(np.array(sorted(set(off)), np.uint32)):
            for scope in self._scopes.values():
                scope.replace_positions()
        told = [milliseconds(entry.occurred_at) for entry in entries if entry.actor_role == Role.CASE_SYSTEM]
        if told:
            self._case_system_ms = max([*told, self._case_system_ms or 0])

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
            await pause(TICK_S)
            self._say_tick()
            self._drop_stuck()
            await self._check_viewers()

    def _say_tick(self) -> None:
        parts = self.health.parts()
        now_ms = self.now_ms()
        parts["case_system"] = self._case_system(now_ms)
        base = {"type": "tick", "server_time": now_ms, "seq": self.seq, "parts": parts}
        present = self._present_everywhere()
        ages = {"stale_s": self.settings.stale_s, "lost_s": self.settings.lost_s}
        of_centre = {"troubles": self._pulse.troubles() if self._pulse else [], "screens": present.screens} | ages
        seen, watched = present.walls, present.watched
        refused = {
            str(unit): {"n": count, "why": self.say(f"error.{code}")} for unit, (count, code) in present.doubtful.items()
        }  # whose positions are refused again and again: for desks, as the state of the walls
        made: dict[tuple[str, int, str], str] = {}
        for viewer in self._viewers:
            watchers = watched.get(viewer.actor.unit_no or -1, 0) if viewer.face == "field" else 0
            kind = viewer.face, watchers, self._board_of(viewer)
            if kind not in made:
                told = base | {"watchers": watchers}
                if viewer.face != "field":
                    told |= of_centre
                if viewer.face == "desk":
                    told |= {"walls": seen, "doubtful": refused}
                if kind[2] and self._pulse:
                    told["board"] = self._pulse.board(with_owners=kind[2] == "owners")
                made[kind] = as_json(told)
            viewer.tick = made[kind]
            viewer.woken.set()

    def present(self) -> tuple[dict[str, int], dict[int, str | None]]:
        """Who is connected now: walls with when each drew last (ms, 0 before that), devices with the build of the page they have open."""
        now = time.monotonic()
        walls: dict[str, int] = {}
        devices: dict[int, str | None] = {}
        for there in [each for each in self._beside.values() if now - each.heard_s < BESIDE_S]:
            walls |= there.walls
            devices |= there.devices
        walls |= {viewer.actor.wall_id: viewer.seen_ms for viewer in self._viewers if viewer.actor.wall_id}
        return walls, devices | self._devices()

    def _devices(self) -> dict[int, str | None]:
        return {no: viewer.build for viewer in self._viewers if viewer.face == "field" and (no := viewer.actor.device_no) is not None}

    # --- of several web processes ---

    def _present_here(self) -> Present:
        here = Present(screens=self._screens_seen(), doubtful=dict(self._doubtful()))
        here.walls = {viewer.actor.wall_id: viewer.seen_ms for viewer in self._viewers if viewer.actor.wall_id and viewer.seen_ms}
        for viewer in self._viewers:
            if viewer.watching is not None:
                here.watched[viewer.watching] = here.watched.get(viewer.watching, 0) + 1
        return here

    def _present_everywhere(self) -> Present:
        """Ours, told to the others; and theirs, while they tell it."""
        here = self._present_here()
        if self._others.alone:
            return here
        self._say_present(here)
        now = time.monotonic()
        for there in [each for each in self._beside.values() if now - each.heard_s < BESIDE_S]:
            _add(here, there)
        return here

    def _say_present(self, here: Present) -> None:
        said: dict[str, Any] = {
            "walls": here.walls,
            "screens": here.screens,
            "watched": [[unit, count] for unit, count in here.watched.items()],
            "doubtful": [[unit, count, code] for unit, (count, code) in here.doubtful.items()],
        }
        self._told_devices_in -= 1
        if self._told_devices_in < 0:  # thousands of phones: each fifth time
            self._told_devices_in = DEVICES_EACH - 1
            said["devices"] = [[no, build] for no, build in self._devices().items()]
        self._others.say("present", **said)

    def _hear_present(self, number: int, said: Said) -> None:
        """Raises KeyError, TypeError, ValueError."""
        there = self._beside.setdefault(number, Present())
        there.walls = {str(wall): int(at) for wall, at in said["walls"].items()}
        there.screens = {str(wall): {str(screen): int(at) for screen, at in seen.items()} for wall, seen in said["screens"].items()}
        there.watched = {int(unit): int(count) for unit, count in said["watched"]}
        there.doubtful = {int(unit): (int(count), str(code)) for unit, count, code in said["doubtful"]}
        if "devices" in said:
            there.devices = {int(no): build for no, build in said["devices"]}
        there.heard_s = time.monotonic()

    def _board_of(self, viewer: Viewer) -> str:
        """Whether it shows layout 9, and may know who is responsible: not before guests."""
        if not viewer.board or viewer.face == "field":
            return ""
        guests = viewer.face == "wall" and viewer.scope is not None and viewer.scope.sight.clearance is Clearance.VISITORS
        return "parts" if guests else "owners"

    def _screens_seen(self) -> dict[str, dict[str, int]]:
        """Of each wall that is several screens: when each of them last said what it has drawn, ms since 1970."""
        seen: dict[str, dict[str, int]] = {}
        for viewer in self._viewers:
            if viewer.screen and viewer.actor.wall_id and viewer.seen_ms:
                of_wall = seen.setdefault(viewer.actor.wall_id, {})
                of_wall[viewer.screen] = max(viewer.seen_ms, of_wall.get(viewer.screen, 0))
        return seen

    def _case_system(self, now_ms: int) -> dict[str, Any]:
        """It only ever speaks by itself, so all that can be known is how old its newest word is: by the time at the source."""
        if self._case_system_ms is None:
            return {"up": None, "as_of": None, "lost": False}
        age_s = (now_ms - self._case_system_ms) / 1000
        stale, lost = age_s > self.settings.case_system_stale_s, age_s > self.settings.case_system_lost_s
        return {"up": not stale, "as_of": self._case_system_ms, "lost": lost}

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
                viewer.end(ON_STAGE if actor is not None and actor.role is Role.STAGE else REVOKED)
                continue
            viewer.actor = actor
            self._follow_sight(viewer)

    def _follow_sight(self, viewer: Viewer) -> None:
        """Into the scope of what he may see now; not if he left while we asked who he is."""
        if viewer.scope is None or self._sight_of(viewer) == viewer.scope.sight:
            return
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
        build = socket.query_params.get("build", "")
        viewer = Viewer(socket, actor, face, build=build if BUILD.fullmatch(build) else None, task=asyncio.current_task())
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
        """Tries until the database answers; ticks and positions go on meanwhile.

        Not before the journal is followed: a snapshot from before that would miss what was committed in between.
        """
        await self.begun.wait()
        while viewer.close_code is None:
            sight = self._sight_of(viewer)
            try:
                hello = await self._hello(viewer, sight)
                scope = self._scope_of(sight)  # nothing may be waited for from here to joining: an unused scope is forgotten each second
                await scope.join(viewer, hello)
            except CommandCentreError as error:
                log.warning("a viewer waits: %s", error.code)
                self._let_wait(viewer, sight)
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

    def _let_wait(self, viewer: Viewer, sight: Sight) -> None:
        """Not before anything was ever read: then it is not known either which walls guests see."""
        if viewer.scope is not None and viewer.scope.sight != sight:
            self._leave(viewer)
        if self.seq and viewer in self._viewers and viewer.close_code is None:
            self._scope_of(sight).let_wait(viewer)

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
            scope = self._scopes[sight] = Scope(self._source, sight)
            scope.task = asyncio.create_task(scope.run())
        return scope

    def _sight_of(self, viewer: Viewer) -> Sight:
        sight = sight_of(viewer.actor, viewer.guests or viewer.actor.wall_id in self._with_visitors)
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
            "me": {"id": viewer.actor.officer_id or viewer.actor.id, "label": label, "role": viewer.actor.role} if label else None,
            "stale_s": self.settings.stale_s,
            "lost_s": self.settings.lost_s,
            "media": self.settings.media,
        }
        return as_json(said)

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
            case {"type": "board", "on": bool(on)}:
                viewer.board = on
            case {"type": "screen", "screen": str(screen)} if viewer.face == "wall" and screen in list(walls.Screen):
                await self._join_screen(viewer, screen)
            case {"type": "guests", "on": bool(on)} if viewer.face == "wall":
                await self._show_guests(viewer, on)
            case {"type": "watch", "unit": None}:
                viewer.watching = viewer.wishes = None
            case {"type": "watch", "unit": str(unit)} if unit.isascii() and unit.isdigit() and len(unit) < 10:
                await self._watch(viewer, int(unit))
            case _:
                raise Gone(MISBEHAVED)

    async def _show_guests(self, viewer: Viewer, on: bool) -> None:
        """Its own key has put the visitors' layout on, or taken it off: it sees no more than they may, whatever its page would hide."""
        if on == viewer.guests:
            return
        viewer.guests = on
        self._follow_sight(viewer)
        try:
            await self.lanes.writer.run(self.journal.do, viewer.actor, self.now(), note_guests, on)
        except CommandCentreError as error:
            log.warning("visitors before a wall left no trace: %s", error.code)

    async def _join_screen(self, viewer: Viewer, screen: str) -> None:
        """It draws this part of its wall; from now on the others of the set miss it when it is gone."""
        viewer.screen, viewer.seen_ms = screen, self.now_ms()
        if viewer.actor.wall_id is None:
            return  # an officer who looks at a wall's page: he is no screen of it
        try:
            await self.lanes.writer.run(self.journal.do, viewer.actor, self.now(), join_screen, viewer.actor.wall_id, screen)
        except CommandCentreError as error:
            log.warning("a screen did not join its wall: %s", error.code)

    async def _watch(self, viewer: Viewer, unit: int) -> None:
        """Somebody follows one officer: that leaves a trace, and the officer's phone says so. A phone follows nobody. Raises Gone."""
        if viewer.face == "field":
            raise Gone(MISBEHAVED)
        if unit == viewer.watching:
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


async def _nobody(_: bytes) -> None:
    """Where there is one process alone."""


def _add(here: Present, there: Present) -> None:
    """The newest of both; sums where both count."""
    for wall, at_ms in there.walls.items():
        here.walls[wall] = max(at_ms, here.walls.get(wall, 0))
    for wall, screens in there.screens.items():
        seen = here.screens.setdefault(wall, {})
        for screen, at_ms in screens.items():
            seen[screen] = max(at_ms, seen.get(screen, 0))
    for unit, count in there.watched.items():
        here.watched[unit] = here.watched.get(unit, 0) + count
    for unit, (count, code) in there.doubtful.items():
        here.doubtful[unit] = count + here.doubtful.get(unit, (0, ""))[0], code


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

"""The register in the web process: every part looked at in its own rhythm, by threads of its own; asking for the board never waits.

Lamps that must be quick (bus, database, jobs, relay, disk) are those of `Health`, twice a second; the register adds sentence, latency and
the parts that change slowly. What goes down or comes back is told to the journal, in order; a database that is away is told of afterwards.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from dashboard.health import RELAY_BEGINS_S
from dashboard.heartbeat.parts import REGISTER, Found, Looking, Part, State, looked_at
from data.actions.heartbeat import tell_part
from data.engines import Database
from data.errors import CommandCentreError
from data.journal import Journal
from data.lanes import Lane, Lanes
from data.queries.heartbeat import faults_open, last_states
from data.rules.permissions import SYSTEM
from data.settings import Settings
from streaming.pace import pause, to_next

THREADS = 3
COUNT_S = 10.0
DOWN_AGAIN_S = 2.0  # what is down is asked again so soon: good news should not be late
KEPT = 60  # latencies of one part, for the board's little curve
LATE_S = 8.0  # a look that is so much overdue: the part, or we ourselves, stand still
BEGINS_S = 15.0  # processes start one after the other: so long the journal is not told
ROUND_S = 0.5
DOWN_ROUNDS, UP_ROUNDS = 2, 4  # so many rounds alike before it is a change: one missed beat is none
APART_S = 5.0  # a part that flutters is told of no more often than this
UNTOLD_MOST = 64  # changes that wait for the database; when full the oldest goes, the board has the state anyway

log = logging.getLogger(__name__)

Lamps = Callable[[], Mapping[str, Mapping[str, Any]]]
Say = Callable[..., str]


@dataclass(slots=True)
class Watched:
    """A part and how it has been. rounds: how many alike in a row, of `seen`; told: what the journal knows."""

    part: Part
    found: Found = field(default_factory=lambda: Found(State.OFF, "looking"))
    found_at: float = 0.0
    series: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    woken: asyncio.Event = field(default_factory=asyncio.Event)  # its lamp has changed: looked at now, not at its time
    lamp: bool | None = None
    seen: str = "up"
    since: datetime | None = None
    rounds: int = 0
    told: str = "up"
    told_at: float = float("-inf")


class Pulse:
    """Belongs to the event loop of the web process. lamps: `Health.parts`; say: the texts; tells: whether the journal is ours to tell."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        lanes: Lanes,
        journal: Journal,
        lamps: Lamps,
        build: str,
        say: Say,
        now: Callable[[], datetime],
        register: Sequence[Part] = REGISTER,
        tells: Callable[[], bool] = lambda: True,
    ) -> None:
        self._tells = tells
        self._settings, self._lanes, self._journal = settings, lanes, journal
        self._lamps, self._say, self._now = lamps, say, now
        self._looking = Looking(settings, database, True, build)
        self._lane = Lane("heartbeat", THREADS, len(register))
        self._began = time.monotonic()
        self._watched = {part.name: Watched(part, found_at=self._began) for part in register}
        self.faults_open = 0
        self._untold: deque[tuple[str, str, datetime]] = deque(maxlen=UNTOLD_MOST)

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as tasks:
            for watched in self._watched.values():
                tasks.create_task(self._watch(watched))
            tasks.create_task(self._tell())
            if self._settings.metrics_port:
                tasks.create_task(self._count_faults())

    def follow(self, settings: Settings) -> None:
        """What an administrator changed counts at the next look of each part."""
        self._looking = replace(self._looking, settings=settings)

    def close(self) -> None:
        self._lane.close()

    async def _watch(self, watched: Watched) -> None:
        while True:
            try:
                found = await self._lane.run(looked_at, watched.part, self._looking)
            except CommandCentreError:  # the lane itself: full, or given up
                found = Found(State.DOWN, "late")
            except Exception:
                log.exception("%s could not be looked at", watched.part.name)
                found = Found(State.DOWN, "late")
            watched.found, watched.found_at = found, time.monotonic()
            if found.ms is not None:
                watched.series.append(found.ms)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(to_next(watched.part.every_s if found.state is not State.DOWN else DOWN_AGAIN_S)):
                    await watched.woken.wait()
            watched.woken.clear()

    async def _count_faults(self) -> None:
        while True:
            with contextlib.suppress(CommandCentreError):
                self.faults_open = await self._lanes.readers.run(self._faults)
            await pause(COUNT_S)

    def _faults(self) -> int:
        with self._journal.database.reading() as session:
            return faults_open(session)

    # --- what is told ---

    def states(self) -> dict[str, tuple[State, str]]:
        """How each part is now, and the code of its sentence: a lamp that is out wins, then what was found, unless that is too old."""
        lamps = self._lamps()
        return {name: self._state(watched, lamps.get(name)) for name, watched in self._watched.items()}

    def _state(self, watched: Watched, lamp: Mapping[str, Any] | None) -> tuple[State, str]:
        if lamp is not None and lamp["up"] is False and "gone" in lamp:  # some of several web processes: we who say so are there
            return State.WARN, "gone"
        if lamp is not None and lamp["up"] is False:
            return State.DOWN, watched.found.code if watched.found.state is State.DOWN else "silent"
        if watched.found.state is State.DOWN and lamp is not None and time.monotonic() - self._began < RELAY_BEGINS_S:
            return State.OFF, "looking"  # it starts after us
        if time.monotonic() - watched.found_at > watched.part.every_s + LATE_S:
            return State.DOWN, "late"
        return watched.found.state, watched.found.code

    def board(self, with_owners: bool) -> list[dict[str, Any]]:
        """Every part in the register's order, for a wall that shows layout 9. with_owners: not before guests."""
        return [self._line(name, state, code, with_owners) for name, (state, code) in self.states().items()]

    def _line(self, name: str, state: State, code: str, with_owners: bool) -> dict[str, Any]:
        watched = self._watched[name]
        bad = state in (State.WARN, State.DOWN)
        return {
            "name": name,
            "label": self._say(f"heartbeat.name_{name}"),
            "state": state.value,
            "said": self.sentence(name, code),
            "ms": watched.found.ms if state is not State.DOWN else None,
            "series": [round(ms, 1) for ms in watched.series],
            "owner": self._settings.owner_of(name) if with_owners else "",
            "to_do": self._say(f"heartbeat.to_do_{name}") if bad else "",
        }

    def sentence(self, name: str, code: str) -> str:
        own, holes = f"heartbeat.{name}_{code}", dict(self._watched[name].found.holes)
        if code == "gone":
            holes = {"which": "、".join(str(number) for number in self._lamps()[name]["gone"])}
        with contextlib.suppress(CommandCentreError):
            return self._say(own, **holes)
        with contextlib.suppress(CommandCentreError):
            return self._say(f"heartbeat.{code}", **holes)
        return self._say("heartbeat.silent")

    def troubles(self) -> list[dict[str, str]]:
        """What is down or warns, for the system line: [{"part", "state", "said", "why"}]; why: the sentence without the part's name."""
        found = []
        for name, (state, code) in self.states().items():
            if state in (State.WARN, State.DOWN):
                why = self.sentence(name, code)
                found.append({"part": name, "state": state.value, "said": f"{self._say(f'heartbeat.name_{name}')} {why}", "why": why})
        return found

    def readings(self) -> dict[str, tuple[State, Found]]:
        """For `/metrics`."""
        return {name: (state, self._watched[name].found) for name, (state, _) in self.states().items()}

    # --- the journal ---

    async def _tell(self) -> None:
        remembered = False
        while True:
            await pause(ROUND_S)
            self._look_at_lamps()
            if time.monotonic() - self._began < BEGINS_S:
                continue
            if not self._tells():  # another web process does; if it goes, what it has told is read first
                remembered = False
                self._untold.clear()
                continue
            remembered = remembered or await self._remember()
            if remembered:
                self._notice(time.monotonic())
                await self._tell_waiting()

    def _look_at_lamps(self) -> None:
        for name, lamp in self._lamps().items():
            watched = self._watched.get(name)
            if watched is not None and lamp["up"] != watched.lamp:
                watched.lamp = lamp["up"]
                watched.woken.set()

    async def _remember(self) -> bool:
        """What the journal knows from before this start. False: not now."""
        try:
            last = await self._lanes.readers.run(self._last)
        except CommandCentreError:
            return False
        for name, state in last.items():
            if name in self._watched:
                self._watched[name].told = state
        return True

    async def _tell_waiting(self) -> None:
        while self._untold:
            change = name, state, since = self._untold[0]
            try:
                await self._lanes.writer.run(self._journal.do, SYSTEM, self._now(), tell_part, name, state, since)
            except CommandCentreError as error:
                log.info("that %s is %s waits for the journal: %s", name, state, error.code)
                return
            if self._untold and self._untold[0] is change:
                self._untold.popleft()

    def _last(self) -> dict[str, str]:
        with self._journal.database.reading() as session:
            return last_states(session)

    def _notice(self, now: float) -> None:
        for name, (state, _) in self.states().items():
            watched, seen = self._watched[name], "down" if state is State.DOWN else "up"
            if seen != watched.seen or watched.since is None:
                watched.seen, watched.rounds, watched.since = seen, 0, self._now()
            watched.rounds += 1
            steady = watched.rounds >= (DOWN_ROUNDS if seen == "down" else UP_ROUNDS)
            if steady and seen != watched.told and now - watched.told_at >= APART_S:
                watched.told, watched.told_at = seen, now
                self._untold.append((name, seen, watched.since))
                log.info("%s is %s", name, seen)

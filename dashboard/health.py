"""How the parts are: bus, database, jobs, relay, disk. Looked at all the time by threads of their own; asking never waits."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy.exc import SQLAlchemyError

from dashboard.supervise import Beat, beat_file, web_name
from data.engines import Database, ping
from data.errors import Unavailable
from data.lanes import Lane
from data.queries.recordings import bytes_per_day
from data.rules.recordings import RESERVE, Forecast, forecast
from data.settings import Settings
from streaming.pace import pause

ROUND_S = 1.0
LATE_S = 2.0  # a database that has not answered for so long is down, whatever it says later
LOOK_S = 0.5
SILENT_S = 2.5  # jobs and relay beat twice a second; with the looking and the tick the wall says it within four
RELAY_BEGINS_S = 30.0  # it starts after us: so long nobody is told that it is not there yet
WEB_BEGINS_S = 15.0  # the others of several web processes begin with us
PACE_S = 600.0
DISK_LEAST_PCT = 2  # below that the next day file may not fit

log = logging.getLogger(__name__)


class BusState(Protocol):
    up: bool
    since_ms: int


@dataclass(slots=True)
class Beaten:
    """The file that another process moves, as far as we saw. moved: when it did last, of our clock; ahead of now: not missed yet."""

    moved: float = float("-inf")
    at_ns: int = 0

    def heard(self, at_ns: int) -> None:
        if at_ns == self.at_ns:
            return
        if self.at_ns or at_ns > time.time_ns() - 3_000_000_000:  # what lies there at our start may be old
            self.moved = time.monotonic()
        self.at_ns = at_ns


class Health:
    """Belongs to the event loop of the web process. `now_ms`: the server's clock."""

    def __init__(
        self, settings: Settings, database: Database, lane: Lane, bus: BusState, now_ms: Callable[[], int], number: int = 1
    ) -> None:
        self._settings, self._database, self._lane, self._bus, self._now_ms = settings, database, lane, bus, now_ms
        self._beat = Beat(settings, web_name(number))
        self._beside = {each: web_name(each) for each in settings.webs if each != number}
        self._number = number
        self._asked = float("-inf")
        self._asking = False
        self._database_ok = False
        begins = time.monotonic()
        self._beaten = {"jobs": Beaten(), "relay": Beaten(begins + RELAY_BEGINS_S)}
        self._beaten |= {name: Beaten(begins + WEB_BEGINS_S) for name in self._beside.values()}
        self._free_pct = 100
        self._forecast: Forecast | None = None
        self._pace: list[int] = []
        self._paced_at = float("-inf")
        self._since: dict[str, tuple[bool, int]] = {}

    @property
    def bus_up(self) -> bool:
        return self._bus.up

    async def watch(self) -> None:
        """For ever: ask each second, but never a second time while the first question is open."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_about())
            while True:
                self._beat()
                if not self._asking:
                    tasks.create_task(self._ask())
                await pause(ROUND_S)

    async def _ask(self) -> None:
        self._asking, self._asked = True, time.monotonic()
        try:
            await self._lane.run(ping, self._database)
            self._database_ok = True
        except Unavailable:
            self._database_ok = False
        finally:
            self._asking = False

    async def _look_about(self) -> None:
        """Disk and the other processes, apart from the database: one that is silent must not make the others look so."""
        while True:
            try:
                self._free_pct, beats = await self._lane.run(self._look)
                for name, at_ns in beats.items():
                    self._beaten[name].heard(at_ns)
            except (Unavailable, OSError) as error:
                log.warning("disk and processes could not be looked at: %s", type(error).__name__)
            await self._foresee()
            await pause(LOOK_S)

    async def _foresee(self) -> None:
        """How long the disk lasts for recordings; what a day needs is counted anew each ten minutes."""
        if not self._database_ok:
            return
        with contextlib.suppress(Unavailable, OSError, SQLAlchemyError):
            if time.monotonic() - self._paced_at > PACE_S:
                self._pace, self._paced_at = await self._lane.run(self._count), time.monotonic()
            self._forecast = forecast(await self._lane.run(self._free), self._pace, RESERVE)

    def _count(self) -> list[int]:
        with self._database.reading() as session:
            return bytes_per_day(session, datetime.fromtimestamp(self._now_ms() / 1000, UTC))

    def _free(self) -> int:
        disk = os.statvfs(self._settings.recordings)
        return disk.f_bavail * disk.f_frsize

    def _look(self) -> tuple[int, dict[str, int]]:
        disk = os.statvfs(self._settings.home)
        beats = {}
        for name in self._beaten:
            try:
                beats[name] = beat_file(self._settings, name).stat().st_mtime_ns
            except FileNotFoundError:
                beats[name] = 0
        return round(100 * disk.f_bavail / max(disk.f_blocks, 1)), beats

    def parts(self) -> dict[str, dict[str, Any]]:
        """As `/live` tells it each second: {"bus": {"up", "since"}, "database", "jobs", "relay", "disk"}; "web" where there are several.

        Of the disk also `free_pct` and, when it must be said, `recording_days`.
        """
        now = time.monotonic()
        database_up = self._database_ok and not (self._asking and now - self._asked > LATE_S)
        parts: dict[str, dict[str, Any]] = {
            "bus": {"up": self._bus.up, "since": self._bus.since_ms},
            "database": self._timed("database", database_up),
            "jobs": self._timed("jobs", now - self._beaten["jobs"].moved < SILENT_S),
            "relay": self._timed("relay", now - self._beaten["relay"].moved < SILENT_S),
            **self._webs(now),
            "disk": self._timed("disk", self._free_pct >= DISK_LEAST_PCT) | {"free_pct": self._free_pct} | self._recording_days(),
        }
        return parts

    def leads(self) -> bool:
        """Whether what one of several web processes must do is ours: of those that beat the one with the lowest number."""
        now = time.monotonic()
        return not any(now - self._beaten[name].moved < SILENT_S for number, name in self._beside.items() if number < self._number)

    def _webs(self, now: float) -> dict[str, dict[str, Any]]:
        """Nothing where there is one; else whether all of them beat, and which do not. We who ask are there."""
        if not self._beside:
            return {}
        gone = [number for number, name in self._beside.items() if now - self._beaten[name].moved >= SILENT_S]
        return {"web": self._timed("web", not gone) | {"gone": gone}}

    def _recording_days(self) -> dict[str, int]:
        """Only when it must be said: days that are left for recordings, 0: no new one begins."""
        if self._forecast is None or not self._forecast.warn:
            return {}
        return {"recording_days": int(self._forecast.days or 0)}

    def _timed(self, name: str, up: bool) -> dict[str, Any]:
        was = self._since.get(name)
        if was is None or was[0] != up:
            self._since[name] = was = (up, self._now_ms())
            log.info("%s is %s", name, "up" if up else "down")
        return {"up": up, "since": was[1]}

    def reasons(self) -> list[str]:
        """What keeps us from being ready: the last look's answer, nothing is asked now."""
        parts = self.parts()
        return [name for name in ("database", "bus", "disk") if not parts[name]["up"]]

    def down(self) -> list[str]:
        """What is gone, whether or not we can serve without it: without jobs nothing escalates by itself, but calls still come in."""
        return [name for name, part in self.parts().items() if not part["up"]]

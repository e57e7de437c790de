"""Everything that `/live` does in one web process: its parts put together, and what they hear from below."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import WebSocket

from dashboard.health import Health
from dashboard.heartbeat.pulse import Pulse
from dashboard.live.door import Door
from dashboard.live.following import PULSE_S, Following
from dashboard.live.means import Means
from dashboard.live.newest import Newest
from dashboard.live.positions import Positions
from dashboard.live.presence import Doubtful, Presence
from dashboard.live.scope import Source
from dashboard.live.scopes import Scopes
from dashboard.live.ticks import Ticks
from dashboard.live.viewing import Viewing
from data.engines import Database
from data.errors import CommandCentreError
from data.identity import Identity
from data.journal import Entry, Journal
from data.lanes import Lanes
from data.rules.permissions import Actor
from data.settings import Settings
from geo.packed import Records
from streaming.others import Others
from streaming.pace import pause

TICK_S = 1.0

log = logging.getLogger(__name__)


class Hub:
    """Opened and closed by the application's lifespan. `say`: the texts; `now`: the server's clock.

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
        doubtful: Callable[[], Doubtful] = dict,
        pulse: Pulse | None = None,
        others: Others | None = None,
        heard: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._identity, self._health, self._heard = identity, health, heard
        self._others = others or Others(_nobody)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.newest = Newest()
        self.scopes = Scopes(Source(database, lanes, self.newest, settings.civil_offset_s, say, now))
        self._means = Means(settings, database, lanes, journal, identity, say, now)
        self._positions = Positions(self.newest, self.scopes, newest_kept)
        self._presence = Presence(self.scopes.viewers, self._others, doubtful)
        self.viewing = Viewing(self._means, self.scopes, build)
        self.following = Following(
            self._means,
            self.scopes,
            self._positions,
            health,
            spread_too=self._tell,
            recheck=self.viewing.check,
            follow=pulse.follow if pulse else lambda _: None,
        )
        self._ticks = Ticks(self._means, self.scopes, health, pulse, self._presence, self.following)
        self._door = Door(self._means, self.scopes, self.viewing)

    @property
    def settings(self) -> Settings:
        """What counts now."""
        return self._means.settings

    @property
    def seq(self) -> int:
        """The number of the journal up to which everybody was told."""
        return self.scopes.seq

    def faces(self) -> Counter[str]:
        """How many look, by face."""
        return Counter(viewer.face for viewer in self.scopes.viewers)

    def present(self) -> tuple[dict[str, int], dict[int, str | None]]:
        """See `Presence.connected`."""
        return self._presence.connected()

    async def serve(self, socket: WebSocket, face: str, actor: Actor | None) -> None:
        """One viewer from accept to farewell."""
        await self._door.serve(socket, face, actor)

    # --- what comes in from below ---

    def poke(self) -> None:
        """Something was announced. From any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.following.poked.set)

    def take_fixes(self, frame: bytes) -> None:
        """A frame off the bus. Raises NotAFrame."""
        self._positions.take(frame)

    async def bus_changed(self, up: bool) -> None:
        """Back after a silence, or gone: either way the journal is asked."""
        if up:
            self._positions.catch_up(self._means.now_ms())
        self.following.poked.set()

    # --- running ---

    async def run(self) -> None:
        """For ever."""
        self._loop = asyncio.get_running_loop()
        following, positions = self.following, self._positions
        async with asyncio.TaskGroup() as tasks:
            for part in (following.journal, following.urgent, positions.send, positions.send_urgent, self._ticks.follow_map, self._tick):
                tasks.create_task(_for_ever(part))

    async def _tick(self) -> None:
        while True:
            await pause(TICK_S)
            self._ticks.say()
            self._ticks.drop_stuck()
            await self.viewing.check()

    def _tell(self, entries: list[Entry]) -> None:
        """Those who keep something in memory that an entry may change."""
        self._identity.heard(entries)
        if not self._others.alone or not self._health.bus_up:  # an announcement may be lost, and what others committed with it
            for kind in {entry.kind for entry in entries}:
                self._heard(kind)


async def _for_ever(part: Callable[[], Any]) -> None:
    while True:
        try:
            await part()
        except CommandCentreError as error:
            log.warning("live: %s", error.code)
            await asyncio.sleep(PULSE_S)
        except Exception:
            log.exception("live: %s failed", part.__qualname__)
            await asyncio.sleep(1)


async def _nobody(_: bytes) -> None:
    """Where there is one process alone."""

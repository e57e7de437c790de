"""Following the journal: what was committed is spread to every scope that it concerns, announced or not."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime

from dashboard.health import Health
from dashboard.live.means import Means
from dashboard.live.positions import Positions
from dashboard.live.scopes import Scopes
from data.errors import CommandCentreError
from data.journal import Entry, entries_after, head
from data.live_settings import current
from data.queries import live as asked
from data.rules.civil import day_text, milliseconds
from data.rules.permissions import Role
from data.settings import Settings
from streaming.pace import to_next

PULSE_S = 0.25  # a lost announcement shows after at most this; asking costs well under a millisecond
PULSE_ALONE_S = 0.05  # while the bus is down nobody announces: the asking is all there is, and still costs little
ROWS_FIRST_S = 0.02
WHO_LOOKS = frozenset({"wall", "session", "device", "account", "officer", "unit", "team"})  # may change who looks, and what he may see


class Following:
    """spread_too: is told the new entries, after the scopes; recheck: looks again at every viewer; follow: is told what counts now."""

    def __init__(
        self,
        means: Means,
        scopes: Scopes,
        positions: Positions,
        health: Health,
        *,
        spread_too: Callable[[list[Entry]], None],
        recheck: Callable[[], Awaitable[None]],
        follow: Callable[[Settings], None],
    ) -> None:
        self._means, self._scopes, self._positions, self._health = means, scopes, positions, health
        self._spread_too, self._recheck, self._follow = spread_too, recheck, follow
        self._start = means.settings  # as the file says; `means.settings` follows what an administrator changes
        self.poked = asyncio.Event()
        self._calls_changed = asyncio.Event()
        self.case_system_ms: int | None = None  # how new its newest word is

    async def journal(self) -> None:
        """For ever."""
        scopes = self._scopes
        if not scopes.seq:
            scopes.seq, scopes.with_visitors, urgent, as_of = await self._means.lanes.readers.run(self._begin)
            self._positions.set_urgent(urgent)
            self.case_system_ms = milliseconds(as_of) if as_of else None
            await self._settings()
        scopes.begun.set()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(to_next(PULSE_S if self._health.bus_up else PULSE_ALONE_S)):
                    await self.poked.wait()
            poked = self.poked.is_set()
            self.poked.clear()
            entries = await self._means.lanes.readers.run(self._read_entries, poked)
            if entries:
                await self.spread(entries)
            day = day_text(self._means.now(), self._means.settings.civil_offset_s)
            for scope in scopes:
                if scope.day and scope.day != day:
                    scope.woken.set()

    async def urgent(self) -> None:
        """For ever: whose positions are sent at once. Asked when the rows of the call are on their way: they come first."""
        while True:
            await self._calls_changed.wait()
            await asyncio.sleep(ROWS_FIRST_S)
            self._calls_changed.clear()
            try:
                self._positions.set_urgent(await self._means.lanes.readers.run(self._urgent_now))
            except CommandCentreError:
                self._calls_changed.set()
                raise

    async def spread(self, entries: list[Entry]) -> None:
        """These come next."""
        touched = {row for entry in entries for row in entry.touched()}
        seq = entries[-1].seq
        for scope in self._scopes:
            if touched and scope.concerns(touched):
                scope.pending |= touched
                scope.pending_seq = seq
                scope.woken.set()
        self._scopes.seq = seq
        self._spread_too(entries)
        self._note(entries)
        nouns = {entry.kind.partition(".")[0] for entry in entries}
        if nouns & {"call", "sos"}:
            self._calls_changed.set()
        if nouns & {"setting", "court"}:
            await self._settings()
        if nouns & WHO_LOOKS:
            self._scopes.with_visitors = await self._means.lanes.readers.run(self._visitors_now)
            for viewer in self._scopes.viewers:
                viewer.checked_at = float("-inf")
            await self._recheck()

    async def _settings(self) -> None:
        """What counts from now on; walls and desks hear it with the next tick."""
        self._means.settings = await self._means.lanes.readers.run(self._settings_now)
        self._means.journal.named(self._means.settings.court_name)
        self._follow(self._means.settings)

    def _note(self, entries: list[Entry]) -> None:
        off = [int(entry.subject_id) for entry in entries if entry.kind == "duty.ended"]
        if off:
            self._positions.drop(off)
        told = [milliseconds(entry.occurred_at) for entry in entries if entry.actor_role == Role.CASE_SYSTEM]
        if told:
            self.case_system_ms = max([*told, self.case_system_ms or 0])

    # --- read in a thread ---

    def _begin(self) -> tuple[int, frozenset[str], frozenset[int], datetime | None]:
        with self._means.database.reading() as session:
            return head(session), asked.walls_with_visitors(session), asked.urgent_units(session), asked.case_system_as_of(session)

    def _read_entries(self, announced: bool) -> list[Entry]:
        seq = self._scopes.seq
        if not announced and asked.newest_number(self._means.database) <= seq:  # almost always, four times a second
            return []
        with self._means.database.reading() as session:
            return entries_after(session, seq)

    def _urgent_now(self) -> frozenset[int]:
        with self._means.database.reading() as session:
            return asked.urgent_units(session)

    def _visitors_now(self) -> frozenset[str]:
        with self._means.database.reading() as session:
            return asked.walls_with_visitors(session)

    def _settings_now(self) -> Settings:
        with self._means.database.reading() as session:
            return current(session, self._start)

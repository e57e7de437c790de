"""The newest positions on their way to all viewers: at most twice a second, those of who calls at once."""

import asyncio
import time
from collections.abc import Callable, Iterable

import numpy as np

from dashboard.live.newest import Newest
from dashboard.live.scopes import Scopes
from geo.packed import Records

PERIOD_S = 0.5  # positions at most twice a second
BURST_S = 0.015  # a burst of positions arrives within this and goes out as one frame
URGENT_S = 0.1  # a calling unit's position waits at most this for the one before


class Positions:
    """kept: what this process itself took in, by the moment it is asked (ms); None: nothing is kept here."""

    def __init__(self, newest: Newest, scopes: Scopes, kept: Callable[[int], Records] | None) -> None:
        self.newest, self._scopes, self._kept = newest, scopes, kept
        self._moved = asyncio.Event()
        self._urgent = np.empty(0, np.uint32)
        self._urgent_moved = asyncio.Event()
        self._urgent_waiting: set[int] = set()

    def take(self, frame: bytes) -> None:
        """A frame off the bus. Raises NotAFrame."""
        units = self.newest.take(frame)
        if len(units):
            self._moved.set()
            if len(self._urgent):
                urgent = np.intersect1d(units, self._urgent)
                self._urgent_waiting.update(int(unit) for unit in urgent)
                if len(urgent):
                    self._urgent_moved.set()

    def catch_up(self, now_ms: int) -> None:
        """The bus is back after a silence: what was kept meanwhile is taken from the source."""
        if self._kept is not None and len(self.newest.take_records(self._kept(now_ms), now_ms)):
            self._moved.set()

    def drop(self, units: Iterable[int]) -> None:
        """These are off duty."""
        if self.newest.drop(np.array(sorted(set(units)), np.uint32)):
            for scope in self._scopes:
                scope.replace_positions()

    def set_urgent(self, units: frozenset[int]) -> None:
        self._urgent = np.array(sorted(units), np.uint32)

    async def send(self) -> None:
        """For ever."""
        while True:
            await self._moved.wait()
            await asyncio.sleep(BURST_S)
            self._moved.clear()
            began = time.monotonic()
            for scope in self._scopes:
                scope.send_positions()
            await asyncio.sleep(max(0.0, PERIOD_S - BURST_S - (time.monotonic() - began)))

    async def send_urgent(self) -> None:
        """For ever."""
        while True:
            await self._urgent_moved.wait()
            self._urgent_moved.clear()
            units = np.array(sorted(self._urgent_waiting), np.uint32)
            self._urgent_waiting.clear()
            for scope in self._scopes:
                scope.send_positions(units)
            await asyncio.sleep(URGENT_S)

"""Bounded lanes of threads: one writer, eight readers, two for probes.

Python's own default executor has six threads on a small machine: six waits on a stopped database would stop everything else too. A full
lane says so at once (503, nothing kept) instead of growing. What a lane has begun ends by itself: its threads wait five seconds in all for
PostgreSQL, which may be stopped for good (`data.patience`).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from data.errors import DatabaseUnavailable, LaneFull
from data.patience import WIRE_S, within

P = ParamSpec("P")
T = TypeVar("T")

GIVE_UP_S = 6.0  # a little more than the database's own five seconds, so that its own error is usually the answer


class Lane:
    """So many threads, and so many who may wait. `run` gives up waiting after `GIVE_UP_S`; what had not begun by then never does."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._limit = threads + waiting
        self.name = name
        self.busy = 0
        self.refused = 0

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The work's value, from a thread of this lane. Raises LaneFull at once, DatabaseUnavailable when it takes too long."""
        if self.busy >= self._limit:
            self.refused += 1
            raise LaneFull(self.name)
        self.busy += 1
        future = self._threads.submit(_in_time, partial(work, *args, **kwargs))
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._left) if not loop.is_closed() else None)
        try:
            async with asyncio.timeout(GIVE_UP_S):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise DatabaseUnavailable(f"lane {self.name} waited {GIVE_UP_S} s") from error

    def _left(self) -> None:
        self.busy -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _in_time(work: Callable[[], T]) -> T:
    with within(WIRE_S):
        return work()


class Lanes:
    """The three lanes of a process."""

    def __init__(self) -> None:
        self.writer = Lane("writer", threads=1, waiting=256)
        self.readers = Lane("reader", threads=8, waiting=256)
        self.probes = Lane("probe", threads=2, waiting=2)

    def close(self) -> None:
        for lane in (self.writer, self.readers, self.probes):
            lane.close()

"""What the web processes of one home say to each other, past the database: ids and moments only. Where there is one nothing is said.

`{"f": number of who says it, "k": kind, …}`, in order, on the bus. Nothing stands on a message that it comes: whatever must not be missed
is also in a file of the home or in the journal. When the bus is away what waits is left after a moment; when full the oldest goes.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from data.errors import CommandCentreError

WAITING = 1_000
FRESH_S = 1.0  # what could not be said for so long is not said any more

log = logging.getLogger(__name__)

Said = Mapping[str, Any]
Hear = Callable[[int, Said], None]
Send = Callable[[bytes], Awaitable[None]]


class Others:
    """Belongs to the event loop of one web process. number: which one it is, from 1, of how many. Give `take` to the bus, and run `run`."""

    def __init__(self, send: Send, number: int = 1, of: int = 1) -> None:
        self._send, self._number = send, number
        self.alone = of == 1
        self._hearing: dict[str, Hear] = {}
        self._waiting: deque[tuple[float, bytes]] = deque(maxlen=WAITING)
        self._woken = asyncio.Event()

    def hear(self, kind: str, heard: Hear) -> None:
        """Who is told what another one says of this kind: (its number, what)."""
        self._hearing[kind] = heard

    def say(self, kind: str, **said: Any) -> None:
        """To all the others. Returns at once."""
        if not self.alone:
            self._waiting.append((time.monotonic(), orjson.dumps({"f": self._number, "k": kind, **said})))
            self._woken.set()

    def take(self, message: bytes) -> None:
        """From the bus. Raises ValueError, KeyError, TypeError: of another form."""
        said = orjson.loads(message)
        number, kind = said["f"], said["k"]
        if not isinstance(number, int) or not isinstance(kind, str):
            raise TypeError("not ours")
        heard = self._hearing.get(kind)
        if number != self._number and heard is not None:
            try:
                heard(number, said)
            except CommandCentreError as error:
                raise ValueError(error.code) from error

    async def run(self) -> None:
        """For ever: one after the other."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._waiting:
                since, message = self._waiting.popleft()
                if time.monotonic() - since > FRESH_S:
                    continue
                try:
                    await self._send(message)
                except CommandCentreError as error:
                    log.info("not said to the other web processes: %s", error.code)

"""A viewer of `/live` beside the browser that counts: each event after its snapshot must have come, each call have rung once."""

import asyncio
import contextlib
import json
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

import websockets
from sqlalchemy import select
from websockets.typing import Origin

from data.queries.entries import NEWEST, SIGNS
from data.tables import EntryRow
from tests.running import Product

SILENT_S = 3.0  # as the page: who hears nothing for so long begins again
AGAIN_S = 0.5

Rows = dict[str, dict[str, Any]]


@dataclass
class Span:
    """From one snapshot on, over one socket."""

    begins: int
    ends: int
    entries: set[int] = field(default_factory=set)
    heads: list[int] = field(default_factory=list)  # the newest entry after each message

    def pushed_off(self, number: int, numbers: list[int]) -> bool:
        """Whether the first message after it told of so many newer ones that it was not among them any more."""
        head = next((head for head in self.heads if head > number), number)
        return bisect_right(numbers, head) - bisect_right(numbers, number) >= NEWEST


class Watcher:
    """Reconnects for ever; what it was told in between stays in `spans`."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self.spans: list[Span] = []
        self._states: dict[str, str] = {}
        self.doubled = 0

    async def watch(self) -> None:
        """For ever."""
        while True:
            with contextlib.suppress(OSError, TimeoutError, websockets.WebSocketException):
                async with self._connected() as socket:
                    while True:
                        async with asyncio.timeout(SILENT_S):
                            self._hear(await socket.recv())
            await asyncio.sleep(AGAIN_S)

    async def fresh(self) -> Rows:
        """Every row as a newcomer gets it now."""
        async with self._connected() as socket, asyncio.timeout(SILENT_S * 3):
            while True:
                said = json.loads(text) if isinstance(text := await socket.recv(), str) else {}
                if said.get("type") == "snapshot":
                    rows: Rows = said["rows"]
                    return rows

    def lost(self) -> list[tuple[int, str]]:
        """Calls' events that a wall is told of, lie inside a span and were not told in it.

        The list on the wall holds the newest only: what that many newer ones pushed off before it could be told was not to be told.
        """
        database = self._product.database()
        with database.reading() as session:
            signs = list(session.execute(select(EntryRow.seq, EntryRow.kind).where(EntryRow.kind.in_(SIGNS))).tuples())
        database.close()
        numbers = sorted(number for number, _ in signs)
        return [
            (number, kind)
            for span in self.spans
            for number, kind in signs
            if kind.startswith("call.") and span.begins < number <= span.ends and number not in span.entries
            if not span.pushed_off(number, numbers)
        ]

    def _connected(self) -> websockets.connect:
        cookie = {"Cookie": f"ecc_wall={self._product.seeded.wall}"}
        origin = Origin(self._product.origin)
        return websockets.connect(f"{self._product.live}?face=wall", additional_headers=cookie, origin=origin, max_size=None)

    def _hear(self, message: str | bytes) -> None:
        said: dict[str, Any] = json.loads(message) if isinstance(message, str) else {"type": "frame"}
        if said["type"] == "snapshot":
            self.spans.append(Span(said["seq"], said["seq"]))
            self._states = {id_: row["state"] for id_, row in said["rows"].get("call", {}).items()}
        elif said["type"] == "rows":
            span = self.spans[-1]
            for kind, id_, row in said["rows"]:
                if kind == "entry":
                    span.entries.add(int(id_))
                    span.ends = max(span.ends, int(id_))
                elif kind == "call" and row is not None:
                    self.doubled += row["state"] == "RINGING" and self._states.get(id_, "RINGING") != "RINGING"
                    self._states[id_] = row["state"]
            span.heads.append(span.ends)

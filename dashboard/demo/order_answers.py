"""Simulated teams answer a support order: their phone listens at `/live` as every phone does, says at once that the order is there, and a
few seconds later that they come."""

import asyncio
import json
import logging
import ssl
from datetime import UTC, datetime
from typing import Any

import httpx
import websockets

from dashboard.demo.plan import Unit
from dashboard.demo.senders import iso, quietly

log = logging.getLogger(__name__)

AFTER_S = 12.0  # the centre's own start comes first
THINKS_S = 9.0  # as long as a person needs to read it
AGAIN_S = 3.0
TRIES = 5  # then the desk is told that nobody answers, as with a real team
SILENT_S = 10.0


class OrderAnswers:
    """One team's first phone. only: the text of the orders that it answers; others are for whoever holds another phone of the team."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        origin: str,
        unit: Unit,
        context: ssl.SSLContext | None,
        thinks_s: float = THINKS_S,
        only: str | None = None,
    ) -> None:
        self._only = only
        self._client, self._context, self._thinks_s = client, context, thinks_s
        self._address = origin.replace("http", "ws", 1) + "/live?face=field"
        self._bearer = {"Authorization": f"Bearer {unit.token}"}
        self._answered: set[tuple[str, str]] = set()
        self._thinking: set[asyncio.Task[None]] = set()

    async def run(self, after_s: float = AFTER_S) -> None:
        """For ever."""
        await asyncio.sleep(after_s)
        while True:
            try:
                async with websockets.connect(self._address, additional_headers=self._bearer, ssl=self._context, max_size=None) as socket:
                    while True:
                        async with asyncio.timeout(SILENT_S):
                            self._hear(await socket.recv())
            except (OSError, TimeoutError, websockets.WebSocketException) as error:
                log.debug("a phone does not hear: %s", type(error).__name__)
            await asyncio.sleep(AGAIN_S)

    def _hear(self, message: str | bytes) -> None:
        said: dict[str, Any] = json.loads(message) if isinstance(message, str) else {}
        if said.get("type") == "snapshot":
            for row in said["rows"].get("order", {}).values():
                self._consider(row)
        elif said.get("type") == "rows":
            for kind, _, row in said["rows"]:
                if kind == "order" and row is not None:
                    self._consider(row)

    def _consider(self, row: dict[str, Any]) -> None:
        if self._only is not None and row["text"] != self._only:
            return
        if row["state"] == "SENT":
            self._begin(row["id"], "delivered", 0.3)
        if row["state"] in ("SENT", "DELIVERED"):
            self._begin(row["id"], "accepted", self._thinks_s)

    def _begin(self, order: str, event: str, after_s: float) -> None:
        if (order, event) in self._answered:
            return
        self._answered.add((order, event))
        task = asyncio.create_task(self._answer(order, event, after_s))
        self._thinking.add(task)
        task.add_done_callback(self._thinking.discard)

    async def _answer(self, order: str, event: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        body = {"id": order, "event": event, "t": iso(datetime.now(UTC))}
        for _ in range(TRIES):
            answer = await quietly(lambda: self._client.post("/ingest/orders/answer", json=body, headers=self._bearer))
            if answer is not None and not answer.is_server_error:
                break
            await asyncio.sleep(AGAIN_S)  # nobody answered, or «503, nothing kept»
        if answer is not None and answer.is_error:
            log.info("%s of an order refused with %d", event, answer.status_code)

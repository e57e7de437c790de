"""Phones that call, report where they are and end the call, each message posted again under its own id until it is answered."""

import asyncio
import contextlib
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import httpx
from sqlalchemy import select
from ulid import ULID

from data.tables import CallRow, EntryRow
from streaming.history import History
from tests.running import Product

UNITS = (1001, 1002, 1003)
PAUSE_S = 0.3
AGAIN_S = 0.5


class Phones:
    """What was acknowledged to them, and what became of it."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self.calls: set[str] = set()
        self.fixes: set[str] = set()
        self._may_go = asyncio.Event()
        self._may_go.set()
        self._at_rest = asyncio.Event()

    async def call(self) -> None:
        """For ever."""
        async with httpx.AsyncClient(base_url=self._product.origin, timeout=5) as client:
            while True:
                for unit in UNITS:
                    self._at_rest.set()
                    await self._may_go.wait()
                    self._at_rest.clear()
                    await self._call_once(client, unit)
                    await asyncio.sleep(PAUSE_S)

    async def rest(self) -> None:
        """Everything begun is acknowledged when this returns, and nothing new is begun."""
        self._may_go.clear()
        self._at_rest.clear()
        await self._at_rest.wait()

    def go_on(self) -> None:
        self._may_go.set()

    async def _call_once(self, client: httpx.AsyncClient, unit: int) -> None:
        headers = {"Authorization": f"Bearer {self._product.seeded.devices[unit]}"}
        id_, at = str(ULID()), datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fix = {"id": id_, "t": at, "lat": 23.1, "lon": 112.5, "src_crs": "WGS84", "accuracy_m": 8}
        await _until_taken(client, "/ingest/calls", {"id": id_, "t": at, "fix": None}, headers)
        self.calls.add(id_)
        await _until_taken(client, "/ingest/positions", {"fixes": [fix]}, headers)
        self.fixes.add(id_)
        await _until_taken(client, "/ingest/calls/end", {"id": id_}, headers)

    def kept(self) -> tuple[int, int]:
        """(lost, doubled): what was acknowledged and is not there; calls and events that are there twice."""
        database, history = self._product.database(), History(self._product.settings.positions)
        after_ms = int(datetime.now(UTC).timestamp() * 1000) + 60_000
        with database.reading() as session:
            calls = session.execute(select(CallRow.id, CallRow.number)).all()
            events = Counter(session.execute(select(EntryRow.kind, EntryRow.subject_id).where(EntryRow.kind.startswith("call."))).tuples())
        fixes = {fix.id for unit in UNITS for fix in history.track(unit, 0, after_ms)}
        history.close()
        database.close()
        numbers_twice = len(calls) - len({call.number for call in calls})
        return len(self.calls - {call.id for call in calls}) + len(self.fixes - fixes), numbers_twice + sum(events.values()) - len(events)


async def _until_taken(client: httpx.AsyncClient, path: str, body: dict[str, Any], headers: dict[str, str]) -> None:
    while True:
        with contextlib.suppress(httpx.HTTPError):
            if (await client.post(path, json=body, headers=headers)).is_success:
                return
        await asyncio.sleep(AGAIN_S)

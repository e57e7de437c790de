"""A court in full uproar: positions, calls and alarms of all phones, each with words that nobody outside may ever read."""

import asyncio
import contextlib
import math
import time
from datetime import UTC, datetime

import httpx
import orjson
import websockets
from ulid import ULID

from tests.running import PERSONAL, Product

WORDS = "金丝雀机密"  # stands in what the case system and the phones say
CASE_NO = "（2026）岭0108执7351号"
CANARIES = (*PERSONAL, WORDS, CASE_NO, "执7351", "河西社区", "清溪街道")
CALL_S = 0.2
BATCH_S = 0.11
EACH_MOST = 2  # fixes in a batch: the door takes twenty a second of one phone


class Flood:
    """`async with Flood(product, per_second)`: it goes on until the block ends. sent: how many of which kind were taken."""

    def __init__(self, product: Product, per_second: int) -> None:
        self._product, self._per_second = product, per_second
        self.sent = {"positions": 0, "calls": 0, "alarms": 0, "cases": 0}

    async def __aenter__(self) -> "Flood":
        self._tasks = [asyncio.create_task(part()) for part in (self._positions, self._calls, self._cases)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _headers(self, unit: int) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._product.seeded.devices[unit]}"}

    async def _positions(self) -> None:
        """Nine batches a second over one socket of each phone, as many as the door lets one phone say."""
        units = sorted(self._product.seeded.devices)
        each = min(EACH_MOST, math.ceil(self._per_second * BATCH_S / len(units)))
        address = self._product.origin.replace("http", "ws", 1) + "/ingest/ws"
        async with contextlib.AsyncExitStack() as stack:
            lines = [await stack.enter_async_context(websockets.connect(address, additional_headers=self._headers(unit))) for unit in units]
            hearing = [asyncio.create_task(_hear(line)) for line in lines]  # answers that nobody takes would stop the line
            stack.callback(lambda: [task.cancel() for task in hearing])
            while True:
                began = time.monotonic()
                for line in lines:
                    await line.send(orjson.dumps({"fixes": [self._fix(place) for place in range(each)]}))
                    self.sent["positions"] += each
                await asyncio.sleep(max(0.0, BATCH_S - (time.monotonic() - began)))

    def _fix(self, place: int) -> dict[str, object]:
        at = datetime.fromtimestamp(time.time() - 0.001 * place, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"id": str(ULID()), "t": at, "lat": 23.1 + place * 1e-6, "lon": 112.5, "src_crs": "WGS84", "accuracy_m": 8}

    async def _calls(self) -> None:
        async with httpx.AsyncClient(base_url=self._product.origin, timeout=60) as client:
            while True:
                for kind, path in (("calls", "/ingest/calls"), ("alarms", "/ingest/sos")):
                    id_, at = str(ULID()), datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
                    with contextlib.suppress(httpx.HTTPError):
                        answer = await client.post(path, json={"id": id_, "t": at, "fix": None}, headers=self._headers(1001))
                        self.sent[kind] += answer.is_success
                        await client.post(f"{path}/end", json={"id": id_}, headers=self._headers(1001))
                    await asyncio.sleep(CALL_S)

    async def _cases(self) -> None:
        headers = {"Authorization": f"Bearer {self._product.seeded.case_system}"}
        async with httpx.AsyncClient(base_url=self._product.origin, timeout=60) as client:
            while True:
                at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
                said = {"cases": [{"case_no": CASE_NO, "event": "FILED", "at": at, "cause": WORDS}]}
                with contextlib.suppress(httpx.HTTPError):
                    self.sent["cases"] += (await client.post("/ingest/cases", json=said, headers=headers)).is_success
                await asyncio.sleep(1)


async def _hear(line: websockets.ClientConnection) -> None:
    async for _ in line:
        pass

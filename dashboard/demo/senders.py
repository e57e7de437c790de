"""The centre's public doors as simulated phones, vehicles and the case system use them. Nothing here is fatal: what fails is sent again."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from ulid import ULID

from dashboard.demo.plan import Unit
from geo.coordinates import Place

log = logging.getLogger(__name__)

KEPT = 300  # fixes that a phone keeps while it cannot send
AT_ONCE = 100
AGAIN_S = 0.5
KNOT_MPS = 1852 / 3600

Row = dict[str, Any]


def utc_now() -> datetime:
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Device:
    """One phone or vehicle set: keeps its fixes until they are taken. osmand: it speaks as a Traccar Client does."""

    def __init__(self, client: httpx.AsyncClient, unit: Unit, osmand: bool = False) -> None:
        self.unit = unit
        self.call_id: str | None = None
        self.believed = False  # whether a batch of it was taken whole
        self._client = client
        self._osmand = osmand
        self._pending: deque[Row] = deque(maxlen=KEPT)
        self._headers = {"Authorization": f"Bearer {unit.token}"}

    def note(self, place: Place, heading: float, speed: float, battery: int = 80, provider: str = "GPS") -> None:
        """A fix of this moment, to be sent next."""
        now = utc_now()
        self._pending.append({
            "id": str(ULID.from_datetime(now)), "t": iso(now), "lat": round(place[0], 7), "lon": round(place[1], 7), "src_crs": "WGS84",
            "accuracy_m": 6.0, "speed_mps": round(speed, 1), "heading_deg": round(heading, 1), "battery_pct": battery, "provider": provider,
            "mock": False,
        })  # fmt: skip

    def note_standing(self) -> None:
        """Where it was put, by hand: no measurement."""
        self.note((self.unit.lat, self.unit.lon), 0.0, 0.0, provider="MANUAL")

    @property
    def idle(self) -> bool:
        return not self._pending

    async def flush(self) -> bool:
        """Send what is kept. Returns whether everything was taken; what was not is kept for the next time."""
        while self._pending:
            batch = [self._pending[place] for place in range(min(AT_ONCE, len(self._pending)))]
            answer = await self._send_osmand(batch[-1]) if self._osmand else await self._send(batch)
            if answer is None or answer.status_code in (429, 503):
                return False
            if self._osmand and answer.status_code in (404, 405, 500):  # this centre has no such door
                self._osmand = False
                continue
            self._note_refusals(answer)
            for _ in batch:
                self._pending.popleft()
        return True

    def _note_refusals(self, answer: httpx.Response) -> None:
        if answer.is_error:
            log.warning("positions of unit %s refused with %d", self.unit.unit, answer.status_code)
        elif refused := answer.json().get("refused") if answer.content else None:
            log.warning("a position of unit %s refused: %s", self.unit.unit, refused[0].get("code"))
        else:
            self.believed = True

    async def press(self, door: str, fix: bool = True) -> bool:
        """Call or alarm. door: calls | sos."""
        id_ = str(ULID.from_datetime(utc_now()))
        if door == "calls":
            self.call_id = id_
        return await self._say(door, {"id": id_, "t": iso(utc_now()), "fix": self._pending[-1] if fix and self._pending else None})

    async def end_call(self) -> bool:
        return self.call_id is not None and await self._say("calls/end", {"id": self.call_id})

    async def silence(self, minutes: int) -> bool:
        return await self._say("silence", {"id": str(ULID.from_datetime(utc_now())), "minutes": minutes, "t": iso(utc_now())})

    async def _say(self, door: str, body: Row) -> bool:
        answer = await quietly(lambda: self._client.post(f"/ingest/{door}", json=body, headers=self._headers))
        if answer is not None and answer.is_error:
            log.warning("%s of unit %s refused with %d", door, self.unit.unit, answer.status_code)
        return answer is not None and not answer.is_error

    async def _send(self, fixes: list[Row]) -> httpx.Response | None:
        body = {"fixes": fixes, "sent_at": iso(utc_now())}
        return await quietly(lambda: self._client.post("/ingest/positions", json=body, headers=self._headers))

    async def _send_osmand(self, fix: Row) -> httpx.Response | None:
        query = {
            "id": self.unit.osmand_id, "timestamp": fix["t"], "lat": fix["lat"], "lon": fix["lon"], "speed": fix["speed_mps"] / KNOT_MPS,
            "bearing": fix["heading_deg"], "accuracy": fix["accuracy_m"], "batt": fix["battery_pct"],
        }  # fmt: skip
        return await quietly(lambda: self._client.get("/ingest/osmand", params=query))


class CaseSystem:
    """The court's case system: tells one change after the other, each until it is taken or refused."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}
        self._waiting: asyncio.Queue[tuple[str, Row]] = asyncio.Queue(1_000)

    def tell(self, noun: str, row: Row) -> None:
        """noun: cases | missions."""
        if not self._waiting.full():
            self._waiting.put_nowait((noun, {"at": iso(utc_now()), **row}))

    async def run(self) -> None:
        while True:
            noun, row = await self._waiting.get()
            while not await self._told(noun, row):
                await asyncio.sleep(AGAIN_S)

    async def _told(self, noun: str, row: Row) -> bool:
        """Whether this row is done with."""
        answer = await quietly(lambda: self._client.post(f"/ingest/{noun}", json={noun: [row]}, headers=self._headers))
        if answer is None or answer.status_code in (429, 503):
            return False
        if answer.is_error:
            log.warning("%s refused with %d", noun, answer.status_code)
        elif refused := answer.json().get("refused"):
            log.warning("a row of %s refused: %s", noun, refused[0].get("code"))
        return True


async def quietly(send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response | None:
    """The answer, or None when there was none; the centre may be starting, frozen, or gone."""
    try:
        return await send()
    except httpx.HTTPError as error:
        log.debug("no answer: %s", type(error).__name__)
        return None

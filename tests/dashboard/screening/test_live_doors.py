"""A live picture from the officer's sender to the stage's socket: after the delay, never from before a blackout, black without its host."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from data.journal import entries_after
from streaming.cells import COLUMNS, ROWS, SIZE
from tests.on_the_spot import MATTER, OnTheSpot
from tests.running import Product
from tests.screenings import Court

pytestmark = pytest.mark.timeout(240)
DELAY_S = 10


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    with Product() as product:
        court = Court(product)
        yield court
        court.close()


def refused(court: Court, path: str, said: object, by: str = "") -> str:
    answer = court.ask(path, said, by)
    assert answer.status_code >= 400
    return str(answer.json()["error"]["code"])


class Audience:
    """What the stage's socket says. came: when the last picture of the live feed came, with how many so far."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.states, self.pictures, self.came_s = socket, list[dict[str, Any]](), 0, 0.0
        self.texts: list[str] = []
        self.hearing = asyncio.create_task(self._hear())

    async def _hear(self) -> None:
        with contextlib.suppress(Exception):
            async for message in self.socket:
                if isinstance(message, bytes):
                    assert message[:2] == bytes((COLUMNS, ROWS))
                    assert len(message) == 2 + SIZE
                    self.pictures, self.came_s = self.pictures + 1, time.monotonic()
                    continue
                self.texts.append(message)
                said = json.loads(message)
                if said["type"] == "stage":
                    self.states.append(said)

    @property
    def black(self) -> bool:
        return bool(self.states and self.states[-1]["black"])

    @property
    def item(self) -> dict[str, Any]:
        return (self.states[-1]["item"] or {}) if self.states else {}

    async def until(self, true: Any, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                await asyncio.sleep(0.02)

    async def next_picture(self, court: Court, screening: str) -> None:
        """A machine on which the host's word comes late goes black by itself: he shows it again."""
        count = self.pictures
        async with asyncio.timeout(100):
            while self.pictures == count:
                await asyncio.sleep(0.02)
                if self.black:
                    await asyncio.to_thread(court.told, f"/{screening}/lift", {})
                    await self.until(lambda: not self.black)

    async def no_picture_for(self, seconds: float) -> None:
        count = self.pictures
        await asyncio.sleep(seconds)
        assert self.pictures == count


@contextlib.asynccontextmanager
async def audience(court: Court, screening: str, origin: str = "") -> AsyncIterator[Audience]:
    """origin: of the web process at which the stage's socket stands."""
    stage, origin = await asyncio.to_thread(court.stage_of, screening), origin or court.product.origin
    address = origin.replace("http", "ws", 1) + "/stage/live"
    async with connect(address, additional_headers={"cookie": f"ecc_stage={stage}", "origin": origin}) as socket:
        heard = Audience(socket)
        yield heard
        heard.hearing.cancel()


@contextlib.asynccontextmanager
async def host(court: Court, screening: str) -> AsyncIterator[None]:
    """His page, beating."""

    async def beat() -> None:
        while True:
            await asyncio.to_thread(court.told, f"/{screening}/beat", {})
            await asyncio.sleep(0.5)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


def kept(court: Court, kind: str) -> list[Any]:
    with court.database.reading() as session:
        return [entry for entry in entries_after(session, 0, 10_000) if entry.kind == kind]


@pytest.mark.parametrize("also_a_card", [False, pytest.param(True, marks=pytest.mark.long)])  # each return to the picture waits its delay
async def test_from_the_officers_camera_to_the_stage_and_away_again(court: Court, also_a_card: bool) -> None:
    spot = await asyncio.to_thread(OnTheSpot, court)
    screening, permit = await asyncio.to_thread(spot.planned, DELAY_S)
    async with spot.sends(), audience(court, screening) as stage:
        await asyncio.to_thread(court.told, f"/{screening}/begin", {})
        async with host(court, screening):
            await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 1})
            await stage.until(lambda: stage.item.get("kind") == "live")
            assert stage.item["words"] == "现场画面（延时 10 秒，已作马赛克处理，无声）"
            assert stage.item["src"] is None, "there is no address from which anything clear could be had"
            await stage.next_picture(court, screening)

            await asyncio.to_thread(court.told, f"/{screening}/black", {})
            await stage.until(lambda: stage.black)
            await stage.no_picture_for(1.0)
            lifted_s = time.monotonic()
            await asyncio.to_thread(court.told, f"/{screening}/lift", {})
            await stage.next_picture(court, screening)
            assert stage.came_s - lifted_s >= DELAY_S - 1, "nothing from before the blackout was left"

            if also_a_card:
                await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 0})
                await stage.until(lambda: stage.item.get("kind") == "card")
                await stage.no_picture_for(1.0)
                await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 1})
                await stage.next_picture(court, screening)
        await stage.until(lambda: stage.black)  # nobody hosts it
        await stage.no_picture_for(1.0)
        await stage.until(lambda: kept(court, "screening.blacked_out")[-1].payload["why"] == "unwatched")

        async with host(court, screening):
            await asyncio.to_thread(court.told, f"/{screening}/lift", {})
            await stage.next_picture(court, screening)
            await asyncio.to_thread(spot.close_picture)
            await stage.until(lambda: stage.states[-1]["item"] is None and not stage.black)
            await stage.no_picture_for(1.0)
        said = (await asyncio.to_thread(court.told, f"/{screening}/state"))["permits"][0]
        assert (said["state"], said["cause"]) == ("ENDED", "PICTURE_CLOSED")
        assert all(MATTER not in text and permit not in text for text in stage.texts), "no audience learns which mission it is"
        await asyncio.to_thread(court.told, f"/{screening}/end", {})


def test_a_permit_needs_two_people_and_what_they_say(court: Court) -> None:
    spot = OnTheSpot(court, 1003)
    screening = str(court.told("/plan", {"title": "一月警示教育"})["id"])
    assert refused(court, f"/{screening}/live", {"mission": spot.mission, "delay_s": 5}) == "live.delay"
    assert refused(court, f"/{screening}/live", {"mission": "M-none", "delay_s": 30}) == "not_found.mission"
    said = court.told(f"/{screening}/live", {"mission": spot.mission})["permits"][0]
    assert (said["delay_s"], said["state"], said["mission"]) == (30, "PROPOSED", f"一组 {MATTER}")
    permit = said["id"]
    assert refused(court, f"/{screening}/live-certify", {"permit": permit}) == "live.not_told"
    assert refused(court, f"/{screening}/live-certify", {"permit": permit, "told": "yes"}) == "live.not_told"
    said = court.told(f"/{screening}/live-certify", {"permit": permit, "told": True})["permits"][0]
    assert (said["state"], said["mine"], said["certified"]) == ("CERTIFIED_1", True, ["王值班员"])
    assert refused(court, f"/{screening}/live-certify", {"permit": permit, "told": True}) == "live.same_person"
    assert refused(court, f"/{screening}/live-stop", {"permit": permit, "cause": "CALL_OVER"}) == "live.cause"
    said = court.told(f"/{screening}/live-stop", {"permit": permit, "cause": "MINOR"})["permits"][0]
    assert (said["state"], said["cause"]) == ("REVOKED", "MINOR")


def test_where_the_setting_forbids_it_nothing_is_offered() -> None:
    with Product(live_on_stage=False) as product:
        court = Court(product)
        try:
            spot = OnTheSpot(court)
            screening = str(court.told("/plan", {"title": "一月警示教育"})["id"])
            assert refused(court, f"/{screening}/live", {"mission": spot.mission}) == "live.forbidden"
            assert MATTER not in court.ask(f"/{screening}").text
        finally:
            court.close()

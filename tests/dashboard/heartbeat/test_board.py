"""The running product: a part that is frozen is on the board and in the journal; faults by one tap; the screens of one wall."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import websockets

from dashboard.heartbeat.parts import NAMES
from tests.running import Product

WAITS_S = 60.0  # generous: what is waited for comes within ten seconds on a quiet machine
TOLD = {"page": "wall", "browser": "Chrome 141", "rtt_ms": 12, "name": "王某", "lat": 23.1}


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product(owners=("relay=信息科王工", "*=技术值守")) as product:
        product.until_relay()
        yield product


class Ear:
    """One page's socket: what it was told last, rows merged."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.tick: dict[str, Any] = {}
        self.rows: dict[tuple[str, str], Any] = {}

    async def until(self, true: Callable[[], bool], what: str) -> None:
        """Raises TimeoutError."""
        until = time.monotonic() + WAITS_S
        while not true():
            if time.monotonic() > until:
                raise TimeoutError(what)
            async with asyncio.timeout(WAITS_S):
                said = await self.socket.recv()
            if isinstance(said, bytes):
                continue
            self._hear(json.loads(said))

    def _hear(self, said: dict[str, Any]) -> None:
        if said["type"] == "tick":
            self.tick = said
        elif said["type"] == "snapshot":
            self.rows = {(kind, id_): row for kind, of_kind in said["rows"].items() for id_, row in of_kind.items()}
        elif said["type"] == "rows":
            self.rows |= {(kind, id_): row for kind, id_, row in said["rows"]}

    async def say(self, **said: Any) -> None:
        await self.socket.send(json.dumps(said))

    def state(self, part: str) -> str | None:
        return next((each["state"] for each in self.tick.get("board", ()) if each["name"] == part), None)

    def troubles(self) -> set[str]:
        """Others may have some, too: the disk of this machine is nobody's test."""
        return {each["part"] for each in self.tick["troubles"]}

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [row for (of_kind, _), row in self.rows.items() if of_kind == kind and row is not None]


@asynccontextmanager
async def ear(product: Product, face: str, cookie: str) -> AsyncIterator[Ear]:
    headers = {"cookie": cookie, "origin": product.origin}
    async with websockets.connect(f"{product.live}?face={face}", additional_headers=headers, max_size=None) as socket:
        yield Ear(socket)


def wall(product: Product) -> Any:
    return ear(product, "wall", f"ecc_wall={product.seeded.wall}")


def desk(product: Product) -> Any:
    return ear(product, "desk", f"ecc_desk={product.seeded.desk}")


@pytest.mark.long  # one that is killed is below
async def test_a_part_that_freezes_is_on_the_board_and_in_the_journal_and_comes_back(product: Product) -> None:
    async with wall(product) as page:
        await page.say(type="board", on=True)
        await page.until(lambda: page.state("relay") == "up", "the relay is well")
        assert tuple(each["name"] for each in page.tick["board"]) == NAMES
        assert {each["owner"] for each in page.tick["board"]} == {"信息科王工", "技术值守"}
        assert "relay" not in page.troubles()
        product.freeze("relay")
        try:
            await page.until(lambda: page.state("relay") == "down", "the relay is down")
            assert "relay" in page.troubles()
            assert next(each["to_do"] for each in page.tick["board"] if each["name"] == "relay")
            await page.until(lambda: ("relay", "down") in [(row["name"], row["state"]) for row in page.of("part")], "told to the journal")
        finally:
            product.thaw("relay")
        await page.until(lambda: page.state("relay") == "up", "the relay is back")
        await page.until(lambda: ("relay", "up") in [(row["name"], row["state"]) for row in page.of("part")], "the journal knows")
        history = next(row["history"] for row in page.of("part") if row["name"] == "relay")
        assert [state for _, state in history][:2] == ["up", "down"]


async def test_jobs_that_are_killed_are_said_until_they_are_back(product: Product) -> None:
    async with wall(product) as page:
        await page.say(type="board", on=True)
        await page.until(lambda: page.state("jobs") == "up", "jobs are well")
        old = product.kill("jobs")
        product.until_started_again("jobs", old)
        await page.until(lambda: page.state("jobs") == "up", "jobs are back")


async def test_who_does_not_show_the_board_is_not_sent_it_and_a_phone_hears_nothing_of_it(product: Product) -> None:
    async with wall(product) as page:
        await page.until(lambda: bool(page.tick), "a tick")
        assert "board" not in page.tick
        assert "troubles" in page.tick
    headers = {"authorization": f"Bearer {product.seeded.devices[1001]}", "origin": product.origin}
    async with websockets.connect(f"{product.live}?face=field", additional_headers=headers, max_size=None) as socket:
        phone = Ear(socket)
        await phone.say(type="board", on=True)
        await phone.until(lambda: bool(phone.tick), "a tick")
        await phone.until(lambda: len(phone.rows) > 0, "its rows")
        assert not {"board", "troubles", "screens"} & set(phone.tick)
        assert phone.of("part") == phone.of("fault") == []


# --- faults ---


@pytest.fixture
async def client(product: Product) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=product.origin, headers={"origin": product.origin}) as client:
        yield client


def as_wall(product: Product) -> dict[str, str]:
    return {"cookie": f"ecc_wall={product.seeded.wall}"}


def as_desk(product: Product) -> dict[str, str]:
    return {"cookie": f"ecc_desk={product.seeded.desk}"}


async def test_one_tap_is_on_the_list_and_on_the_wall_until_somebody_closes_it(product: Product, client: httpx.AsyncClient) -> None:
    async with wall(product) as page, desk(product) as seat:
        await page.until(lambda: bool(page.rows), "a snapshot")
        answer = await client.post("/faults/report?face=wall", json={"snapshot": TOLD}, headers=as_wall(product))
        assert answer.status_code == 200, answer.text
        fault, number = answer.json()["id"], answer.json()["number"]
        assert number in answer.json()["text"]
        again = await client.post("/faults/report?face=wall", json={"snapshot": TOLD, "sentence": "左上角是黑的"}, headers=as_wall(product))
        assert again.json()["number"] == number
        await page.until(lambda: [row["state"] for row in page.of("fault")] == ["OPEN"], "the wall counts it")
        assert "sentence" not in page.of("fault")[0]
        listed = (await client.get("/faults/", headers=as_desk(product))).text
        assert all(each in listed for each in (number, "左上角是黑的", "Chrome 141"))
        assert "王某" not in listed
        assert (await client.post(f"/faults/{fault}/take", json={}, headers=as_desk(product))).json() == {"changed": True}
        await seat.until(lambda: [row["taken_by"] for row in seat.of("fault")] == ["王值班员"], "the desk sees who has it")
        closed = await client.post(f"/faults/{fault}/close", json={"remedy": "换了网线"}, headers=as_desk(product))
        assert closed.json() == {"changed": True}
        await page.until(lambda: [row["state"] for row in page.of("fault")] == ["CLOSED"], "the wall knows")
        assert "换了网线" in (await client.get("/faults/", headers=as_desk(product))).text
    logged = product.said() + "".join(file.read_text() for file in product.settings.log.glob("*") if file.is_file())
    assert not [said for said in ("左上角是黑的", "换了网线", "王某") if said in logged or json.dumps(said)[1:-1] in logged]


async def test_a_phone_and_a_desk_report_by_their_own_right_and_nobody_else_does(product: Product, client: httpx.AsyncClient) -> None:
    phone = {"authorization": f"Bearer {product.seeded.devices[1002]}"}
    assert (await client.post("/faults/report?face=field", json={"snapshot": {}}, headers=phone)).status_code == 200
    assert (await client.post("/faults/report?face=desk", json={"snapshot": {}}, headers=as_desk(product))).status_code == 200
    assert (await client.post("/faults/report?face=desk", json={"snapshot": {}})).status_code == 401
    assert (await client.post("/faults/report?face=desk", json={"snapshot": {}}, headers=as_wall(product))).status_code == 401
    foreign = as_desk(product) | {"origin": "https://elsewhere.example"}
    assert (await client.post("/faults/report?face=desk", json={"snapshot": {}}, headers=foreign)).status_code == 403
    assert (await client.get("/faults/", headers=as_wall(product))).status_code == 303


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"snapshot": "picture"}', b'{"snapshot": {}, "sentence": 7}', b"{}"])
async def test_nonsense_is_refused(product: Product, client: httpx.AsyncClient, body: bytes) -> None:
    headers = as_desk(product) | {"content-type": "application/json"}
    answer = await client.post("/faults/report?face=desk", content=body, headers=headers)
    assert answer.status_code == 400, answer.text


async def test_a_flood_is_bounded_and_says_when_to_come_again(product: Product, client: httpx.AsyncClient) -> None:
    huge = await client.post("/faults/report?face=wall", json={"snapshot": {"page": "x" * 3_000_000}}, headers=as_wall(product))
    assert huge.status_code == 413
    phone = {"authorization": f"Bearer {product.seeded.devices[1003]}"}
    numbers = {(await client.post("/faults/report?face=field", json={"snapshot": {}}, headers=phone)).json()["number"] for _ in range(20)}
    assert len(numbers) <= 2  # a tap within twenty seconds is the same report, however often


# --- several screens of one wall ---


async def test_a_screen_that_is_gone_is_missed_by_the_others_until_a_desk_takes_it_out(product: Product) -> None:
    wall_id = product.seeded.wall_id

    def screens(page: Ear) -> list[str]:
        return page.rows[("wall", wall_id)]["screens"] if ("wall", wall_id) in page.rows else []

    async with wall(product) as first, desk(product) as seat:
        await first.say(type="screen", screen="map")
        async with wall(product) as second:
            await second.say(type="screen", screen="video")
            await first.until(lambda: screens(first) == ["map", "video"], "both are in the set")
            await seat.until(lambda: set(seat.tick.get("screens", {}).get(wall_id, {})) == {"map", "video"}, "the desk sees both")
        await seat.until(lambda: set(seat.tick["screens"].get(wall_id, {})) == {"map"}, "one is gone")
        assert screens(first) == ["map", "video"]
        await first.until(lambda: set(first.tick.get("screens", {}).get(wall_id, {})) == {"map"}, "the other one knows")


async def test_a_screen_of_no_known_name_ends_the_socket(product: Product) -> None:
    async with wall(product) as page:
        await page.say(type="screen", screen="kitchen")
        with pytest.raises((websockets.ConnectionClosed, TimeoutError)):
            await page.until(lambda: False, "closed")

"""A wall before an audience: its own cookie opens nothing of the court any more, on any door, until a desk takes it back."""

import asyncio
import contextlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.typing import Origin

from data.actions.walls import take_back_wall
from data.rules.permissions import Actor, Role
from tests.running import Product
from tests.screenings import Court
from tests.servers import wait_until

CARD: dict[str, object] = {"title": "法律规定", "words": "自愿履行"}


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    with Product() as product:
        court = Court(product)
        yield court
        court.close()


@pytest.fixture
def staged(court: Court) -> Iterator[str]:
    """A screening whose stage is the wall."""
    screening = court.planned(CARD)
    court.told(f"/{screening}/wall", {"wall": court.product.seeded.wall_id})
    yield screening
    take_back(court)


def take_back(court: Court) -> None:
    """As the desk's key does: through Dash's door that verb is shown by the journey."""
    duty = Actor(kind="OFFICER", id="desk", role=Role.DUTY, court_code=court.product.settings.court_code)
    court.journal.do(duty, datetime.now(UTC), take_back_wall, court.product.seeded.wall_id)
    wait_until(
        lambda: as_wall(court, "/centre/wall").status_code == 200, "no wall again", 20
    )  # another process's word is heard in two seconds


def as_wall(court: Court, path: str, more: str = "") -> httpx.Response:
    cookie = f"ecc_wall={court.product.seeded.wall}" + (f"; ecc_stage={more}" if more else "")
    return court.web.get(path, headers={"cookie": cookie}, follow_redirects=False)


def token_of(court: Court) -> str:
    answer = as_wall(court, "/stage/wall")
    assert answer.status_code == 200, answer.text[:300]
    found = re.search(r"ecc_stage=([^;]+)", answer.headers["set-cookie"])
    assert found is not None
    return found[1]


def stage_socket(court: Court, cookie: str, wall: bool = True) -> connect:
    address = court.product.origin.replace("http", "ws", 1) + "/stage/live" + ("?wall" if wall else "")
    return connect(address, additional_headers={"cookie": cookie, "origin": court.product.origin})


async def item_of(live: ClientConnection) -> dict[str, object]:
    async with asyncio.timeout(20):
        while True:
            said = json.loads(await live.recv())
            if said["type"] == "stage" and said["item"]:
                return dict(said["item"])


def test_its_page_leads_to_the_stage_and_back(court: Court, staged: str) -> None:
    answer = as_wall(court, "/centre/wall")
    assert (answer.status_code, answer.headers["location"]) == (303, "/stage/wall")
    assert "腾退" not in as_wall(court, "/stage/wall").text
    take_back(court)
    assert as_wall(court, "/centre/wall").status_code == 200
    answer = as_wall(court, "/stage/wall")
    assert (answer.status_code, answer.headers["location"]) == (303, "/centre/wall")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/api/layers/area", "/api/openapi.json", "/centre/_dash-layout", "/centre/_dash-dependencies", "/replay"])
def test_no_other_door_knows_it(court: Court, staged: str, path: str) -> None:
    token = token_of(court)
    for cookie in (f"ecc_wall={court.product.seeded.wall}", f"ecc_wall={token}", f"ecc_desk={token}", f"ecc_stage={token}"):
        answer = court.web.get(path, headers={"cookie": cookie, "referer": f"{court.product.origin}/centre/wall"}, follow_redirects=False)
        assert answer.status_code in (303, 401), (cookie[:9], answer.status_code)


async def test_the_walls_own_line_ends_with_it_and_is_refused(court: Court) -> None:
    screening = await asyncio.to_thread(court.planned, CARD)
    cookie = {"cookie": f"ecc_wall={court.product.seeded.wall}"}
    origin, address = Origin(court.product.origin), f"{court.product.live}?face=wall"
    async with connect(address, origin=origin, additional_headers=cookie) as line:
        async with asyncio.timeout(30):
            while json.loads(await line.recv()).get("type") != "snapshot":
                pass
        await asyncio.to_thread(court.told, f"/{screening}/wall", {"wall": court.product.seeded.wall_id})
        async with asyncio.timeout(20):
            with contextlib.suppress(ConnectionClosedError):
                async for _ in line:
                    pass
        assert line.close_code == 4403
    with pytest.raises(InvalidStatus) as refused:
        async with connect(address, origin=origin, additional_headers=cookie):
            pass
    assert refused.value.response.status_code == 401
    await asyncio.to_thread(take_back, court)
    async with connect(address, origin=origin, additional_headers=cookie) as line:
        assert json.loads(await line.recv())["type"] == "hello"


async def test_it_shows_the_programme_and_waits_for_a_desk_when_that_is_over(court: Court, staged: str) -> None:
    token = await asyncio.to_thread(token_of, court)
    async with stage_socket(court, f"ecc_stage={token}") as live:
        await asyncio.to_thread(court.told, f"/{staged}/begin", {})  # the wall is its stage: no link is needed
        await asyncio.to_thread(court.told, f"/{staged}/show", {"position": 0})
        assert (await item_of(live))["title"] == CARD["title"]
        await asyncio.to_thread(court.told, f"/{staged}/end", {})
        async with asyncio.timeout(20):
            while json.loads(await live.recv()) != {"type": "stage", "black": False, "item": None}:
                pass
        await live.send("still here")
        assert json.loads(await asyncio.wait_for(live.recv(), 20))["type"] == "beat", "the court's card, and it stays"
    both = f"ecc_wall={court.product.seeded.wall}; ecc_stage={token}"
    await asyncio.to_thread(take_back, court)
    async with stage_socket(court, both) as live:
        assert json.loads(await asyncio.wait_for(live.recv(), 20)) == {"type": "wall"}


async def test_a_stage_by_link_never_goes_to_a_wall(court: Court) -> None:
    """Also when this browser was once a wall: its audience would see the map."""
    screening = await asyncio.to_thread(court.planned, CARD)
    stage = await asyncio.to_thread(court.stage_of, screening)
    for part in ("begin", "end"):
        await asyncio.to_thread(court.told, f"/{screening}/{part}", {})
    with pytest.raises((InvalidStatus, ConnectionClosedError)):
        async with stage_socket(court, f"ecc_wall={court.product.seeded.wall}; ecc_stage={stage}", wall=False) as live:
            await asyncio.wait_for(live.recv(), 20)


def test_a_wall_that_is_none_opens_no_stage(court: Court, staged: str) -> None:
    for cookie in ("", f"ecc_wall={court.product.seeded.desk}", "ecc_wall=unknown", f"ecc_desk={court.product.seeded.desk}"):
        answer = court.web.get("/stage/wall", headers={"cookie": cookie}, follow_redirects=False)
        assert answer.status_code == 303
        assert "set-cookie" not in answer.headers


def test_the_host_is_told_which_walls_there_are(court: Court, staged: str) -> None:
    other = court.planned(CARD)
    wall = {"id": court.product.seeded.wall_id, "name": "指挥大厅", "staged": True}
    assert court.told(f"/{staged}/state")["walls"] == [wall | {"here": True}]
    assert court.told(f"/{staged}/state")["stage"] is True
    assert court.told(f"/{other}/state")["walls"] == [wall | {"here": False}]
    refused = court.ask(f"/{other}/wall", {"wall": wall["id"]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "wall.on_stage")
    assert court.ask(f"/{other}/wall", {"wall": 3}).status_code == 400

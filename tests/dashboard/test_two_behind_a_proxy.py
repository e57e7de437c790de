"""Two web processes behind the samples in real nginx and Caddy, on PostgreSQL: one goes, and whoever comes is served by the other."""

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import func, select
from ulid import ULID
from websockets.asyncio.client import connect
from websockets.typing import Origin

from data.tables import EntryRow
from tests.dashboard.test_live import View, instant
from tests.journeys.senders import fix
from tests.proxies import Proxy, trusting
from tests.servers import PostgresServer, need, wait_until
from tests.webs import TwoBehind

pytestmark = [pytest.mark.timeout(240), pytest.mark.postgres]


@pytest.fixture(scope="module")
def product(_cluster: PostgresServer) -> Iterator[TwoBehind]:
    with TwoBehind(database_url=_cluster.create_database(f"two_{ULID()}".lower())) as product:
        yield product


BOTH = pytest.mark.parametrize("proxy", ["nginx", "caddy"], indirect=True)
CADDY_LONG = pytest.mark.parametrize("proxy", ["nginx", pytest.param("caddy", marks=pytest.mark.long)], indirect=True)


@pytest.fixture(scope="module", autouse=True)
def proxy(request: pytest.FixtureRequest, product: TwoBehind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    kind: str = request.param
    need(shutil.which(kind, path="/usr/sbin:/usr/bin") is not None, kind)
    folder = tmp_path_factory.mktemp(kind)
    folder.parent.chmod(0o755)  # nginx gives its workers to another user
    folder.chmod(0o777)
    started = Proxy(kind, product, folder)
    yield started
    started.close()


@pytest.fixture
async def web(product: TwoBehind) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=product.public, verify=trusting(), timeout=30) as web:
        yield web


async def press(web: httpx.AsyncClient, token: str, door: str, body: dict[str, Any]) -> int:
    """As a phone does: the same words again until they are answered. Returns how often it had to ask."""
    for attempt in range(300):
        with contextlib.suppress(httpx.HTTPError):
            answer = await web.post(f"/ingest/{door}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=5)
            if answer.status_code in (200, 202):
                return attempt + 1
            assert answer.status_code >= 500, answer.text
        await asyncio.sleep(0.05)
    raise AssertionError("nobody answered")


@contextlib.asynccontextmanager
async def wall_of(product: TwoBehind) -> AsyncIterator[View]:
    address = f"{product.public.replace('https', 'wss', 1)}/live?face=wall"
    headers = {"Cookie": f"ecc_wall={product.seeded.wall}"}
    async with connect(address, additional_headers=headers, origin=Origin(product.public), ssl=trusting(), max_size=None) as socket:
        yield View(socket)


async def rings_on_a_wall(product: TwoBehind, id_: str) -> None:
    """Whichever process it comes to, and again when that one goes."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(Exception):
                async with wall_of(product) as wall:
                    await wall.until(lambda: id_ in wall.rows.get("call", {}), 5)
                    return
            await asyncio.sleep(0.2)


@BOTH
async def test_nothing_needs_to_stay_with_one_of_them(product: TwoBehind, web: httpx.AsyncClient, proxy: Proxy) -> None:
    """A phone, a desk and a wall whose requests go to both in turn."""
    token = product.seeded.devices[1001]
    desk = {"cookie": f"ecc_desk={product.seeded.desk}", "origin": product.public}
    for _ in range(10):
        assert (await web.get("/centre/desk", headers=desk)).status_code == 200
        said = await web.post("/ingest/positions", json={"fixes": [fix()]}, headers={"Authorization": f"Bearer {token}"})
        assert len(said.json()["accepted"]) == 1, said.text
    form = {"username": f"nobody-{proxy.plain_port}", "password": "not the password"}
    found = [(await web.post("/sign-in", data=form, headers={"origin": product.public})).status_code for _ in range(8)]
    assert found == [401] * 6 + [429] * 2


@CADDY_LONG
async def test_a_page_is_whole_whichever_process_its_parts_come_from(product: TwoBehind, web: httpx.AsyncClient, browser: Browser) -> None:
    """A wall and a desk in a browser: calls are pressed at both processes, taken, answered and ended by the desk's keys."""
    pages = []
    for face, token in (("wall", product.seeded.wall), ("desk", product.seeded.desk)):
        context = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN", ignore_https_errors=True)
        await context.add_cookies([{"name": f"ecc_{face}", "value": token, "url": product.public}])
        pages.append(page := await context.new_page())
        await page.goto(f"{product.public}/centre/{face}")
        await expect(page.locator('[data-panel="system"]')).to_have_attribute("data-state", "live")
    wall, desk = pages
    for unit in (1001, 1002):
        id_ = str(ULID())
        for _ in range(2):  # to one, and once more to the other
            await press(web, product.seeded.devices[unit], "calls", {"id": id_, "t": instant(), "fix": None})
        card, listed = wall.locator(f'[data-call="{id_}"]'), desk.locator(f'[data-call="{id_}"]')
        await expect(card).to_have_attribute("data-state", "ringing")
        await expect(listed).to_have_attribute("data-owner", "nobody")
        await desk.keyboard.press("1")
        await expect(listed).to_have_attribute("data-owner", "me")  # the row may come later than the answer, by the other process
        await desk.keyboard.press("2")
        await expect(listed).to_have_attribute("data-state", "ANSWERED")
        await desk.keyboard.press("3")
        await expect(card).to_have_count(0)


@pytest.mark.long  # the same without a proxy: test_two_webs.py
@CADDY_LONG
async def test_one_killed_while_calls_are_pressed_loses_none_and_doubles_none(product: TwoBehind, web: httpx.AsyncClient) -> None:
    pressed: list[str] = []

    async def officer(unit: int) -> None:
        token = product.seeded.devices[unit]
        for _ in range(10):
            pressed.append(id_ := str(ULID()))
            await press(web, token, "calls", {"id": id_, "t": instant(), "fix": None})
            await press(web, token, "calls/end", {"id": id_})

    pressing = [asyncio.create_task(officer(unit)) for unit in (1001, 1002, 1003)]
    await asyncio.sleep(0.5)
    old = product.kill("web")
    await asyncio.gather(*pressing)
    await asyncio.to_thread(product.until_started_again, "web", old)
    await asyncio.to_thread(wait_until, lambda: product.a.ready(), "the first is not back", 60)
    database = product.database()
    with database.reading() as session:
        rang = select(func.count()).select_from(EntryRow).where(EntryRow.kind == "call.ringing", EntryRow.subject_id.in_(pressed))
        assert session.scalar(rang) == len(pressed) == 30
    database.close()


@BOTH
@pytest.mark.long
async def test_one_that_is_frozen_is_left_out_and_whoever_comes_is_served(product: TwoBehind, web: httpx.AsyncClient) -> None:
    old, token = product.pids()["web"], product.seeded.devices[1004]
    os.kill(old, signal.SIGSTOP)
    began = time.monotonic()
    for _ in range(6):  # as the pages do when their socket is silent
        assert (await web.get("/healthz", timeout=10)).status_code == 200
    answered_s = time.monotonic() - began
    assert answered_s < 8, "each look hangs at the frozen one"  # one second once, then it is left out
    id_ = str(ULID())
    await press(web, token, "calls", {"id": id_, "t": instant(), "fix": None})
    await rings_on_a_wall(product, id_)
    await press(web, token, "calls/end", {"id": id_})
    await asyncio.to_thread(product.until_started_again, "web", old)  # ended and begun again, nobody has to
    await asyncio.to_thread(wait_until, lambda: product.a.ready(), "the first is not back", 60)
    async with wall_of(product) as wall:
        await wall.until(lambda: wall.tick and wall.tick["parts"]["web"]["up"])

"""The wall and the desk in real browsers, fed through the public doors: what moves, who calls, what is gone."""

import asyncio
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from playwright.async_api import Browser, Page, expect
from ulid import ULID

from tests.journeys.faces import Faces
from tests.journeys.wall_sizes import OUTSIDE
from tests.running import Product

UNIT = 1001
PLACE = (40.07, 101.83)
SMALLEST = """() => { let least = 99; const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) { const e = walk.currentNode.parentElement, b = e.getBoundingClientRect();
    if (!walk.currentNode.textContent.trim() || !b.width || !b.height || !e.checkVisibility()) continue;
    least = Math.min(least, parseFloat(getComputedStyle(e).fontSize)); }
  return least; }"""


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture(scope="module")
async def pages(_chromium: Callable[[], Awaitable[Browser]], product: Product) -> AsyncIterator[Faces]:
    async with Faces(_chromium, product) as pages:
        yield pages


@pytest.fixture
async def faces(pages: Faces, product: Product) -> AsyncIterator[tuple[Page, Page]]:
    """A wall and a desk, each in a browser of its own; what went wrong in them fails the test."""
    yield await pages.open("wall", product.seeded.wall), await pages.open("desk", product.seeded.desk)
    await pages.rest()


def send(product: Product, door: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {product.seeded.devices[UNIT]}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{product.origin}/ingest/{door}", orjson.dumps(body), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        told: dict[str, Any] = orjson.loads(answer.read())
    return told


def moment() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fix(lat: float, lon: float) -> dict[str, Any]:
    return {"id": str(ULID()), "t": moment(), "lat": lat, "lon": lon, "src_crs": "WGS84", "accuracy_m": 8, "provider": "GPS", "mock": False}


async def where(wall: Page) -> dict[str, Any] | None:
    place: dict[str, Any] | None = await wall.evaluate(f"ecc.where('{UNIT}')")
    return place


async def until(wall: Page, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Where the unit is drawn, once that is as wanted. Asked from outside: the page's policy lets nobody evaluate strings in it."""
    async with asyncio.timeout(20):
        while True:
            place = await where(wall)
            if place is not None and wanted(place):
                return place
            await asyncio.sleep(0.1)


async def test_a_fix_from_a_device_is_drawn_and_moves_on_the_wall(faces: tuple[Page, Page], product: Product) -> None:
    wall, _ = faces
    assert await wall.evaluate("ecc.where('999999')") is None
    assert len(send(product, "positions", {"fixes": [fix(*PLACE)]})["accepted"]) == 1
    before = await until(wall, lambda place: place["drawn_at"] > 0)
    assert before["state"] == "online"
    assert before["cell"] is False
    send(product, "positions", {"fixes": [fix(PLACE[0] + 0.001, PLACE[1])]})
    await until(wall, lambda place: place["fix_at"] > before["fix_at"] and place["y"] < before["y"])


async def test_a_call_rings_on_both_faces_and_the_desk_owns_it_by_one_key(faces: tuple[Page, Page], product: Product) -> None:
    wall, desk = faces
    call_id = str(ULID())
    first = send(product, "calls", {"id": call_id, "t": moment(), "fix": None})
    assert send(product, "calls", {"id": call_id, "t": moment(), "fix": None}) == first
    card = wall.locator(f'[data-call="{call_id}"]')
    await expect(card).to_have_attribute("data-state", "ringing", timeout=15_000)
    await expect(desk.locator(f'[data-call="{call_id}"]')).to_have_attribute("data-owner", "nobody", timeout=15_000)
    await desk.keyboard.press("1")
    await expect(card).to_have_attribute("data-state", "taken", timeout=15_000)
    await expect(desk.locator("#notice")).to_have_text("已由您处理。")
    await desk.keyboard.press("2")
    await expect(desk.locator("#notice")).to_have_text("已接听。")
    await desk.keyboard.press("3")
    await expect(card).to_have_count(0, timeout=15_000)


async def test_an_alarm_takes_the_wall_until_somebody_resolves_it(faces: tuple[Page, Page], product: Product) -> None:
    wall, desk = faces
    send(product, "sos", {"id": str(ULID()), "t": moment(), "fix": None})
    alarm = wall.locator('[data-panel="alarm"]')
    await expect(alarm).to_be_visible(timeout=15_000)
    await expect(alarm).to_contain_text("无人接手")
    send(product, "positions", {"fixes": [fix(*PLACE) | {"accuracy_m": 23}]})  # since the press: where he is now is what counts
    await expect(alarm).to_contain_text("误差 23 米", timeout=15_000)
    for keys, said in (("1", "已由您处理。"), ("2", "已登记派出支援。"), ("33", "已解除。")):  # what cannot be undone is pressed twice
        for key in keys:
            await desk.keyboard.press(key)
        await expect(desk.locator("#notice")).to_have_text(said, timeout=15_000)
    await expect(alarm).to_be_hidden(timeout=15_000)


LAID_OUT = """(() => { const { offsetWidth, offsetHeight } = document.querySelector('#wall, #desk');
  return [offsetWidth * 9 / 16, offsetHeight]; })()"""


async def test_nothing_on_the_wall_is_too_small_or_outside(faces: tuple[Page, Page]) -> None:
    for page in faces:
        assert await page.evaluate(SMALLEST) >= 20
        assert await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [1920, 1080]


@pytest.mark.parametrize(("width", "height"), [(1366, 650), (1440, 900)])
async def test_a_smaller_window_shows_the_same_drawing_smaller(faces: tuple[Page, Page], width: int, height: int) -> None:
    for page in faces:
        await page.set_viewport_size({"width": width, "height": height})
        await expect(page.locator("html")).not_to_have_css("zoom", "1")
        assert await page.evaluate(OUTSIDE) == []
        assert await page.evaluate("[innerWidth, innerHeight]") == [width, height]
        assert min(await page.evaluate(LAID_OUT)) >= 1078  # of a window of 1920 by 1080, rounded
        await page.set_viewport_size({"width": 1920, "height": 1080})
        await expect(page.locator("html")).to_have_css("zoom", "1")


@pytest.mark.long  # as test_wall.py
async def test_a_layout_that_is_not_in_use_says_so(faces: tuple[Page, Page]) -> None:
    wall = faces[0]
    await wall.keyboard.press("4")
    await expect(wall.locator("#toast")).to_have_text("布局 4 尚未启用")
    await wall.keyboard.press("3")
    await expect(wall.locator("#wall")).to_have_attribute("data-layout", "3")


async def test_the_desk_puts_the_wall_into_visitors_mode(faces: tuple[Page, Page], product: Product) -> None:
    wall, desk = faces
    send(product, "positions", {"fixes": [fix(*PLACE)]})
    guests = desk.locator(".wall-row").first.get_by_role("button", name="来宾模式")
    await guests.click()
    await expect(wall.locator("#wall")).to_have_attribute("data-visitors", "true", timeout=15_000)
    assert await where(wall) is None
    await expect(guests).to_have_attribute("aria-pressed", "true", timeout=15_000)  # the desk hears of it by itself, and may be later
    await guests.click()
    await expect(wall.locator("#wall")).to_have_attribute("data-visitors", "false", timeout=15_000)


@pytest.mark.long  # the wall alone shows it in test_wall.py
@pytest.mark.parametrize(("part", "said"), [("web", "网页服务无响应"), ("bus", "总线中断")])
async def test_the_wall_says_which_part_is_frozen_and_heals_by_itself(
    faces: tuple[Page, Page], product: Product, part: str, said: str
) -> None:
    wall = faces[0]
    system = wall.locator('[data-panel="system"]')
    product.freeze(part)
    try:
        await expect(system).to_contain_text(said, timeout=15_000)
    finally:
        product.thaw(part)
    await expect(system).not_to_contain_text(said, timeout=20_000)
    await expect(system).to_have_attribute("data-state", "live", timeout=20_000)


async def test_a_killed_server_comes_back_and_the_wall_with_it(faces: tuple[Page, Page], product: Product) -> None:
    wall = faces[0]
    old = product.kill("web")
    await expect(wall.locator("#wall")).to_have_attribute("data-connection", "lost", timeout=15_000)
    product.until_started_again("web", old)
    await expect(wall.locator("#wall")).to_have_attribute("data-connection", "live", timeout=30_000)

"""Several who publish, in real browsers: one live and the others stills, four live, one alone; an alarm before all of them."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, Page, expect
from ulid import ULID

from data.actions.sos import acknowledge_sos, resolve_sos
from data.actions.walls import steer_wall
from tests.journeys.faces import Faces
from tests.journeys.senders import fix, iso, send
from tests.journeys.test_picture import centre_page, phone_page, until_it_plays
from tests.journeys.test_wall_stage import do
from tests.journeys.waiting import until_true
from tests.journeys.wall_sizes import fits
from tests.running import Product

pytestmark = pytest.mark.timeout(600)
LONG = 60_000  # a shared machine encodes and decodes several pictures at once
FIRST, SECOND = 1001, 1002  # of 一组 and 二组
# Live pictures that are decoded now: a video with a stream, whichever place it has.
LIVE = "() => [...document.querySelectorAll('video')].filter((v) => v.srcObject).length"
LIT = """(where) => { const c = document.querySelector(where); if (!c || c.width < 100) return 0;
  const data = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; return new Set(data).size; }"""

CUT = """([width, height]) => {
  const card = document.querySelector('.thumb');
  Object.assign(card.querySelector('canvas'), { width, height });
  return card.scrollHeight - card.clientHeight;
}"""


@pytest.fixture(scope="module")
async def faces(_chromium: Callable[[], Awaitable[Browser]], product: Product) -> AsyncIterator[Faces]:
    async with Faces(_chromium, product) as faces:
        yield faces


@pytest.fixture(scope="module")
async def phones(_chromium: Callable[[], Awaitable[Browser]], product: Product) -> AsyncIterator[list[Page]]:
    """Two officers who call, one after the other, and send through the whole file; the first one's picture has the stage."""
    phones: list[Page] = []
    for unit in (FIRST, SECOND):
        phones.append(await phone_page(await _chromium(), product, unit=unit))
        await phones[-1].locator("[data-act=call]").tap()
        await expect(phones[-1].locator("#picture-state")).to_have_text("画面已送达指挥中心", timeout=LONG)
    yield phones
    for phone in phones:
        await phone.context.close()


@pytest.fixture
async def wall(faces: Faces, product: Product, phones: list[Page]) -> AsyncIterator[Page]:
    await do(product, steer_wall, product.seeded.wall_id, layout=1, grid="main")
    page = await faces.open("wall", product.seeded.wall)
    await plays(page, "#tile video")
    yield page
    await faces.rest()


async def plays(page: Page, where: str) -> None:
    await until_it_plays(page, where, seconds=LONG / 1000)


async def seconds(page: Page) -> int:
    said = await page.locator(".thumb .age").inner_text()
    found = re.search(r"\d+", said)
    assert found is not None, said
    return int(found[0])


async def test_two_by_two_shows_both_live_and_an_alarm_takes_the_stage(product: Product, wall: Page) -> None:
    await expect(wall.locator(".thumb")).to_be_visible(timeout=LONG)
    await wall.keyboard.press("v")
    await expect(wall.locator("#wall")).to_have_attribute("data-grid", "quad", timeout=LONG)
    await plays(wall, "#cell-1 video")
    await plays(wall, "#tile video")
    assert await wall.evaluate(LIVE) == 2
    await expect(wall.locator(".thumb")).to_have_count(0, timeout=LONG)
    await expect(wall.locator("#cell-words-1")).to_contain_text("二组", timeout=LONG)
    await expect(wall.locator("#cell-words-1 .chip")).to_contain_text("kbit/s", timeout=LONG)
    await expect(wall.locator("#cell-words-2")).to_have_text("没有其他画面", timeout=LONG)
    assert await wall.evaluate("() => document.querySelector('#cell-1 video').muted")
    await fits(wall)
    alarm = str(ULID())
    await send(product, "sos", {"id": alarm, "t": iso(datetime.now(UTC)), "fix": fix()}, 1003)
    await expect(wall.locator("#wall")).to_have_attribute("data-stage", "sos", timeout=LONG)
    await expect(wall.locator("#cells")).to_be_hidden(timeout=LONG)
    await expect(wall.locator("#tile")).to_be_hidden(timeout=LONG)
    await until_true(wall, f"({LIVE})() === 0")
    await fits(wall)
    await do(product, acknowledge_sos, alarm)
    await do(product, resolve_sos, alarm)
    await plays(wall, "#cell-1 video")


async def test_the_desk_puts_one_picture_alone_on_a_wall_and_then_a_still_beside_it(browser: Browser, product: Product, wall: Page) -> None:
    desk = await centre_page(browser, product, "desk")
    await expect(desk.locator(".grid-key")).to_have_text("V一大多小", timeout=LONG)
    await desk.keyboard.press("v")
    await expect(desk.locator(".grid-key")).to_have_text("V四宫格", timeout=LONG)
    await plays(wall, "#cell-1 video")
    await desk.keyboard.press("v")
    await expect(wall.locator("#wall")).to_have_attribute("data-grid", "single", timeout=LONG)
    await plays(wall, "#tile video")
    assert await wall.evaluate(LIVE) == 1
    await expect(wall.locator("#cells")).to_be_hidden(timeout=LONG)
    await fits(wall)
    await desk.keyboard.press("v")
    await expect(wall.locator(".thumb")).to_be_visible(timeout=LONG)
    await desk.context.close()


async def test_before_visitors_there_is_no_picture_and_no_still(product: Product, wall: Page) -> None:
    await expect(wall.locator(".thumb")).to_be_visible(timeout=LONG)
    asked: list[str] = []
    wall.on("request", lambda request: asked.append(request.url) if "/media/" in request.url and request.method == "GET" else None)
    await do(product, steer_wall, product.seeded.wall_id, layout=8)
    await expect(wall.locator(".thumb")).to_have_count(0, timeout=LONG)
    await until_true(wall, f"({LIVE})() === 0")
    asked.clear()
    await asyncio.sleep(3)
    assert asked == []
    call, stream = await wall.evaluate(
        """async () => { const { all } = await import('/centre/assets/modules/state.mjs');
        const part = all('participant').find((one) => one.kind === 'FIELD' && one.state === 'IN');
        return part ? [part.call_id, `${part.call_id}.${part.id}`] : ['', '']; }"""
    )
    if call:  # hidden from guests altogether, or, while the row is still there, refused
        said = await wall.evaluate(
            """async ([call, stream]) => (await fetch('/api/media/tokens?face=wall', { method: 'POST',
            headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ call, right: 'view', stream }) })).status""",
            [call, stream],
        )
        assert said == 403
    await do(product, steer_wall, product.seeded.wall_id, layout=1)
    await expect(wall.locator(".thumb")).to_be_visible(timeout=LONG)


@pytest.mark.long  # a call and an alarm are shown at 2160p in test_wall_stage.py
async def test_the_stills_fit_a_wall_of_twice_the_pixels(browser: Browser, product: Product, phones: list[Page]) -> None:
    await do(product, steer_wall, product.seeded.wall_id, layout=1, grid="main")
    context = await browser.new_context(viewport={"width": 1920, "height": 1080}, device_scale_factor=2, locale="zh-CN")
    await context.add_cookies([{"name": "ecc_wall", "value": product.seeded.wall, "url": product.origin}])
    page = await context.new_page()
    await page.goto(f"{product.origin}/centre/wall")
    await expect(page.locator(".thumb")).to_be_visible(timeout=LONG)
    await fits(page)
    await page.keyboard.press("v")
    await plays(page, "#cell-1 video")
    await fits(page)
    await context.close()


async def test_the_second_call_is_a_still_whose_age_grows_while_the_first_goes_on_live(wall: Page, phones: list[Page]) -> None:
    """The last one: the second phone is closed in it."""
    thumb = wall.locator(".thumb")
    await expect(thumb).to_be_visible(timeout=LONG)
    await expect(thumb).to_contain_text("二组", timeout=LONG)
    await expect(thumb).to_contain_text("静态", timeout=LONG)
    await expect(thumb).to_contain_text("录制中", timeout=LONG)
    assert await wall.evaluate(LIT, ".thumb canvas") > 20
    assert await wall.evaluate(LIVE) == 1
    await expect(phones[1].locator("#picture-watchers")).to_contain_text("指挥大厅", timeout=LONG)  # the officer sees that he is looked at
    await fits(wall)
    assert await wall.evaluate(CUT, [480, 640]) == 0, "a picture of any shape leaves its words in the card"
    await phones[1].close()
    await expect(wall.locator('.thumb[data-old="true"] .age')).to_contain_text("画面中断", timeout=LONG)
    before = await seconds(wall)
    async with asyncio.timeout(30):
        while await seconds(wall) < before + 2:
            await asyncio.sleep(0.5)
    await plays(wall, "#tile video")

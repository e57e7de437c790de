"""kill -9 of the web process in a call, and nobody starts it again for a while: picture, recording and phone do without it."""

import asyncio
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.journeys.test_picture import PLAYS, SOON, centre_page, end, phone_page, until_it_plays
from tests.journeys.waiting import until_true
from tests.running import Product

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        product.until_relay()
        yield product


async def frames(wall: Page) -> int:
    count: int = await wall.evaluate(PLAYS, "#tile video")
    return count


def gone(product: Product) -> bool:
    """Nobody answers, or only the proxy before it."""
    return product.status("/healthz") in (0, 502)


def recorded(product: Product) -> int:
    """Bytes on the disk, whatever the segment."""
    return sum(file.stat().st_size for file in product.settings.recordings.rglob("*") if file.is_file())


async def until_recorded(product: Product, more: int = 50_000) -> None:
    before = recorded(product)
    async with asyncio.timeout(60):
        while recorded(product) < before + more:
            await asyncio.sleep(0.2)


@pytest.mark.long  # the picture that goes on: test_media.py; what a phone owes meanwhile: test_phone_and_centre.py
async def test_a_call_goes_on_without_the_web_process_and_a_phone_that_reloads_meanwhile_sends_again(
    browser: Browser, product: Product
) -> None:
    wall, phone = await centre_page(browser, product, "wall"), await phone_page(browser, product)
    await until_true(phone, "navigator.serviceWorker.controller !== null")
    await phone.locator("[data-act=call]").tap()
    await until_it_plays(wall, "#tile video")
    await expect(phone.locator("#picture-state")).to_have_text("画面已送达指挥中心")
    await until_recorded(product)
    product.freeze("supervisor")  # it would start another one within a second
    try:
        for part in [name for name in product.pids() if name.startswith("web")]:
            product.kill(part)
        await expect(wall.locator('[data-panel="system"]')).to_contain_text("网页服务无响应", timeout=SOON)
        assert gone(product)
        await until_it_plays(wall, "#tile video", 60)
        await until_recorded(product)

        shown = await frames(wall)
        await phone.reload()
        assert gone(product)
        await expect(phone.locator("#picture-state")).to_have_text("画面已送达指挥中心", timeout=SOON)
        assert await frames(wall) >= shown, "the wall's own line was never let go"
        await until_it_plays(wall, "#tile video", 60)
        await until_recorded(product)
        assert gone(product)
    finally:
        product.thaw("supervisor")
    await expect(wall.locator("#wall")).to_have_attribute("data-connection", "live", timeout=60_000)
    await until_it_plays(wall, "#tile video", 30)
    await expect(wall.locator(".call.staged")).to_be_visible()
    await expect(phone.locator("#picture-state")).to_have_text("画面已送达指挥中心", timeout=SOON)
    await end(phone, wall)

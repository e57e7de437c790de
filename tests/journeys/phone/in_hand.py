"""A phone in an officer's hand: its page opened, held and waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, BrowserContext, Geolocation, Page, expect

from tests.journeys.scripted_centre import Centre

TOWN: Geolocation = {"latitude": 22.8001, "longitude": 113.3001}
# A receiver that stands still as real ones do: the watch is silent, a question gives a fresh measurement. Chromium's own repeats the old.
STANDING = """
    const fresh = () => ({ timestamp: Date.now(), coords: { latitude: 22.8, longitude: 113.3, accuracy: 6, speed: null, heading: NaN } });
    Geolocation.prototype.watchPosition = (found) => { found(fresh()); return 7; };
    Geolocation.prototype.getCurrentPosition = (found) => setTimeout(() => found(fresh()), 100);
"""
MISSIONS = {
    "m1": {"id": "m1", "matter": "腾退厂房", "place": "东塘镇 工业路", "state": "EN_ROUTE", "planned_from_at": 1_790_000_000_000},
    "m2": {"id": "m2", "matter": "送达文书", "place": "南洲街道", "state": "ASSIGNED", "planned_from_at": 1_790_010_000_000},
}


@asynccontextmanager
async def a_phone(browser: Browser, size: tuple[int, int] = (390, 844), **options: Any) -> AsyncIterator[BrowserContext]:
    """A phone in the hand of an officer who has allowed the position."""
    options = {"permissions": ["geolocation"], "geolocation": TOWN} | options
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=2,
        has_touch=True,
        is_mobile=True,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        **options,
    )
    yield context
    await context.close()


async def open_page(phone: BrowserContext, centre: Centre, *, clock: bool = False) -> Page:
    """The page after the QR code, signed in and listening. clock: the phone's clock can be moved forward."""
    page = await phone.new_page()
    if clock:
        await page.clock.install()
    await page.goto(centre.origin + "/enrol")
    await expect(page.locator("body")).to_have_attribute("data-state", "ready")
    await expect(page.locator("#watchers")).to_have_text("无人在看")  # the first tick has come
    return page


async def until(true: Callable[[], Any], seconds: float = 15) -> None:
    """Waits, generously, until something is so."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.05)


async def hold(page: Page, seconds: float, selector: str = "[data-act=sos]") -> None:
    box = await page.locator(selector).bounding_box()
    assert box
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.mouse.down()
    await asyncio.sleep(seconds)
    await page.mouse.up()


async def still(page: Page) -> None:
    """The page's clock stands from now on and goes as far as it is told, to the millisecond, on however busy a machine."""
    await page.clock.pause_at(await page.evaluate("Date.now()") + 2000)


async def press(page: Page) -> None:
    """A finger comes down on the alarm's zone and stays, while the page's clock stands."""
    box = await page.locator("[data-act=sos]").bounding_box()
    assert box
    await page.mouse.move(box["x"] + 60, box["y"] + 50)
    await still(page)
    await page.mouse.down()


async def on_duty(page: Page, centre: Centre) -> None:
    await page.locator("[data-act=duty]").tap()
    await until(lambda: centre.received["duty"])
    await until(lambda: centre.fixes)

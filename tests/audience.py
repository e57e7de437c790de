"""The browser before an audience, opened as a host opens it; a tap on its line hears every byte that it receives."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, async_playwright

from tests.conftest import CHROMIUM, CHROMIUM_FLAGS, HEADLESS
from tests.faulty_proxy import FaultyProxy
from tests.screenings import Court

BLACK = "() => document.body.dataset.screen === 'black' && !document.querySelector('#picture').getAttribute('src')"
NEUTRAL = "() => document.body.dataset.screen === 'neutral' && !document.querySelector('#picture').getAttribute('src')"
PLAYS = "() => !document.querySelector('#picture').paused && document.querySelector('#picture').currentTime > 0"
# Notes the animation frame after the one in which the stage was black, or the court's card again, and silent.
WATCH = """() => {
  window.eccSeen = [];
  let before = '';
  const look = () => {
    const picture = document.querySelector('#picture');
    const silent = picture.muted && picture.paused && !picture.getAttribute('src');
    const now = document.body.dataset.screen + (silent ? '' : ' sounding');
    if (now !== before) { before = now; requestAnimationFrame(() => eccSeen.push([now, Date.now()])); }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


@contextlib.asynccontextmanager
async def tapped(court: Court) -> AsyncIterator[tuple[Browser, FaultyProxy]]:
    """A browser all of whose bytes from the court pass a tap, which can also cut the line. Nothing is compressed on the way."""
    origin = urlsplit(court.product.origin)
    async with FaultyProxy(str(origin.hostname), origin.port) as tap, async_playwright() as playwright:
        tap.listens = True
        flags = [*CHROMIUM_FLAGS, f"--host-resolver-rules=MAP {origin.netloc} {origin.hostname}:{tap.port}"]
        flags += ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=HEADLESS if HEADLESS.exists() else CHROMIUM, args=flags)
        try:
            yield browser, tap
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def two_browsers() -> AsyncIterator[tuple[Browser, Browser]]:
    """Two that share nothing, as the host's machine and the one before the audience."""
    flags = [*CHROMIUM_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        first, second = [await playwright.chromium.launch(executable_path=CHROMIUM, args=flags) for _ in range(2)]
        yield first, second
        await first.close()
        await second.close()


async def open_stage(browser: Browser, court: Court, screening: str) -> Page:
    """A browser context of its own, by the one-time link."""
    link = (await asyncio.to_thread(court.told, f"/{screening}/stage", {}))["link"]
    context = await browser.new_context(
        locale="zh-CN", viewport={"width": 1920, "height": 1080}, extra_http_headers={"accept-encoding": "identity"}
    )
    page = await context.new_page()
    await page.goto(link)
    await page.locator("button").click()
    await page.wait_for_url("**/stage/")
    await page.evaluate(WATCH)
    return page


async def open_host(browser: Browser, court: Court, screening: str) -> Page:
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1920, "height": 1080})
    await context.add_cookies([{"name": "ecc_desk", "value": court.product.seeded.desk, "url": court.product.origin}])
    page = await context.new_page()
    await page.goto(f"{court.product.origin}/centre/screening/{screening}")
    return page

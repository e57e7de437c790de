"""From the pointer event on the phone's call button in one browser to the card painted on the wall in another. `--presses`.

Begins one second after the wall has its rows: the first press counts, and what a page or a process does for the first time counts with it.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from tests.bench.__main__ import percentile
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.running import COURT, Product

UNIT = 1001
LIMIT_S = 20
AFTER_S = 1

PRESSED = """() => { window.eccPressed = []; addEventListener('pointerdown', () => eccPressed.push(Date.now()), true); }"""
RINGING = "article.call[data-state=ringing]"
# Notes the animation frame after the one in which a new card stood on the wall.
PAINTED = """ringing => {
  window.eccPainted = [];
  const known = new Set();
  const look = () => {
    for (const card of document.querySelectorAll(ringing)) {
      if (known.has(card.dataset.call)) continue;
      known.add(card.dataset.call);
      requestAnimationFrame(() => eccPainted.push(Date.now()));
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
END = """id => fetch('/ingest/calls/end',
  {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({id})}).then(answer => answer.status)"""


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="press")
    parser.add_argument("--presses", type=int, default=20)
    options = parser.parse_args(words)
    with Product() as product:
        return asyncio.run(_measure(product, options.presses))


async def _measure(product: Product, presses: int) -> dict[str, Any]:
    async with async_playwright() as playwright:
        flags = CHROMIUM_FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])
        browsers = [await playwright.chromium.launch(executable_path=CHROMIUM, args=flags) for _ in range(2)]
        wall = await _page(browsers[0], product, "ecc_wall", product.seeded.wall, "/centre/wall", 1920, 1080)
        phone = await _page(browsers[1], product, "ecc_device", product.seeded.devices[UNIT], "/field/", 390, 844)
        await _until(wall, "() => Boolean(window.ecc?.state?.now?.seq)")
        await asyncio.sleep(AFTER_S)
        await wall.evaluate(PAINTED, RINGING)
        await phone.evaluate(PRESSED)
        latencies = [await _press(wall, phone) for _ in range(presses)]
        for browser in browsers:
            await browser.close()
    first = round(latencies[0], 1)
    return {"presses": presses, "p50_ms": percentile(latencies, 50), "p95_ms": percentile(latencies, 95), "first_ms": first}


async def _press(wall: Page, phone: Page) -> float:
    before: int = await wall.evaluate("() => eccPainted.length")
    await phone.evaluate("() => { eccPressed.length = 0; }")
    await phone.locator("[data-act=call]").click()
    await _until(wall, f"() => eccPainted.length > {before}")
    pressed: float = await phone.evaluate("() => eccPressed[0]")
    painted: float = await wall.evaluate("() => eccPainted.at(-1)")
    await _end(wall, phone)
    return painted - pressed


async def _end(wall: Page, phone: Page) -> None:
    """Withdraw the call by the door, as the phone's own button does."""
    for id_ in await wall.locator(RINGING).evaluate_all("cards => cards.map(card => card.dataset.call)"):
        await phone.evaluate(END, id_)
    await _until(wall, f"() => !document.querySelector('{RINGING}')")
    await asyncio.sleep(1)


async def _page(browser: Browser, product: Product, cookie: str, token: str, path: str, width: int, height: int) -> Page:
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        locale="zh-CN",
        geolocation={"latitude": COURT[0], "longitude": COURT[1], "accuracy": 8},
        permissions=["geolocation"],
    )
    await context.add_cookies([{"name": cookie, "value": token, "url": product.origin}])
    page = await context.new_page()
    await page.goto(product.origin + path)
    return page


async def _until(page: Page, true: str) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not await page.evaluate(true):
            await asyncio.sleep(0.02)

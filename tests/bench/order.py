"""From the key at the desk to the full screen on a phone, and from «收到» to the wall: support orders and rings of the centre. `--rounds`.

Both ends are pages in browsers of their own; moments are those of the key or touch, and of the frame after the one that shows it.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from playwright.async_api import Browser, Page, async_playwright
from ulid import ULID

from tests.bench.__main__ import percentile
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.running import COURT, Product

CALLER, HELPER = 1001, 1002  # of two teams
LIMIT_S = 20
WARM_S = 5
RING, ORDER, GOES = "#summons[data-kind=ring]:not([hidden])", "#summons[data-kind=order]:not([hidden])", ".order[data-state=ACCEPTED]"
# Notes when each of these came to stand on the page: the animation frame after the one in which it was first there.
PAINTED = """selectors => {
  window.eccSeen = {};
  const there = new Set();
  const look = () => {
    for (const one of selectors) {
      const is = document.querySelector(one) !== null;
      if (is && !there.has(one)) requestAnimationFrame(() => { eccSeen[one] = Date.now(); });
      if (is) there.add(one); else there.delete(one);
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
PRESSED = (
    """() => { for (const kind of ['keydown', 'pointerdown']) addEventListener(kind, () => { window.eccPressed = Date.now(); }, true); }"""
)


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="order")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args(words)
    with Product() as product:
        return asyncio.run(_measure(product, options.rounds))


async def _measure(product: Product, rounds: int) -> dict[str, Any]:
    async with async_playwright() as playwright:
        flags = CHROMIUM_FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])
        browsers = [await playwright.chromium.launch(executable_path=CHROMIUM, args=flags) for _ in range(2)]
        seeded = product.seeded
        wall = await _page(browsers[0], product, "ecc_wall", seeded.wall, "/centre/wall", [GOES])
        desk = await _page(browsers[0], product, "ecc_desk", seeded.desk, "/centre/desk", [])
        caller = await _page(browsers[1], product, "ecc_device", seeded.devices[CALLER], "/field/", [RING])
        helper = await _page(browsers[1], product, "ecc_device", seeded.devices[HELPER], "/field/", [ORDER])
        await asyncio.sleep(WARM_S)
        rings, to_phone, to_wall = [], [], []
        for _ in range(rounds):
            rings.append(await _ring(desk, caller))
            sent, accepted = await _support(product, desk, helper, wall)
            to_phone.append(sent)
            to_wall.append(accepted)
        for browser in browsers:
            await browser.close()
    figures = {"to_phone": to_phone, "to_wall": to_wall, "centre_ring": rings}
    return {"rounds": rounds} | {f"{name}_p{at}_ms": percentile(values, at) for name, values in figures.items() for at in (50, 95)}


async def _ring(desk: Page, phone: Page) -> float:
    """The desk rings; the phone shows it and declines."""
    await desk.keyboard.press("f")
    await desk.locator("#find-input").fill(str(CALLER))
    await desk.keyboard.press("Enter")
    await _until(desk, "() => document.querySelector('#verb-keys [data-verb=ring_unit]:not(:disabled)')")
    latency = await _between(desk, phone, RING, desk.keyboard.press("1"))
    await phone.locator("#summons [data-act=decline]").click()
    await _until(phone, "() => document.querySelector('#summons').hidden")
    await _until(desk, "() => !document.querySelector('[data-panel=queue] .card')")
    return latency


async def _support(product: Product, desk: Page, helper: Page, wall: Page) -> tuple[float, float]:
    """A call is answered, the nearest team is sent and accepts."""
    headers = {"Authorization": f"Bearer {product.seeded.devices[CALLER]}"}
    fix = {"id": str(ULID()), "t": _now(), "lat": COURT[0], "lon": COURT[1], "src_crs": "WGS84", "accuracy_m": 8}
    async with httpx.AsyncClient(base_url=product.origin, headers=headers) as sender:
        (await sender.post("/ingest/calls", json={"id": str(ULID()), "t": _now(), "fix": fix})).raise_for_status()
    await desk.locator("[data-panel=queue] .card[data-kind=call]").click()  # the unit that was rung stays chosen, whoever calls
    for verb in ("take_call", "answer_call"):
        await desk.locator(f"#verb-keys [data-verb={verb}]:not([data-quiet]):not(:disabled)").click()
    await _until(desk, "() => document.querySelector('#verb-keys [data-verb=support][data-next]')")
    sent = await _between(desk, helper, ORDER, desk.keyboard.press("4"))
    accepted = await _between(helper, wall, GOES, helper.locator("#summons [data-act=accept]").click())
    await helper.locator("#going [data-act=arrived]").click()
    await desk.keyboard.press("3")
    await _until(desk, "() => !document.querySelector('[data-panel=queue] .card')")
    return sent, accepted


async def _between(here: Page, there: Page, shown: str, press: Any) -> float:
    await there.evaluate("one => { delete eccSeen[one]; }", shown)
    await press
    await _until(there, "one => Boolean(eccSeen[one])", shown)
    pressed: float = await here.evaluate("() => eccPressed")
    painted: float = await there.evaluate("one => eccSeen[one]", shown)
    return painted - pressed


async def _page(browser: Browser, product: Product, cookie: str, token: str, path: str, shown: list[str]) -> Page:
    width, height = (390, 844) if path == "/field/" else (1920, 1080)
    place = {"latitude": COURT[0], "longitude": COURT[1], "accuracy": 8}
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        locale="zh-CN",
        geolocation=place,  # type: ignore[arg-type]
        permissions=["geolocation"],
    )
    await context.add_cookies([{"name": cookie, "value": token, "url": product.origin}])
    page = await context.new_page()
    await page.goto(product.origin + path)
    if path == "/field/":
        await _until(page, "() => document.querySelector('#watchers')?.textContent === '无人在看'")
    else:
        await _until(page, "() => Boolean(window.ecc?.state?.now?.seq)")
    await page.evaluate(PAINTED, shown)
    await page.evaluate(PRESSED)
    return page


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _until(page: Page, true: str, about: str | None = None) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not await page.evaluate(true, about):
            await asyncio.sleep(0.02)

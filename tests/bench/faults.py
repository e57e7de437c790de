"""Bus and web process killed and frozen while phones call: how soon the wall says so, how soon it is right again, what was lost.

`--frozen` seconds of SIGSTOP (30), `--times` each. `right` counts from the part's return: its new pid, or SIGCONT.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from playwright.async_api import Error, Page, async_playwright
from sqlalchemy import select
from ulid import ULID

from data.tables import CallRow
from tests.bench.__main__ import percentile
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.running import Product

LIMIT_S = 90
UNITS = (1001, 1002, 1003)

# What the page itself says of a part: the web process is gone when its socket is.
UP = """part => { const now = window.ecc?.state?.now; if (!now || now.connection !== 'live') return false;
  return part === 'web' || now.parts[part]?.up === true; }"""


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="faults")
    parser.add_argument("--frozen", type=float, default=30.0)
    parser.add_argument("--times", type=int, default=1)
    options = parser.parse_args(words)
    with Product() as product:
        return asyncio.run(_measure(product, options))


async def _measure(product: Product, options: argparse.Namespace) -> dict[str, Any]:
    said: list[float] = []
    right: list[float] = []
    acknowledged: set[str] = set()
    async with async_playwright() as playwright:
        flags = CHROMIUM_FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        context = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
        await context.add_cookies([{"name": "ecc_wall", "value": product.seeded.wall, "url": product.origin}])
        page = await context.new_page()
        await page.goto(f"{product.origin}/centre/wall")
        calling = asyncio.create_task(_call(product, acknowledged))
        for _ in range(options.times):
            for part in ("bus", "web"):
                for fault in ("kill", "freeze"):
                    await _until(page, part, True)
                    await asyncio.sleep(3)
                    seconds = await _suffer(product, page, part, options.frozen if fault == "freeze" else None)
                    said.append(seconds[0])
                    right.append(seconds[1])
        await asyncio.sleep(3)
        calling.cancel()
        await browser.close()
    lost, doubled = _kept(product, acknowledged)
    return {"faults": len(said), "say_p95_s": percentile(said, 95), "right_p95_s": percentile(right, 95), "calls": len(acknowledged)} | {
        "lost": lost,
        "doubled": doubled,
    }


async def _suffer(product: Product, page: Page, part: str, frozen_s: float | None) -> tuple[float, float]:
    """(seconds until said, seconds from the return until right). A part back before it was missed was said in no time."""
    began = time.monotonic()
    if frozen_s is None:
        old = product.kill(part)
        saying = asyncio.create_task(_until(page, part, False, 6))
        await asyncio.to_thread(product.until_started_again, part, old)
        if part == "web":
            await asyncio.to_thread(product.until_ready)
        back = time.monotonic()
        said = await saying
    else:
        product.freeze(part)
        said = await _until(page, part, False)
        await asyncio.sleep(max(0.0, frozen_s - (time.monotonic() - began)))
        product.thaw(part)
        back = time.monotonic()
    await _until(page, part, True)
    return (said - began if said else 0.0), time.monotonic() - back


async def _until(page: Page, part: str, up: bool, seconds: float = LIMIT_S) -> float | None:
    """When the page said so; None when it never did within the time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            seen = await page.evaluate(UP, part)
        except Error:  # the page renews itself when the program behind it is another
            seen = False
        if seen is up:
            return time.monotonic()
        await asyncio.sleep(0.05)
    return None


async def _call(product: Product, acknowledged: set[str]) -> None:
    """Phones that call and end, each call posted again under its id until it is answered, as the real one does."""
    async with httpx.AsyncClient(base_url=product.origin, timeout=5) as client:
        while True:
            for unit in UNITS:
                headers = {"Authorization": f"Bearer {product.seeded.devices[unit]}"}
                id_ = str(ULID())
                at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
                for path, body in (("/ingest/calls", {"id": id_, "t": at, "fix": None}), ("/ingest/calls/end", {"id": id_})):
                    await _until_answered(client, path, body, headers)
                acknowledged.add(id_)
                await asyncio.sleep(0.3)


async def _until_answered(client: httpx.AsyncClient, path: str, body: dict[str, Any], headers: dict[str, str]) -> None:
    while True:
        try:
            if (await client.post(path, json=body, headers=headers)).status_code == 202:
                return
        except httpx.HTTPError:
            pass
        await asyncio.sleep(0.5)


def _kept(product: Product, acknowledged: set[str]) -> tuple[int, int]:
    """Acknowledged calls that the database does not hold, and numbers that were given twice."""
    database = product.database()
    with database.reading() as session:
        calls = session.execute(select(CallRow.id, CallRow.number)).all()
    database.close()
    return len(acknowledged - {call.id for call in calls}), len(calls) - len({call.number for call in calls})

"""10,000 units, one real browser and 49 viewers: from the clock before the burst's PUBLISH to the animation frame after it was drawn.

`--size 3840x2160` is 1920x1080 at scale 2; `--seconds` after 15 s of warm-up; `--units`, `--viewers`.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import psutil
import redis.asyncio
import websockets
from playwright.async_api import Page, async_playwright
from websockets.typing import Origin

from geo import packed
from geo.packed import FIX, PER_DEGREE, Kind
from tests.bench.__main__ import percentile
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.running import COURT, Product

WARM_S = 15
FIRST_UNIT = 10_001

# Runs in the page: notes when a burst's fix of one unit has been painted, and tasks that hold the page up.
WATCH = """unit => {
  window.eccBench = {painted: [], longest: 0};
  new PerformanceObserver(list => { for (const e of list.getEntries()) eccBench.longest = Math.max(eccBench.longest, e.duration); })
    .observe({type: 'longtask', buffered: false});
  let last = 0;
  const look = () => {
    const at = window.ecc?.where?.(unit);
    if (at && at.fix_at !== last) { last = at.fix_at; eccBench.painted.push([at.fix_at, Date.now()]); }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="wall")
    parser.add_argument("--size", choices=["1920x1080", "3840x2160"], default="1920x1080")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--viewers", type=int, default=49)
    options = parser.parse_args(words)
    with Product() as product:
        return asyncio.run(_measure(product, options))


async def _measure(product: Product, options: argparse.Namespace) -> dict[str, Any]:
    async with async_playwright() as playwright:
        flags = CHROMIUM_FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        scale = 2 if options.size == "3840x2160" else 1
        context = await browser.new_context(viewport={"width": 1920, "height": 1080}, device_scale_factor=scale, locale="zh-CN")
        await context.add_cookies([{"name": "ecc_wall", "value": product.seeded.wall, "url": product.origin}])
        page = await context.new_page()
        await page.goto(f"{product.origin}/centre/wall")
        async with asyncio.timeout(60):  # asked again and again: the page's policy lets nothing be compiled inside it
            while not await page.evaluate("() => Boolean(window.ecc?.where)"):
                await asyncio.sleep(0.1)
        viewers = [await _viewer(product) for _ in range(options.viewers)]
        drains = [asyncio.create_task(_drain(viewer)) for viewer in viewers]
        figures = await _run(product, page, options)
        for drain in drains:
            drain.cancel()
        await browser.close()
    return figures


async def _run(product: Product, page: Page, options: argparse.Namespace) -> dict[str, Any]:
    bus = redis.asyncio.Redis.from_url(_bus_url(product))
    records = _units(options.units)
    web = psutil.Process(product.pids()["web"])
    await page.evaluate(WATCH, str(FIRST_UNIT))
    published: dict[int, float] = {}
    used, began, heap = 0.0, 0.0, 0
    for second in range(WARM_S + options.seconds):
        if second == WARM_S:
            used, began = _cpu_s(web), time.monotonic()
            heap = await _heap(page)
            await page.evaluate("() => { eccBench.painted = []; eccBench.longest = 0; }")
        records["lat"] += np.int32(900)
        at = time.time()
        sent_ms = int(at * 1000)
        published[sent_ms] = at
        await bus.publish("fixes", packed.pack(records, Kind.SOME, sent_ms))
        await asyncio.sleep(max(0.0, 1 - (time.time() - at)))
    spent_s = time.monotonic() - began
    cpu = (_cpu_s(web) - used) / spent_s * 1000
    painted = await page.evaluate("() => eccBench.painted")
    latencies = [drawn - published[fix_at] * 1000 for fix_at, drawn in painted if fix_at in published]
    grown = (await _heap(page) - heap) / max(heap, 1) * 100
    await bus.aclose()
    return {
        "samples": len(latencies),
        "p50_ms": percentile(latencies, 50),
        "p95_ms": percentile(latencies, 95),
        "server_cpu_ms_per_s": round(cpu, 1),
        "longest_task_ms": round(await page.evaluate("() => eccBench.longest"), 1),
        "heap_growth_pct": round(grown, 1),
        "viewers": options.viewers + 1,
        "units": options.units,
    }


def _units(count: int) -> packed.Records:
    """Standing in rows across the district."""
    side = int(np.ceil(np.sqrt(count)))
    place = np.arange(count)
    records = np.zeros(count, FIX)
    records["unit"] = FIRST_UNIT + place
    records["lat"] = ((COURT[0] - 0.05 + 0.1 * (place // side) / side) * PER_DEGREE).astype(np.int32)
    records["lon"] = ((COURT[1] - 0.05 + 0.1 * (place % side) / side) * PER_DEGREE).astype(np.int32)
    records["accuracy"], records["heading"], records["battery"] = 8, 20, 80
    return records


def _bus_url(product: Product) -> str:
    return psutil.Process(product.pids()["web"]).environ()["ECC_REDIS_URL"]


async def _viewer(product: Product) -> websockets.ClientConnection:
    headers = {"Cookie": f"ecc_wall={product.seeded.wall}"}
    return await websockets.connect(
        f"{product.live}?face=wall", additional_headers=headers, origin=Origin(product.origin), compression=None, max_size=None
    )


async def _drain(viewer: websockets.ClientConnection) -> None:
    async for _ in viewer:
        pass


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _heap(page: Page) -> int:
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    used: int = await page.evaluate("() => performance.memory.usedJSHeapSize")
    return used

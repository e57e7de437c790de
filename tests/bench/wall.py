"""10,000 units, one real browser and 49 viewers: from the clock before the burst's PUBLISH to the animation frame after it was drawn.

The measured server is `ecc serve --only web` with a bus beside it; the CPU of both counts. `--size 3840x2160` is 1920x1080 at scale 2;
`--seconds` or `--minutes` after 15 s of warm-up; `--units`, `--viewers`; `--compare` measures `_peer.py` by the same bursts afterwards.
"""

import argparse
import asyncio
import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import httpx
import numpy as np
import psutil
import redis.asyncio
import websockets
from playwright.async_api import Browser, Page, async_playwright
from websockets.typing import Origin

from geo import packed
from geo.packed import FIX, PER_DEGREE, Kind
from tests.bench.__main__ import percentile
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.running import COURT, Product
from tests.servers import RedisServer, free_port, wait_until

WARM_S = 15
PHASES = 20  # of the peer's clock against the bursts
PHASE_DRAWN, PHASE_S = 5, 15.0
POLLED_S = 20.0
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
    parser.add_argument("--minutes", type=int, help="instead of seconds; long enough to see the page's memory grow")
    parser.add_argument("--units", type=int, default=10_000)
    parser.add_argument("--viewers", type=int, default=49)
    parser.add_argument("--compare", action="store_true", help="dcc.Interval and dl.GeoJSON afterwards, in the same run")
    options = parser.parse_args(words)
    options.seconds = options.minutes * 60 if options.minutes else options.seconds
    bus = RedisServer()
    try:
        bus.start()
        with Product(command=("serve", "--only", "web"), redis_url=bus.url) as product:
            ours = asyncio.run(_measure(product, bus, options))
        if not options.compare:
            return ours
        theirs = asyncio.run(_compare(bus, options))
    finally:
        bus.close()
    ours["cpu_ms_per_update"] = round(ours["server_cpu_ms_per_s"] / ours["viewers"], 3)
    ratios = {
        "p95_ratio": theirs["peer_p95_ms"] / ours["p95_ms"],
        "cpu_ratio": theirs["peer_cpu_ms_per_update"] / ours["cpu_ms_per_update"],
    }
    return ours | theirs | {key: round(value, 1) for key, value in ratios.items()}


async def _open(browser: Browser, options: argparse.Namespace) -> Page:
    scale = 2 if options.size == "3840x2160" else 1
    context = await browser.new_context(viewport={"width": 1920, "height": 1080}, device_scale_factor=scale, locale="zh-CN")
    return await context.new_page()


async def _measure(product: Product, bus: RedisServer, options: argparse.Namespace) -> dict[str, Any]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_flags())
        page = await _open(browser, options)
        await page.context.add_cookies([{"name": "ecc_wall", "value": product.seeded.wall, "url": product.origin}])
        await page.goto(f"{product.origin}/centre/wall")
        async with asyncio.timeout(60):  # asked again and again: the page's policy lets nothing be compiled inside it
            while not await page.evaluate("() => Boolean(window.ecc?.where)"):
                await asyncio.sleep(0.1)
        viewers = [await _viewer(product) for _ in range(options.viewers)]
        drains = [asyncio.create_task(_drain(viewer)) for viewer in viewers]
        figures = await _run([psutil.Process(product.pid), psutil.Process(bus.pid)], bus, page, options)
        for drain in drains:
            drain.cancel()
        await browser.close()
    return figures


def _flags() -> list[str]:
    return CHROMIUM_FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])


async def _compare(bus: RedisServer, options: argparse.Namespace) -> dict[str, Any]:
    """The peer's page opened anew at random moments between two bursts, alone; then what 49 viewers of the same callback cost.

    Apart, which is kind to the peer: with all of them at once its one process falls behind, and since Dash throws away answers that
    the next tick has overtaken, its page then draws nothing at all for as long as one cares to wait.
    """
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench._peer", str(port), bus.url])
    address = f"http://127.0.0.1:{port}"
    published: dict[int, float] = {}
    try:
        wait_until(lambda: _answers(address), "the peer does not answer", 60)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_flags())
            page = await _open(browser, options)
            sending = asyncio.create_task(_send_bursts(bus, options.units, published))
            latencies: list[float] = []
            for _ in range(PHASES):
                await asyncio.sleep(random.random())
                painted = await _phase(page, address)
                latencies += [at - published[sent] * 1000 for sent, at in painted[1:] if sent in published]  # the first waited for the page
            await browser.close()
        per_update = await _cost_of_polls(psutil.Process(process.pid), address, options.viewers)
        sending.cancel()
    finally:
        process.kill()  # it has nothing to lose
        process.wait()
    return {
        "peer_samples": len(latencies),
        "peer_p50_ms": percentile(latencies, 50),
        "peer_p95_ms": percentile(latencies, 95),
        "peer_cpu_ms_per_update": round(per_update, 2),
    }


async def _cost_of_polls(server: psutil.Process, address: str, viewers: int) -> float:
    """Milliseconds of the server's processor for one answer."""
    answers = [0]
    polls = [asyncio.create_task(_poll(address, answers)) for _ in range(viewers)]
    await asyncio.sleep(5)
    used, answered = _cpu_s(server), answers[0]
    await asyncio.sleep(POLLED_S)
    spent = _cpu_s(server) - used
    for poll in polls:
        poll.cancel()
    return spent * 1000 / max(1, answers[0] - answered)


async def _phase(page: Page, address: str) -> list[tuple[int, float]]:
    await page.goto(address)
    painted: list[tuple[int, float]] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PHASE_S):
            while len(painted) < PHASE_DRAWN:
                await asyncio.sleep(0.2)
                painted = await page.evaluate("() => window.peer ? peer.painted : []")
    return painted


async def _send_bursts(bus: RedisServer, units: int, published: dict[int, float]) -> None:
    wire, records = redis.asyncio.Redis.from_url(bus.url), _units(units)
    while True:
        await _burst(wire, records, published)


async def _burst(wire: "redis.asyncio.Redis", records: packed.Records, published: dict[int, float]) -> None:
    """All units in one packed frame, then the rest of the second."""
    records["lat"] += np.int32(900)
    at = time.time()
    sent_ms = int(at * 1000)
    published[sent_ms] = at
    await wire.publish("fixes", packed.pack(records, Kind.SOME, sent_ms))
    await asyncio.sleep(max(0.0, 1 - (time.time() - at)))


async def _poll(address: str, answers: list[int]) -> None:
    """A viewer without a browser: the callback as the page calls it, once a second or as often as it is answered."""
    asked = {"output": "units.data", "outputs": {"id": "units", "property": "data"}, "changedPropIds": ["each.n_intervals"]}
    async with httpx.AsyncClient(timeout=60) as client:
        await asyncio.sleep(random.random())
        while True:
            began = time.monotonic()
            inputs = [{"id": "each", "property": "n_intervals", "value": 1}]
            answer = await client.post(f"{address}/_dash-update-component", json={**asked, "inputs": inputs})
            answer.raise_for_status()
            answers[0] += 1
            await asyncio.sleep(max(0.0, 1 - (time.monotonic() - began)))


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/_dash-layout", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


async def _run(server: list[psutil.Process], bus: RedisServer, page: Page, options: argparse.Namespace) -> dict[str, Any]:
    wire, records = redis.asyncio.Redis.from_url(bus.url), _units(options.units)
    await page.evaluate(WATCH, str(FIRST_UNIT))
    published: dict[int, float] = {}
    used, began, heap = 0.0, 0.0, 0
    for second in range(WARM_S + options.seconds):
        if second == WARM_S:
            heap = await _heap(page)
            await page.evaluate("() => { eccBench.painted = []; eccBench.longest = 0; }")
            used, began = sum(map(_cpu_s, server)), time.monotonic()
        await _burst(wire, records, published)
    spent_s = time.monotonic() - began
    cpu = (sum(map(_cpu_s, server)) - used) / spent_s * 1000
    painted = await page.evaluate("() => eccBench.painted")
    latencies = [drawn - published[fix_at] * 1000 for fix_at, drawn in painted if fix_at in published]
    grown = (await _heap(page) - heap) / max(heap, 1) * 100
    await wire.aclose()
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

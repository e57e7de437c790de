"""From the key on the host's keyboard in one browser to the frame on which the stage in another one is black and silent. `--trials`.

Once with a clip, once with a live picture of a mission on the stage (`live_…`), whose memory is empty after each trial: it is waited for.
"""

import argparse
import asyncio
from collections.abc import Sequence
from typing import Any

from playwright.async_api import Browser, Page

from tests.audience import PLAYS, open_host, open_stage, two_browsers
from tests.bench.__main__ import percentile
from tests.journeys.waiting import until_true
from tests.on_the_spot import OnTheSpot
from tests.running import Product
from tests.screenings import Court

PRESSED = "() => { window.eccPressed = 0; addEventListener('keydown', () => { eccPressed = Date.now(); }, true); }"
LIVE = "() => document.body.dataset.screen === 'live' && document.body.dataset.live === 'true'"


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="blackout")
    parser.add_argument("--trials", type=int, default=30)
    options = parser.parse_args(words)
    with Product() as product:
        court = Court(product, seconds=120, size=(1280, 720))
        try:
            return asyncio.run(_measure(court, options.trials))
        finally:
            court.close()


async def _measure(court: Court, trials: int) -> dict[str, Any]:
    _, release = await asyncio.to_thread(court.released)
    screening = court.planned({"release": release})
    async with two_browsers() as (first, second):
        host, stage = await _open(first, second, court, screening, 0, PLAYS)
        took = [await _trial(host, stage, court, screening, True) for _ in range(trials)]
        await asyncio.to_thread(court.told, f"/{screening}/end", {})
        spot = await asyncio.to_thread(OnTheSpot, court)
        screening, _ = await asyncio.to_thread(spot.planned)
        async with spot.sends():
            host, stage = await _open(first, second, court, screening, 1, LIVE)
            live_took = [await _trial(host, stage, court, screening, False) for _ in range(trials)]
    return {"trials": trials, **_figures("", took), **_figures("live_", live_took)}


def _figures(name: str, took: list[float]) -> dict[str, float]:
    return {f"{name}p50_ms": percentile(took, 50), f"{name}p95_ms": percentile(took, 95), f"{name}longest_ms": round(max(took), 1)}


async def _open(first: Browser, second: Browser, court: Court, screening: str, position: int, shows: str) -> tuple[Page, Page]:
    stage = await open_stage(second, court, screening)
    await asyncio.to_thread(court.told, f"/{screening}/begin", {})
    host = await open_host(first, court, screening)
    await host.evaluate(PRESSED)
    await asyncio.to_thread(court.told, f"/{screening}/show", {"position": position})
    await until_true(stage, shows)
    await until_true(host, "() => document.querySelector('#state').textContent === '进行中'")
    return host, stage


async def _trial(host: Page, stage: Page, court: Court, screening: str, clip: bool) -> float:
    await stage.evaluate("() => { eccSeen.length = 0; }")
    await host.keyboard.press("b")
    await until_true(stage, "() => eccSeen.some(([what]) => what === 'black')")
    seen: float = await stage.evaluate("() => eccSeen.find(([what]) => what === 'black')[1]")
    pressed: float = await host.evaluate("() => eccPressed")
    await asyncio.to_thread(court.told, f"/{screening}/lift", {})
    if clip:
        await asyncio.to_thread(court.told, f"/{screening}/play", {"playing": True, "at_ms": 0})
    await until_true(stage, PLAYS if clip else LIVE)
    await until_true(host, "() => !document.querySelector('#black').disabled")
    return seen - pressed

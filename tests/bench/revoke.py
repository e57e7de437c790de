"""From the request that revokes a release to the frame on which a running stage shows the court's card, silent. `--trials`."""

import argparse
import asyncio
import time
from collections.abc import Sequence
from typing import Any

from playwright.async_api import Browser

from tests.audience import PLAYS, open_stage, two_browsers
from tests.bench.__main__ import percentile
from tests.journeys.waiting import until_true
from tests.running import Product
from tests.screenings import Court


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="revoke")
    parser.add_argument("--trials", type=int, default=10)
    options = parser.parse_args(words)
    with Product() as product:
        court = Court(product, seconds=30, size=(1280, 720))
        try:
            return asyncio.run(_measure(court, options.trials))
        finally:
            court.close()


async def _measure(court: Court, trials: int) -> dict[str, Any]:
    clip = await asyncio.to_thread(court.cut)
    digest = await asyncio.to_thread(court.rendered, clip)
    async with two_browsers() as (browser, _):
        took = [await _trial(browser, court, clip, digest) for _ in range(trials)]
    return {"trials": trials, "p50_ms": percentile(took, 50), "p95_ms": percentile(took, 95), "longest_ms": round(max(took), 1)}


async def _trial(browser: Browser, court: Court, clip: str, digest: str) -> float:
    """A new release of the same file each time, in a session of its own."""
    release = await asyncio.to_thread(court.certified, clip, digest)
    screening = court.planned({"release": release})
    stage = await open_stage(browser, court, screening)
    await asyncio.to_thread(court.told, f"/{screening}/begin", {})
    await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 0})
    await until_true(stage, PLAYS)
    await stage.evaluate("() => { eccSeen.length = 0; }")
    began = time.time() * 1000
    await asyncio.to_thread(court.told, f"/clips/{clip}/revoke", {"reason": "片中人认出自己", "objection": True})
    await until_true(stage, "() => eccSeen.some(([what]) => what === 'neutral')")
    seen: float = await stage.evaluate("() => eccSeen.find(([what]) => what === 'neutral')[1]")
    await asyncio.to_thread(court.told, f"/{screening}/end", {})
    await stage.context.close()
    return seen - began

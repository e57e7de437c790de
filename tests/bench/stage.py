"""A stage plays while the court is flooded: positions, calls, alarms and cases, each with words that nobody outside may read.

`--seconds`, `--per-second` (positions; calls, alarms and cases come as fast as they are answered). Every byte that the stage's browser
received is searched; the longest stall is the longest time without a new picture of the film beyond the film's own rhythm.
"""

import argparse
import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from playwright.async_api import Page

from tests.audience import PLAYS, open_stage, tapped
from tests.flood import CANARIES, Flood
from tests.journeys.waiting import until_true
from tests.running import Product, seed
from tests.screenings import Court

PHONES = 60  # each may say twenty positions a second
EACH_MS = 50  # the film's pictures
FRAMES = """() => {
  const picture = document.querySelector('#picture');
  window.eccGaps = [];
  let before = performance.now();
  const frame = () => {
    const now = performance.now();
    eccGaps.push(now - before);
    before = now;
    picture.requestVideoFrameCallback(frame);
  };
  picture.requestVideoFrameCallback(frame);
}"""


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="stage")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--per-second", type=int, default=1_000)
    options = parser.parse_args(words)
    with Product(partial(seed, officers=PHONES)) as product:
        court = Court(product, seconds=options.seconds + 20, size=(1280, 720))
        try:
            return asyncio.run(_measure(court, options.seconds, options.per_second))
        finally:
            court.close()


async def _measure(court: Court, seconds: int, per_second: int) -> dict[str, Any]:
    _, release = await asyncio.to_thread(court.released)
    screening = court.planned({"release": release})
    async with tapped(court) as (browser, tap):
        stage = await open_stage(browser, court, screening)
        await asyncio.to_thread(court.told, f"/{screening}/begin", {})
        await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 0})
        await until_true(stage, PLAYS)
        async with Flood(court.product, per_second) as flood:
            await asyncio.sleep(2)
            stall_ms = await _stall(stage, seconds)
        received = bytes(tap.heard)
    leaked = sum(received.count(canary.encode()) * len(canary.encode()) for canary in CANARIES)
    assert flood.sent["positions"] >= 0.9 * per_second * seconds, "the flood ran dry"
    return {"seconds": seconds, "received_bytes": len(received), "leaked_bytes": leaked, "longest_stall_ms": stall_ms} | flood.sent


async def _stall(stage: Page, seconds: int) -> float:
    await stage.evaluate(FRAMES)
    await asyncio.sleep(seconds)
    gaps: list[float] = await stage.evaluate("() => eccGaps.slice(1)")
    return round(max(gaps) - EACH_MS, 1)

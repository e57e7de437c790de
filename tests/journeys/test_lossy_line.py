"""A phone behind a line that loses three of ten packets each way, for a minute: how a viewer sees and hears it. Root and tun devices."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from streaming.media_tokens import Right
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.journeys.test_media import PUBLISH, VIEW, pass_for, until_more
from tests.running import Product
from tests.servers import free_port
from tests.slow_line import SlowLine, can_be_made

LOSS_PCT, SECONDS = 30, 60
HOLDS = """() => {
  window.held = { longest: 0, drawn: 0 };
  let last = performance.now();
  const look = () => {
    held.longest = Math.max(held.longest, performance.now() - last);
    last = performance.now();
    held.drawn += 1;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  window.heldNow = () => ({ ...held, longest: Math.max(held.longest, performance.now() - last) });
}"""
SOUND = """async () => {
  for (const stat of (await session.pc.getStats()).values())
    if (stat.type === 'inbound-rtp' && stat.kind === 'audio')
      return { made: stat.concealedSamples - (stat.silentConcealedSamples ?? 0), all: stat.totalSamplesReceived };
}"""


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.skipif(not can_be_made(), reason="a lossy line needs root, /dev/net/tun and ip")
async def test_three_of_ten_packets_lost_leave_a_picture_and_a_voice(browser: Browser, tmp_path: Path) -> None:
    with SlowLine(delay_ms=0, loss_pct=LOSS_PCT, only_udp=True) as line:
        port, program = free_port(), line.executable(tmp_path, CHROMIUM)
        where: dict[str, Any] = {
            "host": "0.0.0.0",
            "port": port,
            "public_origin": f"http://{line.here}:{port}",
            "media_addresses": (line.here,),
        }
        with Product(**where) as product:
            product.until_relay()
            async with async_playwright() as playwright:
                behind = await playwright.chromium.launch(executable_path=program, args=[*CHROMIUM_FLAGS, "--no-sandbox"])
                said = await _measured(product, await behind.new_page(), await browser.new_page())
                await behind.close()
    assert said["fps"] >= 10, said
    assert said["longest_ms"] <= 2_000, said
    assert said["gaps_pct"] < 8, said  # on a quiet machine 4.2


async def _measured(product: Product, phone: Page, wall: Page) -> dict[str, float]:
    for page in (phone, wall):
        await page.goto(f"{product.origin}/healthz")
    await phone.evaluate(PUBLISH, pass_for(product, Right.PUBLISH))
    await wall.evaluate(VIEW, pass_for(product, Right.VIEW, "wall"))
    await until_more(wall, seconds=60)
    await wall.evaluate(HOLDS)
    before = await wall.evaluate(SOUND)
    await asyncio.sleep(SECONDS)
    held, after = await wall.evaluate("heldNow()"), await wall.evaluate(SOUND)
    gaps = (after["made"] - before["made"]) / max(after["all"] - before["all"], 1)
    return {"fps": round(held["drawn"] / SECONDS, 1), "longest_ms": round(held["longest"]), "gaps_pct": round(100 * gaps, 2)}

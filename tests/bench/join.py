"""One tap on the phone: until it rings on the wall, until its first picture stands there; and a leader, from his admission to his first
picture. The same tap with the phone behind a slow and lossy line, where one can be made. `--rounds`, `--lossy-rounds`.
"""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from tests.bench.__main__ import percentile
from tests.bench.press import PAINTED, PRESSED, RINGING, UNIT, _page, _until
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.running import Product
from tests.servers import free_port
from tests.slow_line import SlowLine, can_be_made

LOSSY_MS, LOSSY_PCT = 60, 2
WARM_S = 5  # the wall reads the figure's library for a second, once in its life
VERB = """asked => {
  const at = Date.now();
  dash_clientside.set_props('verb', { data: { ...asked, nonce: String(Math.random()) } });
  return at;
}"""
INVITE = """async call => {
  const { leaders } = await (await fetch('/api/leaders')).json();
  const headers = { 'Content-Type': 'application/json' };
  return (await fetch('/api/invitations', { method: 'POST', headers, body: JSON.stringify({ call, officer: leaders[0].id }) })).json();
}"""
# Notes when the first picture of a video was handed to the screen; a new connection begins anew.
FIRST = """where => {
  window.eccFirst = 0;
  const look = () => {
    const video = document.querySelector(where);
    if (video && video.checkVisibility() && video.readyState >= 2 && video.videoWidth) {
      video.requestVideoFrameCallback(() => { eccFirst ||= Date.now(); });
      return;
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="join")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--lossy-rounds", type=int, default=6)
    options = parser.parse_args(words)
    with Product() as product:
        product.until_relay()
        figures = asyncio.run(_measure(product, options.rounds, CHROMIUM))
    if not can_be_made():
        return figures | {"lossy": "not made here: it needs root, ip and /dev/net/tun"}
    with SlowLine(delay_ms=LOSSY_MS / 2, loss_pct=LOSSY_PCT) as line, tempfile.TemporaryDirectory() as folder:
        port, behind = free_port(), line.executable(Path(folder), CHROMIUM)
        where: dict[str, Any] = {
            "host": "0.0.0.0",
            "port": port,
            "public_origin": f"http://{line.here}:{port}",
            "media_addresses": (line.here,),
        }
        with Product(**where) as product:
            product.until_relay()
            try:
                lossy = asyncio.run(_measure(product, options.lossy_rounds, behind, leaders=False))
            except TimeoutError:
                return figures | {"lossy": "tried, and a step took longer than this bench waits: not measured"}
    said = f"the phone behind a line of {LOSSY_MS} ms there and back that loses {LOSSY_PCT} % each way, of everything"
    return figures | {"lossy_frame_p50_ms": lossy["wall_frame_p50_ms"], "lossy_frame_p95_ms": lossy["wall_frame_p95_ms"], "lossy": said}


async def _measure(product: Product, rounds: int, of_phone: Path, leaders: bool = True) -> dict[str, Any]:
    """of_phone: the program that is the phone's browser. leaders: whether one joins each call."""
    rings, frames, joins = [], [], []
    async with async_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, f"--unsafely-treat-insecure-origin-as-secure={product.origin}"]
        flags += ["--no-sandbox"] if os.geteuid() == 0 else []
        browsers = [await playwright.chromium.launch(executable_path=each, args=flags) for each in (CHROMIUM, of_phone, CHROMIUM)]
        wall = await _page(browsers[0], product, "ecc_wall", product.seeded.wall, "/centre/wall", 1920, 1080)
        phone = await _page(browsers[1], product, "ecc_device", product.seeded.devices[UNIT], "/field/", 390, 844)
        desk = await _page(browsers[2], product, "ecc_desk", product.seeded.desk, "/centre/desk", 1920, 1080)
        for page in (wall, desk):
            await _until(page, "() => Boolean(window.ecc?.state?.now?.seq)")
        await asyncio.sleep(WARM_S)
        await wall.evaluate(PAINTED, RINGING)
        await phone.evaluate(PRESSED)
        for _ in range(rounds):
            ring, frame, call = await _tap(wall, phone)
            rings.append(ring)
            frames.append(frame)
            await desk.evaluate(VERB, {"verb": "answer_call", "id": call})  # who has not answered a call cannot end it
            await _until(wall, f"() => !document.querySelector('{RINGING}')")
            if leaders:
                leader = await (await browsers[2].new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")).new_page()
                joins.append(await _join(desk, leader, call))
                await leader.context.close()
            await desk.evaluate(VERB, {"verb": "end_call", "id": call})
            await _until(wall, f"() => !document.querySelector('{RINGING}, .call.staged')")
            await asyncio.sleep(2)
        for browser in browsers:
            await browser.close()
    said = {"ring": rings, "wall_frame": frames} | ({"join": joins} if leaders else {})
    return {"rounds": rounds} | {f"{name}_p{at}_ms": percentile(values, at) for name, values in said.items() for at in (50, 95)}


async def _tap(wall: Page, phone: Page) -> tuple[float, float, str]:
    before: int = await wall.evaluate("() => eccPainted.length")
    await phone.evaluate("() => { eccPressed.length = 0; }")
    await wall.evaluate(FIRST, "#tile video")
    await phone.locator("[data-act=call]").click()
    await _until(wall, f"() => eccPainted.length > {before}")
    await _until(wall, "() => eccFirst > 0")
    pressed: float = await phone.evaluate("() => eccPressed[0]")
    painted: float = await wall.evaluate("() => eccPainted.at(-1)")
    first: float = await wall.evaluate("() => eccFirst")
    call = await wall.locator(".call.staged").get_attribute("data-call")
    assert call is not None
    return painted - pressed, first - pressed, call


async def _join(desk: Page, leader: Page, call: str) -> float:
    """Through his own page, up to the waiting room; then the desk's key lets him in."""
    made: dict[str, str] = await desk.evaluate(INVITE, call)
    await leader.goto(made["link"])
    await leader.locator("form button").click()
    await leader.wait_for_url("**/join/")
    await leader.locator("#digits-input").fill(made["digits"])
    await leader.locator("#digits").wait_for(state="hidden")
    await leader.evaluate(FIRST, "#scene-video")
    admitted: float = await desk.evaluate(VERB, {"verb": "admit", "id": made["participant"]})
    await _until(leader, "() => eccFirst > 0")
    first: float = await leader.evaluate("() => eccFirst")
    return first - admitted

"""Chromium -> relay -> Chromium: from the drawing of a 1280x720 picture with a clock in it to its showing on the other side.

Both sides run on this machine, encoder and decoder included, so a busy machine shows here first. `--seconds`: how long is watched.
"""

import argparse
import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from playwright.async_api import Page, async_playwright

from streaming.media_tokens import Right, load_media_tokens
from tests.bench.__main__ import percentile
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.running import Product

STREAM = "bench.glass"
JOINED_S = 30.0

# The clock as 24 blocks, black or white, each 40 dots wide: they survive any encoder.
PUBLISH = """async ([url, token]) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
  const pen = canvas.getContext('2d', { alpha: false });
  const draw = () => {
    const now = Math.round(performance.timeOrigin + performance.now()) % 0x1000000;
    pen.fillStyle = '#345'; pen.fillRect(0, 0, 1280, 720);
    for (let row = 0; row < 6; row += 1) {
      pen.fillStyle = `hsl(${row * 60 + now / 40} 50% 50%)`; pen.fillRect((now / (3 + row)) % 1280, 200 + row * 80, 220, 60);
    }
    for (let bit = 0; bit < 24; bit += 1) { pen.fillStyle = now >> bit & 1 ? '#fff' : '#000'; pen.fillRect(20 + bit * 50, 20, 40, 120); }
  };
  setInterval(draw, 1000 / 30);
  const media = canvas.captureStream(30);
  const [picture] = media.getVideoTracks();
  picture.contentHint = 'detail';
  const sound = new AudioContext(); const tone = sound.createOscillator(); const out = sound.createMediaStreamDestination();
  tone.connect(out); tone.start(); media.addTrack(out.stream.getAudioTracks()[0]);
  const { publish } = await import('/field/publish.mjs');
  window.ours = publish(media, { url, token });
}"""
VIEW = """async ([url, token]) => {
  const { view } = await import('/centre/assets/modules/whep.mjs');
  const video = document.body.appendChild(Object.assign(document.createElement('video'), { muted: true, playsInline: true }));
  const canvas = Object.assign(document.createElement('canvas'), { width: 128, height: 16 });
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  window.late = []; window.shown = 0; window.widths = new Set();
  const look = () => {
    const now = performance.timeOrigin + performance.now();
    const scale = video.videoWidth / 1280;
    widths.add(video.videoWidth);
    pen.drawImage(video, 0, 20 * scale, 1280 * scale, 120 * scale, 0, 0, 128, 16);
    const dots = pen.getImageData(0, 8, 128, 1).data;
    let said = 0;
    for (let bit = 0; bit < 24; bit += 1) if (dots[4 * Math.round((40 + bit * 50) / 10)] > 128) said |= 1 << bit;
    const ms = ((now % 0x1000000) - said + 0x1000000) % 0x1000000;
    if (ms < 60_000) late.push(ms);
    shown += 1;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  window.session = view(video, { url, token });
}"""
TARGET = """async () => {
  const stats = [...(await ours.session.pc?.getStats() ?? new Map()).values()];
  return Math.max(0, ...stats.map((stat) => stat.type === 'outbound-rtp' && stat.kind === 'video' ? stat.targetBitrate ?? 0 : 0));
}"""


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="glass")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args(words)
    with Product() as product:
        product.until_relay()
        return asyncio.run(_measure(product, options.seconds))


async def _measure(product: Product, seconds: float) -> dict[str, Any]:
    tokens, now = load_media_tokens(product.settings.keys), datetime.now(UTC)
    passes = {
        right: [f"{product.settings.media}/media/{door}/{STREAM}", tokens.issue(right.value, STREAM, right, now=now)]
        for right, door in ((Right.PUBLISH, "whip"), (Right.VIEW, "whep"))
    }
    async with async_playwright() as playwright:
        flags = CHROMIUM_FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        officer, centre = [await (await browser.new_context()).new_page() for _ in range(2)]
        for page in (officer, centre):
            await page.goto(f"{product.origin}/healthz")
        await officer.evaluate(PUBLISH, passes[Right.PUBLISH])
        kbps = asyncio.create_task(_at_3s(officer))
        await centre.evaluate(VIEW, passes[Right.VIEW])
        await asyncio.wait_for(_until_shown(centre), JOINED_S)
        at_3s = await kbps
        await asyncio.sleep(2)
        await centre.evaluate("() => { late.length = 0; shown = 0; }")
        await asyncio.sleep(seconds)
        late, shown, widths = await centre.evaluate("() => [late, shown, [...widths]]")
        await browser.close()
    return {
        "p50_ms": percentile(late, 50),
        "p95_ms": percentile(late, 95),
        "fps": round(shown / seconds, 1),
        "kbps_at_3s": round(at_3s),
        "widths": sorted(width for width in widths if width),
    }


async def _at_3s(officer: Page) -> float:
    await asyncio.sleep(3)
    bps: float = await officer.evaluate(TARGET)
    return bps / 1_000


async def _until_shown(centre: Page) -> None:
    while await centre.evaluate("late.length") < 30:
        await asyncio.sleep(0.1)

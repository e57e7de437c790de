"""What is no Chromium and no code of ours publishes and watches at the same doors: Firefox, GStreamer, clients from npm."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from streaming.media_tokens import Right
from tests.firefox import FIREFOX, Firefox, firefox
from tests.journeys.test_media import PUBLISH, VIEW, pages, pass_for, until_more
from tests.journeys.test_picture import centre_page, phone_page, until_it_plays
from tests.running import Product
from tests.servers import need

pytestmark = pytest.mark.timeout(240)
__all__ = ["pages"]
ROOT = Path(__file__).resolve().parents[2]
SYSTEM_PYTHON = Path("/usr/bin/python3")
PEER = ROOT / "tests/streaming/gst_peer.py"
GSTREAMER = "python3-gst-1.0 gir1.2-gst-plugins-bad-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-nice"
STREAM = "01CALL0000000000000000000B.officer-1001"
# The frames that this element has drawn since it was first asked; Firefox counts none in getVideoPlaybackQuality.
DRAWN = """(where) => {
  const video = document.querySelector(where);
  if (!video?.checkVisibility() || !video.videoWidth) return 0;
  if (video.drawn === undefined) {
    video.drawn = 0;
    const count = () => { video.drawn += 1; video.requestVideoFrameCallback(count); };
    video.requestVideoFrameCallback(count);
  }
  return video.drawn;
}"""
SAYS = "(where, said) => document.querySelector(where)?.textContent.includes(said)"


@pytest.fixture
async def fox() -> AsyncIterator[Firefox]:
    need(FIREFOX.exists(), "firefox-esr")
    async with firefox() as browser:
        yield browser


# --- Firefox


@pytest.mark.long
async def test_firefox_as_wall_shows_what_a_phone_sends(browser: Browser, product: Product, fox: Firefox) -> None:
    wall = await fox.page(product.origin + "/centre/wall", {"ecc_wall": product.seeded.wall})
    phone = await phone_page(browser, product)
    await phone.locator("[data-act=call]").tap()
    await wall.until(f"(where) => ({DRAWN})(where) > 30", "#tile video")
    await wall.until(SAYS, ".scene .chip", "kbit/s")
    await phone.locator("[data-act=withdraw]").tap()
    await wall.until("() => document.querySelector('#wall').dataset.stage === ''")


@pytest.mark.long
async def test_firefox_as_phone_is_seen_on_the_wall(browser: Browser, product: Product, fox: Firefox) -> None:
    wall = await centre_page(browser, product, "wall")
    phone = await fox.page(product.origin + "/field/", {"ecc_device": product.seeded.devices[1002]}, 390, 844)
    await phone.until(SAYS, "#watchers", "无人在看")
    await phone.press("[data-act=call]")
    await until_it_plays(wall, "#tile video")
    await expect(wall.locator(".scene .chip").first).to_contain_text("kbit/s")
    await phone.until(SAYS, "#picture-state", "画面已送达指挥中心")
    await phone.press("[data-act=withdraw]")
    await expect(wall.locator("#wall")).to_have_attribute("data-stage", "")


# --- GStreamer


class GStreamer:
    """One process; said: what it told last."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: dict[str, Any] = {}

    async def until(self, true: Callable[[dict[str, Any]], bool], seconds: float = 60.0) -> None:
        assert self._process.stdout is not None
        async with asyncio.timeout(seconds):
            while not (self.said and true(self.said)):
                line = await self._process.stdout.readline()
                assert line, "GStreamer ended"
                self.said = json.loads(line)


@asynccontextmanager
async def gstreamer(door: str, at: list[str], codec: str) -> AsyncIterator[GStreamer]:
    process = await asyncio.create_subprocess_exec(
        SYSTEM_PYTHON, PEER, door, *at, codec, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield GStreamer(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.communicate(), 20)
        finally:
            if process.returncode is None:
                process.kill()


async def has_gstreamer() -> bool:
    if not SYSTEM_PYTHON.exists():
        return False
    named = "".join(f"gi.require_version({name!r}, '1.0'); " for name in ("Gst", "GstWebRTC", "GstSdp"))
    elements = ("webrtcbin", "nicesrc", "dtlsdec", "srtpdec", "vp8enc", "openh264enc", "opusenc", "rtpvp8pay", "level")
    asked = f"import gi; {named}from gi.repository import Gst; Gst.init(None); assert all(map(Gst.ElementFactory.find, {elements}))"
    quiet = asyncio.subprocess.DEVNULL
    return await (await asyncio.create_subprocess_exec(SYSTEM_PYTHON, "-c", asked, stdout=quiet, stderr=quiet)).wait() == 0


@pytest.mark.long
@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_gstreamer_publishes_and_watches(product: Product, codec: str) -> None:
    need(await has_gstreamer(), GSTREAMER)
    stream = f"{STREAM}.{codec}"
    sends, watches = pass_for(product, Right.PUBLISH, "gst-camera", stream), pass_for(product, Right.VIEW, "gst-wall", stream)
    async with gstreamer("whip", sends, codec) as camera, gstreamer("whep", watches, codec) as viewer:
        await camera.until(lambda said: said["state"] == "connected")
        await viewer.until(lambda said: said["frames"] >= 50 and said["loud"] >= 10)
        assert viewer.said["width"] == 640


@pytest.mark.long
async def test_gstreamer_watches_a_browser_and_a_browser_gstreamer(product: Product, pages: tuple[Page, Page]) -> None:
    need(await has_gstreamer(), GSTREAMER)
    officer, centre = pages
    await officer.evaluate(PUBLISH, pass_for(product, Right.PUBLISH, stream=STREAM))
    async with gstreamer("whep", pass_for(product, Right.VIEW, "gst-wall", STREAM), "VP8") as viewer:
        await viewer.until(lambda said: said["frames"] >= 50 and said["loud"] >= 10)
    other = f"{STREAM}.h264"
    async with gstreamer("whip", pass_for(product, Right.PUBLISH, "gst-camera", other), "H264"):
        await centre.evaluate(VIEW, pass_for(product, Right.VIEW, "wall", other))
        assert (await until_more(centre))["sound"] > 0


# --- clients of another project, from npm, as their README shows them

MODULES = {
    "whip-client": "@eyevinn/whip-web-client/dist/whip-client.js",
    "webrtc-player": "@eyevinn/webrtc-player/dist/main.js",
    "@eyevinn/whpp-client": "@eyevinn/whpp-client/dist/whpp-client.js",
    "events": "events/events.js",
    "sdp-transform": "sdp-transform/lib/index.js",
    "./parser": "sdp-transform/lib/parser.js",
    "./writer": "sdp-transform/lib/writer.js",
    "./grammar": "sdp-transform/lib/grammar.js",
}
# CommonJS without a bundler. What the player needs only for advertisements stays empty.
REQUIRE = """(sources) => {
  const loaded = {};
  window.need = (name) => {
    if (!loaded[name]) {
      const module = (loaded[name] = { exports: {} });
      if (sources[name]) new Function('module', 'exports', 'require', sources[name])(module, module.exports, need);
    }
    return loaded[name].exports;
  };
}"""
THEY_PUBLISH = """async ([endpoint, authkey]) => {
  const { WHIPClient } = need('whip-client');
  window.client = new WHIPClient({ endpoint, opts: { authkey, iceServers: [], noTrickleIce: false } });
  await client.setIceServersFromEndpoint();
  await client.ingest(await navigator.mediaDevices.getUserMedia({ video: true, audio: true }));
}"""
THEY_WATCH = """async ([url, token]) => {
  const { WebRTCPlayer } = need('webrtc-player');
  const video = document.createElement('video');
  document.body.appendChild(Object.assign(video, { id: 'theirs', muted: true, playsInline: true, autoplay: true }));
  window.player = new WebRTCPlayer({ video, type: 'whep', iceServers: [] });
  await player.load(new URL(url), `Bearer ${token}`);
}"""


@pytest.mark.long  # others' clients
async def test_clients_from_npm_publish_watch_and_leave(browser: Browser, product: Product) -> None:
    context = await browser.new_context(permissions=["camera", "microphone"], bypass_csp=True)
    camera, viewer = await context.new_page(), await context.new_page()
    sources = {name: (ROOT / "node_modules" / path).read_text() for name, path in MODULES.items()}
    said: list[tuple[str, int]] = []
    for page in (camera, viewer):
        page.on("response", lambda answer: said.append((f"{answer.request.method} {answer.url}", answer.status)))
        await page.goto(f"{product.origin}/field/")
        await page.evaluate(REQUIRE, sources)
    stream = f"{STREAM}.npm"
    await camera.evaluate(THEY_PUBLISH, pass_for(product, Right.PUBLISH, stream=stream))
    await viewer.evaluate(THEY_WATCH, pass_for(product, Right.VIEW, "npm-wall", stream))
    await viewer.bring_to_front()
    async with asyncio.timeout(40):
        while await viewer.evaluate(DRAWN, "#theirs") < 30:
            await asyncio.sleep(0.1)
    await viewer.evaluate("player.unload()")
    await camera.evaluate("client.destroy()")
    async with asyncio.timeout(20):
        while not all(any(asked.startswith("DELETE") and door in asked for asked, _ in said) for door in ("/whip/", "/whep/")):
            await asyncio.sleep(0.1)
    assert {status for asked, status in said if "/media/" in asked} <= {200, 201, 204}, said

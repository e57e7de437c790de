"""One Chromium publishes, another one watches, through the relay of the running product; what is killed comes back by itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from streaming.media_tokens import Right, load_media_tokens
from tests.journeys.waiting import until_true
from tests.running import Product

pytestmark = pytest.mark.timeout(240)
STREAM = "01CALL0000000000000000000A.officer-1001"

# A drawn picture with a clock in it and a tone: what a camera gives, without a camera.
PUBLISH = """async ([url, token]) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const pen = canvas.getContext('2d');
  setInterval(() => {
    pen.fillStyle = `hsl(${Date.now() / 20 % 360} 60% 40%)`; pen.fillRect(0, 0, 640, 360);
    pen.fillStyle = 'white'; pen.font = '60px sans-serif'; pen.fillText(String(Date.now()), 20, 200);
  }, 33);
  const media = canvas.captureStream(30);
  const sound = new AudioContext(); const tone = sound.createOscillator(); const out = sound.createMediaStreamDestination();
  tone.connect(out); tone.start(); media.addTrack(out.stream.getAudioTracks()[0]);
  const { publish } = await import('/field/publish.mjs');
  window.states = [];
  window.ours = publish(media, { url, token, onstate: (state) => states.push(state) });
}"""
VIEW = """async ([url, token]) => {
  const { view } = await import('/centre/assets/modules/whep.mjs');
  window.states = [];
  const video = document.body.appendChild(Object.assign(document.createElement('video'), { muted: true, playsInline: true }));
  window.video = video;
  window.session = view(video, { url, token, onstate: (state) => states.push(state) });
}"""
SEEN = """async () => {
  const { totalVideoFrames: frames } = video.getVideoPlaybackQuality();
  const said = { frames, width: video.videoWidth, sound: 0, lost: 0, offers: session.offers };
  for (const stat of (await session.pc?.getStats() ?? new Map()).values()) {
    if (stat.type === 'inbound-rtp' && stat.kind === 'audio') said.sound = stat.packetsReceived;
    if (stat.type === 'inbound-rtp') said.lost += stat.packetsLost;
  }
  return said;
}"""

CARRIED = """async () => {
  const stats = [...(await ours.session.pc?.getStats() ?? new Map()).values()];
  return Math.max(0, ...stats.map((stat) => stat.type === 'candidate-pair' ? stat.availableOutgoingBitrate ?? 0 : 0));
}"""


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture
async def pages(browser: Browser, product: Product) -> AsyncIterator[tuple[Page, Page]]:
    """Two pages of two people, of our origin and with our headers."""
    contexts = [await browser.new_context(), await browser.new_context()]
    both = [await context.new_page() for context in contexts]
    for page in both:
        await page.goto(f"{product.origin}/healthz")
    yield both[0], both[1]
    for context in contexts:
        await context.close()


def pass_for(product: Product, right: Right, person: str = "officer-1001", stream: str = STREAM) -> list[str]:
    token = load_media_tokens(product.settings.keys).issue(person, stream, right, now=datetime.now(UTC))
    door = "whip" if right is Right.PUBLISH else "whep"
    return [f"{product.settings.media}/media/{door}/{stream}", token]


async def seen(page: Page) -> dict[str, Any]:
    said: dict[str, Any] = await page.evaluate(SEEN)
    return said


async def until_more(page: Page, frames: int = 15, seconds: float = 30.0) -> dict[str, Any]:
    """Wait until so many new frames were shown."""
    before = (await seen(page))["frames"]
    async with asyncio.timeout(seconds):
        while (now := await seen(page))["frames"] < before + frames:
            await asyncio.sleep(0.1)
    return now


async def test_what_one_page_publishes_another_one_sees_and_hears(product: Product, pages: tuple[Page, Page]) -> None:
    officer, centre = pages
    await officer.evaluate(PUBLISH, pass_for(product, Right.PUBLISH))
    await centre.evaluate(VIEW, pass_for(product, Right.VIEW, "wall"))
    shown = await until_more(centre)
    assert shown["width"] >= 320
    assert shown["sound"] > 0
    assert (await centre.evaluate("states"))[-1] == "live"


async def test_the_publisher_learns_what_the_line_carries(product: Product, pages: tuple[Page, Page]) -> None:
    """Without transport-wide feedback a browser stays at 300 kbit/s for ever."""
    officer, _ = pages
    await officer.evaluate(PUBLISH, pass_for(product, Right.PUBLISH))
    async with asyncio.timeout(40):
        while await officer.evaluate(CARRIED) < 900_000:
            await asyncio.sleep(0.2)


async def test_the_viewer_stays_while_the_publisher_reloads(product: Product, pages: tuple[Page, Page]) -> None:
    officer, centre = pages
    await officer.evaluate(PUBLISH, pass_for(product, Right.PUBLISH))
    await centre.evaluate(VIEW, pass_for(product, Right.VIEW, "wall"))
    await until_more(centre)
    await officer.reload()
    await officer.evaluate(PUBLISH, pass_for(product, Right.PUBLISH))
    await until_more(centre)
    assert (await seen(centre))["offers"] == 1


async def test_both_come_back_when_the_relay_was_killed(product: Product, pages: tuple[Page, Page]) -> None:
    officer, centre = pages
    await officer.evaluate(PUBLISH, pass_for(product, Right.PUBLISH))
    await centre.evaluate(VIEW, pass_for(product, Right.VIEW, "wall"))
    await until_more(centre)
    old = product.kill("relay")
    await asyncio.to_thread(product.until_started_again, "relay", old)
    async with asyncio.timeout(40):
        while (await seen(centre))["offers"] < 2:
            await asyncio.sleep(0.1)
    await until_more(centre)


async def test_media_runs_on_while_the_web_process_is_dead(product: Product, pages: tuple[Page, Page]) -> None:
    officer, centre = pages
    await officer.evaluate(PUBLISH, pass_for(product, Right.PUBLISH))
    await centre.evaluate(VIEW, pass_for(product, Right.VIEW, "wall"))
    await until_more(centre)
    product.freeze("web")
    try:
        await until_more(centre, 60)
    finally:
        product.thaw("web")
    assert (await seen(centre))["offers"] == 1


SIZES = """async ([url, token]) => {
  const { view } = await import('/centre/assets/modules/whep.mjs');
  const video = document.body.appendChild(Object.assign(document.createElement('video'), { muted: true, playsInline: true }));
  window.video = video;
  window.session = view(video, { url, token, thrifty: true });
}"""
ROOM = "01CALL0000000000000000000A.desk"
WIDTH = "width => video.videoWidth === width"


async def test_a_viewer_on_a_thin_line_gets_the_small_one_of_two_pictures(product: Product, pages: tuple[Page, Page]) -> None:
    room, phone = pages
    await room.evaluate(PUBLISH.replace("{ url, token,", "{ url, token, layers: true,"), pass_for(product, Right.PUBLISH, stream=ROOM))
    await phone.evaluate(SIZES, pass_for(product, Right.VIEW, "phone", ROOM))
    await until_true(phone, WIDTH, arg=640, seconds=40)
    assert await phone.evaluate("session.layers") == ["l", "h"]
    await phone.evaluate("session.take('l')")
    await until_true(phone, WIDTH, arg=213, seconds=40)
    await until_more(phone)
    await phone.evaluate("session.take('')")
    await until_true(phone, WIDTH, arg=640, seconds=40)
    assert (await seen(phone))["offers"] == 3

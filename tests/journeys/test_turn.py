"""A browser that may use nothing but TURN publishes and watches through our relay: real coturn, real product, real Chromium."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page

from streaming.coturn import configuration
from streaming.ice import load_ice, load_secret
from streaming.media_tokens import Right
from tests.journeys.test_media import pass_for
from tests.running import Product
from tests.servers import COTURN, CoturnServer, need, own_addresses, wait_until

pytestmark = pytest.mark.timeout(240)
STREAM = "01CALL0000000000000000000A.officer-1001"

# WHIP or WHEP by hand, so that every candidate but a relayed one is missing: `iceTransportPolicy: 'relay'`.
MEET = """async ([url, token, servers, publishing]) => {
  const pc = window.pc = new RTCPeerConnection({ iceServers: servers, iceTransportPolicy: 'relay', bundlePolicy: 'max-bundle' });
  if (publishing) {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
    const pen = canvas.getContext('2d');
    setInterval(() => { pen.fillStyle = `hsl(${Date.now() / 20 % 360} 60% 40%)`; pen.fillRect(0, 0, 320, 180); }, 33);
    for (const track of canvas.captureStream(30).getTracks()) pc.addTransceiver(track, { direction: 'sendonly' });
  } else pc.addTransceiver('video', { direction: 'recvonly' });
  const gathered = new Promise((go) => { pc.onicecandidate = go; setTimeout(go, 20_000); }); // the first one, or null: there is none
  await pc.setLocalDescription();
  await gathered;
  const headers = { 'Content-Type': 'application/sdp', Authorization: `Bearer ${token}` };
  const answer = await fetch(url, { method: 'POST', headers, body: pc.localDescription.sdp });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  await pc.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  return [...pc.localDescription.sdp.matchAll(/ typ (\\w+)/g)].map((each) => each[1]);
}"""
STANDS = """async () => {
  const said = { frames: 0, local: '', remote: '' };
  const stats = await pc.getStats();
  for (const each of stats.values()) {
    if (each.type === 'outbound-rtp') said.frames = each.framesSent;
    if (each.type === 'inbound-rtp') said.frames = each.framesDecoded;
    if (each.type === 'candidate-pair' && each.nominated && each.state === 'succeeded') {
      said.local = stats.get(each.localCandidateId).candidateType;
      said.remote = stats.get(each.remoteCandidateId).address;
    }
  }
  return said;
}"""


@pytest.fixture(scope="module")
def coturn() -> Iterator[CoturnServer]:
    need(COTURN.exists(), "coturn")
    server = CoturnServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def product(coturn: CoturnServer) -> Iterator[Product]:
    address, _ = own_addresses()
    if address is None:
        pytest.skip("this machine has only a loopback, which coturn never relays to")
    with Product(turn_urls=(coturn.url,), turn_addresses=("127.0.0.1",), media_addresses=(address,)) as product:
        coturn.configure(configuration(product.settings, load_secret(product.settings)))
        coturn.start()
        wait_until(lambda: _answers(f"{product.settings.media}/healthz"), "no relay")
        yield product


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


async def until_frames(page: Page, count: int = 15) -> dict[str, Any]:
    async with asyncio.timeout(40):
        while True:
            said: dict[str, Any] = await page.evaluate(STANDS)
            if said["frames"] >= count and said["local"]:
                return said
            await asyncio.sleep(0.2)


async def test_who_has_only_turn_publishes_and_watches(product: Product, coturn: CoturnServer, browser: Browser) -> None:
    for right in (Right.PUBLISH, Right.VIEW):
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{product.origin}/healthz")
        servers = load_ice(product.settings).of("officer-1001", datetime.now(UTC))
        offered = await page.evaluate(MEET, [*pass_for(product, right, "officer-1001", STREAM), servers, right is Right.PUBLISH])
        assert set(offered) == {"relay"}, coturn.log()[-1500:]
        said = await until_frames(page)
        assert (said["local"], said["remote"]) == ("relay", product.settings.media_addresses[0])


async def test_with_an_expired_credential_nothing_is_even_offered(product: Product, browser: Browser) -> None:
    page = await browser.new_page()
    await page.goto(f"{product.origin}/healthz")
    servers = load_ice(product.settings).of("officer-1001", datetime(2020, 1, 1, tzinfo=UTC))
    offered = await page.evaluate(MEET, [*pass_for(product, Right.VIEW, "officer-1001", STREAM), servers, False])
    assert offered == []

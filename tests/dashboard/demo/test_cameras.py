"""A simulated camera at the real relay: it sends while its officer calls, and stops when the centre has ended the call."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from ulid import ULID

from dashboard.demo import clips
from dashboard.demo.cameras import Camera
from dashboard.demo.plan import Unit
from dashboard.demo.senders import quietly
from tests.running import Product
from tests.streaming.peers import Peer

UNIT = 1001


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


async def watched(client: httpx.AsyncClient, product: Product, call: str, stream: str) -> Peer:
    """As the wall watches: a token of its own, then WHEP."""
    headers = {"Cookie": f"ecc_wall={product.seeded.wall}", "Origin": product.origin}
    body = {"call": call, "right": "view", "stream": stream}
    given = (await client.post("/api/media/tokens?face=wall", json=body, headers=headers)).raise_for_status().json()
    peer = Peer()
    offered = await peer.offers("recvonly")
    said = {"Authorization": f"Bearer {given['token']}", "Content-Type": "application/sdp"}
    async with asyncio.timeout(60):
        while (answer := await quietly(lambda: client.post(f"{given['url']}/{stream}", content=offered, headers=said))) is None or (
            answer.status_code == 409
        ):  # the relay begins after the web process
            await asyncio.sleep(0.2)
    assert await peer.connect(answer.raise_for_status().text)
    return peer


async def test_it_sends_while_the_call_is_open(product: Product, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "SECONDS", 2)
    monkeypatch.setattr(clips, "encode", lambda of, encode=clips.encode: encode(of, 2))
    call = str(ULID())
    bearer = {"Authorization": f"Bearer {product.seeded.devices[UNIT]}"}
    async with httpx.AsyncClient(base_url=product.origin, timeout=60) as client:
        placed: dict[str, Any] = {"id": call, "t": datetime.now(UTC).isoformat(), "fix": None}
        (await client.post("/ingest/calls", json=placed, headers=bearer)).raise_for_status()
        own = await client.post("/api/media/tokens?face=field", json={"call": call, "right": "publish"}, headers=bearer)
        camera = Camera(client, Unit(str(UNIT), product.seeded.devices[UNIT], "k", 0.0, 0.0), 0, tmp_path)
        camera.wants(call)
        running = asyncio.create_task(camera.run())
        try:
            peer = await watched(client, product, call, own.raise_for_status().json()["stream"])
            async with asyncio.timeout(30):
                while len({packet.payload_type for packet in peer.taken}) < 2 or len(peer.taken) < 60:
                    await asyncio.sleep(0.1)
            (await client.post("/ingest/calls/end", json={"id": call}, headers=bearer)).raise_for_status()
            async with asyncio.timeout(30):
                while camera.sends:
                    await asyncio.sleep(0.1)
            await peer.wire.close()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert camera.published == 1

"""The relay's process beside the others: a call stands on the wall as its officer's media do, and ends with the call."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.dashboard.test_live import call, end_call, viewer
from tests.running import Product, Served
from tests.streaming.peers import KEY, Peer

pytestmark = pytest.mark.timeout(240)
PATIENT_S = 30.0


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


class Phone:
    """Sends what a camera would as long as it is told to."""

    def __init__(self, product: Served, call_id: str, unit: int = 1001) -> None:
        self.product, self.peer, self.filming = product, Peer(), True
        cookies, headers = {"ecc_device": product.seeded.devices[unit]}, {"origin": product.origin}
        with httpx.Client(base_url=product.origin, cookies=cookies, headers=headers) as browser:
            self.said = browser.post("/api/media/tokens?face=field", json={"call": call_id, "right": "publish"}).json()

    async def offer(self) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.said['token']}", "content-type": "application/sdp"}
        text = await self.peer.offers("sendonly")
        async with httpx.AsyncClient() as web, asyncio.timeout(PATIENT_S):
            while True:
                try:
                    return await web.post(f"{self.said['url']}/{self.said['stream']}", content=text, headers=headers)
                except httpx.TransportError:  # the relay begins a little later than the others
                    await asyncio.sleep(0.2)

    async def film(self) -> None:
        while True:
            if self.filming:
                self.peer.send(KEY)
            await asyncio.sleep(0.05)


async def test_a_call_stands_as_its_media_do_and_its_end_ends_them(product: Product) -> None:
    async with viewer(product, "wall", product.seeded.wall) as wall:
        call_id = await call(product, 1001)
        phone = await asyncio.to_thread(Phone, product, call_id)
        answer = await phone.offer()
        assert answer.status_code == 201, answer.text
        assert await phone.peer.connect(answer.text)
        filming = asyncio.create_task(phone.film())
        try:
            for sends, media in ((True, "LIVE"), (False, "LOST"), (True, "LIVE")):
                phone.filming = sends
                await wall.until(lambda media=media: wall.rows["call"].get(call_id, {}).get("media") == media, PATIENT_S)
            await end_call(product, 1001, call_id)
            async with asyncio.timeout(PATIENT_S):
                await phone.peer.gone.wait()
            await phone.peer.close()
            phone.peer = Peer()
            again = await phone.offer()
            assert (again.status_code, again.json()["error"]["code"]) == (403, "media.revoked")
        finally:
            filming.cancel()
            await phone.peer.close()

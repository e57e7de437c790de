"""A phone that is lost in the middle of a call: put out on the page, and everything of it is gone; found again, it is enrolled anew."""

import asyncio
import re
import time
from collections.abc import Iterator

import httpx
import pytest
from websockets import ConnectionClosed
from websockets.asyncio.client import ClientConnection, connect

from tests.administrators import Administrators
from tests.dashboard.test_live import call, viewer
from tests.dashboard.test_media import PATIENT_S, Phone
from tests.running import Product, eventually

pytestmark = pytest.mark.timeout(240)
UNIT = 1001


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture(scope="module")
def admins(product: Product) -> Iterator[Administrators]:
    admins = Administrators(product)
    yield admins
    admins.close()


def device_of(admins: Administrators) -> int:
    """Its number; of several the newest."""
    return int(re.findall(r'data-device="(\d+)" data-state="good"', admins.ask(f"/devices?q={UNIT}").text)[0])


async def test_06_a_lost_phone_in_a_call_is_gone_from_every_wire(product: Product, admins: Administrators) -> None:
    token = product.seeded.devices[UNIT]
    cookie = {"cookie": f"ecc_device={token}"}
    async with (
        viewer(product, "wall", product.seeded.wall) as wall,
        connect(f"{product.live}?face=field&build=abc123", additional_headers=cookie, origin=product.origin) as ear,  # type: ignore[arg-type]
    ):
        call_id = await call(product, UNIT)
        phone = await asyncio.to_thread(Phone, product, call_id)
        answer = await phone.offer()
        assert answer.status_code == 201, answer.text
        assert await phone.peer.connect(answer.text)
        filming = asyncio.create_task(phone.film())
        try:
            await wall.until(lambda: wall.rows["call"].get(call_id, {}).get("media") == "LIVE", PATIENT_S)
            page = await asyncio.to_thread(admins.ask, f"/devices?q={UNIT}")
            assert "在线" in page.text
            assert "abc123" in page.text
            await asyncio.to_thread(admins.told, "/devices/revoke", {"device": device_of(admins)})
            async with asyncio.timeout(PATIENT_S):
                await phone.peer.gone.wait()
                with pytest.raises(ConnectionClosed):
                    await until_closed(ear)
            await wall.until(lambda: wall.rows["call"].get(call_id, {}).get("state") in (None, "ENDED", "MISSED"), PATIENT_S)
            await phone.peer.close()
            await asyncio.to_thread(nobody_any_more, product, token, call_id)
            again = await phone.offer()  # with the token that is still good by its time
            assert (again.status_code, again.json()["error"]["code"]) == (403, "media.revoked")
        finally:
            filming.cancel()
            await phone.peer.close()


async def until_closed(ear: ClientConnection) -> None:
    while True:
        await ear.recv()


def nobody_any_more(product: Product, token: str, call_id: str) -> None:
    """HTTP, OsmAnd, media tokens, still pictures."""
    bearer = {"authorization": f"Bearer {token}", "origin": product.origin}
    with httpx.Client(base_url=product.origin, headers=bearer) as lost:
        eventually(lambda: lost.get("/ingest/me").status_code == 401, "the token still counts")
        for door in ("positions", "calls", "sos", "calls/end"):
            assert lost.post(f"/ingest/{door}", json={}).status_code == 401, door
    fix = {"lat": 23.1, "lon": 112.5, "timestamp": int(time.time())}
    kept, gone = (httpx.get(f"{product.origin}/ingest/osmand", params={"id": product.seeded.osmand[no], **fix}) for no in (UNIT + 1, UNIT))
    assert (kept.status_code, gone.status_code) == (200, 400), "as every key that nobody knows: the client must not send it for ever"
    with httpx.Client(base_url=product.origin, cookies={"ecc_device": token}, headers={"origin": product.origin}) as browser:
        assert browser.post("/api/media/tokens?face=field", json={"call": call_id, "right": "publish"}).status_code == 401


def test_found_again_it_is_enrolled_anew(product: Product, admins: Administrators) -> None:
    assert 'data-device="1" data-state="off"' in admins.ask(f"/devices?q={UNIT}").text
    assert admins.ask("/devices/restore", {"device": 1}).status_code == 404, "there is no way back"
    sheet = admins.ask("/codes", data={})
    link = re.findall(rf"{re.escape(product.origin)}/link/[\w-]+", sheet.text)[0]
    token = httpx.post(link, headers={"origin": product.origin}).cookies["ecc_device"]
    me = httpx.get(f"{product.origin}/ingest/me", headers={"authorization": f"Bearer {token}"})
    assert me.json()["unit"] == str(UNIT)
    assert device_of(admins) > 1

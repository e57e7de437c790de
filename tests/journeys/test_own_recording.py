"""The way to the relay is gone in a talk: the phone records itself, and when the way is back the centre has what was missing."""

import asyncio
import hashlib
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select

from data.tables import EntryRow, RecordingRow, SegmentRow
from tests.journeys.test_picture import centre_page, phone_page, until_it_plays
from tests.running import Product
from tests.servers import wait_until

pytestmark = pytest.mark.timeout(240)
SOON = 30_000
AWAY_S = 8.0
KEPT = """() => new Promise((resolve) => {
  const asked = indexedDB.open('ecc-field');
  asked.onsuccess = () => {
    const all = asked.result.transaction('pieces').objectStore('pieces').getAll();
    all.onsuccess = () => { resolve(all.result.map(({ chunks, bytes, over }) => ({ chunks, bytes, over }))); asked.result.close(); };
  };
})"""


@pytest.fixture
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


def brought(product: Product) -> list[tuple[RecordingRow, SegmentRow]]:
    database = product.database()
    with database.reading() as session:
        rows = select(RecordingRow, SegmentRow).join(SegmentRow, SegmentRow.recording_id == RecordingRow.id)
        found = [(recording, segment) for recording, segment in session.execute(rows.where(RecordingRow.origin == "PHONE"))]
    database.close()
    return found


def told(product: Product, kind: str) -> list[dict[str, object]]:
    database = product.database()
    with database.reading() as session:
        found = list(session.scalars(select(EntryRow.payload).where(EntryRow.kind == kind)))
    database.close()
    return found


async def talk(browser: Browser, product: Product) -> tuple[Page, Page]:
    """A phone whose picture is on the wall."""
    await asyncio.to_thread(product.until_relay)
    wall, phone = await centre_page(browser, product, "wall"), await phone_page(browser, product)
    await phone.locator("[data-act=call]").tap()
    await until_it_plays(wall, "#tile video")
    await expect(phone.locator("#picture-state")).to_have_text("画面已送达指挥中心")
    return phone, wall


async def until_brought(phone: Page, product: Product) -> list[tuple[RecordingRow, SegmentRow]]:
    await asyncio.to_thread(wait_until, lambda: bool(brought(product)), "nothing was brought", 60)
    async with asyncio.timeout(30):
        while await phone.evaluate(KEPT):
            await asyncio.sleep(0.2)
    return brought(product)


async def test_a_talk_whose_relay_is_away_goes_on_by_itself_and_its_hole_is_filled(browser: Browser, product: Product) -> None:
    phone, wall = await talk(browser, product)
    product.freeze("relay")
    await expect(phone.locator('[data-notice="own"]')).to_contain_text("手机自己在录像", timeout=SOON)
    await expect(phone.locator('#picture-lamp[data-lamp="own"]')).to_have_text("本机录制中")
    await asyncio.sleep(AWAY_S)
    assert not brought(product)
    product.thaw("relay")
    await expect(phone.locator("#picture-state")).to_have_text("画面已送达指挥中心", timeout=SOON)
    await until_it_plays(wall, "#tile video")
    [(recording, segment)] = await until_brought(phone, product)
    assert segment.duration_ms >= (AWAY_S - 2) * 1000
    (path,) = (product.settings.recordings / recording.id).glob("0001-*.webm")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == segment.sha256
    assert [each["sha256"] for each in told(product, "recording.uploaded")] == [segment.sha256]
    assert len(told(product, "call.ringing")) == 1
    await expect(phone.locator('[data-notice="own"]')).to_contain_text("已补传到指挥中心")
    async with httpx.AsyncClient(
        base_url=product.origin, cookies={"ecc_desk": product.seeded.desk}, headers={"origin": product.origin}
    ) as desk:
        listed = (await desk.get(f"/api/recordings?call={recording.call_id}")).json()["recordings"]
        gaps = []
        for each in listed:
            looked = await desk.post(f"/api/recordings/{each['id']}/look", json={"reason": "核对"})
            gaps += looked.json()["gaps"]
    assert sorted(each["origin"] for each in listed) == ["PHONE", "RELAY"]
    assert any(gap["track"] == "video" and gap["filled_ms"] > 1_000 for gap in gaps), gaps
    await _plays(browser, product, recording)


async def _plays(browser: Browser, product: Product, recording: RecordingRow) -> None:
    context = await browser.new_context(viewport={"width": 1600, "height": 900})
    await context.add_cookies([{"name": "ecc_desk", "value": product.seeded.desk, "url": product.origin}])
    page = await context.new_page()
    await page.goto(f"{product.origin}/replay/?call={recording.call_id}")
    button = page.locator(f'button[data-id="{recording.id}"]')
    await expect(button).to_contain_text("手机补传")
    await button.click()
    await page.fill("#reason", "核对现场情况")
    await page.click("#ask button")
    async with asyncio.timeout(30):
        while await page.evaluate("document.getElementById('video').currentTime") < 1:
            await asyncio.sleep(0.1)
    await page.evaluate("document.getElementById('video').currentTime = 5")
    async with asyncio.timeout(30):
        while await page.evaluate("document.getElementById('video').currentTime") < 5.3:
            await asyncio.sleep(0.1)
    assert await page.evaluate("document.getElementById('video').error") is None


@pytest.mark.long  # relay frozen, page closed, web process frozen, relay killed: a long fault; the test above shows that a hole is filled
async def test_a_page_that_is_closed_meanwhile_brings_what_it_kept_at_its_next_opening(browser: Browser, product: Product) -> None:
    phone, _ = await talk(browser, product)
    hand = phone.context
    product.freeze("relay")
    await expect(phone.locator('[data-notice="own"]')).to_contain_text("手机自己在录像", timeout=SOON)
    async with asyncio.timeout(30):
        while not any(each["chunks"] >= 2 for each in await phone.evaluate(KEPT)):
            await asyncio.sleep(0.2)
    product.freeze("web")
    await phone.close()
    product.thaw("web")
    old = product.kill("relay")
    await asyncio.to_thread(product.until_started_again, "relay", old)
    phone = await hand.new_page()
    await phone.goto(product.origin + "/field/")
    await expect(phone.locator("#picture-state")).to_have_text("画面已送达指挥中心", timeout=SOON)
    segments = [segment for _, segment in await until_brought(phone, product)]
    assert sum(each.duration_ms for each in segments) >= 3_000
    assert len({each.sha256 for each in segments}) == len(segments) == len(told(product, "recording.uploaded"))

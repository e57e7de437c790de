"""A call is recorded, the relay is killed in the middle of it, and a desk looks at it again: with a reason, seeking, and a trace."""

import asyncio
import hashlib
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select
from ulid import ULID

from data.engines import open_database
from data.tables import AuditRow, RecordingRow, SegmentRow
from streaming.media_tokens import Right
from tests.journeys.test_media import PUBLISH, pass_for
from tests.running import Product
from tests.servers import need

pytestmark = pytest.mark.timeout(240)
SPOKEN_S = 8.0
CIVIL_OFFSET_S = 9 * 3600 + 1_800  # not Shanghai's, as in the demonstration
MOST_LOST_S = 1.0
SHOWN = """() => { const video = document.getElementById('video');
  const frames = video.getVideoPlaybackQuality().totalVideoFrames;
  return { time: video.currentTime, frames, bad: video.error?.code ?? 0 }; }"""


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product(civil_offset_s=CIVIL_OFFSET_S) as product:
        yield product


def place_call(product: Product) -> str:
    call_id = str(ULID())
    said = {"id": call_id, "t": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    answer = httpx.post(f"{product.origin}/ingest/calls", json=said, headers={"Authorization": f"Bearer {product.seeded.devices[1001]}"})
    assert answer.status_code == 202, answer.text
    return call_id


def kept(product: Product) -> tuple[list[RecordingRow], list[SegmentRow]]:
    database = open_database(product.settings.database_url)
    with database.reading() as session:
        found = list(session.scalars(select(RecordingRow))), list(session.scalars(select(SegmentRow).order_by(SegmentRow.number)))
    database.close()
    return found


async def until_kept(product: Product, count: int) -> list[SegmentRow]:
    async with asyncio.timeout(30):
        while len(segments := (await asyncio.to_thread(kept, product))[1]) < count:
            await asyncio.sleep(0.2)
    return segments


async def shown(page: Page) -> dict[str, Any]:
    said: dict[str, Any] = await page.evaluate(SHOWN)
    return said


@pytest.mark.long  # half a minute; what a killed relay leaves: tests/streaming/test_recorder.py
async def test_a_call_whose_relay_was_killed_is_looked_at_again(product: Product, browser: Browser) -> None:
    call_id = await asyncio.to_thread(place_call, product)
    context = await browser.new_context()
    officer = await context.new_page()
    await officer.goto(f"{product.origin}/healthz")
    await officer.evaluate(PUBLISH, pass_for(product, Right.PUBLISH, stream=f"{call_id}.officer-1001"))
    async with asyncio.timeout(30):
        while not (await asyncio.to_thread(kept, product))[0]:
            await asyncio.sleep(0.2)
    began = kept(product)[0][0].began_at
    await asyncio.sleep(SPOKEN_S)
    spoken_s = (datetime.now(UTC) - began).total_seconds()
    old = product.kill("relay")
    await asyncio.to_thread(product.until_started_again, "relay", old)
    await context.close()
    segments = await until_kept(product, 1)
    assert segments[0].recovered
    assert segments[0].duration_ms / 1000 >= spoken_s - MOST_LOST_S
    path = next((product.settings.recordings / segments[0].recording_id).glob("0001-*.webm"))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == segments[0].sha256
    await _replay(product, browser, call_id, segments[0])


async def _replay(product: Product, browser: Browser, call_id: str, segment: SegmentRow) -> None:
    context = await browser.new_context(viewport={"width": 1600, "height": 900})
    await context.add_cookies([{"name": "ecc_desk", "value": product.seeded.desk, "url": product.origin}])
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(f"{product.origin}/replay/?call={call_id}")
    await page.click(f'button[data-id="{segment.recording_id}"]')
    began = segment.began_at.replace(tzinfo=UTC) + timedelta(seconds=CIVIL_OFFSET_S)
    await expect(page.locator(f'button[data-id="{segment.recording_id}"]')).to_contain_text(f"{began:%H:%M}")
    await page.fill("#reason", "核对现场情况")
    await page.click("#ask button")
    await expect(page.locator("#shown")).to_be_visible()
    async with asyncio.timeout(30):
        while (await shown(page))["frames"] < 20:
            await asyncio.sleep(0.1)
    far = segment.duration_ms / 1000 * 0.7
    await page.evaluate("(at) => { document.getElementById('video').currentTime = at; }", far)
    async with asyncio.timeout(30):
        while (await shown(page))["time"] < far + 0.2:
            await asyncio.sleep(0.1)
    assert (await shown(page))["bad"] == 0
    assert problems == []
    database = open_database(product.settings.database_url)
    with database.reading() as session:
        (trace,) = session.scalars(select(AuditRow).where(AuditRow.act == "replay"))
        assert (trace.object_id, trace.reason, trace.actor_role) == (segment.recording_id, "核对现场情况", "duty")
    database.close()
    url = f"{product.origin}/api/recordings/{segment.recording_id}/1.webm"
    for cookies, query, status in (
        ({"ecc_desk": product.seeded.desk}, f"?look={trace.id}", 206),
        ({"ecc_desk": product.seeded.desk}, "", 403),
        ({"ecc_desk": product.seeded.commander}, f"?look={trace.id}", 403),
        ({"ecc_wall": product.seeded.wall}, f"?look={trace.id}", 401),
        ({}, f"?look={trace.id}", 401),
    ):
        async with httpx.AsyncClient(cookies=cookies) as client:
            answer = await client.get(url + query, headers={"Range": "bytes=100-199"})
        assert answer.status_code == status, (cookies, query)
        assert status != 206 or (len(answer.content) == 100 and answer.headers["content-range"].startswith("bytes 100-199/"))
    await context.close()


async def test_the_lamp_is_red_on_wall_and_desk_until_bytes_reach_the_disk(browser: Browser, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(disk)], check=False, capture_output=True)
    need(mounted.returncode == 0, "mount")
    try:
        with Product(recordings=disk / "kept") as small:
            await _lamps(small, browser, disk)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


async def _lamps(product: Product, browser: Browser, disk: Path) -> None:
    call_id = await asyncio.to_thread(place_call, product)
    context = await browser.new_context()
    officer = await context.new_page()
    await officer.goto(f"{product.origin}/healthz")
    await officer.evaluate(PUBLISH, pass_for(product, Right.PUBLISH, stream=f"{call_id}.officer-1001"))
    pages = []
    for face, cookie, value in (("wall", "ecc_wall", product.seeded.wall), ("desk", "ecc_desk", product.seeded.desk)):
        other = await browser.new_context(viewport={"width": 1920, "height": 1080})
        await other.add_cookies([{"name": cookie, "value": value, "url": product.origin}])
        pages.append(await other.new_page())
        await pages[-1].goto(f"{product.origin}/centre/{face}")
    for page in pages:
        lamp = page.locator('.lamp[data-lamp="broken"]').first
        await expect(lamp).to_be_visible(timeout=40_000)
        await expect(lamp).to_contain_text("磁盘")
    subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)
    for page in pages:
        await expect(page.locator('.lamp[data-lamp="on"]').first).to_be_visible(timeout=40_000)
    await context.close()

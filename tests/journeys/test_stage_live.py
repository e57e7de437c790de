"""A live picture in two browsers, while the court is in uproar: cells on a canvas, one key takes them away, and no byte of the court."""

import asyncio
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.audience import open_host, open_stage, tapped, two_browsers
from tests.flood import CANARIES, Flood
from tests.journeys.waiting import until_true
from tests.on_the_spot import MATTER, OnTheSpot
from tests.running import Product
from tests.screenings import Court

pytestmark = pytest.mark.timeout(300)
LIVE = (
    "() => document.body.dataset.screen === 'live' && document.body.dataset.live === 'true' && document.querySelector('#cells').width > 1"
)
GONE = "() => document.body.dataset.screen === 'black' && document.querySelector('#cells').width === 1"


@pytest.fixture(scope="module", autouse=True)
def _shape() -> None:
    """Whatever pytest was told: a tap understands nothing of TLS, so this product stands behind no proxy."""


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    with Product() as product:
        court = Court(product)
        yield court
        court.close()


@pytest.mark.long  # what the stage receives: dashboard/screening/test_live_doors.py; that it is clean under a flood: test_stage_flood.py
async def test_the_stage_draws_cells_and_every_byte_that_it_received_is_clean(court: Court) -> None:
    spot = await asyncio.to_thread(OnTheSpot, court, 1005)  # another one than the flood presses for
    screening, permit = await asyncio.to_thread(spot.planned)
    async with tapped(court) as (browser, tap), spot.sends(), Flood(court.product, 300) as flood:
        stage = await open_stage(browser, court, screening)
        await asyncio.to_thread(court.told, f"/{screening}/begin", {})
        async with two_browsers() as (own, _):
            host = await open_host(own, court, screening)
            await host.locator("#places .show").nth(1).click()
            await until_live(stage, host)
            await expect(stage.locator("#live-words")).to_have_text("现场画面（延时 10 秒，已作马赛克处理，无声）")
            assert await stage.evaluate("() => [document.querySelector('#cells').width, document.querySelector('#cells').height]") == [8, 5]
            assert await stage.evaluate("() => document.querySelector('#picture').getAttribute('src')") is None
            await until_true(host, "() => document.querySelector('#clear video').videoWidth > 0", seconds=60)
            await expect(host.locator("#title")).to_have_text(f"一组 {MATTER}")
            await host.keyboard.press("b")
            await until_true(stage, GONE)
            await until_live(stage, host)
            await stopped(host, "有未成年人")
            await until_true(stage, "() => document.body.dataset.screen === 'neutral'")
            await expect(host.locator("#permits li")).to_contain_text("现场有未成年人")
        received = bytes(tap.heard)
    assert flood.sent["positions"] > 500
    assert "已作马赛克处理".encode() in received, "the programme itself was received"
    assert [word for word in (*CANARIES, MATTER, permit, spot.call, spot.mission) if word.encode() in received] == []


async def until_live(stage: Page, host: Page) -> None:
    """On a machine on which the host's word comes late it goes black by itself: he shows it again."""
    async with asyncio.timeout(100):
        while not await stage.evaluate(LIVE):
            await asyncio.sleep(0.1)
            if await host.locator("#lift").is_enabled():
                await host.locator("#lift").click()
                await asyncio.sleep(1)


async def stopped(host: Page, why: str) -> None:
    await host.locator("#live-stop").click()
    await host.locator("#live-sure button", has_text=why).click()


async def test_two_people_permit_it_at_the_hosts_page(court: Court, browser: Browser) -> None:
    spot = await asyncio.to_thread(OnTheSpot, court, 1003)
    screening = str((await asyncio.to_thread(court.told, "/plan", {"title": "一月警示教育"}))["id"])
    host = await open_host(browser, court, screening)
    await expect(host.locator("#no-permits")).to_be_visible()
    await host.locator("#propose select").select_option(spot.mission)
    await host.locator("#propose button").click()
    await expect(host.locator("#permits li")).to_contain_text("待两人审签")
    await expect(host.locator("#permits .sign")).to_be_disabled()
    await host.locator("#permits .told-people input").check()
    await host.locator("#permits .sign").click()
    await expect(host.locator("#permits li")).to_contain_text("您已审签")
    await host.locator("#permits .add").click()
    await expect(host.locator("#places li")).to_contain_text("现场画面")
    other = await host.context.browser.new_context(locale="zh-CN")  # type: ignore[union-attr]
    commander = court.product.seeded.commander
    await other.add_cookies([{"name": "ecc_desk", "value": commander, "url": court.product.origin}])
    page = await other.new_page()
    await page.goto(f"{court.product.origin}/centre/screening/{screening}")
    await page.locator("#permits .told-people input").check()
    await page.locator("#permits .sign").click()
    await expect(host.locator("#permits li")).to_contain_text("已许可")
    await other.close()
    await host.context.close()

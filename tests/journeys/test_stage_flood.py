"""While a stage plays and the court is in uproar, nothing of it reaches the stage's browser; the same search finds it at a desk."""

import asyncio
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.audience import NEUTRAL, PLAYS, open_stage, tapped
from tests.flood import CANARIES, Flood
from tests.journeys.waiting import until_true
from tests.running import Product
from tests.screenings import Court


@pytest.fixture(scope="module", autouse=True)
def _shape() -> None:
    """Whatever pytest was told: a tap understands nothing of TLS, so this product stands behind no proxy."""


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    with Product() as product:
        court = Court(product)
        yield court
        court.close()


def found(received: bytes) -> list[str]:
    return [canary for canary in CANARIES if canary.encode() in received]


async def desk_of(browser: Browser, court: Court) -> Page:
    context = await browser.new_context(locale="zh-CN", extra_http_headers={"accept-encoding": "identity"})
    await context.add_cookies([{"name": "ecc_desk", "value": court.product.seeded.desk, "url": court.product.origin}])
    page = await context.new_page()
    await page.goto(f"{court.product.origin}/centre/desk")
    return page


async def test_all_bytes_that_the_stage_received_hold_nothing_of_the_court(court: Court) -> None:
    _, release = await asyncio.to_thread(court.released)
    screening = court.planned({"title": "执行和解", "words": "自愿履行"}, {"release": release})
    async with tapped(court) as (browser, tap), Flood(court.product, 400) as flood:
        stage = await open_stage(browser, court, screening)
        await asyncio.to_thread(court.told, f"/{screening}/begin", {})
        await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 1})
        await until_true(stage, PLAYS)
        await asyncio.sleep(4)
        tap.cut()
        await until_true(stage, NEUTRAL)
        tap.mend()
        await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 0})
        await expect(stage.locator("#card-title")).to_have_text("执行和解")
        await stage.reload()
        await expect(stage.locator("#card-title")).to_have_text("执行和解")
        await asyncio.sleep(2)
        received = bytes(tap.heard)
        assert flood.sent["positions"] > 500
        assert min(flood.sent["calls"], flood.sent["alarms"], flood.sent["cases"]) > 0, flood.sent
        assert "执行和解".encode() in received, "the programme itself was received"
        assert b"webm" in received, "and the film"
        assert found(received) == []
        tap.heard.clear()
        desk = await desk_of(browser, court)
        await until_true(desk, "() => Boolean(window.ecc?.state?.now?.seq)")
        assert len(found(bytes(tap.heard))) >= 3, "the same search finds them where they are shown"

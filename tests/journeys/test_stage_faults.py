"""A stage before frozen and killed parts (attack 54): the court's card at once, the clip again by itself, never a word of an error."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page

from dashboard.i18n import t
from tests.audience import NEUTRAL, PLAYS, open_stage
from tests.journeys.waiting import until_true
from tests.running import Product
from tests.screenings import Court

SECONDS = 60  # of film: it must not be over before the last fault has healed


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    with Product() as product:
        court = Court(product, seconds=SECONDS, size=(320, 180))
        yield court
        court.close()


@pytest.fixture(scope="module")
def release(court: Court) -> str:
    return court.released()[1]


@pytest.fixture
async def screening(court: Court, release: str) -> str:
    return court.planned({"release": release})


@pytest.fixture
async def stage(browser: Browser, court: Court, screening: str) -> AsyncIterator[Page]:
    """It plays."""
    page = await open_stage(browser, court, screening)
    await asyncio.to_thread(court.told, f"/{screening}/begin", {})
    await asyncio.to_thread(court.told, f"/{screening}/show", {"position": 0})
    await until_true(page, PLAYS)
    yield page
    await page.context.close()


async def words_of(stage: Page) -> str:
    return " ".join((await stage.locator("body").inner_text()).split())


@pytest.mark.long  # a door that is silent or gone, in every run: test_stage_page.py
async def test_54_a_frozen_web_process_is_the_courts_card_and_the_clip_comes_again(stage: Page, court: Court) -> None:
    court.product.freeze("web")
    try:
        await until_true(stage, NEUTRAL)
        assert t("stage.quiet") in await words_of(stage)
    finally:
        court.product.thaw("web")
    await until_true(stage, PLAYS)


@pytest.mark.long  # as above
async def test_54_a_killed_web_process_is_the_courts_card_also_when_the_page_is_loaded_anew(stage: Page, court: Court) -> None:
    old = {part: court.product.kill(part) for part in court.product.pids() if part.startswith("web")}
    await until_true(stage, NEUTRAL)
    await stage.reload()
    await until_true(stage, NEUTRAL)
    for part, pid in old.items():
        await asyncio.to_thread(court.product.until_started_again, part, pid)
    await until_true(stage, PLAYS)


@pytest.mark.long  # as above
async def test_54_parts_that_show_nothing_may_freeze_and_the_clip_goes_on(stage: Page, court: Court, screening: str) -> None:
    parts = [part for part in court.product.pids() if not part.startswith("web")]
    assert "relay" in parts
    for part in parts:
        court.product.freeze(part)
    try:
        await asyncio.sleep(3)  # longer than the stage waits for a beat
        assert await stage.evaluate(PLAYS)
        assert (await asyncio.to_thread(court.told, f"/{screening}/black", {}))["black"] is True
        await until_true(stage, "() => document.body.dataset.screen === 'black'")
        assert not await words_of(stage)
    finally:
        for part in parts:
            court.product.thaw(part)

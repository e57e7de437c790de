"""The court's one wall becomes the stage: an alarm reaches the desk and not the audience, and only the desk takes the wall back."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, Page, expect
from ulid import ULID

from tests.journeys.senders import send
from tests.journeys.waiting import until_true
from tests.running import Product
from tests.screenings import Court

SOON = 30_000
NAMES = ("陈法官", "一组", "指挥大厅", "求助")


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    with Product() as product:
        court = Court(product)
        yield court
        court.close()


@pytest.fixture
async def pages(browser: Browser, court: Court) -> AsyncIterator[dict[str, Page]]:
    """Wall, desk and host, each in a browser of its own."""
    seeded = court.product.seeded
    screening = court.planned({"title": "自愿履行", "words": "可以申请和解。"})
    where = {"wall": ("ecc_wall", seeded.wall, "wall"), "desk": ("ecc_desk", seeded.desk, "desk"),
             "host": ("ecc_desk", seeded.commander, f"screening/{screening}")}  # fmt: skip
    pages: dict[str, Page] = {}
    for name, (cookie, token, path) in where.items():
        context = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
        await context.add_cookies([{"name": cookie, "value": token, "url": court.product.origin}])
        pages[name] = await context.new_page()
        await pages[name].goto(f"{court.product.origin}/centre/{path}")
    for name in ("wall", "desk"):
        await expect(pages[name].locator('[data-panel="system"]')).to_have_attribute("data-state", "live", timeout=SOON)
    yield pages
    for page in pages.values():
        await page.context.close()


@pytest.mark.long  # its doors and sockets, there and back: dashboard/screening/test_wall_on_stage.py
async def test_the_one_wall_is_a_stage_until_a_desk_takes_it_back(pages: dict[str, Page], court: Court) -> None:
    wall, desk, host = pages["wall"], pages["desk"], pages["host"]
    await expect(desk.locator("#on-stage")).to_be_hidden()
    await host.locator("#walls button").click()
    await host.locator('#sure-wall button[value="yes"]').click()
    await expect(host.locator("#walls")).to_contain_text("由值班台收回", timeout=SOON)
    await wall.wait_for_url("**/stage/wall", timeout=SOON)
    await until_true(wall, "() => document.body.dataset.screen === 'neutral'")
    await expect(desk.locator("#on-stage")).to_have_text("大屏正在警示教育", timeout=SOON)

    await host.locator("#begin").click()
    await host.locator("#places .show").first.click()
    await until_true(wall, "() => document.body.dataset.screen === 'card'")
    alarm = str(ULID())
    await send(court.product, "sos", {"id": alarm, "t": datetime.now(UTC).isoformat().replace("+00:00", "Z"), "fix": None}, 1001)
    await expect(desk.locator("#queue-body")).to_contain_text("陈法官", timeout=SOON)
    shown = await wall.evaluate("() => document.documentElement.textContent")
    assert "自愿履行" in shown
    assert not [name for name in NAMES if name in shown]
    await wall.reload()
    await until_true(wall, "() => document.body.dataset.screen === 'card'")

    await host.locator("#end").click()
    await host.locator('#sure button[value="yes"]').click()
    await until_true(wall, "() => document.body.dataset.screen === 'neutral'")
    assert wall.url.endswith("/stage/wall"), "it stays before the audience until a desk says otherwise"

    back = desk.locator('#walls-body [data-key="r"]')
    await back.click()
    await expect(back).to_contain_text("再按一次")
    await back.click()
    await wall.wait_for_url("**/centre/wall", timeout=SOON)
    await expect(wall.locator('[data-panel="system"]')).to_have_attribute("data-state", "live", timeout=SOON)
    await expect(desk.locator("#on-stage")).to_be_hidden(timeout=SOON)

"""An outside video through its page: chosen, paused, gone on with after a reload and after a kill -9, then cut by I and O on the player."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, TimeoutError, expect

from tests.brought import film_of
from tests.journeys.waiting import until_true
from tests.running import Product
from tests.screenings import Court

PART = 128 * 1024  # as the page sends them
DRAWN = "() => document.getElementById('canvas').width === 160"


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    with Product() as product:
        court = Court(product)
        yield court
        court.close()


@pytest.fixture
async def page(browser: Browser, court: Court) -> AsyncIterator[Page]:
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1920, "height": 1080})
    await context.add_cookies([{"name": "ecc_desk", "value": court.product.seeded.desk, "url": court.product.origin}])
    page = await context.new_page()
    yield page
    await context.close()


@pytest.mark.long  # kills while it is brought: tests/dashboard/screening/test_tus_clients.py
async def test_a_video_is_brought_through_pause_reload_and_kill_and_cut_on_the_player(page: Page, court: Court, tmp_path: Path) -> None:
    film, list_ = tmp_path / "现场.webm", f"{court.product.origin}/centre/screening/"
    content = film_of(6_000_000, seed=77)
    film.write_bytes(content)
    await page.goto(list_)
    asked: list[int] = []

    async def hold(route: Route) -> None:  # a sixth of it goes through; then nothing until the person has pressed
        asked.append(1)
        if len(asked) <= len(content) // 6 // PART:
            await route.continue_()

    await page.route("**/centre/screening/videos/*", hold)
    await page.locator("#choose").set_input_files(film)
    row = page.locator("#coming li")
    await until_true(page, "() => document.querySelector('#coming .bar')?.getAttribute('aria-valuenow') >= 14")
    await row.get_by_role("button", name="暂停").click()
    await expect(row).to_contain_text("已暂停在")
    await page.unroute_all()
    await page.reload()
    await expect(row).to_contain_text("请再选一次同一个文件继续")
    await expect(row).to_contain_text("现场.webm")
    old = court.product.kill("web")
    await page.locator("#choose").set_input_files(film)
    court.product.until_started_again("web", old)
    for _ in range(60):  # whoever meets the server while it is away presses on
        if await row.get_by_role("link", name="选段剪片").count():
            break
        with contextlib.suppress(TimeoutError):
            await row.get_by_role("button", name="继续").click(timeout=1_000)
    await row.get_by_role("link", name="选段剪片").click()
    await expect(page.locator("h1")).to_have_text("现场.webm")
    await expect(page.locator("#go")).to_be_disabled()
    await page.locator("#look").click()
    await until_true(page, DRAWN)
    await page.keyboard.press("Home")
    for _ in range(5):
        await page.keyboard.press("ArrowRight")
    await page.keyboard.press("i")
    await expect(page.locator("#from")).to_have_value("0.200")
    await page.keyboard.press("Shift+ArrowRight")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("o")
    await expect(page.locator("#to")).to_have_value("1.240")
    await expect(page.locator("#lasts")).to_have_text("00:01.040")
    await page.locator("#in-mark").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#from")).to_have_value("0.240")
    await page.get_by_label("名称").fill("外来的一段")
    await page.keyboard.press("i")
    await expect(page.get_by_label("名称")).to_have_value("外来的一段i")  # typing stays typing
    await page.get_by_label("名称").fill("外来的一段")
    await page.get_by_role("button", name="剪出并去遮蔽").click()
    await expect(page.locator("#title")).to_have_text("外来的一段")
    await page.locator("#look").click()
    await until_true(page, DRAWN)


async def test_what_is_no_film_says_what_to_do_and_what_is_cancelled_is_gone(page: Page, court: Court, tmp_path: Path) -> None:
    wrong = tmp_path / "表格.mp4"
    wrong.write_bytes(b"no film at all" * 5_000)
    await page.goto(f"{court.product.origin}/centre/screening/")
    await page.locator("#choose").set_input_files(wrong)
    row = page.locator("#coming li")
    await expect(row).to_contain_text("这不是能用的视频文件")
    await expect(row).to_have_attribute("data-state", "failed")
    await expect(row.get_by_role("button", name="继续")).to_have_count(0)
    await row.get_by_role("button", name="知道了").click()
    await expect(row).to_have_count(0)
    incoming = court.product.settings.recordings / "incoming"
    assert [each.name for each in incoming.iterdir() if each.suffix == ".video"] == []

"""A host and a stage in two browsers that know nothing of each other: shown, blacked out by a key, revoked, ended."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.journeys.waiting import until_true
from tests.running import Product
from tests.screenings import Court

CUT_OFF = """() => [...document.querySelectorAll('.console section')].filter((each) => each.checkVisibility()
  && each.scrollWidth > each.clientWidth).map((each) => each.className)"""
ON_STAGE = "document.body.dataset.screen"
PLAYS = "!document.querySelector('#picture').paused && document.querySelector('#picture').currentTime > 0"
SILENT = "document.querySelector('#picture').muted && !document.querySelector('#picture').getAttribute('src')"


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    with Product(demo=False) as product:
        court = Court(product, seconds=12)
        yield court
        court.close()


@pytest.fixture(scope="module")
def released(court: Court) -> tuple[str, str]:
    return court.released()


@pytest.fixture
async def host(browser: Browser, court: Court) -> AsyncIterator[Page]:
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1920, "height": 1080})
    await context.add_cookies([{"name": "ecc_desk", "value": court.product.seeded.desk, "url": court.product.origin}])
    page = await context.new_page()
    yield page
    await context.close()


@pytest.fixture
async def second(browser: Browser, court: Court) -> AsyncIterator[Page]:
    """Somebody else of the centre, at a desk of his own."""
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
    await context.add_cookies([{"name": "ecc_desk", "value": court.product.seeded.commander, "url": court.product.origin}])
    page = await context.new_page()
    yield page
    await context.close()


@pytest.fixture
async def stage(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1920, "height": 1080})
    page = await context.new_page()
    yield page
    await context.close()


async def late(route: Route) -> None:
    await asyncio.sleep(1)
    await route.continue_()


async def test_from_the_list_to_the_stage_and_black_by_one_key(host: Page, stage: Page, court: Court, released: tuple[str, str]) -> None:
    clip, _ = released
    await host.goto(f"{court.product.origin}/centre/screening/")
    await expect(host.get_by_role("row", name="一间厂房的腾退")).to_contain_text("可播放")
    await host.get_by_label("这一场的名称").fill("一月警示教育")
    await host.get_by_role("button", name="新建一场").click()
    await expect(host.locator("#state")).to_have_text("筹备中")
    await host.route("**/programme", late, times=1)  # quicker than the answer to his first press comes his second
    await host.locator("#live .add").click()
    await host.get_by_label("标题", exact=True).fill("执行和解")
    await host.get_by_label("正文（可分行）").fill("双方可以自愿达成和解协议。\n不同意也可以。")
    await host.locator("#card button").click()
    await expect(host.locator("#places li")).to_have_count(2)
    for width, height in ((1366, 768), (1920, 1080)):
        await host.set_viewport_size({"width": width, "height": height})
        assert await host.evaluate(CUT_OFF) == [], (width, height)
    await host.locator("#places li").nth(1).locator(".up").click()
    await expect(host.locator("#places li").nth(0)).to_contain_text("执行和解")
    await host.get_by_role("button", name="打开展示端").click()
    await expect(host.locator("#link")).to_contain_text("/stage/")
    link = await host.locator("#link").inner_text()
    await stage.goto(link)
    await stage.locator("button").click()
    await expect(host.locator("#seen")).to_have_text("大屏是字幕或静帧")
    await host.get_by_role("button", name="开场").click()
    await expect(host.locator("#state")).to_have_text("进行中")
    await host.keyboard.press("ArrowRight")
    await expect(stage.locator("#card-title")).to_have_text("执行和解")
    await host.keyboard.press("ArrowRight")
    await until_true(stage, PLAYS)
    await expect(host.locator("#seen")).to_have_text("大屏正在播放")
    await host.keyboard.press("b")
    await until_true(stage, f"{ON_STAGE} === 'black' && {SILENT}")
    await expect(host.locator("#seen")).to_have_text("大屏全黑，没有声音")
    await expect(host.locator("#black")).to_be_disabled()  # a second click in haste shows nothing again
    assert not (await stage.locator("body").inner_text()).strip(), "black, and no word"
    await host.get_by_role("button", name="恢复画面").click()
    await expect(host.locator("#seen")).to_have_text("大屏已暂停")
    await host.keyboard.press(" ")
    await until_true(stage, PLAYS)
    await host.get_by_role("button", name="片中人异议").click()
    await until_true(stage, f"{ON_STAGE} === 'black' && {SILENT}")
    await host.get_by_role("button", name="停用这段片子").click()
    await expect(host.locator("#places li").nth(1)).to_contain_text("已失效")
    await host.get_by_role("button", name="恢复画面").click()
    await until_true(stage, f"{ON_STAGE} === 'neutral' && {SILENT}")
    assert court.told(f"/clips/{clip}/state")["release"]["revoked_cause"] == "OBJECTION"
    await host.get_by_role("button", name="结束本场").click()
    await host.get_by_role("button", name="结束", exact=True).click()
    await expect(host.locator("#state")).to_have_text("已结束")
    await until_true(stage, f"{ON_STAGE} === 'neutral'")


async def watch_all(page: Page) -> None:
    """Plays until nothing is left: on a busy machine a player swallows stretches, and «play» then goes on where the first of them is."""
    for _ in range(12):
        await page.keyboard.press("Space")
        before = None
        while before != (now := await page.locator("#ruler").get_attribute("aria-valuenow")):
            before = now
            await asyncio.sleep(1.5)
        if await page.locator("#certify").is_enabled():
            return
    await expect(page.locator("#certify")).to_be_enabled()


async def test_a_recording_becomes_a_clip_that_two_have_signed(host: Page, second: Page, court: Court) -> None:
    await host.goto(f"{court.product.origin}/centre/screening/")
    await host.get_by_role("link", name="选段剪片").first.click()
    await host.locator("#look").click()
    await expect(host.locator("#play")).to_be_enabled()
    await host.get_by_label("到第几秒").fill("3")
    await host.get_by_label("名称").fill("门前的封条")
    await host.get_by_role("button", name="剪出并去遮蔽").click()
    await expect(host.locator("#title")).to_have_text("门前的封条")
    await host.locator("#look").click()
    await until_true(host, "() => document.getElementById('canvas').width === 640")
    box = await host.locator("#over").bounding_box()
    assert box is not None
    await host.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    await host.mouse.down()
    await host.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.7, steps=4)
    await host.mouse.up()
    await host.locator("#minors label", has=host.locator("[value=false]")).click()
    await host.locator("#render").click()
    await expect(host.locator("#render")).to_have_text("去审看", timeout=60_000)
    await host.locator("#render").click()
    await host.locator("#propose").click()
    for page, signed in ((host, 1), (second, 2)):
        await page.goto(host.url)
        await page.locator("#to-review").click()
        await expect(page.locator("#certify")).to_be_disabled()
        await page.keyboard.press("Home")
        await watch_all(page)
        await page.locator("#certify").click()
        await expect(page.locator("#certified li")).to_have_count(signed)
        await expect(page.locator("#certify")).to_be_disabled()
    await expect(second.locator("#release-state")).to_contain_text("可以放映")
    await host.reload()
    await host.locator("#to-review").click()
    await expect(host.locator("#certify")).to_be_disabled()

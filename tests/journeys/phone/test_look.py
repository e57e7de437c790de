"""What the phone looks like in the smallest hands."""

import asyncio
import json

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.journeys.phone.in_hand import MISSIONS, a_phone, hold, on_duty, open_page, until
from tests.journeys.scripted_centre import Centre


@pytest.mark.parametrize("size", [(390, 844), pytest.param((360, 740), marks=pytest.mark.long), (360, 640)])
async def test_the_two_zones_are_large_and_in_the_thumbs_reach(browser: Browser, centre: Centre, size: tuple[int, int]) -> None:
    centre.rows["mission"] = json.loads(json.dumps(MISSIONS))
    async with a_phone(browser, size) as phone:
        page = await open_page(phone, centre)
        for act in ("call", "sos"):
            box = await page.locator(f"[data-act={act}]").bounding_box()
            assert box
            assert box["height"] >= 96
            assert box["width"] >= 96
            assert box["y"] >= size[1] * 0.4
            assert box["y"] + box["height"] <= size[1]
        touched = (
            "[...document.querySelectorAll('button, a')].filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect().height)"
        )
        assert min(await page.evaluate(touched)) >= 48
        assert await page.evaluate("document.documentElement.scrollWidth") <= size[0]


SMALLEST = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let smallest = 99;
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
        smallest = Math.min(smallest, parseFloat(getComputedStyle(element).fontSize));
    }
    return smallest;
}"""
SPILLS = """() => [...document.querySelectorAll('#phone *')].filter((e) => e.checkVisibility()
    && e.clientWidth && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible').map((e) => e.id || e.className)"""


@pytest.mark.parametrize("size", [pytest.param((390, 844), marks=pytest.mark.long), (360, 740)])
async def test_no_text_is_smaller_than_15_px_and_nothing_spills(browser: Browser, centre: Centre, size: tuple[int, int]) -> None:
    centre.rows["mission"] = json.loads(json.dumps(MISSIONS))
    centre.watchers = 1
    async with a_phone(browser, size) as phone:
        page = await phone.new_page()
        await page.goto(centre.origin + "/enrol")
        await expect(page.locator("#watchers")).to_have_text("指挥中心 1 人在看")
        assert await page.evaluate(SMALLEST) >= 15
        await page.locator("[data-act=arrived]").tap()
        await page.locator("[data-act=call]").tap()
        await hold(page, 1.7)
        await expect(page.locator("#sos .word")).to_have_text("指挥中心已收到")
        assert await page.evaluate(SMALLEST) >= 15
        assert await page.evaluate(SPILLS) == []
        more, word = await page.locator("#call .more").bounding_box(), await page.locator("#sos .word").bounding_box()
        assert more
        assert word
        assert more["y"] + more["height"] <= word["y"] + 1


CUT = """() => {
    const place = document.getElementById('reading');
    const end = place.getBoundingClientRect().bottom + 1;
    const rows = [...place.querySelectorAll('.me, #strip, #notices p, #lost, #picture, #picture p, .frame, .missions, li, .step')];
    return rows.filter((row) => row.checkVisibility() && row.getBoundingClientRect().bottom > end).map((row) => row.id || row.className);
}"""


@pytest.mark.parametrize("size", [(390, 844), pytest.param((360, 740), marks=pytest.mark.long), (360, 640)])
async def test_while_an_alarm_is_open_what_does_not_fit_goes_as_a_whole_row(
    browser: Browser, centre: Centre, size: tuple[int, int]
) -> None:
    centre.rows["mission"] = json.loads(json.dumps(MISSIONS))
    async with a_phone(browser, size) as phone:
        page = await open_page(phone, centre)
        await hold(page, 1.7)
        await expect(page.locator("#sos .word")).to_have_text("指挥中心已收到")
        await until(lambda: centre.received["sos"])
        assert await page.evaluate(CUT) == []
        await expect(page.locator(".missions")).to_be_visible(visible=size[1] > 700)
        await page.locator("[data-act=call]").tap()
        await expect(page.locator("#call .word")).to_have_text("指挥中心已收到")
        await asyncio.sleep(1.5)
        assert await page.evaluate(CUT) == []
        await centre.set_row("call", centre.received["calls"][0]["id"], state="ENDED", ended_at=centre.now_ms())
        await centre.set_row("sos", centre.received["sos"][0]["id"], state="RESOLVED", closed_at=centre.now_ms())
        await expect(page.locator(".missions li").last).to_be_visible()


@pytest.mark.parametrize("size", [(390, 844), (360, 640)])
async def test_the_words_of_the_notice_stand_whole_before_the_officers_own_picture(
    browser: Browser, centre: Centre, size: tuple[int, int]
) -> None:
    async with a_phone(browser, size, permissions=["geolocation", "camera", "microphone"]) as phone:
        page = await open_page(phone, centre)
        await page.locator("[data-act=call]").tap()
        await expect(page.locator("#picture-notice")).to_contain_text("全程录音录像")
        assert await page.evaluate(CUT) == []
        await expect(page.locator("#picture-state")).to_be_visible()


async def test_no_request_leaves_the_server_and_nothing_fails(phone: BrowserContext, centre: Centre) -> None:
    page = await phone.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda message: wrong.append(message.text) if message.type == "error" and "barlow" not in message.location["url"] else None,
    )
    await page.goto(centre.origin + "/enrol")
    await expect(page.locator("#watchers")).to_have_text("无人在看")
    await on_duty(page, centre)
    assert all(url.startswith(centre.origin) for url in asked)
    assert wrong == []

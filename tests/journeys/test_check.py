"""The check pages: each part is tried against the running product, and what is red says what to do."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.journeys.test_picture import REFUSED
from tests.running import COURT, Product

pytestmark = pytest.mark.timeout(180)
SOON = 30_000


async def opened(browser: Browser, product: Product, face: str, script: str = "") -> Page:
    context = await browser.new_context(
        viewport={"width": 390, "height": 844} if face == "field" else {"width": 1280, "height": 800},
        locale="zh-CN",
        permissions=["geolocation", "camera", "microphone"],
        geolocation={"latitude": COURT[0], "longitude": COURT[1], "accuracy": 8},
    )
    cookie, token = ("ecc_device", product.seeded.devices[1001]) if face == "field" else ("ecc_desk", product.seeded.desk)
    await context.add_cookies([{"name": cookie, "value": token, "url": product.origin}])
    page = await context.new_page()
    if script:
        await page.add_init_script(script)
    await page.goto(f"{product.origin}/{'field' if face == 'field' else 'centre'}/check")
    await page.locator("#begin").click()
    return page


@pytest.mark.parametrize("face", ["field", "desk"])
async def test_every_part_is_tried(browser: Browser, product: Product, face: str) -> None:
    page = await opened(browser, product, face)
    parts = ["camera", "microphone", "path", "clock", *(["position"] if face == "field" else [])]
    for part in parts:
        await expect(page.locator(f'[data-part="{part}"]')).to_have_attribute("data-state", "good", timeout=SOON)
    await expect(page.locator('[data-part="path"] .word')).to_contain_text("直连")
    await page.locator('[data-heard="no"]').click()
    await expect(page.locator('[data-part="speaker"]')).to_have_attribute("data-state", "bad")
    await expect(page.locator('[data-part="speaker"] .do')).to_contain_text("调高音量")
    assert (await page.locator("#cameras option").count() > 0) is (face == "desk")


async def test_what_is_refused_says_what_to_do_and_a_stranger_learns_nothing(browser: Browser, product: Product) -> None:
    page = await opened(browser, product, "field", REFUSED)
    await expect(page.locator('[data-part="camera"] .do')).to_contain_text("网站设置")
    await expect(page.locator('[data-part="path"]')).to_have_attribute("data-state", "good", timeout=SOON)  # a drawn picture does
    await page.context.clear_cookies()
    await page.locator("#begin").click()
    await expect(page.locator('[data-part="path"]')).to_have_attribute("data-state", "bad")

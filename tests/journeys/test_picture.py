"""One tap on the phone: it rings, and picture and sound stand on wall and desk by themselves; what fails is said, and the call goes on."""

import asyncio

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.running import COURT, Product

pytestmark = pytest.mark.timeout(240)
SOON = 20_000
UNIT = 1001
PLAYS = """(where) => {
  const video = document.querySelector(where);
  return video && video.checkVisibility() && video.videoWidth > 0 ? video.getVideoPlaybackQuality().totalVideoFrames : 0;
}"""
REFUSED = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));"
THROWN = """window.thrown = [];
addEventListener('error', (event) => thrown.push(event.message));
addEventListener('unhandledrejection', (event) => thrown.push(String(event.reason)));"""
NO_CAMERA = """const both = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (wanted) =>
  wanted.video ? Promise.reject(new DOMException('none', 'NotFoundError')) : both(wanted);"""


async def phone_page(browser: Browser, product: Product, script: str = "", unit: int = UNIT) -> Page:
    context = await browser.new_context(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        locale="zh-CN",
        permissions=["geolocation", "camera", "microphone"],
        geolocation={"latitude": COURT[0], "longitude": COURT[1], "accuracy": 8},
    )
    await context.add_cookies([{"name": "ecc_device", "value": product.seeded.devices[unit], "url": product.origin}])
    page = await context.new_page()
    if script:
        await page.add_init_script(script)
    await page.goto(product.origin + "/field/")
    await expect(page.locator("#watchers")).to_have_text("无人在看")
    return page


async def centre_page(browser: Browser, product: Product, face: str) -> Page:
    context: BrowserContext = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    await context.add_cookies([{"name": f"ecc_{face}", "value": getattr(product.seeded, face), "url": product.origin}])
    page = await context.new_page()
    await page.goto(f"{product.origin}/centre/{face}")
    await expect(page.locator('[data-panel="system"]')).to_have_attribute("data-state", "live", timeout=SOON)
    return page


@pytest.fixture
async def wall(browser: Browser, product: Product) -> Page:
    return await centre_page(browser, product, "wall")


async def until_it_plays(page: Page, where: str, frames: int = 8, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        before = 0
        while not before:
            before = await page.evaluate(PLAYS, where)
            await asyncio.sleep(0.1)
        while await page.evaluate(PLAYS, where) < before + frames:
            await asyncio.sleep(0.1)


async def end(phone: Page, wall: Page) -> None:
    await phone.locator("[data-act=withdraw]").tap()
    await expect(wall.locator("#wall")).to_have_attribute("data-stage", "", timeout=SOON)
    await expect(phone.locator("#picture")).to_be_hidden()


async def test_one_tap_puts_picture_and_sound_on_the_wall_beside_case_place_and_teams(
    browser: Browser, product: Product, wall: Page
) -> None:
    phone = await phone_page(browser, product)
    await phone.locator("[data-act=call]").tap()
    await until_it_plays(wall, "#tile video")
    await expect(wall.locator(".scene .chip").first).to_contain_text("kbit/s")
    await expect(wall.locator(".scene")).to_contain_text("一组")
    await expect(wall.locator(".place-card")).to_be_visible()
    await expect(wall.locator(".near-card")).to_be_visible()
    await expect(phone.locator("#picture-state")).to_have_text("画面已送达指挥中心")
    await expect(phone.locator("#picture-watchers")).to_contain_text("指挥大厅")
    await expect(phone.locator('#picture-lamp[data-lamp="on"]')).to_have_text("录制中")
    assert await phone.evaluate(PLAYS, "#preview") > 0
    hand = phone.context
    await phone.close()
    await expect(wall.locator(".chip.warns")).to_contain_text("画面中断", timeout=SOON)
    phone = await hand.new_page()  # the officer opens the page again: what was sent goes on being sent
    await phone.goto(product.origin + "/field/")
    await until_it_plays(wall, "#tile video")
    await end(phone, wall)


async def test_a_phone_at_rest_and_in_a_call_throws_nothing(browser: Browser, product: Product, wall: Page) -> None:
    """What is thrown in a task stops nothing and is seen by nobody: a drawing that called itself cost a phone all its strength."""
    phone = await phone_page(browser, product, THROWN)
    await asyncio.sleep(3)
    await phone.locator("[data-act=call]").tap()
    await until_it_plays(wall, "#tile video")
    await end(phone, wall)
    assert await phone.evaluate("thrown") == []


@pytest.mark.parametrize(
    ("script", "phone_says", "wall_says"), [(REFUSED, "无画面：浏览器没有", "无画面"), (NO_CAMERA, "无画面，仅声音", "仅声音")]
)
async def test_a_call_without_a_camera_rings_and_says_so(
    browser: Browser, product: Product, wall: Page, script: str, phone_says: str, wall_says: str
) -> None:
    phone = await phone_page(browser, product, script)
    await phone.locator("[data-act=call]").tap()
    await expect(wall.locator(".call.staged")).to_be_visible(timeout=SOON)
    await expect(phone.locator("#picture-state")).to_contain_text(phone_says, timeout=SOON)
    await expect(wall.locator(".chip.warns")).to_contain_text(wall_says, timeout=SOON)
    await expect(phone.locator("#call .word")).to_have_text("指挥中心已收到")
    await end(phone, wall)

"""Signing in by a real browser, which decides itself what Origin, cookie and referrer it sends."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from data.actions.links import approve_pairing
from data.rules.links import Purpose
from data.rules.permissions import Role
from data.settings import Settings
from tests.house import House, built, serving
from tests.small_court import PASSWORD, PHONE_UNIT, PIN, somebody


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield from built(tmp_path, Settings.of(home=tmp_path))


async def test_a_person_signs_in_locks_unlocks_and_leaves(house: House, browser: Browser) -> None:
    house.account()
    async with serving(house) as port:
        page = await (await browser.new_context(java_script_enabled=False)).new_page()
        await page.goto(f"http://127.0.0.1:{port}/centre/desk")
        await page.get_by_label("用户名").fill("chenjun")
        await page.get_by_label("密码", exact=True).fill("wrong")
        await page.get_by_role("button", name="登录").click()
        await expect(page.get_by_role("alert")).to_have_text("用户名或密码不对。")
        await page.get_by_label("用户名").fill("chenjun")
        await page.get_by_label("密码", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="登录").click()
        await page.wait_for_url("**/centre/desk")
        await expect(page.locator("body")).to_contain_text("OFFICER")
        await page.goto(f"http://127.0.0.1:{port}/lock")
        await page.get_by_label("PIN").fill(PIN)
        await page.get_by_role("button", name="解锁").click()
        await page.wait_for_url("**/centre/desk")
        await page.goto(f"http://127.0.0.1:{port}/sign-out")
        await page.get_by_role("button", name="退出").click()
        await page.wait_for_url("**/sign-in")
        await page.goto(f"http://127.0.0.1:{port}/centre/desk")
        await page.wait_for_url("**/sign-in?next=/centre/desk")


async def test_a_phone_opens_its_link_once_and_a_second_browser_never(house: House, browser: Browser) -> None:
    link = house.link(Purpose.ENROL, unit_no=PHONE_UNIT)
    async with serving(house) as port:
        context = await browser.new_context(viewport={"width": 360, "height": 740})
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{port}{link}")
        await expect(page.get_by_role("heading")).to_contain_text("1003")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        await page.get_by_role("button", name="进入").click()
        await page.wait_for_url("**/field/")
        cookie = next(cookie for cookie in await context.cookies() if cookie.get("name") == "ecc_device")
        assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")
        second = await (await browser.new_context()).new_page()
        answer = await second.goto(f"http://127.0.0.1:{port}{link}")
        assert answer is not None
        assert answer.status == 404


async def test_a_wall_without_a_keyboard_enters_by_itself(house: House, browser: Browser) -> None:
    async with serving(house) as port:
        page = await (await browser.new_context(viewport={"width": 1920, "height": 1080})).new_page()
        await page.goto(f"http://127.0.0.1:{port}/pair")
        code = await page.locator("[data-pairing-code]").get_attribute("data-pairing-code")
        assert re.fullmatch(r"\w{6}", code or "")
        house.court.journal.do(somebody(Role.DUTY), house.court.now(), approve_pairing, code or "", "指挥大厅")
        await page.wait_for_url("**/centre/wall")
        await expect(page.locator("body")).to_contain_text("WALL")


FOREIGN = """<form method="post" enctype="text/plain" action="{there}/sign-out"><button>click</button></form>"""
TRY = """async (there) => {
    await fetch(`${there}/sign-out`, {method: 'POST', credentials: 'include', mode: 'no-cors'}).catch(() => null);
    return await new Promise((done) => {
        const socket = new WebSocket(`${there.replace('http', 'ws')}/live?face=desk`);
        socket.onopen = () => done('open');
        socket.onerror = () => done('refused');
    });
}"""


async def test_a_foreign_page_neither_posts_nor_connects_for_the_desk(house: House, browser: Browser) -> None:
    async with serving(house) as port:
        there = f"http://127.0.0.1:{port}"
        context = await browser.new_context()
        cookie = {"name": "ecc_desk", "value": house.desk(), "url": there, "httpOnly": True}  # without SameSite: the origin alone must do
        await context.add_cookies([cookie])  # type: ignore[list-item]
        page = await context.new_page()
        await page.route("http://127.0.0.2/**", lambda route: route.fulfill(body=FOREIGN.format(there=there), content_type="text/html"))
        await page.goto("http://127.0.0.2/")
        assert await page.evaluate(TRY, there) == "refused"
        async with page.expect_navigation() as answered:
            await page.get_by_role("button").click()
        assert (await answered.value).status == 403
        await page.goto(f"{there}/centre/desk")
        await expect(page.locator("body")).to_contain_text("OFFICER")

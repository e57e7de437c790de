"""A talk in real browsers: the centre rings a phone, a team is sent and answers, a line is whispered, the officer decides his picture."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Geolocation, Page, expect
from ulid import ULID

from data.actions.organisation import add_officer
from data.journal import Journal
from data.rules.permissions import SYSTEM, Role
from data.sealing import load_sealing
from tests.running import Product

CALLER, HELPER = 1001, 1002  # of 一组 and 二组
SCENE: Geolocation = {"latitude": 23.10, "longitude": 112.50, "accuracy": 8}


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


class Floor:
    """A wall, a desk, the caller's phone and the helper's, each in a browser of its own."""

    wall: Page
    desk: Page
    caller: Page
    helper: Page

    def __init__(self, browser: Browser, product: Product) -> None:
        self.browser, self.product = browser, product
        self.wrong: list[str] = []

    async def open(self) -> "Floor":
        seeded = self.product.seeded
        self.wall = await self._page("ecc_wall", seeded.wall, "/centre/wall", 1920, 1080)
        self.desk = await self._page("ecc_desk", seeded.desk, "/centre/desk", 1920, 1080)
        self.caller = await self._page("ecc_device", seeded.devices[CALLER], "/field/", 390, 844)
        self.helper = await self._page("ecc_device", seeded.devices[HELPER], "/field/", 390, 844)
        for page in (self.wall, self.desk):
            await expect(page.locator('[data-panel="system"]')).to_have_attribute("data-state", "live", timeout=20_000)
        for page in (self.caller, self.helper):
            await expect(page.locator("#watchers")).to_have_text("无人在看")
        return self

    async def _page(self, cookie: str, token: str, path: str, width: int, height: int) -> Page:
        context = await self.browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", permissions=["geolocation"], geolocation=SCENE
        )
        await context.add_cookies([{"name": cookie, "value": token, "url": self.product.origin}])
        page = await context.new_page()
        page.on("pageerror", lambda error: self.wrong.append(f"{path}: {error}"))
        await page.goto(self.product.origin + path)
        return page

    async def send(self, unit: int, door: str, body: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {self.product.seeded.devices[unit]}"}
        async with httpx.AsyncClient(base_url=self.product.origin, headers=headers) as sender:
            assert (await sender.post(f"/ingest/{door}", json=body)).is_success

    async def stand(self, unit: int, lat: float) -> None:
        fix = {"id": str(ULID()), "t": moment(), "lat": lat, "lon": SCENE["longitude"], "src_crs": "WGS84", "accuracy_m": 8}
        await self.send(unit, "positions", {"fixes": [fix | {"provider": "GPS", "mock": False}]})

    async def find(self, unit: int) -> None:
        """The desk chooses a unit by its number."""
        await self.desk.keyboard.press("f")
        await self.desk.locator("#find-input").fill(str(unit))
        await self.desk.keyboard.press("Enter")


def moment() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
async def floor(browser: Browser, product: Product) -> AsyncIterator[Floor]:
    floor = await Floor(browser, product).open()
    yield floor
    assert floor.wrong == []


async def test_the_centre_rings_and_the_officer_accepts_or_declines(floor: Floor) -> None:
    await floor.find(CALLER)
    await floor.desk.keyboard.press("1")
    await expect(floor.desk.locator("#notice")).to_have_text("已呼叫，等对方接受。")
    summons = floor.caller.locator("#summons")
    await expect(summons).to_contain_text("指挥中心请您通话")
    await expect(floor.caller.locator("[data-act=sos]")).to_be_visible()
    await expect(floor.wall.locator("article.call")).to_have_count(0)
    await summons.locator("[data-act=decline]").click()
    await expect(summons).to_be_hidden()
    await expect(floor.desk.locator('[data-panel="queue"] .card')).to_have_count(0)
    await floor.find(CALLER)
    await floor.desk.keyboard.press("1")
    await summons.locator("[data-act=accept]").click()
    await expect(floor.caller.locator("#in-call")).to_contain_text("王值班员")
    card = floor.wall.locator("article.call.staged")
    await expect(card).to_have_attribute("data-state", "answered")
    await floor.caller.locator("[data-act=picture]").click()
    await floor.caller.locator("[data-act=picture-privacy]").click()
    await expect(card.locator(".picture")).to_have_text("现场关闭画面")
    await floor.caller.locator("[data-act=withdraw]").click()
    await expect(card).to_have_count(0)


async def test_one_key_sends_the_nearest_team_and_its_answer_is_on_the_wall(floor: Floor) -> None:
    await floor.stand(CALLER, 23.10)
    await floor.stand(HELPER, 23.12)
    await floor.send(CALLER, "calls", {"id": str(ULID()), "t": moment(), "fix": None})
    await expect(floor.desk.locator('[data-panel="queue"] .card')).to_have_count(1)
    for key in ("1", "2"):
        await floor.desk.keyboard.press(key)
    await expect(floor.desk.locator("#notice")).to_have_text("已接听。")
    await floor.desk.keyboard.press("4")
    await expect(floor.desk.locator("#notice")).to_have_text("指令已发出。")
    summons = floor.helper.locator("#summons")
    await expect(summons).to_contain_text("支援指令")
    await expect(summons).to_contain_text("一组 陈法官")
    await expect(summons).to_contain_text("估算")
    order = floor.wall.locator(".order[data-order]")
    await expect(order).to_have_attribute("data-state", "DELIVERED")
    await expect(order).to_contain_text("二组")
    await summons.locator("[data-act=accept]").click()
    await expect(order).to_have_attribute("data-state", "ACCEPTED")
    await floor.helper.locator("#going [data-act=arrived]").click()
    await expect(order).to_have_attribute("data-state", "ARRIVED")
    await expect(floor.helper.locator("#going")).to_be_hidden()
    await floor.desk.keyboard.press("6")
    await floor.desk.locator("#whisper-input").fill("先稳住，支援已到门口")
    await floor.desk.keyboard.press("Enter")
    whispered = floor.caller.locator("#summons .whispered")
    await expect(whispered).to_have_text("先稳住，支援已到门口")
    await expect(floor.helper.locator("#summons")).to_be_hidden()
    assert "先稳住" not in await floor.wall.content()
    await floor.caller.locator("#summons [data-act=seen]").click()
    await expect(whispered).to_have_count(0)
    await floor.desk.keyboard.press("7")
    await expect(floor.wall.locator(".there")).to_contain_text("指挥长 王值班员")
    await floor.desk.keyboard.press("3")
    await expect(floor.wall.locator("article.call")).to_have_count(0)


async def test_a_team_that_cannot_go_says_why_and_the_desk_hears_it(floor: Floor) -> None:
    await floor.stand(CALLER, 23.10)
    await floor.stand(HELPER, 23.12)
    await floor.send(CALLER, "calls", {"id": str(ULID()), "t": moment(), "fix": None})
    await expect(floor.desk.locator('[data-panel="queue"] .card')).to_have_count(1)
    for key in ("1", "2", "4"):
        await floor.desk.keyboard.press(key)
        await asyncio.sleep(0.3)
    summons = floor.helper.locator("#summons")
    await summons.locator("[data-act=decline]").click()
    await summons.locator("[data-act=why-vehicle]").click()
    await expect(floor.desk.locator('[data-panel="queue"] .card')).to_contain_text("二组 无法前往：车辆故障")
    await expect(floor.wall.locator(".order[data-order]")).to_have_attribute("data-state", "DECLINED")
    await floor.desk.keyboard.press("4")
    await expect(floor.desk.locator("#notice")).to_have_text("附近没有空闲且定位有效的队组。")
    await floor.desk.keyboard.press("3")
    await expect(floor.wall.locator("article.call")).to_have_count(0)


async def test_a_leader_joins_by_link_digits_and_one_key(floor: Floor, product: Product) -> None:
    """The duty officer makes the link, tells the digits, lets him in; the line of conclusion is kept."""
    database = product.database()
    journal = Journal(database, load_sealing(product.settings.keys), product.settings.court_code)
    journal.do(SYSTEM, datetime.now(UTC), add_officer, "王样", "院长", Role.LEADER)
    database.close()
    await floor.send(CALLER, "calls", {"id": str(ULID()), "t": moment(), "fix": None})
    await expect(floor.desk.locator('[data-panel="queue"] .card')).to_have_count(1)
    for key in ("1", "2"):
        await floor.desk.keyboard.press(key)
    await expect(floor.desk.locator("#notice")).to_have_text("已接听。")
    await floor.desk.keyboard.press("5")
    await floor.desk.locator("#leader-who").select_option(label="王院长")
    await floor.desk.locator("#leader-ask").fill("说明腾退期限与后果")
    await floor.desk.keyboard.press("Enter")
    link = await floor.desk.locator("#leader-link").input_value()
    digits = re.sub(r"\D", "", await floor.desk.locator("#invited-dialog .digits").inner_text())
    await floor.desk.keyboard.press("Escape")
    context = await floor.browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", permissions=["camera", "microphone"])
    leader = await context.new_page()
    leader.on("pageerror", lambda error: floor.wrong.append(f"join: {error}"))
    await leader.goto(link)
    await expect(leader.locator("h1")).to_contain_text("王院长")
    await expect(leader.locator(".ask dd")).to_have_text("说明腾退期限与后果")
    assert await leader.evaluate("document.documentElement.scrollWidth") == 390
    await leader.get_by_role("button", name="进入连线").click()
    await expect(leader.locator("#waiting-state")).to_contain_text("等候核对")
    await expect(leader.locator("#check-picture")).to_have_text("画面正常")
    await expect(floor.wall.locator(".there")).to_contain_text("王院长 在等候室")
    assert digits not in await floor.wall.content()
    await leader.locator("#digits-input").press_sequentially(digits)
    await expect(leader.locator("#waiting-state")).to_contain_text("等值班员准入")
    assert await leader.evaluate("document.documentElement.scrollWidth") == 390
    await floor.desk.keyboard.press("5")
    await expect(leader.locator("#talk")).to_be_visible()
    await expect(leader.locator("#output")).to_contain_text("未确认")
    await expect(floor.caller.locator("#in-call")).to_contain_text("王院长")
    await leader.locator("#whisper-input").fill("请他坐下谈")
    await leader.locator("#whisper button").click()
    await expect(floor.caller.locator("#summons .whispered")).to_have_text("请他坐下谈")
    # His face is held up to the debtor, who must not read the whisper: it shows when the officer opens his own page by a long press.
    await expect(floor.caller.locator("#face")).to_be_visible()
    await floor.caller.locator("#face").click(delay=1200)
    await expect(floor.caller.locator("#face")).to_be_hidden()
    await floor.caller.locator("#summons [data-act=seen]").click()
    await leader.locator("#speak").click()
    await expect(leader.locator("#speak")).to_have_text("停止讲话")
    await floor.desk.keyboard.press("3")
    await leader.locator("#conclusion").fill("已释明后果，同意腾退。")
    await leader.locator("#conclude button").click()
    await expect(leader.locator("#after-title")).to_have_text("结论已存入案件。")
    await context.close()

"""The officer's phone in a real Chromium and the real centre: QR code to call, alarm and mission, with the server killed in between."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Geolocation, Page, expect
from sqlalchemy import select
from websockets.asyncio.client import connect

from data.actions.calls import answer_call
from data.actions.devices import revoke_device
from data.actions.links import make_link
from data.actions.sos import acknowledge_sos, resolve_sos
from data.journal import Journal
from data.rules.links import Purpose
from data.rules.permissions import SYSTEM, Actor, Role
from data.sealing import load_sealing
from data.tables import CallRow, DeviceRow, DutyRow, MissionRow, OfficerRow, SosRow, Table, UnitRow
from tests.faulty_proxy import FaultyProxy
from tests.journeys.waiting import until_true
from tests.running import Product

PLACE: Geolocation = {"latitude": 23.1, "longitude": 112.5, "accuracy": 8}
UNIT = 1001


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture
def journal(product: Product) -> Iterator[Journal]:
    """What a desk does, done without the desk's page."""
    database = product.database()
    yield Journal(database, load_sealing(product.settings.keys), product.settings.court_code)
    database.close()


@pytest.fixture
async def phone(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        locale="zh-CN",
        permissions=["geolocation"],
        geolocation=PLACE,
    )
    yield context
    await context.close()


async def open_page(phone: BrowserContext, product: Product, unit: int = UNIT) -> Page:
    await phone.add_cookies([{"name": "ecc_device", "value": product.seeded.devices[unit], "url": product.origin}])
    page = await phone.new_page()
    await page.goto(product.origin + "/field/")
    await expect(page.locator("#watchers")).to_have_text("无人在看")
    return page


def desk(product: Product, court_code: str) -> Actor:
    commander = next(row.id for row in rows(product, OfficerRow) if row.role == Role.COMMANDER)
    return Actor(kind="OFFICER", id=commander, role=Role.COMMANDER, court_code=court_code, officer_id=commander)


def rows(product: Product, table: type[Table]) -> list[Any]:
    """All rows of a table as another process sees them."""
    database = product.database()
    try:
        with database.reading() as session:
            found = list(session.scalars(select(table)))
            session.expunge_all()
            return found
    finally:
        database.close()


async def until(true: Callable[[], Any], seconds: float = 30) -> Any:
    async with asyncio.timeout(seconds):
        while not (found := true()):
            await asyncio.sleep(0.1)
    return found


async def hold(page: Page, seconds: float) -> None:
    box = await page.locator("[data-act=sos]").bounding_box()
    assert box
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    await page.mouse.down()
    await asyncio.sleep(seconds)
    await page.mouse.up()


async def test_a_qr_code_enrols_the_phone_without_a_word_of_complaint_from_its_browser(
    browser: Browser, product: Product, journal: Journal
) -> None:
    with journal.work(SYSTEM, datetime.now(UTC)) as work:
        secret = make_link(work, Purpose.ENROL, unit_no=1004)
    context = await browser.new_context(viewport={"width": 390, "height": 844}, permissions=["geolocation"], geolocation=PLACE)
    page = await context.new_page()
    wrong: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: wrong.append(f"{message.text} {message.location['url']}") if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{product.origin}/link/{secret}")
    await page.get_by_role("button", name="进入").click()
    await page.wait_for_url("**/field/")
    await expect(page.locator("#who")).to_have_text("陈法官")
    await expect(page.locator("#watchers")).to_have_text("无人在看")
    await until_true(page, "navigator.serviceWorker.controller !== null")
    await expect(page.locator("#demo")).to_be_hidden()
    assert [line for line in wrong if not line.endswith("/favicon.ico")] == []
    assert all(url.startswith(product.origin) for url in asked)
    await context.close()


async def test_while_nobody_answers_the_phone_tries_fresh_sockets_and_is_there_again_by_itself(
    phone: BrowserContext, product: Product
) -> None:
    """A browser holds its questions to an address that fell silent ever longer; a fresh socket does not wait for them."""
    async with FaultyProxy("127.0.0.1", product.settings.port) as proxy:
        origin = f"http://127.0.0.1:{proxy.port}"
        await phone.add_cookies([{"name": "ecc_device", "value": product.seeded.devices[1005], "url": origin}])
        page = await phone.new_page()
        tried: list[str] = []
        page.on("websocket", lambda socket: tried.append(socket.url))
        await page.goto(f"{origin}/field/")
        await expect(page.locator("#watchers")).to_have_text("无人在看", timeout=30_000)
        before = len(tried)
        proxy.fall_silent()
        await until(lambda: len(tried) >= before + 2, 60)
        proxy.mend()
        await expect(page.locator("#watchers")).to_have_text("无人在看", timeout=30_000)


async def test_a_call_reaches_the_centre_with_place_and_time_and_its_answer_comes_back(
    phone: BrowserContext, product: Product, journal: Journal
) -> None:
    page = await open_page(phone, product)
    await expect(page.locator("#fix-words")).to_contain_text("秒前")
    before = datetime.now(UTC)
    await page.locator("[data-act=call]").tap()
    await expect(page.locator("#call .word")).to_have_text("指挥中心已收到")
    [call] = await until(lambda: rows(product, CallRow))
    assert (call.unit_no, round(call.lat, 3), round(call.lon, 3)) == (UNIT, 23.1, 112.5)
    assert before - timedelta(seconds=1) <= call.placed_at <= datetime.now(UTC)
    await expect(page.locator("#call .more")).to_contain_text(call.number)
    with journal.work(desk(product, call.court_code), datetime.now(UTC)) as work:
        answer_call(work, call.id)
    await expect(page.locator("#call .word")).to_contain_text("已接听")
    await page.locator("[data-act=withdraw]").tap()
    await until(lambda: rows(product, CallRow)[0].state == "ENDED")
    await expect(page.locator("#call .word")).to_have_text("呼叫")


async def test_an_alarm_raised_while_the_server_is_dead_is_delivered_once_with_its_own_time(
    phone: BrowserContext, product: Product, journal: Journal
) -> None:
    page = await open_page(phone, product, 1002)
    old = product.kill("web")
    before = datetime.now(UTC)
    await hold(page, 1.7)
    pressed = datetime.now(UTC)
    await expect(page.locator("#sos")).not_to_have_attribute("data-state", "idle")
    await page.close()
    product.until_started_again("web", old)
    product.until_ready()
    page = await phone.new_page()
    await page.goto(product.origin + "/field/")
    [sos] = await until(lambda: rows(product, SosRow))
    await expect(page.locator("#sos .word")).to_have_text("指挥中心已收到")
    assert before - timedelta(seconds=1) <= sos.raised_at <= pressed + timedelta(seconds=1)
    with journal.work(desk(product, sos.court_code), datetime.now(UTC)) as work:
        acknowledge_sos(work, sos.id)
    await expect(page.locator("#sos .word")).to_contain_text("处理中")
    with journal.work(desk(product, sos.court_code), datetime.now(UTC)) as work:
        resolve_sos(work, sos.id)
    await expect(page.locator("#sos .word")).to_have_text("求助")
    await asyncio.sleep(2)
    assert len(rows(product, SosRow)) == 1


async def test_moving_on_duty_is_kept_and_off_duty_is_not(phone: BrowserContext, product: Product) -> None:
    page = await open_page(phone, product, 1003)
    for step in range(5):
        await phone.set_geolocation({"latitude": 23.1 + step / 5000, "longitude": 112.5, "accuracy": 8})
        await asyncio.sleep(1.1)
    await page.locator("#strip").tap()
    await expect(page.locator("#sheet-body")).to_contain_text("待送：定位点 0 个，操作 0 项")
    assert "未被接受" not in await page.locator("#sheet-body").inner_text()
    await page.locator("#sheet-close").tap()
    await page.locator("[data-act=duty]").tap()
    await until(lambda: [row for row in rows(product, DutyRow) if row.unit_no == 1003 and row.ended_at])
    await expect(page.locator("#fix-words")).to_have_text("未开启")
    await page.locator("[data-act=duty]").tap()
    await until(lambda: [row for row in rows(product, UnitRow) if row.no == 1003 and row.on_duty])
    await expect(page.locator("[data-notice=duty]")).to_have_count(0)


async def test_a_mission_from_the_case_system_is_moved_by_the_phone(phone: BrowserContext, product: Product) -> None:
    page = await open_page(phone, product)
    now = datetime.now(UTC)
    assign(product, id="M-77", event="assigned", at=now.isoformat(), kind="EVICT", matter="腾退厂房", team="一组", place="河西社区",
           planned_from=now.isoformat())  # fmt: skip
    await expect(page.locator("[data-mission=M-77] .state")).to_have_text("待出发")
    for button, state, word in (("departed", "EN_ROUTE", "途中"), ("arrived", "ON_SCENE", "到场"), ("finished", "FINISHED", "已结束")):
        await page.locator(f"[data-mission=M-77] [data-act={button}]").tap()
        await until(lambda: rows(product, MissionRow)[0].state == state)  # noqa: B023 - awaited before the next round
        await expect(page.locator("[data-mission=M-77] .state")).to_have_text(word)
    assert rows(product, MissionRow)[0].ended_at is not None


def assign(product: Product, **mission: str) -> None:
    body = json.dumps({"missions": [mission]}).encode()
    headers = {"Authorization": f"Bearer {product.seeded.case_system}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(product.origin + "/ingest/missions", body, headers)) as answer:
        assert json.load(answer)["refused"] == []


async def test_no_signal_is_declared_and_taken_back(phone: BrowserContext, product: Product) -> None:
    page = await open_page(phone, product)
    await page.locator("#silence").tap()
    await page.locator("[data-minutes='15']").tap()
    await until(lambda: [row for row in rows(product, UnitRow) if row.no == UNIT and row.silent_until])
    await expect(page.locator("#silent-left")).to_contain_text("14:")
    await page.locator("[data-act=silence-end]").tap()
    await until(lambda: not [row for row in rows(product, UnitRow) if row.no == UNIT and row.silent_until])
    await expect(page.locator("#silent")).to_be_hidden()


async def test_the_officer_sees_that_somebody_looks_and_later_who_has_looked(phone: BrowserContext, product: Product) -> None:
    page = await open_page(phone, product, 1005)
    headers = {"Cookie": f"ecc_desk={product.seeded.commander}"}
    async with connect(f"{product.live}?face=desk", additional_headers=headers, origin=product.origin) as viewer:  # type: ignore[arg-type]
        while json.loads(await viewer.recv())["type"] != "snapshot":
            pass
        await viewer.send(json.dumps({"type": "watch", "unit": "1005"}))
        await expect(page.locator("#watchers")).to_have_text("指挥中心 1 人在看")
    await expect(page.locator("#watchers")).to_have_text("无人在看")
    await page.locator("[data-act=seen]").tap()
    await expect(page.locator(".seen li")).to_contain_text(["指挥长"])


async def test_a_revoked_phone_is_turned_away(phone: BrowserContext, product: Product, journal: Journal) -> None:
    page = await open_page(phone, product, 1006)
    device = next(row for row in rows(product, DeviceRow) if row.unit_no == 1006)
    with journal.work(SYSTEM, datetime.now(UTC)) as work:
        revoke_device(work, device.no)
    await expect(page.locator("#stranger h1")).to_contain_text("本手机未登记")

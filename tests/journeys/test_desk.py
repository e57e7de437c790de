"""The desk in a real Chromium: who owns a call, the lock, steering walls, pairing one, missions and cases, finding a unit; all by keys."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from sqlalchemy import func, select
from ulid import ULID

from data.actions.accounts import open_account
from data.actions.calls import place_call
from data.actions.devices import enrol_device
from data.actions.organisation import add_officer, add_unit, draw_fence, form_team
from data.actions.units import begin_duty
from data.actions.walls import add_wall
from data.engines import open_database
from data.journal import Journal
from data.rules import calls
from data.rules.identity import Act
from data.rules.permissions import SYSTEM, Actor, Role
from data.sealing import load_sealing
from data.settings import Settings
from data.tables import AuditRow, DeviceRow, OfficerRow
from tests.journeys.faces import Faces
from tests.journeys.senders import fix, iso, send
from tests.running import Product, Seeded, seed

SOON = 20_000
NEARLY = calls.UNANSWERED - timedelta(seconds=10)  # time enough for a busy machine to show it ringing
PLACE = (23.1, 112.5)
PIN = "739104"
EVIL = "<img src=x onerror=window.hit=1><b>甲</b> [链](javascript:x)"
AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
SMALLEST = """() => Math.min(...[...document.querySelectorAll('#desk *, dialog *')].filter((e) => e.checkVisibility()
  && e.getBoundingClientRect().width && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
  .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""
OUTSIDE = """() => [...document.querySelectorAll('#desk *')].filter((e) => { const b = e.getBoundingClientRect();
  return e.checkVisibility() && !e.closest('.map') && e.childElementCount === 0 && e.textContent.trim()
    && (b.right > innerWidth + 1 || b.bottom > innerHeight + 1 || b.left < -1 || b.top < -1); }).map((e) => e.textContent)"""
CUT_OFF = """() => [...document.querySelectorAll('#desk [data-panel] *')].filter((e) => {
  const p = e.closest('[data-panel]').getBoundingClientRect(), b = e.getBoundingClientRect();
  return e.checkVisibility() && !e.closest('.map') && e.childElementCount === 0 && e.textContent.trim() && b.height
    && (b.bottom > p.bottom + 1 || b.right > p.right + 1); }).map((e) => e.textContent)"""
KEYLESS = """() => [...document.querySelectorAll('#desk [data-key]')].filter((e) => e.checkVisibility()
  && e.querySelector('kbd')?.textContent.toLowerCase() !== e.dataset.key).map((e) => e.outerHTML)"""
UNREACHED = """() => [...document.querySelectorAll('#desk button, #desk input')].filter((e) => e.checkVisibility() && e.tabIndex < 0)
  .map((e) => e.outerHTML)"""


def seed_desks(settings: Settings) -> Seeded:
    """The running product's court, with a PIN for the duty officer alone, and a second wall."""
    seeded = seed(settings)
    database = open_database(settings.database_url)
    journal = Journal(database, load_sealing(settings.keys), settings.court_code, civil_offset_s=settings.civil_offset_s)
    with journal.work(SYSTEM, datetime.now(UTC)) as work:
        duty = work.session.scalar(select(OfficerRow.id).where(OfficerRow.name == "王值"))
        assert duty is not None
        open_account(work, duty, "wang", "lantern-over-quiet-water", PIN)
        work.actor = Actor(kind="OFFICER", id="seed", role=Role.TECHNICAL, court_code=settings.court_code)
        add_wall(work, "走廊屏")
    database.close()
    return seeded


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product(seed=seed_desks) as product:
        yield product


Open = Callable[[str, str], Awaitable[Page]]


@pytest.fixture(scope="module")
async def faces(_chromium: Callable[[], Awaitable[Browser]], product: Product) -> AsyncIterator[Faces]:
    async with Faces(_chromium, product) as faces:
        yield faces


@pytest.fixture
async def opened(faces: Faces) -> AsyncIterator[Open]:
    """`await opened("desk", token)`: each in a browser of its own; whatever went wrong in one fails the test."""

    async def open_face(face: str, token: str) -> Page:
        page = await faces.open(face, token)
        if face == "desk":  # its keys are listened to
            await expect(page.locator("#find-input")).to_be_visible(timeout=SOON)
            await expect(page.locator("#lock-state")).to_have_attribute("data-lock", re.compile("open|none|locked"), timeout=SOON)
        return page

    yield open_face
    await faces.rest()


@pytest.fixture
async def desk(opened: Open, product: Product) -> Page:
    return await opened("desk", product.seeded.desk)


@pytest.fixture
async def other_desk(opened: Open, product: Product) -> Page:
    return await opened("desk", product.seeded.commander)


@pytest.fixture
async def wall(opened: Open, product: Product) -> Page:
    return await opened("wall", product.seeded.wall)


async def place(product: Product, door: str, unit: int) -> str:
    """A call, or an alarm, of this unit. Returns its id."""
    id_ = str(ULID())
    await send(product, door, {"id": id_, "t": iso(datetime.now(UTC)), "fix": fix()}, unit)
    return id_


async def placed_before(product: Product, unit: int, ago: timedelta) -> str:
    """A call that came in so long ago: by the door's own action, whose clock is an argument. Returns its id."""
    id_ = str(ULID())
    device = await read(product, select(DeviceRow.no).where(DeviceRow.unit_no == unit, DeviceRow.revoked_at.is_(None)))
    phone = Actor("DEVICE", f"device:{device}", Role.DEVICE, product.settings.court_code, unit_no=unit, device_no=device)

    def ring() -> None:
        database = product.database()
        journal = Journal(database, load_sealing(product.settings.keys), product.settings.court_code)
        at = datetime.now(UTC) - ago
        journal.do(phone, at, place_call, id_, at)
        database.close()

    await asyncio.to_thread(ring)
    return id_


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def said(page: Page, sentence: str) -> None:
    """The server's answer to the last verb, seen."""
    await expect(page.locator("#notice")).to_have_text(sentence, timeout=SOON)


async def end_call(page: Page, card: Locator) -> None:
    """So that the next test begins with an empty queue."""
    await card.click()
    await press(page, "1")
    await said(page, "已由您处理。")
    await press(page, "2")
    await said(page, "已接听。")
    await press(page, "3")
    await expect(card).to_have_count(0, timeout=SOON)


async def choose(page: Page, kind: str, id_: str) -> None:
    await page.locator(f'[data-{kind}="{id_}"]').click()
    await expect(page.locator('[data-panel="verbs"]')).to_have_attribute("data-chosen", f"{kind}:{id_}")


async def read(product: Product, question: Any) -> Any:
    def ask() -> Any:
        database = product.database()
        try:
            with database.reading() as session:
                return session.scalar(question)
        finally:
            database.close()

    return await asyncio.to_thread(ask)


async def until(asked: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(SOON / 1000):
        while not wanted(found := await asked()):
            await asyncio.sleep(0.1)
    return found


async def test_an_idle_desk_says_in_sentences_what_is_empty(desk: Page) -> None:
    await expect(desk.locator("#queue-body")).to_have_text("没有等待的来电和求助。", timeout=SOON)
    await expect(desk.locator("#verbs-body")).to_have_text("选一路来电、求助、行动、案件或单元，数字键办理。", timeout=SOON)
    for name, none in (("missions", "今天没有行动。"), ("cases", "今天还没有案件变动。")):
        await expect(desk.locator(f"#{name}-body")).to_have_text(none, timeout=SOON)
    await press(desk, "1", "8", "ArrowDown")
    await expect(desk.locator("#said")).to_be_hidden()


# --- calls and alarms


async def test_of_two_desks_the_loser_sees_who_has_the_call_and_since_when(desk: Page, other_desk: Page, product: Product) -> None:
    call = await place(product, "calls", 1001)
    for page in (desk, other_desk):
        await choose(page, "call", call)
    await press(desk, "1")
    await said(desk, "已由您处理。")
    await expect(desk.locator(f'[data-call="{call}"]')).to_have_attribute("data-owner", "me", timeout=SOON)
    await press(other_desk, "1")
    await said(other_desk, "王值班员已先接手。")
    await expect(other_desk.locator("#notice-more")).to_contain_text("自 ")
    await expect(other_desk.locator("#said")).to_be_visible()
    card = other_desk.locator(f'[data-call="{call}"]')
    await expect(card).to_have_attribute("data-owner", "other", timeout=SOON)
    await expect(card).to_contain_text("王值班员 处理中，自 ")
    await press(desk, "2")
    await said(desk, "已接听。")
    await press(desk, "3")
    await expect(card).to_have_count(0, timeout=SOON)


async def test_keys_pressed_quickly_wait_for_their_row_and_what_stays_impossible_is_said(desk: Page, product: Product) -> None:
    call = await place(product, "calls", 1001)
    await choose(desk, "call", call)
    await press(desk, "3")
    await expect(desk.locator("#notice-more")).to_have_text("现在还不能这样做。", timeout=SOON)
    await press(desk, "1", "2", "3")
    await expect(desk.locator(f'[data-call="{call}"]')).to_have_count(0, timeout=SOON)


async def test_a_call_that_nobody_answers_is_escalated_on_the_desk(desk: Page, product: Product) -> None:
    call = await placed_before(product, 1002, NEARLY)
    card = desk.locator(f'[data-call="{call}"]')
    await expect(card).to_contain_text("无人接手", timeout=SOON)
    await expect(card).to_have_attribute("data-state", "RINGING")
    await expect(card).to_have_attribute("data-level", "1", timeout=SOON)
    await expect(card).to_contain_text("30 秒无人接听，已升级")
    await end_call(desk, card)


async def test_an_alarm_is_resolved_by_a_second_press_only_and_names_the_team_that_goes(desk: Page, product: Product) -> None:
    await send(product, "positions", {"fixes": [fix(PLACE[0] + 0.01)]}, 1004)
    sos = await place(product, "sos", 1001)
    await choose(desk, "sos", sos)
    respond = desk.locator('[data-key="2"][data-verb="respond_sos"]')
    await expect(respond).to_contain_text("二组 约", timeout=SOON)
    await expect(desk.locator('[data-verb="resolve_sos"]')).to_be_disabled()
    await press(desk, "1")
    await said(desk, "已由您处理。")
    await press(desk, "2")
    await said(desk, "已登记派出支援。")
    await expect(desk.locator(".chosen")).to_contain_text("二组 增援中", timeout=SOON)
    await press(desk, "3")
    await expect(desk.locator('[data-verb="resolve_sos"]')).to_contain_text("再按一次：解除")
    await press(desk, "Escape", "4", "3", "3")  # each arms another one, only the last pair is two of the same
    await said(desk, "已解除。")
    await expect(desk.locator(f'[data-sos="{sos}"]')).to_have_count(0, timeout=SOON)


async def test_while_the_server_is_silent_a_verb_says_that_it_was_not_sent(desk: Page, product: Product) -> None:
    call = await place(product, "calls", 1003)
    await choose(desk, "call", call)
    product.freeze("web")
    try:
        await expect(desk.locator('[data-panel="system"]')).to_contain_text("网页服务无响应", timeout=SOON)
        await press(desk, "1")
        await expect(desk.locator("#notice-more")).to_contain_text("没有送达", timeout=SOON)
    finally:
        product.thaw("web")
    await expect(desk.locator('[data-panel="system"]')).to_have_attribute("data-state", "live", timeout=SOON)
    await end_call(desk, desk.locator(f'[data-call="{call}"]'))


# --- the lock


async def test_a_locked_desk_shows_an_alarm_and_asks_for_the_pin_before_it_takes_it(desk: Page, product: Product) -> None:
    await expect(desk.locator("#lock-state")).to_have_attribute("data-lock", "open", timeout=SOON)
    await press(desk, "l")
    await expect(desk.locator("#desk")).to_have_attribute("data-locked", "", timeout=SOON)
    await desk.reload()
    await expect(desk.locator("#desk")).to_have_attribute("data-locked", "", timeout=SOON)
    sos = await place(product, "sos", 1002)
    card = desk.locator(f'[data-sos="{sos}"]')
    await expect(card).to_contain_text("无人接手", timeout=SOON)
    await choose(desk, "sos", sos)
    await press(desk, "1")
    dialog = desk.locator("#pin-dialog")
    await expect(dialog).to_be_visible()
    await desk.keyboard.type("111222")
    await press(desk, "Enter")
    await expect(dialog.locator(".told")).to_have_text("PIN 码不对。", timeout=SOON)
    await expect(card).to_have_attribute("data-owner", "nobody")
    await desk.keyboard.type(PIN)
    await press(desk, "Enter")
    await expect(dialog).to_have_count(0, timeout=SOON)
    await expect(card).to_have_attribute("data-owner", "me", timeout=SOON)
    await press(desk, "3", "3")
    await expect(card).to_have_count(0, timeout=SOON)


async def test_a_desk_that_nobody_touches_locks_itself(desk: Page) -> None:
    await expect(desk.locator("#lock-state")).to_have_attribute("data-lock", "open", timeout=SOON)
    assert await desk.locator("#desk").get_attribute("data-locks-after-s") == "600"
    await desk.evaluate("() => { document.getElementById('desk').dataset.locksAfterS = '1'; }")
    await expect(desk.locator("#desk")).to_have_attribute("data-locked", "", timeout=SOON)
    await desk.evaluate("() => { document.getElementById('desk').dataset.locksAfterS = '600'; }")
    await press(desk, "l")
    await desk.keyboard.type(PIN)
    await press(desk, "Enter")
    await expect(desk.locator("#desk")).not_to_have_attribute("data-locked", "", timeout=SOON)


async def test_a_desk_without_pin_does_not_lock_and_says_why(other_desk: Page) -> None:
    await expect(other_desk.locator("#lock-state")).to_have_attribute("data-lock", "none", timeout=SOON)
    await press(other_desk, "l")
    await expect(other_desk.locator("#notice-more")).to_contain_text("没有 PIN 码和密码", timeout=SOON)
    await expect(other_desk.locator("#desk")).not_to_have_attribute("data-locked", "")


# --- walls


async def test_the_desk_lists_the_walls_and_a_digit_and_a_key_steer_one(desk: Page, wall: Page, product: Product) -> None:
    rows = desk.locator(".wall-row")
    await expect(rows).to_have_count(2, timeout=SOON)
    await expect(rows.nth(0)).to_have_attribute("data-seen", "live", timeout=SOON)
    await expect(rows.nth(0)).to_contain_text("秒前")
    await expect(rows.nth(1)).to_contain_text("未连接")
    await press(desk, "w", "2")
    await expect(rows.nth(1)).to_have_attribute("data-chosen", "")
    await press(desk, "j")
    await said(desk, "大屏已切换。")
    await expect(rows.nth(1)).to_contain_text("集中行动", timeout=SOON)
    await expect(rows.nth(1).locator("small")).to_contain_text("王值班员")
    await press(desk, "w", "1", "j")
    await expect(wall.locator("#wall")).to_have_attribute("data-layout", "3", timeout=SOON)
    await press(desk, "r")
    await expect(wall.locator("#wall")).to_have_attribute("data-layout", "1", timeout=SOON)


async def test_visitors_mode_takes_names_and_positions_off_the_wall(desk: Page, wall: Page, product: Product) -> None:
    await send(product, "positions", {"fixes": [fix()]}, 1001)
    await until(lambda: wall.evaluate("() => ecc.where('1001')"), lambda at: at is not None)
    for on, off in (("g", "g"), ("b", "g")):
        await press(desk, on)
        await expect(wall.locator("#wall")).to_have_attribute("data-visitors", "true", timeout=SOON)
        assert await wall.evaluate("() => ecc.where('1001')") is None
        assert "陈" not in await wall.locator("#wall").inner_text()
        await expect(desk.locator(".wall-row").first).to_contain_text("来宾", timeout=SOON)
        await press(desk, off)
        await expect(wall.locator("#wall")).to_have_attribute("data-visitors", "false", timeout=SOON)
        await expect(wall.locator("#wall")).to_have_attribute("data-layout", "1", timeout=SOON)


async def test_the_last_command_wins_and_both_desks_and_the_wall_say_whose_it_was(desk: Page, other_desk: Page, wall: Page) -> None:
    await press(desk, "j")
    await expect(wall.locator("#steered")).to_contain_text("王值班员", timeout=SOON)
    await press(other_desk, "r")
    await expect(wall.locator("#steered")).to_contain_text("李局长", timeout=SOON)
    await expect(wall.locator("#wall")).to_have_attribute("data-layout", "1", timeout=SOON)
    for page in (desk, other_desk):
        await expect(page.locator(".wall-row small").first).to_contain_text("李局长", timeout=SOON)


async def test_unit_mission_and_call_are_put_on_a_wall_and_taken_off(desk: Page, wall: Page, product: Product) -> None:
    await send(product, "positions", {"fixes": [fix()]}, 1003)
    mission = await assign(product, "查封设备")
    await press(desk, "f")
    await desk.keyboard.type("1003")
    await press(desk, "Enter", "8")
    await expect(wall.locator("#wall")).to_have_attribute("data-stage", "focus", timeout=SOON)
    await choose(desk, "mission", mission)
    await press(desk, "8")
    await expect(wall.locator("#focus")).to_contain_text("查封设备", timeout=SOON)
    await expect(desk.locator(".wall-row").first).to_contain_text("查封设备", timeout=SOON)
    call = await place(product, "calls", 1004)
    await choose(desk, "call", call)
    await press(desk, "8")
    await expect(desk.locator('[data-verb="show"]')).to_contain_text("已上", timeout=SOON)
    await expect(wall.locator("#wall")).to_have_attribute("data-staged", f"call:{call}", timeout=SOON)
    await press(desk, "9")
    await said(desk, "已撤下大屏。")
    await end_call(desk, desk.locator(f'[data-call="{call}"]'))
    await expect(wall.locator("#wall")).to_have_attribute("data-stage", "", timeout=SOON)


async def test_a_wall_without_a_keyboard_is_paired_by_its_code(desk: Page, browser: Browser, product: Product) -> None:
    context = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    fresh = await context.new_page()
    await fresh.goto(f"{product.origin}/pair")
    code = "".join((await fresh.locator(".code").inner_text()).split())
    await press(desk, "p")
    dialog = desk.locator("#pair-dialog")
    wrong = "AAAAAA" if code != "AAAAAA" else "CCCCCC"
    await desk.keyboard.type(wrong)
    await press(desk, "Tab")
    await desk.keyboard.type("会议室屏")
    await press(desk, "Enter")
    await expect(dialog.locator(".told")).to_contain_text("没有大屏在显示这个配对码", timeout=SOON)
    await dialog.locator("#pair-code").fill(code.lower())
    await expect(dialog.locator("#pair-from")).to_have_text("")
    await press(desk, "Enter")
    await expect(dialog.locator(".told")).to_contain_text("请先核对地址", timeout=SOON)
    await expect(dialog.locator("#pair-from")).to_contain_text("从 127.0.0.1 请求配对", timeout=SOON)
    await expect(fresh.locator("[data-pairing-address]")).to_contain_text("本机地址 127.0.0.1")
    await press(desk, "Enter")
    await expect(dialog).to_have_count(0, timeout=SOON)
    await expect(fresh.locator("#wall")).to_have_attribute("data-connection", "live", timeout=SOON)
    await expect(desk.locator(".wall-row").nth(2)).to_contain_text("会议室屏", timeout=SOON)
    await expect(desk.locator(".wall-row").nth(2)).to_have_attribute("data-seen", "live", timeout=SOON)
    await context.close()


# --- missions and cases


async def assign(product: Product, matter: str, team: str = "一组") -> str:
    id_ = str(ULID())
    now = datetime.now(UTC)
    plan = {"planned_from": iso(now), "planned_to": iso(now + timedelta(minutes=65))}
    row = {
        "id": id_,
        "event": "assigned",
        "at": iso(now),
        "kind": "ATTACH",
        "matter": matter,
        "team": team,
        "lat": PLACE[0],
        "lon": PLACE[1],
    }
    told = await send(product, "missions", {"missions": [row | plan]}, None)
    assert told["refused"] == []
    return id_


async def test_a_mission_is_moved_by_keys_each_pressed_twice(desk: Page, product: Product) -> None:
    mission = await assign(product, "扣押车辆", "二组")
    await choose(desk, "mission", mission)
    await expect(desk.locator('[data-verb="mission_finished"]')).to_be_disabled()
    for key, word in (("1", "在途"), ("2", "到场")):
        await press(desk, key, key)
        await expect(desk.locator(f'[data-mission="{mission}"]')).to_contain_text(word, timeout=SOON)
    await press(desk, "4")
    await expect(desk.locator('[data-verb="mission_finished"]')).to_contain_text("再按一次")
    await press(desk, "Escape")
    await expect(desk.locator('[data-verb="mission_finished"]')).not_to_contain_text("再按一次")
    await press(desk, "3", "3")
    await said(desk, "已登记扑空。")
    await expect(desk.locator(f'[data-mission="{mission}"]')).to_contain_text("扑空", timeout=SOON)
    assert await desk.locator(".keys button:not(:disabled)[data-verb^=mission]").count() == 0, "nothing is left to do"


async def test_a_case_goes_on_by_choices_on_the_same_keys(desk: Page, product: Product) -> None:
    report = {"case_no": "（2026）岭0108执881号", "event": "filed", "at": iso(datetime.now(UTC)), "cause": "买卖合同纠纷"}
    assert (await send(product, "cases", {"cases": [report]}, None))["refused"] == []
    row = desk.locator('[data-panel="cases"] .row', has_text="执881号")
    await expect(row).to_contain_text("立案", timeout=SOON)
    await press(desk, "c", "ArrowDown")
    await expect(row).to_have_attribute("aria-current", "true")
    await press(desk, "1")
    await expect(desk.locator("#verb-menu")).to_contain_text("进入哪个阶段")
    await press(desk, "3", "3")  # 查控 is the third stage after 立案
    await said(desk, "案件阶段已登记。")
    await expect(row).to_contain_text("查控", timeout=SOON)
    await press(desk, "2")
    await desk.keyboard.type("12")
    await expect(desk.locator("#node-dialog .named")).to_have_text("首次总对总查询")
    await press(desk, "Enter")
    await said(desk, "节点已登记。")
    await expect(desk.locator("#node-dialog")).to_have_count(0)
    await press(desk, "3", "1", "1")
    await expect(row).to_contain_text("中止", timeout=SOON)
    await expect(desk.locator('[data-verb="case_stage"]')).to_be_disabled()
    await press(desk, "4", "4")
    await expect(row).to_contain_text("查控", timeout=SOON)
    await press(desk, "6", "1", "1")
    await said(desk, "案件已结案。")
    await expect(row).to_contain_text("已结案", timeout=SOON)


# --- finding a unit, the keys, the picture


async def test_a_unit_is_found_by_its_number_and_following_it_leaves_a_trace(desk: Page, product: Product) -> None:
    await send(product, "positions", {"fixes": [fix()]}, 1006)
    await press(desk, "f")
    await desk.keyboard.type("100")
    hits = desk.locator("#find-hits .hit")
    await expect(hits).to_have_count(3)
    await press(desk, "ArrowDown", "ArrowDown")
    await expect(hits.nth(2)).to_have_attribute("aria-selected", "true")
    await desk.locator("#find-input").fill("1006")
    await expect(hits).to_have_count(1)
    await expect(hits.first).to_contain_text(re.compile("待命|返程"))
    await expect(hits.first).to_contain_text("秒前")
    await expect(hits.first).to_contain_text("电量 64%")
    await press(desk, "Enter")
    await expect(desk.locator('[data-panel="verbs"]')).to_have_attribute("data-chosen", "unit:1006")
    await expect(desk.locator(".chosen")).to_contain_text("电量 64%")
    seen = select(func.count()).where(AuditRow.act == Act.WATCH, AuditRow.object_id == "1006")
    await until(lambda: read(product, seen), lambda count: count == 1)
    at = await until(lambda: desk.evaluate("() => ecc.where('1006')"), lambda at: at is not None)
    box = await desk.locator("#desk-map").bounding_box()
    assert box is not None
    assert abs(at["x"] - box["x"] - box["width"] / 2) < 60, "the map has gone there"
    await press(desk, "f")
    await desk.locator("#find-input").fill("999")
    await expect(desk.locator("#find-hits")).to_contain_text("没有这个编号")


async def test_a_device_whose_positions_are_refused_is_named_with_the_reason(desk: Page, product: Product) -> None:
    await send(product, "positions", {"fixes": [fix() | {"id": str(ULID()), "mock": True} for _ in range(20)]}, 1005)
    await expect(desk.locator('[data-panel="system"]')).to_contain_text("1005 号定位被拒 20 次", timeout=SOON)
    await press(desk, "f")
    await desk.keyboard.type("1005")
    await press(desk, "Enter")
    await expect(desk.locator(".chosen")).to_contain_text("近来 20 次定位被拒：这是模拟定位，不予采用。", timeout=SOON)


async def test_every_button_shows_its_key_and_the_sheet_names_them_all(desk: Page, product: Product) -> None:
    call = await place(product, "calls", 1005)
    await choose(desk, "call", call)
    assert await desk.evaluate(KEYLESS) == []
    assert await desk.evaluate(UNREACHED) == []
    await press(desk, "?")
    sheet = await desk.locator("#help-dialog kbd").all_inner_texts()
    named = await desk.locator("#desk [data-key]").evaluate_all("(all) => all.map((e) => e.dataset.key.toUpperCase())")
    assert {key for key in named if not key.isdigit()} <= set(sheet)
    await press(desk, "1")
    await expect(desk.locator(f'[data-call="{call}"]')).to_have_attribute("data-owner", "nobody")
    await press(desk, "Escape")
    await expect(desk.locator("#help-dialog")).to_have_count(0)
    await end_call(desk, desk.locator(f'[data-call="{call}"]'))


async def test_with_six_calls_and_three_walls_nothing_is_cut_off_or_too_small(desk: Page, product: Product) -> None:
    calls = [await place(product, "calls", unit) for unit in range(1001, 1007)]
    await expect(desk.locator("#queue-body .card")).to_have_count(4, timeout=SOON)
    await expect(desk.locator("#queue-body .more")).to_have_text("另有 2 项")
    for _ in calls:
        await press(desk, "ArrowDown")
    await expect(desk.locator(f'[data-call="{calls[-1]}"]')).to_have_attribute("aria-current", "true", timeout=SOON)
    assert await desk.evaluate(SMALLEST) >= 20
    assert await desk.evaluate(OUTSIDE) == []
    assert await desk.evaluate(CUT_OFF) == []
    await desk.evaluate(AXE.read_text())
    found = await desk.evaluate(
        "async () => (await axe.run()).violations.map((v) => [v.impact, v.id, v.nodes.map((n) => n.html).join().slice(0, 300)])"
    )
    assert [one for one in found if one[0] in ("serious", "critical")] == []
    for call in reversed(calls):
        await end_call(desk, desk.locator(f'[data-call="{call}"]'))


async def test_26_whatever_a_person_wrote_is_text_on_desk_and_wall(desk: Page, wall: Page, product: Product) -> None:
    """Names of an officer, a team, a fence, a wall, and words of a case and a mission, each of them markup that would tell on itself.

    One of the last of this file: the names stay.
    """

    def write() -> None:
        database = open_database(product.settings.database_url)
        journal = Journal(database, load_sealing(product.settings.keys), product.settings.court_code)
        with journal.work(SYSTEM, datetime.now(UTC)) as work:
            team = form_team(work, EVIL[:32])
            officer = add_officer(work, EVIL, EVIL[:16], Role.JUDGE, team_id=team)
            add_unit(work, 1066, "OFFICER", officer_id=officer, team_id=team)
            product.seeded.devices[1066] = enrol_device(work, 1066, "PHONE").token
            begin_duty(work, 1066, work.now)
            draw_fence(work, EVIL[:60], "WATCH", [[23.1, 112.5], [23.11, 112.5], [23.11, 112.51]])
            work.actor = Actor(kind="OFFICER", id="seed", role=Role.TECHNICAL, court_code=product.settings.court_code)
            add_wall(work, EVIL[:32])
        database.close()

    await asyncio.to_thread(write)
    filed = {"case_no": "（2026）岭0108执26号", "event": "filed", "at": iso(datetime.now(UTC)), "cause": EVIL[:64], "matter": EVIL[:64]}
    party = {"kind": "DEBTOR", "name": EVIL[:64]}
    await send(product, "cases", {"cases": [filed | {"parties": [party]}]}, None)
    mission = await assign(product, EVIL[:60], EVIL[:32])
    call = await place(product, "calls", 1066)
    for kind, id_ in (("mission", mission), ("call", call)):
        await choose(desk, kind, id_)
        await expect(desk.locator(".chosen")).to_contain_text("<img src=x", timeout=SOON)
    await expect(wall.locator("#wall")).to_contain_text("<img src=x", timeout=SOON)
    for page in (desk, wall):
        assert await page.evaluate("() => window.hit") is None
        assert await page.locator("img[src=x], [href^='javascript']").count() == 0
    await end_call(desk, desk.locator(f'[data-call="{call}"]'))


async def test_too_many_wrong_pins_are_answered_with_how_long_to_wait(desk: Page) -> None:
    """The last one: this officer's PIN waits afterwards."""
    await press(desk, "l")
    await expect(desk.locator("#desk")).to_have_attribute("data-locked", "", timeout=SOON)
    await press(desk, "l")
    told = desk.locator("#pin-dialog .told")
    for _ in range(60):  # a busy machine answers late, and what was told before still stands there
        await desk.locator("#pin-input").fill("111222")
        await press(desk, "Enter")
        await expect(told).not_to_have_text("", timeout=SOON)
        await asyncio.sleep(0.3)
        if "秒后再试" in await told.inner_text():
            break
    await expect(told).to_contain_text("失败次数太多，请")

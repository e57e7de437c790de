"""The officer's phone in a real Chromium, at the far end of a scripted wire: what is pressed arrives once, whatever happens between."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Geolocation, Page, expect

from tests.journeys.scripted_centre import Centre, Scripted, ms, running
from tests.journeys.waiting import until_true

TOWN: Geolocation = {"latitude": 22.8001, "longitude": 113.3001}
# A receiver that stands still as real ones do: the watch is silent, a question gives a fresh measurement. Chromium's own repeats the old.
STANDING = """
    const fresh = () => ({ timestamp: Date.now(), coords: { latitude: 22.8, longitude: 113.3, accuracy: 6, speed: null, heading: NaN } });
    Geolocation.prototype.watchPosition = (found) => { found(fresh()); return 7; };
    Geolocation.prototype.getCurrentPosition = (found) => setTimeout(() => found(fresh()), 100);
"""
MISSIONS = {
    "m1": {"id": "m1", "matter": "腾退厂房", "place": "东塘镇 工业路", "state": "EN_ROUTE", "planned_from_at": 1_790_000_000_000},
    "m2": {"id": "m2", "matter": "送达文书", "place": "南洲街道", "state": "ASSIGNED", "planned_from_at": 1_790_010_000_000},
}


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with running(Centre()) as centre:
        yield centre


@asynccontextmanager
async def a_phone(browser: Browser, size: tuple[int, int] = (390, 844), **options: Any) -> AsyncIterator[BrowserContext]:
    """A phone in the hand of an officer who has allowed the position."""
    options = {"permissions": ["geolocation"], "geolocation": TOWN} | options
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=2,
        has_touch=True,
        is_mobile=True,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        **options,
    )
    yield context
    await context.close()


@pytest.fixture
async def phone(browser: Browser) -> AsyncIterator[BrowserContext]:
    async with a_phone(browser) as context:
        yield context


async def open_page(phone: BrowserContext, centre: Centre, *, clock: bool = False) -> Page:
    """The page after the QR code, signed in and listening. clock: the phone's clock can be moved forward."""
    page = await phone.new_page()
    if clock:
        await page.clock.install()
    await page.goto(centre.origin + "/enrol")
    await expect(page.locator("body")).to_have_attribute("data-state", "ready")
    await expect(page.locator("#watchers")).to_have_text("无人在看")  # the first tick has come
    return page


async def until(true: Callable[[], Any], seconds: float = 15) -> None:
    """Waits, generously, until something is so."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.05)


async def hold(page: Page, seconds: float, selector: str = "[data-act=sos]") -> None:
    box = await page.locator(selector).bounding_box()
    assert box
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await page.mouse.down()
    await asyncio.sleep(seconds)
    await page.mouse.up()


async def still(page: Page) -> None:
    """The page's clock stands from now on and goes as far as it is told, to the millisecond, on however busy a machine."""
    await page.clock.pause_at(await page.evaluate("Date.now()") + 2000)


async def on_duty(page: Page, centre: Centre) -> None:
    await page.locator("[data-act=duty]").tap()
    await until(lambda: centre.received["duty"])
    await until(lambda: centre.fixes)


# --- signing in -------------------------------------------------------------------------------------------------------------------


async def test_a_stranger_is_told_in_one_sentence_what_to_do(phone: BrowserContext, centre: Centre) -> None:
    page = await phone.new_page()
    await page.goto(centre.origin + "/field/")
    await expect(page.locator("#stranger h1")).to_contain_text("扫指挥中心给您的二维码")
    await expect(page.locator("[data-act=call]")).to_be_hidden()
    assert not centre.received


async def test_the_page_says_who_i_am_and_that_these_are_demonstration_data(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await expect(page.locator("h1:visible")).to_have_text("陈法官 三组")
    await expect(page.locator("#court")).to_have_text("清溪区人民法院")
    await expect(page.locator("#demo")).to_have_text("演示数据")
    await expect(page.locator("#dial")).to_have_attribute("href", "tel:0757-8800110")


async def test_a_revoked_phone_stops_at_once_and_keeps_what_it_owes(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await on_duty(page, centre)
    centre.token = "revoked"
    await page.locator("[data-act=call]").tap()
    await expect(page.locator("body")).to_have_attribute("data-state", "stranger")
    await expect(page.locator("#stranger-unsent")).to_be_visible()
    await expect(page.locator("#stranger-phone")).to_have_attribute("href", "tel:0757-8800110")
    tries = centre.tries["positions"]
    await asyncio.sleep(4)
    assert centre.tries["positions"] == tries


# --- the two-zone button ----------------------------------------------------------------------------------------------------------


async def test_one_tap_makes_one_call_and_shows_each_step_of_the_answer(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    zone = page.locator("[data-act=call]")
    await zone.tap()
    await expect(zone.locator(".word")).to_have_text("指挥中心已收到")
    [call] = centre.received["calls"]
    assert len(call["id"]) == 26
    await centre.set_row("call", call["id"], owner="周法官")
    await expect(zone.locator(".word")).to_have_text("周法官 处理中")
    await centre.set_row("call", call["id"], state="ANSWERED", answered_at=centre.now_ms())
    await expect(zone.locator(".word")).to_have_text("周法官 已接听")
    await expect(page.locator("#talk a")).to_have_attribute("href", "tel:0757-8800110")
    await expect(page.locator("#talk-line")).to_contain_text("值班电话")
    await centre.set_row("call", call["id"], state="ENDED", ended_at=centre.now_ms())
    await expect(zone.locator(".word")).to_have_text("呼叫")


async def test_a_nervous_thumb_makes_one_call(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    for _ in range(6):
        await page.locator("[data-act=call]").tap()
    await until(lambda: centre.received["calls"])
    await asyncio.sleep(1.5)
    assert len(centre.received["calls"]) == 1


async def test_a_call_carries_the_last_fix_with_its_own_time(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await on_duty(page, centre)
    await page.locator("[data-act=call]").tap()
    await until(lambda: centre.received["calls"])
    [call] = centre.received["calls"]
    assert call["fix"]["id"] in {fix["id"] for fix in centre.fixes} | {call["fix"]["id"]}
    assert call["fix"]["src_crs"] == "WGS84"
    assert (call["fix"]["lat"], call["fix"]["lon"]) == (TOWN["latitude"], TOWN["longitude"])
    assert ms(call["fix"]["t"]) <= ms(call["t"])


async def test_own_call_can_be_withdrawn(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await page.locator("[data-act=call]").tap()
    await until(lambda: centre.received["calls"])
    await page.locator("[data-act=withdraw]").tap()
    await until(lambda: centre.received["calls-end"])
    assert centre.received["calls-end"][0]["id"] == centre.received["calls"][0]["id"]
    await expect(page.locator("#call .word")).to_have_text("呼叫")
    await expect(page.locator("#call .more")).to_have_text("呼叫已撤回")


async def test_a_call_that_nobody_answers_goes_on_ringing_and_offers_the_phone(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    zone = page.locator("[data-act=call]")
    await zone.tap()
    await until(lambda: centre.received["calls"])
    await centre.set_row("call", centre.received["calls"][0]["id"], state="MISSED")
    await expect(zone.locator(".word")).to_have_text("还没有人接听")
    await expect(page.locator("#talk a")).to_be_visible()
    await zone.tap()
    await asyncio.sleep(1)
    assert len(centre.received["calls"]) == 1
    await centre.set_row("call", centre.received["calls"][0]["id"], state="ANSWERED", owner="周法官")
    await expect(zone.locator(".word")).to_have_text("周法官 已接听")


@pytest.mark.parametrize("milliseconds", [50, 1000])
async def test_a_short_hold_sends_nothing_and_says_so(phone: BrowserContext, centre: Centre, milliseconds: int) -> None:
    page = await open_page(phone, centre, clock=True)
    box = await page.locator("[data-act=sos]").bounding_box()
    assert box
    await page.mouse.move(box["x"] + 60, box["y"] + 50)
    await still(page)
    await page.mouse.down()
    await page.clock.run_for(milliseconds)
    await page.mouse.up()
    await expect(page.locator("#sos .more")).to_have_text("没有发出：要按满 1.5 秒")
    await page.clock.resume()
    await asyncio.sleep(0.6)
    assert not centre.received["sos"]


async def test_a_hold_of_1400_ms_sends_nothing_and_one_of_1600_ms_does(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre, clock=True)
    box = await page.locator("[data-act=sos]").bounding_box()
    assert box
    await page.mouse.move(box["x"] + 60, box["y"] + 50)
    await still(page)
    await page.mouse.down()
    await page.clock.run_for(1400)
    await page.mouse.up()
    await expect(page.locator("#sos .more")).to_have_text("没有发出：要按满 1.5 秒")
    await page.mouse.down()
    await page.clock.run_for(1600)
    await page.mouse.up()
    await until(lambda: centre.received["sos"])


async def test_a_long_hold_asks_for_help_once(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await hold(page, 1.6)
    await until(lambda: centre.received["sos"])
    zone = page.locator("[data-act=sos]")
    await expect(zone.locator(".word")).to_have_text("指挥中心已收到")
    await hold(page, 1.7)  # a second hold while the first is open
    await asyncio.sleep(0.5)
    assert len(centre.received["sos"]) == 1
    [sos] = centre.received["sos"]
    await centre.set_row("sos", sos["id"], state="ACKED", owner="周法官")
    await expect(zone.locator(".word")).to_have_text("周法官 处理中")
    await centre.set_row("sos", sos["id"], state="RESOLVED", closed_at=centre.now_ms())
    await expect(zone.locator(".more")).to_have_text("求助已由指挥中心解除")


@pytest.mark.parametrize("key", ["Space", "Enter"])
async def test_the_hold_works_by_keyboard(phone: BrowserContext, centre: Centre, key: str) -> None:
    page = await open_page(phone, centre, clock=True)
    await page.locator("[data-act=sos]").focus()
    await still(page)
    await page.keyboard.down(key)
    await page.clock.run_for(400)
    await page.keyboard.up(key)
    await expect(page.locator("#sos .more")).to_have_text("没有发出：要按满 1.5 秒")
    await page.keyboard.down(key)
    await page.clock.run_for(1700)
    await page.keyboard.up(key)
    await page.clock.resume()
    await until(lambda: centre.received["sos"])
    await asyncio.sleep(0.3)
    assert len(centre.received["sos"]) == 1


async def test_a_glove_that_slides_off_goes_on_holding(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    box = await page.locator("[data-act=sos]").bounding_box()
    assert box
    await page.mouse.move(box["x"] + 60, box["y"] + 50)
    await page.mouse.down()
    await asyncio.sleep(0.5)
    await page.mouse.move(box["x"] + 60, box["y"] - 120)
    await asyncio.sleep(1.2)
    await page.mouse.up()
    await until(lambda: centre.received["sos"])
    assert not centre.received["calls"]


async def test_the_phone_shakes_when_the_hold_begins_when_it_is_sent_and_when_somebody_answers(
    phone: BrowserContext, centre: Centre
) -> None:
    await phone.add_init_script(
        "window.shakes = []; navigator.vibrate = (pattern) => { window.shakes.push(String(pattern)); return true; };"
    )
    page = await open_page(phone, centre)
    await hold(page, 1.7)
    await until(lambda: centre.received["sos"])
    await centre.set_row("sos", centre.received["sos"][0]["id"], state="ACKED", owner="周法官")
    await until_true(page, "window.shakes.includes('120,80,120')")
    assert (await page.evaluate("window.shakes"))[:2] == ["40", "250"]


async def test_an_answer_is_heard(phone: BrowserContext, centre: Centre) -> None:
    await phone.add_init_script("""
        window.tones = [];
        window.AudioContext = class extends AudioContext { constructor() { super(); window.sound = this; } };
        const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (...at) { window.tones.push(this.frequency.value); return start.apply(this, at); };
    """)
    page = await open_page(phone, centre)
    await page.locator("#phone").click(position={"x": 2, "y": 2})
    await until_true(page, "window.sound?.state === 'running'")  # a tone that had to wait for it longer than a second says nothing any more
    await page.locator("[data-act=call]").tap()
    await until(lambda: centre.received["calls"])
    await centre.set_row("call", centre.received["calls"][0]["id"], state="ANSWERED", owner="周法官")
    await until_true(page, "window.tones.includes(660) && window.tones.includes(990)")


async def test_what_the_first_touch_begins_does_not_wait_for_sound_and_its_answer_is_heard(phone: BrowserContext, centre: Centre) -> None:
    """Opening sound holds a page up for 50 ms on a good machine, 600 on a busy one."""
    await phone.add_init_script("""
        window.opened = 0; window.tones = [];
        window.AudioContext = class extends AudioContext { constructor() { super(); window.opened += 1; } };
        const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (...at) { window.tones.push(this.frequency.value); return start.apply(this, at); };
    """)
    page = await open_page(phone, centre)
    touched = """button => { for (const type of ['pointerdown', 'pointerup', 'click'])
      button.dispatchEvent(new PointerEvent(type, {bubbles: true, cancelable: true, pointerId: 1, isPrimary: true}));
      return [window.opened, button.dataset.state]; }"""
    assert await page.locator("[data-act=call]").evaluate(touched) == [0, "sending"]
    await page.locator("#phone").click(position={"x": 2, "y": 2})  # a hand's, without which the browser gives no sound
    await until_true(page, "window.opened === 1 && window.tones.includes(880)")


async def test_the_screen_stays_on_while_on_duty(phone: BrowserContext, centre: Centre) -> None:
    await phone.add_init_script("""
        window.asked = [];
        navigator.wakeLock.request = async (kind) => { window.asked.push(kind); return { released: false }; };
    """)
    page = await open_page(phone, centre)
    assert await page.evaluate("window.asked") == []
    await on_duty(page, centre)
    assert await page.evaluate("window.asked") == ["screen"]


async def test_asking_for_help_off_duty_goes_on_duty_and_says_so(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await hold(page, 1.7)
    await until(lambda: centre.received["sos"] and centre.received["duty"])
    assert centre.received["duty"][0]["on"] is True
    await expect(page.locator("[data-notice=duty]")).to_contain_text("已随求助自动上岗")
    await until(lambda: centre.fixes)
    await page.locator("[data-act=duty]").tap()
    await expect(page.locator("[data-notice=duty]")).to_contain_text("求助还没有解除")
    assert len(centre.received["duty"]) == 1


# --- what waits while there is no network -----------------------------------------------------------------------------------------


async def test_what_is_done_offline_is_delivered_once_with_its_own_time(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await on_duty(page, centre)
    await phone.set_offline(True)
    before = centre.now_ms()
    await page.locator("[data-act=call]").tap()
    await hold(page, 1.7)
    pressed = centre.now_ms()
    for step in range(5):
        await phone.set_geolocation({"latitude": 22.81 + step / 1000, "longitude": 113.31})
        await asyncio.sleep(1.1)
    await expect(page.locator("#sos .word")).to_have_text("尚未送达")
    await expect(page.locator("#call .word")).to_have_text("尚未送达")
    await expect(page.locator("#network-words")).to_have_text("断开")
    await expect(page.locator("#lost")).to_contain_text("与指挥中心断开")
    assert not centre.received["sos"]
    back = centre.now_ms()
    await phone.set_offline(False)
    await until(lambda: centre.received["sos"] and centre.received["calls"])
    await until(lambda: sum(22.8095 < fix["lat"] < 22.8145 for fix in centre.fixes) >= 4)
    await asyncio.sleep(3)
    for door in ("sos", "calls"):
        [message] = centre.received[door]
        assert before <= ms(message["t"]) <= pressed
    moved = [fix for fix in centre.fixes if fix["lat"] > 22.8095]
    assert all(ms(fix["t"]) < back for fix in moved if fix["lat"] < 22.8135)
    assert len({fix["id"] for fix in centre.fixes}) == len(centre.fixes)
    assert len({fix["t"] for fix in centre.fixes}) == len(centre.fixes)
    await expect(page.locator("#sos .word")).to_have_text("指挥中心已收到")


async def test_a_killed_page_says_at_its_next_opening_what_it_still_owes_and_delivers_it_once(
    phone: BrowserContext, centre: Centre
) -> None:
    page = await open_page(phone, centre)
    await until_true(page, "navigator.serviceWorker.controller !== null")
    await on_duty(page, centre)
    await phone.set_offline(True)
    before = centre.now_ms()
    await hold(page, 1.7)
    pressed = centre.now_ms()
    await page.locator("[data-act=call]").tap()
    await asyncio.sleep(0.5)
    await page.close()
    await asyncio.sleep(2)

    page = await phone.new_page()
    await page.goto(centre.origin + "/field/")  # offline: the service worker has the page
    await expect(page.locator("#who")).to_have_text("陈法官")
    await expect(page.locator("[data-notice^=left]").first).to_contain_text("尚未送达，正在发送")
    await expect(page.locator("#sos .word")).to_have_text("尚未送达")
    await phone.set_offline(False)
    await until(lambda: centre.received["sos"] and centre.received["calls"])
    await expect(page.locator("[data-notice^=left]").first).to_contain_text("已送达指挥中心")
    await asyncio.sleep(2)
    # the last request of a closing page may still arrive (keepalive): the same id with the same time, which is the same alarm
    [(_, t)] = {(sos["id"], sos["t"]) for sos in centre.received["sos"]}
    assert before <= ms(t) <= pressed
    assert len({call["id"] for call in centre.received["calls"]}) == 1
    assert len(centre.rows["sos"]) == len(centre.rows["call"]) == 1


async def test_a_lost_answer_is_asked_for_again_with_the_same_id(phone: BrowserContext, centre: Centre) -> None:
    centre.answers["sos"] = [Scripted(502, takes=True), Scripted(503)]
    page = await open_page(phone, centre)
    await hold(page, 1.7)
    await until(lambda: centre.tries["sos"] >= 3)
    await expect(page.locator("#sos .word")).to_have_text("指挥中心已收到")
    assert len({message["id"] for message in centre.received["sos"]}) == 1
    assert len({message["t"] for message in centre.received["sos"]}) == 1


async def test_the_welcome_page_of_a_hotel_is_not_the_centre(phone: BrowserContext, centre: Centre) -> None:
    centre.answers["sos"] = [Scripted(200, "<html>Wi-Fi</html>")]
    page = await open_page(phone, centre)
    await hold(page, 1.7)
    await until(lambda: centre.received["sos"])
    assert centre.tries["sos"] == 2


async def test_an_alarm_that_the_centre_refuses_stays_on_the_screen_with_the_phone_number(phone: BrowserContext, centre: Centre) -> None:
    centre.answers["sos"] = [Scripted(403, {"error": {"code": "identity.not_permitted", "text": "本终端不能求助"}})]
    page = await open_page(phone, centre)
    await hold(page, 1.7)
    await expect(page.locator("[data-notice=sos]")).to_contain_text("求助没有成功，请打电话：本终端不能求助")
    await expect(page.locator("#dial")).to_be_visible()


async def test_retry_after_is_honoured(phone: BrowserContext, centre: Centre) -> None:
    centre.answers["calls"] = [Scripted(429, headers={"Retry-After": "4"})]
    page = await open_page(phone, centre)
    await page.locator("[data-act=call]").tap()
    await until(lambda: centre.received["calls"])
    refused, taken = (at for door, at in centre.arrivals if door == "calls")
    assert taken - refused >= 3.9


async def test_a_call_withdrawn_before_it_left_never_leaves(phone: BrowserContext, centre: Centre) -> None:
    centre.answers["calls"] = []
    page = await open_page(phone, centre)
    centre.answers["duty"] = [Scripted(503, headers={"Retry-After": "1"})] * 3
    await page.evaluate("indexedDB.open = () => ({})")
    await phone.set_offline(True)
    await page.locator("[data-act=call]").tap()
    await page.locator("[data-act=withdraw]").tap()
    await expect(page.locator("#call .word")).to_have_text("呼叫")
    await phone.set_offline(False)
    await asyncio.sleep(3)
    calls = {message["id"] for message in centre.received["calls"]}
    assert calls == {message["id"] for message in centre.received["calls-end"]}  # nothing rings on


async def test_another_officers_unsent_alarm_is_never_sent_under_my_name(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await until_true(page, "navigator.serviceWorker.controller !== null")
    await phone.set_offline(True)
    await hold(page, 1.7)
    await asyncio.sleep(0.3)
    await page.close()
    centre.me = {**centre.me, "unit": 1017, "label": "五组 李法官", "team": "五组"}
    centre.token = "the-next-officer"
    await phone.set_offline(False)
    page = await open_page(phone, centre)
    await expect(page.locator("#who")).to_have_text("李法官")
    await asyncio.sleep(2)
    # Chromium forgets that it is offline with the page: what was under way then may still come, under the name of him who pressed
    assert "the-next-officer" not in centre.senders["sos"]


# --- position ---------------------------------------------------------------------------------------------------------------------


async def test_moving_on_duty_sends_real_fixes_in_batches(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await on_duty(page, centre)
    for step in range(6):
        await phone.set_geolocation({"latitude": 22.82 + step / 1000, "longitude": 113.32, "accuracy": 8})
        await asyncio.sleep(1.05)
    await until(lambda: any(fix["lat"] > 22.8245 for fix in centre.fixes))
    assert len(centre.received["positions"]) < len(centre.fixes)
    for message in centre.received["positions"]:
        times = [ms(fix["t"]) for fix in message["fixes"]]
        assert times == sorted(times)
        assert all(t <= ms(message["sent_at"]) + 1000 for t in times)
    fix = centre.fixes[-1]
    assert set(fix) == {"id", "t", "lat", "lon", "src_crs", "accuracy_m", "speed_mps", "heading_deg", "battery_pct", "provider", "mock"}
    await expect(page.locator("#fix-words")).to_contain_text("秒前")


async def test_standing_still_still_gives_new_fixes_with_new_times(phone: BrowserContext, centre: Centre) -> None:
    await phone.add_init_script(STANDING)
    page = await open_page(phone, centre)
    await on_duty(page, centre)
    await until(lambda: len(centre.fixes) >= 2, 25)
    times = [fix["t"] for fix in centre.fixes]
    assert len(set(times)) == len(times)
    await expect(page.locator("[data-notice=pause]")).to_have_count(0)


async def test_off_duty_sends_nothing(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await phone.set_geolocation({"latitude": 22.83, "longitude": 113.33})
    await asyncio.sleep(3)
    assert not centre.tries["positions"]
    await on_duty(page, centre)
    await page.locator("[data-act=duty]").tap()
    await until(lambda: len(centre.received["duty"]) == 2)
    assert [message["on"] for message in centre.received["duty"]] == [True, False]
    tries = centre.tries["positions"]
    await phone.set_geolocation({"latitude": 22.84, "longitude": 113.34})
    await asyncio.sleep(4)
    assert centre.tries["positions"] == tries
    assert all(fix["lat"] < 22.84 for fix in centre.fixes)
    await expect(page.locator("#fix-words")).to_have_text("未开启")


async def test_duty_that_the_centre_ends_stops_the_watch_and_is_said(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await on_duty(page, centre)
    await centre.set_row("unit", "1003", on_duty=False)
    await expect(page.locator("[data-act=duty]")).to_have_attribute("aria-checked", "false")
    await expect(page.locator("[data-notice=duty]")).to_contain_text("定位已停止")
    tries = centre.tries["positions"]
    await asyncio.sleep(4)
    assert centre.tries["positions"] <= tries + 1


async def test_no_fix_is_posted_before_the_centre_knows_of_the_duty(phone: BrowserContext, centre: Centre) -> None:
    centre.answers["duty"] = [Scripted(503, headers={"Retry-After": "4"})]
    page = await open_page(phone, centre)
    await page.locator("[data-act=duty]").tap()
    await until(lambda: centre.fixes)
    assert [door for door, _ in centre.arrivals][:3] == ["duty", "duty", "positions"]
    assert centre.received["duty"]


async def test_a_denied_position_is_said_with_what_to_do(browser: Browser, centre: Centre) -> None:
    async with a_phone(browser, permissions=[], geolocation=None) as phone:
        page = await open_page(phone, centre)
        await page.locator("[data-act=duty]").tap()
        await expect(page.locator("[data-notice=pause]")).to_contain_text("浏览器没有定位权限")
        await expect(page.locator("#fix-words")).to_have_text("已暂停")
        await page.locator("[data-act=call]").tap()
        await until(lambda: centre.received["calls"])
        assert centre.received["calls"][0]["fix"] is None
        await phone.grant_permissions(["geolocation"])
        await phone.set_geolocation(TOWN)
        await until(lambda: centre.fixes, 20)
        await expect(page.locator("[data-notice=pause]")).to_have_count(0)


async def test_an_insecure_address_is_said_with_what_to_do(phone: BrowserContext, centre: Centre) -> None:
    await phone.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false });")
    page = await open_page(phone, centre)
    await page.locator("[data-act=duty]").tap()
    await expect(page.locator("[data-notice=pause]")).to_contain_text("https")


async def test_a_browser_that_falls_silent_is_said_after_15_seconds(phone: BrowserContext, centre: Centre) -> None:
    silent = "Geolocation.prototype.watchPosition = () => 7; Geolocation.prototype.getCurrentPosition = () => {};"
    await phone.add_init_script(silent)
    page = await open_page(phone, centre, clock=True)
    await still(page)
    await page.locator("[data-act=duty]").tap()
    await until(lambda: centre.received["duty"])
    await page.clock.run_for(14_000)
    await expect(page.locator("[data-notice=pause]")).to_have_count(0)
    await page.clock.run_for(2_000)
    await expect(page.locator("[data-notice=pause]")).to_contain_text("定位已暂停：收不到")
    assert not centre.tries["positions"]


async def test_a_page_that_was_away_says_so(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre, clock=True)
    await on_duty(page, centre)
    await page.evaluate("""() => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
        document.dispatchEvent(new Event('visibilitychange'));
        Geolocation.prototype.watchPosition = () => 7;
        Geolocation.prototype.getCurrentPosition = () => {};
    }""")
    await page.evaluate("navigator.geolocation.clearWatch(1); navigator.geolocation.clearWatch(2);")
    await page.clock.fast_forward(16_000)
    await expect(page.locator("[data-notice=pause]")).to_contain_text("不在屏幕上")
    await page.evaluate("""() => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => false });
        document.dispatchEvent(new Event('visibilitychange'));
    }""")
    await expect(page.locator("[data-notice=absence]")).to_contain_text("这段时间没有定位")


async def test_refused_fixes_are_counted_and_not_sent_again(phone: BrowserContext, centre: Centre) -> None:
    centre.refuse_fixes = {"code": "fix.inaccurate", "text": "精度太差"}
    page = await open_page(phone, centre)
    await page.locator("[data-act=duty]").tap()
    await until(lambda: centre.tries["positions"] >= 1)
    await page.locator("#strip").tap()
    await expect(page.locator("#sheet-body")).to_contain_text("未被接受的定位点 1 个，最近一次：精度太差")
    await expect(page.locator("#sheet-body")).to_contain_text("待送：定位点 0 个")


async def test_a_batch_with_poison_in_it_loses_only_the_poison(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await page.locator("[data-act=duty]").tap()
    centre.answers["positions"] = [Scripted(400, {"error": {"code": "input.bad", "text": "格式不对"}})]
    for step in range(4):
        await phone.set_geolocation({"latitude": 22.85 + step / 1000, "longitude": 113.35})
        await asyncio.sleep(1)
    await until(lambda: any(fix["lat"] > 22.8525 for fix in centre.fixes))
    await page.locator("#strip").tap()
    await expect(page.locator("#sheet-body")).to_contain_text("待送：定位点 0 个")


async def test_a_long_time_offline_is_sent_newest_first_in_batches_of_500(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await page.evaluate("""async () => {
        const { openStore } = await import('./store.mjs');
        const { ulid } = await import('./ids.mjs');
        const store = await openStore(() => {});
        const nothing = { speed_mps: null, heading_deg: null, battery_pct: null };
        const start = Date.now() - 1300000;
        for (let i = 0; i < 1200; i += 1) {
            const t = start + i * 1000;
            await store.fixes.put({ id: ulid(t), t, offset: 0, lat: 22.8, lon: 113.3, accuracy_m: 5, ...nothing });
        }
    }""")
    await page.close()
    page = await open_page(phone, centre)
    await until(lambda: len(centre.fixes) == 1200, 20)
    sizes = [len(message["fixes"]) for message in centre.received["positions"]]
    assert sizes == [500, 500, 200]
    newest = [ms(message["fixes"][-1]["t"]) for message in centre.received["positions"]]
    assert newest == sorted(newest, reverse=True)


async def test_the_store_is_bounded_and_says_what_it_dropped(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await page.evaluate("""() => new Promise((done) => {
        const asked = indexedDB.open('ecc-field');
        asked.onsuccess = () => {
            const work = asked.result.transaction('fixes', 'readwrite');
            for (let i = 0; i < 50500; i += 1) work.objectStore('fixes').put({ id: `01A${String(i).padStart(6, '0')}`, t: i, offset: 0 });
            work.oncomplete = done;
        };
    })""")
    await page.close()
    centre.answers["positions"] = [Scripted(503)] * 100
    page = await open_page(phone, centre)
    await page.locator("[data-act=duty]").tap()
    await expect(page.locator("[data-notice=dropped]")).to_contain_text("最早的 501 个定位点已删除")


async def test_a_wrong_phone_clock_is_corrected_by_the_centre(browser: Browser, centre: Centre) -> None:
    centre.clock_ahead_s = 600
    async with a_phone(browser) as phone:
        page = await open_page(phone, centre)
        await on_duty(page, centre)
        await page.locator("[data-act=call]").tap()
        await until(lambda: centre.received["calls"])
        assert abs(ms(centre.received["calls"][0]["t"]) - centre.now_ms()) < 60_000  # uncorrected, it would be ten minutes
        assert abs(ms(centre.fixes[-1]["t"]) - centre.now_ms()) < 60_000
        await page.locator("[data-act=withdraw]").tap()  # while there is a picture it stands in the strip's place
        await page.locator("#strip").tap()
        await expect(page.locator("#sheet-body")).to_contain_text("手机时间差 600 秒")


# --- missions, silence, who is watching -------------------------------------------------------------------------------------------


async def test_the_next_step_of_a_mission_is_one_big_button_with_five_seconds_to_undo(phone: BrowserContext, centre: Centre) -> None:
    centre.rows["mission"] = json.loads(json.dumps(MISSIONS))
    page = await open_page(phone, centre, clock=True)
    await expect(page.locator(".steps button")).to_have_text(["到场"])
    await page.locator("[data-act=arrived]").tap()
    await expect(page.locator("[data-mission=m1] .state")).to_have_text("到场")
    await page.locator("[data-act=undo]").tap()
    await expect(page.locator("[data-mission=m1] .state")).to_have_text("途中")
    await page.clock.fast_forward(6_000)
    await asyncio.sleep(0.5)
    assert not centre.received["missions"]
    before = centre.now_ms()  # the phone's clock is six seconds ahead by now, and corrected
    await page.locator("[data-act=arrived]").tap()
    pressed = centre.now_ms()
    await asyncio.sleep(0.5)
    assert not centre.received["missions"]
    await page.clock.fast_forward(5_000)
    await until(lambda: centre.received["missions"])
    [message] = centre.received["missions"]
    [row] = message["missions"]
    assert (row["id"], row["event"]) == ("m1", "arrived")
    assert before - 1000 <= ms(row["at"]) <= pressed + 1000
    await expect(page.locator("[data-mission=m1] .state")).to_have_text("到场")
    await expect(page.locator(".steps button")).to_have_text(["扑空", "结束"])


async def test_a_fruitless_visit_needs_a_second_tap(phone: BrowserContext, centre: Centre) -> None:
    centre.rows["mission"] = {"m1": {**MISSIONS["m1"], "state": "ON_SCENE"}}
    page = await open_page(phone, centre, clock=True)
    await page.locator("[data-act=fruitless]").tap()
    await expect(page.locator("[data-act=fruitless]")).to_have_text("再点一次：扑空")
    await page.clock.fast_forward(5_000)
    await expect(page.locator("[data-act=fruitless]")).to_have_text("扑空")
    assert not centre.received["missions"]
    await page.locator("[data-act=fruitless]").tap()
    await page.locator("[data-act=fruitless]").tap()
    await expect(page.locator("[data-act=undo]")).to_be_visible()
    await page.clock.fast_forward(5_000)
    await until(lambda: centre.received["missions"])
    assert centre.received["missions"][0]["missions"][0]["event"] == "fruitless"


async def test_a_step_survives_the_closing_of_the_page(phone: BrowserContext, centre: Centre) -> None:
    centre.rows["mission"] = json.loads(json.dumps(MISSIONS))
    page = await open_page(phone, centre)
    await page.locator("[data-act=arrived]").tap()
    await asyncio.sleep(0.5)
    await page.close()
    assert not centre.received["missions"]
    await open_page(phone, centre)
    await until(lambda: centre.received["missions"])
    assert len(centre.received["missions"]) == 1


async def test_a_page_opened_without_a_network_shows_the_missions_as_they_were_last_known(phone: BrowserContext, centre: Centre) -> None:
    centre.rows["mission"] = json.loads(json.dumps(MISSIONS))
    page = await open_page(phone, centre)
    await until_true(page, "navigator.serviceWorker.controller !== null")
    await page.wait_for_timeout(500)
    await phone.set_offline(True)
    await page.reload()
    await expect(page.locator(".mission-head b")).to_have_text(["腾退厂房", "送达文书"])
    await expect(page.locator("#mission-age")).to_contain_text("截至")
    await expect(page.locator("#lost")).to_contain_text("断开")


async def test_no_signal_is_declared_counted_down_and_taken_back(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await on_duty(page, centre)
    await page.locator("#silence").tap()
    await expect(page.locator("[data-minutes]")).to_have_text(["5 分钟", "10 分钟", "15 分钟", "30 分钟"])
    await page.locator("[data-minutes='15']").tap()
    await until(lambda: centre.received["silence"])
    assert centre.received["silence"][0]["minutes"] == 15
    left = page.locator("#silent-left")
    await expect(left).to_have_text(re.compile(r"^14:[0-5]\d$"))
    await expect(left).not_to_have_text(await left.inner_text())
    await expect(left).to_have_text(re.compile(r"^14:[0-5]\d$"))
    await page.locator("[data-act=silence-end]").tap()
    await until(lambda: len(centre.received["silence"]) == 2)
    assert centre.received["silence"][1]["minutes"] == 0
    await expect(page.locator("#silent")).to_be_hidden()


async def test_who_is_watching_and_who_has_looked_is_shown(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    centre.watchers = 1
    await expect(page.locator("#watchers")).to_have_text("指挥中心 1 人在看")
    centre.seen = [{"at": 1_790_000_000_000, "role": "duty"}, {"at": 1_790_000_000_000 - 60_000, "role": "leader"}]
    await page.locator("[data-act=seen]").tap()
    await expect(page.locator(".seen li")).to_have_text(["22:13值班员", "22:12院领导"])
    await page.locator("#sheet-close").tap()
    await expect(page.locator("#sheet")).to_be_hidden()


# --- when a browser refuses -------------------------------------------------------------------------------------------------------


async def test_it_works_and_says_so_when_the_service_worker_is_refused(browser: Browser, centre: Centre) -> None:
    async with a_phone(browser, service_workers="block") as phone:
        await phone.add_init_script("navigator.serviceWorker.register = () => Promise.reject(new Error('refused'));")
        page = await open_page(phone, centre)
        await expect(page.locator("[data-notice=worker]")).to_contain_text("断网后请不要关闭本页")
        await page.locator("[data-act=call]").tap()
        await until(lambda: centre.received["calls"])


async def test_it_works_and_says_so_when_nothing_may_be_stored(phone: BrowserContext, centre: Centre) -> None:
    await phone.add_init_script("IDBFactory.prototype.open = () => { throw new DOMException('private', 'SecurityError'); };")
    page = await open_page(phone, centre)
    await expect(page.locator("[data-notice=store]")).to_contain_text("请用普通窗口打开")
    await on_duty(page, centre)
    await phone.set_offline(True)
    await page.locator("[data-act=call]").tap()
    await asyncio.sleep(1)
    await phone.set_offline(False)
    await until(lambda: centre.received["calls"])
    assert len(centre.received["calls"]) == 1


async def test_a_store_that_never_answers_does_not_stop_the_page(phone: BrowserContext, centre: Centre) -> None:
    await phone.add_init_script("IDBFactory.prototype.open = () => ({});")
    page = await open_page(phone, centre)
    await expect(page.locator("[data-notice=store]")).to_be_visible()
    await page.locator("[data-act=call]").tap()
    await until(lambda: centre.received["calls"])


async def test_no_sound_no_shaking_no_battery_no_wake_lock_is_no_reason_to_fail(phone: BrowserContext, centre: Centre) -> None:
    await phone.add_init_script("""
        delete Navigator.prototype.vibrate; delete Navigator.prototype.getBattery; delete Navigator.prototype.wakeLock;
        delete Navigator.prototype.permissions; delete window.AudioContext;
    """)
    page = await open_page(phone, centre)
    await on_duty(page, centre)
    await expect(page.locator("#battery-words")).to_have_text("—")
    await hold(page, 1.7)
    await until(lambda: centre.received["sos"])


# --- the ear ----------------------------------------------------------------------------------------------------------------------


async def test_a_silent_server_is_noticed_and_the_phone_comes_back_by_itself(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    centre.mute = True
    await expect(page.locator("#lost")).to_be_visible()
    await expect(page.locator("#watchers")).to_have_text("不知是否有人在看")
    centre.mute = False
    await expect(page.locator("#lost")).to_be_hidden()


async def test_a_newer_build_replaces_the_page_when_nothing_is_under_way(browser: Browser) -> None:
    centre = Centre()
    async with a_phone(browser) as phone:
        async with running(centre):
            port = int(centre.origin.rsplit(":", 1)[1])
            page = await open_page(phone, centre)
            await until_true(page, "navigator.serviceWorker.controller !== null")
        centre.build = "build-2"
        async with running(centre, port):
            await until_true(page, "document.documentElement.dataset.build === 'build-2'", seconds=60)
            await expect(page.locator("body")).to_have_attribute("data-state", "ready")


# --- what it looks like -----------------------------------------------------------------------------------------------------------


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

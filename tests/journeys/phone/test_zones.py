"""The officer's phone in a real Chromium, at the far end of a scripted wire: who is at it, and the button of two zones."""

import asyncio

import pytest
from playwright.async_api import BrowserContext, expect

from tests.journeys.phone.in_hand import TOWN, hold, on_duty, open_page, press, still, until
from tests.journeys.scripted_centre import Centre, ms
from tests.journeys.waiting import until_true

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
    await press(page)
    await page.clock.run_for(milliseconds)
    await page.mouse.up()
    await expect(page.locator("#sos .more")).to_have_text("没有发出：要按满 1.5 秒")
    await page.clock.resume()
    await asyncio.sleep(0.6)
    assert not centre.received["sos"]


async def test_a_hold_of_1400_ms_sends_nothing_and_one_of_1600_ms_does(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre, clock=True)
    await press(page)
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

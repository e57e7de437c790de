"""Missions, silence and who is watching on the phone; what a browser refuses, and what the page hears."""

import asyncio
import json
import re

from playwright.async_api import Browser, BrowserContext, expect

from tests.journeys.phone.in_hand import MISSIONS, a_phone, hold, on_duty, open_page, until
from tests.journeys.scripted_centre import Centre, ms, running
from tests.journeys.waiting import until_true

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

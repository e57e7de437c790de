"""What is pressed on the phone arrives once, whatever happens between."""

import asyncio

from playwright.async_api import BrowserContext, expect

from tests.journeys.phone.in_hand import hold, on_duty, open_page, until
from tests.journeys.scripted_centre import Centre, Scripted, ms
from tests.journeys.waiting import until_true


async def test_what_is_done_offline_is_delivered_once_with_its_own_time(phone: BrowserContext, centre: Centre) -> None:
    page = await open_page(phone, centre)
    await on_duty(page, centre)
    await phone.set_offline(True)
    before = centre.now_ms()
    await page.locator("[data-act=call]").tap()
    await hold(page, 1.7)
    pressed = centre.now_ms()
    for step in range(8):  # twice as many as are asked for: a busy machine may keep two from the page's eyes
        await phone.set_geolocation({"latitude": 22.81 + step / 2000, "longitude": 113.31})
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

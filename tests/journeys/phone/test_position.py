"""Where the phone is: real fixes, honestly aged, and said when there are none."""

import asyncio

from playwright.async_api import Browser, BrowserContext, expect

from tests.journeys.phone.in_hand import STANDING, TOWN, a_phone, on_duty, open_page, still, until
from tests.journeys.scripted_centre import Centre, Scripted, ms


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

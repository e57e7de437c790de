"""A leader from afar: nothing of him and for him before the desk lets him in; then he sees the scene and the scene sees and hears him."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.journeys.test_picture import centre_page, end, phone_page, until_it_plays
from tests.journeys.test_room import LINES, until_heard
from tests.running import Product

pytestmark = pytest.mark.timeout(240)
# As the desk's own dialog asks; the link is told once.
INVITE = """async call => {
  const { leaders } = await (await fetch('/api/leaders')).json();
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ call, officer: leaders[0].id, ask: '说明腾退期限与后果' });
  return (await fetch('/api/invitations', { method: 'POST', headers, body })).json();
}"""
PASS = """async ([call, right, stream]) => {
  const headers = { 'Content-Type': 'application/json' };
  return (await fetch('/api/media/tokens?face=join', { method: 'POST', headers, body: JSON.stringify({ call, right, stream }) })).status;
}"""
# The sound that came in since the page was opened, over all its connections.
ENERGY = """async () => {
  let heard = 0;
  for (const pc of eccLines) {
    if (pc.connectionState !== 'connected') continue;
    const stats = [...(await pc.getStats()).values()];
    for (const stat of stats.filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio')) heard += stat.totalAudioEnergy;
  }
  return heard;
}"""
DEVICES_CHANGE = "navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
FACE_PASS = """async ([face, call, stream]) => {
  const headers = { 'Content-Type': 'application/json' };
  const asked = { method: 'POST', headers, body: JSON.stringify({ call, right: 'view', stream }) };
  return (await fetch(`/api/media/tokens?face=${face}`, asked)).status;
}"""


async def leader_page(browser: Browser) -> Page:
    context = await browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", permissions=["camera", "microphone"])
    return await context.new_page()


@pytest.mark.parametrize(
    "whispers", [False, pytest.param(True, marks=pytest.mark.long)]
)  # its bytes: tests/streaming/test_whisper_bytes.py
async def test_a_leader_sees_and_is_seen_only_after_the_desk_has_let_him_in(browser: Browser, product: Product, whispers: bool) -> None:
    wall, desk = await centre_page(browser, product, "wall"), await centre_page(browser, product, "desk")
    phone = await phone_page(browser, product, LINES)
    await phone.locator("[data-act=call]").tap()
    await until_it_plays(desk, "#desk-tile video")
    await desk.keyboard.press("2")
    await expect(phone.locator("#call .word")).to_contain_text("已接听")
    call = await wall.locator(".call.staged").get_attribute("data-call")
    field = await wall.evaluate("async (call) => (await import('/centre/assets/modules/stage_video.mjs')).fieldOf(call).id", call)
    made: dict[str, Any] = await desk.evaluate(INVITE, call)

    leader = await leader_page(browser)
    asked: list[str] = []
    leader.on("request", lambda request: asked.append(request.url))
    await leader.goto(made["link"])
    await expect(leader.locator("dl")).to_contain_text("说明腾退期限与后果")
    await expect(leader.locator(".recorded")).to_be_visible()
    await leader.locator("form button").click()
    await until_it_plays(leader, "#mirror")
    own = f"{call}.{made['participant']}"
    for right, stream in (("view", f"{call}.{field}"), ("publish", own), ("publish", None)):
        assert await leader.evaluate(PASS, [call, right, stream]) in (401, 403), (right, stream)
    await leader.locator("#digits-input").fill(made["digits"])
    await expect(leader.locator("#digits")).to_be_hidden()
    assert await leader.evaluate(PASS, [call, "view", f"{call}.{field}"]) in (401, 403)
    assert not [url for url in asked if "/media/whip" in url or "/media/whep" in url]

    await desk.keyboard.press("5")
    await until_it_plays(leader, "#scene-video")
    await leader.locator("#speak").click()
    await until_it_plays(phone, "#face-frame video:not([hidden])")
    await expect(phone.locator("#face-name")).to_contain_text("局长")
    await expect(phone.locator("#face-says")).to_have_text("正在对现场讲话")
    await until_heard(phone)
    await expect(desk.locator("[data-room=t]")).to_be_enabled()
    await leader.locator("#speak").click()
    if whispers:
        await _whisper(leader, phone, {"wall": wall, "desk": desk}, call or "", own)
    await leader.locator("#leave").click()
    await expect(phone.locator("#face")).to_be_hidden()
    assert await leader.evaluate(PASS, [call, "view", f"{call}.{field}"]) in (401, 403)
    await leader.locator("#conclusion").fill("已说明期限，当事人同意今日交钥匙")
    await leader.locator("#conclude button").click()
    await expect(leader.locator("#after-title")).to_be_visible()
    async with asyncio.timeout(60):
        while await leader.evaluate("document.querySelector('#scene-video').srcObject") is not None:
            await asyncio.sleep(0.1)
    await end(phone, wall)


async def _whisper(leader: Page, phone: Page, others: dict[str, Page], call: str, own: str) -> None:
    """A voice for the earpiece alone: offered after «已戴耳机», heard there, by nobody else, and cut when the officer takes it off."""
    asked = [call, f"{own}.w"]
    await expect(leader.locator("#output")).to_contain_text("未确认")
    await expect(leader.locator("#ear")).to_be_hidden()
    await expect(phone.locator("#face-says")).to_have_text("")
    async with asyncio.timeout(30):
        while await _grows(phone):
            pass
    await phone.mouse.move(190, 300)
    await phone.mouse.down()
    await asyncio.sleep(1.2)
    await phone.mouse.up()
    await phone.locator("[data-act=earpiece]").tap()
    await expect(leader.locator("#output")).to_contain_text("耳机")
    await leader.locator("#ear").click()
    await expect(leader.locator("#speak")).to_be_disabled()
    await expect(leader.locator("#voice-why")).to_contain_text("不能对现场讲话")
    await until_it_grows(phone)
    assert await phone.evaluate(FACE_PASS, ["field", *asked]) == 200
    for face, page in others.items():
        assert await page.evaluate(FACE_PASS, [face, *asked]) == 403, face
    await phone.locator("[data-act=earpiece]").tap()
    await expect(phone.locator("video.ear")).to_have_count(0)
    await expect(leader.locator("#ear")).to_be_hidden()
    await expect(leader.locator("#speak")).to_be_enabled()
    assert not await _grows(phone), "the whisper was cut"
    assert await phone.evaluate(FACE_PASS, ["field", *asked]) == 403
    await expect(leader.locator("#voice-why")).to_contain_text("干警已摘下耳机")
    await _cut_by_other_devices(leader, phone)


async def _cut_by_other_devices(leader: Page, phone: Page) -> None:
    """Whatever changed about the phone's devices: the voice is cut before anybody is asked, and both sides see why."""
    await phone.locator("[data-act=earpiece]").tap()
    await leader.locator("#ear").click()
    await until_it_grows(phone)
    await phone.evaluate(DEVICES_CHANGE)
    await expect(phone.locator("video.ear")).to_have_count(0)
    await expect(phone.locator("#in-call")).to_contain_text("耳机或音箱有变化")
    await expect(leader.locator("#ear")).to_be_hidden()
    await expect(leader.locator("#voice-why")).to_contain_text("手机的耳机或音箱有变化")
    await expect(leader.locator("#output")).to_contain_text("未确认")
    assert not await _grows(phone), "the whisper was cut"


async def until_it_grows(page: Page) -> None:
    """Until sound comes in; that none does takes a while to say, that some does is said at once."""
    async with asyncio.timeout(40):
        while True:
            before: float = await page.evaluate(ENERGY)
            for _ in range(20):  # two seconds, as below
                await asyncio.sleep(0.1)
                if await page.evaluate(ENERGY) > before + 1e-3:
                    return


async def _grows(phone: Page) -> bool:
    """Whether sound comes in."""
    before: float = await phone.evaluate(ENERGY)
    await asyncio.sleep(2)
    after: float = await phone.evaluate(ENERGY)
    return after > before + 1e-3

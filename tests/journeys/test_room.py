"""The room speaks to the scene: held key, 领导席, and the wall that is turned down meanwhile."""

import asyncio

import pytest
from playwright.async_api import Browser, Page, expect

from tests.journeys.test_picture import PLAYS, centre_page, end, phone_page, until_it_plays
from tests.running import Product

pytestmark = pytest.mark.timeout(240)
LOUD = "() => document.querySelector('#tile video').volume"
# What the phone's loudspeaker was given of the room's voice, in samples; each receiver keeps counting in its own connection.
HEARD = """async () => {
  let played = 0;
  for (const pc of eccLines) for (const stat of (await pc.getStats()).values())
    if (stat.type === 'inbound-rtp' && stat.kind === 'audio') played += stat.totalAudioEnergy > 0 ? stat.jitterBufferEmittedCount : 0;
  return played;
}"""
LINES = """window.eccLines = []; const Real = RTCPeerConnection;
window.RTCPeerConnection = class extends Real { constructor(...how) { super(...how); eccLines.push(this); } };"""


async def until_heard(phone: Page) -> None:
    async with asyncio.timeout(30):
        while await phone.evaluate(HEARD) < 24_000:
            await asyncio.sleep(0.1)


async def test_the_desk_is_heard_while_its_key_is_held_and_the_seat_is_seen_on_the_phone(browser: Browser, product: Product) -> None:
    wall, desk = await centre_page(browser, product, "wall"), await centre_page(browser, product, "desk")
    phone = await phone_page(browser, product, LINES)
    await phone.locator("[data-act=call]").tap()
    await until_it_plays(wall, "#tile video")
    await until_it_plays(desk, "#desk-tile video")
    await desk.keyboard.press("t")  # nobody is there to be spoken to
    await expect(desk.locator("[data-room=t]")).to_be_disabled()
    await desk.keyboard.press("2")
    await expect(phone.locator("#call .word")).to_contain_text("已接听")
    await expect(desk.locator("[data-room=t]")).to_be_enabled()

    await desk.keyboard.down("t")
    await expect(desk.locator("[data-room=t]")).to_have_text("T正在对现场讲话")
    await until_heard(phone)
    async with asyncio.timeout(60):
        while await wall.evaluate(LOUD) > 0.1:
            await asyncio.sleep(0.1)
    await desk.keyboard.up("t")
    await expect(desk.locator("[data-room=t]")).to_have_text("T按住对讲")
    async with asyncio.timeout(60):
        while await wall.evaluate(LOUD) < 1:
            await asyncio.sleep(0.1)

    await desk.keyboard.press("y")
    await until_it_plays(phone, "#face-frame video:not([hidden])")
    await expect(phone.locator("#face-name")).to_have_text("王值班员")
    await expect(phone.locator("#face-office")).to_contain_text("指挥中心")
    await expect(phone.locator("#face-says")).to_have_text("正在对现场讲话")
    await phone.locator("#face").tap()  # a touch does nothing, a long press opens
    await expect(phone.locator("#face")).to_be_visible()
    await phone.mouse.move(190, 300)
    await phone.mouse.down()
    await asyncio.sleep(1.2)
    await phone.mouse.up()
    await expect(phone.locator("#face")).to_be_hidden()
    await expect(phone.locator("#face-open")).to_be_visible()
    assert await phone.evaluate(PLAYS, "#preview") > 0
    await desk.keyboard.press("y")
    await expect(phone.locator("#face-open")).to_be_hidden()
    await end(phone, wall)
    await expect(desk.locator("#room")).to_be_hidden()

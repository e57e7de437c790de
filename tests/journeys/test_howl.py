"""Loudspeakers and microphones that hear each other: while the room speaks, what comes back from the scene must not become a howl.

The air is made here: what the wall plays reaches the desk's microphone, what the phone plays reaches the phone's own, both louder than it
was played and without the echo cancelling that a real device has. Once around it is louder than it began, so it howls unless the wall is
turned down.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.journeys.test_picture import SOON
from tests.running import COURT, Product

pytestmark = pytest.mark.timeout(240)
LOUDER = 1.6  # at each of the two ends
SAID, QUIET, HOWL = 0.1, 0.01, 0.4  # root mean square at the room's microphone; 1 is the loudest that there is
AIR = """(() => {
  const face = location.pathname.split('/').at(-1) || 'field';
  const name = face === 'field' ? 'scene' : 'room';
  const [out, back] = [new BroadcastChannel(name), new BroadcastChannel(name)];  // one does not hear itself
  const context = new AudioContext({ sampleRate: 48000 });
  const waiting = [];
  if (face !== 'wall') back.onmessage = ({ data }) => { waiting.push(data); waiting.splice(0, waiting.length - 8); };
  const [voice, key, ear] = [context.createOscillator(), context.createGain(), context.createScriptProcessor(2048, 1, 1)];
  const microphone = context.createMediaStreamDestination();
  key.gain.value = 0;
  voice.connect(key).connect(ear).connect(microphone);
  voice.start();
  window.air = { level: 0, loudest: 0, turnedDown: true, context, say: () => {
    key.gain.setValueAtTime(0.2, context.currentTime); key.gain.setValueAtTime(0, context.currentTime + 0.4);
  } };
  ear.onaudioprocess = ({ inputBuffer, outputBuffer }) => {
    const [said, heard, into] = [inputBuffer.getChannelData(0), waiting.shift(), outputBuffer.getChannelData(0)];
    let energy = 0;
    for (let at = 0; at < into.length; at += 1) {
      into[at] = Math.max(-1, Math.min(1, said[at] + (heard?.[at] ?? 0) * LOUDER));
      energy += into[at] ** 2;
    }
    window.air.level = Math.sqrt(energy / into.length);
    window.air.loudest = Math.max(window.air.loudest, window.air.level);
  };
  const [drawn] = document.createElement('canvas').captureStream(1).getVideoTracks();
  navigator.mediaDevices.getUserMedia = async ({ video }) =>
    new MediaStream([microphone.stream.getAudioTracks()[0].clone(), ...(video ? [drawn.clone()] : [])]);
  const mouths = new Map();
  setInterval(() => {
    for (const video of face === 'desk' ? [] : document.querySelectorAll('video:not(#preview)')) {
      const stream = video.srcObject;
      if (!stream?.getAudioTracks().length || mouths.get(video)?.stream === stream) continue;
      const mouth = context.createScriptProcessor(2048, 1, 1);
      context.createMediaStreamSource(stream).connect(mouth).connect(context.destination);
      mouths.set(video, { stream, mouth });
      mouth.onaudioprocess = ({ inputBuffer }) => {
        const volume = video.muted || video.paused ? 0 : window.air.turnedDown ? video.volume : 1;
        out.postMessage(inputBuffer.getChannelData(0).map((value) => value * volume));
      };
    }
  }, 200);
})();""".replace("LOUDER", str(LOUDER))


@pytest.fixture
async def house(browser: Browser, product: Product) -> AsyncIterator[BrowserContext]:
    """One browser for all three: the air between them is a channel of its own."""
    context = await browser.new_context(
        viewport={"width": 1920, "height": 1080}, has_touch=True, locale="zh-CN", permissions=["geolocation", "camera", "microphone"],
        geolocation={"latitude": COURT[0], "longitude": COURT[1], "accuracy": 8},
    )  # fmt: skip
    tokens = {"ecc_device": product.seeded.devices[1001], "ecc_wall": product.seeded.wall, "ecc_desk": product.seeded.desk}
    await context.add_cookies([{"name": name, "value": value, "url": product.origin} for name, value in tokens.items()])
    await context.add_init_script(AIR)
    yield context
    await context.close()


async def opened(house: BrowserContext, product: Product, path: str) -> Page:
    page = await house.new_page()
    await page.goto(f"{product.origin}{path}")
    await page.mouse.click(5, 5)  # a touch lets it sound
    await page.evaluate("air.context.resume()")
    return page


async def until_level(desk: Page, above: float, below: float) -> None:
    async with asyncio.timeout(30):
        while not above <= await desk.evaluate("air.level") <= below:
            await asyncio.sleep(0.05)


async def until_it_howls(desk: Page) -> None:
    """Said again where a word was lost on its way round: one lost packet ends what one word began."""
    await desk.evaluate("air.loudest = 0")
    async with asyncio.timeout(60):
        while await desk.evaluate("air.loudest") < HOWL:
            await desk.evaluate("air.say()")
            await asyncio.sleep(3)


async def loudest(desk: Page, seconds: float) -> float:
    """Of every piece of sound in this time: the page itself keeps count, for asking it twenty times a second takes as long again."""
    await desk.evaluate("air.loudest = 0")
    await asyncio.sleep(seconds)
    found: float = await desk.evaluate("air.loudest")
    return found


async def test_the_room_speaks_and_nothing_howls(house: BrowserContext, product: Product) -> None:
    wall, desk = await opened(house, product, "/centre/wall"), await opened(house, product, "/centre/desk")
    phone = await opened(house, product, "/field/")
    await expect(phone.locator("#watchers")).to_have_text("无人在看")
    await phone.locator("[data-act=call]").tap()
    await desk.bring_to_front()
    await expect(desk.locator("[data-room=t]")).to_be_visible(timeout=SOON)
    await desk.keyboard.press("2")
    await expect(phone.locator("#call .word")).to_contain_text("已接听")
    await expect(wall.locator("#tile video")).to_have_count(1)
    await desk.keyboard.down("t")
    await expect(desk.locator("[data-room=t]")).to_have_text("T正在对现场讲话")

    await wall.evaluate("air.turnedDown = false")  # the control: so it would be if the wall were as loud as ever
    began = asyncio.get_running_loop().time()
    await until_it_howls(desk)
    takes = asyncio.get_running_loop().time() - began
    await wall.evaluate("air.turnedDown = true")
    await until_level(desk, 0.0, QUIET)

    await desk.evaluate("air.say()")
    await until_level(desk, SAID, 1.0)
    assert await loudest(desk, max(3, 2 * takes)) < HOWL
    await until_level(desk, 0.0, QUIET)
    await desk.keyboard.up("t")

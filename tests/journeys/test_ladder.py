"""The ladder on a real phone and a real relay: what the phone says of its step is what the wall and the journal say."""

import asyncio

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select

from dashboard.i18n import t
from data.tables import CallRow, EntryRow
from tests.journeys.test_picture import centre_page, end, phone_page, until_it_plays
from tests.running import Product
from tests.servers import wait_until

pytestmark = pytest.mark.timeout(420)
SOON = 40_000
# The line as a test needs it, whatever a busy machine makes of the real one: what it takes, how fast it answers, what it loses.
LINE = """window.line = 5_000_000; window.sent = () => null;
const own = RTCPeerConnection.prototype.getStats;
RTCPeerConnection.prototype.getStats = async function (...asked) {
  const stats = await own.apply(this, asked);
  window.sent = () => this.getSenders().map((each) => ({ kind: each.track?.kind, encoding: each.getParameters().encodings[0] }));
  const line = {
    'candidate-pair': { availableOutgoingBitrate: window.line, currentRoundTripTime: 0.02 },
    'remote-inbound-rtp': { roundTripTime: 0.02, fractionLost: 0 },
    'outbound-rtp': { qualityLimitationReason: 'none' },
  };
  return new Map([...stats].map(([id, stat]) => [id, { ...stat, ...line[stat.type] }]));
};
navigator.getBattery = async () => ({ level: window.battery ?? 0.8 });"""


def stands(product: Product) -> tuple[str, str | None]:
    """The newest call: state and mode."""
    database = product.database()
    with database.reading() as session:
        call = session.scalars(select(CallRow).order_by(CallRow.placed_at.desc())).first()
        found = (call.media, call.mode) if call else ("", None)
    database.close()
    return found


def causes(product: Product) -> list[tuple[str, str]]:
    database = product.database()
    with database.reading() as session:
        told = session.scalars(select(EntryRow.payload).where(EntryRow.kind == "call.degraded").order_by(EntryRow.seq))
        found = [(said["mode"], said["cause"]) for said in told]
    database.close()
    return found


async def until_it_stands(product: Product, media: str, mode: str | None) -> None:
    await asyncio.to_thread(wait_until, lambda: stands(product) == (media, mode), f"not {media} {mode}", 240)


async def sends(phone: Page, kind: str) -> dict[str, object]:
    senders = await phone.evaluate("window.sent()")
    found: dict[str, object] = next(each["encoding"] for each in senders if each["kind"] == kind)
    return found


@pytest.mark.long  # down and up by numbers: tests/dashboard/test_ladder.py
@pytest.mark.parametrize(
    ("words_again", "mode_again"),
    [("网络差：只传定格画面，声音照常", "STILLS"), ("画面已送达指挥中心", None)],  # the second: three calm times one after the other
)
async def test_the_picture_comes_down_step_by_step_and_wall_and_journal_say_the_same(
    browser: Browser, product: Product, words_again: str, mode_again: str | None
) -> None:
    wall, phone = await centre_page(browser, product, "wall"), await phone_page(browser, product, LINE)
    await phone.locator("[data-act=call]").tap()
    await until_it_plays(wall, "#tile video")
    state = phone.locator("#picture-state")
    await expect(state).to_have_text("画面已送达指挥中心")
    assert (await sends(phone, "audio"))["networkPriority"] == "high"
    await until_it_stands(product, "LIVE", None)
    for line, words, mode in (
        (250_000, "网络差：画面已调低，声音照常", "LOW_VIDEO"),
        (100_000, "网络差：只传定格画面，声音照常", "STILLS"),
        (20_000, "网络差：只传声音", "AUDIO_ONLY"),
    ):
        await phone.evaluate("(line) => { window.line = line; }", line)
        await expect(state).to_have_text(words, timeout=SOON)
        await until_it_stands(product, "DEGRADED", mode)
        await expect(wall.locator("em.picture").first).to_contain_text(t(f"wall.mode_{mode}"), timeout=SOON)  # also before anybody took it
    assert (await sends(phone, "video"))["active"] is False
    assert causes(product)[-3:] == [("LOW_VIDEO", "bandwidth"), ("STILLS", "bandwidth"), ("AUDIO_ONLY", "bandwidth")]
    await phone.evaluate("() => { window.line = 5_000_000; }")
    await until_it_stands(product, "DEGRADED" if mode_again else "LIVE", mode_again)
    await expect(state).to_have_text(words_again, timeout=SOON)
    await until_it_plays(wall, "#tile video", frames=1)
    await end(phone, wall)


async def test_a_battery_that_is_nearly_empty_sends_a_smaller_picture_and_says_so(browser: Browser, product: Product) -> None:
    wall, phone = await centre_page(browser, product, "wall"), await phone_page(browser, product, "window.battery = 0.12;" + LINE)
    await phone.locator("[data-act=call]").tap()
    await until_it_plays(wall, "#tile video")
    await expect(phone.locator("#picture-state")).to_have_text("电量低：画面已调低，声音照常", timeout=SOON)
    assert (await sends(phone, "video"))["scaleResolutionDownBy"] == 2
    await until_it_stands(product, "DEGRADED", "LOW_VIDEO")
    assert causes(product)[-1] == ("LOW_VIDEO", "battery")
    await end(phone, wall)

"""The ladder on a real phone and a real relay: what the phone says of its step is what the wall and the journal say."""

import asyncio
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select

from data.tables import CallRow, EntryRow
from tests.journeys.test_picture import centre_page, end, phone_page, until_it_plays
from tests.running import Product
from tests.servers import wait_until

pytestmark = pytest.mark.timeout(240)
SOON = 40_000
# The browser's own estimate of the line, as a test needs it; everything else of the statistics stays what it is.
LINE = """window.line = null; window.sent = () => null;
const own = RTCPeerConnection.prototype.getStats;
RTCPeerConnection.prototype.getStats = async function (...asked) {
  const stats = await own.apply(this, asked);
  window.sent = () => this.getSenders().map((each) => ({ kind: each.track?.kind, encoding: each.getParameters().encodings[0] }));
  if (window.line === null) return stats;
  const told = (stat) => (stat.type === 'candidate-pair' ? { ...stat, availableOutgoingBitrate: window.line } : stat);
  return new Map([...stats].map(([id, stat]) => [id, told(stat)]));
};
navigator.getBattery = async () => ({ level: window.battery ?? 0.8 });"""


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


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
    await asyncio.to_thread(wait_until, lambda: stands(product) == (media, mode), f"not {media} {mode}", 40)


async def sends(phone: Page, kind: str) -> dict[str, object]:
    senders = await phone.evaluate("window.sent()")
    found: dict[str, object] = next(each["encoding"] for each in senders if each["kind"] == kind)
    return found


async def test_the_picture_comes_down_step_by_step_and_wall_and_journal_say_the_same(browser: Browser, product: Product) -> None:
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
    assert (await sends(phone, "video"))["active"] is False
    assert causes(product) == [("LOW_VIDEO", "bandwidth"), ("STILLS", "bandwidth"), ("AUDIO_ONLY", "bandwidth")]
    await phone.evaluate("() => { window.line = null; }")
    await expect(state).to_have_text("画面已送达指挥中心", timeout=90_000)
    await until_it_stands(product, "LIVE", None)
    await until_it_plays(wall, "#tile video")
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

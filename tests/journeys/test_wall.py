"""The wall in a real Chromium: what it shows fits, is text, is as old as its source says, and never looks live when it is not."""

import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from playwright.async_api import Browser, Page, expect
from ulid import ULID

from tests.journeys.faces import Faces
from tests.journeys.waiting import until_true
from tests.journeys.wall_sizes import OUTSIDE, SCROLLS, SMALLEST
from tests.running import Product

PLACE = (23.1, 112.5)
EVIL = "<img src=x onerror=window.hit=1><b>甲</b> [链](javascript:x)"
SOON = 20_000  # generous: this machine is shared
WATCHES = """() => { const wall = document.getElementById('wall'); window.said = [];
  new MutationObserver(() => window.said.push(wall.dataset.connection)).observe(wall, { attributes: true }); }"""


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product(stale_s=8, lost_s=12) as product:
        yield product


@pytest.fixture(scope="module")
async def faces(_chromium: Callable[[], Awaitable[Browser]], product: Product) -> AsyncIterator[Faces]:
    async with Faces(_chromium, product) as faces:
        yield faces


@pytest.fixture
async def page(faces: Faces, product: Product) -> AsyncIterator[Page]:
    """A wall that is live."""
    yield await faces.open("wall", product.seeded.wall)
    await faces.rest()


async def live(page: Page, product: Product, query: str = "") -> list[str]:
    """The wall's page, opened in a browser of its own; returns what goes wrong in it."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 400 else None)
    page.on("request", lambda asked: None if asked.url.startswith((product.origin, "data:", "blob:")) else wrong.append(asked.url))
    await page.context.add_cookies([{"name": "ecc_wall", "value": product.seeded.wall, "url": product.origin}])
    await page.goto(f"{product.origin}/centre/wall{query}")
    await expect(page.locator('[data-panel="system"]')).to_have_attribute("data-state", "live", timeout=SOON)
    return wrong


def send(product: Product, door: str, body: Any, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{product.origin}/ingest/{door}", orjson.dumps(body), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return orjson.loads(answer.read())


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fix(age_s: float = 0, lat: float = PLACE[0], lon: float = PLACE[1]) -> dict[str, Any]:
    return {
        "id": str(ULID()),
        "t": iso(datetime.now(UTC) - timedelta(seconds=age_s)),
        "lat": lat,
        "lon": lon,
        "src_crs": "WGS84",
        "accuracy_m": 8,
        "speed_mps": 0,
        "heading_deg": None,
        "battery_pct": 80,
        "provider": "GPS",
        "mock": False,
    }


def report(product: Product, unit: int, **where: float) -> dict[str, Any]:
    sent = fix(**where)
    told = send(product, "positions", {"fixes": [sent]}, product.seeded.devices[unit])
    assert sent["id"] in told["accepted"], told
    return sent


async def where(page: Page, unit: int) -> dict[str, Any] | None:
    found: dict[str, Any] | None = await page.evaluate("(unit) => window.ecc.where(unit)", str(unit))
    return found


@pytest.mark.parametrize(
    ("scale", "layout"), [(1, "1"), (1, "3"), (1, "8"), (2, "1"), *(pytest.param(2, each, marks=pytest.mark.long) for each in ("3", "8"))]
)
async def test_everything_fits_and_nothing_is_small(product: Product, browser: Browser, scale: int, layout: str) -> None:
    context = await browser.new_context(viewport={"width": 1920, "height": 1080}, device_scale_factor=scale, locale="zh-CN")
    wrong = await live(page := await context.new_page(), product, f"?layout={layout}")
    await expect(page.locator("#wall")).to_have_attribute("data-layout", layout)
    assert await page.evaluate(OUTSIDE) == []
    assert await page.evaluate(SCROLLS) == [0, 0]
    if layout == "8":
        await expect(page.locator("#guests")).to_have_text("来宾模式：不显示人员位置")
    else:
        await expect(page.locator("#gantt-figure .js-plotly-plot")).to_have_count(1, timeout=SOON)
    assert await page.evaluate(SMALLEST) >= 20
    assert wrong == []


async def test_a_digit_key_changes_the_layout_and_an_unused_one_says_so(product: Product, page: Page) -> None:
    await page.keyboard.press("3")
    await expect(page.locator("#wall")).to_have_attribute("data-layout", "3")
    await page.keyboard.press("5")
    toast = page.locator("#toast")
    await expect(toast).to_contain_text("尚未启用")
    assert float((await toast.evaluate("(e) => getComputedStyle(e).fontSize")).removesuffix("px")) >= 28
    await expect(page.locator("#wall")).to_have_attribute("data-layout", "3")


async def test_where_says_nothing_of_who_was_never_heard_and_the_truth_of_who_was(product: Product, page: Page) -> None:
    assert await where(page, 987654) is None
    sent = report(product, 1001)
    await until_true(page, "(t) => window.ecc.where('1001')?.fix_at === t", arg=_ms(sent["t"]), seconds=SOON / 1000)
    drawn = await where(page, 1001)
    assert drawn is not None
    assert drawn["state"] == "online"
    assert drawn["cell"] is False
    assert drawn["drawn_at"] >= drawn["fix_at"]


async def test_a_unit_grows_stale_by_the_time_of_its_fix_while_every_socket_is_healthy(product: Product, page: Page) -> None:
    report(product, 1002, age_s=2)
    for state in ("online", "stale", "lost"):
        await until_true(page, "(state) => window.ecc.where('1002')?.state === state", arg=state, seconds=3 * SOON / 1000)
    await expect(page.locator("#wall")).to_have_attribute("data-connection", "live")
    await expect(page.locator('[data-panel="map"]')).to_have_attribute("data-state", "stale")


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_ages_go_by_the_servers_clock_when_the_walls_own_is_wrong(product: Product, browser: Browser, minutes: int) -> None:
    page = await browser.new_page(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    await page.add_init_script(f"""{{ const Real = Date, off = {minutes * 60_000};
      window.Date = class extends Real {{
        constructor(...a) {{ super(...(a.length ? a : [Real.now() + off])); }}
        static now() {{ return Real.now() + off; }} }}; }}""")
    await live(page, product)
    report(product, 1004)
    await until_true(page, "() => window.ecc.where('1004')?.state === 'online'", seconds=SOON / 1000)
    off = await page.evaluate("(real) => Math.abs(window.ecc.state.serverNow() - real)", datetime.now(UTC).timestamp() * 1000)
    assert off < 3_000


async def test_a_page_that_stood_still_begins_again_and_shows_nothing_old_as_live(product: Product, page: Page) -> None:
    await page.evaluate(WATCHES)
    await page.evaluate("() => { const until = performance.now() + 5000; while (performance.now() < until); }")
    await until_true(page, "() => window.said.includes('lost')", seconds=SOON / 1000)
    await expect(page.locator("#wall")).to_have_attribute("data-connection", "live", timeout=SOON)


async def test_what_a_person_wrote_is_text(product: Product, page: Page) -> None:
    case = {"case_no": "（2026）岭0108执77号", "event": "filed", "at": iso(datetime.now(UTC)), "cause": EVIL, "matter": EVIL}
    told = send(product, "cases", {"cases": [case]}, product.seeded.case_system)
    mission = {
        "id": str(ULID()),
        "event": "assigned",
        "at": iso(datetime.now(UTC)),
        "kind": "OTHER",
        "matter": EVIL[:60],
        "team": "一组",
        "place": EVIL[:60],
    }
    send(product, "missions", {"missions": [mission]}, product.seeded.case_system)
    assert told["refused"] == [], told
    await expect(page.locator('[data-panel="cases"]')).to_contain_text("执77号", timeout=SOON)
    assert await page.evaluate("() => window.hit") is None
    assert await page.locator("#wall img").count() == 0


async def test_a_second_call_waits_as_a_card_with_its_own_clock(product: Product, page: Page) -> None:
    for unit in (1005, 1006):
        send(product, "calls", {"id": str(ULID()), "t": iso(datetime.now(UTC)), "fix": fix()}, product.seeded.devices[unit])
    cards = page.locator(".call")
    await expect(cards).to_have_count(2, timeout=SOON)
    for card in await cards.all():
        assert ":" in await card.locator("time").first.inner_text()
        await expect(card).to_contain_text("无人接")
        assert (
            float((await page.evaluate("() => getComputedStyle(document.querySelector('.call footer')).fontSize")).removesuffix("px")) >= 28
        )


async def test_blocked_sound_is_said(product: Product, page: Page) -> None:
    await expect(page.locator("#sound-off")).to_be_visible()
    await page.locator("#sound-off").click()
    await expect(page.locator("#sound-off")).to_be_hidden(timeout=SOON)


async def test_a_frozen_server_is_said_and_the_picture_is_not_live_until_it_is_back(product: Product, page: Page) -> None:
    product.freeze("web")
    try:
        await expect(page.locator('[data-panel="system"]')).to_contain_text("网页服务无响应", timeout=SOON)
        for panel in ("today", "events", "cases", "missions", "teams", "map"):
            assert await page.locator(f'[data-panel="{panel}"]').get_attribute("data-state") in ("stale", "down"), panel
    finally:
        product.thaw("web")
    await expect(page.locator('[data-panel="system"]')).to_have_attribute("data-state", "live", timeout=SOON)


async def test_a_gone_bus_is_said_and_heals(product: Product, page: Page) -> None:
    product.freeze("bus")
    try:
        await expect(page.locator('[data-panel="system"]')).to_contain_text("总线中断", timeout=SOON)
        await expect(page.locator('[data-panel="map"]')).not_to_have_attribute("data-state", "live")
    finally:
        product.thaw("bus")
    await expect(page.locator('[data-panel="system"]')).to_contain_text("总线 正常", timeout=SOON)


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)

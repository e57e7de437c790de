"""A real wall before parts that are killed, frozen and cut off: it says which one is gone, is right again by itself, and loses nothing.

The same for 30 and 60 s with every part, and how long it takes: `python -m tests.bench faults`.
"""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import func, select
from ulid import ULID

from data.tables import CallRow, EntryRow
from tests.bench import faults
from tests.faulty_proxy import FaultyProxy
from tests.journeys.senders import fix, iso, send
from tests.journeys.waiting import until_true
from tests.running import COURT, Product, eventually
from tests.servers import POSTGRESQL_BIN, PostgresServer, need

pytestmark = [pytest.mark.timeout(240), pytest.mark.postgres]
SOON = 30_000  # ms; generous: this machine is shared
SAYS = {"database": "数据库无响应", "jobs": "定时任务停了", "web": "网页服务无响应"}
WELL = {"database": "数据库 正常", "jobs": "定时任务 正常"}
WATCHES = """() => { const wall = document.getElementById('wall'); window.said = [];
  new MutationObserver(() => window.said.push(wall.dataset.connection)).observe(wall, { attributes: true }); }"""
MOVES_ITS_CLOCK = """{ const Real = Date; window.ahead = 0;
  window.Date = class extends Real {
    constructor(...a) { super(...(a.length ? a : [Real.now() + window.ahead])); }
    static now() { return Real.now() + window.ahead; } }; }"""


@dataclass
class Site:
    product: Product
    server: PostgresServer


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """One product on a PostgreSQL of its own, which is brought back to life after each fault."""
    need((POSTGRESQL_BIN / "postgres").exists(), "postgresql-15")
    server = PostgresServer()
    try:
        server.start()
        with Product(database_url=server.create_database("faults")) as product:
            yield Site(product, server)
    finally:
        server.close()


@pytest.fixture
async def wall(browser: Browser, site: Site) -> AsyncIterator[Page]:
    page = await opened(browser, site.product)
    yield page
    await page.context.close()


async def newcomer(browser: Browser, product: Product, origin: str = "", script: str = "") -> Page:
    origin = origin or product.origin
    context = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    await context.add_cookies([{"name": "ecc_wall", "value": product.seeded.wall, "url": origin}])
    page = await context.new_page()
    if script:
        await page.add_init_script(script)
    await page.goto(f"{origin}/centre/wall")
    return page


async def opened(browser: Browser, product: Product, origin: str = "", script: str = "") -> Page:
    page = await newcomer(browser, product, origin, script)
    await expect(page.locator("#wall")).to_have_attribute("data-connection", "live", timeout=SOON)
    await well(page, *WELL)
    return page


async def well(page: Page, *parts: str) -> None:
    for part in parts:
        await expect(page.locator('[data-panel="system"]')).to_contain_text(WELL[part], timeout=SOON)


async def says(page: Page, part: str) -> None:
    await expect(page.locator('[data-panel="system"]')).to_contain_text(SAYS[part], timeout=SOON)


async def call(product: Product, unit: int) -> str:
    """As the phone does: posted again under the same id until it is taken."""
    id_, at = str(ULID()), iso(datetime.now(UTC))
    await until_taken(product, "calls", {"id": id_, "t": at, "fix": None}, unit)
    return id_


async def until_taken(product: Product, door: str, body: dict[str, Any], unit: int) -> None:
    async with asyncio.timeout(SOON / 1000):
        while True:
            try:
                await send(product, door, body, unit)
                return
            except httpx.HTTPError:
                await asyncio.sleep(0.3)


def times(product: Product, call_id: str) -> tuple[int, int]:
    """How often this call is in the database, and how often it rang in the journal."""
    database = product.database()
    with database.reading() as session:
        rows = session.scalar(select(func.count()).select_from(CallRow).where(CallRow.id == call_id))
        rang = select(func.count()).select_from(EntryRow).where(EntryRow.kind == "call.ringing", EntryRow.subject_id == call_id)
        rung = session.scalar(rang)
    database.close()
    return rows or 0, rung or 0


async def shows_once(page: Page, product: Product, unit: int, call_id: str) -> None:
    """One card while it rings, none when it has ended; one row, one event."""
    card = page.locator(f'[data-call="{call_id}"]')
    await expect(card).to_have_count(1, timeout=SOON)
    await until_taken(product, "calls/end", {"id": call_id}, unit)
    await expect(card).to_have_count(0, timeout=SOON)
    assert times(product, call_id) == (1, 1)


async def drawn(page: Page, product: Product, unit: int, lat: float, lon: float) -> None:
    sent = fix(lat, lon)
    told = await send(product, "positions", {"fixes": [sent]}, unit)
    assert told["accepted"] == [sent["id"]], told
    t_ms = round(datetime.fromisoformat(sent["t"]).timestamp() * 1000)
    await until_true(page, "([unit, t]) => window.ecc.where(unit)?.fix_at === t", arg=[str(unit), t_ms], seconds=SOON / 1000)


def readiness(product: Product) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"{product.origin}/readyz", timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.mark.long  # by a reader alone, in every run: tests/data/test_lanes.py
async def test_54_a_frozen_database_is_said_while_positions_go_on_and_nothing_is_lost(wall: Page, site: Site) -> None:
    product = site.product
    await send(product, "silence", {"id": str(ULID()), "minutes": 15, "t": iso(datetime.now(UTC))}, 1003)
    await drawn(wall, product, 1001, *COURT)  # from now on it is known who is on duty and who has declared silence
    site.server.freeze()
    try:
        await says(wall, "database")
        await expect(wall.locator('[data-panel="events"]')).to_have_attribute("data-state", "stale", timeout=SOON)
        assert readiness(product) == (503, {"ready": False, "reasons": ["database"], "down": ["database"]})
        calling = asyncio.create_task(call(product, 1002))
        await drawn(wall, product, 1003, *COURT)  # its silence ends in the journal, which is not there: nobody else waits for that
        async with asyncio.timeout(SOON / 1000):
            for step in range(10):
                await drawn(wall, product, 1001, COURT[0] + step / 10_000, COURT[1])
        await well(wall, "jobs")
    finally:
        site.server.thaw()
    await well(wall, "database")
    await shows_once(wall, product, 1002, await calling)
    await expect(wall.locator('[data-panel="system"]')).to_have_attribute("data-state", "live", timeout=SOON)


@pytest.mark.long  # as above
async def test_54_a_wall_that_stood_still_while_the_database_is_frozen_keeps_its_picture_and_shows_who_moves(
    wall: Page, site: Site
) -> None:
    """It knocks anew and nobody can read it a snapshot: the web process is not blamed, and rows are not called live."""
    product = site.product
    before = await call(product, 1004)
    await expect(wall.locator(f'[data-call="{before}"]')).to_have_count(1, timeout=SOON)
    await drawn(wall, product, 1001, *COURT)
    site.server.freeze()
    try:
        await says(wall, "database")
        await wall.evaluate(WATCHES)
        await wall.evaluate("() => { const end = Date.now() + 4000; while (Date.now() < end); }")
        await until_true(wall, "() => window.said.includes('lost')", seconds=SOON / 1000)
        await expect(wall.locator("#wall")).to_have_attribute("data-connection", "waiting", timeout=SOON)
        await says(wall, "database")
        await expect(wall.locator('[data-panel="system"]')).not_to_contain_text(SAYS["web"])
        for step in range(3):
            await drawn(wall, product, 1001, COURT[0] + (step + 1) / 10_000, COURT[1])
        await expect(wall.locator(f'[data-call="{before}"]')).to_have_count(1)
        for panel in ("today", "events", "cases", "missions", "teams"):
            assert await wall.locator(f'[data-panel="{panel}"]').get_attribute("data-state") in ("stale", "down"), panel
        await expect(wall.locator('[data-panel="map"]')).to_have_attribute("data-state", "live")
    finally:
        site.server.thaw()
    await expect(wall.locator("#wall")).to_have_attribute("data-connection", "live", timeout=SOON)
    await well(wall, "database")
    await shows_once(wall, product, 1004, before)


@pytest.mark.long  # by a reader alone: tests/data/test_lanes.py; what was acknowledged, after a kill: tests/data/test_journal.py
async def test_54_a_killed_database_is_said_and_what_was_acknowledged_is_there_again(wall: Page, site: Site) -> None:
    product = site.product
    before = await call(product, 1001)
    site.server.kill()
    try:
        await says(wall, "database")
        await drawn(wall, product, 1002, *COURT)
        meanwhile = asyncio.create_task(call(product, 1002))
        await asyncio.sleep(1)
    finally:
        site.server.start()
    await well(wall, "database")
    await shows_once(wall, product, 1001, before)
    await shows_once(wall, product, 1002, await meanwhile)


@pytest.mark.long  # as above
async def test_54_web_and_database_gone_together_leave_the_picture_and_heal(browser: Browser, wall: Page, site: Site) -> None:
    product = site.product
    before = await call(product, 1001)
    await expect(wall.locator(f'[data-call="{before}"]')).to_have_count(1, timeout=SOON)
    await wall.evaluate("() => { window.same = true; }")
    site.server.kill()
    try:
        old = product.kill("web")
        await says(wall, "web")
        product.until_started_again("web", old)
        eventually(lambda: product.status("/healthz") == 200, "the web process did not come back")
        assert product.status("/readyz") == 503
        late = await newcomer(browser, product)  # a PC that is switched on meanwhile
        await expect(late.get_by_role("alert")).to_be_visible(timeout=SOON)
        await asyncio.sleep(6)  # time enough to be refused more than once
        await expect(wall.locator(f'[data-call="{before}"]')).to_have_count(1)
        assert await wall.evaluate("() => window.same")
    finally:
        site.server.start()
    for page in (wall, late):
        await expect(page.locator("#wall")).to_have_attribute("data-connection", "live", timeout=SOON)
        await well(page, "database")
    await shows_once(wall, product, 1001, before)


@pytest.mark.long  # tests/dashboard/test_supervise.py hears it said
async def test_54_frozen_jobs_are_said_and_calls_still_come_in(wall: Page, site: Site) -> None:
    site.product.freeze("jobs")
    try:
        await says(wall, "jobs")
        await well(wall, "database")
        await shows_once(wall, site.product, 1004, await call(site.product, 1004))
    finally:
        site.product.thaw("jobs")
    await well(wall, "jobs")


@pytest.mark.long  # a long fault
async def test_55_dropped_packets_are_said_and_the_picture_is_right_again_afterwards(browser: Browser, site: Site) -> None:
    product = site.product
    async with FaultyProxy("127.0.0.1", product.settings.port) as proxy:
        page = await opened(browser, product, f"http://127.0.0.1:{proxy.port}")
        proxy.fall_silent()
        await says(page, "web")
        for panel in ("today", "events", "cases", "missions", "teams"):
            assert await page.locator(f'[data-panel="{panel}"]').get_attribute("data-state") in ("stale", "down"), panel
        meanwhile = await call(product, 1005)
        await asyncio.sleep(3)  # a question of the page gets lost too
        proxy.mend()
        await expect(page.locator("#wall")).to_have_attribute("data-connection", "live", timeout=SOON)
        await shows_once(page, product, 1005, meanwhile)
        await page.context.close()


async def test_57_a_wall_pc_that_slept_ten_minutes_begins_again(browser: Browser, site: Site) -> None:
    page = await opened(browser, site.product, script=MOVES_ITS_CLOCK)
    await page.evaluate(WATCHES)
    await page.evaluate("() => { window.ahead += 600000; }")  # the page's own counter stands still while a PC sleeps, its clock does not
    await until_true(page, "() => window.said.includes('lost')", seconds=SOON / 1000)
    await expect(page.locator("#wall")).to_have_attribute("data-connection", "live", timeout=SOON)
    await right_time(page)
    await page.context.close()


@pytest.mark.long  # a clock that is wrong all along, either way: test_wall.py
async def test_57_a_clock_that_is_set_back_ten_minutes_changes_nothing(browser: Browser, site: Site) -> None:
    page = await opened(browser, site.product, script=MOVES_ITS_CLOCK)
    await page.evaluate("() => { window.ahead -= 600000; }")
    await drawn(page, site.product, 1006, *COURT)
    assert (await page.evaluate("() => window.ecc.where('1006')"))["state"] == "online"
    await expect(page.locator("#wall")).to_have_attribute("data-connection", "live")
    await right_time(page)
    await page.context.close()


async def right_time(page: Page) -> None:
    """By the server's clock, whatever the PC believes."""
    off_ms = await page.evaluate("(real) => Math.abs(window.ecc.state.serverNow() - real)", datetime.now(UTC).timestamp() * 1000)
    assert off_ms < 3_000


async def test_a_case_system_that_was_silent_for_long_is_said_until_it_speaks_again(wall: Page, site: Site) -> None:
    system, cases = wall.locator('[data-panel="system"]'), wall.locator('[data-panel="cases"]')
    for age, said, state in ((timedelta(hours=2), "案件系统久无消息，截至", "stale"), (timedelta(), "案件系统 截至", "live")):
        case = {"case_no": f"（2026）岭0108执{len(said)}号", "event": "filed", "cause": "借款合同纠纷", "at": iso(datetime.now(UTC) - age)}
        told = await send(site.product, "cases", {"cases": [case]}, None)
        assert told["refused"] == [], told
        await expect(system).to_contain_text(said, timeout=SOON)
        await expect(cases).to_have_attribute("data-state", state, timeout=SOON)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_54_55_every_part_killed_frozen_for_30_s_and_cut_off_for_60_s_loses_nothing() -> None:
    need((POSTGRESQL_BIN / "postgres").exists(), "postgresql-15")
    found = faults.measure(["--rounds", "1"])
    assert found["faults"] == 9
    assert (found["lost"], found["doubled"], found["rows_different"]) == (0, 0, 0)

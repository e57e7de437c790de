"""The inspector reads every ring of the centre as a page; nobody else does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import select

from data.actions.calls import end_call
from data.actions.centre_rings import ring_team, ring_unit
from data.actions.organisation import add_officer
from data.actions.sessions import open_for_officer
from data.journal import Journal
from data.rules.permissions import SYSTEM, Actor, Role
from data.sealing import load_sealing
from data.tables import OfficerRow
from tests.running import Product

NOBODY = "指挥中心还没有呼叫过现场。"


class Court:
    """The running product, whoever rings, and the inspector's browser."""

    def __init__(self, product: Product) -> None:
        self.product, settings = product, product.settings
        self.database = product.database()
        self.journal = Journal(self.database, load_sealing(settings.keys), settings.court_code)
        with self.database.reading() as session:
            duty = session.scalars(select(OfficerRow.id).where(OfficerRow.role == Role.DUTY)).one()
        self.duty = Actor("OFFICER", duty, Role.DUTY, settings.court_code, officer_id=duty)
        with self.journal.work(SYSTEM, datetime.now(UTC)) as work:
            inspector = add_officer(work, "严测", "督察员", Role.INSPECTOR)
            self.cookie = open_for_officer(work, inspector, timedelta(hours=1), how="link").token

    def page(self, query: str = "", **cookies: str) -> httpx.Response:
        cookies = cookies or {"ecc_desk": self.cookie}
        return httpx.get(f"{self.product.origin}/inspector/{query}", cookies=cookies, follow_redirects=False)


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture(scope="module")
def court(product: Product) -> Iterator[Court]:
    court = Court(product)
    yield court
    court.database.close()


async def test_every_ring_is_on_the_page_with_who_whom_and_what_became_of_it(browser: Browser, court: Court) -> None:
    assert NOBODY in court.page().text
    now = datetime.now(UTC)
    first = court.journal.do(court.duty, now - timedelta(minutes=2), ring_unit, 1001)
    court.journal.do(court.duty, now - timedelta(seconds=110), end_call, first)
    call_id = court.journal.do(court.duty, now - timedelta(minutes=1), ring_team, court.product.seeded.teams[1])
    court.journal.do(court.duty, now, end_call, call_id)
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1600, "height": 900})
    await context.add_cookies([{"name": "ecc_desk", "value": court.cookie, "url": court.product.origin}])
    desk = await context.new_page()
    await desk.goto(f"{court.product.origin}/centre/desk")
    async with context.expect_page() as opened:
        await desk.get_by_role("link", name="指挥中心呼叫记录").click()
    page = await opened.value
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(0)).to_contain_text("二组全组")
    await expect(rows.nth(0)).to_contain_text("呼叫方取消")
    for said in ("王值班员", "1001 陈法官", "没有接听", "呼叫方取消"):
        await expect(rows.nth(1)).to_contain_text(said)
    older = court.page(f"?before={int((now - timedelta(seconds=90)).timestamp() * 1000)}").text
    assert "1001 陈法官" in older
    assert "二组全组" not in older
    assert "没有更早的呼叫" in court.page("?before=0").text


@pytest.mark.parametrize("query", ["?before=x", "?before=-1", "?before=999999999999999"])
def test_nonsense_is_refused_with_a_sentence(court: Court, query: str) -> None:
    assert court.page(query).status_code == 400


def test_nobody_else_reads_it(court: Court) -> None:
    seeded = court.product.seeded
    for token in (seeded.desk, seeded.commander):
        answer = court.page(ecc_desk=token)
        assert answer.status_code == 403
        assert "1001" not in answer.text
    assert court.page(ecc_wall=seeded.wall).status_code in (303, 401)
    assert court.page(ecc_device=seeded.devices[1001]).status_code in (303, 401)


async def test_the_way_to_it_is_hidden_from_a_duty_officer(browser: Browser, court: Court) -> None:
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1920, "height": 1080})
    await context.add_cookies([{"name": "ecc_desk", "value": court.product.seeded.desk, "url": court.product.origin}])
    desk = await context.new_page()
    await desk.goto(f"{court.product.origin}/centre/desk")
    await expect(desk.locator('[data-panel="system"]')).to_have_attribute("data-state", "live", timeout=20_000)
    await expect(desk.locator("#sheets")).to_be_visible()
    await expect(desk.locator("#rings")).to_be_hidden()

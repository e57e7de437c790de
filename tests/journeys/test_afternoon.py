"""An afternoon in four browsers: two come in, a film, black while an alarm is raised, who settles and who promises; next day he pays.

After domain/demo.md F.3, 15:00 to 16:50 and D+1 10:20.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from data.actions.attendees import invite_attendee
from data.actions.cases import CaseReport, Party, report_case
from data.actions.screenings import tick_materials
from data.rules import screening as rules
from data.rules.cases import CaseEvent
from data.rules.permissions import Actor, Role
from data.tables import AttendeeRow, CasePartyRow, OfficerRow, PromiseRow, RecoveryRow, ScreeningRow, SpotPaymentRow
from tests.journeys.phone.in_hand import hold
from tests.journeys.waiting import until_true
from tests.paper import check_a4_with_its_letters, pages, says
from tests.running import Product
from tests.screenings import Court

SOON = 30_000
PLAYS = "!document.querySelector('#picture').paused && document.querySelector('#picture').currentTime > 0"
SILENT = "document.querySelector('#picture').muted && !document.querySelector('#picture').getAttribute('src')"
BLACK = f"document.body.dataset.screen === 'black' && {SILENT}"
NEUTRAL = "document.body.dataset.screen === 'neutral'"
NAMES = ("周演五", "吴示六")
CLAIM, PAID = 16_500_000, 3_900_000


def case_no(place: int) -> str:
    return f"（2026）岭0108执{700 + place}号"


class Afternoon:
    """Two people with letters to a session of one film, its materials there."""

    def __init__(self, court: Court) -> None:
        self.court, settings = court, court.product.settings
        _, release = court.released()
        self.screening = court.planned({"title": "自愿履行", "words": "可以申请和解。"}, {"release": release})
        with court.database.reading() as session:
            duty = session.query(OfficerRow).filter(OfficerRow.role == Role.DUTY).first()
        assert duty is not None
        desk = Actor("OFFICER", f"officer:{duty.id}", Role.DUTY, settings.court_code, officer_id=duty.id)
        machine = Actor("MACHINE", "case_system", Role.CASE_SYSTEM, settings.court_code)
        now = datetime.now(UTC)
        for place, name in enumerate(NAMES):
            parties = [Party(kind="APPLICANT", name="演示建材公司", natural=False), Party(kind="DEBTOR", name=name)]
            filed = CaseReport(
                case_no=case_no(place), event=CaseEvent.FILED, at=now, cause="买卖合同纠纷", claim_cents=CLAIM, parties=parties
            )
            court.journal.do(machine, now, report_case, filed)
        with court.database.reading() as session:
            debtors = [row.id for row in session.query(CasePartyRow).filter(CasePartyRow.kind == "DEBTOR").order_by(CasePartyRow.id)]
        with court.journal.work(desk, now) as work:
            people = [invite_attendee(work, self.screening, party) for party in debtors]
            tick_materials(work, self.screening, rules.MATERIALS)
            work.session.flush()
            self.codes = [work.sealing.open(work.session.get_one(AttendeeRow, each).code) or "" for each in people]

    def pay(self, recovered_cents: int, node: int) -> None:
        """As the case system tells it, at its own door."""
        report = {
            "case_no": case_no(0),
            "event": "node",
            "node": node,
            "at": datetime.now(UTC).isoformat(),
            "recovered_cents": recovered_cents,
        }
        bearer = {"authorization": f"Bearer {self.court.product.seeded.case_system}"}
        answer = self.court.web.post("/ingest/cases", json={"cases": [report]}, headers=bearer).json()
        assert answer["accepted"] == [case_no(0)], answer

    def let_a_night_pass(self) -> None:
        """What a clock that went on by a day would leave: everything that was written is a day older."""
        day = timedelta(days=1)
        with self.court.journal.work(Actor("SYSTEM", "clock", Role.SYSTEM, ""), datetime.now(UTC)) as work:
            row = work.session.get_one(ScreeningRow, self.screening)
            assert row.began_at is not None
            assert row.ended_at is not None
            row.began_at, row.ended_at = row.began_at - day, row.ended_at - day
            for promise in work.session.query(PromiseRow):
                promise.made_at, promise.due_on = promise.made_at - day, promise.due_on - day
            for paid in (*work.session.query(SpotPaymentRow), *work.session.query(RecoveryRow)):
                paid.at -= day


@pytest.fixture(scope="module")
def afternoon() -> Iterator[Afternoon]:
    with Product() as product:
        court = Court(product, seconds=12)
        yield Afternoon(court)
        court.close()


@contextlib.asynccontextmanager
async def four(browser: Browser, product: Product) -> AsyncIterator[dict[str, Page]]:
    """Host, stage, wall and phone, each in a browser that knows nothing of the others."""
    seeded = product.seeded
    cookies = {
        "host": ("ecc_desk", seeded.desk),
        "stage": None,
        "wall": ("ecc_wall", seeded.wall),
        "phone": ("ecc_device", seeded.devices[1001]),
    }
    pages: dict[str, Page] = {}
    for name, cookie in cookies.items():
        wide, tall = (390, 844) if name == "phone" else (1920, 1080)
        context = await browser.new_context(viewport={"width": wide, "height": tall}, locale="zh-CN")
        if cookie is not None:
            await context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": product.origin}])
        pages[name] = await context.new_page()
    yield pages
    for page in pages.values():
        await page.context.close()


@pytest.mark.long  # each step alone: test_door_tablet, test_screening, test_screening_people, test_outcome_paper
async def test_from_the_door_to_the_payment_of_the_next_day(browser: Browser, afternoon: Afternoon) -> None:
    product, screening = afternoon.court.product, afternoon.screening
    place = f"{product.origin}/centre/screening/{screening}"
    async with four(browser, product) as pages:
        host, stage, wall, phone = (pages[name] for name in ("host", "stage", "wall", "phone"))
        await wall.goto(f"{product.origin}/centre/wall")
        await phone.goto(f"{product.origin}/field/")
        await _let_in(host, place, afternoon.codes)
        await _begin(host, stage)
        await _black_while_an_alarm_is_raised(host, stage, wall, phone)
        await _interviews(host, stage, place)
        await _settle_and_promise(host, place)
        await host.goto(place)
        await host.locator("#end").click()
        await host.locator('#sure button[value="yes"]').click()
        await expect(host.locator("#state")).to_have_text("已结束", timeout=SOON)
        heard = await stage.evaluate("document.documentElement.textContent")
        assert not [name for name in (*NAMES, "12.6", "执700号") if name in heard]
        await _next_day(host, afternoon, place)


async def _let_in(host: Page, place: str, codes: list[str]) -> None:
    await host.goto(place)
    await host.locator("#open").click()
    await expect(host.locator("#state")).to_have_text("签到中", timeout=SOON)
    door = await host.context.new_page()
    await door.goto(f"{place}/door")
    for seat, code in enumerate(codes, 1):
        await door.locator("#code").fill(code.lower())
        await door.keyboard.press("Enter")
        await expect(door.locator("#big")).to_have_text(str(seat), timeout=SOON)
    assert not [name for name in NAMES if name in await door.locator("body").inner_text()], "the door says seats, no names"
    await door.close()
    await expect(host.locator("#present")).to_contain_text("2", timeout=SOON)


async def _begin(host: Page, stage: Page) -> None:
    await host.locator("#stage").click()
    await expect(host.locator("#link")).to_contain_text("/stage/", timeout=SOON)
    await stage.goto(await host.locator("#link").inner_text())
    await stage.locator("button").click()
    await expect(host.locator("#seen")).to_have_text("大屏是字幕或静帧", timeout=SOON)
    await host.locator("#begin").click()
    await expect(host.locator("#state")).to_have_text("进行中", timeout=SOON)
    await host.keyboard.press("ArrowRight")
    await expect(stage.locator("#card-title")).to_have_text("自愿履行", timeout=SOON)
    await host.keyboard.press("ArrowRight")
    await until_true(stage, PLAYS)


async def _black_while_an_alarm_is_raised(host: Page, stage: Page, wall: Page, phone: Page) -> None:
    await host.keyboard.press("b")
    await until_true(stage, BLACK)
    await hold(phone, 2.5)
    await expect(phone.locator("#sos")).not_to_have_attribute("data-state", "idle", timeout=SOON)
    desk = await host.context.new_page()
    await desk.goto(host.url.split("/screening/")[0] + "/desk")
    await expect(desk.locator("#queue-body")).to_contain_text("陈法官", timeout=SOON)
    await until_true(wall, "document.body.innerText.includes('陈法官') && document.body.innerText.includes('求助')")
    await until_true(stage, BLACK)
    assert not (await stage.locator("body").inner_text()).strip(), "black, and no word"
    await desk.close()


async def _interviews(host: Page, stage: Page, place: str) -> None:
    await host.locator("#interviews").click()
    await expect(host.locator("#state")).to_have_text("面谈中", timeout=SOON)
    await until_true(stage, NEUTRAL)
    await host.locator("#to-results").click()
    await expect(host.locator(".seats li")).to_have_count(2, timeout=SOON)
    assert not [name for name in NAMES if name in await host.locator("body").inner_text()], "by seat, not by name"


async def _settle_and_promise(host: Page, place: str) -> None:
    """Seat 2 settles, the applicant says yes by phone; seat 1 pays 3.9万 at once and promises 12.6万 in four touches."""
    await host.locator(".seats a").nth(1).click()
    await host.locator("summary", has_text="和解").click()
    form = host.locator('form[data-ask$="/settle"]')
    await form.locator(".choice label", has_text="一半").click()
    await form.locator("[name=terms]").fill("三个月内付清")
    await form.locator(".choice label", has_text="电话同意").click()
    await form.locator(".go").click()
    await expect(host.locator(".made")).to_contain_text("已登记", timeout=SOON)
    await host.locator(".seats a").nth(0).click()
    await host.locator("summary", has_text="当场缴款").click()
    form = host.locator('form[data-ask$="/pay"]')
    await form.locator(".choice label", has_text="其他").click()
    await form.locator("[name=typed]").fill("39,000")
    await form.locator("[name=receipt]").fill("收0007")
    await form.locator(".go").click()
    await expect(host.locator(".made")).to_contain_text("已登记", timeout=SOON)
    form = host.locator('form[data-ask$="/promise"]')
    await form.locator(".choice label", has_text="全部 12.6万元").click()  # one
    await form.locator(".choice label", has_text="7 日内").click()  # two
    await form.locator(".go").click()  # three
    await expect(host.locator(".made-list")).to_contain_text("126,000.00", timeout=SOON)
    await host.get_by_role("link", name="打印单子").click()  # four
    await expect(host.locator(".paper")).to_contain_text("壹拾贰万陆仟元整", timeout=SOON)
    await expect(host.locator(".paper")).to_contain_text(NAMES[0])
    await host.evaluate("document.fonts.ready")
    pdf = await host.pdf(prefer_css_page_size=True)
    assert pages(pdf) == 1
    check_a4_with_its_letters(pdf)
    assert says(pdf, "本人承诺壹拾贰万陆仟元自愿")


async def _next_day(host: Page, afternoon: Afternoon, place: str) -> None:
    await asyncio.to_thread(afternoon.pay, PAID, 1)
    await host.goto(f"{place}/results")
    await expect(host.locator(".looks li").first).to_contain_text("承诺 1 笔，已兑现 0 笔")
    await asyncio.to_thread(afternoon.let_a_night_pass)
    await asyncio.to_thread(afternoon.pay, CLAIM, 2)
    await host.reload()
    await expect(host.locator(".looks li").first).to_contain_text("承诺 1 笔，已兑现 1 笔，12.6万元")
    await expect(host.locator(".looks li").first).to_have_attribute("data-well", "1")
    await expect(host.locator(".seats li").first).to_contain_text("已兑现")

"""A party by his own phone: notice, consent, four digits, one key; the court's side alone; his own by his touch; the record on paper."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, Route, expect
from sqlalchemy import select

from data.actions.calls import end_call
from data.journal import Journal
from data.rules import sheets
from data.sealing import load_sealing
from data.tables import ParticipantRow, PartyGuestRow, RecordingRow
from tests.dashboard.join.test_party import CASE_NO, Scene, file_case
from tests.journeys.test_leader import FACE_PASS, until_it_grows
from tests.journeys.test_picture import SOON, centre_page, phone_page, until_it_plays
from tests.journeys.test_room import LINES
from tests.paper import check_a4_with_its_letters, pages, says
from tests.running import Product

pytestmark = pytest.mark.timeout(300)
PUBLISH = """async ([call, stream]) => {
  const headers = { 'Content-Type': 'application/json' };
  const asked = { method: 'POST', headers, body: JSON.stringify({ call, right: 'publish', stream }) };
  return (await fetch('/api/media/tokens?face=party', asked)).status;
}"""
PARTS = (
    "async (call) => (await import('/centre/assets/modules/talks.mjs')).partsOf(call).map(({ id, kind, state }) => ({ id, kind, state }))"
)
PARTY = "欧阳测不出"


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        database = product.database()
        file_case(Journal(database, load_sealing(product.settings.keys), product.settings.court_code))
        database.close()
        yield product


@pytest.fixture
def scene(product: Product) -> Iterator[Scene]:
    """A call that is answered, whose phone sends nothing."""
    scene = Scene(product)
    yield scene
    scene.do(end_call, scene.call, "finished")
    scene.database.close()


async def party_page(browser: Browser) -> Page:
    context = await browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", permissions=["camera", "microphone"])
    page = await context.new_page()
    await page.add_init_script(LINES)
    return page


async def invited(desk: Page) -> tuple[str, str]:
    """By the desk's own dialog: the link and its digits."""
    await desk.keyboard.press("d")
    await desk.locator("#party-who").select_option(index=1)
    await expect(desk.locator("#party-who")).not_to_contain_text(PARTY)
    await desk.locator("#party-dialog [type=submit]").click()
    await expect(desk.locator("#party-link-dialog .qr")).to_be_visible()
    assert await desk.locator("#party-link-dialog .qr").evaluate("image => image.naturalWidth") > 100
    digits = re.sub(r"\D", "", await desk.locator("#party-link-dialog .digits").inner_text())
    link = await desk.locator("#party-link").input_value()
    await desk.keyboard.press("Escape")
    return link, digits


async def _answered_late(route: Route) -> None:
    """After his other question, which is open all the time, has heard that he is out."""
    answer = await route.fetch()
    await asyncio.sleep(1.5)
    await route.fulfill(response=answer)


async def let_in(desk: Page, party: Page, link: str, digits: str) -> None:
    await party.goto(link)
    await expect(party.locator("dl")).to_contain_text("全程录音录像")
    await expect(party.locator(".case")).to_contain_text(CASE_NO)
    await party.locator(".agree").click()
    await expect(party.locator("#waiting-state")).to_contain_text("等候核对")
    await expect(desk.locator("#parties .party")).to_have_attribute("data-state", "WAITING")
    await party.locator("#digits-input").fill(digits)
    await expect(party.locator("#digits")).to_be_hidden()
    await desk.locator("[data-party=admit]").click()
    await expect(party.locator("#talk")).to_be_visible()


async def test_a_party_hears_the_court_and_is_heard_by_his_own_touch_alone(browser: Browser, product: Product) -> None:
    desk = await centre_page(browser, product, "desk")
    phone = await phone_page(browser, product, LINES)
    await phone.locator("[data-act=call]").tap()
    await until_it_plays(desk, "#desk-tile video")
    await expect(desk.locator("[data-party=invite]")).to_be_disabled()
    await desk.keyboard.press("2")
    await expect(desk.locator("[data-party=invite]")).to_be_enabled()
    link, digits = await invited(desk)
    party = await party_page(browser)
    asked: list[str] = []
    party.on("request", lambda request: asked.append(request.url))
    await let_in(desk, party, link, digits)
    call = await desk.locator("[data-panel=verbs]").get_attribute("data-chosen") or ""
    call = call.removeprefix("call:")
    parts = {part["kind"]: part["id"] for part in await desk.evaluate(PARTS, call)}
    assert not [url for url in asked if "/media/whip" in url], "nothing of him goes out before his own touch"
    for stream in (f"{call}.{parts['FIELD']}", f"{call}.{parts['DESK']}.w"):
        assert await party.evaluate(FACE_PASS, ["party", call, stream]) == 403, stream

    await desk.keyboard.press("y")
    await until_it_plays(party, "#court video[data-first]")
    await expect(party.locator("#speaker")).to_contain_text("值班员 正在讲话")
    await until_it_grows(party)
    seen = await party.locator("body").inner_text()
    assert not [name for name in (PARTY, "王值", "陈甲", "一组", "河西", "宏达") if name in seen]

    await party.locator("#sound").click()
    await expect(desk.locator("#parties .party")).to_have_attribute("data-state", "SENDS", timeout=SOON)
    await party.locator("#picture").click()
    await until_it_plays(desk, "#parties .face video")
    await expect(phone.locator("#in-call")).to_contain_text("当事人")
    await expect(phone.locator("#picture-watchers")).not_to_contain_text("当事人")  # he does not see the scene
    assert "欧阳" not in await phone.content()
    await _mute(desk, party, call, parts["PARTY"])
    await party.route("**/party/leave", _answered_late)
    await party.locator("#leave").click()
    await expect(party.locator("#after-title")).to_have_text("您已离开")
    assert CASE_NO not in await party.locator("body").inner_text()
    assert await party.evaluate(FACE_PASS, ["party", call, f"{call}.{parts['DESK']}"]) == 401
    await party.goto(link)
    await expect(party.locator("main.closed")).to_be_visible()
    await _recorded_after_consent(product, parts["PARTY"])
    await desk.keyboard.press("y")  # the desk's face stands before the officer's keys as long as it is shown
    await expect(phone.locator("#face")).to_be_hidden(timeout=SOON)
    await phone.locator("[data-act=withdraw]").tap()
    await expect(desk.locator("#parties")).to_be_hidden(timeout=SOON)


async def _mute(desk: Page, party: Page, call: str, participant: str) -> None:
    await desk.locator("[data-party=mute]").click()
    await expect(party.locator("#own-word")).to_have_text("法院已将您静音")
    await expect(party.locator("#sound")).to_be_disabled()
    assert await party.evaluate(PUBLISH, [call, f"{call}.{participant}"]) == 403
    await expect(desk.locator("#parties .face video")).to_have_count(0, timeout=SOON)
    await desk.locator("[data-party=unmute]").click()
    await expect(party.locator("#sound")).to_be_enabled()
    await expect(party.locator("#own-word")).to_have_text("您的麦克风和摄像头没有打开")
    await party.locator("#sound").click()
    await expect(desk.locator("#parties .party")).to_have_attribute("data-state", "SENDS", timeout=SOON)


async def _recorded_after_consent(product: Product, participant: str) -> None:
    """His stream is recorded as others are, from a moment after his consent."""
    database = product.database()
    with database.reading() as session:
        call = session.get_one(ParticipantRow, participant).call_id
        guest = session.get_one(PartyGuestRow, participant)
        recordings = session.scalars(select(RecordingRow).where(RecordingRow.stream == f"{call}.{participant}")).all()
        assert recordings
        assert guest.notice_at is not None
        assert guest.consented_at is not None
        assert guest.notice_at < guest.consented_at
        assert all(recording.began_at > guest.consented_at for recording in recordings)
    database.close()


async def test_the_record_of_a_talk_is_written_at_the_desk_and_is_one_page_of_paper(
    browser: Browser, scene: Scene, product: Product
) -> None:
    """No picture and no sound: what is said is typed. The wall says that a party is there, and not who."""
    wall, desk = await centre_page(browser, product, "wall"), await centre_page(browser, product, "desk")
    link, digits = await invited(desk)
    party = await party_page(browser)
    await let_in(desk, party, link, digits)
    await expect(wall.locator(".there")).to_contain_text("当事人")
    assert "欧阳" not in await wall.locator(".there").inner_text()
    assert PARTY not in await wall.content()
    await party.locator("#leave").click()
    await expect(party.locator("#after-title")).to_have_text("您已离开")
    await _record(desk)


async def _record(desk: Page) -> None:
    """Written at the desk, complete, and on one page of paper whose Chinese font goes with it."""
    async with desk.expect_popup() as opened:
        await desk.locator("#parties a.act").click()
    sheet = await opened.value
    await sheet.locator("[name=explained]").fill("已说明腾退期限为七日\n已说明逾期将强制腾退，费用由其负担")
    await sheet.locator("[name=said]").fill("听清楚了，同意三日内交钥匙")
    await sheet.locator("button").click()
    await expect(sheet.locator(".paper")).to_contain_text("同意三日内交钥匙")
    for told in (CASE_NO, PARTY, "同意录制", "准入通话", "离开", "值班员", "当事人签名"):
        await expect(sheet.locator(".paper")).to_contain_text(told)
    await sheet.evaluate("document.fonts.ready")
    pdf = await sheet.pdf(prefer_css_page_size=True)
    assert pages(pdf) == 1
    check_a4_with_its_letters(pdf)
    assert says(pdf, "谈话笔录")
    full = "\n".join(["满" * sheets.ROW] * sheets.ROWS_MOST)
    await sheet.locator("nav .act").click()
    for field, said in (("explained", full), ("said", full), ("why", "看写满时是否仍是一页")):
        await sheet.locator(f"[name={field}]").fill(said)
    await sheet.locator("button").click()
    await expect(sheet.locator(".paper")).to_contain_text("更正第 1 版")
    assert pages(await sheet.pdf(prefer_css_page_size=True)) == 1, "as full as it may be"
    await sheet.close()

"""From the list of debtors to a seat: invited with a mouse, a letter on A4, a code typed as a scanner types it, and nobody's name."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.halls import NAMES, Hall
from tests.paper import check_a4_with_its_letters, pages, says
from tests.running import Product


@pytest.fixture(scope="module")
def hall() -> Iterator[Hall]:
    with Product(demo=False) as product:
        hall = Hall(product)
        yield hall
        hall.close()


@pytest.fixture
async def context(browser: Browser, hall: Hall) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1920, "height": 1080})
    await context.add_cookies([{"name": "ecc_desk", "value": hall.product.seeded.desk, "url": hall.product.origin}])
    yield context
    await context.close()


async def test_from_the_list_of_debtors_to_a_seat(context: BrowserContext, hall: Hall) -> None:
    host, at = await context.new_page(), f"{hall.product.origin}/centre/screening/{hall.screening}"
    await host.goto(f"{at}/people")
    await expect(host.locator("main")).to_contain_text("还没有邀请任何人")
    await host.locator("[name=held]").fill(hall.local())
    await host.locator("[name=place]").fill("二楼报告厅")
    await host.locator("#change button").click()
    await expect(host.locator(".told")).to_contain_text("已保存")
    for place in range(2):
        await host.locator("#invite [name=party]").nth(place).check()
    await host.get_by_role("button", name="邀请所选 2 人").click()
    await expect(host.locator("#invited tbody tr")).to_have_count(2)
    await host.locator("#invite [name=party]").first.check()
    await host.locator("[name=ground][value=SUMMONS]").check()
    await host.locator("[name=questioned]").fill(hall.local(4))
    await host.get_by_role("button", name="邀请所选 1 人").click()
    await expect(host.locator("#invited tbody tr")).to_have_count(3)
    await host.locator("#invited tr", has_text=NAMES[1]).locator("[data-off]").click()
    await host.locator("#sure [value=yes]").click()
    await expect(host.locator("#invited tbody tr")).to_have_count(2)
    await _print(context, at)
    code = await _code(context, at)
    door = await context.new_page()
    await door.goto(f"{at}/door")
    await expect(door.locator("#closed")).to_be_visible()
    await host.goto(at)
    await host.locator("#open").click()
    await expect(host.locator("#present")).to_have_text("0/2")
    await expect(door.locator("#scan")).to_be_visible()
    await door.keyboard.type(code)
    await door.keyboard.press("Enter")
    await expect(door.locator("#big")).to_have_text("1")
    await expect(door.locator("#code")).to_have_value("")
    told = await door.locator("body").inner_text()
    assert not [name for name in (*NAMES, "某某") if name in told]
    await expect(host.locator("#present")).to_have_text("1/2")
    await expect(door.locator("#big")).to_have_text("")
    await door.keyboard.type(code)
    await door.keyboard.press("Enter")
    await expect(door.locator("#word")).to_contain_text("已经签到")
    desk = await context.new_page()
    await desk.goto(f"{hall.product.origin}/centre/desk")
    await door.locator("#help").click()
    await expect(desk.locator("#helps")).to_contain_text("二楼报告厅")
    await desk.keyboard.press("x")
    await expect(desk.locator("#helps")).to_contain_text("王值班员已在处理")
    await expect(desk.locator("#helps button")).to_have_count(0)
    await expect(door.locator("#helped")).to_contain_text("已经在处理")
    await expect(host.locator("#helped")).to_contain_text("已经在处理")


async def _print(context: BrowserContext, at: str) -> None:
    """One sheet a person, and a summons on one of its own."""
    letters = await context.new_page()
    await letters.goto(f"{at}/letters")
    await expect(letters.locator(".paper")).to_have_count(3)
    await letters.evaluate("document.fonts.ready")
    pdf = await letters.pdf(prefer_css_page_size=True)
    assert pages(pdf) == 3
    check_a4_with_its_letters(pdf)
    assert says(pdf, "执行警示教育通知禁止拍摄随时离场传票")
    await letters.close()


async def _code(context: BrowserContext, at: str) -> str:
    letters = await context.new_page()
    await letters.goto(f"{at}/letters")
    code = await letters.locator("td.code").first.inner_text()
    await letters.close()
    return code

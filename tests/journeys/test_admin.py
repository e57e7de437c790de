"""The administrator's page in a real browser: a role by two people, a phone and a wall put out, a workbook brought in."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.administrators import Administrators
from tests.running import Product
from tests.workbooks import court, write

pytestmark = pytest.mark.timeout(240)
PATIENT_MS = 60_000


@pytest.fixture(scope="module")
def admins() -> Iterator[Administrators]:
    with Product(court_code="岭0108") as product:
        admins = Administrators(product)
        yield admins
        admins.close()


@asynccontextmanager
async def page_of(browser: Browser, admins: Administrators, who: str) -> AsyncIterator[Page]:
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1920, "height": 1080})
    await context.add_cookies([{"name": "ecc_desk", "value": admins.cookies[who], "url": admins.product.origin}])
    page = await context.new_page()
    page.set_default_timeout(PATIENT_MS)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    assert wrong == []
    await context.close()


async def test_the_administrators_page(browser: Browser, admins: Administrators, tmp_path: Path) -> None:
    async with page_of(browser, admins, "technical") as page, page_of(browser, admins, "second") as other:
        await add_somebody(page, admins)
        await confirm_role_and_account(page, other, admins)
        await put_out_a_phone(page)
        await add_a_wall(page)
        await bring_a_workbook(page, tmp_path)


async def test_what_is_pressed_before_the_page_s_program_has_come_is_done_and_stands_in_no_address(
    browser: Browser, admins: Administrators
) -> None:
    async with page_of(browser, admins, "technical") as page:
        asked, coming = [], asyncio.Event()
        page.on("request", lambda request: asked.append(request.url))

        async def late(route: Route) -> None:
            await coming.wait()
            await route.continue_()

        await page.route("**/static/walls.mjs", late)
        await page.goto(f"{admins.product.origin}/centre/admin/walls", wait_until="commit")
        await page.locator("#add [name=name]").fill("三号厅")
        await page.keyboard.press("Enter")
        await expect(page.locator("#add [name=name]")).to_have_value("三号厅")
        coming.set()
        await expect(page.locator("main > .told")).to_contain_text("已添加")
        row = page.locator("tr", has_text="三号厅")
        await expect(row).to_be_visible()
        assert not [url for url in asked if "?" in url]

        coming.clear()
        await page.reload(wait_until="commit")
        await row.locator("[data-act=revoke]").click()
        coming.set()
        await page.locator("#sure-yes").click()
        await expect(row).to_have_count(0)


async def add_somebody(page: Page, admins: Administrators) -> None:
    """By the keyboard alone: the button, the fields one after the other, Enter."""
    await page.goto(f"{admins.product.origin}/centre/admin/")
    await page.locator("#add").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#person [name=name]")).to_be_focused()
    await page.keyboard.type("何演新")
    await page.keyboard.press("Tab")
    await page.keyboard.type("法官")
    await page.locator("#person [name=role]").select_option("commander")
    await page.locator("#person [name=unit]").fill("1001")
    await page.locator("#person [name=account]").fill("heyanxin")
    await page.keyboard.press("Enter")
    await expect(page.locator("#person-told")).to_contain_text("编号")  # taken: said within the dialog, nothing typed is lost
    await page.locator("#person [name=unit]").fill("1090")
    await page.keyboard.press("Enter")
    await expect(page.locator("main > .told")).to_contain_text("角色和账号都等另一位管理员确认")
    await expect(page.locator("#people tr", has_text="何演新")).to_contain_text("等确认：指挥长")


async def confirm_role_and_account(page: Page, other: Page, admins: Administrators) -> None:
    """Whoever proposed them has no button for them; the second person has, and is the one who is shown the password."""
    await expect(page.locator(":is(#waiting, #joint) [data-act=confirm]")).to_have_count(0)
    await other.goto(f"{admins.product.origin}/centre/admin/people")
    await other.locator("#waiting [data-act=confirm]").click()
    await expect(other.locator("main > .told")).to_contain_text("已确认")
    await expect(other.locator("#people tr", has_text="何演新")).to_contain_text("指挥长")
    await other.locator("#joint [data-act=confirm]").click()
    await other.locator("#sure-yes").click()
    await expect(other.locator("#once-how")).to_contain_text("heyanxin")
    assert len(await other.locator("#once-said").inner_text()) == 24
    await other.locator("#once button").click()


async def put_out_a_phone(page: Page) -> None:
    await page.locator("nav").get_by_text("设备", exact=True).click()
    row = page.locator("tr", has_text="1006")
    await row.locator("[data-act=revoke]").click()
    await expect(page.locator("#sure-word")).to_contain_text("不能撤回")
    await page.keyboard.press("Escape")
    await expect(row.locator("[data-act=revoke]")).to_be_enabled()  # nothing happened
    await row.locator("[data-act=revoke]").click()
    await page.locator("#sure-yes").click()
    await expect(page.locator("main > .told")).to_contain_text("已停用")
    await expect(page.locator("tr", has_text="1006").locator("[data-act=revoke]")).to_have_count(0)


async def add_a_wall(page: Page) -> None:
    await page.locator("nav").get_by_text("大屏", exact=True).click()
    await page.locator("#add [name=name]").fill("二号厅")
    await page.keyboard.press("Enter")
    await page.locator("tr", has_text="二号厅").locator("[data-act=link]").click()
    await expect(page.locator("#link-said")).to_contain_text("/link/")
    await page.keyboard.press("Escape")


async def bring_a_workbook(page: Page, tmp_path: Path) -> None:
    sheets = court(3, 5)
    sheets["人员"] = [*sheets["人员"], ("J9", "演九", "法官", "无此角色", "一组", None, 3099)]
    await page.locator("nav").get_by_text("导入导出", exact=True).click()
    await expect(page.locator("#found")).to_be_hidden()
    await page.locator("#choose").set_input_files(write(tmp_path / "court.xlsx", sheets))
    await expect(page.locator("#coming-said")).to_have_text("看完了，还没有导入", timeout=PATIENT_MS)
    await expect(page.locator("#refused tbody tr")).to_contain_text(["角色"])
    await expect(page.locator("#changed tbody tr").first).to_contain_text("→")
    await page.locator("#import").click()
    await page.locator("#sure-yes").click()
    await expect(page.locator("#coming-said")).to_contain_text("导入完成", timeout=PATIENT_MS)
    await expect(page.locator("#counts tr", has_text="案件")).to_contain_text("5")

"""Each page of the administration on the smallest screens it is meant for: nothing cut off, all by keyboard, nothing that axe minds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from dashboard.admin.tabs import TABS
from tests.administrators import Administrators
from tests.journeys.test_admin import page_of
from tests.running import Product

pytestmark = pytest.mark.timeout(240)
AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
FOUND = """async () => (await axe.run()).violations.filter((v) => ['serious', 'critical'].includes(v.impact))
  .map((v) => [v.impact, v.id, v.nodes.map((n) => n.html).join().slice(0, 300)])"""
# What cannot be seen: beyond the right edge, or cut within itself; and whether the page moves sideways.
UNSEEN = """() => [...document.querySelectorAll('body *')].filter((e) => {
  if (!e.checkVisibility() || e.closest('svg, datalist, option, canvas')) return false;
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || ['INPUT', 'SELECT', 'BUTTON'].includes(e.tagName);
  const cut = style.overflowX !== 'visible' && !['auto', 'scroll'].includes(style.overflowX) && e.scrollWidth > e.clientWidth + 1;
  return own && box.width && (box.right > innerWidth + 1 || box.left < -1 || (cut && e.tagName !== 'INPUT'));
}).map((e) => e.outerHTML.slice(0, 200))"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNNAMED = """() => [...document.querySelectorAll('input, select, textarea')].filter((e) => e.checkVisibility() && !e.ariaLabel
  && !e.getAttribute('aria-labelledby') && ![...e.labels].some((label) => label.textContent.trim())).map((e) => e.outerHTML)"""
REACHABLE = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
  .filter((e) => e.checkVisibility() && !e.disabled && e.tabIndex >= 0 && e.type !== 'hidden' && (e.type !== 'radio' || e.checked)
    && e.getBoundingClientRect().width).map((e, i) => { e.dataset.nth = i; return e.outerHTML.slice(0, 120); })"""
FOCUS = """() => { const e = document.activeElement; if (!e || e === document.body) return null;
  const shown = e.closest('label') && getComputedStyle(e).opacity === '0' ? e.closest('label') : e, style = getComputedStyle(shown);
  const box = shown.getBoundingClientRect();
  return { nth: Number(e.dataset.nth ?? -1), inside: Boolean(e.closest('dialog[open]')), html: e.outerHTML.slice(0, 160),
    seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    there: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth }; }"""
# The buttons that only ask something: they open a dialog and do nothing by themselves.
ASKING = {
    "people": ["#add", "#add-team", "[data-act=change]", "[data-act=role]", "[data-act=disable]"],
    "devices": ["[data-act=revoke]"],
    "walls": ["[data-act=revoke]"],
}


@pytest.fixture(scope="module")
def admins() -> Iterator[Administrators]:
    with Product(court_code="岭0108") as product:
        admins = Administrators(product)
        yield admins
        admins.close()


def who_sees(name: str) -> str:
    return "inspector" if name == "audit" else "technical"


SHORT = ("people", "fences", "audit")  # dialogs, a map to draw on, dates; the others stand behind --long


@pytest.mark.parametrize("name", [tab.name if tab.name in SHORT else pytest.param(tab.name, marks=pytest.mark.long) for tab in TABS])
async def test_a_page_fits_small_screens_and_goes_by_the_keyboard(browser: Browser, admins: Administrators, name: str) -> None:
    async with page_of(browser, admins, who_sees(name)) as page:
        for width, height in ((1280, 720), (1366, 768)):
            await page.set_viewport_size({"width": width, "height": height})
            await page.goto(f"{admins.product.origin}/centre/admin/{name}")
            await page.wait_for_load_state("networkidle")
            assert await page.evaluate(SIDEWAYS) <= 0, f"{width} px: it moves sideways"
            assert await page.evaluate(UNSEEN) == [], f"{width} px"
        assert await page.evaluate(UNNAMED) == []
        await page.evaluate(AXE.read_text())
        assert await page.evaluate(FOUND) == []
        await check_tabs(page)
        for opener in ASKING.get(name, ()):
            await check_dialog(page, page.locator(f"main {opener}").first)


async def check_tabs(page: Page) -> None:
    """From the top to the end, in the order in which it is read; each one seen where it has the focus."""
    await page.evaluate("() => { document.activeElement?.blur(); scrollTo(0, 0); }")
    wanted = await page.evaluate(REACHABLE)
    reached: list[int] = []
    for _ in range(3 * len(wanted) + 5):  # a date field has several places inside
        await page.keyboard.press("Tab")
        at = await page.evaluate(FOCUS)
        if at is None:
            break
        assert at["seen"], f"the focus is not seen: {at['html']}"
        assert at["there"], f"it is not on the screen: {at['html']}"
        if at["nth"] >= 0 and (not reached or reached[-1] != at["nth"]):
            reached.append(at["nth"])
        if len(reached) == len(wanted):
            break
    assert [wanted[nth] for nth in range(len(wanted)) if nth not in reached] == [], "not reached"
    assert reached == sorted(reached), [wanted[nth] for nth in reached]


async def check_dialog(page: Page, opener: Any) -> None:
    """Enter opens it, Tab stays in it, Escape leaves it, and whoever left it stands where he was."""
    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("dialog[open]")).to_have_count(1)
    assert await page.evaluate(UNSEEN) == []
    assert await page.evaluate(UNNAMED) == []
    await page.evaluate(AXE.read_text())
    assert await page.evaluate(FOUND) == []
    for _ in range(12):
        await page.keyboard.press("Tab")
        at = await page.evaluate(FOCUS)
        assert at is None or at["inside"], f"behind the question: {at['html']}"
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog[open]")).to_have_count(0)
    await expect(opener).to_be_focused()

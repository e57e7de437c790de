"""The book on paper: A4 in its own letters, each page says whose it is and which of how many, no heading stands last."""

import pytest
from playwright.async_api import Browser

from dashboard.i18n import t
from dashboard.manual.app import PAGES
from tests.paper import check_a4_with_its_letters, pages, texts
from tests.running import Product

pytestmark = pytest.mark.timeout(180)
HEADINGS = "() => [...document.querySelectorAll('h1, h2, h3')].map((e) => e.textContent.replace(/\\s/g, ''))"
WORDS = "() => document.querySelector('main').textContent.replace(/\\s/g, '')"


SHORT = ("duty",)  # the others behind --long


@pytest.mark.parametrize("name", [each if each in SHORT else pytest.param(each, marks=pytest.mark.long) for each in PAGES])
async def test_a_page_of_the_book_can_be_printed(browser: Browser, product: Product, name: str) -> None:
    context = await browser.new_context(locale="zh-CN")
    page = await context.new_page()
    await page.goto(f"{product.origin}/manual/{name}")
    await page.evaluate("document.fonts.ready")
    pictures = await page.locator("main img").count()
    headings, words = await page.evaluate(HEADINGS), await page.evaluate(WORDS)
    paper = await page.pdf(prefer_css_page_size=True)
    await context.close()
    check_a4_with_its_letters(paper)
    said = ["".join(text.split()) for text in texts(paper)]
    assert len(said) == pages(paper) > 1
    assert paper.count(b"/Subtype /Image") >= pictures
    of_the_book, version = f"{t('manual.title')}·{t(f'manual.{name}')}", "".join(t("manual.version", version="").split())
    for number, text in enumerate(said, 1):
        assert f"{number}/{len(said)}" in text, f"page {number} does not say which of how many"
        assert version in text
        assert (of_the_book in text) == (number > 1), "the first has the page's own head"
        body = text.replace(f"{number}/{len(said)}", "").replace(of_the_book, "")
        assert not body.endswith(tuple(headings)), f"page {number} ends with a heading"
    assert t("manual.pages") not in "".join(said)
    assert not any("".join(t(f"manual.{each}").split()) in said[0][:20] for each in PAGES if each != name), "a way to another page"
    assert len("".join(said)) > len(words) * 0.8, "something is left out"

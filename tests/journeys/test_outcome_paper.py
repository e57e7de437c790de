"""What somebody takes home, when there is much of it: several sheets of paper, each says whose it is and which of how many."""

import re
from datetime import timedelta

from playwright.async_api import Browser

from dashboard.i18n import t
from data.rules.civil import civil_day
from tests.paper import check_a4_with_its_letters, pages, texts
from tests.results import Room
from tests.running import Product

TERMS = "被执行人分十二期履行，每月十五日前付清当期款项，逾期一期即恢复执行全部未履行部分。" * 3


async def test_a_paper_with_many_outcomes_is_right_over_several_pages(browser: Browser) -> None:
    with Product(demo=False) as product:
        room = Room(product)
        who, other = room.people[:2]
        today = civil_day(room.now(), product.settings.civil_offset_s)
        for place in range(18):
            room.told(f"/attendees/{who}/promise", {"cents": 10_000 + place, "due_on": (today + timedelta(days=1 + place)).isoformat()})
        for place in range(4):
            room.told(f"/attendees/{who}/settle", {"cents": 20_000 + place, "terms": TERMS[:120], "yes": "PRESENT"})
        room.told(f"/attendees/{other}/promise", {"cents": 10_000, "due_on": today.isoformat()})
        context = await browser.new_context(locale="zh-CN")
        await context.add_cookies([{"name": "ecc_desk", "value": product.seeded.desk, "url": product.origin}])
        page = await context.new_page()
        papers = []
        for each in (who, other):
            await page.goto(f"{product.origin}/centre/screening/attendees/{each}/sheet")
            await page.evaluate("document.fonts.ready")
            papers.append(await page.pdf(prefer_css_page_size=True))
        room.close()
    long, short = papers
    assert pages(short) == 1, "the usual one stays on one sheet"
    check_a4_with_its_letters(long)
    said = texts(long)
    assert len(said) == pages(long) >= 2
    for number, text in enumerate(said, 1):
        assert "人民法院" in text[:80], f"page {number} does not say whose it is: {text[:80]}"
        assert f"{number}/{len(said)}" in text.replace(" ", ""), f"page {number} does not say which of how many"
    for promise in re.findall(r"诺〔\d{8}〕\d{3}", "".join(said)):
        assert sum(promise in text for text in said) == 1
    sums = [f"{(10_000 + place) / 100:.2f}" for place in range(18)]
    assert [each for each in sums if not any(each in text for text in said)] == []
    together = [text for text in said if sums[0] in text]
    assert len(together) == 1
    signs = [t(f"outcome.sign_{who}") for who in ("debtor", "applicant", "officer", "date")]
    assert [each for each in signs if each not in said[-1]] == [], "the signatures stand together on the last sheet"

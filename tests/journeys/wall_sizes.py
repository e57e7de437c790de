"""Asked in the wall's page: what leaves the screen or is cut off, the smallest text (CSS px), its contrast, how far it can be scrolled."""

from playwright.async_api import Page

OUTSIDE = """() => [...document.querySelectorAll(':is(#wall, #desk) *')].filter((e) => {
  const b = e.getBoundingClientRect();
  return e.checkVisibility() && e.childElementCount === 0 && e.textContent.trim()
    && (b.right > innerWidth + 1 || b.bottom > innerHeight + 1 || b.left < -1 || b.top < -1);
}).map((e) => e.textContent)"""
SMALLEST = """() => Math.min(...[...document.querySelectorAll('#wall *')].filter((e) => e.checkVisibility()
  && e.getBoundingClientRect().width && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
  .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""
SCROLLS = "() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]"
CUT_OFF = """() => [...document.querySelectorAll('#wall [data-panel] *, #near *, #focus *')].filter((e) =>
  e.checkVisibility() && e.childElementCount === 0
  && e.textContent.trim() && !e.closest('.gantt') && getComputedStyle(e).textOverflow !== 'ellipsis'
  && (e.scrollWidth > e.clientWidth + 2 && e.clientWidth && getComputedStyle(e).overflowX !== 'visible'
    || e.getBoundingClientRect().right > e.closest('[data-panel], #near, #focus').getBoundingClientRect().right + 1))
  .map((e) => e.textContent)"""
CONTRASTS = """(what) => {
  const parts = (colour) => { const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number); return { r, g, b, a }; };
  const mix = (top, below, name) => top[name] * top.a + below[name] * (1 - top.a);
  const over = (top, below) => ({ r: mix(top, below, 'r'), g: mix(top, below, 'g'), b: mix(top, below, 'b'), a: 1 });
  const light = ({ r, g, b }) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => { const chain = [];
    for (let at = e; at; at = at.parentElement) chain.unshift(parts(getComputedStyle(at).backgroundColor));
    return chain.reduce((below, top) => over(top, below), { r: 5, g: 11, b: 22, a: 1 }); };
  const says = (e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  return [...document.querySelectorAll(what)].filter(says).map((e) => {
    const below = ground(e); const [a, b] = [light(over(parts(getComputedStyle(e).color), below)), light(below)];
    return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), parseFloat(getComputedStyle(e).fontSize), e.textContent]; });
}"""
ACTED_ON = (
    ".call header b, .call header strong, .call time, .call footer, .order .word b, .near b, .near em, .owner, .owner time, .beside b,"
    " #alarm-body h1, #alarm-body h2, #focus h2, #focus em"
)


async def fits(page: Page) -> None:
    assert await page.evaluate(OUTSIDE) == []
    assert await page.evaluate(CUT_OFF) == []
    assert await page.evaluate(SCROLLS) == [0, 0]
    assert await page.evaluate(SMALLEST) >= 20
    for contrast, size, text in await page.evaluate(CONTRASTS, ACTED_ON):
        assert contrast >= 7, text
        assert size >= 28, text

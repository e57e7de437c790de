"""Asked in the wall's page: what leaves the screen, the smallest text (CSS px), how far it can be scrolled."""

OUTSIDE = """() => [...document.querySelectorAll('#wall *')].filter((e) => {
  const b = e.getBoundingClientRect();
  return e.checkVisibility() && e.childElementCount === 0 && e.textContent.trim()
    && (b.right > innerWidth + 1 || b.bottom > innerHeight + 1 || b.left < -1 || b.top < -1);
}).map((e) => e.textContent)"""
SMALLEST = """() => Math.min(...[...document.querySelectorAll('#wall *')].filter((e) => e.checkVisibility()
  && e.getBoundingClientRect().width && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
  .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""
SCROLLS = "() => [document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]"

"""The pages of a file of tests that stay: loaded anew for each test in the same tab, they cost a third of a browser of their own."""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.running import Product

SOON = 20_000
IDLE = "/healthz"  # of the same address: the tab keeps its process, and nothing moves in it


class Faces:
    """`await faces.open("wall", token)`: a browser of its own for each person, a new document for each test.

    What a page has read before it need not read again. Between two tests it rests: a wall that nobody looks at is drawn all the same.
    """

    def __init__(self, chromium: Callable[[], Awaitable[Browser]], product: Product) -> None:
        self._chromium, self._product = chromium, product
        self._pages: dict[tuple[str, str, int], Page] = {}
        self._contexts: list[BrowserContext] = []
        self.wrong: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for context in self._contexts:
            await context.close()

    async def open(self, face: str, token: str, scale: int = 1) -> Page:
        """The face of whoever holds this token, live; errors and requests to anybody else go to `wrong`."""
        page = self._pages.get((face, token, scale))
        if page is None or page.is_closed():
            page = self._pages[face, token, scale] = await self._fresh(face, token, scale)
        await page.goto(f"{self._product.origin}/centre/{face}")
        await expect(page.locator('[data-panel="system"]')).to_have_attribute("data-state", "live", timeout=SOON)
        return page

    async def rest(self) -> None:
        """After a test: nobody looks at any of them. Raises AssertionError when one of them met an error of its own."""
        for page in self._pages.values():
            if not page.is_closed():
                await page.goto(f"{self._product.origin}{IDLE}")
        wrong, self.wrong = self.wrong, []
        assert wrong == []

    async def _fresh(self, face: str, token: str, scale: int) -> Page:
        chromium = await self._chromium()
        context = await chromium.new_context(viewport={"width": 1920, "height": 1080}, device_scale_factor=scale, locale="zh-CN")
        self._contexts.append(context)
        await context.add_cookies([{"name": f"ecc_{face}", "value": token, "url": self._product.origin}])
        page = await context.new_page()
        ours = (self._product.origin, self._product.settings.media, "data:", "blob:")
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(ours) else self.wrong.append(asked.url))
        return page

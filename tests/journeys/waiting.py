"""Waiting for what a page says of itself. Playwright's own `wait_for_function` asks again by `eval`, which our pages forbid."""

import asyncio
from typing import Any

from playwright.async_api import Page


async def until_true(page: Page, expression: str, arg: Any = None, seconds: float = 30.0) -> None:
    """expression: as for `Page.evaluate`. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await page.evaluate(expression, arg):
            await asyncio.sleep(0.05)

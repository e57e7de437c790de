"""Waiting for what a page says of itself. Playwright's own `wait_for_function` asks again by `eval`, which our pages forbid."""

import asyncio
from typing import Any

from playwright.async_api import Error, Page


async def until_true(page: Page, expression: str, arg: Any = None, seconds: float = 30.0) -> None:
    """expression: as for `Page.evaluate`; a page that is just being replaced by another one is asked again. Raises TimeoutError."""

    async def is_true() -> bool:
        try:
            return bool(await page.evaluate(expression, arg))
        except Error as error:
            if "Execution context was destroyed" not in error.message:
                raise
            return False

    async with asyncio.timeout(seconds):
        while not await is_true():
            await asyncio.sleep(0.1)

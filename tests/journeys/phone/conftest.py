"""A phone at the far end of a scripted wire, as the files of this folder ask for it."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext

from tests.journeys.phone.in_hand import a_phone
from tests.journeys.scripted_centre import Centre, running


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    async with running(Centre()) as centre:
        yield centre


@pytest.fixture
async def phone(browser: Browser) -> AsyncIterator[BrowserContext]:
    async with a_phone(browser) as context:
        yield context

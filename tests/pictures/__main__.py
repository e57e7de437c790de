"""`python -m tests.pictures`: the pictures of the README and the manual, taken in a real Chromium from the running demonstration.

Writes the stills (WebP, at most 400 kB each) into the manual's folder, and `moving.webp` (at most 2 MB) beside this file.
"""

import argparse
import asyncio
import base64
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import Browser, CDPSession, Geolocation, Page, ViewportSize, async_playwright, expect

from dashboard.i18n import t
from data.rules.permissions import Role
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.journeys.waiting import until_true
from tests.pictures.film import Film
from tests.pictures.office import desk_cookies
from tests.pictures.showing import Showing

HERE = Path(__file__).parent
STILLS = HERE.parents[1] / "dashboard/manual/pictures"
MOST_BYTES = 400_000  # a README that opens at once
QUALITIES = (92, 85, 78, 70, 60)
WALL, PHONE = (1920, 1080), (360, 780)
SETTLED_S = 8.0  # trails have a length then, and every panel has its first rows
VISITOR: Geolocation = {"latitude": 39.9042, "longitude": 116.4074, "accuracy": 8}  # the demonstration moves it into its district
LIMIT_MS = 60_000
ADMINISTRATION = ("people", "devices", "walls", "workbook", "fences", "settings", "storage")
SMALL: ViewportSize = {"width": 1440, "height": 900}  # the pages are for a desk's screen, and are read in the manual


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("--to", type=Path, help="one folder for all of them, to look at before they are kept")
    folder: Path | None = parser.parse_args(words).to
    home = Path(tempfile.mkdtemp(prefix="ecc-"))
    try:
        with Showing(home) as showing:
            asyncio.run(Photographer(showing, folder or STILLS, folder or HERE).work())
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0


class Photographer:
    """One round through the running demonstration."""

    def __init__(self, showing: Showing, stills: Path, films: Path) -> None:
        self._showing = showing
        self._stills, self._films = stills, films

    async def work(self) -> None:
        async with async_playwright() as playwright:
            flags = [*CHROMIUM_FLAGS, "--autoplay-policy=no-user-gesture-required"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
            links = self._showing.links["links"]
            wall = await opened(browser, links["wall"], WALL)
            desk = await opened(browser, links["desk"], WALL)
            phone = await opened(browser, self._showing.links["phones"][0]["link"], PHONE)
            director = await opened(browser, links["director"], WALL)
            await phone.locator("[data-act=duty]").click()
            await asyncio.sleep(SETTLED_S)
            await self._take(wall, "wall_calm")
            await wall.keyboard.press("9")
            await asyncio.sleep(3)
            await self._take(wall, "wall_board")
            await wall.keyboard.press("1")
            await asyncio.sleep(1)
            await self._take(phone, "phone")
            await self._film(wall, desk, director)
            await self._alarm(wall, desk, director)
            await desk.keyboard.press("3")
            for shown in (wall, desk, phone, director):
                await shown.context.close()  # so many pages in one browser let the stage's beat wait
            await self._administration(browser)
            await self._screening(browser)
            await browser.close()

    async def _administration(self, browser: Browser) -> None:
        """The administrator's pages, each as it opens, and what the inspector sees of the audit."""
        cookies, origin = desk_cookies(self._showing.home), self._showing.links["links"]["desk"].partition("/link/")[0]
        for role, pages in ((Role.TECHNICAL, ADMINISTRATION), (Role.INSPECTOR, ("audit",))):
            context = await browser.new_context(viewport=SMALL, locale="zh-CN", timezone_id="Asia/Shanghai")
            await context.add_cookies([{"name": "ecc_desk", "value": cookies[role], "url": origin}])
            page = await context.new_page()
            for name in pages:
                await page.goto(f"{origin}/centre/admin/{name}", wait_until="networkidle")
                await page.evaluate("document.fonts.ready.then(() => true)")
                if name == "fences":
                    await expect(page.locator("#map")).to_have_attribute("data-state", "ready", timeout=LIMIT_MS)
                await self._take(page, f"admin_{name}")
            await context.close()

    async def _film(self, wall: Page, desk: Page, director: Page) -> None:
        """Units drive; a call comes in; the desk takes it, answers it, ends it. Two still pictures on the way."""
        film = Film(await wall.context.new_cdp_session(wall))
        async with asyncio.TaskGroup() as reel:
            running = reel.create_task(film.run())
            await asyncio.sleep(3)
            await self._direct(director, "call", "三组")
            await expect(wall.locator("[data-call]").first).to_be_visible(timeout=LIMIT_MS)
            await asyncio.sleep(3)
            for key in "12":
                await desk.keyboard.press(key)
                await asyncio.sleep(2)
            running.cancel()
        film.write(self._films / "moving.webp")
        await desk.keyboard.press("3")
        await expect(wall.locator("[data-call]")).to_have_count(0, timeout=LIMIT_MS)
        await asyncio.sleep(6)  # the desk's notice of the last one is gone then
        await self._direct(director, "call", "五组")
        await expect(wall.locator("[data-call]").first).to_be_visible(timeout=LIMIT_MS)
        await until_true(wall, "() => document.querySelector('#tile video').currentTime > 2", seconds=60)  # its picture, not «coming»
        await self._take(wall, "wall_call")
        await self._take(desk, "desk")
        for key in "123":
            await desk.keyboard.press(key)
            await asyncio.sleep(1)

    async def _alarm(self, wall: Page, desk: Page, director: Page) -> None:
        await self._direct(director, "sos", "四组")
        await expect(wall.locator('[data-panel="alarm"]')).to_be_visible(timeout=LIMIT_MS)
        await desk.keyboard.press("1")
        await asyncio.sleep(4)  # the map has gone there, and who could come is said
        await self._take(wall, "wall_sos")

    async def _screening(self, browser: Browser) -> None:
        """The session to come: its host with everything green, and what the audience sees of its first film."""
        host = await opened(browser, self._showing.links["links"]["host"], WALL)
        stage = await opened(browser, self._showing.links["links"]["stage"], WALL)
        await host.locator("a.act", has_text=t("host.people")).first.click()
        for material in await host.locator("#materials input").all():
            async with host.expect_response("**/materials"):
                await material.check()
        await host.locator("nav a", has_text=t("people.console")).click()
        await host.locator("#open").click(timeout=LIMIT_MS)
        await expect(host.locator("#ready")).not_to_contain_text(re.compile("还|没有打开|失效"), timeout=LIMIT_MS)
        await host.locator("#begin").click(timeout=LIMIT_MS)
        await host.locator("#places li", has_text="00:12").first.get_by_role("button", name=t("host.show")).click(timeout=LIMIT_MS)
        await until_true(stage, "() => document.querySelector('#picture').currentTime > 2", seconds=60)
        await self._take(stage, "screening_stage")
        await self._take(host, "screening_host")

    async def _direct(self, director: Page, act: str, team: str) -> None:
        form = director.locator(f'form[action="/demo/{act}"]')
        await form.locator("select").select_option(team)
        await form.locator("button").click()

    async def _take(self, page: Page, name: str) -> None:
        session = await page.context.new_cdp_session(page)
        await page.bring_to_front()
        picture = await taken(session)
        (self._stills / f"{name}.webp").write_bytes(picture)
        print(f"{name}.webp {len(picture) // 1000} kB", flush=True)


async def opened(browser: Browser, link: str, size: tuple[int, int]) -> Page:
    """The page behind a one-time link, in a browser profile of its own."""
    phone = size[0] < 600
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=2 if phone else 1,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        geolocation=VISITOR,
        permissions=["geolocation"],
    )
    page = await context.new_page()
    await page.goto(link)
    async with page.expect_navigation(timeout=LIMIT_MS):
        await page.locator("button").first.click()
    return page


async def taken(session: CDPSession) -> bytes:
    """A picture of what the page shows, as good as its limit of bytes allows."""
    picture = b""
    for quality in QUALITIES:
        said = await session.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
        picture = base64.b64decode(said["data"])
        if len(picture) <= MOST_BYTES:
            break
    return picture


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

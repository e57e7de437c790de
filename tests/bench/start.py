"""`ecc demo`, everything installed: seconds until at least 20 units moved 5 px between two fixes on the wall; first and second start."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
UNITS = 20
PIXELS = 5
LIMIT_S = 120

# Where every unit is now, and when that was measured at the source.
PLACES = """() => window.ecc?.where ? Object.fromEntries([...Array(1200).keys()].map(i => String(1001 + i))
  .map(unit => [unit, ecc.where(unit)]).filter(([, at]) => at)) : {}"""


def measure(_: Sequence[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="ecc-") as home:
        first = asyncio.run(_one_start(Path(home)))
        second = asyncio.run(_one_start(Path(home)))
    return {"seconds": first, "second_start_seconds": second}


async def _one_start(home: Path) -> float:
    links = home / "links.json"
    links.unlink(missing_ok=True)  # of the start before
    environ = os.environ | {"ECC_HOME": str(home), "ECC_PORT": str(free_port())}
    async with async_playwright() as playwright:
        flags = CHROMIUM_FLAGS + (["--no-sandbox"] if os.geteuid() == 0 else [])
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = await (await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")).new_page()
        began = time.monotonic()
        command = [sys.executable, "-m", "dashboard", "demo", "--no-browser", "--links", str(links)]
        with (home / "said").open("ab") as said:
            demo = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=said, stderr=said, start_new_session=True)
        try:
            async with asyncio.timeout(LIMIT_S):
                while not links.exists():
                    await asyncio.sleep(0.05)
                await page.goto(json.loads(links.read_text())["links"]["wall"])
                await page.click("button")
                await _until_moving(page)
            return round(time.monotonic() - began, 1)
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait(30)
            await browser.close()


async def _until_moving(page: Page) -> None:
    first: dict[str, dict[str, Any]] = {}
    moved: set[str] = set()
    while len(moved) < UNITS:
        try:
            places: dict[str, dict[str, Any]] = await page.evaluate(PLACES)
        except Exception:  # the page is on its way from the link to the wall
            places = {}
        for unit, at in places.items():
            before = first.setdefault(unit, at)
            far = max(abs(at["x"] - before["x"]), abs(at["y"] - before["y"])) >= PIXELS
            if far and at["fix_at"] != before["fix_at"]:
                moved.add(unit)
        await asyncio.sleep(0.1)

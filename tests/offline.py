"""A bundle put in where there is no network: a namespace with nothing but the loopback, a fresh folder, no cache, no path to our own tools.

`alone(bundle, folder)` starts this file again inside the namespace; there it unpacks, installs, takes the first administrator's link into a
real Chromium, pairs a wall and waits until it is drawn.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Page, async_playwright, expect
from pyotp import TOTP

from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[1]
SOON = 60_000
COURT = ["--court-name", "岭南市人民法院", "--court-code", "岭0108"]
BARE = "/usr/sbin:/usr/bin:/sbin:/bin"


def can_be_alone() -> bool:
    """Whether this user may make a namespace of its own."""
    made = ["unshare", "--net", "ip", "link", "set", "lo", "up"]
    return shutil.which("unshare") is not None and subprocess.run(made, check=False, capture_output=True).returncode == 0


def alone(bundle: Path, folder: Path) -> dict[str, Any]:
    """What was measured and seen. Raises RuntimeError with everything that was said."""
    inside = f"ip link set lo up; exec {sys.executable} -m tests.offline '{bundle}' '{folder}'"
    done = subprocess.run(["unshare", "--net", "sh", "-c", inside], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout[-4_000:] + done.stderr[-4_000:])
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


async def whole_way(bundle: Path, folder: Path) -> dict[str, Any]:
    interfaces = sorted(name for _, name in socket.if_nameindex())
    began = time.monotonic()
    subprocess.run(["tar", "--extract", "--gzip", "--file", str(bundle), "--directory", str(folder)], check=True)
    (unpacked,) = folder.glob("ecc-*")
    place = folder / "place"
    words = ["--prefix", str(place), "--home", str(folder / "state"), "--port", str(free_port()), "--media-port", str(free_port()), *COURT]
    said = installed(unpacked, folder, *words)
    installed_s = time.monotonic() - began
    try:
        found = re.search(r"http\S+/link/\S+", said)
        assert found is not None, said
        told = await wall_drawn(found[0], folder)
        told |= {"seconds": round(time.monotonic() - began, 1), "install_s": round(installed_s, 1), "interfaces": interfaces}
        told["again"] = installed(unpacked, folder, "--prefix", str(place)).splitlines()[0]
    finally:
        os.kill(int((folder / "state/run/lock").read_text()), signal.SIGTERM)
    told["left"] = sorted(path.name for path in folder.iterdir() if path.name.startswith("."))
    return told


def installed(unpacked: Path, home: Path, *words: str) -> str:
    """What install.sh printed: with nothing of this environment, as an administrator's first shell has it."""
    environ = {"PATH": BARE, "HOME": str(home), "LANG": "C.UTF-8"}
    done = subprocess.run([str(unpacked / "install.sh"), *words], env=environ, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def wall_drawn(link: str, folder: Path) -> dict[str, Any]:
    """The link opens the desk once; its code pairs the wall; the wall says that it is live."""
    origin = link.partition("/link/")[0]
    foreign: list[str] = []
    async with async_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        desk = await (await browser.new_context(locale="zh-CN")).new_page()
        wall = await (await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")).new_page()
        for page in (desk, wall):
            page.on("request", lambda asked: None if asked.url.startswith((origin, "data:", "blob:")) else foreign.append(asked.url))
        await desk.goto(link)
        await desk.fill('[name="fresh"]', "Lingnan-2026-guanli")
        await desk.click("button")
        secret = await desk.locator("p.secret").inner_text(timeout=SOON)
        await desk.fill('[name="code"]', TOTP("".join(secret.split())).now())
        await desk.click("button")
        await desk.click("a.go", timeout=SOON)
        await desk.wait_for_url("**/centre/admin/people", timeout=SOON)
        await wall.goto(f"{origin}/pair")
        code = await wall.locator("[data-pairing-code]").get_attribute("data-pairing-code")
        await pair(desk, origin, code or "")
        await wall.wait_for_url("**/centre/wall*", timeout=SOON)
        await expect(wall.locator('[data-panel="system"]')).to_have_attribute("data-state", "live", timeout=SOON)
        await wall.screenshot(path=folder / "wall.png")
        again = await desk.request.get(link)
        await browser.close()
    return {"wall": True, "foreign": foreign, "link_again": again.status}


async def pair(desk: Page, origin: str, code: str) -> None:
    """What the desk's dialog sends, with the cookie that the link gave."""
    cookies = {each["name"]: each["value"] for each in await desk.context.cookies()}
    async with httpx.AsyncClient(base_url=origin, cookies=cookies, timeout=60) as officer:
        listed = (await officer.get("/centre/_dash-dependencies", headers={"referer": f"{origin}/centre/desk"})).json()
        door = next(one for one in listed if one["inputs"] == [{"id": "verb", "property": "data"}])
        outputs = [dict(zip(("id", "property"), one.rsplit(".", 1), strict=True)) for one in door["output"].strip(".").split("...")]
        verb = {"verb": "pair", "nonce": "1", "code": code, "name": "指挥大厅"}
        body = {"output": door["output"], "outputs": outputs, "changedPropIds": ["verb.data"], "state": []}
        body["inputs"] = [{"id": "verb", "property": "data", "value": verb}]
        answer = await officer.post("/centre/_dash-update-component", json=body, headers={"origin": origin})
        assert answer.status_code == 200, answer.text


if __name__ == "__main__":
    print(json.dumps(asyncio.run(whole_way(Path(sys.argv[1]), Path(sys.argv[2])))))

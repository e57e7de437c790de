"""Debian's Firefox ESR, driven by the WebDriver BiDi that it speaks itself: Playwright wants a newer one, Debian has no geckodriver."""

import asyncio
import base64
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect

FIREFOX = Path("/usr/bin/firefox-esr")
BEGINS_S, ANSWERS_S = 60.0, 60.0
SPEAKS = b"WebDriver BiDi listening on "
PREFERENCES = {
    "media.navigator.streams.fake": True,  # a drawn picture and a tone
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.loopback": True,
    "media.gmp-manager.updateEnabled": False,
    "geo.provider.testing": True,
    "permissions.default.geo": 1,
    "intl.accept_languages": "zh-CN",
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "remote.active-protocols": 1,
}


class Firefox:
    """One browser with one page after the other. Only what the journeys need of it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0

    async def ask(self, method: str, **parameters: Any) -> Any:
        """One command and its result; events in between are passed over."""
        self._number += 1
        await self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        async with asyncio.timeout(ANSWERS_S):
            while True:
                said = json.loads(await self._socket.recv())
                if said.get("id") == self._number:
                    break
        if said["type"] == "error":
            raise RuntimeError(f"{method}: {said['error']}: {said['message']}")
        return said["result"]

    async def page(self, url: str, cookies: dict[str, str], width: int = 1920, height: int = 1080) -> "FirefoxPage":
        context = (await self.ask("browsingContext.create", type="tab"))["context"]
        for name, value in cookies.items():
            held = {"name": name, "value": {"type": "string", "value": value}, "domain": urlsplit(url).hostname, "httpOnly": True}
            await self.ask("storage.setCookie", cookie=held)
        await self.ask("browsingContext.setViewport", context=context, viewport={"width": width, "height": height})
        await self.ask("browsingContext.navigate", context=context, url=url, wait="complete")
        return FirefoxPage(self, context)


class FirefoxPage:
    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser, self._context = browser, context

    async def evaluate(self, function: str, *words: Any) -> Any:
        """As by a person's own hand: what a browser allows only after a touch is allowed. words: what JSON can say."""
        body = f"async () => JSON.stringify((await ({function})(...{json.dumps(words)})) ?? null)"
        said = await self._browser.ask(
            "script.callFunction", functionDeclaration=body, target={"context": self._context}, awaitPromise=True, userActivation=True
        )
        if said["type"] == "exception":
            raise RuntimeError(said["exceptionDetails"]["text"])
        return json.loads(said["result"]["value"])

    async def until(self, function: str, *words: Any, seconds: float = 90.0) -> Any:
        """Asked again until it is true."""
        async with asyncio.timeout(seconds):
            while not (said := await self.evaluate(function, *words)):
                await asyncio.sleep(0.2)
        return said

    async def press(self, where: str) -> None:
        await self.until("(where) => document.querySelector(where)?.checkVisibility()", where)
        await self.evaluate("(where) => document.querySelector(where).click()", where)

    async def picture(self) -> bytes:
        """A PNG, for whoever looks."""
        said = await self._browser.ask("browsingContext.captureScreenshot", context=self._context)
        return base64.b64decode(said["data"])


@asynccontextmanager
async def firefox() -> AsyncIterator[Firefox]:
    """Started with a profile of its own, ended with everything it started."""
    with tempfile.TemporaryDirectory(prefix="ecc-firefox-", ignore_cleanup_errors=True) as profile:
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (Path(profile) / "user.js").write_text("\n".join(lines))
        words = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        process = await asyncio.create_subprocess_exec(
            FIREFOX, *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, start_new_session=True
        )
        assert process.stderr is not None
        try:
            async with asyncio.timeout(BEGINS_S):
                while SPEAKS not in (line := await process.stderr.readline()):
                    assert line, "Firefox ended at once"
            at = line.decode().split(SPEAKS.decode())[1].strip()
            reading = asyncio.create_task(_read_away(process.stderr))
            async with connect(f"{at}/session", max_size=None, open_timeout=BEGINS_S) as socket:
                browser = Firefox(socket)
                await browser.ask("session.new", capabilities={})
                yield browser
                await browser.ask("browser.close")
            await asyncio.wait_for(process.wait(), 20)
            await reading
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _read_away(said: asyncio.StreamReader) -> None:
    """So that it never waits for somebody to read."""
    while await said.read(65_536):
        pass

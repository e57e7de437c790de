"""Janus VideoRoom as Debian packs it, its other plugins off: one room on loopback, a publisher and viewers through its HTTP interface.

Who watches gets an offer from it and answers; who publishes offers. For comparison only.
"""

import asyncio
import contextlib
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psutil
from aioice import Candidate

from dashboard.media import own_addresses
from streaming import hooks, sdp
from tests.servers import free_port
from tests.streaming.peers import Peer

JANUS = shutil.which("janus")
PARTS = Path("/usr/lib/x86_64-linux-gnu/janus")
HERE = next((each for each in own_addresses() if ":" not in each), "127.0.0.1")  # it does not speak on the loopback
ROOM = 1
BEGINS_S = 20


@contextlib.asynccontextmanager
async def janus() -> AsyncIterator[tuple[psutil.Process, str]]:
    """The running process and the address of its interface."""
    assert JANUS is not None
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        _configure(Path(folder), port)
        process = subprocess.Popen([JANUS, "-F", folder, "-o", "-d", "2"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            base = f"http://127.0.0.1:{port}/janus"
            async with httpx.AsyncClient() as web, asyncio.timeout(BEGINS_S):
                while True:
                    with contextlib.suppress(httpx.HTTPError):
                        if (await web.get(f"{base}/info")).status_code == 200:
                            break
                    await asyncio.sleep(0.1)
            yield psutil.Process(process.pid), base
        finally:
            process.terminate()
            process.wait(20)


def _configure(folder: Path, port: int) -> None:
    others = sorted(each.name for each in (PARTS / "plugins").glob("*.so") if each.name != "libjanus_videoroom.so")
    ways = sorted(each.name for each in (PARTS / "transports").glob("*.so") if each.name != "libjanus_http.so")
    (folder / "janus.jcfg").write_text(
        f"""general: {{ configs_folder = "{folder}" plugins_folder = "{PARTS}/plugins" transports_folder = "{PARTS}/transports"
            events_folder = "{folder}" loggers_folder = "{folder}" session_timeout = 0 }}
        media: {{ ipv6 = false }}
        nat: {{ ice_enforce_list = "{HERE}" }}
        plugins: {{ disable = "{",".join(others)}" }}
        transports: {{ disable = "{",".join(ways)}" }}
        """
    )
    (folder / "janus.transport.http.jcfg").write_text(f'general: {{ http = true port = {port} ip = "127.0.0.1" https = false }}\n')
    (folder / "janus.plugin.videoroom.jcfg").write_text(
        f'room-{ROOM}: {{ description = "bench" publishers = 2 bitrate = 4000000 videocodec = "vp8" audiocodec = "opus" }}\n'
    )


class Handle:
    """One attachment to the room."""

    def __init__(self, web: httpx.AsyncClient, base: str) -> None:
        self._web, self._base = web, base
        self._session = self._place = ""

    async def attach(self) -> None:
        self._session = f"{self._base}/{(await self._ask(self._base, janus='create'))['data']['id']}"
        made = await self._ask(self._session, janus="attach", plugin="janus.plugin.videoroom")
        self._place = f"{self._session}/{made['data']['id']}"

    async def say(self, body: dict[str, Any], jsep: dict[str, str] | None = None) -> dict[str, Any]:
        """A message to the room; returns the event that answers it."""
        await self._ask(self._place, janus="message", body=body, **({"jsep": jsep} if jsep else {}))
        async with asyncio.timeout(30):
            while True:
                told: dict[str, Any] = (await self._web.get(self._session, timeout=40)).json()
                if told["janus"] == "event":
                    data = told["plugindata"]["data"]
                    if "error" in data:
                        raise RuntimeError(data["error"])
                    return told

    async def _ask(self, where: str, **said: Any) -> dict[str, Any]:
        answer: dict[str, Any] = (await self._web.post(where, json=said | {"transaction": uuid.uuid4().hex})).json()
        if answer["janus"] == "error":
            raise RuntimeError(answer["error"]["reason"])
        return answer


async def publish(web: httpx.AsyncClient, base: str, camera: Peer) -> int:
    """Returns the number under which others find it."""
    handle = Handle(web, base)
    await handle.attach()
    joined = await handle.say({"request": "join", "ptype": "publisher", "room": ROOM})
    text = await camera.offers("sendonly")
    reached = "".join(f"a=candidate:1 1 udp 2130706431 {place.address} {place.port} typ host\r\n" for place in camera.places)
    for mid, more in (("a=mid:0\r\n", f"a=ssrc:6 cname:bench\r\n{reached}"), ("a=mid:1\r\n", "a=ssrc:5 cname:bench\r\n")):
        text = text.replace(mid, mid + more)  # unlike our relay it does not wait to be found, and knows a source by its number only
    told = await handle.say({"request": "publish"}, {"type": "offer", "sdp": text})
    assert await camera.connect(told["jsep"]["sdp"])
    number: int = joined["plugindata"]["data"]["id"]
    return number


async def watch(web: httpx.AsyncClient, base: str, feed: int, certificate: hooks.Certificate, wire: hooks.Wire) -> None:
    """Receives all of this publisher. wire: not controlling, for it is Janus that offers."""
    handle = Handle(web, base)
    await handle.attach()
    told = await handle.say({"request": "join", "ptype": "subscriber", "room": ROOM, "streams": [{"feed": feed}]})
    text = told["jsep"]["sdp"]
    offer = sdp.read_offer(text)
    chosen = sdp.choose(offer, publishing=True)
    here = sdp.Here(wire.ufrag, wire.password, certificate.fingerprint, await wire.listen((HERE,)))
    first = next(iter(chosen.values())).section
    candidates = [Candidate.from_sdp(line.removeprefix("a=candidate:")) for line in text.splitlines() if line.startswith("a=candidate:")]
    connecting = asyncio.create_task(
        wire.connect(first.ufrag, first.password, first.fingerprints, active=sdp.setup_of(first) == "active", candidates=candidates)
    )
    await handle.say({"request": "start"}, {"type": "answer", "sdp": sdp.answer(offer, chosen, here)})
    async with asyncio.timeout(20):
        assert await connecting

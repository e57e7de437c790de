"""The relay's own process: CPU of a forwarded packet and of a viewer at N = 1, 10, 50, 100; memory; what got lost on the way.

The relay is the one of a running product, which also records what is sent. One publisher, 1280x720 at 30 frames, 1.05 Mbit/s of VP8 and
Opus, encoded once; viewers that discard, and look for packets every few milliseconds: a viewer elsewhere is not woken at the sender's cost.
`--compare`: aiortc's `MediaRelay` at N = 1, 2, 4 and, where Debian's `janus` is installed, Janus
VideoRoom at N = 10, 50 in the same run. Only the CPU of the server's process counts.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

from data.settings import Settings, as_environ
from streaming.media_tokens import Right, load_media_tokens
from tests.bench import _janus
from tests.running import Product
from tests.servers import free_port, wait_until
from tests.streaming.clips import Sent, clip
from tests.streaming.peers import Peer

ROOT = Path(__file__).resolve().parents[2]
STREAM = "bench.camera"
SIZE, KBPS = (1280, 720), 900  # the encoder gives a little more, and sound comes on top
CLIP_S = 2.0
SETTLE_S = 2.0
WATCHED = (1, 10, 50, 100)
COMPARED = (1, 2, 4)
COMPARED_JANUS = (10, 50)


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="relay")
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    options = parser.parse_args(words)
    packets = list(clip("vp8", CLIP_S, size=SIZE, kbps=KBPS))
    with Product(media_addresses=("127.0.0.1",), log_level="warning") as product:
        ours = asyncio.run(_ours(product, packets, options.seconds, COMPARED + COMPARED_JANUS if options.compare else WATCHED))
    if not options.compare:
        return _figures(ours, packets)
    said = _compared("mediarelay", ours, asyncio.run(_theirs(packets, options.seconds)))
    if _janus.JANUS is None:
        return said | {"janus": "not installed here: apt-get install janus"}
    return said | _compared("janus", ours, asyncio.run(_of_janus(packets, options.seconds)))


def _compared(name: str, ours: dict[int, dict[str, float]], theirs: dict[int, dict[str, float]]) -> dict[str, Any]:
    """How much dearer theirs is."""
    said: dict[str, Any] = {}
    for n, each in theirs.items():
        said[f"{name}_ratio_{n}"] = round(each["us_per_packet"] / ours[n]["us_per_packet"], 1)
        said[f"ours_us_per_packet_{n}"] = round(ours[n]["us_per_packet"], 1)
        said[f"{name}_us_per_packet_{n}"] = round(each["us_per_packet"], 1)
    return said


def _figures(found: dict[int, dict[str, float]], packets: Sequence[Sent]) -> dict[str, Any]:
    said: dict[str, Any] = {"kbps": round(sum(len(each.payload) + 12 for each in packets) * 8 / CLIP_S / 1_000)}
    for n, each in found.items():
        said[f"us_per_packet_{n}"] = round(each["us_per_packet"], 1)
        said[f"core_pct_per_viewer_{n}"] = round(each["core_pct"] / n, 3)
        said[f"rss_mb_{n}"] = round(each["rss_mb"])
    said["lost_pct"] = round(
        100 * sum(each["lost"] for each in found.values()) / max(sum(each["expected"] for each in found.values()), 1), 4
    )
    return said


async def _ours(product: Product, packets: Sequence[Sent], seconds: float, numbers: Sequence[int]) -> dict[int, dict[str, float]]:
    """The relay as `ecc serve` runs it: recorder, journal and bus are in its process."""
    tokens, media, now = load_media_tokens(product.settings.keys), product.settings.media, datetime.now(UTC)
    await asyncio.to_thread(wait_until, lambda: "relay" in product.pids() and hears(product), "no relay", 30)
    whip, whep = (f"{media}/media/{door}/{STREAM}" for door in ("whip", "whep"))
    viewing = [tokens.issue(f"viewer-{place}", STREAM, Right.VIEW, now=now) for place in range(max(numbers))]
    token = tokens.issue("camera", STREAM, Right.PUBLISH, now=now)
    return await _watched(psutil.Process(product.pids()["relay"]), packets, seconds, numbers, whip, whep, token, viewing)


def hears(product: Product) -> bool:
    """Whether the relay answers; it begins after the web process."""
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{product.settings.media}/healthz").status_code == 200
    return False


async def _theirs(packets: Sequence[Sent], seconds: float) -> dict[int, dict[str, float]]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    environ = as_environ(Settings.of(home=Path("/nowhere")))
    async with _server(["tests.bench._mediarelay", str(port)], environ, f"{base}/docs") as server:
        return await _watched(server, packets, seconds, COMPARED, f"{base}/whip", f"{base}/whep", "none", ["none"] * max(COMPARED))


async def _of_janus(packets: Sequence[Sent], seconds: float) -> dict[int, dict[str, float]]:
    async with _janus.janus() as (server, base), httpx.AsyncClient(timeout=30) as web:
        camera = Peer(address=_janus.HERE)
        feed = await _janus.publish(web, base, camera)
        asked = {"url": base, "feed": feed, "tokens": [""] * max(COMPARED_JANUS)}
        return await _counted(server, camera, packets, seconds, COMPARED_JANUS, asked)


@contextlib.asynccontextmanager
async def _server(module: list[str], environ: dict[str, str], alive: str) -> AsyncIterator[psutil.Process]:
    process = subprocess.Popen([sys.executable, "-m", *module], env=environ, cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        async with httpx.AsyncClient() as web, asyncio.timeout(60):
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await web.get(alive)).status_code == 200:
                        break
                await asyncio.sleep(0.1)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


async def _watched(
    server: psutil.Process,
    packets: Sequence[Sent],
    seconds: float,
    numbers: Sequence[int],
    whip: str,
    whep: str,
    token: str,
    viewing: list[str],
) -> dict[int, dict[str, float]]:
    camera = Peer()
    async with httpx.AsyncClient(timeout=30) as web:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/sdp"}
        answer = await web.post(whip, content=await camera.offers("sendonly"), headers=headers)
    assert answer.status_code == 201, answer.text
    assert await camera.connect(answer.text)
    return await _counted(server, camera, packets, seconds, numbers, {"url": whep, "tokens": viewing})


async def _counted(
    server: psutil.Process, camera: Peer, packets: Sequence[Sent], seconds: float, numbers: Sequence[int], asked: dict[str, Any]
) -> dict[int, dict[str, float]]:
    """asked: what the process of the viewers is told. The camera is connected, and closed at the end."""
    filming = asyncio.create_task(_film(camera, packets))
    await asyncio.sleep(1)
    command = [sys.executable, "-m", "tests.bench._viewers", json.dumps(asked)]
    viewers = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    found = {}
    try:
        for n in numbers:
            await _told(viewers, f"join {n}")
            await asyncio.sleep(SETTLE_S)
            before = sum(server.cpu_times()[:2])
            said = await _told(viewers, f"count {seconds}")
            cpu_s = sum(server.cpu_times()[:2]) - before
            found[n] = said | {
                "us_per_packet": 1e6 * cpu_s / max(said["packets"], 1),
                "core_pct": 100 * cpu_s / said["seconds"],
                "rss_mb": server.memory_info().rss / 1e6,
            }
        await _told(viewers, "end", answered=False)
        await viewers.wait()
    finally:
        filming.cancel()
        with contextlib.suppress(ProcessLookupError):
            viewers.kill()
        await camera.close()
    return found


async def _told(viewers: asyncio.subprocess.Process, command: str, answered: bool = True) -> dict[str, float]:
    assert viewers.stdin is not None
    assert viewers.stdout is not None
    viewers.stdin.write(f"{command}\n".encode())
    await viewers.stdin.drain()
    if not answered:
        return {}
    async with asyncio.timeout(120):
        line = await viewers.stdout.readline()
    said: dict[str, float] = json.loads(line)
    return said


async def _film(camera: Peer, packets: Sequence[Sent]) -> None:
    """The clip for ever, packets of one frame together, as a browser's pacer nearly does."""
    began, rounds = time.monotonic(), 0
    first = {kind: min(each.seq for each in packets if each.kind == kind) for kind in ("video", "audio")}
    count = {kind: sum(each.kind == kind for each in packets) for kind in ("video", "audio")}
    ticks = {"video": int(90_000 * CLIP_S), "audio": int(48_000 * CLIP_S)}
    while True:
        for each in packets:
            wait = began + rounds * CLIP_S + each.at_s - time.monotonic()
            if wait > 0.001:
                await asyncio.sleep(wait)
            seq = each.seq - first[each.kind] + rounds * count[each.kind]
            camera.send_at(each.kind, seq, each.timestamp + rounds * ticks[each.kind], each.marker, each.payload)
        rounds += 1

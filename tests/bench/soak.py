"""The relay for half an hour, as `ecc serve` runs it: five publishers, twenty viewers, a join or a leave each second; what is left of it.

Each publisher sends 720p of VP8 with Opus, everything is recorded; one of them reloads every half minute, and every fourth leave says no
goodbye to the door. Memory, open files and children are read from outside (/proc); tasks, connections and streams the relay itself counts
into its log, on SIGUSR1. Both before and after with the same number of viewers. `--minutes`, `--warm-up` (seconds, before the first look).
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import psutil
import uvloop

from streaming import hooks
from streaming.media_tokens import MediaTokens, Right, load_media_tokens
from tests.bench._viewers import Counting
from tests.bench.relay import CLIP_S, KBPS, SIZE, _film, hears
from tests.running import Product
from tests.servers import wait_until
from tests.streaming.clips import Sent, clip
from tests.streaming.peers import Peer

PUBLISHERS, VIEWERS = 5, 20
RELOADS_S = 30
LOOKED_S = 10  # one look: the median of so many seconds
SETTLE_S = 20.0  # who left without a goodbye is found gone by then


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--warm-up", type=float, default=90.0, help="segments of recordings are a minute long")
    options = parser.parse_args(words)
    packets = list(clip("vp8", CLIP_S, size=SIZE, kbps=KBPS))
    with Product(log_level="info") as product:
        return uvloop.run(_Soak(product, packets).run(options.minutes * 60, options.warm_up))


class _Soak:
    """Everybody who sends and watches, in one process; the relay is another one."""

    def __init__(self, product: Product, packets: Sequence[Sent]) -> None:
        self._product, self._packets = product, packets
        self._tokens: MediaTokens = load_media_tokens(product.settings.keys)
        wait_until(lambda: "relay" in product.pids() and hears(product), "no relay", 30)  # it begins after the web process
        self._relay = psutil.Process(product.pids()["relay"])
        self._certificate = hooks.Certificate.generateCertificate()
        self._viewers: list[tuple[Peer, Counting, str, str]] = []  # with address and token
        self._cameras: dict[str, tuple[Peer, str, str, asyncio.Task[None]]] = {}
        self._chance = random.Random(1)
        self.joins = self.leaves = self.reloads = self.packets = self.refused = 0

    async def run(self, seconds: float, warm_up: float) -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=30) as self._web:
            for number in range(PUBLISHERS):
                await self._publish(f"soak.{number}")
            await asyncio.sleep(1)
            for _ in range(VIEWERS):
                await self._join()
            await self._live(warm_up)
            before = await self._look()
            began = time.monotonic()
            await self._live(seconds)
            lived = time.monotonic() - began
            while len(self._viewers) < VIEWERS:
                await self._join()
            await asyncio.sleep(SETTLE_S)
            after = await self._look()
            await self._end()
        return {
            "rss_growth_pct": round(100 * (after["rss_mb"] - before["rss_mb"]) / before["rss_mb"], 1),
            "tasks_leaked": max(0, after["tasks"] - before["tasks"]),
            "fds_leaked": max(0, after["fds"] - before["fds"]),
            "children_leaked": max(0, after["children"] - before["children"]),
            "minutes": round(lived / 60, 1),
            "joins": self.joins,
            "leaves": self.leaves,
            "reloads": self.reloads,
            "refused": self.refused,
            "packets": self.packets + sum(wire.packets for _, wire, _, _ in self._viewers),
            "before": before,
            "after": after,
        }

    async def _live(self, seconds: float) -> None:
        """A join or a leave each second."""
        until, second = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            began = time.monotonic()
            second += 1
            await (self._leave() if len(self._viewers) >= VIEWERS else self._join())
            if second % RELOADS_S == 0:
                await self._reload()
            await asyncio.sleep(max(0.0, began + 1 - time.monotonic()))

    async def _look(self) -> dict[str, float]:
        """From outside and from inside."""
        rss = []
        for _ in range(LOOKED_S):
            rss.append(self._relay.memory_info().rss / 1e6)
            await asyncio.sleep(1)
        log = self._product.settings.log / "relay.log"
        before = log.stat().st_size
        os.kill(self._relay.pid, signal.SIGUSR1)
        async with asyncio.timeout(10):
            while True:
                await asyncio.sleep(0.1)
                said = [json.loads(line) for line in log.read_bytes()[before:].splitlines() if b'"counted"' in line]
                if said:
                    break
        counts: dict[str, float] = said[0]["counts"]
        return counts | {
            "rss_mb": round(statistics.median(rss), 1),
            "fds": self._relay.num_fds(),
            "children": len(self._relay.children(recursive=True)),
            "threads": self._relay.num_threads(),
        }

    # --- who sends

    async def _publish(self, stream: str) -> None:
        peer, token = Peer(self._certificate), self._token(stream, stream, Right.PUBLISH)
        answer = await self._ask("whip", stream, await peer.offers("sendonly"), token)
        assert answer.status_code == 201, answer.text
        assert await peer.connect(answer.text)
        self._cameras[stream] = peer, answer.headers["location"], token, asyncio.create_task(_film(peer, self._packets))

    async def _reload(self) -> None:
        stream = self._chance.choice(sorted(self._cameras))
        peer, where, token, filming = self._cameras.pop(stream)
        await self._gone(filming)
        await self._delete(where, token)
        await peer.close()
        await self._publish(stream)
        self.reloads += 1

    # --- who watches

    async def _join(self) -> None:
        stream, person = f"soak.{self._chance.randrange(PUBLISHERS)}", f"viewer-{self.joins % 100}"
        token = self._token(person, stream, Right.VIEW)
        peer = Peer(self._certificate)
        wire = Counting(self._certificate, lambda *_: None, lambda *_: None, lambda: None, controlling=True)
        peer.wire = wire
        answer = await self._ask("whep", stream, await peer.offers("recvonly"), token)
        if answer.status_code != 201 or not await self._connects(peer, answer.text):
            self.refused += 1
            await peer.close()
            return
        self._viewers.append((peer, wire, answer.headers["location"], token))
        self.joins += 1

    async def _connects(self, peer: Peer, answer: str) -> bool:
        """Not in time, on a machine that does other things too, is no leak: it is counted as refused."""
        try:
            return await peer.connect(answer)
        except TimeoutError:
            return False

    async def _leave(self) -> None:
        peer, wire, where, token = self._viewers.pop(self._chance.randrange(len(self._viewers)))
        self.packets += wire.packets
        self.leaves += 1
        if self.leaves % 4:
            await self._delete(where, token)
        await peer.close()

    async def _end(self) -> None:
        for peer, _, _, _ in self._viewers:
            await peer.close()
        for peer, _, _, filming in self._cameras.values():
            await self._gone(filming)
            await peer.close()

    async def _gone(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    def _token(self, person: str, stream: str, right: Right) -> str:
        return self._tokens.issue(person, stream, right, now=datetime.now(UTC))

    async def _ask(self, door: str, stream: str, offer: str, token: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/sdp"}
        return await self._web.post(f"{self._product.settings.media}/media/{door}/{stream}", content=offer, headers=headers)

    async def _delete(self, where: str, token: str) -> None:
        await self._web.delete(self._product.settings.media + where, headers={"authorization": f"Bearer {token}"})

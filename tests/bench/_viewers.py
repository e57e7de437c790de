"""Viewers that discard: each a real WHEP connection, counting packets by the numbers in their headers. A process of its own.

Commands come as lines on standard input: `join N`, `count`, `end`. Each answers one JSON object.
"""

import asyncio
import json
import sys
import time
from typing import Any

import httpx
import uvloop

from streaming import hooks
from tests.bench import _janus
from tests.streaming.peers import Peer

TOGETHER = 16
PACE_S = 0.005


class Counting(hooks.Wire):
    """Counts what comes without decrypting it."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.packets = 0
        self.spans: dict[int, list[int]] = {}  # SSRC: first and newest whole number, how many came

    def _media(self, data: bytes) -> None:
        if 192 <= data[1] <= 223:
            return
        self.packets += 1
        seq, ssrc = int.from_bytes(data[2:4], "big"), int.from_bytes(data[8:12], "big")
        span = self.spans.get(ssrc)
        if span is None:
            self.spans[ssrc] = [seq, seq, 1]
            return
        span[1] = max(span[1], span[1] + ((seq - span[1] + 0x8000) & 0xFFFF) - 0x8000)
        span[2] += 1

    def restart(self) -> None:
        self.packets, self.spans = 0, {}

    def lost(self) -> tuple[int, int]:
        """Missing, expected."""
        expected = sum(newest - first + 1 for first, newest, _ in self.spans.values())
        return expected - sum(came for _, _, came in self.spans.values()), expected


async def join_janus(web: httpx.AsyncClient, certificate: hooks.Certificate, base: str, feed: int) -> Counting:
    wire = Counting(certificate, lambda *_: None, lambda *_: None, lambda: None)
    await _janus.watch(web, base, feed, certificate, wire)
    return wire


async def join(web: httpx.AsyncClient, certificate: hooks.Certificate, url: str, token: str) -> Counting:
    peer = Peer(certificate)
    peer.wire = Counting(certificate, lambda *_: None, lambda *_: None, lambda: None, controlling=True)
    answer = await web.post(
        url, content=await peer.offers("recvonly"), headers={"authorization": f"Bearer {token}", "content-type": "application/sdp"}
    )
    if answer.status_code != 201:
        raise RuntimeError(f"{answer.status_code} {answer.text[:200]}")
    if not await peer.connect(answer.text):
        raise RuntimeError("not connected")
    return peer.wire


async def discard(until_s: float) -> None:
    """Read what has come every few milliseconds instead of being woken for each packet.

    A viewer elsewhere is woken on its own machine. Here the kernel would charge that to whoever sends, a fifth of its time.
    """
    while time.monotonic() < until_s:
        time.sleep(PACE_S)
        await asyncio.sleep(0)


async def main(url: str, tokens: list[str], feed: int | None = None) -> None:
    """feed: of Janus, whose address is `url`; each token is then one viewer's place."""
    certificate, wires, gate = hooks.Certificate.generateCertificate(), list[Counting](), asyncio.Semaphore(TOGETHER)
    loop = asyncio.get_running_loop()

    async def one(web: httpx.AsyncClient, token: str) -> None:
        async with gate:
            wires.append(await (join(web, certificate, url, token) if feed is None else join_janus(web, certificate, url, feed)))

    async with httpx.AsyncClient(timeout=30) as web:
        while True:
            words = (await loop.run_in_executor(None, sys.stdin.readline)).split()
            if not words or words[0] == "end":
                break
            said: dict[str, float] = {}
            if words[0] == "join":
                more = tokens[len(wires) : int(words[1])]
                await asyncio.gather(*(one(web, token) for token in more))
            elif words[0] == "count":
                for wire in wires:
                    wire.restart()
                began, cpu = time.monotonic(), time.process_time()
                await discard(began + float(words[1]))
                spans = [wire.lost() for wire in wires]
                said = {
                    "seconds": time.monotonic() - began,
                    "packets": sum(wire.packets for wire in wires),
                    "fewest": min(wire.packets for wire in wires),
                    "lost": sum(lost for lost, _ in spans),
                    "expected": sum(expected for _, expected in spans),
                    "cpu_s": time.process_time() - cpu,
                }
            print(json.dumps(said), flush=True)
    for wire in wires:
        await wire.close()


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    uvloop.run(main(asked["url"], asked["tokens"], asked.get("feed")))

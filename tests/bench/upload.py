"""20 clients bring 20 MB each while the web process is killed (kill -9) five times: what arrives, what is sent again, how soon it goes on.

equal: kept files that are bit for bit what was sent. resent_pct: bytes given to sockets beyond the files' own sizes. resume_p95_s: from a
kill until the server has told a client its offset again. `--part` in KiB as the page sends them; `--pace` in MB/s of each client, 0: none.
"""

import argparse
import hashlib
import http.client
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.bench.__main__ import percentile
from tests.brought import TUS, VIDEOS, film_of, metadata
from tests.running import Product

AGAIN_S = 0.1
BLOCK = 64 * 1024
GIVES_UP_S = 300.0


def measure(words: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="upload")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--part", type=int, default=128)
    parser.add_argument("--pace", type=float, default=0)
    options = parser.parse_args(words)
    with Product() as product:
        size = int(options.megabytes * 1_000_000)
        clients = [_Client(product, film_of(size, seed), options.part * 1024, options.pace * 1e6) for seed in range(options.clients)]
        began = time.monotonic()
        threads = [threading.Thread(target=client.bring) for client in clients]
        for thread in threads:
            thread.start()
        for number in range(options.kills):
            _kill(product, clients, (number + 1) / (options.kills + 1))
        for thread in threads:
            thread.join(GIVES_UP_S)
        took_s = time.monotonic() - began
        return _found(product, clients, took_s) | {"kills": options.kills, "part_kib": options.part, "pace_mb_s": options.pace}


def _kill(product: Product, clients: list["_Client"], share: float) -> None:
    """As soon as so much of everything is acknowledged."""
    whole = sum(len(client.content) for client in clients)
    deadline = time.monotonic() + GIVES_UP_S
    while sum(client.offset for client in clients) < share * whole and time.monotonic() < deadline:
        time.sleep(0.005)
    at = time.monotonic()
    for client in clients:
        client.killed_at = at if client.offset < len(client.content) else None
    old = product.kill("web")
    product.until_started_again("web", old)
    product.until_ready()


def _found(product: Product, clients: list["_Client"], took_s: float) -> dict[str, Any]:
    whole = sum(len(client.content) for client in clients)
    resumed = [each for client in clients for each in client.resumed_s]
    files = [next(iter((product.settings.recordings / client.id).glob("0001-*")), None) for client in clients if client.id]
    kept = [hashlib.sha256(file.read_bytes()).digest() for file in files if file is not None]
    equal = sum(hashlib.sha256(client.content).digest() in kept and client.done for client in clients)
    return {
        "equal": equal,
        "resent_pct": round(100 * (sum(client.sent for client in clients) - whole) / whole, 2),
        "resume_p95_s": round(percentile(resumed, 95), 2) if resumed else None,
        "resumed": len(resumed),
        "mb_per_s": round(whole / 1e6 / took_s, 1),
    }


@dataclass
class _Client:
    """One that brings one file, part after part, and asks where it was whenever something went wrong."""

    product: Product
    content: bytes
    part: int
    pace: float
    offset: int = 0  # acknowledged
    sent: int = 0  # given to the socket
    id: str = ""
    done: bool = False
    killed_at: float | None = None
    resumed_s: list[float] = field(default_factory=list)
    _line: http.client.HTTPConnection | None = None

    def bring(self) -> None:
        at, began = "", time.monotonic()
        sha256 = hashlib.sha256(self.content).hexdigest()
        while time.monotonic() - began < GIVES_UP_S:
            try:
                if not at:
                    said = {"upload-length": str(len(self.content)), "upload-metadata": metadata(sha256=sha256)}
                    at = self._ask("POST", VIDEOS, said, 201)["location"]
                    self.id = at.rsplit("/", 1)[-1]
                self.offset = int(self._ask("HEAD", at, {}, 200)["upload-offset"])
                killed_at, self.killed_at = self.killed_at, None
                if killed_at is not None:
                    self.resumed_s.append(time.monotonic() - killed_at)
                while self.offset < len(self.content):
                    self.offset = int(self._patch(at)["upload-offset"])
                self.done = True
                return
            except (OSError, http.client.HTTPException):
                self._hang_up()
                time.sleep(AGAIN_S)

    def _patch(self, at: str) -> dict[str, str]:
        until = min(self.offset + self.part, len(self.content))
        line = self._connected()
        line.putrequest("PATCH", at)
        said = {
            "upload-offset": str(self.offset),
            "content-type": "application/offset+octet-stream",
            "content-length": str(until - self.offset),
        }
        for name, value in (self._manners() | said).items():
            line.putheader(name, value)
        line.endheaders()
        for begin in range(self.offset, until, BLOCK):
            block = self.content[begin : min(begin + BLOCK, until)]
            line.send(block)
            self.sent += len(block)
            if self.pace:
                time.sleep(len(block) / self.pace)
        return self._answer(line, 204)

    def _ask(self, method: str, path: str, headers: dict[str, str], status: int) -> dict[str, str]:
        line = self._connected()
        line.request(method, path, headers=self._manners() | headers)
        return self._answer(line, status)

    def _answer(self, line: http.client.HTTPConnection, status: int) -> dict[str, str]:
        answer = line.getresponse()
        answer.read()
        if answer.status != status:
            raise http.client.HTTPException(f"{answer.status}")
        return {name.lower(): value for name, value in answer.getheaders()}

    def _manners(self) -> dict[str, str]:
        return {"cookie": f"ecc_desk={self.product.seeded.desk}", "origin": self.product.origin} | TUS

    def _connected(self) -> http.client.HTTPConnection:
        if self._line is None:
            place = urlsplit(self.product.origin)
            self._line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        return self._line

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

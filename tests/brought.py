"""An outside video brought by hand: films of any size, and one request of tus 1.0 at a time."""

import base64
import hashlib
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from tests.streaming.films import film

VIDEOS = "/centre/screening/videos"
TUS = {"tus-resumable": "1.0.0"}


@cache
def short_film(seconds: int = 2) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return film(Path(folder) / "film.webm", list(range(0, seconds * 1_000, 100)), (160, 96)).read_bytes()


def film_of(size: int, seed: int = 0) -> bytes:
    """A film that plays, followed by as much of what players skip (EBML Void) as it takes. seed: other bytes."""
    begin = short_film()
    left = size - len(begin) - 9
    assert left > 32
    pad = hashlib.shake_128(str(seed).encode()).digest(min(left, 4_096))
    return begin + b"\xec" + (left | 1 << 56).to_bytes(8, "big") + (pad * (left // len(pad) + 1))[:left]


def metadata(**said: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())


class Bringer:
    """One desk that brings videos, a request at a time."""

    def __init__(self, origin: str, cookie: str) -> None:
        headers = {"origin": origin, "cookie": f"ecc_desk={cookie}"} | TUS
        self.web = httpx.Client(base_url=origin, headers=headers, timeout=60)

    def close(self) -> None:
        self.web.close()

    def begin(self, content: bytes, name: str = "film.webm", **changed: str) -> httpx.Response:
        sha256 = hashlib.sha256(content).hexdigest()
        headers = {"upload-length": str(len(content)), "upload-metadata": metadata(filename=name, sha256=sha256)} | changed
        return self.web.post(VIDEOS, headers=headers)

    def begun(self, content: bytes, name: str = "film.webm") -> str:
        """Its address."""
        answer = self.begin(content, name)
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]

    def patch(self, at: str, offset: int, content: Any, **changed: str) -> httpx.Response:
        headers = {"upload-offset": str(offset), "content-type": "application/offset+octet-stream"} | changed
        return self.web.patch(at, content=content, headers=headers)

    def head(self, at: str) -> httpx.Response:
        return self.web.head(at)

    def delete(self, at: str) -> httpx.Response:
        return self.web.delete(at)

    def brought(self, content: bytes, name: str = "film.webm") -> str:
        """All of it. Returns its id."""
        at = self.begun(content, name)
        answer = self.patch(at, 0, content)
        assert answer.status_code == 204, answer.text
        return at.rsplit("/", 1)[-1]


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"] if answer.content else ""

"""A piece on its way to our disk: whole and right it gets its name, anything else leaves nothing behind."""

import asyncio
import hashlib
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive

from data.errors import BadInput, CommandCentreError, StorageFull, TooLarge, TooMany
from data.rules.recordings import UPLOAD_MOST
from streaming.uploads import AT_ONCE, LEFT_S, Body, Uploads, digest_of, form_of

FILM = b"\x1a\x45\xdf\xa3" + random.Random(1).randbytes(700_000)  # the same for every worker
SHA = hashlib.sha256(FILM).hexdigest()


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path, reserve=0)


def sent(data: bytes, *, ends: bool = True) -> Receive:
    """As a server hands a body over. ends: False when the line broke before its end."""
    pieces: Iterator[bytes] = iter([data[at : at + 65_536] for at in range(0, len(data), 65_536)])
    left = -(-len(data) // 65_536)

    async def receive() -> dict[str, Any]:
        nonlocal left
        left -= 1
        if left < 0:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": next(pieces), "more_body": left > 0 or not ends}

    return receive


async def test_what_is_whole_gets_its_name_and_is_never_overwritten(uploads: Uploads, tmp_path: Path) -> None:
    part, size = await uploads.take(sent(FILM), "webm", SHA, len(FILM))
    uploads.place(part, "01R", 3, 1_700, "webm")
    part.unlink()
    kept = tmp_path / "01R/0003-1700.webm"
    assert (kept.read_bytes(), size) == (FILM, len(FILM))
    assert kept.stat().st_mode & 0o777 == 0o400
    assert list(tmp_path.glob("incoming/*")) == []


async def test_a_file_that_a_killed_process_left_without_a_row_gives_way(uploads: Uploads, tmp_path: Path) -> None:
    (tmp_path / "01R").mkdir()
    (tmp_path / "01R/0001-9.webm").write_bytes(b"left")
    part, _ = await uploads.take(sent(FILM), "webm", SHA, None)
    uploads.place(part, "01R", 1, 1_700, "webm")
    assert [each.name for each in (tmp_path / "01R").iterdir()] == ["0001-1700.webm"]


@pytest.mark.parametrize(
    ("body", "form", "sha256", "error", "code"),
    [
        (sent(FILM), "webm", "ab" * 32, BadInput, "recording.wrong_digest"),
        (sent(FILM[:-1]), "webm", SHA, BadInput, "recording.wrong_digest"),
        (sent(FILM[:300_000], ends=False), "webm", SHA, BadInput, "recording.wrong_digest"),
        (sent(FILM), "mp4", SHA, BadInput, "recording.not_media"),
        (sent(bytes(UPLOAD_MOST + 1)), "webm", SHA, TooLarge, "recording.too_large"),
    ],
)
async def test_what_is_not_right_leaves_nothing(
    uploads: Uploads, tmp_path: Path, body: Receive, form: str, sha256: str, error: type[CommandCentreError], code: str
) -> None:
    with pytest.raises(error) as refused:
        await uploads.take(body, form, sha256, None)
    assert refused.value.code == code
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


async def test_a_length_that_is_too_large_is_refused_before_a_byte(uploads: Uploads, tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        await uploads.take(sent(FILM), "webm", SHA, UPLOAD_MOST + 1)
    assert not (tmp_path / "incoming").exists()


async def test_a_disk_that_is_full_says_so_before_a_byte(tmp_path: Path) -> None:
    with pytest.raises(StorageFull):
        await Uploads(tmp_path, reserve=10**18).take(sent(FILM), "webm", SHA, len(FILM))
    assert list(tmp_path.glob("incoming/*")) == []


async def test_a_disk_that_fills_up_on_the_way_leaves_nothing(uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("streaming.uploads.os.write", full)
    with pytest.raises(StorageFull):
        await uploads.take(sent(FILM), "webm", SHA, None)
    assert list(tmp_path.glob("incoming/*")) == []


async def test_a_disk_that_is_too_slow_for_us_never_writes_into_another_file(
    uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, began, may, over = os.write, threading.Event(), threading.Event(), threading.Event()

    def slow(fd: int, data: bytes) -> int:
        began.set()
        may.wait(60)
        try:
            return write(fd, data)
        finally:
            over.set()

    monkeypatch.setattr("os.write", slow)
    monkeypatch.setattr("data.lanes.GIVE_UP_S", 0.5)
    with pytest.raises(CommandCentreError):
        await uploads.take(sent(FILM), "webm", SHA, None)
    assert began.is_set()
    others = [(tmp_path / f"other-{n}").open("wb", buffering=0) for n in range(64)]  # whichever number was free is now one of these
    may.set()
    assert await asyncio.to_thread(over.wait, 60)
    assert [os.fstat(other.fileno()).st_size for other in others] == [0] * len(others)
    for other in others:
        other.close()


async def test_what_an_earlier_process_left_half_goes_after_a_day(uploads: Uploads, tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    old, young = tmp_path / "incoming/a.upload", tmp_path / "incoming/b.upload"
    for each in (old, young):
        each.write_bytes(b"half")
    os.utime(old, (os.stat(old).st_mtime - LEFT_S - 60,) * 2)
    part, _ = await uploads.take(sent(FILM), "webm", SHA, None)
    assert set(part.parent.iterdir()) == {part, young}


def test_a_device_brings_one_at_a_time_and_all_together_few(uploads: Uploads) -> None:
    with uploads.turn(1), pytest.raises(TooMany), uploads.turn(1):
        pass
    with uploads.turn(1):
        turns = [uploads.turn(number) for number in range(2, AT_ONCE + 1)]
        for turn in turns:
            turn.__enter__()
        with pytest.raises(TooMany), uploads.turn(99):
            pass
        for turn in turns:
            turn.__exit__(None, None, None)


async def test_a_body_that_nobody_wanted_is_read_to_its_end() -> None:
    body = Body(sent(FILM))
    await body.drain()
    assert body._over
    await body.drain()  # and not waited for again


@pytest.mark.parametrize("header", ["", "sha-256=abc", "sha-512=:AAAA:", "sha-256=:" + "A" * 44 + ":", "sha-256=:" + "ä" * 43 + "=:"])
def test_odd_digests_are_refused(header: str) -> None:
    with pytest.raises(BadInput):
        digest_of(header)


def test_only_films_are_taken() -> None:
    assert form_of("video/webm; codecs=vp8,opus") == "webm"
    for other in ("", "text/html", "video/x-matroska", "application/octet-stream"):
        with pytest.raises(BadInput):
            form_of(other)

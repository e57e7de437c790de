"""手机补传: what a phone recorded while nothing reached the relay, on its way to our disk. Streamed; whole and right, or nothing.

A piece stands in `incoming/` below the recordings until its digest is known to be right and its row is committed; only then has it the
name under which a player finds it. Killed in between: the phone, which was not answered, sends it again.
"""

import asyncio
import base64
import binascii
import contextlib
import hashlib
import os
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from starlette.types import Message, Receive
from ulid import ULID

from data.errors import BadInput, StorageFull, TooLarge, TooMany, TooSlow
from data.lanes import Lane
from data.rules.recordings import RESERVE, UPLOAD_MOST
from streaming.open_file import OpenFile, append

AT_ONCE = 8  # all phones together; sixteen would be a mebibyte each on its way to a disk that is needed for what runs
AGAIN_S = 5
SILENT_S = 20.0  # no byte for so long: the phone is gone, and will come again
TAKES_MOST_S = 600.0  # four megabytes of a minute at 53 kbit/s
DRAIN_S = 20.0
BLOCK = 256 * 1024
LEFT_S = 86_400.0  # what lies in `incoming/` for so long was left by a process that died
DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
FORMS = {"video/webm": "webm", "audio/webm": "webm", "video/mp4": "mp4", "audio/mp4": "mp4"}
HEADS = {"webm": (0, b"\x1a\x45\xdf\xa3"), "mp4": (4, b"ftyp")}


class Uploads:
    """The pieces that come in at this moment. reserve: bytes that the disk keeps free."""

    def __init__(self, recordings: Path, reserve: int = RESERVE) -> None:
        self._recordings, self._incoming, self._reserve = recordings, recordings / "incoming", reserve
        self._disk = Lane("uploads", threads=2, waiting=2 * AT_ONCE)
        self._coming: set[int] = set()

    @contextlib.contextmanager
    def turn(self, device_no: int) -> Iterator[None]:
        """One piece of a device at a time, and few in all. Raises TooMany."""
        if device_no in self._coming or len(self._coming) >= AT_ONCE:
            raise TooMany("uploads", retry_after_s=AGAIN_S)
        self._coming.add(device_no)
        try:
            yield
        finally:
            self._coming.discard(device_no)

    async def take(self, receive: Receive, form: str, sha256: str, length: int | None) -> tuple[Path, int]:
        """The body onto the disk: the file, and its size. What is not whole and right leaves nothing behind.

        Raises TooLarge, TooSlow, StorageFull, BadInput recording.wrong_digest, recording.not_media.
        """
        if length is not None and length > UPLOAD_MOST:
            raise _too_large()
        path = self._incoming / f"{ULID()}.upload"
        file = await self._disk.run(self._open, path, length or 0)
        try:
            size = await self._body(receive, file)
            await self._disk.run(file.finish, form, sha256)
        except BaseException:
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        finally:
            file.close()
        return path, size

    def place(self, part: Path, recording_id: str, number: int, began_ms: int, form: str) -> None:
        """Gives a piece that is whole its name beside the recordings. Raises StorageFull."""
        keep_beside(part, self._recordings, recording_id, number, began_ms, form)

    def _open(self, path: Path, length: int) -> "_Incoming":
        try:
            self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._sweep()
            disk = os.statvfs(self._incoming)
            if disk.f_bavail * disk.f_frsize < self._reserve + length:
                raise StorageFull("kept free for the journal")
            return _Incoming(path)
        except OSError as error:
            raise StorageFull(str(error)) from error

    def _sweep(self) -> None:
        old = time.time() - LEFT_S
        for left in self._incoming.glob("*.upload"):
            with contextlib.suppress(OSError):
                if left.stat().st_mtime < old:
                    left.unlink()

    async def _body(self, receive: Receive, file: "_Incoming") -> int:
        size = 0
        try:
            async with asyncio.timeout(TAKES_MOST_S):
                async for block in blocks(receive):
                    size += len(block)
                    if size > UPLOAD_MOST:
                        raise _too_large()
                    await self._disk.run(file.write, block)
        except Interrupted as error:
            raise BadInput("gone", code="recording.wrong_digest") from error
        except TimeoutError as error:
            raise _too_slow() from error
        return size


class Interrupted(Exception):
    """The sender is gone before its end."""


async def blocks(receive: Receive, of: int = BLOCK) -> AsyncIterator[bytes]:
    """A body as it comes, in blocks of about this size; what had come before the line broke is given too. Raises TooSlow, Interrupted."""
    waiting, more, gone = bytearray(), True, False
    while more:
        try:
            async with asyncio.timeout(SILENT_S):
                message = await receive()
        except TimeoutError as error:
            raise _too_slow() from error
        gone = message["type"] == "http.disconnect"
        waiting += message.get("body", b"")
        more = not gone and message.get("more_body", False)
        if len(waiting) >= of or (waiting and not more):
            yield bytes(waiting)
            waiting.clear()
    if gone:
        raise Interrupted


def keep_beside(part: Path, recordings: Path, recording_id: str, number: int, began_ms: int, form: str) -> None:
    """Gives a file that is whole its name among the recordings; by its old name it is still there. Raises StorageFull."""
    folder = recordings / recording_id
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
        for left in folder.glob(f"{number:04d}-*"):  # by a process that died before it could commit
            left.unlink()
        os.link(part, folder / f"{number:04d}-{began_ms}.{form}")
        part.chmod(0o400)  # an original is never overwritten
        _sync(folder)
        _sync(recordings)
    except OSError as error:
        raise StorageFull(str(error)) from error


class Body:
    """What a phone sends, as the server hands it over; what nobody took is read to its end before the answer."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._over = receive, False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._over = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """A browser that is still sending would hear no answer, only that the line broke. Bounded, and given up after a while."""
        read = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while not self._over and read <= UPLOAD_MOST:
                    read += len((await self()).get("body", b""))


class _Incoming:
    """One file that grows."""

    def __init__(self, path: Path) -> None:
        self._file = OpenFile(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        self._digest, self._head = hashlib.sha256(), b""

    def write(self, data: bytes) -> None:
        """Raises StorageFull."""
        with self._file.used() as fd:
            self._digest.update(data)
            self._head = (self._head + data)[:16]
            append(fd, data)

    def finish(self, form: str, sha256: str) -> None:
        """To the disk itself, once the bytes are what was promised. Raises StorageFull, BadInput."""
        with self._file.used() as fd:
            if self._digest.hexdigest() != sha256:
                raise BadInput("digest", code="recording.wrong_digest")
            at, head = HEADS[form]
            if self._head[at : at + len(head)] != head:
                raise BadInput("head", code="recording.not_media")
            os.fsync(fd)

    def close(self) -> None:
        self._file.close()


def form_of(content_type: str) -> str:
    """webm or mp4. Raises BadInput."""
    form = FORMS.get(content_type.partition(";")[0].strip().lower())
    if form is None:
        raise BadInput("content type", code="recording.not_media")
    return form


def digest_of(header: str) -> str:
    """SHA-256 in hexadecimal, of a `Content-Digest` as RFC 9530 writes it. Raises BadInput."""
    found = DIGEST.fullmatch(header.strip())
    if found is None:
        raise BadInput("digest", code="recording.bad_digest")
    try:
        return base64.b64decode(found[1], validate=True).hex()
    except binascii.Error as error:
        raise BadInput("digest", code="recording.bad_digest") from error


def _too_slow() -> TooSlow:
    return TooSlow("piece", code="ingest.too_slow", seconds=round(SILENT_S))


def _too_large() -> TooLarge:
    return TooLarge("piece", code="recording.too_large", most=UPLOAD_MOST // 1_000_000)


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

"""带入视频 on its way to our disk: the size of its file is its offset, and no offset is told before the disk has those bytes.

One file for each in `recordings/incoming/`, named by an id of ours. Whoever appends holds the file's own lock (`flock`), which a killed
process drops by itself. What comes with a checksum is held apart until it is right. Full: 507 and nothing kept; busy: 423, 503.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from starlette.types import Receive

from data.errors import BadInput, Locked, NoRoom, RuleBroken, StorageFull, TooLarge, WrongDigest
from data.lanes import Lane
from data.rules.recordings import RESERVE
from data.rules.videos import Film
from streaming.film_look import look
from streaming.open_file import OpenFile, append
from streaming.uploads import Interrupted, blocks, keep_beside

SUFFIX, APART = ".video", ".part"
BLOCK = 64 * 1024  # so little is lost of a body when we are killed in the middle of it
THREADS, WAITING = 4, 128
LOOKS = 2  # whole files that are read through at once; the others wait their turn, at most as many as may be under way

Checksum = tuple[str, bytes]
P = ParamSpec("P")
T = TypeVar("T")


class IncomingVideos:
    """The files of what is on its way. reserve: bytes that the disk keeps free; suffix: how such a file is called after its id."""

    def __init__(self, recordings: Path, reserve: int = RESERVE, suffix: str = SUFFIX) -> None:
        self._suffix = suffix
        self._recordings, self._incoming, self._reserve = recordings, recordings / "incoming", reserve
        self._disk = Lane("videos", threads=THREADS, waiting=WAITING)
        self._looks = ThreadPoolExecutor(LOOKS, thread_name_prefix="film-look")

    async def check_room(self, size: int, promised: Mapping[str, int]) -> None:
        """Whether the disk takes one more of this size, with all that was promised to others. Raises NoRoom."""
        await self._disk.run(self._check_room, size, promised)

    @contextlib.asynccontextmanager
    async def held(self, video_id: str) -> AsyncIterator["Held"]:
        """Its file, for one request alone. Raises Locked, StorageFull."""
        file = await self._disk.run(_File, self._path(video_id))
        try:
            yield Held(self, file, video_id)
        finally:
            file.close()

    async def remove(self, video_id: str) -> None:
        """What came of it, also what was held apart."""
        await self._disk.run(remove_files, self._recordings, [video_id])

    async def at_leisure(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What reads a whole file may take as long as it takes; few at once."""
        return await asyncio.get_running_loop().run_in_executor(self._looks, partial(work, *args, **kwargs))

    def close(self) -> None:
        self._disk.close()
        self._looks.shutdown(wait=False, cancel_futures=True)

    def _path(self, video_id: str) -> Path:
        return self._incoming / f"{video_id}{self._suffix}"

    def _check_room(self, size: int, promised: Mapping[str, int]) -> None:
        try:
            self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
            disk = os.statvfs(self._incoming)
            here = {each: self._path(each).stat().st_size for each in promised if self._path(each).exists()}
        except OSError as error:
            raise StorageFull(str(error)) from error
        still = sum(max(0, whole - here.get(each, 0)) for each, whole in promised.items())
        if disk.f_bavail * disk.f_frsize < self._reserve + still + size:
            raise NoRoom("kept free", code="video.no_room")


class Held:
    """One file while nobody else touches it."""

    def __init__(self, videos: IncomingVideos, file: "_File", video_id: str) -> None:
        self._videos, self._file, self._id = videos, file, video_id

    async def offset(self) -> int:
        """How much of it the disk has."""
        return await self._videos._disk.run(self._file.settle)

    async def append(self, receive: Receive, offset: int, size: int, checksum: Checksum | None) -> int:
        """The body of one request behind what is there; the new offset. What broke off stays as far as it came, unless it had a checksum.

        size: of the whole. Raises RuleBroken video.wrong_offset, TooLarge video.beyond, WrongDigest video.wrong_part, TooSlow,
        BadInput video.interrupted, StorageFull.
        """
        if offset != self._file.size():
            raise RuleBroken("offset", code="video.wrong_offset")
        try:
            if checksum is None:
                await self._stream(receive, self._file, size)
            else:
                await self._checked(receive, size, checksum)
        except Interrupted as error:
            raise BadInput("gone", code="video.interrupted") from error
        return await self.offset()

    async def judge(self, sha256: str) -> Film:
        """The whole file: whether it is what was promised, then whether it is a film. Raises WrongDigest video.wrong_digest, NotMedia."""
        return await self._videos.at_leisure(self._judge, sha256)

    def place(self, form: str, began_at: datetime) -> None:
        """Its name among the recordings; its own name goes later (`remove`). Raises StorageFull."""
        keep_beside(self._file.path, self._videos._recordings, self._id, 1, round(began_at.timestamp() * 1000), form)

    async def _stream(self, receive: Receive, into: "_File", most: int) -> None:
        async for block in blocks(receive, BLOCK):
            if into.size() + len(block) > most:
                raise TooLarge("beyond", code="video.beyond")
            await self._videos._disk.run(into.append, block)

    async def _checked(self, receive: Receive, size: int, checksum: Checksum) -> None:
        """A crash in between leaves nothing behind the offset that nobody has checked."""
        path = self._file.path.with_suffix(APART)
        path.unlink(missing_ok=True)
        apart = await self._videos._disk.run(_File, path)
        try:
            await self._stream(receive, apart, size - self._file.size())
            await self._videos.at_leisure(self._take, apart, checksum)
        finally:
            apart.close()
            path.unlink(missing_ok=True)

    def _take(self, apart: "_File", checksum: Checksum) -> None:
        algorithm, digest = checksum
        if apart.digest(algorithm) != digest:
            raise WrongDigest("part", code="video.wrong_part")
        self._file.take(apart)

    def _judge(self, sha256: str) -> Film:
        if self._file.digest("sha256").hex() != sha256:
            raise WrongDigest("whole", code="video.wrong_digest")
        return look(self._file.path)


class _File:
    """One file that grows at its end, locked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StorageFull(str(error)) from error
        self._file = OpenFile(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            with self._file.used() as fd:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except StorageFull as error:
            self.close()
            if isinstance(error.__cause__, BlockingIOError):
                raise Locked("another request", code="video.locked") from error
            raise

    def size(self) -> int:
        return self._file.size()

    def settle(self) -> int:
        """Onto the disk itself. Returns the size."""
        with self._file.used() as fd:
            os.fsync(fd)
            return self.size()

    def append(self, data: bytes) -> None:
        """Raises StorageFull; what was written of it stays."""
        with self._file.used() as fd:
            append(fd, data)

    def take(self, other: "_File") -> None:
        """All of another file; all or, when the disk is full, nothing."""
        with self._file.used() as fd, other._file.used() as from_fd:
            before = self.size()
            try:
                for block in _blocks(from_fd):
                    append(fd, block)
            except OSError:
                os.ftruncate(fd, before)
                raise

    def digest(self, algorithm: str) -> bytes:
        digest = hashlib.new(algorithm)
        with self._file.used() as fd:
            for block in _blocks(fd):
                digest.update(block)
        return digest.digest()

    def close(self) -> None:
        self._file.close()


def _blocks(fd: int) -> Iterator[bytes]:
    at = 0
    while block := os.pread(fd, 1 << 20, at):
        at += len(block)
        yield block


def left_over(recordings: Path) -> list[str]:
    """The ids of everything that lies in `incoming/`, for the jobs process."""
    return sorted({path.stem for suffix in (SUFFIX, APART) for path in (recordings / "incoming").glob(f"*{suffix}")})


def remove_files(recordings: Path, video_ids: Sequence[str]) -> None:
    """Of those that are on their way no more. Raises OSError."""
    for video_id in video_ids:
        for suffix in (SUFFIX, APART):
            (recordings / "incoming" / f"{video_id}{suffix}").unlink(missing_ok=True)

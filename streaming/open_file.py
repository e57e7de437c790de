"""An open file that several threads may be at, and that nobody closes under one of them."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from data.errors import StorageFull


class OpenFile:
    """One thread at a time; closed while one is still at it, it closes when that one is done.

    A lane gives up waiting for a slow disk, its thread does not: the number that the system gives to another file must not be written to by
    whoever was too slow for us.
    """

    def __init__(self, path: Path, flags: int) -> None:
        """For this user alone. Raises StorageFull."""
        self._busy, self._over = threading.Lock(), False
        try:
            self._fd = os.open(path, flags | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageFull(str(error)) from error

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    @contextlib.contextmanager
    def used(self) -> Iterator[int]:
        """Its number, while nobody else uses it. Raises StorageFull."""
        try:
            with self._busy:
                if self._over:
                    raise StorageFull("closed meanwhile")
                yield self._fd
        except OSError as error:
            raise StorageFull(str(error)) from error
        finally:
            if self._over:
                self.close()

    def close(self) -> None:
        self._over = True
        if not self._busy.acquire(blocking=False):
            return
        try:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
        finally:
            self._busy.release()


def append(fd: int, data: bytes) -> None:
    """All of it. Raises OSError; what was written until then stays."""
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]

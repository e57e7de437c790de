"""Restricted text at rest: names of parties, identity numbers, phones, addresses and plates are sealed before they reach the database."""

import os
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from data.errors import Misconfigured


class Sealing:
    """Seals and opens text with one key file of this court (0600)."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    def seal(self, text: str | None) -> bytes | None:
        return None if text is None else self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes | None) -> str | None:
        """Raises Misconfigured when the key is not the one that sealed it."""
        if sealed is None:
            return None
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise Misconfigured("sealed with another key", code="misconfigured.sealing_key") from error


def load_sealing(keys: Path) -> Sealing:
    """The key in `keys`/sealing.key, made on first use."""
    return Sealing(load_key(keys / "sealing.key", Fernet.generate_key))


def replace_key(path: Path, key: bytes) -> None:
    """Another secret in this file, 0600, whole or not at all; whoever has the former one in memory looks again by its age."""
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.unlink(missing_ok=True)
    _write(fresh, key)
    fresh.replace(path)


def _write(path: Path, key: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())


def load_key(path: Path, make: Callable[[], bytes]) -> bytes:
    """A secret file, 0600, made once by `make()`; two processes starting together get the same one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        fresh = path.with_suffix(f".{os.getpid()}")
        _write(fresh, make())
        try:
            os.link(fresh, path)  # fails if another process was first: then its key is the key
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()

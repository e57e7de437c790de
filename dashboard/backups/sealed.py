"""Encryption of backups by age (X25519, ChaCha20-Poly1305 in pieces of 64 KiB), through pyrage: the only file that knows it."""

import hashlib
import io
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pyrage import DecryptError, IdentityError, RecipientError, decrypt_io, encrypt_io, x25519

from data.errors import BadInput, NotFound

BLOCK = 1 << 20
SYNC_EVERY = 32 << 20  # bytes; what waits to be written stays small


def new_identity() -> tuple[str, str]:
    """The secret that opens backups, and the public key they are made for."""
    identity = x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def recipients_of(said: Sequence[str]) -> list[Any]:
    """Raises BadInput backup.no_recipient, backup.bad_recipient."""
    if not said:
        raise BadInput("recipients", code="backup.no_recipient")
    try:
        return [x25519.Recipient.from_str(each) for each in said]
    except RecipientError as error:
        raise BadInput("recipient", code="backup.bad_recipient") from error


def identities_in(path: Path) -> list[Any]:
    """The secrets in a file, one a line, as age writes it. Raises NotFound backup.no_file, BadInput backup.bad_identity."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        found = [x25519.Identity.from_str(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    except OSError as error:
        raise NotFound(str(error), code="backup.no_file", path=str(path)) from error
    except (IdentityError, UnicodeDecodeError) as error:
        raise BadInput("identity", code="backup.bad_identity", path=str(path)) from error
    if not found:
        raise BadInput("identity", code="backup.bad_identity", path=str(path))
    return found


def encrypt(plain: Iterator[bytes], into: IO[bytes], recipients: list[Any]) -> str:
    """Returns the SHA-256 of what was written. Raises OSError and whatever `plain` raises."""
    kept = _Kept(into)
    pulled = _Pulled(plain)
    try:
        encrypt_io(io.BufferedReader(pulled, BLOCK), kept, recipients)
    except Exception as error:
        raise pulled.error or kept.error or error from None
    if pulled.error is not None:
        raise pulled.error
    kept.settle()
    return kept.digest.hexdigest()


class _Pulled(io.RawIOBase):
    """A stream out of pieces. What goes wrong in making them must not look like their end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, memoryview(b"")
        self.error: BaseException | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        try:
            while not self._left:
                self._left = memoryview(next(self._pieces))
        except StopIteration:
            return 0
        except BaseException as error:
            self.error = error
            raise
        count = min(len(into), len(self._left))
        into[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


class _Kept(io.BufferedIOBase):
    """The file being written: counted, digested, and brought to the disk as it grows."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._waiting, self.digest = file, 0, hashlib.sha256()
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        try:
            self._file.write(data)
            self.digest.update(data)
            self._waiting += len(data)
            if self._waiting >= SYNC_EVERY:
                self.settle()
        except OSError as error:
            self.error = error  # pyrage would make a word of its own of it
            raise
        return len(data)

    def flush(self) -> None:
        pass

    def settle(self) -> None:
        self._file.flush()
        os.fdatasync(self._file.fileno())
        os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self._waiting = 0


@contextmanager
def decrypted(path: Path, identities: list[Any], explain: Callable[[], BadInput]) -> Iterator[IO[bytes]]:
    """The plain stream of a file. explain: what to say when a byte is not what was written, asked when reading stops there.

    Raises NotFound backup.no_file, BadInput backup.other_identity.
    """
    try:
        sealed = path.open("rb")
    except OSError as error:
        raise NotFound(str(error), code="backup.no_file", path=str(path)) from error
    reading, writing = os.pipe()
    failed: list[BaseException] = []
    thread = threading.Thread(target=_decrypt, args=(sealed, writing, identities, failed), name="decrypt")
    thread.start()
    stream = os.fdopen(reading, "rb", BLOCK)
    try:
        yield stream
    except BadInput:
        raise
    except Exception as error:
        stream.close()  # first: whoever still writes into it would wait for ever
        thread.join()
        if failed:
            raise _ours(failed[0], explain) from error
        raise
    else:
        while stream.read(BLOCK):  # to the end: the last piece says that nothing is missing
            pass
        thread.join()
        if failed:
            raise _ours(failed[0], explain)
    finally:
        stream.close()
        thread.join()
        sealed.close()


def _decrypt(sealed: io.BufferedReader, writing: int, identities: list[Any], failed: list[BaseException]) -> None:
    into: Any  # unbuffered: what could not be handed over must not be tried again when it is closed
    with os.fdopen(writing, "wb", 0) as into:
        try:
            decrypt_io(sealed, into, identities)
        except BrokenPipeError:
            pass  # nobody wants the rest
        except Exception as error:
            failed.append(error)


def _ours(error: BaseException, explain: Callable[[], BadInput]) -> BaseException:
    if isinstance(error, DecryptError):
        return BadInput("identity", code="backup.other_identity")
    return explain()

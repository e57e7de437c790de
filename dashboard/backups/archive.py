"""One backup file from inside: a tar whose first member says what it is, and whose last ones say what everything was."""

import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from dashboard.backups.sealed import BLOCK, decrypted
from data.errors import BadInput, StorageFull
from data.rules.backups import ABOUT, FORMAT, MANIFEST, SEAL, About, Manifest, Part, safe_name

DROP_EVERY = 32 << 20  # bytes read of a file, after which the memory that they took is given back
SMALL = 64 << 20  # more than any of our own words may take
LONGEST_HEAD = 64 << 10  # of a long name; a path has 4,096 bytes
T = TypeVar("T")


@dataclass(slots=True)
class Written:
    """What has gone into an archive so far."""

    parts: list[Part] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def pieces_of_bytes(name: str, content: bytes, written: Written | None = None) -> Iterator[bytes]:
    """A member out of memory."""
    head = tarfile.TarInfo(name)
    head.size, head.mode = len(content), 0o600
    yield head.tobuf(tarfile.PAX_FORMAT)
    yield content + _padding(len(content))
    if written is not None:
        written.parts.append(Part(name, len(content), hashlib.sha256(content).hexdigest()))


def pieces_of_file(name: str, path: Path, written: Written, between: Callable[[], None] = lambda: None) -> Iterator[bytes]:
    """A member out of a file, as long as it is now: what is appended meanwhile is not in it. One that has gone is noted."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        written.gone.append(name)
        return
    with file:
        status = os.fstat(file.fileno())
        head = tarfile.TarInfo(name)
        head.size, head.mode, head.mtime = status.st_size, status.st_mode & 0o700, int(status.st_mtime)
        yield head.tobuf(tarfile.PAX_FORMAT)
        digest, left, held = hashlib.sha256(), status.st_size, 0
        while left:
            block = file.read(min(BLOCK, left))
            if not block:
                raise StorageFull(f"{name} became shorter", code="backup.changed", part=name)
            digest.update(block)
            left, held = left - len(block), held + len(block)
            yield block
            between()
            if held >= DROP_EVERY or not left:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                held = 0
        yield _padding(status.st_size)
    written.parts.append(Part(name, status.st_size, digest.hexdigest()))


def end() -> bytes:
    """Two empty blocks: nothing follows."""
    return bytes(2 * tarfile.BLOCKSIZE)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


# --- reading -----------------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Opened:
    """What came out of an archive."""

    about: About
    manifest: Manifest
    manifest_text: bytes
    seal: str
    files: dict[str, Part]


def unpack(path: Path, identities: list[Any], into: Path, agrees: Callable[[About], None]) -> Opened:
    """Every part into the folder, digested on its way. agrees: asked once it is known what the archive is; raises if it must not go on.

    Raises BadInput backup.damaged with the part's name, backup.other_identity, backup.not_one; OSError when the disk is full.
    """
    reader = _Reader(into, agrees)
    try:
        with decrypted(path, identities, reader.explain) as stream:
            reader.read(stream)
    except _NotWhole as error:  # nothing was changed on its way, it was made like this
        raise reader.explain() from error
    return reader.opened()


class _Plain(tarfile.TarInfo):
    """A head as `pieces_of_file` writes it: a file, or the long name of one. No link, no device, no holes, no head without end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Plain":
        head = super().frombuf(buf, encoding, errors)
        if head.type == tarfile.XHDTYPE and head.size > LONGEST_HEAD:
            raise tarfile.ReadError("a long head")
        if head.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.XHDTYPE):
            raise tarfile.ReadError("no file")
        return head


class _NotWhole(Exception):
    """The stream ended or made no sense; `decrypted` knows why."""


class _Reader:
    def __init__(self, into: Path, agrees: Callable[[About], None]) -> None:
        self._into, self._agrees = into, agrees
        self._about: About | None = None
        self._words: dict[str, bytes] = {}
        self._files: dict[str, Part] = {}
        self._promised = frozenset[str]()
        self._current = ABOUT

    def explain(self) -> BadInput:
        """Which part it is that cannot be read."""
        return BadInput("digest", code="backup.damaged", part=self._current)

    def read(self, stream: IO[bytes]) -> None:
        try:
            with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Plain) as tar:
                for member in tar:
                    self._current = member.name
                    self._take(member, tar.extractfile(member) if member.isreg() else None)
                    self._current = self._after(member.name)
                    vars(tar)["members"].clear()  # it would remember each of a hundred thousand
        except (tarfile.TarError, ValueError) as error:  # a head that makes no sense
            raise _NotWhole from error

    def _take(self, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        if content is None or member.issparse():
            raise self.explain()
        if self._about is None and member.name != ABOUT:
            raise BadInput("not a backup", code="backup.not_one")
        if member.name in (ABOUT, MANIFEST, SEAL):
            if member.size > SMALL:
                raise self.explain()
            self._words[member.name] = _whole(content, member.size)
            if member.name == ABOUT:
                self._about = self._read_about(self._words[ABOUT])
                self._promised = frozenset(self._about.names)
            return
        if member.name not in self._promised or member.name in self._files:
            raise self.explain()
        self._files[member.name] = self._keep(member, content)

    def _read_about(self, said: bytes) -> About:
        form = decoded(said, dict[str, Any], ABOUT).get("format")
        if not isinstance(form, int) or form > FORMAT:
            raise BadInput("format", code="backup.newer", version=str(decoded(said, dict[str, Any], ABOUT).get("version", "?"))[:40])
        about = decoded(said, About, ABOUT)
        self._agrees(about)
        return about

    def _keep(self, member: tarfile.TarInfo, content: IO[bytes]) -> Part:
        path = self._into / safe_name(member.name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        digest, left = hashlib.sha256(), member.size
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            while left:
                block = content.read(min(BLOCK, left))
                if not block:
                    raise _NotWhole
                file.write(block)
                digest.update(block)
                left -= len(block)
            file.flush()
            os.fchmod(file.fileno(), (member.mode & 0o600) | 0o400)
        os.utime(path, (member.mtime, member.mtime))
        return Part(member.name, member.size, digest.hexdigest())

    def _after(self, name: str) -> str:
        """What should come next: it is the one that is named when nothing comes."""
        names = [*(self._about.names if self._about else ()), MANIFEST, SEAL]
        return names[min(names.index(name) + 1, len(names) - 1)] if name in names else names[0]

    def opened(self) -> Opened:
        """Raises BadInput backup.damaged when a part is missing, was added or is not what it was."""
        for name in (ABOUT, MANIFEST, SEAL):
            if name not in self._words:
                raise BadInput("missing", code="backup.damaged", part=name)
        manifest = decoded(self._words[MANIFEST], Manifest, MANIFEST)
        promised = {part.name: part for part in manifest.parts}
        for name in sorted(promised.keys() | self._files.keys()):
            if promised.get(name) != self._files.get(name):
                raise BadInput("digest", code="backup.damaged", part=name)
        assert self._about is not None
        return Opened(self._about, manifest, self._words[MANIFEST], self._words[SEAL].decode("ascii", "replace"), self._files)


def decoded(said: bytes, form: type[T], part: str) -> T:
    """Raises BadInput backup.damaged."""
    try:
        return msgspec.json.decode(said, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput("words", code="backup.damaged", part=part) from error


def _whole(content: IO[bytes], size: int) -> bytes:
    read = io.BytesIO()
    while read.tell() < size and (block := content.read(size - read.tell())):
        read.write(block)
    if read.tell() < size:
        raise _NotWhole
    return read.getvalue()

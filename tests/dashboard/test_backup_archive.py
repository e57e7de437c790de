"""What a backup's archive may hold: files that it has announced, nothing else (attack 21). Whoever has the public key can make any tar."""

import io
import tarfile
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from pyrage import x25519

from dashboard.backups.archive import end, pieces_of_bytes, unpack
from dashboard.backups.sealed import encrypt
from data.errors import BadInput
from data.rules.backups import ABOUT, FORMAT, About

OWNER = x25519.Identity.generate()
LONG = "/".join(["b" * 200] * 5)
BIG = 10 << 40  # what a hole, or a head, says of itself


def member(name: str = "recordings/a.webm", content: bytes = b"x", **said: object) -> bytes:
    head = tarfile.TarInfo(name)
    head.size = len(content)
    for key, value in said.items():
        setattr(head, key, value)
    return head.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % tarfile.BLOCKSIZE)


def with_head(**words: str) -> bytes:
    head = tarfile.TarInfo("recordings/a.webm")
    head.pax_headers = words
    return head.tobuf(tarfile.PAX_FORMAT)


def sparse() -> bytes:
    """One byte that says it is ten terabytes with a hole."""
    raw = bytearray(member(type=tarfile.GNUTYPE_SPARSE))
    raw[386:398], raw[398:410] = b"%011o\0" % 0, b"%011o\0" % 1
    raw[483:495] = BIG.to_bytes(12, "big")
    raw[483] |= 0x80
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    return bytes(raw)


def archive(folder: Path, pieces: Sequence[bytes]) -> Path:
    about = About(FORMAT, "01KA", "2026-11-23T00:00:00+00:00", "1", "0001", "岭0108", 1, ("recordings/a.webm", LONG, "../out"))

    def made() -> Iterator[bytes]:
        yield from pieces_of_bytes(ABOUT, msgspec.json.encode(about))
        yield from pieces
        yield end()

    path = folder / "a.backup"
    with path.open("wb") as file:
        encrypt(made(), file, [OWNER.to_public()])
    return path


FORGED = {
    "a link to a file of ours": [member(type=tarfile.SYMTYPE, linkname="/etc/passwd", content=b"")],
    "a hard link": [member(type=tarfile.LNKTYPE, linkname="recordings/b", content=b"")],
    "a device": [member(type=tarfile.CHRTYPE, content=b"")],
    "a folder": [member(type=tarfile.DIRTYPE, content=b"")],
    "ten terabytes of nothing": [sparse()],
    "the same, said in a head": [with_head(**{"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(BIG)})],
    "a head without end": [with_head(comment="x" * (1 << 20))],
    "a name that nobody announced": [member("recordings/b.webm")],
    "one name twice": [member(), member()],
    "a way out": [member("../out")],
}


@pytest.mark.parametrize("pieces", FORGED.values(), ids=FORGED.keys())
def test_21_what_is_no_announced_file_ends_the_restore_at_once(tmp_path: Path, pieces: Sequence[bytes]) -> None:
    into = tmp_path / "in"
    into.mkdir()
    with pytest.raises(BadInput) as refused:
        unpack(archive(tmp_path, pieces), [OWNER], into, lambda _: None)
    assert refused.value.code.startswith("backup.")
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "a.backup"]
    assert all(path.stat().st_size <= 1 for path in left)
    assert not any(path.is_symlink() for path in into.rglob("*"))


def test_21_a_million_names_are_refused_at_the_first_that_was_not_announced(tmp_path: Path) -> None:
    empty = io.BytesIO(b"".join(member(f"n{number}", b"") for number in range(1_000)))
    path = archive(tmp_path, [empty.getvalue()] * 1_000)
    tracemalloc.start()
    with pytest.raises(BadInput):
        unpack(path, [OWNER], tmp_path, lambda _: None)
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()
    assert [each.name for each in tmp_path.iterdir()] == ["a.backup"]


def test_a_long_name_is_still_a_name(tmp_path: Path) -> None:
    """Nothing of the above costs us what we write ourselves."""
    with pytest.raises(BadInput) as refused:  # whole, but without its last words
        unpack(archive(tmp_path, list(pieces_of_bytes(LONG, b""))), [OWNER], tmp_path, lambda _: None)
    assert refused.value.params["part"] in ("manifest.json", LONG)

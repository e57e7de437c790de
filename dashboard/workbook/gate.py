"""What is refused before it is opened: files that are too large, bombs, files in files, what is no workbook at all.

An .xlsx is a ZIP: its directory says what it will become, and Python's own reader never unpacks more of a part than the directory said.
"""

import re
import zipfile
from pathlib import Path

from data.errors import BadInput, TooLarge

MIB = 1 << 20
MOST_FILE = 64 * MIB
MOST_UNPACKED = 512 * MIB
MOST_STRINGS = 96 * MIB  # the list of words is held in memory; rows are not
MOST_PARTS = 1_000
MOST_RATIO = 150  # rows of a real court: 8 to 30
SMALL = MIB  # below this the ratio says nothing
MOST_DIRECTORY = MIB // 2  # a thousand parts with long names
ENDINGS = (".xlsx", ".csv")
PROLOG = 4_096
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_END, _END_SIZE, _LARGE = b"PK\x05\x06", 22, b"PK\x06\x07"
# What may stand before the first element: nothing that declares. Entities that multiply need a DOCTYPE, which stands here or nowhere;
# a part in another script than UTF-8 does not fit either, and no spreadsheet writes one.
_ELEMENT = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s|<\?[^>]*\?>|<!--(?:(?!-->).)*-->)*<[A-Za-z_]", re.DOTALL)


def check(path: Path) -> None:
    """Raises BadInput workbook.missing, kind, old, broken, nested; TooLarge workbook.too_large, workbook.bomb."""
    if not path.is_file():
        raise BadInput("missing", code="workbook.missing", file=path.name)
    if path.suffix.lower() not in ENDINGS:
        raise BadInput("kind", code="workbook.kind", file=path.name)
    if path.stat().st_size > MOST_FILE:
        raise TooLarge("file", code="workbook.too_large", file=path.name, most=MOST_FILE // MIB)
    with path.open("rb") as file:
        begins = file.read(4)
    if path.suffix.lower() == ".csv":
        if begins in (_ZIP, _OLD):
            raise BadInput("kind", code="workbook.kind", file=path.name)
        return
    if begins == _OLD:
        raise BadInput("old or locked", code="workbook.old", file=path.name)
    try:
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            _check_parts(archive, path.name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise BadInput("broken", code="workbook.broken", file=path.name) from error


def _check_directory(path: Path) -> None:
    """Its size, before it is read: a million names in it are gigabytes of objects. Found as `zipfile` finds it. Raises TooLarge."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_SIZE - 0xFFFF))
        end = file.read()
    last = end[-_END_SIZE:]
    at = len(end) - _END_SIZE if last[:4] == _END and last[-2:] == b"\0\0" else end.rfind(_END)
    if at < 0 or len(end) < at + _END_SIZE:
        raise zipfile.BadZipFile("no end")
    size = int.from_bytes(end[at + 12 : at + 16], "little")
    if size > MOST_DIRECTORY or end[max(0, at - 20) : at].startswith(_LARGE):  # of files over 4 GB, and this one is not
        raise TooLarge("directory", code="workbook.bomb", file=path.name)


def _check_parts(archive: zipfile.ZipFile, name: str) -> None:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise TooLarge("bomb", code="workbook.bomb", file=name)
    for part in parts:
        if part.flag_bits & 1:
            raise BadInput("locked", code="workbook.old", file=name)
        if part.file_size > SMALL and part.file_size > MOST_RATIO * max(1, part.compress_size):
            raise TooLarge("bomb", code="workbook.bomb", file=name)
        if part.filename.lower().endswith("sharedstrings.xml") and part.file_size > MOST_STRINGS:
            raise TooLarge("strings", code="workbook.bomb", file=name)
        if part.file_size:
            with archive.open(part) as opened:
                begins = opened.read(PROLOG)
            if begins.startswith(_ZIP):
                raise BadInput("nested", code="workbook.nested", file=name)
            if part.filename.lower().endswith((".xml", ".rels", ".vml")) and not _ELEMENT.match(begins):
                raise BadInput("declares", code="workbook.broken", file=name)

"""Rows out of .xlsx and .csv, one after the other, never all at once. Formulas are named, never computed; hidden sheets stay shut."""

import csv
import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from dashboard.workbook.gate import check
from data.errors import BadInput
from data.rules.workbook import Fault, Formula

MOST_COLUMNS = 64
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref=["']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})["']""")
_ENCODINGS = ("utf-8-sig", "gb18030")  # GBK is a part of the second; what is valid UTF-8 is never GBK by chance over a whole file
MOST_ROWS = 1_048_576  # of a spreadsheet; a file that names a later one would have us count up to it
MOST_MERGED = 200_000  # rows in merged cells
_TAG = 65_536  # no tag is longer
# Whatever a made-up file brings the library to: there is no list of it, and none of it is ours.
_BROKEN: tuple[type[Exception], ...] = (
    ParseError,
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    OSError,
    EOFError,
    NotImplementedError,
)


@dataclass(frozen=True, slots=True)
class Merged:
    """Cells made one: `A3:B5`, of which the rows from the first to the last have no cells of their own."""

    ref: str
    first: int
    last: int


@dataclass(slots=True)
class Table:
    """One sheet of a file. rows: (number as the spreadsheet counts, cells), each read once."""

    title: str
    rows: Iterator[tuple[int, list[Any]]]
    hidden: bool = False
    merged: list[Merged] = field(default_factory=list)


@dataclass(slots=True)
class Book:
    """An opened file. digest: SHA-256 of its bytes."""

    name: str
    digest: str
    tables: list[Table]


@contextmanager
def opened(path: Path) -> Iterator[Book]:
    """The file, looked at before it is opened. Raises BadInput and TooLarge workbook.…"""
    check(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if path.suffix.lower() == ".csv":
        yield Book(path.name, digest, [Table(path.stem, _csv_rows(path, _encoding(path)))])
        return
    try:
        workbook = load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except _BROKEN as error:
        raise BadInput("broken", code="workbook.broken", file=path.name) from error
    try:
        tables = [_table(path, sheet) for sheet in workbook.worksheets]
        yield Book(path.name, digest, tables)
    finally:
        workbook.close()


# --- .xlsx ------------------------------------------------------------------------------------------------------------------------


def _table(path: Path, sheet: Any) -> Table:
    if sheet.sheet_state != "visible":
        return Table(sheet.title, iter(()), hidden=True)
    return Table(sheet.title, _rows(path.name, sheet), merged=_merged(path, sheet))


def _rows(file: str, sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    sheet.reset_dimensions()  # a file says what it likes about its own size
    try:
        for number, cells in enumerate(sheet.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS), 1):
            if any(cell.value is not None for cell in cells):
                yield number, [_value(cell) for cell in cells]
    except _BROKEN as error:
        raise BadInput("broken", code="workbook.broken", file=file) from error


def _value(cell: Any) -> Any:
    if cell.data_type == "f":
        return Formula()
    if cell.data_type == "e":
        return Fault()
    value = cell.value
    return value if value is None or isinstance(value, str | int | float | datetime) else str(value)


def _merged(path: Path, sheet: Any) -> list[Merged]:
    """openpyxl says nothing of them when it reads row by row; they stand behind the rows."""
    found: list[Merged] = []
    try:
        with zipfile.ZipFile(path) as archive, archive.open(sheet._worksheet_path) as part:
            rest = b""
            while chunk := part.read(1 << 20):
                rest += chunk
                for match in _MERGED.finditer(rest):
                    first, second = int(match[2]), int(match[4])
                    found.append(Merged(f"{match[1].decode()}{first}:{match[3].decode()}{second}", first, second))
                if sum(each.last - each.first + 1 for each in found) > MOST_MERGED:
                    raise BadInput("merged", code="workbook.broken", file=path.name)
                begun = rest.rfind(b"<")  # a tag that the next piece will finish
                rest = rest[begun:] if begun >= len(rest) - _TAG and b">" not in rest[begun:] else b""
    except _BROKEN as error:
        raise BadInput("broken", code="workbook.broken", file=path.name) from error
    return found


# --- .csv -------------------------------------------------------------------------------------------------------------------------


def _csv_rows(path: Path, encoding: str) -> Iterator[tuple[int, list[Any]]]:
    with path.open(encoding=encoding, newline="") as file:
        begin = file.readline(65_536)
        divider = max(",\t;", key=begin.count)
        file.seek(0)
        try:
            for number, cells in enumerate(csv.reader(file, delimiter=divider), 1):
                if any(cell.strip() for cell in cells):
                    yield number, [_typed(cell) for cell in cells[:MOST_COLUMNS]]
        except csv.Error as error:
            raise BadInput("broken", code="workbook.broken", file=path.name) from error


def _typed(cell: str) -> Any:
    if cell.startswith("="):
        return Formula()
    return cell or None


def _encoding(path: Path) -> str:
    """Read whole once, so that no row is taken in a wrong script. Raises BadInput workbook.encoding."""
    with path.open("rb") as file:
        marked = file.read(2) in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if marked else _ENCODINGS:
        try:
            with path.open(encoding=encoding) as typed:
                while typed.read(1 << 20):
                    pass
            return encoding
        except UnicodeError:
            continue
    raise BadInput("encoding", code="workbook.encoding", file=path.name)

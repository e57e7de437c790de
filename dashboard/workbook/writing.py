"""The empty form and the export: one workbook, the same sheets and headings that the import reads. Text stays text in every cell."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from dashboard.i18n import t
from dashboard.workbook.titles import allowed, heading, title, typed, word
from data.errors import BadInput
from data.rules.workbook import EXAMPLE, SHEETS, Column, Sheet

ROWS_CHECKED = 5_000  # of the form, by the spreadsheet's own list of allowed words
WIDE = {"line": 44, "address": 30, "debtor_address": 30, "case_no": 30, "cause": 22, "name": 18, "applicant": 20, "debtor": 20, "phone": 16}
HINTED = frozenset(
    {"court.code", "court.name", "officers.badge_no", "officers.unit_no", "officers.account", "vehicles.unit_no", "devices.unit_no",
     "places.id", "fences.line", "cases.judge", "cases.area"}
)  # fmt: skip


def write_form(path: Path) -> None:
    """The empty form: a sheet of notes, then each sheet with its headings, one example and the words that are allowed.

    Raises BadInput workbook.exists: a form that somebody has filled in is never written over; workbook.form_kind, workbook.unwritable.
    """
    if path.exists():
        raise BadInput("exists", code="workbook.exists", file=path.name)
    check_target(path)
    save(_form(), path)


def form_bytes() -> bytes:
    """The same, for a browser."""
    return _bytes(_form())


def _form() -> Workbook:
    book = Workbook(write_only=True)
    _write_notes(book)
    for sheet in SHEETS.values():
        page = _page(book, sheet, checked=True)
        example = [_example(sheet, place, column) for place, column in enumerate(sheet.columns)]
        page.append([_cell(page, value, faint=True) for value in example])
    return book


def court_book(sheets: Mapping[str, Iterator[Mapping[str, Any]]], civil_offset_s: int) -> tuple[Workbook, dict[str, int]]:
    """What the court holds, by sheet, and how many rows of each. A text that begins like a formula is written as text."""
    book = Workbook(write_only=True)
    counts = {}
    for name, rows in sheets.items():
        sheet = SHEETS[name]
        page = _page(book, sheet, checked=False)
        counts[name] = 0
        for row in rows:
            page.append([_cell(page, typed(column, row.get(column.key), civil_offset_s)) for column in sheet.columns])
            counts[name] += 1
    return book, counts


def _bytes(book: Workbook) -> bytes:
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _page(book: Workbook, sheet: Sheet, checked: bool) -> Any:
    page = book.create_sheet(title(sheet))
    page.freeze_panes = "B2"
    for place, column in enumerate(sheet.columns, 1):
        letter = get_column_letter(place)
        page.column_dimensions[letter].width = WIDE.get(column.key, 14)
        if checked and column.values:
            words = ",".join(allowed(column))
            rule = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True, showErrorMessage=True)
            rule.error, rule.errorTitle = t("workbook.choose"), heading(column)
            rule.add(f"{letter}2:{letter}{ROWS_CHECKED}")
            page.data_validations.dataValidation.append(rule)
    page.append([_head(page, column) for column in sheet.columns])
    return page


def _write_notes(book: Workbook) -> None:
    page = book.create_sheet(t("workbook.notes"))
    for letter, width in (("A", 14), ("B", 18), ("C", 10), ("D", 64), ("E", 26)):
        page.column_dimensions[letter].width = width
    for place in range(1, 6):
        page.append([_cell(page, t(f"workbook.note_{place}"))])
    page.append([])
    page.append([_head(page, t(f"workbook.note_head_{name}")) for name in ("sheet", "column", "needed", "words", "key")])
    for sheet in SHEETS.values():
        for column in sheet.columns:
            needed = t("workbook.needed") if column.needed else ""
            fill_in = " · ".join(allowed(column)) or _what(sheet, column)
            page.append([_cell(page, value) for value in (title(sheet), heading(column), needed, fill_in, f"{sheet.name}.{column.key}")])


def _what(sheet: Sheet, column: Column) -> str:
    """What belongs there: for most its kind says it."""
    name = f"{sheet.name}.{column.key}"
    return t(f"workbook.hint.{name}") if name in HINTED else t(f"workbook.kind_{column.kind}")


def _example(sheet: Sheet, place: int, column: Column) -> str:
    said = t(f"workbook.example.{sheet.name}.{column.key}")
    said = word(column, said) if said in column.values else said
    return f"{EXAMPLE}{said}" if place == 0 else said


def _head(page: Any, column: Column | str) -> Any:
    said = column if isinstance(column, str) else heading(column) + ("*" if column.needed else "")
    cell = WriteOnlyCell(page, said)
    cell.font = Font(bold=True, color="FFFFFF")
    cell.fill = PatternFill("solid", fgColor="1F3A5F")
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    return cell


def _cell(page: Any, value: Any, faint: bool = False) -> Any:
    """A string is a string cell, also `=1+1`; spreadsheets then show it and compute nothing, also after somebody edits beside it."""
    if value is None:
        return None
    cell = WriteOnlyCell(page, value)
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = value[:1] in ("=", "+", "-", "@")
    elif isinstance(value, datetime):
        cell.number_format = "yyyy-mm-dd"
    if faint:
        cell.font = Font(italic=True, color="7F7F7F")
    return cell


def check_target(path: Path) -> None:
    """Raises BadInput workbook.form_kind, workbook.unwritable."""
    if path.suffix.lower() != ".xlsx":
        raise BadInput("kind", code="workbook.form_kind", file=path.name)
    if not os.access(path.absolute().parent, os.W_OK):  # before the first row: a workbook begun and not saved leaves its temporary files
        raise BadInput("folder", code="workbook.unwritable", file=path.name)


def save_into(book: Workbook, descriptor: int) -> None:
    """Into a file that is open, which no folder needs to name."""
    with os.fdopen(os.dup(descriptor), "wb") as file:
        book.save(file)


def save(book: Workbook, path: Path) -> None:
    """For its owner alone, whole or not at all: it holds names. Raises BadInput workbook.unwritable."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            book.save(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise BadInput("file", code="workbook.unwritable", file=path.name) from error
    finally:
        with suppress(OSError):
            part.unlink()

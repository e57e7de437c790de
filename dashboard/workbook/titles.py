"""Headings and allowed words of the workbook, in both languages and as keys: what a person may type for what we mean."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from dashboard.i18n import LANGUAGES, read, t
from data.rules.workbook import SHEETS, Column, Kind, Sheet, fold

_MANY = "；"
TITLE_ROWS = 10  # a heading stands in one of the first rows; above it a list may have a name


def title(sheet: Sheet) -> str:
    return t(f"workbook.sheet.{sheet.name}")


def heading(column: Column) -> str:
    return t(column.heading)


def word(column: Column, value: str) -> str:
    return t(f"workbook.value.{column.key}.{value}")


def allowed(column: Column) -> list[str]:
    """The words that a cell of it may hold."""
    return [word(column, value) for value in column.values]


def typed(column: Column, value: Any, civil_offset_s: int) -> Any:
    """A value as a cell of the sheet says it."""
    if value is None:
        return None
    if column.values:
        key = {True: "yes", False: "no"}.get(value, value) if column.kind is Kind.FLAG else value
        return word(column, key) if key in column.values else key
    match column.kind:
        case Kind.YUAN:
            return f"{value // 100}.{value % 100:02}"
        case Kind.DAY:
            return (value + timedelta(seconds=civil_offset_s)).strftime("%Y-%m-%d")
        case Kind.NAMES:
            return _MANY.join(value)
        case _:
            return value


@cache
def sheet_of(typed: str) -> Sheet | None:
    """The sheet whose name this is."""
    names = {fold(name): sheet for sheet in SHEETS.values() for name in (sheet.name, *_in_words(f"workbook.sheet.{sheet.name}"))}
    return names.get(fold(typed))


@cache
def said(name: str) -> dict[str, dict[str, str]]:
    """Of each column with allowed words: the value that a folded word means."""
    return {
        column.key: {fold(typed): value for value in column.values for typed in (value, *_in_words(f"workbook.value.{column.key}.{value}"))}
        for column in SHEETS[name].columns
        if column.values
    }


@cache
def _headings(name: str) -> dict[str, str]:
    columns = SHEETS[name].columns
    return {fold(typed): each.key for each in columns for typed in (each.key, *_in_words(each.heading))}


def columns_of(sheet: Sheet, cells: Sequence[Any]) -> dict[int, str]:
    """Which column stands at which place of this row, if it is the heading; else nothing."""
    known = _headings(sheet.name)
    found = {place: known[fold(cell)] for place, cell in enumerate(cells) if isinstance(cell, str) and fold(cell) in known}
    return found if len(set(found.values())) >= min(2, len(sheet.columns)) else {}


def best_sheet(cells: Sequence[Any]) -> Sheet | None:
    """For a file that does not say what it is: the sheet most of whose needed headings stand here, all of them."""
    fits = [sheet for sheet in SHEETS.values() if set(sheet.needed) <= set(columns_of(sheet, cells).values())]
    return max(fits, key=lambda sheet: len(columns_of(sheet, cells)), default=None)


def _in_words(key: str) -> Iterator[str]:
    for language in LANGUAGES:
        yield _texts(language)(key)


@cache
def _texts(language: str) -> Any:
    return read(language)

"""`ecc import`: the files' rows through the actions, whole batches at a time; what was committed stays, whatever happens next.

Others write between two batches: a batch holds the database for a part of a second. Stopped at any instant, the next run goes on, for
rows that are there already change nothing.
"""

import fcntl
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from dashboard.i18n import of_error, t
from dashboard.naming import check_named
from dashboard.upgrade import upgrade
from dashboard.workbook.reading import Book, Merged, Table, opened
from dashboard.workbook.titles import TITLE_ROWS, allowed, best_sheet, columns_of, heading, said, sheet_of, title, typed
from data.actions.organisation import found_court
from data.actions.workbook import Done, Outcome, bring_in
from data.engines import Database, foreign_errors, open_database
from data.errors import BadInput, CommandCentreError, DatabaseUnavailable, RuleBroken
from data.journal import Journal, Work
from data.rules.permissions import SYSTEM, Actor
from data.rules.workbook import EXAMPLE, SHEETS, CellRefused, Change, Column, Seen, Sheet, read_row
from data.sealing import load_sealing
from data.settings import Settings, sqlite_file, sqlite_url
from data.tables import CourtRow

ALIKE = 10  # rows of one sheet refused in one column for one reason that are named one by one; what is beside them must stay in sight
CHANGES_MOST = 200  # rows of one sheet of which it is told what changes; the others are counted
LONGEST_CHANGE = 80  # of a value that is told
REASONS = 1_000  # that are told apart; beyond, each row is named again
TRIES = 12  # of a batch, when somebody else holds the database for longer than five seconds
Say = Callable[[str], None]


@dataclass
class Report:
    """What came of it: of each sheet how many rows became what. tell: hears each refused row and each secret at once: they may be many.

    note: the same as values, for a page that draws a table: {"is": added | changed | refused | said | given, …}.
    """

    tell: Say
    progress: Callable[[str, int], None] = lambda _, __: None
    note: Callable[[dict[str, Any]], None] = lambda _: None
    counts: dict[str, Counter[Done]] = field(default_factory=dict)
    complaints: int = 0
    _alike: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # by sheet, column and reason

    def complain(self, sentence: str, **refused: Any) -> None:
        """refused: of one row, where it stands and why."""
        self.complaints += 1
        if self._one_more(refused) <= ALIKE:
            self.tell(sentence)
        self.note({"is": "refused", **refused} if refused else {"is": "said", "text": sentence})

    def _one_more(self, refused: dict[str, Any]) -> int:
        """How many rows were refused so by now."""
        key = tuple(str(refused.get(name)) for name in ("sheet", "column", "why"))
        if not refused or (key not in self._alike and len(self._alike) >= REASONS):
            return 0
        self._alike[key[0], key[1], key[2]] += 1
        return self._alike[key[0], key[1], key[2]]

    def tell_alike(self) -> None:
        """At the end: of what was not named row by row, how many there were."""
        for (sheet, column, why), count in self._alike.items():
            if count > ALIKE:
                self.tell(t("workbook.alike", sheet=sheet, column=column or "–", why=why, count=count - ALIKE))

    def total(self, done: Done) -> int:
        return sum(counts[done] for counts in self.counts.values())

    @property
    def good(self) -> bool:
        return self.complaints == 0


def import_files(
    settings: Settings,
    files: Sequence[Path],
    report: Report,
    dry_run: bool = False,
    actor: Actor = SYSTEM,
    before_first: Callable[[], None] = lambda: None,
) -> None:
    """Everything that these files hold. Raises BadInput and TooLarge for a file that cannot be read at all, before any row is taken.

    actor: who brings them; a person's rights are asked for every row. before_first: the last moment at which nothing is written; it may
    raise. One at a time in a home, whoever runs it. Raises RuleBroken workbook.busy.
    """
    with ExitStack() as stack:
        stack.enter_context(_one_at_a_time(settings))
        books = [stack.enter_context(opened(file)) for file in files]
        found = [(sheet, book, table) for book in books for sheet, table in _sheets(book, report)]
        found.sort(key=lambda each: list(SHEETS).index(each[0].name))  # teams before officers, whatever stands where
        court = stack.enter_context(_copy(settings) if dry_run else _itself(settings))
        court.actor = actor
        before_first()
        for _, group in groupby(found, key=lambda each: each[0].name):
            seen: dict[Any, str] = {}
            for sheet, book, table in group:
                _Import(court, report, sheet, book, table, seen, settings.civil_offset_s).run()
        report.tell_alike()


@contextmanager
def _one_at_a_time(settings: Settings) -> Iterator[None]:
    """The kernel lets go of it when the process ends, however it ends."""
    with (settings.run / "import.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RuleBroken("another import", code="workbook.busy") from error
        yield


def _sheets(book: Book, report: Report) -> Iterator[tuple[Sheet, Table]]:
    """The sheets of a file that are ours; hidden ones and strangers are named."""
    for table in book.tables:
        if table.hidden:
            report.tell(t("workbook.hidden", file=book.name, sheet=table.title))
        elif (sheet := sheet_of(table.title) or (_first_fit(table) if len(book.tables) == 1 else None)) is not None:
            yield sheet, table
        elif table.title != t("workbook.notes"):
            report.complain(t("workbook.unknown_sheet", file=book.name, sheet=table.title))


def _first_fit(table: Table) -> Sheet | None:
    """A file with one sheet may be called as it likes: its headings say what it is."""
    begun = []
    found = None
    for row in table.rows:
        begun.append(row)
        found = best_sheet(row[1])
        if found is not None or len(begun) >= TITLE_ROWS:
            break
    table.rows = _again(begun, table.rows)
    return found


def _again(begun: list[tuple[int, list[Any]]], rest: Iterator[tuple[int, list[Any]]]) -> Iterator[tuple[int, list[Any]]]:
    yield from begun
    yield from rest


# --- one sheet --------------------------------------------------------------------------------------------------------------------


@dataclass
class _Row:
    number: int
    columns: dict[str, int]
    values: dict[str, Any]


@dataclass
class _Import:
    """The rows of one sheet of one file."""

    court: "_Court"
    report: Report
    sheet: Sheet
    book: Book
    table: Table
    seen: dict[Any, str]  # the row that named a key first
    civil_offset_s: int
    _merged: dict[int, Merged] = field(default_factory=dict)  # by row

    def run(self) -> None:
        counts = self.report.counts.setdefault(self.sheet.name, Counter())
        batch: list[_Row] = []
        for row in self._read(counts):
            batch.append(row)
            if len(batch) == self.sheet.batch:
                self._take(batch, counts)
                batch = []
        if batch:
            self._take(batch, counts)
        if self.court.dry and counts[Done.CHANGED] > CHANGES_MOST:
            self.report.tell(t("workbook.more_changes", sheet=title(self.sheet), count=counts[Done.CHANGED] - CHANGES_MOST))

    def _read(self, counts: Counter[Done]) -> Iterator[_Row]:
        columns: dict[int, str] = {}
        for place, (number, cells) in enumerate(self.table.rows):
            if not columns:
                columns = columns_of(self.sheet, cells)
                if columns and not self._heading(columns, number, cells):
                    return
                if not columns and place >= TITLE_ROWS:
                    break
                continue
            if not _is_example(cells):
                row = self._row(columns, number, cells)
                if row is None:
                    counts[Done.REFUSED] += 1
                else:
                    yield row
        if not columns:
            self.report.complain(t("workbook.no_heading", **self._where()))

    def _heading(self, columns: dict[int, str], number: int, cells: Sequence[Any]) -> bool:
        """Whether every needed column is there; columns that are not ours are named."""
        self._merged = {row: each for each in self.table.merged for row in range(max(each.first, number + 1), each.last + 1)}
        missing = [heading(self.sheet.column(key)) for key in self.sheet.needed if key not in columns.values()]
        if missing:
            self.report.complain(t("workbook.missing_columns", columns="、".join(missing), **self._where()))
            return False
        strange = [str(cell)[:32] for place, cell in enumerate(cells) if cell is not None and place not in columns]
        if strange:
            self.report.tell(t("workbook.strange_columns", columns="、".join(strange), **self._where()))
        return True

    def _row(self, columns: dict[int, str], number: int, cells: Sequence[Any]) -> _Row | None:
        places = {key: place for place, key in columns.items()}
        merged = self._merged.get(number)
        if merged is not None:
            self._refuse(number, None, BadInput("merged", code="workbook.merged", ref=merged.ref))
            return None
        typed = {key: cells[place] for key, place in places.items() if place < len(cells)}
        try:
            values = read_row(self.sheet, typed, said(self.sheet.name), self.civil_offset_s)
        except CellRefused as refused:
            self._refuse(number, refused.column, refused.error, places)
            return None
        return _Row(number, places, values) if self._first(number, values, places) else None

    def _first(self, number: int, values: dict[str, Any], places: dict[str, int]) -> bool:
        """Whether no row before it has said the same key; of two the first counts."""
        key = values[self.sheet.key]
        key = (key, values["device"]) if self.sheet.name == "devices" else key
        before = self.seen.setdefault(key, f"{self.book.name} {self.table.title} {number}")
        if before != f"{self.book.name} {self.table.title} {number}":
            self._refuse(number, self.sheet.key, BadInput("twice", code="workbook.twice", row=before), places)
            return False
        return True

    def _take(self, batch: Sequence[_Row], counts: Counter[Done]) -> None:
        outcomes = self.court.take(self.sheet.name, [row.values for row in batch], self.book.digest)
        for row, outcome in zip(batch, outcomes, strict=True):
            counts[outcome.done] += 1
            if outcome.error is not None:
                self._refuse(row.number, _column_of(self.sheet, outcome.error), outcome.error, row.columns)
            if outcome.done is Done.ADDED:
                self.report.note(self._noted(row, outcome))
            elif outcome.done is Done.CHANGED and counts[Done.CHANGED] <= CHANGES_MOST:
                self._tell_change(row, outcome)
            if outcome.given is not None and not self.court.dry:
                kind, whose, secret = outcome.given
                self.report.tell(t(f"workbook.given_{kind}", whose=whose, secret=secret))
                self.report.note({"is": "given", "kind": kind, "whose": whose, "secret": secret})
        self.report.progress(title(self.sheet), sum(counts.values()))

    def _noted(self, row: _Row, outcome: Outcome) -> dict[str, Any]:
        """A row that is new or other, and what of it, as a person reads it."""
        changes = [[*self._told(change), change.seen.value] for change in outcome.changes]
        what = str(row.values[self.sheet.key])[:64]
        return {"is": outcome.done.value, "sheet": title(self.sheet), "row": row.number, "what": what, "changes": changes}

    def _tell_change(self, row: _Row, outcome: Outcome) -> None:
        noted = self._noted(row, outcome)
        self.report.note(noted)
        if self.court.dry:
            changes = "；".join(_said_change(*self._told(change), change.seen) for change in outcome.changes)
            self.report.tell(t("workbook.would_change", sheet=noted["sheet"], row=row.number, what=noted["what"], changes=changes))

    def _told(self, change: Change) -> tuple[str, str | None, str | None]:
        """The column's heading, what was there and what comes, in words."""
        column = self.sheet.column(change.column)
        before, now = (_shown(column, value, self.civil_offset_s) for value in (change.before, change.now))
        return heading(column), before, now

    def _refuse(self, number: int, column: str | None, error: CommandCentreError, places: dict[str, int] | None = None) -> None:
        if column and error.code == "workbook.choice":
            error.params["allowed"] = "、".join(allowed(self.sheet.column(column)))
        why = _sentence(self.sheet, error, self.civil_offset_s)
        if column is None:
            where = {"sheet": self.table.title, "row": number, "column": "", "cell": "", "why": why}
            self.report.complain(t("workbook.refused_row", row=number, why=why, **self._where()), **where)
            return
        at = places.get(column) if places else None
        sign = "" if at is None else f"{_letters(at)}{number}"
        named = heading(self.sheet.column(column))
        where = {"sheet": self.table.title, "row": number, "column": named, "cell": sign, "why": why}
        self.report.complain(t("workbook.refused", row=number, column=named, cell=sign, why=why, **self._where()), **where)

    def _where(self) -> dict[str, str]:
        return {"file": self.book.name, "sheet": self.table.title}


_COLUMN_OF = {
    "not_found.team": "team",
    "role.own": "role",
    "not_found.judge": "judge",
    "case.judge_ambiguous": "judge",
    "not_found.area": "area",
    "unit.exists": "unit_no",
    "unit.has_number": "unit_no",
    "unit.bad_number": "unit_no",
    "not_found.unit": "unit_no",
    "identity.username_taken": "account",
    "identity.bad_username": "account",
    "geo.not_a_fence": "line",
    "workbook.line": "line",
    "place.not_a_degree": "lat",
    "case.gone_on": "stage",
    "case.closed": "stage",
    "case.suspended": "stage",
    "case.less_recovered": "recovered",
    "case.half_closed": "closed_on",
    "case.closed_before_filed": "closed_on",
    "court.other": "code",
}


def _column_of(sheet: Sheet, error: CommandCentreError) -> str | None:
    """The column that an action's refusal is about, if it is about one."""
    names = [str(error.params.get("field", "")), _COLUMN_OF.get(error.code, "")]
    keys = {column.key for column in sheet.columns}
    return next((name for name in names if name in keys), None)


def _said_change(column: str, before: str | None, now: str | None, seen: Seen) -> str:
    if seen is Seen.NEITHER:
        return t("workbook.change_hidden", column=column)
    nothing = t("workbook.nothing")
    if seen is Seen.NOW:
        return t("workbook.change_now", column=column, now=now or nothing)
    return t("workbook.change", column=column, before=before or nothing, now=now or nothing)


def _sentence(sheet: Sheet, error: CommandCentreError, civil_offset_s: int) -> str:
    """Why, with the column's heading where the sentence names a field."""
    name = error.params.get("field")
    known = next((column for column in sheet.columns if column.key == name), None)
    if known is not None:
        error.params["field"] = heading(known)
        for side in {"here", "there"} & error.params.keys():
            error.params[side] = _shown(known, error.params[side], civil_offset_s) or t("workbook.nothing")
    return of_error(error)


def _shown(column: Column, value: Any, civil_offset_s: int) -> str | None:
    """As a cell of the sheet would say it, not for ever long; None stays None: nothing was there, or it is not to be read here."""
    if value is None:
        return None
    said = str(typed(column, value, civil_offset_s))
    return said if len(said) <= LONGEST_CHANGE else f"{said[:LONGEST_CHANGE]}…"


def _is_example(cells: Sequence[Any]) -> bool:
    first = next((cell for cell in cells if cell is not None), None)
    return isinstance(first, str) and first.startswith(EXAMPLE)


def _letters(place: int) -> str:
    """A, B … Z, AA, as spreadsheets count columns."""
    found = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


# --- where the rows go ------------------------------------------------------------------------------------------------------------


class _Court:
    """Takes batches, each as one transaction."""

    dry = False
    actor: Actor = SYSTEM

    def __init__(self, journal: Journal, settings: Settings) -> None:
        self._journal = journal
        self._settings = settings

    def take(self, sheet: str, rows: Sequence[dict[str, Any]], digest: str) -> list[Outcome]:
        """What each row became; tried again while somebody else holds the database. Raises DatabaseUnavailable, StorageFull."""
        for left in range(TRIES, 0, -1):
            try:
                with self._work() as work:
                    self._be_founded(work, sheet)
                    return bring_in(work, sheet, rows, digest)
            except DatabaseUnavailable:
                if left == 1:
                    raise
                time.sleep(0.5)
        raise AssertionError("not reached")

    @contextmanager
    def _work(self) -> Iterator[Work]:
        with self._journal.work(self.actor, datetime.now(UTC)) as work:
            yield work

    def _be_founded(self, work: Work, sheet: str) -> None:
        """The settings name a court before its own sheet does. Raises Misconfigured misconfigured.court_missing."""
        own = self._settings
        if work.session.get(CourtRow, own.court_code) is not None:
            return
        check_named(own)
        if sheet != "court":
            found_court(work, own.court_code, own.court_name, duty_phone=own.duty_phone or None)


class _DryCourt(_Court):
    """The same on a copy that is thrown away."""

    dry = True


class _UncommittedCourt(_DryCourt):
    """The same in one transaction that never ends well: for PostgreSQL, which keeps what is not committed apart. Uses no number."""

    def __init__(self, journal: Journal, settings: Settings, session: Session) -> None:
        super().__init__(journal, settings)
        self._session = session

    @contextmanager
    def _work(self) -> Iterator[Work]:
        own = self._settings
        yield Work(self._session, self.actor, datetime.now(UTC), self._journal.sealing, own.court_code, own.civil_offset_s)
        self._session.flush()


@contextmanager
def _itself(settings: Settings) -> Iterator[_Court]:
    upgrade(settings)
    with closing(open_database(settings.database_url)) as database:
        yield _Court(_journal(database, settings), settings)


@contextmanager
def _copy(settings: Settings) -> Iterator[_Court]:
    """What an import would do, shown on a copy of the database that is gone afterwards; the real one is only read."""
    if not settings.database_url.startswith("sqlite"):
        upgrade(settings)
        with closing(open_database(settings.database_url)) as database, foreign_errors(), Session(database.writes) as session:
            yield _UncommittedCourt(_journal(database, settings), settings, session)  # left without a commit: taken back
        return
    for left in settings.run.glob("rehearsal-*"):  # of one that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=settings.run) as folder:
        there = Path(folder) / "ecc.db"
        here = sqlite_file(settings.database_url)
        if here and here.exists():
            with (
                closing(sqlite3.connect(f"{here.absolute().as_uri()}?mode=ro", uri=True)) as source,
                closing(sqlite3.connect(there)) as target,
            ):
                source.backup(target)
        copied = settings.but(database_url=sqlite_url(there))
        upgrade(copied)
        with closing(open_database(copied.database_url)) as database:
            yield _DryCourt(_journal(database, copied), copied)


def _journal(database: Database, settings: Settings) -> Journal:
    return Journal(database, load_sealing(settings.keys), settings.court_code, civil_offset_s=settings.civil_offset_s)

"""`ecc export` and the page's export: what the court holds, as the workbook that `ecc import` reads; a trace is left before the first row.

A page's export is made by a process of its own, into a file without a name: a hundred thousand cases take a minute and hold nobody up.
"""

import ctypes
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from dashboard import i18n
from dashboard.i18n import of_error
from dashboard.upgrade import upgrade
from dashboard.workbook.writing import check_target, court_book, save, save_into
from data.actions.workbook import begin_export, end_export
from data.engines import open_database
from data.errors import CommandCentreError
from data.journal import Journal
from data.queries.wall import sight_of
from data.queries.workbook import court_rows
from data.rules.permissions import SYSTEM, Actor, Role
from data.sealing import load_sealing
from data.settings import Settings, load

_PR_SET_PDEATHSIG = 1
_FOLDER = "export-"


def export(settings: Settings, path: Path, with_cases: bool = True) -> dict[str, int]:
    """Returns how many rows of each sheet. Raises BadInput workbook.form_kind, workbook.unwritable."""
    check_target(path)
    upgrade(settings)
    return write_out(settings, SYSTEM, with_cases, None, lambda book: save(book, path))


def write_out(settings: Settings, actor: Actor, with_cases: bool, reason: str | None, keep: Callable[[Any], None]) -> dict[str, int]:
    """The court's workbook, given to `keep`. Raises NotPermitted, also for cases by whom they are not to be had; BadInput text.…"""
    sealing = load_sealing(settings.keys)
    sight = sight_of(actor, court_code=settings.court_code)
    with closing(open_database(settings.database_url)) as database, _apart(settings):
        journal = Journal(database, sealing, settings.court_code, civil_offset_s=settings.civil_offset_s)
        journal.do(actor, datetime.now(UTC), begin_export, sight, with_cases, reason)
        with database.reading() as session:
            sheets = court_rows(session, sight, actor, sealing)
            wanted = {name: rows for name, rows in sheets.items() if with_cases or name != "cases"}
            book, counts = court_book(wanted, settings.civil_offset_s)
            keep(book)
        journal.do(actor, datetime.now(UTC), end_export, counts, reason)
    return counts


@contextmanager
def _apart(settings: Settings) -> Iterator[None]:
    """A large workbook is written by way of temporary files: within the home, where nobody else reads, and gone afterwards."""
    for left in settings.run.glob(f"{_FOLDER}*"):  # of one that was killed
        if not Path("/proc", left.name.removeprefix(_FOLDER)).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder, before = settings.run / f"{_FOLDER}{os.getpid()}", tempfile.tempdir
    folder.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)


def main(descriptor: int) -> int:
    """The job is one line on stdin: {"actor": {…}, "cases", "reason"}. The workbook goes into the descriptor; said is what came of it."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    i18n.check()
    settings = load()
    job = orjson.loads(sys.stdin.buffer.readline())
    actor = Actor(**(job["actor"] | {"role": Role(job["actor"]["role"])}))
    try:
        said: dict[str, Any] = {"counts": write_out(settings, actor, job["cases"], job["reason"], lambda book: save_into(book, descriptor))}
    except CommandCentreError as error:
        said = {"error": {"code": error.code, "text": of_error(error), "verb": error.params.get("verb")}}
    sys.stdout.buffer.write(orjson.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))

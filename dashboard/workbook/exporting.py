"""`ecc export`: what the court holds, as the workbook that `ecc import` reads; a trace is left before the first row is read."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from dashboard.upgrade import upgrade
from dashboard.workbook.writing import write_court
from data.actions.audit import record_audit
from data.engines import open_database
from data.journal import Journal
from data.queries.workbook import court_rows
from data.rules.identity import Act
from data.rules.permissions import SYSTEM
from data.sealing import load_sealing
from data.settings import Settings


def export(settings: Settings, path: Path) -> dict[str, int]:
    """Returns how many rows of each sheet. Raises BadInput workbook.form_kind, workbook.unwritable."""
    upgrade(settings)
    sealing = load_sealing(settings.keys)
    with closing(open_database(settings.database_url)) as database:
        journal = Journal(database, sealing, settings.court_code, civil_offset_s=settings.civil_offset_s)
        with journal.work(SYSTEM, datetime.now(UTC)) as work:
            record_audit(work, Act.EXPORT, "workbook", settings.court_code, result="begun")
        with database.reading() as session:
            rows = court_rows(session, SYSTEM, settings.court_code, sealing)
            counts = write_court(path, rows, settings.civil_offset_s)
        with journal.work(SYSTEM, datetime.now(UTC)) as work:
            counted = (f"{sheet}:{count}" for sheet, count in counts.items())
            record_audit(work, Act.EXPORT, "workbook", settings.court_code, fields=counted)
    return counts

"""Tables that leave the house (attack 25): written in two places, and both make a text of what a spreadsheet would reckon with."""

import re
from pathlib import Path

import dashboard

ROOT = Path(dashboard.__file__).parent
WRITES = re.compile(r"csv\.(?:Dict)?[wW]riter\(|openpyxl import Workbook|text/csv|spreadsheetml|to_csv\(|to_excel\(")
# Each has its own attack: test_admin_audit.py (every cell of every line), test_workbook.py (there and back).
KNOWN = {"admin/audit.py", "admin/workbook.py", "workbook/writing.py"}


def test_25_no_other_door_writes_a_table() -> None:
    """A new one is named here once it has the same test: nothing in it begins as a formula does."""
    files = [path for path in ROOT.rglob("*.py") if "vendor" not in path.parts]
    assert {path.relative_to(ROOT).as_posix() for path in files if WRITES.search(path.read_text(encoding="utf-8"))} == KNOWN
    scripts = [path for path in ROOT.rglob("*.mjs") if "vendor" not in path.parts]
    assert [path.name for path in scripts if WRITES.search(path.read_text(encoding="utf-8"))] == []

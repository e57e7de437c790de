"""Every code that is raised in `data` has its sentence, and every sentence of the event stream can be said."""

import re
from pathlib import Path

from dashboard import i18n
from data.queries.entries import SIGNS

CODE = re.compile(r'code="([a-z_.]+)"')
HELD = re.compile(r'"(not_found\.[a-z_]+)"')


def test_every_code_has_its_sentence() -> None:
    texts = [file.read_text() for file in (Path(__file__).parents[2] / "data").rglob("*.py")]
    codes = {code for text in texts for code in CODE.findall(text) + HELD.findall(text)}
    assert len(codes) > 60
    assert {code for code in codes if f"error.{code}" not in i18n.t} == set()


def test_every_entry_can_be_said() -> None:
    missing = {f"entry.{kind}.{part}" for kind in SIGNS for part in ("title", "detail") if f"entry.{kind}.{part}" not in i18n.t}
    assert missing == set()

"""Whose centre this is: said once, before anything is written, for the code stands in every entry of the journal."""

import json
import re
from pathlib import Path

from sqlalchemy import select

from dashboard.supervise import write_secret
from dashboard.upgrade import upgrade
from data.engines import open_database
from data.errors import Misconfigured, RuleBroken
from data.settings import UNNAMED, Settings
from data.tables import CourtRow


def check_named(settings: Settings) -> None:
    """Nothing of a court is written before it is said which one. Raises Misconfigured misconfigured.court_missing."""
    if settings.court_code == UNNAMED and not settings.demo:
        raise Misconfigured("no court", code="misconfigured.court_missing", path=settings.home / "ecc.toml")


def name_court(settings: Settings, code: str, name: str, duty_phone: str | None = None, file: Path | None = None) -> Path:
    """The settings file that says so now; what else stands in it stays as it is.

    Raises Misconfigured for a code or name that cannot be one, RuleBroken court.named when this home is another court's already.
    """
    said = {"court_code": code.strip(), "court_name": name.strip()} | ({} if duty_phone is None else {"duty_phone": duty_phone.strip()})
    named = settings.but(**said)
    check_named(named)
    upgrade(settings)
    database = open_database(settings.database_url)
    try:
        with database.reading() as session:
            founded = session.scalars(select(CourtRow.code)).first()
    finally:
        database.close()
    if founded not in (None, named.court_code):
        raise RuleBroken("another court", code="court.named", found=founded)
    path = file or settings.home / "ecc.toml"
    write_secret(path, _said(path.read_text(encoding="utf-8") if path.exists() else "", said))
    return path


def _said(text: str, values: dict[str, str]) -> str:
    """The same file with these keys; one that stands there, also as a sample behind a #, is said anew in its place."""
    for key, value in values.items():
        line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
        as_is = line.replace("\\", "\\\\")
        text, count = re.subn(rf"(?m)^[ \t]*(?:#[ \t]*)?{key}[ \t]*=.*$", as_is, text, count=1)
        if not count:
            text += f"{line}\n" if not text or text.endswith("\n") else f"\n{line}\n"
    return text

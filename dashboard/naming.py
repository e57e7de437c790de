"""Whose centre this is: said once, before anything is written, for the code stands in every entry of the journal."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from dashboard.supervise import write_secret
from dashboard.upgrade import upgrade
from data.actions.organisation import change_court
from data.engines import open_database
from data.errors import Misconfigured, RuleBroken
from data.journal import Journal
from data.rules.permissions import SYSTEM
from data.sealing import load_sealing
from data.settings import UNNAMED, Settings, said_here
from data.tables import CourtRow


def check_named(settings: Settings) -> None:
    """Nothing of a court is written before it is said which one. Raises Misconfigured misconfigured.court_missing."""
    if settings.court_code == UNNAMED and not settings.demo:
        raise Misconfigured("no court", code="misconfigured.court_missing", path=settings.home / "ecc.toml")


@dataclass(frozen=True, slots=True)
class Named:
    """path: the file that says so now. overridden: variables of this environment that say otherwise, with their values; they win."""

    path: Path
    overridden: dict[str, str]


def name_court(settings: Settings, code: str, name: str, duty_phone: str | None = None, file: Path | None = None) -> Named:
    """The settings file says so now; what else stands in it stays as it is. A court that is founded has name and telephone at once.

    Raises Misconfigured for a code or name that cannot be one, RuleBroken court.named when this home is another court's already.
    """
    said = {"court_code": code.strip(), "court_name": name.strip()} | ({} if duty_phone is None else {"duty_phone": duty_phone.strip()})
    named = settings.but(**said)
    check_named(named)
    upgrade(settings)
    database = open_database(settings.database_url)
    try:
        with database.reading() as session:
            founded = session.scalars(select(CourtRow)).first()
        if founded is not None and founded.code != named.court_code:
            raise RuleBroken("another court", code="court.named", found=founded.code)
        phone = named.duty_phone if duty_phone is not None or founded is None else founded.duty_phone
        if founded is not None and (founded.name, founded.duty_phone) != (named.court_name, phone):
            journal = Journal(database, load_sealing(named.keys), named.court_code, civil_offset_s=named.civil_offset_s)
            journal.do(SYSTEM, datetime.now(UTC), change_court, name=named.court_name, duty_phone=phone)
    finally:
        database.close()
    path = file or settings.home / "ecc.toml"
    write_secret(path, _said(path.read_text(encoding="utf-8") if path.exists() else "", said))
    beaten = {variable: value for variable, value in said_here(said).items() if value != said[variable.removeprefix("ECC_").lower()]}
    return Named(path, beaten)


def _said(text: str, values: dict[str, str]) -> str:
    """The same file with these keys; one that stands there, also as a sample behind a #, is said anew in its place."""
    for key, value in values.items():
        line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
        as_is = line.replace("\\", "\\\\")
        text, count = re.subn(rf"(?m)^[ \t]*(?:#[ \t]*)?{key}[ \t]*=.*$", as_is, text, count=1)
        if not count:
            text += f"{line}\n" if not text or text.endswith("\n") else f"\n{line}\n"
    return text

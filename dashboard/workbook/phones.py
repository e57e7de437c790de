"""`ecc enrol --sheet`: one A4 page after another with a code for each officer's phone; a link works once, and not for long."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboard.i18n import t
from data.actions.links import make_link
from data.errors import BadInput
from data.journal import Work
from data.queries.workbook import phones_wanted
from data.rules.links import Purpose

_templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)


@dataclass(frozen=True, slots=True)
class Code:
    """What one officer cuts out."""

    no: int
    who: str
    team: str
    link: str
    picture: str  # <svg>


def codes(work: Work, origin: str, lasts: timedelta, team: str | None, everybody: bool) -> list[Code]:
    """A link for each officer with a number who has no phone yet; everybody: for a second phone too. Raises BadInput link.lifetime."""
    found = phones_wanted(work.session, work.actor, team, everybody)
    made = []
    for no, name, title, its_team in found:
        link = f"{origin}/link/{make_link(work, Purpose.ENROL, unit_no=no, ttl=lasts)}"
        picture = segno.make(link, error="m").svg_inline(scale=4, border=2, omitsize=True)
        made.append(Code(no, t("workbook.who", name=name, title=title), its_team or "", link, picture))
    return made


def sheet_of_codes(court: str, made: Sequence[Code], until: datetime) -> str:
    """The page itself."""
    return _templates.get_template("phones.html").render(t=t, court=court, codes=made, until=f"{until:%Y-%m-%d %H:%M}")


def write_sheet(path: Path, court: str, made: Sequence[Code], until: datetime) -> None:
    """A page of its own, readable by its owner alone, nothing to load: print it, hand it out, delete it. Raises BadInput."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise BadInput("kind", code="workbook.sheet_kind", file=path.name)
    page = sheet_of_codes(court, made, until)
    try:
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(page)
    except OSError as error:
        raise BadInput("file", code="workbook.unwritable", file=path.name) from error

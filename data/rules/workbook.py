"""The workbook in which a court puts itself in: its sheets, its columns, and what a cell must hold.

A value is read in every form that people really type (dates, amounts, yes and no) or refused with a reason; nothing is guessed in silence.
Headings and allowed words stand in the texts; here are their keys.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from data.errors import BadInput, CommandCentreError
from data.rules import case_numbers, words
from data.rules.cases import ClosingKind, SideState, Stage
from data.rules.permissions import WITHOUT_CASES, Actor, Role, Sight, Verb, may

EXAMPLE = "例："  # a row whose first word begins so is the form's own example
_CHINA_LAT, _CHINA_LON = (3.0, 54.0), (73.0, 136.0)
SURE_DIGITS = 15  # of a number cell; spreadsheets forget the rest
OF_PEOPLE = (Role.DUTY, Role.COMMANDER, Role.LEADER, Role.JUDGE, Role.FIELD, Role.FUND, Role.TECHNICAL, Role.INSPECTOR, Role.UPPER)
COMPANY = re.compile(r".{2,}(?:公司|银行|支行|分行|合作社|委员会|集团|厂)")  # anything else is a person until the sheet says so


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    YUAN = "yuan"
    DAY = "day"
    DEGREE = "degree"
    FLAG = "flag"
    CASE_NO = "case_no"
    NAMES = "names"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key, accepted as a heading too. needed: a row without it is refused. said: its heading's text, if not by key."""

    key: str
    kind: Kind = Kind.TEXT
    needed: bool = False
    longest: int = 64
    values: tuple[str, ...] = ()
    said: str = ""

    @property
    def heading(self) -> str:
        """The key of the heading's text."""
        return f"workbook.column.{self.said or self.key}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `key`: the column that says which one it is; two rows with the same are a mistake. batch: rows of one transaction."""

    name: str
    columns: tuple[Column, ...]
    key: str
    batch: int = 25

    def column(self, key: str) -> Column:
        return next(column for column in self.columns if column.key == key)

    @property
    def needed(self) -> tuple[str, ...]:
        return tuple(column.key for column in self.columns if column.needed)


class Formula:
    """A cell that computes. It is named and refused: what it showed last is nobody's word."""


class Fault:
    """A cell in which the spreadsheet itself shows an error."""


class CellRefused(Exception):
    """A cell that cannot be taken: its column's key, and why."""

    def __init__(self, column: str, error: CommandCentreError) -> None:
        super().__init__(column)
        self.column = column
        self.error = error


def _choice(key: str, *values: str, needed: bool = False) -> Column:
    return Column(key, Kind.CHOICE, needed, values=values)


_PLACE = (Column("lat", Kind.DEGREE), Column("lon", Kind.DEGREE), _choice("src_crs", "WGS84", "GCJ02", "BD09"))
_TRUE_PLACE = tuple(Column(each.key, each.kind, each.kind is Kind.DEGREE, values=each.values) for each in _PLACE)

# In the order in which one stands on the other.
SHEETS: dict[str, Sheet] = {
    sheet.name: sheet
    for sheet in (
        Sheet(
            "court",
            (Column("code", needed=True, longest=16), Column("name", needed=True), Column("duty_phone", longest=32), *_PLACE),
            "code",
        ),
        Sheet("teams", (Column("name", needed=True, longest=32),), "name"),
        Sheet(
            "officers",
            (
                Column("badge_no", needed=True, longest=32),
                Column("name", needed=True, said="person"),
                Column("title", needed=True, longest=16),
                _choice("role", *(role.value for role in OF_PEOPLE), needed=True),
                Column("team", longest=32),
                Column("leader", Kind.FLAG, values=("yes", "no")),
                _choice("sex", "M", "F"),
                Column("phone", longest=32),
                Column("unit_no", Kind.NUMBER),
                Column("account", longest=32),
            ),
            "badge_no",
            batch=1,  # an account's password takes a fifth of a second to hash, and others write meanwhile
        ),
        Sheet(
            "vehicles",
            (
                Column("unit_no", Kind.NUMBER, needed=True),
                _choice("kind", "POLICE", "COMMAND", "TRANSPORT", "TOW", needed=True),
                Column("plate", longest=16),
                Column("team", longest=32),
            ),
            "unit_no",
        ),
        Sheet("devices", (Column("unit_no", Kind.NUMBER, needed=True), _choice("device", "VEHICLE", "BODYCAM_4G", needed=True)), "unit_no"),
        Sheet(
            "places",
            (
                Column("id", needed=True, longest=32),
                Column("street", needed=True, longest=32),
                Column("name", needed=True, longest=32),
                *_TRUE_PLACE,
            ),
            "id",
        ),
        Sheet(
            "fences",
            (
                Column("name", needed=True),
                _choice("fence", "WATCH", "COURT", needed=True),
                Column("line", needed=True, longest=30_000),
                _PLACE[2],
            ),
            "name",
        ),
        Sheet(
            "cases",
            (
                Column("case_no", Kind.CASE_NO, needed=True),
                Column("cause", needed=True),
                Column("filed_on", Kind.DAY, needed=True),
                Column("matter"),
                Column("judge"),
                _choice("stage", *(stage.value for stage in Stage if stage is not Stage.CLOSED)),
                _choice("side_state", *(side.value for side in SideState)),
                Column("claim", Kind.YUAN),
                Column("recovered", Kind.YUAN),
                Column("area", longest=32),
                Column("applicant", Kind.NAMES, longest=2000),
                Column("applicant_phone", longest=32),
                Column("debtor", Kind.NAMES, longest=2000),
                _choice("debtor_kind", "person", "company"),
                Column("debtor_id_no", longest=32),
                Column("debtor_phone", longest=32),
                Column("debtor_address", longest=200),
                Column("address", longest=200),
                *_PLACE,
                Column("closed_on", Kind.DAY),
                _choice("closing_kind", *(kind.value for kind in ClosingKind)),
            ),
            "case_no",
            batch=250,
        ),
    )
}


class Seen(StrEnum):
    """How much of a change is told before it is brought in."""

    BOTH = "both"
    NOW = "now"  # what the sheet says; what was here is not for whoever brings it
    NEITHER = "neither"  # that it changes: who wants to read it gives a reason elsewhere, and leaves a trace


@dataclass(frozen=True, slots=True)
class Change:
    """One column of a row that is here already: what was there, what the sheet says. What is not to be seen is None."""

    column: str
    before: Any = None
    now: Any = None
    seen: Seen = Seen.BOTH


# `domain/rules.md` E.7 «ID/phone/address full»: R*, with a reason and a trace, for every role; a look at a workbook asks for none.
PERSONAL = frozenset({"phone", "applicant_phone", "debtor_id_no", "debtor_phone", "debtor_address", "address"})
OF_PARTIES = frozenset({"applicant", "debtor"})


def as_seen(change: Change, reads_cases: bool) -> Change:
    """The change of a case, or of an officer, as whoever brings it may see it. reads_cases: see `cases_go_along`."""
    if change.column in PERSONAL or (change.column in OF_PARTIES and not reads_cases):
        return Change(change.column, seen=Seen.NEITHER)
    return change if reads_cases else Change(change.column, now=change.now, seen=Seen.NOW)


def cases_go_along(actor: Actor, sight: Sight) -> bool:
    """Whether an export of this person may hold the cases: who may read every case of the court, in the clear, and no other.

    `domain/rules.md` E.7: the commander and the leaders of the court (R*: with a reason, and recorded), and the machine's own command line;
    never 技术值守, who brings a list in and keeps the machines: his Sight has no case at all. The duty officer, the judge and the inspector
    read cases one by one, each look for itself; nobody of them carries all of them away.
    """
    return may(actor, Verb.EXPORT_CASES) and sight.role not in WITHOUT_CASES


def read_row(sheet: Sheet, cells: Mapping[str, Any], said: Mapping[str, Mapping[str, str]], civil_offset_s: int) -> dict[str, Any]:
    """What a row says, by column; a column that is empty says nothing. Raises CellRefused.

    said: of each column with allowed words, the key of each word, folded.
    """
    row: dict[str, Any] = {}
    for column in sheet.columns:
        cell = cells.get(column.key)
        try:
            value = read_cell(column, cell, said.get(column.key, {}), civil_offset_s)
            if value is None and column.needed:
                raise BadInput(column.key, code="workbook.empty")
        except CommandCentreError as error:
            raise CellRefused(column.key, error) from error
        if value is not None:
            row[column.key] = value
    _check_place(row)
    return row


def read_cell(column: Column, cell: Any, said: Mapping[str, str], civil_offset_s: int) -> Any:
    """The value of one cell, None if it is empty. Raises BadInput workbook.…, text.…, case_number.bad."""
    if isinstance(cell, Formula):
        raise BadInput("formula", code="workbook.formula")
    if isinstance(cell, Fault):
        raise BadInput("error cell", code="workbook.fault")
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    match column.kind:
        case Kind.DAY:
            return day(cell, civil_offset_s)
        case Kind.YUAN:
            return cents(cell)
        case Kind.NUMBER:
            return number(cell)
        case Kind.DEGREE:
            return degree(cell)
        case Kind.CHOICE:
            return _chosen(text(cell), said)
        case Kind.FLAG:
            return _chosen("yes" if cell is True else "no" if cell is False else text(cell), said) == "yes"
        case Kind.CASE_NO:
            return case_numbers.normalise(text(cell))
        case Kind.NAMES:
            return tuple(words.word(name, column.key, 120) for name in re.split(r"[;；、\n]", words_of(cell, column)) if name.strip())
        case _:
            return words.word(words_of(cell, column), column.key, column.longest)


def fold(word: str) -> str:
    """A heading or an allowed word as it is compared: without blanks, width and case."""
    return "".join(unicodedata.normalize("NFKC", word).split()).rstrip("*").casefold()


def words_of(cell: Any, column: Column) -> str:
    """A text cell with line breaks where names are listed, blanks elsewhere."""
    kept = text(cell)
    if len(kept) > 32_767:
        raise BadInput(column.key, code="text.too_long", field=column.key, longest=column.longest)
    return kept if column.kind is Kind.NAMES else " ".join(kept.split("\n"))


def text(cell: Any) -> str:
    """A telephone number that stands as a number is text; one that has lost digits is refused.

    Raises BadInput workbook.long_number, workbook.fault.
    """
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, int | float):
        if math.isnan(cell):
            raise BadInput("number", code="workbook.fault")
        if abs(cell) >= 10**SURE_DIGITS:
            raise BadInput("number", code="workbook.long_number")
        return str(int(cell)) if cell == int(cell) else repr(cell)
    if isinstance(cell, datetime | date):
        return cell.strftime("%Y-%m-%d")
    return str(cell)


# --- numbers ----------------------------------------------------------------------------------------------------------------------


def number(cell: Any) -> int:
    """A whole number. Raises BadInput workbook.number."""
    kept = unicodedata.normalize("NFKC", text(cell)) if not isinstance(cell, datetime | date | bool) else ""
    if not re.fullmatch(r"\d{1,10}", kept, re.ASCII):
        raise BadInput("number", code="workbook.number")
    return int(kept)


def cents(cell: Any) -> int:
    """An amount in yuan, also `1,234.50`, `¥80`, `12.5万元`, as whole 分. Raises BadInput workbook.amount."""
    if isinstance(cell, bool | datetime | date):
        raise BadInput("amount", code="workbook.amount")
    typed = unicodedata.normalize("NFKC", repr(cell) if isinstance(cell, float) else str(cell))
    typed = re.sub(r"[\s,]|^[¥¥]|^人民币|元$", "", typed)
    many = 10_000 if typed.endswith("万") else 1
    try:
        exact = Decimal(typed.removesuffix("万")) * many * 100
        whole = int(exact.to_integral_value()) if exact.is_finite() else -1
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise BadInput("amount", code="workbook.amount") from error
    if not 0 <= whole <= words.MOST_CENTS or abs(exact - whole) > Decimal("0.001"):
        raise BadInput("amount", code="workbook.amount")
    return whole


def degree(cell: Any) -> float:
    """Decimal degrees. Raises BadInput place.not_a_degree."""
    try:
        found = float(unicodedata.normalize("NFKC", str(cell)).strip().rstrip("°")) if not isinstance(cell, bool) else float("nan")
    except ValueError as error:
        raise BadInput("degree", code="place.not_a_degree") from error
    if not abs(found) <= 180:
        raise BadInput("degree", code="place.not_a_degree")
    return found


def _check_place(row: Mapping[str, Any]) -> None:
    lat, lon = row.get("lat"), row.get("lon")
    if (lat is None) != (lon is None):
        raise CellRefused("lat" if lat is None else "lon", BadInput("half a place", code="place.half"))
    if lat is not None and lon is not None and exchanged(lat, lon):
        raise CellRefused("lat", BadInput("turned round", code="workbook.turned"))


def to_the_centimetre(degree: float | None) -> float | None:
    """As a sheet says a place: what was drawn more finely is the same place, or an export would not come in again unchanged."""
    return None if degree is None else round(degree, 7)


def exchanged(lat: float, lon: float) -> bool:
    """Whether the two stand in each other's place: so they lie nowhere near China, the other way round they lie in it."""
    return _CHINA_LON[0] < lat < _CHINA_LON[1] and _CHINA_LAT[0] < lon < _CHINA_LAT[1]


_PAIR = re.compile(r"\s*([-+]?\d+(?:\.\d+)?)[\s,，]+([-+]?\d+(?:\.\d+)?)\s*")


def line(typed: str) -> list[tuple[float, float]]:
    """The corners of a fence as (lat, lon): `POLYGON((lon lat, …))`, or pairs parted by semicolons, whichever number comes first.

    Raises BadInput workbook.line.
    """
    kept = unicodedata.normalize("NFKC", typed).strip()
    polygon = re.fullmatch(r"(?:SRID=\d+;\s*)?POLYGON\s*\(\(([^()]*)\)\)", kept, re.IGNORECASE)
    if polygon is None and ("(" in kept or len(kept) > 30_000):
        raise BadInput("line", code="workbook.line")
    corners = []
    for part in polygon[1].split(",") if polygon else re.split(r"[;\n]", kept):
        if not part.strip():
            continue
        pair = _PAIR.fullmatch(part)
        if pair is None:
            raise BadInput("line", code="workbook.line")
        first, second = float(pair[1]), float(pair[2])
        lon_first = polygon is not None or exchanged(first, second)
        corners.append((second, first) if lon_first else (first, second))
    if len(corners) < 3:
        raise BadInput("line", code="workbook.line")
    return corners


# --- days -------------------------------------------------------------------------------------------------------------------------

_DAY = re.compile(
    r"(\d{4})(?:([-/.年])(\d{1,2})([-/.月])(\d{1,2})日?|(\d{2})(\d{2}))(?:[ T]*\d{1,2}[:时]\d{1,2}(?:[:分]\d{1,2}(?:\.\d+)?)?[秒分Z]?)?"
)
_FIGURES = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_TENS = re.compile(r"([一二三四五六七八九]?)十([一二三四五六七八九]?)")


def day(cell: Any, civil_offset_s: int) -> datetime:
    """The moment at which this civil day began. Raises BadInput workbook.day, workbook.serial_day."""
    if isinstance(cell, datetime):
        found: date = cell.date()
    elif isinstance(cell, date):
        found = cell
    else:
        found = _typed_day(cell)
    try:
        return datetime.combine(found, time(), UTC) - timedelta(seconds=civil_offset_s)
    except OverflowError as error:
        raise BadInput("day", code="workbook.day") from error


def _typed_day(cell: Any) -> date:
    typed = unicodedata.normalize("NFKC", text(cell)).strip() if not isinstance(cell, bool) else ""
    if "年" in typed and not typed[:4].isdigit():  # 二〇二四年三月十五日
        typed = _TENS.sub(lambda ten: f"{ten[1] or '一'}{ten[2] or '〇'}", typed).translate(_FIGURES)
    if re.fullmatch(r"[2-6]\d{4}(\.\d+)?", typed):
        raise BadInput("day", code="workbook.serial_day")
    found = _DAY.fullmatch(typed)
    if found is None:
        raise BadInput("day", code="workbook.day")
    try:
        return date(int(found[1]), int(found[3] or found[6]), int(found[5] or found[7]))
    except ValueError as error:
        raise BadInput("day", code="workbook.day") from error


def _chosen(typed: str, said: Mapping[str, str]) -> str:
    try:
        return said[fold(typed)]
    except KeyError as error:
        raise BadInput("choice", code="workbook.choice") from error

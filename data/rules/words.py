"""What text, numbers and ids must look like before a row may hold them; everything else is refused with a code, never repaired."""

import math
import re
import unicodedata
from datetime import datetime

from data.errors import BadInput
from data.rules.civil import FAR_AHEAD

ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
SENDER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}")
MOST_CENTS = 10**15  # ten trillion yuan; a browser counts exactly up to nine times that
OLDEST_YEAR = 1990  # no case is older; catches 1970

# Bidirectional controls turn a sentence round on the wall; a surrogate alone cannot be written as UTF-8; NUL ends text in PostgreSQL.
UNSHOWABLE = re.compile("[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]")


def word(value: object, field: str, longest: int) -> str:
    """The text without blanks around it. Raises BadInput: text.empty, text.too_long, text.bad_character; params: field."""
    kept = _text(value, field).strip()
    if not kept:
        raise BadInput(field, code="text.empty", field=field)
    if len(kept) > longest:
        raise BadInput(field, code="text.too_long", field=field, longest=longest)
    if UNSHOWABLE.search(kept):
        raise BadInput(field, code="text.bad_character", field=field)
    return unicodedata.normalize("NFC", kept)


def word_or_none(value: object, field: str, longest: int) -> str | None:
    """As `word`, where the field may be missing."""
    return None if value is None else word(value, field, longest)


def ulid(value: object, field: str = "id") -> str:
    """An id made on a device. Raises BadInput id.not_ulid."""
    kept = _text(value, field).upper()
    if not ULID.fullmatch(kept):
        raise BadInput(field, code="id.not_ulid", field=field)
    return kept


def sender_id(value: object, field: str = "id") -> str:
    """A sender's own id of what it tells us about: 1 to 40 letters, digits, and . _ : -. Raises BadInput id.bad."""
    kept = _text(value, field)
    if not SENDER_ID.fullmatch(kept):
        raise BadInput(field, code="id.bad", field=field)
    return kept


def cents(value: object, field: str) -> int | None:
    """A whole, not negative amount in 分. Raises BadInput number.not_cents."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_CENTS:
        raise BadInput(field, code="number.not_cents", field=field)
    return value


def place(lat: float | None, lon: float | None) -> tuple[float | None, float | None]:
    """Both degrees or neither. Raises BadInput place.not_a_degree, place.half."""
    if lat is None and lon is None:
        return None, None
    if lat is None or lon is None:
        raise BadInput("half a place", code="place.half")
    if not (_finite(lat) and _finite(lon) and abs(lat) <= 90 and abs(lon) <= 180):
        raise BadInput("not a degree", code="place.not_a_degree")
    return float(lat), float(lon)


def moment(value: datetime, field: str, now: datetime, may_lie_ahead: bool = False) -> datetime:
    """A moment with its zone, after 1990, not ahead of us. Raises BadInput time.no_zone, time.too_old, time.future."""
    if value.tzinfo is None:
        raise BadInput(field, code="time.no_zone", field=field)
    if value.year < OLDEST_YEAR:
        raise BadInput(field, code="time.too_old", field=field)
    if not may_lie_ahead and value > now + FAR_AHEAD:
        raise BadInput(field, code="time.future", field=field)
    return value


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise BadInput(field, code="text.not_text", field=field)
    return value


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

"""谈话笔录: what the record of a talk with a party holds, when it may be completed, and its digest.

It is whole when it is completed; nobody changes it. A correction is the next version, which says why, and the former stays beside it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from data.errors import BadInput, TransitionRefused
from data.rules import words
from data.rules.participants import ParticipantState

LINE_LONGEST, ROW, ROWS_MOST = 120, 42, 10  # a row of print holds 42 signs; twice ten rows fit on one A4 page with all the rest
WHY_LONGEST = 60
OVER = frozenset({ParticipantState.LEFT, ParticipantState.REFUSED})


@dataclass(frozen=True, slots=True)
class Sheet:
    """facts: what the system itself knows, as it stood at completion; explained, said: typed at the desk, a line each."""

    facts: Mapping[str, Any]
    explained: tuple[str, ...]
    said: tuple[str, ...]
    why: str | None = None  # of a correction


def lines(typed: object, field: str) -> tuple[str, ...]:
    """The lines of a text, blank ones left out. Raises BadInput: text.not_text, text.empty, text.too_long, …, sheet.too_many_lines."""
    if not isinstance(typed, str):
        raise BadInput(field, code="text.not_text", field=field)
    kept = tuple(words.word(line, field, LINE_LONGEST) for line in typed.splitlines() if line.strip())
    if not kept:
        raise BadInput(field, code="text.empty", field=field)
    if sum(-(-len(line) // ROW) for line in kept) > ROWS_MOST:
        raise BadInput(field, code="sheet.too_many_lines", most=ROWS_MOST, row=ROW)
    return kept


def check_completion(state: ParticipantState, after: int, newest: int, why: str | None) -> int:
    """The number of the version that is completed now. after: the version that the writer had before him; 0: none.

    Raises TransitionRefused sheet.still_in (the talk is not over), sheet.newer_version (somebody was first); BadInput sheet.why (a
    correction says why).
    """
    if state not in OVER:
        raise TransitionRefused("still in", code="sheet.still_in", state=state.value)
    if after != newest:
        raise TransitionRefused("newer", code="sheet.newer_version", state=str(newest))
    if newest and why is None:
        raise BadInput("why", code="sheet.why")
    return newest + 1


def to_json(sheet: Sheet) -> str:
    """As it is sealed: the same sheet is always the same text."""
    return orjson.dumps(asdict(sheet), option=orjson.OPT_SORT_KEYS).decode()


def from_json(text: str) -> Sheet:
    read = orjson.loads(text)
    return Sheet(read["facts"], tuple(read["explained"]), tuple(read["said"]), read["why"])


def digest(text: str) -> str:
    """SHA-256 of the sheet's JSON, as it stands in the journal's chain."""
    return hashlib.sha256(text.encode()).hexdigest()


def of_recording(digests: Sequence[str]) -> str | None:
    """One digest for a recording: SHA-256 over the digests of its segments in their order; None without any."""
    return hashlib.sha256("".join(digests).encode()).hexdigest() if digests else None

"""A fault that somebody reports by one tap: what may come with it, how often, and how many may wait.

With it comes what the page knows of itself: version, page, network, rights, browser. Never a picture of the screen, a name, a place or an
address: `snapshot` keeps what stands here and drops the rest, whatever a page sends.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from data.errors import BadInput

LETTER = "障"
APART = timedelta(seconds=20)  # a second tap within it is the same report
HOUR = timedelta(hours=1)
AN_HOUR_MOST = 6  # of one reporter
OPEN_MOST = 200  # of the court: with so many waiting one more tells nobody anything
SENTENCE_LONGEST = 200
REMEDY_LONGEST = 200


class Face(StrEnum):
    """Where it was pressed."""

    WALL = "wall"
    DESK = "desk"
    FIELD = "field"
    JOIN = "join"


class FaultState(StrEnum):
    OPEN = "OPEN"
    TAKEN = "TAKEN"
    CLOSED = "CLOSED"


def face(value: object) -> Face:
    """Raises BadInput fault.face_unknown."""
    if value not in list(Face):
        raise BadInput("face", code="fault.face_unknown")
    return Face(str(value))


def _word(form: str) -> Callable[[object], str | None]:
    allowed = re.compile(form)
    return lambda value: value if isinstance(value, str) and allowed.fullmatch(value) else None


def _number(most: int) -> Callable[[object], int | None]:
    def read(value: object) -> int | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
            return None
        return round(value)

    return read


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


_RIGHT = _word(r"granted|denied|prompt|unknown")
_FORMS: Mapping[str, Callable[[object], Any]] = {
    "build": _word(r"[0-9a-f]{12}"),
    "page": _word(r"wall|desk|field|join"),
    "layout": _number(9),
    "screen": _word(r"map|video|cases"),
    "connection": _word(r"connecting|live|waiting|lost"),
    "seconds_silent": _number(10**7),
    "online": _truth,
    "network": _word(r"slow-2g|2g|3g|4g|wifi|cellular|ethernet|none|unknown"),
    "rtt_ms": _number(10**6),
    "down_kbps": _number(10**7),
    "clock_off_ms": _number(10**12),
    "down": _word(r"([a-z_]{1,24}(,|$)){0,8}"),
    "camera": _RIGHT,
    "microphone": _RIGHT,
    "geolocation": _RIGHT,
    "notifications": _RIGHT,
    "browser": _word(r"(Chromium|Chrome|Edge|Firefox|Safari|WeChat|other) ?\d{0,4}"),
    "system": _word(r"Android|iOS|Windows|macOS|Linux|other"),
    "width": _number(20_000),
    "height": _number(20_000),
    "scale_pct": _number(2_000),
    "waiting": _number(10**6),
    "waited_s": _number(10**7),  # in the page, until there was a line again
    "hidden": _truth,
    "error": _word(r"[a-z0-9_.]{1,48}"),
}
FIELDS = tuple(_FORMS)


def snapshot(told: object) -> dict[str, Any]:
    """What is kept of it: known fields of the right form. Raises BadInput: no object at all."""
    if not isinstance(told, Mapping):
        raise BadInput("snapshot", code="input.bad")
    read = {name: form(told[name]) for name, form in _FORMS.items() if name in told}
    return {name: value for name, value in read.items() if value is not None}


def same_trouble(told_at: datetime, told: Mapping[str, Any], other_at: datetime, other: Mapping[str, Any]) -> bool:
    """Whether two reports of one reporter are one: pressed at nearly the same time, whenever each of them arrived."""
    pressed, before = (at - timedelta(seconds=each.get("waited_s", 0)) for at, each in ((told_at, told), (other_at, other)))
    return abs(pressed - before) < APART


def state(taken: bool, closed: bool) -> FaultState:
    return FaultState.CLOSED if closed else FaultState.TAKEN if taken else FaultState.OPEN

"""What a Traccar Client sends, in its three forms (query, form body, JSON), as reported positions. Pure.

The forms follow Traccar's OsmAnd protocol: `id` or `deviceid`; `lat` and `lon`, or `location=lat,lon`; `timestamp` in seconds,
milliseconds, ISO 8601 or `yyyy-MM-dd HH:mm:ss`; `speed` in knots; `bearing` or `heading`; `batt` in percent. In the JSON form speed is in
m/s, -1 means «not measured», the battery's level is a fraction, and `coords` may be missing: then the phone only says that it lives.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from ulid import ULID

from data.errors import BadInput
from streaming.positions import Reported

KNOT_MPS = 1852 / 3600
SECONDS_TOP = 1e11  # a larger number is milliseconds: as seconds it would be the year 5138
MOMENT_BITS = 48  # of a ULID; reaches the year 10889
MOST_FIELDS = 100
MOST_IN_ONE = 500  # as the other doors

_PLUS_LOST = re.compile(r" (\d\d:?\d\d)$")  # +08:00 in a query that was not encoded
_TRUE = frozenset({"true", "1", "yes"})


@dataclass(frozen=True, slots=True)
class Said:
    """Who says it, by the key that was made at enrolment, and where he was; nothing if it was only a sign of life."""

    key: str
    reported: tuple[Reported, ...] = ()


def from_query(text: str, received_ms: int) -> Said:
    """A query, or a form body of the same shape. Raises BadInput. received_ms: the time of a position that names none."""
    try:
        said = dict(parse_qsl(text, max_num_fields=MOST_FIELDS, keep_blank_values=False, errors="strict"))
    except ValueError as error:
        raise _bad("not a query") from error
    key = said.get("id") or said.get("deviceid") or ""
    if not key:
        raise BadInput("no id", code="ingest.osmand_no_id")
    lat, lon = said.get("lat"), said.get("lon")
    if "location" in said:
        lat, _, lon = said["location"].partition(",")
    if (lat is None and lon is None) or said.get("valid", "true").lower() not in _TRUE:
        return Said(key)
    speed = _measured(said.get("speed"))
    return Said(key, (_reported(
        _moment_ms(said.get("timestamp"), received_ms), lat, lon, said.get("accuracy"), speed and speed * KNOT_MPS,
        _measured(said.get("bearing") or said.get("heading")), _percent(said.get("batt")), said.get("mock", "").lower() in _TRUE,
    ),))  # fmt: skip


def from_json(body: bytes, received_ms: int) -> Said:
    """The JSON form: one location or a list of them. Raises BadInput."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadInput("not JSON", code="ingest.not_json") from error
    if not isinstance(said, dict):
        raise _bad("not an object")
    key = said.get("device_id") or said.get("id") or said.get("deviceid")
    if not isinstance(key, str | int) or isinstance(key, bool) or not key:
        raise BadInput("no device_id", code="ingest.osmand_no_id")
    places = said.get("location")
    listed = places if isinstance(places, list) else [] if places is None else [places]
    if len(listed) > MOST_IN_ONE:
        raise _bad("too many locations")
    found = (_located(place, received_ms) for place in listed)
    return Said(str(key), tuple(each for each in found if each is not None))


def _located(place: Any, received_ms: int) -> Reported | None:
    if not isinstance(place, dict):
        raise _bad("location is no object")
    coords = place.get("coords")
    if coords is None:
        return None
    if not isinstance(coords, dict):
        raise _bad("coords are no object")
    return _reported(
        _moment_ms(place.get("timestamp"), received_ms), coords.get("latitude"), coords.get("longitude"), coords.get("accuracy"),
        _measured(coords.get("speed")), _measured(coords.get("heading")), _level(place.get("battery")), place.get("mock") is True,
    )  # fmt: skip


def _reported(
    t_ms: int, lat: Any, lon: Any, accuracy: Any, speed_mps: float | None, heading: float | None, battery: int | None, mock: bool
) -> Reported:
    """The position under an id that follows from its moment: sent again, it is the same one."""
    accuracy_m = None if accuracy is None else _number(accuracy)
    id_ = str(ULID.from_bytes(t_ms.to_bytes(MOMENT_BITS // 8, "big") + bytes(10)))
    return Reported(
        id_, t_ms, _number(lat), _number(lon), accuracy_m=accuracy_m, speed_mps=speed_mps, heading_deg=heading,
        battery_pct=battery, provider="FUSED", mock=mock,
    )  # fmt: skip


def _number(value: Any) -> float:
    """A number, as text or as itself; also one that is not finite, which the path of a position refuses by its own name."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _bad("not a number")
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise _bad("not a number") from error


def _measured(value: Any) -> float | None:
    """None for what was not measured: missing, or below zero."""
    if value is None:
        return None
    number = _number(value)
    return None if number < 0 else number


def _percent(value: Any) -> int | None:
    """Percent of a battery; some senders give a fraction. None when unknown."""
    number = _measured(value)
    if number is None or not math.isfinite(number):
        return None
    return min(100, round(number * 100 if 0 < number < 1 else number))


def _level(battery: Any) -> int | None:
    """A fraction, or an object that holds it as `level`; the JSON form knows no percent, but a larger number can be nothing else."""
    level = _measured(battery.get("level") if isinstance(battery, Mapping) else battery)
    if level is None or not math.isfinite(level):
        return None
    return min(100, round(level * 100 if level <= 1 else level))


def _moment_ms(value: Any, received_ms: int) -> int:
    if value is None:
        return received_ms
    t_ms = _clock_ms(value)
    if not 0 <= t_ms < 1 << MOMENT_BITS:
        raise BadInput("not a moment", code="ingest.bad_time")
    return t_ms


def _clock_ms(value: Any) -> int:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return _written_ms(value)
    if not math.isfinite(number):
        raise BadInput("not a moment", code="ingest.bad_time")
    return round(number if abs(number) >= SECONDS_TOP else number * 1000)


def _written_ms(value: Any) -> int:
    """A moment as text; without a zone it is UTC, as Traccar's server reads it."""
    try:
        moment = datetime.fromisoformat(_PLUS_LOST.sub(r"+\1", str(value).strip()))
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise BadInput("not a moment", code="ingest.bad_time") from error


def _bad(why: str) -> BadInput:
    return BadInput(why, code="ingest.osmand_bad_form")

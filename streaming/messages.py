"""What devices and the case system say, as it stands on the wire, and the reading of it: form only, no rule. Pure."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
import orjson

from data.errors import BadInput, NotPermitted
from data.rules.permissions import Actor
from data.rules.words import ULID
from geo.coordinates import Crs
from streaming.positions import Reported

EPOCH, MS = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


class FixMessage(msgspec.Struct, forbid_unknown_fields=False, gc=False):
    """One position on the wire."""

    id: str
    t: str
    lat: float
    lon: float
    src_crs: Crs = Crs.WGS84
    accuracy_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    battery_pct: float | None = None
    provider: Literal["GPS", "BDS", "NETWORK", "FUSED", "MANUAL"] = "GPS"
    mock: bool = False
    device: int | str | None = None  # may be named, but only the sender's own
    unit: int | str | None = None


class Batch(msgspec.Struct):
    """Positions on the wire. Each fix is decoded by itself, so that one of a bad form does not refuse the others."""

    fixes: list[msgspec.Raw]
    sent_at: str | None = None


class GoodBatch(msgspec.Struct):
    """The same, when every fix has a good form, as nearly always: read in one go, which is much quicker."""

    fixes: list[FixMessage]
    sent_at: str | None = None


class Press(msgspec.Struct):
    """A call or an alarm on the wire."""

    id: str
    t: str
    fix: msgspec.Raw = msgspec.Raw(b"null")  # a union with None would take null only


class DutyMessage(msgspec.Struct):
    id: str
    on: bool
    t: str


class SilenceMessage(msgspec.Struct):
    id: str
    minutes: int
    t: str = ""


class EndMessage(msgspec.Struct):
    id: str


class CallActMessage(msgspec.Struct):
    """What an officer does within his own call. id: of the call."""

    id: str
    act: str
    why: str = ""


class OrderMessage(msgspec.Struct):
    """A team's answer to an order. id: of the order."""

    id: str
    event: str
    t: str
    reason: str | None = None


class Cases(msgspec.Struct):
    """Changes of cases, as the court's case system tells them."""

    cases: list[msgspec.Raw]


class Missions(msgspec.Struct):
    """Steps of missions, from the case system or from the team's own phone."""

    missions: list[msgspec.Raw]


_good_batch = msgspec.json.Decoder(GoodBatch)
_batch = msgspec.json.Decoder(Batch)
_fix = msgspec.json.Decoder(FixMessage)


def batch_of(body: bytes) -> tuple[list[Any], str | None]:
    """The fixes of a body, each read or still to be read, and when it was sent. Raises BadInput.

    NaN and Infinity are no JSON, but many senders write them: their fix is refused by its own name, not the whole body.
    """
    with contextlib.suppress(msgspec.DecodeError, RecursionError):
        good = _good_batch.decode(body)
        return good.fixes, good.sent_at
    try:
        batch = _batch.decode(body)
        return list(batch.fixes), batch.sent_at
    except (msgspec.ValidationError, RecursionError) as error:
        raise BadInput(str(error), code="ingest.not_json") from error
    except msgspec.DecodeError as error:
        if b"NaN" not in body and b"Infinity" not in body:
            raise BadInput(str(error), code="ingest.not_json") from error
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadInput("not JSON", code="ingest.not_json") from error
    if not isinstance(said, dict) or not isinstance(said.get("fixes"), list):
        raise BadInput("no fixes", code="ingest.not_json")
    sent_at = said.get("sent_at")
    return said["fixes"], sent_at if isinstance(sent_at, str) else None


def fix_of(raw: Any) -> FixMessage:
    """One fix, from its bytes or as read already. Raises msgspec.DecodeError."""
    if type(raw) is FixMessage:
        return raw
    return _fix.decode(raw) if isinstance(raw, msgspec.Raw) else msgspec.convert(raw, FixMessage)


def own(actor: Actor, message: FixMessage) -> None:
    """A device speaks for itself only; it may name itself by its number or by its unit's. Raises NotPermitted."""
    if message.device is None and message.unit is None:
        return
    ours = {str(actor.device_no), str(actor.unit_no), actor.id}
    if any(named is not None and str(named) not in ours for named in (message.device, message.unit)):
        raise NotPermitted("device", code="ingest.other_device")


def as_reported(message: FixMessage) -> Reported:
    """A fix of right form. Raises ValueError for an id or a moment that is none."""
    level = message.battery_pct
    battery = None if level is None else round(max(0.0, min(100.0, level)))
    return Reported(
        ulid(message.id), instant_ms(message.t), message.lat, message.lon, message.src_crs, message.accuracy_m,
        message.speed_mps, message.heading_deg, battery, message.provider, message.mock,
    )  # fmt: skip


def ulid(text: str) -> str:
    """The id in its one spelling. Raises BadInput."""
    spelt = text.upper()
    if ULID.fullmatch(spelt) is None:  # a hundred times quicker than making one of it
        raise BadInput("not a ULID", code="ingest.bad_id")
    return spelt


def instant_ms(text: str) -> int:
    """ISO 8601 with a zone → ms since 1970. Raises BadInput."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return (moment - EPOCH) // MS
    except (ValueError, OverflowError) as error:
        raise BadInput("not a moment", code="ingest.bad_time") from error


def field_in(raw: Any, name: str) -> str:
    """What a row calls itself, also when it cannot be read."""
    if isinstance(raw, msgspec.Struct):
        return str(getattr(raw, name, ""))[:96]
    with contextlib.suppress(orjson.JSONDecodeError, AttributeError):
        said = orjson.loads(bytes(raw)) if isinstance(raw, msgspec.Raw) else raw
        return str(said.get(name, ""))[:96]
    return ""

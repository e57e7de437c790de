"""What every verb needs besides its rule: the row it changes, held; the next number of the day; whether a message came before."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

from data.errors import BadInput, NotFound, NotPermitted
from data.journal import Work
from data.rules import words
from data.rules.civil import daily_number, day_text
from data.tables import DeviceRow, ReceivedRow, Table, UnitRow

if TYPE_CHECKING:  # the relay writes too, and has no use for the numbers library behind it
    from geo.fixes import Fix

Row = TypeVar("Row", bound=Table)

_NEXT = text(
    "INSERT INTO counter (name, last, digest) VALUES (:name, 1, '') ON CONFLICT (name) DO UPDATE SET last = counter.last + 1 RETURNING last"
)
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def held(work: Work, table: type[Row], key: object, code: str) -> Row:
    """The row with this key, changed by nobody else until this work commits. Raises NotFound with this code.

    key_share: rows that merely point at this one can still be added by others.
    """
    row = held_or_none(work, table, key)
    if row is None:
        raise NotFound(str(key), code=code)
    return row


def found(work: Work, table: type[Row], key: object, code: str) -> Row:
    """The row with this key, only to look at. Raises NotFound with this code."""
    row = work.session.get(table, key)
    if row is None:
        raise NotFound(str(key), code=code)
    return row


def held_or_none(work: Work, table: type[Row], key: object) -> Row | None:
    """As `held`, None when there is no such row."""
    return work.session.get(table, key, with_for_update={"key_share": True})


def next_number(work: Work, letter: str) -> str:
    """The next number of this court and civil day: 呼〔20260112〕003."""
    day = day_text(work.now, work.civil_offset_s)
    work.session.flush()
    place = work.session.execute(_NEXT, {"name": f"{work.court_code} {letter} {day}"}).scalar_one()
    return daily_number(letter, day, place)


def first_time(work: Work, sender: str, message_id: str) -> bool:
    """Whether this message comes for the first time; from now on it does not. Of two at once one waits for the other's commit."""
    insert = _INSERT[work.session.get_bind().dialect.name]
    new = insert(ReceivedRow).values(sender=sender, message_id=message_id, at=work.now).on_conflict_do_nothing()
    return bool(work.session.execute(new.returning(ReceivedRow.at)).first())


def came_before(work: Work, sender: str, message_id: str) -> bool:
    """Whether this message came before."""
    return work.session.get(ReceivedRow, (sender, message_id)) is not None


def speaking(work: Work) -> tuple[UnitRow, int]:
    """The unit whose device speaks, held, and the device's number. Raises NotPermitted device.none, device.revoked."""
    if work.actor.unit_no is None or work.actor.device_no is None:
        raise NotPermitted("no device", code="device.none")
    unit = held(work, UnitRow, work.actor.unit_no, "not_found.unit")
    device = work.session.get(DeviceRow, work.actor.device_no)
    if device is None or device.revoked_at is not None or device.unit_no != unit.no:
        raise NotPermitted("device", code="device.revoked")
    return unit, device.no


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where somebody was who calls; nothing, if the phone did not know or said nonsense: no call is refused for a bad fix."""

    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    fix_at: datetime | None = None
    battery_pct: int | None = None


def whereabouts(fix: "Fix | None") -> Whereabouts:
    if fix is None:
        return Whereabouts()
    battery = fix.battery_pct if fix.battery_pct is not None and 0 <= fix.battery_pct <= 100 else None
    try:
        lat, lon = words.place(fix.lat, fix.lon)
        accuracy = fix.accuracy_m if fix.accuracy_m is not None and 0 <= fix.accuracy_m < 1e6 else None
        return Whereabouts(lat, lon, accuracy, datetime.fromtimestamp(fix.t_ms / 1000, UTC), battery)
    except (BadInput, ValueError, OverflowError, OSError):
        return Whereabouts(battery_pct=battery)

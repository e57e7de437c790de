"""Thousands of positions -> one small binary frame, and back; the format is written here and nowhere else.

One frame serves the bus (channel `fixes`) and `/live`. Everything is little-endian.

Header, 24 bytes::

    offset  type    meaning
         0  4 bytes magic "ECC1"
         4  u8      version, 1
         5  u8      kind: 0 some units, 1 all units (the reader forgets every unit that is not in it)
         6  u16     reserved, written 0, not read
         8  u64     sent_at, milliseconds since 1970 UTC, the server's clock
        16  u32     count of records, at most 100,000
        20  u32     reserved, written 0, not read

Then `count` records of 24 bytes each::

    offset  type    name      meaning
         0  u32     unit      the unit's number
         4  i32     lat       1e-7 degree, WGS 84
         8  i32     lon       1e-7 degree, WGS 84
        12  u32     age       milliseconds before sent_at, by the time at the source; 0 if ahead of it, 4294967295 = that or older
        16  u16     accuracy  metres, 65534 = that or worse, 65535 = unknown
        18  u8      heading   250 steps a circle clockwise from north (0-249), 255 = unknown
        19  u8      battery   percent, 255 = unknown
        20  u8      speed     half metres a second, 254 = that or faster, 255 = unknown
        21  u8      flags     bit 0 positioned by the network, bit 1 mock, bit 2 set by hand
        22  u16     pad       written 0, not read

On the bus kind is always 0: a bus message never says that the other units are gone.
"""

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from geo.fixes import Fix

FIX = np.dtype(
    [
        ("unit", "<u4"),
        ("lat", "<i4"),
        ("lon", "<i4"),
        ("age", "<u4"),
        ("accuracy", "<u2"),
        ("heading", "u1"),
        ("battery", "u1"),
        ("speed", "u1"),
        ("flags", "u1"),
        ("pad", "<u2"),
    ]
)
Records = NDArray[np.void]
Record = tuple[int, int, int, int, int, int, int, int, int, int]

MAGIC = b"ECC1"
VERSION = 1
MAX_RECORDS = 100_000  # ten times the largest court planned for: 2.4 MB, still one message
HEADER = struct.Struct("<4sBBHQII")

PER_DEGREE = 10_000_000
AGE_TOP = 0xFFFF_FFFF
ACCURACY_TOP, ACCURACY_UNKNOWN = 65_534, 65_535
HEADING_STEPS = 250
SPEED_TOP = 254
UNKNOWN = 255
NETWORK, MOCK, MANUAL = 1, 2, 4
PROVIDER_FLAGS = {"NETWORK": NETWORK, "MANUAL": MANUAL}


class NotAFrame(ValueError):
    """These bytes are no position frame, or these records make none."""

    code = "geo.not_a_frame"


class Kind(IntEnum):
    """Whether a frame speaks of some units or of all."""

    SOME = 0
    ALL = 1


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as read: its records are a read-only view of dtype FIX into the bytes."""

    kind: Kind
    sent_at_ms: int
    records: Records


def record_of(fix: Fix, sent_at_ms: int) -> Record:
    """One fix as a record: `np.array([record_of(...), ...], FIX)` makes the records of a frame.

    sent_at_ms: the sent_at that the frame will carry. The fix must have been believed (finite, real degrees).
    """
    accuracy, heading, battery, speed = fix.accuracy_m, fix.heading_deg, fix.battery_pct, fix.speed_mps
    return (
        fix.unit_no,
        round(fix.lat * PER_DEGREE),
        round(fix.lon * PER_DEGREE),
        min(max(sent_at_ms - fix.t_ms, 0), AGE_TOP),
        ACCURACY_UNKNOWN if accuracy is None else min(max(math.ceil(accuracy), 0), ACCURACY_TOP),
        UNKNOWN if heading is None else round(heading * (HEADING_STEPS / 360)) % HEADING_STEPS,
        UNKNOWN if battery is None else min(max(battery, 0), 100),
        UNKNOWN if speed is None else min(max(round(speed * 2), 0), SPEED_TOP),
        PROVIDER_FLAGS.get(fix.provider, 0) | (MOCK if fix.mock else 0),
        0,
    )


def records_of(fixes: Iterable[Fix], sent_at_ms: int) -> Records:
    """Many fixes as the records of one frame, in the same order."""
    return np.array([record_of(fix, sent_at_ms) for fix in fixes], FIX)


def fixes_of(records: Records, sent_at_ms: int) -> list[Fix]:
    """Records of a frame as fixes again, without id and device: neither travels. The time at the source is exact, unless it lay ahead."""
    return [
        Fix(
            "", unit, 0, sent_at_ms - age, lat / PER_DEGREE, lon / PER_DEGREE,
            None if accuracy == ACCURACY_UNKNOWN else float(accuracy), None if speed == UNKNOWN else speed / 2,
            None if heading == UNKNOWN else heading * (360 / HEADING_STEPS), None if battery == UNKNOWN else battery,
            "NETWORK" if flags & NETWORK else "MANUAL" if flags & MANUAL else "GPS", bool(flags & MOCK),
        )
        for unit, lat, lon, age, accuracy, heading, battery, speed, flags, _ in records.tolist()
    ]  # fmt: skip


def pack(records: Records, kind: int, sent_at_ms: int) -> bytes:
    """Records (n,) of dtype FIX as one frame.

    Raises NotAFrame if the dtype is another, the records are too many, or sent_at lies before 1970.
    """
    if records.dtype != FIX or records.ndim != 1:
        raise NotAFrame(f"records are {records.dtype} in {records.ndim} dimensions, not a row of FIX")
    if len(records) > MAX_RECORDS:
        raise NotAFrame(f"{len(records)} records, at most {MAX_RECORDS}")
    if not 0 <= sent_at_ms < 1 << 64:
        raise NotAFrame(f"sent_at {sent_at_ms} does not fit")
    return HEADER.pack(MAGIC, VERSION, Kind(kind), 0, sent_at_ms, len(records), 0) + records.tobytes()


def unpack(data: bytes) -> Frame:
    """A frame from its bytes.

    Raises NotAFrame if a byte is missing or too many, the magic, version or kind is another, the count is too large, or a record stands
    outside the degrees.
    """
    if len(data) < HEADER.size:
        raise NotAFrame(f"{len(data)} bytes, a header has {HEADER.size}")
    magic, version, kind, _, sent_at_ms, count, _ = HEADER.unpack_from(data)
    if magic != MAGIC or version != VERSION or kind not in (Kind.SOME, Kind.ALL):
        raise NotAFrame(f"magic {magic!r}, version {version}, kind {kind}")
    if count > MAX_RECORDS:
        raise NotAFrame(f"{count} records, at most {MAX_RECORDS}")
    if len(data) != HEADER.size + count * FIX.itemsize:
        raise NotAFrame(f"{len(data)} bytes for {count} records")
    records: Records = np.frombuffer(data, FIX, count, HEADER.size)
    _check_degrees(records)
    return Frame(Kind(kind), sent_at_ms, records)


def _check_degrees(records: Records) -> None:
    """Raise NotAFrame if a record lies outside ±90, ±180 degrees."""
    for name, top in (("lat", 90 * PER_DEGREE), ("lon", 180 * PER_DEGREE)):
        column = records[name]
        if len(column) and not (-top <= column.min() and column.max() <= top):
            raise NotAFrame(f"a record has {name} beyond ±{top // PER_DEGREE} degrees")


def latlon_of(records: Records) -> NDArray[np.float64]:
    """Places of the records: (n, 2) latitude, longitude in WGS 84 degrees."""
    return np.stack([records["lat"], records["lon"]], axis=1) / PER_DEGREE


def rebase(records: Records, from_ms: int, to_ms: int) -> Records:
    """A copy of the records for a frame sent at `to_ms`, made from one sent at `from_ms`: the time at the source stays the same.

    An age at the top stays at the top; an age that would be negative is 0.
    """
    rebased = records.copy()
    age = records["age"].astype(np.int64)
    aged = np.clip(age + (to_ms - from_ms), 0, AGE_TOP)
    rebased["age"] = np.where(age == AGE_TOP, AGE_TOP, aged)
    return rebased

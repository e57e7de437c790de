"""The binary frame of positions: what goes in comes out, and nothing else is taken for one."""

import dataclasses
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.fixes import Fix
from geo.packed import AGE_TOP, FIX, HEADER, MAX_RECORDS, Kind, NotAFrame, Records, latlon_of, pack, rebase, record_of, records_of, unpack

SENT_MS = 1_795_311_480_000
GOOD = Fix("01JD0000000000000000000001", 7, 70, SENT_MS - 1500, 40.0712345, 101.8234567, 8.0, 3.0, 90.0, 80, "GPS", False)

FIXES = st.builds(
    Fix,
    id=st.just("01JD0000000000000000000001"),
    unit_no=st.integers(0, 2**32 - 1),
    device_no=st.just(1),
    t_ms=st.integers(SENT_MS - 10**10, SENT_MS + 10**6),
    lat=st.floats(-90, 90),
    lon=st.floats(-180, 180),
    accuracy_m=st.none() | st.floats(0, 100_000),
    speed_mps=st.none() | st.floats(0, 300),
    heading_deg=st.none() | st.floats(0, 360),
    battery_pct=st.none() | st.integers(0, 100),
    provider=st.sampled_from(["GPS", "BDS", "NETWORK", "FUSED", "MANUAL"]),
    mock=st.booleans(),
)


def only(**changes: Any) -> np.void:
    record: np.void = records_of([dataclasses.replace(GOOD, **changes)], SENT_MS)[0]
    return record


def frame_of(count: int) -> bytes:
    return pack(np.zeros(count, FIX), Kind.SOME, SENT_MS)


def test_a_record_has_24_bytes_and_so_has_the_header() -> None:
    assert FIX.itemsize == 24
    assert HEADER.size == 24
    assert len(frame_of(3)) == 24 + 3 * 24


def test_the_bytes_stand_where_the_format_says() -> None:
    data = pack(records_of([GOOD], SENT_MS), Kind.ALL, SENT_MS)
    assert data[:4] == b"ECC1"
    assert struct.unpack_from("<BBHQII", data, 4) == (1, 1, 0, SENT_MS, 1, 0)
    assert struct.unpack_from("<IiiIHBBBBH", data, 24) == (7, 400712345, 1018234567, 1500, 8, 62, 80, 6, 0, 0)


@given(fixes=st.lists(FIXES, max_size=20), kind=st.sampled_from(Kind))
def test_what_is_packed_comes_out_again(fixes: list[Fix], kind: Kind) -> None:
    frame = unpack(pack(records_of(fixes, SENT_MS), kind, SENT_MS))
    assert frame.kind is kind
    assert frame.sent_at_ms == SENT_MS
    for fix, record, place in zip(fixes, frame.records, latlon_of(frame.records), strict=True):
        assert record["unit"] == fix.unit_no
        assert abs(place - (fix.lat, fix.lon)).max() <= 0.51e-7
        assert record["age"] == min(max(SENT_MS - fix.t_ms, 0), AGE_TOP)
        assert (record["battery"] == 255) == (fix.battery_pct is None)
        assert (record["accuracy"] == 65_535) == (fix.accuracy_m is None)
        assert fix.accuracy_m is None or record["accuracy"] >= min(fix.accuracy_m, 65_534)
        assert (record["speed"] == 255) == (fix.speed_mps is None)
        assert (record["heading"] == 255) == (fix.heading_deg is None)
        if fix.heading_deg is not None:
            assert record["heading"] < 250
            assert abs((record["heading"] * 1.44 - fix.heading_deg + 180) % 360 - 180) <= 0.73


@pytest.mark.parametrize(("provider", "mock", "flags"), [("GPS", False, 0), ("NETWORK", False, 1), ("BDS", True, 2), ("MANUAL", False, 4)])
def test_flags_say_how_the_place_was_found(provider: str, mock: bool, flags: int) -> None:
    assert only(provider=provider, mock=mock)["flags"] == flags


def test_a_time_ahead_of_the_server_has_no_negative_age() -> None:
    assert only(t_ms=SENT_MS + 4000)["age"] == 0


def test_a_very_old_time_stays_at_the_top_also_when_aged_again() -> None:
    records = records_of([dataclasses.replace(GOOD, t_ms=SENT_MS - 2**33)], SENT_MS)
    assert records["age"][0] == AGE_TOP
    assert rebase(records, SENT_MS, SENT_MS - 5000)["age"][0] == AGE_TOP


def test_north_is_0_also_from_just_before_it() -> None:
    assert only(heading_deg=359.9)["heading"] == 0
    assert only(heading_deg=360.0)["heading"] == 0


@given(fixes=st.lists(FIXES, min_size=1, max_size=5), moved_ms=st.integers(-(10**7), 10**7))
def test_rebasing_keeps_the_time_at_the_source(fixes: list[Fix], moved_ms: int) -> None:
    records = records_of(fixes, SENT_MS)
    before = records.copy()
    rebased = rebase(records, SENT_MS, SENT_MS + moved_ms)
    assert (records == before).all()
    for old, new in zip(records["age"].tolist(), rebased["age"].tolist(), strict=True):
        assert new == (AGE_TOP if old == AGE_TOP else min(max(old + moved_ms, 0), AGE_TOP))


def test_an_empty_frame_is_a_frame() -> None:
    assert len(unpack(frame_of(0)).records) == 0


def test_ten_thousand_records_are_packed_whole() -> None:
    records = np.zeros(10_000, FIX)
    records["unit"] = np.arange(10_000)
    assert (unpack(pack(records, Kind.ALL, SENT_MS)).records == records).all()


def changed(offset: int, value: bytes) -> bytes:
    data = bytearray(frame_of(2))
    data[offset : offset + len(value)] = value
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ECC1",
        frame_of(2)[:-1],
        frame_of(2) + b"\0",
        changed(0, b"ECC2"),
        changed(4, b"\x02"),
        changed(5, b"\x02"),
        changed(16, b"\x03"),
        changed(16, b"\xff\xff\xff\xff"),
        changed(28, struct.pack("<i", 900_000_001)),
        changed(28, struct.pack("<i", -(2**31))),
        changed(32, struct.pack("<i", 1_800_000_001)),
    ],
    ids=[
        "empty",
        "header cut",
        "byte missing",
        "byte too many",
        "magic",
        "version",
        "kind",
        "count",
        "huge count",
        "lat",
        "lat min",
        "lon",
    ],
)
def test_malformed_bytes_are_no_frame(data: bytes) -> None:
    with pytest.raises(NotAFrame) as refused:
        unpack(data)
    assert refused.value.code == "geo.not_a_frame"


@given(data=st.binary(max_size=100) | st.binary(max_size=60).map(lambda tail: b"ECC1\x01" + tail))
def test_any_bytes_are_a_frame_or_refused(data: bytes) -> None:
    try:
        frame = unpack(data)
    except NotAFrame:
        return
    assert len(data) == 24 + 24 * len(frame.records)


@pytest.mark.parametrize(
    ("records", "kind", "sent_at_ms"),
    [
        (np.zeros(MAX_RECORDS + 1, FIX), 0, SENT_MS),
        (np.zeros(1, np.float64), 0, SENT_MS),
        (np.zeros((2, 2), FIX), 0, SENT_MS),
        (np.zeros(1, FIX), 0, -1),
    ],
)
def test_what_makes_no_frame_is_not_packed(records: Records, kind: int, sent_at_ms: int) -> None:
    with pytest.raises(NotAFrame):
        pack(records, kind, sent_at_ms)


def test_what_was_read_cannot_be_written_over() -> None:
    records = unpack(frame_of(1)).records
    with pytest.raises(ValueError, match="read-only"):
        records["unit"] = 1


def test_one_record_is_one_row_of_the_dtype() -> None:
    assert np.array([record_of(GOOD, SENT_MS)], FIX) == records_of([GOOD], SENT_MS)

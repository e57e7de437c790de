"""The three forms of a Traccar Client."""

import json
import math
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput
from streaming.osmand import KNOT_MPS, Said, from_json, from_query

NOW = 1_795_397_880_000  # 2026-11-23T01:38:00Z
HERE = "id=k&lat=23.1&lon=113.2"


def sent(**location: object) -> bytes:
    return json.dumps({"device_id": "k", "location": location}).encode()


def test_a_query_is_one_position() -> None:
    said = from_query("id=k&lat=23.1&lon=113.2&timestamp=1795397870&speed=10&bearing=90&accuracy=8&batt=71.5&altitude=5&hdop=1", NOW)
    (one,) = said.reported
    assert (said.key, one.lat, one.lon, one.t_ms, one.heading_deg) == ("k", 23.1, 113.2, 1_795_397_870_000, 90.0)
    assert (one.accuracy_m, one.battery_pct, one.mock) == (8.0, 72, False)
    assert one.speed_mps == pytest.approx(10 * KNOT_MPS)


@pytest.mark.parametrize(
    ("written", "t_ms"),
    [
        ("1795397870", 1_795_397_870_000),
        ("1795397870.25", 1_795_397_870_250),
        ("1795397870123", 1_795_397_870_123),
        ("2026-11-23T01:37:50Z", 1_795_397_870_000),
        ("2026-11-23T01:37:50.123Z", 1_795_397_870_123),
        ("2026-11-23T09:37:50+08:00", 1_795_397_870_000),
        ("2026-11-23 01:37:50", 1_795_397_870_000),
    ],
)
def test_every_form_of_time_is_read(written: str, t_ms: int) -> None:
    assert from_query(f"{HERE}&{urlencode({'timestamp': written})}", NOW).reported[0].t_ms == t_ms
    assert from_query(f"{HERE}&timestamp={written}", NOW).reported[0].t_ms == t_ms  # as clients write it that do not encode


def test_a_position_without_a_time_is_of_now() -> None:
    assert from_query(HERE, NOW).reported[0].t_ms == NOW


def test_a_position_may_stand_in_one_word() -> None:
    (one,) = from_query("deviceid=k&location=23.1,113.2", NOW).reported
    assert (one.lat, one.lon) == (23.1, 113.2)


def test_what_was_not_measured_is_unknown() -> None:
    (one,) = from_query(f"{HERE}&speed=-1&heading=-1&batt=-1", NOW).reported
    assert (one.speed_mps, one.heading_deg, one.battery_pct) == (None, None, None)


@pytest.mark.parametrize("text", ["id=k", "id=k&batt=50", f"{HERE}&valid=false"])
def test_a_sign_of_life_has_no_position(text: str) -> None:
    assert from_query(text, NOW) == Said("k")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "ingest.osmand_no_id"),
        ("lat=1&lon=2", "ingest.osmand_no_id"),
        ("id=k&lat=1", "ingest.osmand_bad_form"),
        ("id=k&lat=one&lon=2", "ingest.osmand_bad_form"),
        ("id=k&location=23.1", "ingest.osmand_bad_form"),
        ("id=k&lat=%ff&lon=2", "ingest.osmand_bad_form"),
        ("&".join(f"f{n}=1" for n in range(200)), "ingest.osmand_bad_form"),
        (f"{HERE}&timestamp=yesterday", "ingest.bad_time"),
        (f"{HERE}&timestamp=-5", "ingest.bad_time"),
        (f"{HERE}&timestamp=1e400", "ingest.bad_time"),
    ],
)
def test_a_bad_query_says_what_is_wrong(text: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        from_query(text, NOW)
    assert refused.value.code == code


@pytest.mark.parametrize("lat", ["NaN", "Infinity", "-inf"])
def test_a_number_that_is_none_is_left_to_the_path_of_a_position(lat: str) -> None:
    (one,) = from_query(f"id=k&lat={lat}&lon=2", NOW).reported
    assert not math.isfinite(one.lat)


def test_json_is_one_position() -> None:
    coords = {"latitude": 23.1, "longitude": 113.2, "speed": 3.5, "heading": 45, "accuracy": 6, "altitude": 4}
    said = from_json(
        sent(timestamp="2026-11-23T01:37:50.123Z", coords=coords, event="motion", is_moving=True, odometer=9, battery={"level": 0.87}), NOW
    )
    (one,) = said.reported
    assert (said.key, one.lat, one.lon, one.t_ms, one.speed_mps) == ("k", 23.1, 113.2, 1_795_397_870_123, 3.5)
    assert (one.heading_deg, one.accuracy_m, one.battery_pct) == (45.0, 6.0, 87)


def test_json_without_coords_is_a_sign_of_life() -> None:
    assert from_json(sent(event="heartbeat", battery={"level": 1}), NOW) == Said("k")
    assert from_json(b'{"device_id":"k"}', NOW) == Said("k")


def test_json_says_unmeasured_by_minus_one() -> None:
    coords = {"latitude": 23.1, "longitude": 113.2, "speed": -1, "heading": -1}
    (one,) = from_json(sent(coords=coords, battery={"level": -1}), NOW).reported
    assert (one.speed_mps, one.heading_deg, one.battery_pct) == (None, None, None)


@pytest.mark.parametrize(("battery", "percent"), [(1, 100), (0.5, 50), ({"level": 1.0, "is_charging": True}, 100), (87, 87), ({}, None)])
def test_a_battery_is_a_fraction_or_holds_one(battery: object, percent: int | None) -> None:
    (one,) = from_json(sent(coords={"latitude": 1, "longitude": 2}, battery=battery), NOW).reported
    assert one.battery_pct == percent


def test_json_may_hold_several_positions() -> None:
    places = [{"timestamp": NOW + n, "coords": {"latitude": 1, "longitude": 2}} for n in range(3)]
    assert [one.t_ms for one in from_json(json.dumps({"device_id": "k", "location": places}).encode(), NOW).reported] == [
        NOW,
        NOW + 1,
        NOW + 2,
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "ingest.not_json"),
        (b"\xff\xfe", "ingest.not_json"),
        (b"[" * 100_000, "ingest.not_json"),
        (b"[]", "ingest.osmand_bad_form"),
        (b"{}", "ingest.osmand_no_id"),
        (b'{"device_id":true}', "ingest.osmand_no_id"),
        (b'{"device_id":"k","location":5}', "ingest.osmand_bad_form"),
        (b'{"device_id":"k","location":{"coords":[1,2]}}', "ingest.osmand_bad_form"),
        (b'{"device_id":"k","location":{"coords":{"latitude":1}}}', "ingest.osmand_bad_form"),
    ],
)
def test_bad_json_says_what_is_wrong(body: bytes, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        from_json(body, NOW)
    assert refused.value.code == code


@given(st.text())
def test_no_query_does_more_than_be_refused(text: str) -> None:
    try:
        from_query(text, NOW)
    except BadInput:
        pass


_values = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))
_place = st.fixed_dictionaries(
    {},
    optional={
        "timestamp": _values,
        "battery": _values | st.fixed_dictionaries({"level": _values}),
        "mock": _values,
        "coords": _values | st.fixed_dictionaries({"latitude": _values, "longitude": _values, "speed": _values, "heading": _values}),
    },
)


@given(st.fixed_dictionaries({"device_id": _values, "location": _place | st.lists(_place, max_size=3) | _values}))
def test_no_json_does_more_than_be_refused(message: dict[str, object]) -> None:
    try:
        from_json(json.dumps(message).encode(), NOW)
    except BadInput:
        pass


@given(st.integers(0, (1 << 48) - 1))
def test_the_same_moment_has_the_same_id(t_ms: int) -> None:
    first, again = (
        from_json(sent(timestamp=t_ms if t_ms >= 1e11 else t_ms / 1000, coords={"latitude": 1, "longitude": 2}), NOW) for _ in "ab"
    )
    assert first == again

"""A visitor from anywhere on Earth walks in the invented district, step by step as in truth, and his own place is nowhere."""

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dashboard.demo.relocation import Box, Relocation, relocation, when_asked
from data.rules.permissions import Actor, Role
from geo.coordinates import distance_m, moved
from geo.fixes import Fix
from geo.invented import invent
from geo.layers import write_layers

COURT = (40.075, 101.86)
BOX = Box(39.9, 101.6, 40.2, 102.0)


def phone(device: int, unit: int = 1022) -> Actor:
    return Actor("DEVICE", f"device:{device}", Role.DEVICE, "岭0108", unit_no=unit, device_no=device)


@given(lat=st.floats(-65, 65), lon=st.floats(-179, 179), bearing=st.floats(0, 360), metres=st.floats(0, 3_000))
def test_steps_are_kept_true_from_anywhere(lat: float, lon: float, bearing: float, metres: float) -> None:
    move = Relocation(Box(89, 0, 90, 1), COURT)
    assume(max(abs(lat), abs(lon)) > 0.001)
    first = move(phone(1), lat, lon)
    second = move(phone(1), *moved(lat, lon, bearing, metres))
    assert first[2]
    assert second[2]
    assert distance_m(first[:2], COURT) < 400
    assert distance_m(first[:2], second[:2]) == pytest.approx(metres, rel=0.01, abs=0.5)


def test_who_is_in_the_district_is_not_moved() -> None:
    assert Relocation(BOX, COURT)(phone(1), 40.1, 101.8) == (40.1, 101.8, False)


def test_two_visitors_from_one_room_do_not_stand_on_each_other() -> None:
    move = Relocation(BOX, COURT)
    assert distance_m(move(phone(1), 31.2, 121.4)[:2], move(phone(2), 31.2, 121.4)[:2]) > 200


LAST = Fix("01JD0000000000000000000001", 1022, 1, 0, 40.11, 101.83, 8.0, None, None, None, "GPS", False)


def test_after_a_restart_a_visitor_goes_on_where_the_wall_shows_him(tmp_path: Path) -> None:
    kept = tmp_path / "visitors.json"
    Relocation(BOX, COURT, lambda _: None, kept)(phone(1), 31.2, 121.4)
    lat, lon, was_moved = Relocation(BOX, COURT, {1022: LAST}.get, kept)(phone(1), 31.2, 121.4)
    assert was_moved
    assert (lat, lon) == pytest.approx((40.11, 101.83))
    assert kept.read_text() == "[1]", "no place is kept"


def test_who_was_in_the_district_and_jumps_abroad_is_no_visitor() -> None:
    assert Relocation(BOX, COURT, {1022: LAST}.get)(phone(1), 31.2, 121.4) == (31.2, 121.4, False)


def test_another_phone_for_the_same_officer_is_a_visitor_again() -> None:
    lat, lon, was_moved = Relocation(BOX, COURT, {1022: LAST}.get)(phone(9), 31.2, 121.4)
    assert was_moved
    assert (lat, lon) == pytest.approx((40.11, 101.83))


def test_a_receiver_without_a_position_is_not_made_to_have_one() -> None:
    assert Relocation(BOX, COURT)(phone(1), 0.0, 0.0) == (0.0, 0.0, False)


def test_it_is_made_from_the_districts_layers(tmp_path: Path) -> None:
    assert relocation(tmp_path, lambda _: None, tmp_path / "visitors.json") is None
    district = invent()
    write_layers({"boundary": district.boundary, "places": district.places}, tmp_path)
    made = relocation(tmp_path, lambda _: None, tmp_path / "visitors.json")
    assert made is not None
    assert made.court == pytest.approx(district.court)
    assert made.box.holds(*district.court)
    assert not made.box.holds(31.2, 121.4)


def test_the_district_may_be_drawn_after_the_question_was_put(tmp_path: Path) -> None:
    """The web process is built while the first start still seeds: a visitor of that start is moved all the same."""
    move = when_asked(lambda: relocation(tmp_path, lambda _: None, tmp_path / "visitors.json"))
    district = invent()
    write_layers({"boundary": district.boundary, "places": district.places}, tmp_path)
    assert move(phone(1), 31.2, 121.4)[2]
    assert not move(phone(2), *district.court)[2]


def test_without_a_district_nobody_is_moved(tmp_path: Path) -> None:
    move = when_asked(lambda: relocation(tmp_path, lambda _: None, tmp_path / "visitors.json"))
    assert move(phone(1), 31.2, 121.4) == (31.2, 121.4, False)

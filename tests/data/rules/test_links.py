"""One-time links: lifetimes, makers, codes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput
from data.rules.links import CODE_LENGTH, CODE_LETTERS, FACE, LIFETIME, Purpose, is_open, lifetime, may_make, read_code
from data.rules.permissions import SYSTEM, Actor, Role

NOW = datetime(2026, 11, 23, 1, 38, tzinfo=UTC)


def somebody(role: Role, locked: bool = False) -> Actor:
    return Actor(kind="OFFICER", id="01", role=role, court_code="4401", locked=locked)


def test_every_purpose_has_a_lifetime_and_a_face() -> None:
    assert set(LIFETIME) == set(FACE) == set(Purpose)
    assert lifetime(Purpose.ENROL) == timedelta(hours=24)
    assert lifetime(Purpose.SIGN_IN) == timedelta(minutes=10)


@pytest.mark.parametrize("asked", [timedelta(0), timedelta(seconds=-1), timedelta(days=8)])
def test_no_link_lives_for_ever_or_not_at_all(asked: timedelta) -> None:
    with pytest.raises(BadInput):
        lifetime(Purpose.SIGN_IN, asked)


def test_a_link_is_open_until_used_or_expired() -> None:
    later = NOW + timedelta(minutes=10)
    assert is_open(later, None, NOW)
    assert not is_open(later, NOW, NOW)
    assert not is_open(later, None, later)


MAKERS = {
    Purpose.ENROL: {Role.TECHNICAL, Role.DUTY, Role.SYSTEM},
    Purpose.SIGN_IN: {Role.TECHNICAL, Role.SYSTEM},
    Purpose.HOST: {Role.TECHNICAL, Role.SYSTEM},
    Purpose.WALL: {Role.DUTY, Role.COMMANDER, Role.TECHNICAL, Role.SYSTEM},
    Purpose.DIRECTOR: {Role.SYSTEM},
    Purpose.LEADER: {Role.SYSTEM},
    Purpose.FACTOR: {Role.SYSTEM},
    Purpose.RESET: {Role.SYSTEM},
    Purpose.PARTY: {Role.SYSTEM},
    Purpose.STAGE: {Role.SYSTEM},
    Purpose.DOOR: {Role.SYSTEM},
    Purpose.PAIRING: {Role.SYSTEM},
}


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("role", Role)
def test_only_those_of_the_work_make_a_link(purpose: Purpose, role: Role) -> None:
    assert may_make(somebody(role), purpose) is (role in MAKERS[purpose])


def test_a_locked_desk_makes_no_link() -> None:
    assert not may_make(somebody(Role.DUTY, locked=True), Purpose.ENROL)
    assert may_make(SYSTEM, Purpose.ENROL)


@given(st.text(CODE_LETTERS, min_size=CODE_LENGTH, max_size=CODE_LENGTH), st.integers(0, 5))
def test_a_code_is_read_as_people_type_it(code: str, gap: int) -> None:
    assert read_code(f" {code[:gap].lower()}-{code[gap:]} ") == code


@pytest.mark.parametrize("typed", ["", "ACDEF", "ACDEFHJ", "ACDEF0", "ACDEFB", "ACDEF;"])
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        read_code(typed)

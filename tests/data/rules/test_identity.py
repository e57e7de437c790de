"""What is accepted as a secret, and how waiting grows."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput
from data.rules import identity
from data.rules.identity import FREE_OF_PAIR, LONGEST_WAIT_S, Failures, failed, next_wait_s, wait_s

MOMENTS = st.lists(st.floats(0, 100_000), min_size=1, max_size=80).map(sorted)


def walk(moments: list[float], free: int = FREE_OF_PAIR) -> Failures:
    """Failures at these moments; those inside a wait are refused without being counted, as the door does."""
    state = Failures()
    for at in moments:
        if not wait_s(state, at):
            state = failed(state, at, free)
    return state


# --- secrets ---


@pytest.mark.parametrize("secret", ["", "admin", "password", "Password123!", "guest", "administrator", "atakatak", "postgres"])
def test_what_everybody_tries_first_is_known(secret: str) -> None:
    assert identity.is_known(secret)
    with pytest.raises(BadInput):
        identity.password(secret)


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        ("short", "identity.password_short"),
        ("x" * 129, "identity.password_long"),
        ("administrator1", "identity.password_known"),
        ("chenjun-Bamboo88", "identity.password_known"),
        ("aabbaabbaabb", "identity.password_simple"),
        ("abcdefghijklm", "identity.password_simple"),
        ("1qaz2wsx3edc", "identity.password_simple"),
        ("qwertyuiopas", "identity.password_simple"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(secret: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        identity.password(secret, of="chenjun")
    assert refused.value.code == code


@pytest.mark.parametrize("secret", ["清溪河边的第三棵榕树下喝茶", "correct horse battery", "Xk3-9fMw-Tq7P-aa"])
def test_a_good_password_is_kept(secret: str) -> None:
    assert identity.password(secret, of="chenjun") == secret


def test_the_same_password_typed_in_full_width_is_the_same() -> None:
    assert identity.password("Ｂamboo ｒaft 88x") == "Bamboo raft 88x"


@pytest.mark.parametrize("secret", ["", "12345", "123456", "000000", "112112x", "121212", "987654321", "654321"])
def test_a_weak_pin_is_refused(secret: str) -> None:
    with pytest.raises(BadInput):
        identity.pin(secret)


def test_a_good_pin_is_kept() -> None:
    assert identity.pin(" 407193 ") == "407193"


@pytest.mark.parametrize("typed", ["", "a", "陈军", "a b", "../x", "x" * 33, "-x"])
def test_a_username_that_cannot_be_typed_anywhere_is_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        identity.username(typed)


@given(st.text())
def test_whatever_is_typed_as_username_is_a_short_key(typed: str) -> None:
    assert len(identity.same_username(typed)) <= 64


# --- waiting ---


def test_the_sixth_failure_within_a_minute_makes_wait() -> None:
    assert wait_s(walk([0, 1, 2, 3, 4]), 5) == 0
    assert wait_s(walk([0, 1, 2, 3, 4, 5]), 5) == 10
    assert wait_s(walk([0, 1, 2, 3, 4, 5]), 15) == 0


def test_five_failures_each_minute_never_make_wait() -> None:
    assert walk([minute * 61.0 + second for minute in range(30) for second in range(5)]).waits == 0


def test_each_wait_is_twice_the_one_before_up_to_a_quarter_of_an_hour() -> None:
    assert [next_wait_s(n) for n in range(9)] == [10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert next_wait_s(10_000) == LONGEST_WAIT_S
    state, at, waits = walk([0, 1, 2, 3, 4, 5]), 5.0, []
    for _ in range(8):
        at = state.until
        state = failed(state, at, FREE_OF_PAIR)
        waits.append(wait_s(state, at))
    assert waits == [20, 40, 80, 160, 320, 640, 900, 900]


def test_an_hour_without_failure_forgets() -> None:
    state = walk([0, 1, 2, 3, 4, 5])
    assert failed(state, state.until + 3601, FREE_OF_PAIR).waits == 0


@given(MOMENTS)
def test_a_wait_is_never_longer_than_a_quarter_of_an_hour_and_ends(moments: list[float]) -> None:
    state = walk(moments)
    at = moments[-1]
    assert 0 <= wait_s(state, at) <= LONGEST_WAIT_S
    assert wait_s(state, at + LONGEST_WAIT_S) == 0


@given(MOMENTS)
def test_nobody_guesses_more_than_six_times_in_any_minute(moments: list[float]) -> None:
    state, tried = Failures(), []
    for at in moments:
        if not wait_s(state, at):
            tried.append(at)
            state = failed(state, at, FREE_OF_PAIR)
    for first in tried:
        assert sum(first <= at < first + 60 for at in tried) <= FREE_OF_PAIR + 2  # a wait of 10 and one of 20 s lie within the minute


@given(MOMENTS)
def test_what_is_remembered_stays_small(moments: list[float]) -> None:
    assert len(walk(moments).recent) < FREE_OF_PAIR
    assert walk(moments).until > -math.inf or walk(moments).waits == 0

"""Who failed too often waits; strangers never make an account wait."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import attempts
from data.attempts import Attempts, network_of
from data.errors import TooMany
from data.rules.identity import FREE_OF_ADDRESS

HIS, STRANGER = "192.0.2.7", "198.51.100.9"


class Seconds:
    """A clock that stands until it is moved."""

    at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def counted(seconds: Seconds) -> Attempts:
    return Attempts(seconds)


def miss(counted: Attempts, account: str, address: str) -> int:
    """One wrong password; the seconds that somebody was told to wait."""
    try:
        counted.begin(account, address)
    except TooMany as error:
        return error.retry_after_s
    counted.failed(account, address)
    return 0


def test_the_seventh_attempt_in_a_minute_waits_and_the_wait_grows(counted: Attempts, seconds: Seconds) -> None:
    assert [miss(counted, "chen", HIS) for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]
    waits = []
    for _ in range(4):
        seconds.at += miss(counted, "chen", HIS)
        assert miss(counted, "chen", HIS) == 0
        waits.append(miss(counted, "chen", HIS))
    assert waits == [20, 40, 80, 160]


def test_pressing_while_waiting_does_not_lengthen_the_wait(counted: Attempts, seconds: Seconds) -> None:
    for _ in range(50):
        miss(counted, "chen", HIS)
    seconds.at += 10
    assert miss(counted, "chen", HIS) == 0


def test_strangers_never_lock_an_account_out(counted: Attempts) -> None:
    for number in range(1_000):
        miss(counted, "chen", f"198.51.{number // 250}.{number % 250}")
    counted.begin("chen", HIS)


def test_one_address_that_tries_every_account_waits_too(counted: Attempts) -> None:
    assert sum(miss(counted, f"officer{number}", STRANGER) == 0 for number in range(200)) == FREE_OF_ADDRESS
    counted.begin("chen", HIS)


def test_the_right_password_forgets_his_failures_only(counted: Attempts) -> None:
    for _ in range(5):
        miss(counted, "chen", HIS)
    counted.begin("chen", HIS)
    counted.succeeded("chen", HIS)
    assert [miss(counted, "chen", HIS) for _ in range(6)] == [0] * 6


def test_a_hundred_guesses_at_once_are_six(counted: Attempts) -> None:
    def guess(_: int) -> bool:
        try:
            counted.begin("chen", HIS)
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(guess, range(100))) == 6


def test_who_guesses_links_waits(counted: Attempts) -> None:
    for _ in range(FREE_OF_ADDRESS):
        counted.stranger(STRANGER)
    with pytest.raises(TooMany):
        counted.stranger(STRANGER)
    counted.stranger(HIS)


def test_what_is_remembered_is_bounded(counted: Attempts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "REMEMBERED", 100)
    for number in range(500):
        miss(counted, "chen", f"198.51.{number // 250}.{number % 250}")
    assert len(counted._failures) <= 101


def test_an_ipv6_customer_is_one_and_a_mapped_address_is_ipv4() -> None:
    assert network_of("2001:db8:1:2::5") == network_of("2001:db8:1:2:ffff::1") != network_of("2001:db8:1:3::5")
    assert network_of("::ffff:192.0.2.7") == "192.0.2.7"


@given(st.text())
def test_any_address_is_a_key(address: str) -> None:
    network_of(address)

"""Who failed too often waits; strangers never make an account wait."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import attempts
from data.attempts import Attempts, InMemory, network_of
from data.errors import TooMany
from data.rules.identity import FREE_OF_ADDRESS
from data.shared_attempts import NAME, SWEEP_EACH, Shared

HIS, STRANGER = "192.0.2.7", "198.51.100.9"
PATIENT_S = 30.0  # on a busy machine the other's turn may take long


class Seconds:
    """A clock that stands until it is moved."""

    at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture(params=["alone", "beside others"])
def counted(request: pytest.FixtureRequest, seconds: Seconds, tmp_path: Path) -> Attempts:
    return Attempts(seconds, Shared(tmp_path).of("sign-in") if request.param == "beside others" else None)


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


def test_what_is_remembered_is_bounded(seconds: Seconds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "REMEMBERED", 100)
    remembered = InMemory()
    counted = Attempts(seconds, remembered)
    for number in range(500):
        miss(counted, "chen", f"198.51.{number // 250}.{number % 250}")
    assert len(remembered) <= 101


# --- two processes of one home -----------------------------------------------------------------------------------------------------


def test_3_what_fails_at_one_process_counts_at_the_other(seconds: Seconds, tmp_path: Path) -> None:
    one, other = (Attempts(seconds, Shared(tmp_path).of("sign-in")) for _ in range(2))
    assert [miss(each, "chen", HIS) for each in (one, other) * 4] == [0, 0, 0, 0, 0, 0, 10, 10]
    elsewhere = Attempts(seconds, Shared(tmp_path).of("party"))
    assert miss(elsewhere, "chen", HIS) == 0


def test_who_open_the_file_at_once_wait_for_each_other(tmp_path: Path) -> None:
    def open_it(run: Path) -> None:
        with Shared(run, waits_s=PATIENT_S).turn():
            pass

    with ThreadPoolExecutor(4) as threads:
        for number in range(100):
            run = tmp_path / str(number)
            run.mkdir()
            list(threads.map(open_it, [run] * 4))


def test_a_hundred_guesses_at_once_at_two_processes_are_six(seconds: Seconds, tmp_path: Path) -> None:
    both = [Attempts(seconds, Shared(tmp_path, waits_s=PATIENT_S).of("sign-in")) for _ in range(2)]

    def guess(number: int) -> bool:
        try:
            both[number % 2].begin("chen", HIS)
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(guess, range(100))) == 6


def test_the_right_password_at_one_forgets_at_the_other(seconds: Seconds, tmp_path: Path) -> None:
    one, other = (Attempts(seconds, Shared(tmp_path).of("sign-in")) for _ in range(2))
    for _ in range(5):
        miss(one, "chen", HIS)
    other.begin("chen", HIS)
    other.succeeded("chen", HIS)
    assert [miss(one, "chen", HIS) for _ in range(6)] == [0] * 6


def test_the_file_is_for_us_alone_bounded_and_names_nobody(seconds: Seconds, tmp_path: Path) -> None:
    shared = Shared(tmp_path, most=50)
    counted = Attempts(seconds, shared.of("sign-in"))
    for number in range(2 * SWEEP_EACH):
        miss(counted, "chenjun", f"198.51.{number // 250}.{number % 250}")
    with shared.turn() as kept:
        assert kept.execute("SELECT count(*) FROM failure").fetchone()[0] <= 50 + SWEEP_EACH
    for path in tmp_path.glob(f"{NAME}*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"chenjun" not in path.read_bytes()
        assert b"198.51" not in path.read_bytes()


def test_while_another_holds_the_file_one_counts_alone(seconds: Seconds, tmp_path: Path) -> None:
    counted = Attempts(seconds, Shared(tmp_path).of("sign-in"))
    assert miss(counted, "chen", HIS) == 0
    with Shared(tmp_path).turn():
        assert [miss(counted, "chen", HIS) for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]


def test_an_ipv6_customer_is_one_and_a_mapped_address_is_ipv4() -> None:
    assert network_of("2001:db8:1:2::5") == network_of("2001:db8:1:2:ffff::1") != network_of("2001:db8:1:3::5")
    assert network_of("::ffff:192.0.2.7") == "192.0.2.7"


@given(st.text())
def test_any_address_is_a_key(address: str) -> None:
    network_of(address)

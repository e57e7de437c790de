"""Devices whose positions are refused again and again."""

import logging

import pytest

from streaming.doubtful import OFTEN, SPAN_S, Doubtful

UNIT, DEVICE = 1003, 70


class Seconds:
    at = 10 * SPAN_S

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def doubtful(seconds: Seconds) -> Doubtful:
    return Doubtful(seconds)


def test_a_few_refusals_are_nothing_and_many_are_told_with_the_reason_that_is_most(doubtful: Doubtful) -> None:
    doubtful.note(UNIT, DEVICE, ["fix.inaccurate"] * 3 + ["fix.mock"] * (OFTEN - 4))
    assert doubtful.often() == {}
    doubtful.note(UNIT, DEVICE, ["fix.mock"])
    assert doubtful.often() == {UNIT: (OFTEN, "fix.mock")}


def test_each_device_is_counted_by_itself(doubtful: Doubtful) -> None:
    for device in (DEVICE, DEVICE + 1):
        doubtful.note(UNIT, device, ["fix.mock"] * (OFTEN - 1))
    assert doubtful.often() == {}


def test_what_is_over_is_forgotten(doubtful: Doubtful, seconds: Seconds) -> None:
    doubtful.note(UNIT, DEVICE, ["fix.mock"] * OFTEN)
    seconds.at += SPAN_S
    assert doubtful.often() == {UNIT: (OFTEN, "fix.mock")}
    seconds.at += SPAN_S
    assert doubtful.often() == {}
    doubtful.note(UNIT, DEVICE, ["fix.mock"])
    assert doubtful.often() == {}


def test_who_forgot_to_switch_off_is_nobodys_business(doubtful: Doubtful) -> None:
    doubtful.note(UNIT, DEVICE, ["fix.off_duty"] * 10 * OFTEN)
    assert doubtful.often() == {}


def test_the_log_says_it_once_by_number_and_code(doubtful: Doubtful, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(3 * OFTEN):
        doubtful.note(UNIT, DEVICE, ["fix.teleport"])
    assert [record.getMessage() for record in caplog.records] == ["positions of device 70 are refused again and again: fix.teleport"]


def test_what_is_remembered_is_bounded_by_the_devices(doubtful: Doubtful, seconds: Seconds) -> None:
    for span in range(5):
        seconds.at += 2 * SPAN_S
        for device in range(100):
            doubtful.note(device, 1000 * span + device, ["fix.mock"])
        doubtful.often()
        assert len(doubtful._lately) == 100

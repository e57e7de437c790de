"""An alarm's steps, its loudness, and who may not close it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import NotPermitted
from data.rules.permissions import Actor, Role
from data.rules.sos import OPEN, STEPS, SosState, SosStep, level_due, may_close, step
from tests.data.rules.walking import walk

NOON = datetime(2026, 1, 12, 4, 0, tzinfo=UTC)


@given(st.lists(st.sampled_from(SosStep)))
def test_nothing_closes_before_somebody_owned_it_and_nothing_opens_again(steps: list[SosStep]) -> None:
    path = walk(SosState.RAISED, steps, step)
    closed = [state for state in path if state not in OPEN]
    assert len(closed) <= 1
    if closed:
        assert path[-1] is closed[0]
        assert SosState.ACKED in path
    assert SosState.RAISED not in path[1:]


def test_every_state_can_be_reached() -> None:
    assert {SosState.RAISED} | set(STEPS.values()) == set(SosState)


@given(st.integers(0, 10_000))
def test_an_alarm_only_grows_louder(seconds: int) -> None:
    level = level_due(NOON, NOON + timedelta(seconds=seconds))
    assert level == (0 if seconds < 15 else 1 if seconds < 30 else 2)
    assert level <= level_due(NOON, NOON + timedelta(seconds=seconds + 1))


@pytest.mark.parametrize(
    ("unit_no", "officer_id", "refused"), [(1001, None, True), (None, "a", True), (1002, "b", False), (None, None, False)]
)
def test_who_raised_it_does_not_close_it(unit_no: int | None, officer_id: str | None, refused: bool) -> None:
    actor = Actor(kind="OFFICER", id="x", role=Role.DUTY, court_code="", officer_id=officer_id, unit_no=unit_no)
    if not refused:
        may_close(actor, 1001, "a")
        return
    with pytest.raises(NotPermitted):
        may_close(actor, 1001, "a")

"""Who may be asked to a screening; a summons lies apart; what a scanner gives is the code of a letter."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput, RuleBroken, TransitionRefused
from data.rules import attendees
from data.rules.attendees import ADMITS, CODE_LENGTH, INVITED_MOST, Candidate, Ground, Plan
from data.rules.links import CODE_LETTERS
from data.rules.screening import BEFORE, OVER, STEPS, ScreeningKind, ScreeningState, check_step

AT = datetime(2026, 1, 12, 7, tzinfo=UTC)
WHO = Candidate("DEBTOR", minor=False, unfit=False, case_closed=False, cause="买卖合同纠纷")
PLAN = Plan(ScreeningState.PLANNED, ScreeningKind.SCREENING, None, AT)


@pytest.mark.parametrize(
    ("plan", "who", "invited", "code"),
    [
        (replace(PLAN, state=ScreeningState.RUNNING), WHO, 0, "running"),
        (PLAN, replace(WHO, kind="APPLICANT"), 0, "not_debtor"),
        (PLAN, replace(WHO, kind="THIRD_PARTY"), 0, "not_debtor"),
        (PLAN, replace(WHO, case_closed=True), 0, "case_closed"),
        (PLAN, replace(WHO, minor=True), 0, "minor"),
        (PLAN, replace(WHO, unfit=True), 0, "unfit"),
        (replace(PLAN, kind=ScreeningKind.LIKE_CASE, cause="借款合同纠纷"), WHO, 0, "other_cause"),
        (PLAN, WHO, INVITED_MOST, "too_many"),
    ],
)
def test_who_must_not_be_asked_is_not(plan: Plan, who: Candidate, invited: int, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        attendees.check_invitable(plan, who, invited)
    assert refused.value.code == f"attendee.{code}"


@pytest.mark.parametrize("state", sorted(BEFORE))
def test_a_debtor_of_an_open_case_may_be_asked_until_it_begins(state: ScreeningState) -> None:
    attendees.check_invitable(replace(PLAN, state=state), WHO, INVITED_MOST - 1)
    attendees.check_invitable(replace(PLAN, state=state, kind=ScreeningKind.LIKE_CASE, cause=WHO.cause), WHO, 0)


@given(st.integers(-600, 600))
def test_a_questioning_never_overlaps_the_session(minutes: int) -> None:
    at = AT + timedelta(minutes=minutes)
    overlaps = at < AT + attendees.LASTS and at + attendees.QUESTIONING_LASTS > AT
    assert attendees.is_apart(at, AT) is not overlaps


def test_a_summons_has_a_time_and_a_notice_has_none() -> None:
    assert attendees.check_ground("NOTICE", None, AT) is Ground.NOTICE
    assert attendees.check_ground("SUMMONS", AT - timedelta(hours=2), AT) is Ground.SUMMONS
    for ground, at in (("NOTICE", AT), ("SUMMONS", None), ("ORDER", None)):
        with pytest.raises(BadInput):
            attendees.check_ground(ground, at, None)
    with pytest.raises(RuleBroken, match="apart"):
        attendees.check_ground("SUMMONS", AT, AT)


@given(st.text(CODE_LETTERS, min_size=CODE_LENGTH, max_size=CODE_LENGTH), st.sampled_from(["{}", " {}\r\n", "\t{} "]))
def test_a_code_is_read_as_it_is_printed_or_scanned(code: str, around: str) -> None:
    assert attendees.read_code(around.format(code)) == code
    assert attendees.read_code(attendees.written(code).lower()) == code


@given(st.text())
def test_whatever_is_typed_is_a_code_or_refused_with_a_sentence(typed: str) -> None:
    with suppress(BadInput):
        kept = attendees.read_code(typed)
        assert len(kept) == CODE_LENGTH
        assert set(kept) <= set(CODE_LETTERS)


@pytest.mark.parametrize("state", list(ScreeningState))
def test_the_door_is_open_from_check_in_to_the_interviews(state: ScreeningState) -> None:
    if state in ADMITS:
        attendees.check_door(state)
        return
    with pytest.raises(TransitionRefused) as refused:
        attendees.check_door(state)
    assert refused.value.code == ("attendee.over" if state in OVER else "attendee.door_not_open")


def test_seats_are_counted_from_one_and_end() -> None:
    assert (attendees.next_seat(None), attendees.next_seat(11)) == (1, 12)
    with pytest.raises(RuleBroken):
        attendees.next_seat(attendees.SEAT_MOST)


@given(st.lists(st.sampled_from(ScreeningState)))
def test_a_session_that_is_over_stays_over(steps: list[ScreeningState]) -> None:
    here = ScreeningState.PLANNED
    for there in steps:
        was = here
        try:
            check_step(here, there)
        except TransitionRefused:
            continue
        here = there
        assert not (was in OVER and here not in OVER)
        assert not (was is ScreeningState.INTERVIEWS and here in STEPS[ScreeningState.CHECK_IN]), "clips are over"

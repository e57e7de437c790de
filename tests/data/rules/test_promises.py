"""Promises are judged from the money, by civil days; no payment counts twice, whatever comes in which order."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput, TransitionRefused
from data.rules import follow_up
from data.rules.civil import civil_day
from data.rules.promises import Money, Promised, PromiseState, check_amount, check_due, check_withdrawable, judge
from data.rules.settlements import Yes, check_waiting, confirmed_at, yes_of

OFFSET = 28_800
NOON = datetime(2026, 1, 12, 8, tzinfo=UTC)  # 16:00 in Shanghai
TODAY = date(2026, 1, 12)
DAY = timedelta(days=1)


def promised(cents: int = 12_600_000, due_on: date = TODAY + 7 * DAY, made_at: datetime = NOON, name: str = "a") -> Promised:
    return Promised(name, cents, due_on, made_at)


def state(received: list[Money], on: date, *promises: Promised, spot: tuple[Money, ...] = ()) -> list[PromiseState]:
    found = judge(promises or (promised(),), spot, received, on, OFFSET)
    return [found[each.id].state for each in promises or (promised(),)]


def test_what_is_paid_next_day_is_kept() -> None:
    paid = Money(NOON + 0.75 * DAY, 12_600_000)
    assert state([], TODAY) == [PromiseState.OPEN]
    assert judge([promised()], (), [paid], TODAY + DAY, OFFSET)["a"].kept_at == paid.at
    assert state([paid], TODAY + DAY) == [PromiseState.KEPT]


def test_the_last_day_counts_to_its_end_on_the_court_s_clock() -> None:
    last_second = datetime(2026, 1, 19, 15, 59, 59, tzinfo=UTC)
    assert state([Money(last_second, 12_600_000)], TODAY + 8 * DAY) == [PromiseState.KEPT]
    assert state([Money(last_second + timedelta(seconds=1), 12_600_000)], TODAY + 8 * DAY) == [PromiseState.LATE]
    assert state([], TODAY + 7 * DAY) == [PromiseState.OPEN]
    assert state([], TODAY + 8 * DAY) == [PromiseState.BROKEN]


def test_what_came_before_the_promise_or_is_too_little_keeps_nothing() -> None:
    assert state([Money(NOON - DAY, 99_000_000), Money(NOON + DAY, 12_599_999)], TODAY + 3 * DAY) == [PromiseState.OPEN]


def test_money_paid_on_the_spot_is_no_part_of_the_promise() -> None:
    """16.5万, 3.9万 of it paid at once; the case system tells that later, and once with the rest in one sum."""
    spot = (Money(NOON - timedelta(minutes=5), 3_900_000),)
    assert state([Money(NOON + timedelta(hours=2), 3_900_000)], TODAY + DAY, spot=spot) == [PromiseState.OPEN]
    assert state([Money(NOON + timedelta(hours=2), 3_900_000), Money(NOON + DAY, 12_600_000)], TODAY + DAY, spot=spot) == [
        PromiseState.KEPT
    ]
    assert state([Money(NOON + DAY, 16_500_000)], TODAY + DAY, spot=spot) == [PromiseState.KEPT]
    booked_before = Money(NOON - timedelta(minutes=9), 3_900_000)
    assert state([booked_before, Money(NOON + DAY, 12_600_000)], TODAY + DAY, spot=spot) == [PromiseState.KEPT], (
        "booked before it was typed"
    )


def test_two_promises_of_a_case_never_share_a_payment_and_the_sooner_takes_first() -> None:
    soon, later = promised(1_000, TODAY + DAY, name="soon"), promised(1_000, TODAY + 7 * DAY, NOON - DAY, "later")
    assert state([Money(NOON + timedelta(hours=1), 1_000)], TODAY + DAY, soon, later) == [PromiseState.KEPT, PromiseState.OPEN]
    assert state([Money(NOON + timedelta(hours=1), 2_000)], TODAY + DAY, soon, later) == [PromiseState.KEPT, PromiseState.KEPT]


def test_a_correction_takes_back_what_came_last() -> None:
    paid = [Money(NOON + DAY, 12_600_000), Money(NOON + 2 * DAY, -100)]
    assert state(paid, TODAY + 3 * DAY) == [PromiseState.OPEN]
    assert state(paid, TODAY + 9 * DAY) == [PromiseState.BROKEN]
    assert state([*paid, Money(NOON + 3 * DAY, 100)], TODAY + 9 * DAY) == [PromiseState.KEPT]


moneys = st.lists(
    st.builds(Money, st.integers(-5, 40).map(lambda hours: NOON + timedelta(hours=12 * hours)), st.integers(-500, 500)), max_size=8
)
promises = st.lists(st.tuples(st.integers(1, 400), st.integers(0, 20), st.integers(0, 6)), min_size=1, max_size=4).map(
    lambda made: [promised(cents, TODAY + due * DAY, NOON + after * DAY / 2, str(n)) for n, (cents, due, after) in enumerate(made)]
)


@given(promises, moneys)
def test_kept_promises_are_never_more_than_the_money_that_came(made: list[Promised], received: list[Money]) -> None:
    found = judge(made, (), received, TODAY + 30 * DAY, OFFSET)
    kept = sum(each.cents for each in made if found[each.id].kept_at is not None)
    assert kept <= sum(money.cents for money in received if money.cents > 0)
    for each in made:
        judged = found[each.id]
        assert judged.state is not PromiseState.OPEN, "every day is over"
        assert (judged.kept_at is None) == (judged.state is PromiseState.BROKEN)
        if judged.kept_at is not None:
            assert judged.kept_at >= each.made_at
            assert (civil_day(judged.kept_at, OFFSET) <= each.due_on) == (judged.state is PromiseState.KEPT)


@given(promises, moneys, st.integers(0, 30), st.integers(1, 10**6))
def test_more_money_never_breaks_a_promise(made: list[Promised], received: list[Money], day: int, more: int) -> None:
    before = judge(made, (), received, TODAY + 30 * DAY, OFFSET)
    after = judge(made, (), [*received, Money(NOON + 40 * DAY, more)], TODAY + 30 * DAY, OFFSET)
    assert all(after[name].state == one.state for name, one in before.items() if one.state in (PromiseState.KEPT, PromiseState.LATE)), day


@pytest.mark.parametrize("cents", [0, -1, True, 1.5, "100", None, 10**13 + 1])
def test_nonsense_is_no_amount(cents: object) -> None:
    with pytest.raises(BadInput):
        check_amount(cents)


@pytest.mark.parametrize(("days", "fits"), [(-1, False), (0, True), (1, True), (365, True), (366, False)])
def test_a_promise_is_for_a_day_from_today_within_a_year(days: int, fits: bool) -> None:
    if fits:
        assert check_due(TODAY + days * DAY, TODAY) == TODAY + days * DAY
    else:
        with pytest.raises(BadInput) as refused:
            check_due(TODAY + days * DAY, TODAY)
        assert refused.value.code == "promise.due"


def test_what_was_judged_is_not_taken_back() -> None:
    check_withdrawable(PromiseState.OPEN)
    for judged in set(PromiseState) - {PromiseState.OPEN}:
        with pytest.raises(TransitionRefused):
            check_withdrawable(judged)


def test_a_settlement_counts_once_the_applicant_has_agreed() -> None:
    assert confirmed_at(Yes.PRESENT, NOON) == confirmed_at(Yes.PHONE, NOON) == NOON
    assert confirmed_at(Yes.LATER, NOON) is None
    check_waiting(None, None)
    for confirmed, withdrawn in ((NOON, None), (None, NOON)):
        with pytest.raises(TransitionRefused):
            check_waiting(confirmed, withdrawn)
    for nonsense in ("MAYBE", None, 1, "LATER"):
        with pytest.raises(BadInput):
            yes_of(nonsense, waiting_too=False)


def test_three_looks_each_once_and_when_its_day_is_over() -> None:
    assert [look.on for look in follow_up.looks(TODAY, TODAY)] == [date(2026, 1, 13), date(2026, 1, 19), date(2026, 2, 11)]
    assert follow_up.next_look(TODAY, 0, TODAY + DAY) is None, "the day is not over"
    assert follow_up.next_look(TODAY, 0, TODAY + 2 * DAY) == 1
    assert follow_up.next_look(TODAY, 1, TODAY + 2 * DAY) is None
    assert follow_up.next_look(TODAY, 0, TODAY + 90 * DAY) == 1, "one after the other, also after a long sleep"
    assert follow_up.next_look(TODAY, 7, TODAY + 31 * DAY) == 30
    assert follow_up.next_look(TODAY, 30, TODAY + 99 * DAY) is None
    assert follow_up.is_last(30)
    assert not follow_up.is_last(7)


followed = st.builds(
    follow_up.Followed,
    st.integers(1, 10**9),
    st.integers(0, 40).map(lambda days: TODAY + days * DAY),
    st.none() | st.integers(0, 40).map(lambda days: TODAY + days * DAY),
)


@given(st.lists(followed, max_size=8), st.integers(0, 40), st.integers(0, 5))
def test_by_every_evening_each_promise_is_kept_broken_or_open_and_what_is_kept_stays_kept(
    made: list[follow_up.Followed], day: int, more: int
) -> None:
    on, later = follow_up.standing(made, TODAY + day * DAY), follow_up.standing(made, TODAY + (day + more) * DAY)
    assert on.kept + on.broken + on.open == on.promised == len(made)
    assert later.kept >= on.kept
    assert later.kept_cents >= on.kept_cents
    assert later.open <= on.open

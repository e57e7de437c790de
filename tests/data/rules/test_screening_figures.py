"""Figures are the lengths of their lists, together and apart."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput
from data.rules.screening_figures import Figure, Held, Item, by_month, count, counts, figure_of, money_cents, share_pct, within_seven

DAY = date(2026, 3, 1)
items = st.builds(Item, st.integers(1, 20), st.just("诺"), st.integers(0, 10**8))
sessions = st.lists(
    st.builds(
        Held, st.uuids().map(str), st.just("教"), st.just("一月"), st.sampled_from(["SCREENING", "LIKE_CASE"]),
        st.integers(0, 300).map(lambda days: DAY + timedelta(days=days)),
        st.fixed_dictionaries({figure: st.lists(items, max_size=4) for figure in Figure}),
    ),
    max_size=6,
)  # fmt: skip


@given(sessions)
def test_a_year_is_the_sum_of_its_months_and_of_its_kinds(held: list[Held]) -> None:
    months = by_month(held)
    assert [month for month, _ in months] == sorted({f"{each.on:%Y-%m}" for each in held}, reverse=True)
    for figure, told in counts(held).items():
        assert told.n == sum(count(of, figure).n for _, of in months) == sum(len(each.items[figure]) for each in held)
        apart = [[each for each in held if each.kind == kind] for kind in ("SCREENING", "LIKE_CASE")]
        assert told.cents == sum(count(of, figure).cents for of in apart)
    assert money_cents(held) == counts(held)[Figure.PAID].cents + counts(held)[Figure.KEPT].cents


def test_shares_and_seven_days() -> None:
    assert (share_pct(17, 19), share_pct(0, 5), share_pct(0, 0)) == (89, 0, None)
    assert within_seven(DAY, DAY + timedelta(days=7))
    assert not within_seven(DAY, DAY + timedelta(days=8))
    assert not within_seven(DAY, None)
    assert figure_of("SETTLED") is Figure.SETTLED
    for nonsense in ("settled", "", None, 1):
        with pytest.raises(BadInput):
            figure_of(nonsense)

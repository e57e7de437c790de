"""Sums that somebody types: whole fen, or nothing; asked in node."""

import pytest

from tests.dashboard.screening.pure import answer


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("126000", 12_600_000), ("126,000.50", 12_600_050), ("39，000", 3_900_000), (" 0.5 ", 50), ("0.07", 7), ("1.", None), (".5", None),
        ("12.345", None), ("-1", None), ("1e5", None), ("<b>1</b>", None), ("十万", None),
        ("99999999999", 9_999_999_999_900), ("123456789012", None), ("", None),
    ],
)  # fmt: skip
def test_what_is_typed_is_a_sum_or_none(typed: str, cents: int | None) -> None:
    assert answer("sums.mjs", "centsOf", "centsOf(asked)", typed) == cents


def test_a_sum_is_written_as_on_the_paper() -> None:
    assert answer("sums.mjs", "yuanOf", "asked.map(yuanOf)", [12_600_000, 5, 123_456_789]) == ["126,000.00", "0.05", "1,234,567.89"]

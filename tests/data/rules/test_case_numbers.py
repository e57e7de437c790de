"""Case numbers, however typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput
from data.rules.case_numbers import KINDS, CaseNumber, normalise, parse

numbers = st.builds(
    CaseNumber,
    year=st.integers(1990, 2099),
    court=st.sampled_from(["岭0108", "粤0607", "新2824", "黑01", "最高法", "川1502"]),
    kind=st.sampled_from(KINDS),
    place=st.integers(1, 99_999_999),
    sub=st.sampled_from(["", "之一", "之十二"]),
)


@given(numbers)
def test_every_number_comes_back_as_it_went_in(number: CaseNumber) -> None:
    assert parse(str(number)) == number


@given(numbers, st.sampled_from(["()", "（）", "[]", "〔〕", "【】"]), st.booleans(), st.booleans())
def test_width_brackets_and_blanks_do_not_matter(number: CaseNumber, brackets: str, wide: bool, blanks: bool) -> None:
    typed = str(number).replace("（", brackets[0]).replace("）", brackets[1])
    if wide:
        typed = "".join(chr(ord(sign) + 0xFEE0) if sign.isascii() and sign.isdigit() else sign for sign in typed)
    if blanks:
        typed = f" {' '.join(typed)} "[:48]
        if not typed.strip().endswith(str(number)[-1]):
            return
    assert normalise(typed) == str(number)


def test_the_example_of_the_brief() -> None:
    assert parse("(2023)粤0607执1234号") == CaseNumber(2023, "粤0607", "执", 1234)
    assert parse("（2023）粤0607执恢7号").kind == "执恢"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "1234",
        "（2023）粤0607执0号",
        "（2023）粤0607执01号",
        "（1823）粤0607执1号",
        "（2023）粤0607刑1号",
        "（2023）粤0607执1",
        "x" * 10_000,
        "（2023）粤0607执1号; DROP TABLE",
        "（2023）<img>执1号",
        "（２０２３",
        "（2023）粤0607执123456789号",
    ],
)
def test_what_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse(wrong)
    assert refused.value.code == "case_number.bad"


@given(st.one_of(st.text(), st.none(), st.integers(), st.binary()))
def test_nothing_but_a_case_number_is_one_and_nothing_else_is_raised(typed: object) -> None:
    try:
        kept = normalise(typed)
    except BadInput:
        return
    assert str(parse(kept)) == kept


def test_they_are_ordered_as_numbers() -> None:
    assert sorted(map(parse, ["（2026）岭0108执10号", "（2026）岭0108执9号", "（2025）岭0108执99号"])) == [
        parse("（2025）岭0108执99号"),
        parse("（2026）岭0108执9号"),
        parse("（2026）岭0108执10号"),
    ]

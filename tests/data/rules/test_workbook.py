"""Cells of the court's workbook: every form that people type is understood or refused with a reason."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput
from data.rules.workbook import SHEETS, CellRefused, Column, Fault, Formula, Kind, cents, day, fold, line, read_cell, read_row
from data.rules.workbook import text as words_in

CHINA = 28_800
DAY = datetime(2026, 3, 15, tzinfo=UTC) - timedelta(seconds=CHINA)


def code_of(read: Any, *values: Any) -> str:
    with pytest.raises(BadInput) as refused:
        read(*values)
    return refused.value.code


@pytest.mark.parametrize(
    "typed",
    [
        "2026-03-15", "2026-3-15", "2026/3/15", "2026.3.15", "2026年3月15日", "2026年03月15日", "20260315", 20260315,
        "二〇二六年三月十五日", "２０２６－０３－１５", " 2026-03-15 ", "2026-03-15 09:30", "2026-03-15T09:30:01", "2026年3月15日 9时30分",
        date(2026, 3, 15), datetime(2026, 3, 15, 9, 30),  # noqa: DTZ001 (as a spreadsheet gives it)
    ],
)  # fmt: skip
def test_a_day_in_every_usual_form(typed: Any) -> None:
    assert day(typed, CHINA) == DAY


@pytest.mark.parametrize("typed", ["15/3/2026", "3-15-26", "26.3.15", "2026-13-01", "2026-02-30", "昨天", "二〇二六年", True, "2026-3/15x"])
def test_a_day_that_could_be_another_is_refused(typed: Any) -> None:
    assert code_of(day, typed, CHINA) == "workbook.day"


@pytest.mark.parametrize("typed", [46096, 46096.5, "46096"])
def test_the_inner_number_of_a_day_is_named_as_what_it_is(typed: Any) -> None:
    assert code_of(day, typed, CHINA) == "workbook.serial_day"


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_day_written_out_in_figures_is_that_day(when: date) -> None:
    figures = "〇一二三四五六七八九"

    def tens(number: int) -> str:
        ten, one = divmod(number, 10)
        return ("" if ten < 2 else figures[ten]) + ("十" if ten else "") + (figures[one] if one else "")

    year = "".join(figures[int(figure)] for figure in str(when.year))
    assert day(f"{year}年{tens(when.month)}月{tens(when.day)}日", 0).date() == when


@pytest.mark.parametrize(
    ("typed", "expected"),
    [(12, 1200), (12.3, 1230), (0.1 + 0.2, 30), ("1,234.50", 123_450), ("¥80", 8_000), ("12.5万元", 12_500_000), ("８０元", 8_000), (0, 0)],
)
def test_an_amount_in_every_usual_form(typed: Any, expected: int) -> None:
    assert cents(typed) == expected


@pytest.mark.parametrize("typed", ["十二", "1.234", "-1", -5, "1e999", "nan", "inf", True, "1,2,,x", "9" * 40])
def test_an_amount_that_is_none_is_refused(typed: Any) -> None:
    assert code_of(cents, typed) == "workbook.amount"


def test_a_long_number_that_has_lost_its_last_digits_is_refused() -> None:
    column = Column("debtor_id_no", longest=32)
    assert read_cell(column, 13800000000, {}, CHINA) == "13800000000"
    assert read_cell(column, 13800000000.0, {}, CHINA) == "13800000000"
    assert code_of(read_cell, column, 440106199001011234, {}, CHINA) == "workbook.long_number"
    assert code_of(read_cell, column, 4.40106199001011e17, {}, CHINA) == "workbook.long_number"


@pytest.mark.parametrize("kind", list(Kind))
def test_formulas_and_faults_are_refused_in_every_column(kind: Kind) -> None:
    column = Column("any", kind, values=("yes", "no"))
    assert code_of(read_cell, column, Formula(), {}, CHINA) == "workbook.formula"
    assert code_of(read_cell, column, Fault(), {}, CHINA) == "workbook.fault"


def test_names_with_quotes_markup_and_emoji_are_text() -> None:
    column = Column("name")
    for name in ("O'Brien; DROP TABLE officer", '<img onerror="x">', "𠮷野🙂", "=not a formula"):
        assert read_cell(column, name, {}, CHINA) == name
    assert code_of(read_cell, column, "a\u202eb", {}, CHINA) == "text.bad_character"
    assert code_of(read_cell, column, "x" * 65, {}, CHINA) == "text.too_long"


@pytest.mark.parametrize(
    "typed",
    [
        "POLYGON((112.5 23.1, 112.6 23.1, 112.6 23.2, 112.5 23.1))",
        "polygon ((112.5 23.1,112.6 23.1,112.6 23.2,112.5 23.1))",
        "23.1,112.5; 23.1,112.6; 23.2,112.6; 23.1,112.5",
        "112.5，23.1；112.6，23.1；112.6，23.2；112.5，23.1",
    ],
)
def test_a_line_whichever_number_comes_first(typed: str) -> None:
    assert line(typed) == [(23.1, 112.5), (23.1, 112.6), (23.2, 112.6), (23.1, 112.5)]


@pytest.mark.parametrize(
    "typed", ["", "23.1,112.5", "POLYGON((1 2,3 4,5 6),(1 2,3 4,5 6))", "MULTIPOLYGON(((1 2,3 4,5 6)))", "a,b;c,d;e,f"]
)
def test_a_line_that_is_none_is_refused(typed: str) -> None:
    assert code_of(line, typed) == "workbook.line"


def test_a_row_names_the_column_that_cannot_be_taken() -> None:
    said = {"kind": {fold("警车"): "POLICE"}}
    assert read_row(SHEETS["vehicles"], {"unit_no": "2001", "kind": " 警车 "}, said, CHINA) == {"unit_no": 2001, "kind": "POLICE"}
    for cells, column in (
        ({"kind": "警车"}, "unit_no"),
        ({"unit_no": 1, "kind": "马车"}, "kind"),
        ({"unit_no": "一", "kind": "警车"}, "unit_no"),
    ):
        with pytest.raises(CellRefused) as refused:
            read_row(SHEETS["vehicles"], cells, said, CHINA)
        assert refused.value.column == column


@pytest.mark.parametrize(
    ("lat", "lon", "code"), [(23.1, None, "place.half"), (112.5, 23.1, "workbook.turned"), (500, 1, "place.not_a_degree")]
)
def test_a_place_is_whole_and_the_right_way_round(lat: Any, lon: Any, code: str) -> None:
    with pytest.raises(CellRefused) as refused:
        read_row(SHEETS["court"], {"code": "A", "name": "B", "lat": lat, "lon": lon}, {}, CHINA)
    assert refused.value.error.code == code


def test_a_fence_keeps_the_order_of_its_corners_wherever_it_lies() -> None:
    assert line("60.17,24.93; 60.17,24.94; 60.18,24.94")[0] == (60.17, 24.93)
    assert line("112.50,23.10; 112.51,23.10; 112.51,23.11")[0] == (23.10, 112.50)


@pytest.mark.parametrize(("lat", "lon"), [(60.1719, 24.9414), (53.5, 122.3), (3.9, 112.2), (23.1, 112.5), (-34.6, -58.4)])
def test_a_place_far_in_the_north_or_abroad_is_not_called_exchanged(lat: float, lon: float) -> None:
    assert read_row(SHEETS["court"], {"code": "A", "name": "B", "lat": lat, "lon": lon}, {}, CHINA)["lat"] == lat


@pytest.mark.parametrize(
    ("cell", "code"), [(float("nan"), "workbook.fault"), (float("inf"), "workbook.long_number"), (1e300, "workbook.long_number")]
)
def test_a_number_that_is_none_is_refused_as_a_text(cell: float, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        words_in(cell)
    assert refused.value.code == code


@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.datetimes(), st.none()))
def test_no_cell_whatever_it_holds_breaks_a_column(cell: Any) -> None:
    for sheet in SHEETS.values():
        for column in sheet.columns:
            try:
                read_cell(column, cell, {}, CHINA)
            except BadInput:
                pass

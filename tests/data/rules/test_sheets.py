"""The record of a talk: what fits on it, when it is complete, what a correction needs, and that it says the same for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput, CommandCentreError
from data.rules import sheets
from data.rules.participants import ParticipantState
from data.rules.sheets import LINE_LONGEST, ROW, ROWS_MOST, Sheet, check_completion, from_json, lines, to_json

TEXT = st.text("甲乙丙 abc。", min_size=1, max_size=20).filter(lambda text: bool(text.strip()))


def refused(*asked: object) -> str | None:
    try:
        check_completion(*asked)  # type: ignore[arg-type]
    except CommandCentreError as error:
        return error.code
    return None


def test_a_record_is_completed_after_he_has_left_and_never_before() -> None:
    for state in ParticipantState:
        over = state in (ParticipantState.LEFT, ParticipantState.REFUSED)
        assert refused(state, 0, 0, None) == (None if over else "sheet.still_in"), state


def test_a_correction_is_the_next_version_of_the_newest_and_says_why() -> None:
    left = ParticipantState.LEFT
    assert check_completion(left, 0, 0, None) == 1
    assert check_completion(left, 1, 1, "笔误") == 2
    assert refused(left, 1, 1, None) == "sheet.why"
    assert refused(left, 0, 1, "笔误") == "sheet.newer_version"
    assert refused(left, 2, 1, "笔误") == "sheet.newer_version"


def test_lines_are_what_somebody_wrote_without_the_blank_ones() -> None:
    assert lines("  已说明期限 \r\n\r\n 已说明后果\n", "explained") == ("已说明期限", "已说明后果")
    for sign in ("行", "满" * ROW):
        assert lines("\n".join([sign] * ROWS_MOST), "said") == (sign,) * ROWS_MOST
    longer = "\n".join(["满" * (ROW + 1)] * (ROWS_MOST // 2 + 1))
    for bad in ("", " \n ", "\n".join(["行"] * (ROWS_MOST + 1)), longer, "长" * (LINE_LONGEST + 1), "a\u202eb", None, 5):
        with pytest.raises(BadInput):
            lines(bad, "said")


@given(st.lists(TEXT, max_size=3), st.lists(TEXT, max_size=3), st.one_of(st.none(), TEXT))
def test_a_sheet_is_read_as_it_was_written_and_every_change_changes_its_digest(
    explained: list[str], said: list[str], why: str | None
) -> None:
    sheet = Sheet({"number": "呼〔20260112〕003", "left_at": 5}, tuple(explained), tuple(said), why)
    text = to_json(sheet)
    assert from_json(text) == sheet
    other = Sheet(sheet.facts, (*sheet.explained, "更多"), sheet.said, sheet.why)
    assert sheets.digest(to_json(other)) != sheets.digest(text)


def test_a_recordings_digest_is_over_its_segments_in_order() -> None:
    assert sheets.of_recording([]) is None
    assert sheets.of_recording(["aa", "bb"]) != sheets.of_recording(["bb", "aa"])

"""What may enter a row."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput
from data.rules import words

NOW = datetime(2026, 1, 12, 4, tzinfo=UTC)
anything = st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.binary(), st.lists(st.text()))


@given(anything)
def test_a_word_is_kept_whole_or_refused_with_a_code(value: object) -> None:
    try:
        kept = words.word(value, "name", 20)
    except BadInput as error:
        codes = {"text.empty", "text.too_long", "text.bad_character", "text.not_text"}
        if error.code not in codes:
            raise
        return
    assert 0 < len(kept) <= 20
    assert "\x00" not in kept
    kept.encode()


@pytest.mark.parametrize("name", ["O'Neill", 'x"y', "a;b--", "😀", "𠮷野家", "阿测·示例", "<img src=x>", "javascript:alert(1)", "{who}"])
def test_odd_but_honest_text_is_kept(name: str) -> None:
    assert words.word(name, "name", 40) == name


@pytest.mark.parametrize("name", ["", "  ", "\u3000", "a\x00", "a\nb", "a\u202eb", "\u200b", "a\ud800"])
def test_empty_controlling_and_turning_text_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        words.word(name, "name", 40)


@given(anything)
def test_only_an_id_is_an_id(value: object) -> None:
    for check, form in ((words.ulid, words.ULID), (words.sender_id, words.SENDER_ID)):
        try:
            kept = check(value)
        except BadInput:
            continue
        assert form.fullmatch(kept)


@given(st.floats(), st.floats())
def test_a_place_is_both_degrees_on_earth(lat: float, lon: float) -> None:
    if math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180:
        assert words.place(lat, lon) == (lat, lon)
        return
    with pytest.raises(BadInput):
        words.place(lat, lon)


def test_half_a_place_is_none() -> None:
    assert words.place(None, None) == (None, None)
    for lat, lon in ((1.0, None), (None, 1.0)):
        with pytest.raises(BadInput):
            words.place(lat, lon)


@given(st.one_of(st.integers(), st.booleans(), st.floats(), st.text()))
def test_money_is_whole_cents_not_below_zero(value: object) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= words.MOST_CENTS:
        assert words.cents(value, "claim") == value
        return
    with pytest.raises(BadInput):
        words.cents(value, "claim")


@pytest.mark.parametrize(
    ("moment", "code"),
    [(NOW.replace(tzinfo=None), "time.no_zone"), (NOW.replace(year=1970), "time.too_old"), (NOW + timedelta(hours=1), "time.future")],
)
def test_a_moment_that_cannot_be_is_refused(moment: datetime, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        words.moment(moment, "at", NOW)
    assert refused.value.code == code
    assert words.moment(NOW + timedelta(minutes=4), "at", NOW) > NOW

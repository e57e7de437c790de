"""The court's day."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from data.rules.civil import clock_text, daily_number, day_start, day_text

moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001 - the zone follows
offsets = st.integers(-86_400, 86_400)


@given(moments, offsets)
def test_a_day_holds_its_moment_and_lasts_24_hours(moment: datetime, offset: int) -> None:
    start = day_start(moment, offset)
    assert start <= moment < start + timedelta(days=1)
    assert day_text(start, offset) == day_text(moment, offset)
    assert clock_text(start, offset) == "00:00"
    assert day_start(start, offset) == start


def test_the_day_of_shanghai_begins_at_16_utc() -> None:
    assert day_start(datetime(2026, 1, 12, 15, 59, tzinfo=UTC), 28_800) == datetime(2026, 1, 11, 16, tzinfo=UTC)
    assert day_text(datetime(2026, 1, 12, 16, tzinfo=UTC), 28_800) == "20260113"
    assert daily_number("呼", "20260112", 3) == "呼〔20260112〕003"
    assert daily_number("呼", "20260112", 1234) == "呼〔20260112〕1234"

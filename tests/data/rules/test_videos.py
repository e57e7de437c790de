"""What an outside video must be, and what its name may do: nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import CommandCentreError, Gone, NotMedia
from data.rules import videos
from data.rules.videos import Film, VideoState

GOOD = Film("mp4", "h264", 1_920, 1_080, 60_000, 2)
NOW = datetime(2026, 1, 12, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"form": "avi"}, "video.not_film"), ({"width": 0}, "video.not_film"),
        ({"streams": 9}, "video.not_film"), ({"streams": 0}, "video.not_film"),
        ({"duration_ms": 0}, "video.not_film"), ({"duration_ms": -1}, "video.not_film"), ({"duration_ms": 14_400_001}, "video.too_long"),
        ({"codec": "mjpeg"}, "video.codec"), ({"width": 50_000, "height": 50_000}, "video.too_wide"),
        ({"width": 9_000, "height": 2}, "video.too_wide"),
    ],
)  # fmt: skip
def test_only_a_film_that_can_be_looked_at_and_rendered_is_taken(changed: dict[str, object], code: str) -> None:
    videos.check_film(GOOD)
    with pytest.raises(NotMedia) as refused:
        videos.check_film(replace(GOOD, **changed))  # type: ignore[arg-type]
    assert refused.value.code == code


@given(state=st.sampled_from(VideoState), left_s=st.integers(-9, 9))
def test_bytes_are_taken_while_it_comes_and_is_in_time(state: VideoState, left_s: int) -> None:
    try:
        videos.check_coming(state, NOW + timedelta(seconds=left_s), NOW)
        taken = True
    except Gone:
        taken = False
    assert taken == (state is VideoState.COMING and left_s > 0)


def refused(act: Callable[[], object]) -> int:
    """The status of the refusal; 0: none."""
    try:
        act()
    except CommandCentreError as error:
        return error.status
    return 0


@given(own=st.integers(0, 60), others=st.integers(0, 60))
def test_few_are_on_their_way_at_once(own: int, others: int) -> None:
    full = own >= videos.EACH_MOST or own + others >= videos.ALL_MOST
    assert refused(lambda: videos.check_room(own, own + others)) == (429 if full else 0)


@given(length=st.integers(-5, 3_000_000_000))
def test_a_length_is_whole_and_bounded(length: int) -> None:
    assert refused(lambda: videos.check_length(length)) == (400 if length <= 0 else 413 if length > videos.MOST else 0)


@given(name=st.text(max_size=400))
def test_a_name_is_one_line_of_text(name: str) -> None:
    shown = videos.shown_name(name)
    assert len(shown) <= videos.NAME_LONGEST
    assert not set(shown) & set("/\\\0\n\r\u202e\u2066")
    assert videos.shown_name(shown) == shown

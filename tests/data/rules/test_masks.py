"""A mask: read or refused, and never more open than was said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput
from data.rules import masks
from data.rules.masks import CELL_LEAST, CELLS_LONG, CELLS_SHORT, Box, Key, Mask, Window

LENGTH_MS = 60_000
shares = st.floats(0, 1, allow_nan=False)
boxes = st.builds(
    lambda x, y: Box(min(x), min(y), max(x), max(y)),
    st.lists(shares, min_size=2, max_size=2, unique=True),
    st.lists(shares, min_size=2, max_size=2, unique=True),
)
windows = st.lists(st.integers(0, LENGTH_MS), min_size=1, max_size=8, unique=True).flatmap(
    lambda times: st.lists(boxes, min_size=len(times), max_size=len(times)).map(
        lambda found: Window(tuple(Key(at_ms, box) for at_ms, box in zip(sorted(times), found, strict=True)))
    )
)
KEY = [0, 0.1, 0.1, 0.5, 0.5]


@given(st.lists(windows, max_size=5), st.one_of(st.none(), st.just("只有一个人")))
def test_what_is_written_is_read_again(found: list[Window], why: str | None) -> None:
    mask = Mask(tuple(found), (masks.Span(0, 500), masks.Span(500, 900, masks.Voice.TONE)), why)
    assert masks.read(masks.written(mask), LENGTH_MS) == mask
    assert mask.hides == (why is not None)


BAD_WINDOWS: list[Any] = [
    "x", [[]], [[KEY, KEY]], [[[0, 0.5, 0, 0.5, 1]]], [[[-1, *KEY[1:]]]], [[[LENGTH_MS + 1, *KEY[1:]]]], [[[0.5, *KEY[1:]]]],
    [[[0, 0, 0, 1, float("nan")]]], [[[0, 0, 0, 1, True]]], [[[0, 0, 0, 1.01, 1]]], [[KEY]] * 33,
]  # fmt: skip
BAD_SOUNDS: list[Any] = [
    [[0, 0, "PLAIN"]], [[5, 1, "PLAIN"]], [[0, LENGTH_MS + 1, "PLAIN"]], [[0, 5, "LOUD"]], [[0, 5]], [[0, 5, "PLAIN"]] * 101,
]  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [*({"windows": each} for each in BAD_WINDOWS), *({"sounds": each} for each in BAD_SOUNDS), {"why": ""}, {"why": "x" * 500}],
)
def test_nonsense_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        masks.read(said, LENGTH_MS)


@pytest.mark.parametrize("length_ms", [0, 999, masks.MOST_MS + 1])
def test_a_clip_is_neither_a_blink_nor_a_film(length_ms: int) -> None:
    with pytest.raises(BadInput) as refused:
        masks.read({}, length_ms)
    assert refused.value.code == "mask.bad_length"


@given(windows, st.integers(0, LENGTH_MS))
def test_a_window_is_there_between_its_keys_and_nowhere_else(window: Window, at_ms: int) -> None:
    found = masks.boxes_at(Mask((window,)), at_ms)
    assert bool(found) == (window.keys[0].at_ms <= at_ms <= window.keys[-1].at_ms)
    for box in found:
        assert min(key.box.left for key in window.keys) - 1e-9 <= box.left <= max(key.box.left for key in window.keys) + 1e-9
    for key in window.keys:
        (there,) = masks.boxes_at(Mask((window,)), key.at_ms)
        assert (there.left, there.bottom) == pytest.approx((key.box.left, key.box.bottom))


@given(boxes, st.integers(2, 2_000), st.integers(2, 2_000))
def test_pixels_are_never_more_open_nor_less_hidden_than_was_said(box: Box, width: int, height: int) -> None:
    left, top, right, bottom = masks.pixels(box, width, height)
    assert left >= box.left * width - 1e-6
    assert top >= box.top * height - 1e-6
    assert right <= box.right * width + 1e-6
    assert bottom <= box.bottom * height + 1e-6
    assert all(each % 2 == 0 for each in (left, top, right, bottom))
    left, top, right, bottom = masks.pixels(box, width, height, hides=True)
    assert left <= box.left * width + 1e-6
    assert top <= box.top * height + 1e-6
    assert right >= box.right * width - 1e-6
    assert bottom >= box.bottom * height - 1e-6


@given(st.integers(16, 4_096), st.integers(16, 4_096))
def test_cells_are_few_and_large(width: int, height: int) -> None:
    wide, high = masks.cells(width, height)
    assert max(wide, high) <= CELLS_LONG
    assert min(wide, high) <= CELLS_SHORT
    assert width / wide >= CELL_LEAST
    assert height / high >= CELL_LEAST

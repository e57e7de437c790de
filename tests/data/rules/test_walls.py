"""What a desk may put on a wall."""

import pytest

from data.errors import BadInput
from data.rules.walls import before_guests, focus_kind, grid, layout


def test_three_layouts_are_in_use_and_the_others_say_so() -> None:
    assert [layout(number) for number in (1, 3, 8)] == [1, 3, 8]
    for number in (2, 4, 5, 6, 7):
        with pytest.raises(BadInput) as refused:
            layout(number)
        assert refused.value.code == "wall.layout_not_in_use"


@pytest.mark.parametrize("wrong", [0, 10, -1, True, "1", None, 1.0])
def test_what_is_no_layout_is_refused(wrong: object) -> None:
    with pytest.raises(BadInput) as refused:
        layout(wrong)
    assert refused.value.code == "wall.layout_unknown"


def test_a_wall_shows_units_missions_calls_and_alarms() -> None:
    assert [focus_kind(kind).value for kind in ("unit", "mission", "call", "sos")] == ["unit", "mission", "call", "sos"]
    with pytest.raises(BadInput):
        focus_kind("case")


def test_a_wall_shows_one_large_picture_four_or_one_alone() -> None:
    assert [grid(word).value for word in ("main", "quad", "single")] == ["main", "quad", "single"]
    for wrong in ("nine", "", None, 4, True, ["quad"]):
        with pytest.raises(BadInput) as refused:
            grid(wrong)
        assert refused.value.code == "wall.grid_unknown"


def test_guests_stand_before_a_wall_by_its_mode_or_its_layout() -> None:
    assert [before_guests(number, on) for number, on in ((1, False), (1, True), (8, False), (8, True))] == [False, True, True, True]

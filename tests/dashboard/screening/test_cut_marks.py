"""In and out of a cut keep their order, whatever is pressed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dashboard.screening.pure import answer

LENGTH = 60_000


@settings(max_examples=3, deadline=None)
@given(presses=st.lists(st.tuples(st.sampled_from(["in", "out"]), st.floats(-100, LENGTH + 100)), min_size=30, max_size=60))
def test_the_marks_stay_in_their_order_and_within(presses: list[tuple[str, float]]) -> None:
    walked = answer(
        "cut_marks.mjs", "withIn, withOut",
        f"""asked.reduce((all, [which, at]) => [...all, (which === 'in' ? withIn : withOut)(all.at(-1), at, {LENGTH})],
            [{{ in_ms: 0, out_ms: {LENGTH} }}])""",
        presses,
    )  # fmt: skip
    for marks, (which, at) in zip(walked[1:], presses, strict=True):
        assert 0 <= marks["in_ms"] <= marks["out_ms"] <= LENGTH
        assert abs(marks[f"{which}_ms"] - min(max(at, 0), LENGTH)) <= 1


def test_what_is_too_short_or_too_long_is_said() -> None:
    asked = [[0, 999], [0, 1_000], [0, 600_000], [0, 600_001]]
    found = answer("cut_marks.mjs", "fault", "asked.map(([a, b]) => fault({ in_ms: a, out_ms: b }, 1_000, 600_000))", asked)
    assert found == ["too_short", "", "", "too_long"]

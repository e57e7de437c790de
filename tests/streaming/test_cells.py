"""What of a live picture may reach an audience: the form in which it travels, and the memory that holds it back."""

from hypothesis import given
from hypothesis import strategies as st

from streaming.cells import COLUMNS, EACH_S, ROWS, SIZE, Cells, Delay, emptied, packed, read

PERMIT, SCREENING = "01K0000000000000000000000P", "01K0000000000000000000000S"


def cells(number: int) -> Cells:
    return Cells(PERMIT, 1_700_000_000_000 + number, bytes([number % 256]) * SIZE)


def test_no_more_cells_than_the_issue_allows() -> None:
    assert COLUMNS <= 40
    assert ROWS <= 23


def test_what_travels_comes_back_and_nothing_else_is_read() -> None:
    assert read(packed(cells(7))) == cells(7)
    assert read(emptied(SCREENING)) == SCREENING
    for other in (b"", b"C", b"E", b"E" + b"\xff" * 26, packed(cells(7))[:-1], packed(cells(7)) + b"x", b"X" + packed(cells(7))[1:]):
        assert read(other) is None


@given(st.binary(max_size=200))
def test_whatever_comes_reading_it_never_fails(data: bytes) -> None:
    read(data)


@given(st.integers(10, 120), st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=60))
def test_nothing_is_let_out_before_its_time_or_after_a_blackout(delay_s: int, steps: list[tuple[float, bool]]) -> None:
    memory, now_s, put_at, emptied_at = Delay(delay_s), 0.0, dict[int, float](), -1
    for number, (later_s, black) in enumerate(steps):
        now_s += later_s
        memory.put(cells(number), now_s)
        put_at[cells(number).taken_ms] = now_s
        if black:
            memory.clear()
            assert len(memory) == 0
            emptied_at = cells(number).taken_ms
        due = memory.due(now_s)
        if due is not None:
            assert now_s - put_at[due.taken_ms] >= delay_s
            assert due.taken_ms > emptied_at


def test_its_memory_is_bounded_and_what_does_not_fit_is_never_shown() -> None:
    memory = Delay(10)
    for number in range(1_000):
        memory.put(cells(number), number * EACH_S / 10)  # ten times as many as are made
    assert len(memory) <= 10 / EACH_S + 20
    due = memory.due(1e9)
    assert due is not None
    assert due == cells(999)

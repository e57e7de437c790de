"""What of a live picture may reach an audience: a few coloured cells, how long they are held, and how they travel. Pure.

There is no way from here to the picture: 40 cells are all that is kept of it, before anything is sent or stored. They travel as they are,
120 bytes a picture, over the bus and the stage's own socket; the stage draws them on a canvas. That is the whole of the «re-encoding»: an
encoder between would add nothing but its delay and a decoder that can fail, and black is exact because nothing waits in a player.

How few cells: `tests/streaming/test_mosaic.py`. 40 × 23, which the issue allows, shows a face that fills the picture to every cascade.
"""

from collections import deque
from dataclasses import dataclass

COLUMNS, ROWS = 8, 5
SIZE = COLUMNS * ROWS * 3  # red, green, blue, row by row
EACH_S = 0.1  # a picture; what a sender sends beyond that is decoded and left
_CELLS, _EMPTIED = b"C", b"E"
_ID, _MOMENT = 26, 8


@dataclass(frozen=True, slots=True)
class Cells:
    """One picture. permit_id: by whose permission; taken_ms: when it came to us, UTC."""

    permit_id: str
    taken_ms: int
    cells: bytes


def packed(cells: Cells) -> bytes:
    return _CELLS + cells.permit_id.encode("ascii") + cells.taken_ms.to_bytes(_MOMENT, "big") + cells.cells


def emptied(screening_id: str) -> bytes:
    """Said to the relay: a blackout of this screening; what is held goes now."""
    return _EMPTIED + screening_id.encode("ascii")


def read(data: bytes) -> Cells | str | None:
    """Cells; the id of a screening that was blacked out; None for what is of neither form."""
    kind, said = data[:1], data[1:]
    if kind == _EMPTIED and len(said) == _ID and said.isascii():
        return said.decode("ascii")
    if kind != _CELLS or len(said) != _ID + _MOMENT + SIZE or not said[:_ID].isascii():
        return None
    return Cells(said[:_ID].decode("ascii"), int.from_bytes(said[_ID : _ID + _MOMENT], "big"), said[_ID + _MOMENT :])


class Delay:
    """The memory of the one transcoder: at most the delay's worth of pictures, a few kilobytes. When full the oldest goes, unshown."""

    def __init__(self, delay_s: int) -> None:
        self._delay_s = delay_s
        self._held: deque[tuple[float, Cells]] = deque(maxlen=round(delay_s / EACH_S) + 20)

    def __len__(self) -> int:
        return len(self._held)

    def put(self, cells: Cells, now_s: float) -> None:
        self._held.append((now_s, cells))

    def due(self, now_s: float) -> Cells | None:
        """The newest whose time has come; older ones are past."""
        found = None
        while self._held and now_s - self._held[0][0] >= self._delay_s:
            found = self._held.popleft()[1]
        return found

    def clear(self) -> None:
        self._held.clear()

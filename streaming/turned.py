"""A phone held upright writes a picture that lies on its side, and a mark that says how to turn it. Players turn it; so must a mask's film.

Only quarter turns are known. A mirrored or slanted picture is refused: a window would open elsewhere than where it was drawn.
"""

import struct
from typing import Any

import av
import numpy as np

from data.errors import NotMedia

ONE = 1 << 16  # the mark's numbers are 16.16
TURNS = {(1, 0, 0, 1): 0, (0, -1, 1, 0): 1, (-1, 0, 0, -1): 2, (0, 1, -1, 0): 3}  # (a, b, c, d) of the mark: quarters against the clock


def quarter_turns(picture: Any) -> int:
    """How many quarters it is to be turned against the clock before it is shown. Raises NotMedia video.turned."""
    mark = picture.side_data.get("DISPLAYMATRIX")
    if mark is None:
        return 0
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(mark)[:36])
    turns = TURNS.get((a // ONE, b // ONE, c // ONE, d // ONE)) if not any(each % ONE for each in (a, b, c, d)) else None
    if turns is None:
        raise NotMedia("turned", code="video.turned")
    return turns


def upright(picture: Any) -> Any:
    """The picture as a player shows it. Raises NotMedia video.turned."""
    turns = quarter_turns(picture)
    if not turns:
        return picture
    lying = picture.reformat(format="yuv420p")
    size = (lying.width, lying.height) if turns == 2 else (lying.height, lying.width)
    out = av.VideoFrame(*size, "yuv420p")
    for into, plane in zip(out.planes, lying.planes, strict=True):
        turned = np.rot90(_pixels(plane), turns)
        _pixels(into)[:] = turned
    out.pts, out.time_base = picture.pts, picture.time_base
    return out


def _pixels(plane: Any) -> Any:
    """As they lie in memory."""
    return np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)[:, : plane.width]

"""What of a clip an audience may see and hear: everything is hidden that a person has opened.

A mask is a plan, no picture: windows that move over the picture in time, and spans of sound. The other way round (all open, windows
hide) it wants a written reason. `domain/rules.md` E.2, «Video/photo for release».
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from data.errors import BadInput
from data.rules import words

CELLS_LONG, CELLS_SHORT = 40, 23  # of the whole picture: no face or plate can be recognised in so few, however near it stands
CELL_LEAST = 16  # pixels: a small picture has fewer cells
LEAST_MS, MOST_MS = 1_000, 600_000  # of a clip
WINDOWS_MOST, KEYS_MOST, SPANS_MOST = 32, 400, 100
WHY_LONGEST = 120


class Voice(StrEnum):
    PLAIN = "PLAIN"  # as it was said
    CHANGED = "CHANGED"  # lower: what is said is understood, whose voice it is not
    TONE = "TONE"  # a tone in its place: the audience hears that something is left out


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the picture; 0 … 1 of its width and height, from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Key:
    """Where a window is at a moment. at_ms: since the clip's beginning."""

    at_ms: int
    box: Box


@dataclass(frozen=True, slots=True)
class Window:
    """Goes from key to key in straight lines; there from the first key's moment to the last one's, both included."""

    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Sound that is heard. In milliseconds since the clip's beginning, the end not included."""

    from_ms: int
    to_ms: int
    voice: Voice = Voice.PLAIN


@dataclass(frozen=True, slots=True)
class Mask:
    """windows: what is seen; with `why`: what is hidden in a picture that is open otherwise. sounds: what is heard, either way."""

    windows: tuple[Window, ...] = ()
    sounds: tuple[Span, ...] = ()
    why: str | None = None

    @property
    def hides(self) -> bool:
        """Whether its windows hide instead of opening."""
        return self.why is not None


def read(said: Mapping[str, Any], length_ms: int) -> Mask:
    """A mask as a page or a row says it: {"windows": [[[at_ms, left, top, right, bottom]…]…], "sounds": [[from_ms, to_ms, voice]…], "why"}.

    Raises BadInput: mask.bad, mask.bad_length, mask.too_much; text.empty, text.too_long of `why`.
    """
    if not LEAST_MS <= length_ms <= MOST_MS:
        raise BadInput("length", code="mask.bad_length", least_s=LEAST_MS // 1000, most_s=MOST_MS // 1000)
    windows, sounds, why = _list(said.get("windows", [])), _list(said.get("sounds", [])), said.get("why")
    if len(windows) > WINDOWS_MOST or sum(len(_list(each)) for each in windows) > KEYS_MOST or len(sounds) > SPANS_MOST:
        raise BadInput("mask", code="mask.too_much", windows=WINDOWS_MOST, keys=KEYS_MOST, spans=SPANS_MOST)
    return Mask(
        tuple(_window(_list(each), length_ms) for each in windows),
        tuple(_span(_list(each), length_ms) for each in sounds),
        words.word_or_none(why, "why", WHY_LONGEST),
    )


def written(mask: Mask) -> dict[str, Any]:
    """As `read` takes it."""
    windows = [[[key.at_ms, key.box.left, key.box.top, key.box.right, key.box.bottom] for key in window.keys] for window in mask.windows]
    return {"windows": windows, "sounds": [[span.from_ms, span.to_ms, span.voice.value] for span in mask.sounds], "why": mask.why}


def _list(said: object) -> list[Any]:
    if not isinstance(said, list | tuple):
        raise BadInput("mask", code="mask.bad")
    return list(said)


def _window(said: Sequence[Any], length_ms: int) -> Window:
    keys = tuple(_key(_list(each), length_ms) for each in said)
    if not keys or any(later.at_ms <= earlier.at_ms for earlier, later in pairwise(keys)):
        raise BadInput("window", code="mask.bad")
    return Window(keys)


def _key(said: Sequence[Any], length_ms: int) -> Key:
    if len(said) != 5 or not all(isinstance(each, int | float) and not isinstance(each, bool) and math.isfinite(each) for each in said):
        raise BadInput("key", code="mask.bad")
    at_ms, left, top, right, bottom = said
    if at_ms != int(at_ms) or not 0 <= at_ms <= length_ms or not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise BadInput("key", code="mask.bad")
    return Key(int(at_ms), Box(float(left), float(top), float(right), float(bottom)))


def _span(said: Sequence[Any], length_ms: int) -> Span:
    if len(said) != 3 or not all(isinstance(each, int) and not isinstance(each, bool) for each in said[:2]) or said[2] not in list(Voice):
        raise BadInput("span", code="mask.bad")
    from_ms, to_ms, voice = said
    if not 0 <= from_ms < to_ms <= length_ms:
        raise BadInput("span", code="mask.bad")
    return Span(from_ms, to_ms, Voice(voice))


# --- at a moment ------------------------------------------------------------------------------------------------------------------------


def boxes_at(mask: Mask, at_ms: float) -> list[Box]:
    """Where its windows are; a window that is not there at this moment is left out."""
    return [box for window in mask.windows if (box := _box_at(window, at_ms)) is not None]


def _box_at(window: Window, at_ms: float) -> Box | None:
    if not window.keys[0].at_ms <= at_ms <= window.keys[-1].at_ms:
        return None
    for earlier, later in pairwise(window.keys):
        if at_ms <= later.at_ms:
            share = (at_ms - earlier.at_ms) / (later.at_ms - earlier.at_ms)
            a, b = earlier.box, later.box
            ends = ((a.left, b.left), (a.top, b.top), (a.right, b.right), (a.bottom, b.bottom))
            return Box(*(begin + (end - begin) * share for begin, end in ends))
    return window.keys[-1].box


def pixels(box: Box, width: int, height: int, hides: bool = False) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in whole pairs of pixels, as colour is stored: never more open than was said, never less hidden."""
    down, up = (math.floor, math.ceil) if hides else (math.ceil, math.floor)
    left, top = (2 * down(near * size / 2) for near, size in ((box.left, width), (box.top, height)))
    right, bottom = (2 * up(far * size / 2) for far, size in ((box.right, width), (box.bottom, height)))
    return left, top, min(right, width + width % 2), min(bottom, height + height % 2)


def cells(width: int, height: int) -> tuple[int, int]:
    """How many cells hide a picture of this size, across and down."""
    wide, high = (CELLS_LONG, CELLS_SHORT) if width >= height else (CELLS_SHORT, CELLS_LONG)
    return max(1, min(wide, width // CELL_LEAST)), max(1, min(high, height // CELL_LEAST))

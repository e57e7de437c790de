"""Clips cut from our own recordings: how their masked rendering goes, and what they may be called. `domain/features.md` SS-15, SS-16."""

from datetime import datetime, timedelta
from enum import StrEnum

from data.errors import BadInput, RuleBroken, TransitionRefused
from data.rules.masks import LEAST_MS, MOST_MS

TITLE_LONGEST, WORDS_LONGEST = 20, 60
EXACT = timedelta(milliseconds=1)  # pages say whole milliseconds
TAGS = frozenset({"MACHINE", "SHED", "GOODS", "SUMMONS", "EVICTION", "CLEARING", "DETENTION", "OTHER"})  # SS-16


class Rendering(StrEnum):
    NONE = "NONE"  # its mask has not been rendered
    ASKED = "ASKED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


STEPS: dict[Rendering, frozenset[Rendering]] = {
    Rendering.NONE: frozenset({Rendering.ASKED}),
    Rendering.ASKED: frozenset({Rendering.RUNNING, Rendering.CANCELLED, Rendering.NONE}),
    Rendering.RUNNING: frozenset({Rendering.DONE, Rendering.FAILED, Rendering.CANCELLED, Rendering.NONE}),
    Rendering.DONE: frozenset({Rendering.NONE}),
    Rendering.FAILED: frozenset({Rendering.ASKED, Rendering.NONE}),
    Rendering.CANCELLED: frozenset({Rendering.ASKED, Rendering.NONE}),
}
UNDER_WAY = frozenset({Rendering.ASKED, Rendering.RUNNING})


def check_step(here: Rendering, there: Rendering) -> None:
    """NONE: the mask was changed. Raises TransitionRefused clip.rendering."""
    if there not in STEPS[here]:
        raise TransitionRefused(f"{here} to {there}", code="clip.rendering")


def check_cut(from_at: datetime, to_at: datetime, began_at: datetime, ended_at: datetime | None, now: datetime) -> int:
    """Whether a clip lies within its recording. Returns its length in milliseconds. Raises BadInput clip.outside, mask.bad_length."""
    length_ms = int((to_at - from_at) / timedelta(milliseconds=1))
    if not LEAST_MS <= length_ms <= MOST_MS:
        raise BadInput("length", code="mask.bad_length", least_s=LEAST_MS // 1000, most_s=MOST_MS // 1000)
    if from_at < began_at - EXACT or to_at > (ended_at or now) + EXACT:
        raise BadInput("outside", code="clip.outside")
    return length_ms


def check_tag(tag: str) -> str:
    """Raises BadInput clip.tag."""
    if tag not in TAGS:
        raise BadInput(tag, code="clip.tag")
    return tag


def check_renderable(minor: bool | None) -> None:
    """Somebody has looked for minors and said so. Raises RuleBroken clip.minor_unsaid."""
    if minor is None:
        raise RuleBroken("minor", code="clip.minor_unsaid")

"""What the host's page says of a screening: pure functions, asked in node."""

from pathlib import Path
from typing import Any

import pytest

from tests.node import answer

STATE = str(Path(__file__).resolve().parents[3] / "dashboard/screening/static/console_state.mjs")

INVITED = {"present": 1, "invited": 2, "help": None}


def place(position: int, **other: Any) -> dict[str, Any]:
    return {"position": position, "kind": "CLIP", "title": "一", "duration_ms": 10_000, "live": True} | other


def said(**other: Any) -> dict[str, Any]:
    report = {"key": "a", "state": "playing", "at_ms": 0, "age_ms": 200}
    base = {
        "permits": [],
        "state": "RUNNING",
        "black": False,
        "position": 0,
        "playing": True,
        "at_ms": 4_000,
        "stage": True,
        "report": report,
    }
    base |= {"people": {"present": 0, "invited": 0, "help": None}, "shared": [], "missing": ["SIGN"]}
    return base | {"places": [place(0), place(1, live=False), place(2)]} | other


def report(state: str, age_ms: int = 200) -> dict[str, Any]:
    return {"key": "a", "state": state, "at_ms": 0, "age_ms": age_ms}


@pytest.mark.parametrize(
    ("now", "word", "uneasy"),
    [
        (said(), "seen_playing", False),
        (said(report=None), "seen_away", True),
        (said(report=None, stage=False), "seen_none", True),
        (said(report=report("playing", 4_000)), "seen_away", True),
        (said(black=True), "seen_blackening", True),
        (said(black=True, report=report("black")), "seen_black", False),
        (said(black=True, report=report("black", 9_000)), "seen_away", True),
        (said(report=report("hushed")), "seen_hushed", True),
        (said(report=report("error")), "seen_error", True),
        (said(state="ENDED", report=None), "seen_over", False),
    ],
)
def test_the_host_reads_what_the_stage_itself_says(now: dict[str, Any], word: str, uneasy: bool) -> None:
    assert answer(STATE, "seen, uneasy", "[seen(asked), uneasy(asked)]", now) == [word, uneasy]


def test_next_passes_over_what_was_withdrawn() -> None:
    asked = [said(position=None), said(position=0), said(position=2)]
    assert answer(STATE, "following", "asked.map(following)", asked) == [0, 2, None]


def test_a_clip_goes_on_between_two_words_of_the_server_and_stands_still_in_the_black() -> None:
    asked = [[said(), 1_500], [said(), 60_000], [said(black=True), 1_500], [said(playing=False), 1_500], [said(position=None), 1_500]]
    assert answer(STATE, "at", "asked.map((each) => at(...each))", asked) == [5_500, 10_000, 4_000, 4_000, 0]


def test_a_place_moves_within_the_programme_only() -> None:
    asked = [[["a", "b", "c"], 0, 1], [["a", "b", "c"], 0, -1], [["a", "b", "c"], 2, 1], [["a", "b", "c"], 2, -2]]
    moved = [["b", "a", "c"], ["a", "b", "c"], ["a", "b", "c"], ["c", "a", "b"]]
    assert answer(STATE, "moved", "asked.map((each) => moved(...each))", asked) == moved


def test_a_place_is_found_again_where_somebody_else_has_moved_it() -> None:
    card, other = {"position": 1, "title": "甲", "words": "x"}, {"position": 0, "title": "乙", "words": None}
    asked = [[[other, card], card], [[card, other], card], [[card, other, card], card], [[other], card]]
    assert answer(STATE, "indexOf", "asked.map((each) => indexOf(...each))", asked) == [1, 0, 0, -1]


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        (said(places=[place(0)]), []),
        (said(places=[]), ["ready_programme"]),
        (said(), ["ready_live"]),
        (said(places=[place(0)], report=None), ["ready_stage"]),
        (said(places=[place(0)], report=report("card", 4_000)), ["ready_stage"]),
        (said(places=[place(0)], stage=False, report=None), ["ready_stage"]),
        (said(places=[place(0)], state="PLANNED", people=INVITED), ["ready_materials", "ready_door"]),
        (said(places=[place(0)], state="CHECK_IN", people=INVITED, missing=[], shared=[{"position": 1}]), ["ready_shared"]),
        (said(places=[place(0)], state="CHECK_IN", people=INVITED, missing=[]), []),
    ],
)
def test_it_begins_when_nothing_is_missing(now: dict[str, Any], missing: list[str]) -> None:
    lines = answer(STATE, "ready", "ready(asked)", now)
    assert [name for name, good in lines if not good] == missing


def test_a_live_place_beats_only_while_it_stands_there_and_is_permitted() -> None:
    live = place(0, kind="LIVE", permit="p", duration_ms=None)
    shown = said(places=[live])
    others = [said(), said(places=[live | {"live": False}]), said(places=[live], state="ENDED"), said(places=[live], position=None)]
    asked = [shown, said(places=[live], black=True, state="BLACKOUT"), *others]
    found = [True, True, False, False, False, False]
    assert answer(STATE, "livePlace", "asked.map((each) => livePlace(each) !== null)", asked) == found


def test_a_permit_that_still_lacks_a_signature_does_not_hold_the_beginning_up() -> None:
    asked = said(state="PLANNED", places=[place(0), place(1, kind="LIVE", permit="p", live=False)])
    assert answer(STATE, "ready", "ready(asked).every(([, good]) => good)", asked) is True
    assert answer(STATE, "ready", "ready(asked).every(([, good]) => good)", said(state="PLANNED")) is False


def test_what_can_still_be_permitted_is_open() -> None:
    states = ["PROPOSED", "CERTIFIED_1", "LIVE", "REVOKED", "ENDED"]
    assert answer(STATE, "isOpen", "asked.map((state) => isOpen({ state }))", states) == [True, True, True, False, False]
    asked = said(places=[place(0, kind="LIVE", permit="p")])
    assert answer(STATE, "inProgramme", "['p', 'q'].map((id) => inProgramme(asked, { id }))", asked) == [True, False]

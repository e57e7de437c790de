"""What the stage shows: pure functions of what the door said, asked in node."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.node import answer

STATIC = Path(__file__).resolve().parents[3] / "dashboard/screening/static"
STATE = str(STATIC / "stage_state.mjs")
ITEM = {
    "key": "a",
    "kind": "clip",
    "title": "一",
    "words": "",
    "number": None,
    "certified": None,
    "src": "/stage/media/1?s=a",
    "duration_ms": 10_000,
    "at_ms": 4_000,
    "playing": True,
    "sound": False,
}


def said(**other: Any) -> dict[str, Any]:
    return {"type": "stage", "black": False, "item": ITEM} | other


def test_whatever_is_not_plainly_not_black_is_black() -> None:
    asked = [said(black=black) for black in (True, None, "false", 0, 1)] + [{"type": "stage"}, said(), {"type": "beat"}]
    assert answer(STATE, "saysBlack", "asked.map(saysBlack)", asked) == [True] * 6 + [False, False]


@pytest.mark.parametrize(
    ("now", "outcome", "screen"),
    [
        (None, None, "neutral"),
        (said(black=True), None, "black"),
        (said(black=True), "error", "black"),
        (said(item=None), None, "neutral"),
        (said(), None, "clip"),
        (said(), "ended", "title"),
        (said(), "blocked", "title"),
        (said(), "error", "title"),
        (said(item=ITEM | {"kind": "card"}), None, "card"),
    ],
)
def test_the_screen_follows_from_what_was_said(now: dict[str, Any] | None, outcome: str | None, screen: str) -> None:
    assert answer(STATE, "screenOf", "screenOf(...asked)", [now, outcome]) == screen


def test_what_is_no_message_is_refused() -> None:
    bad = ["", "null", "[]", "{}", '{"type":3}', json.dumps(said(item={"key": "a"})), json.dumps(said(item=ITEM | {"kind": "map"}))]
    bad += [json.dumps(said(item=ITEM | {"src": None})), json.dumps(said(item=ITEM | {"at_ms": "4"}))]
    good = [json.dumps(each) for each in (said(), said(item=None), said(black=True, item=None), {"type": "beat"}, {"type": "stage"})]
    tried = "asked.map((text) => { try { read(text); return true; } catch { return false; } })"
    assert answer(STATE, "read", tried, bad + good) == [False] * len(bad) + [True] * len(good)


def test_a_playing_clip_moves_on_since_the_message_and_a_paused_one_does_not() -> None:
    paused = ITEM | {"playing": False}
    asked = [[ITEM, 1_000, 1_500], [paused, 1_000, 9_000], [ITEM, 1_000, 99_000], [ITEM | {"at_ms": -5}, 0, 0]]
    assert answer(STATE, "placeOf", "asked.map((each) => placeOf(...each))", asked) == [4_500, 4_000, 10_000, 0]


def test_it_jumps_only_when_it_is_more_than_seven_tenths_off() -> None:
    asked = [[4_000, 4_700], [4_000, 4_701], [4_000, 3_300], [4_000, 3_299]]
    assert answer(STATE, "isFar", "asked.map((each) => isFar(...each))", asked) == [False, True, False, True]


def test_a_clip_is_over_at_its_end_only() -> None:
    asked = [[ITEM, 9_000], [ITEM, 10_000], [ITEM | {"duration_ms": None}, 10_000]]
    assert answer(STATE, "isOver", "asked.map((each) => isOver(...each))", asked) == [False, True, False]


def test_pauses_grow_from_three_tenths_to_two_seconds() -> None:
    assert answer(STATE, "pauseMs", "asked.map(pauseMs)", [0, 1, 2, 3, 4, 5_000]) == [300, 600, 1_200, 2_000, 2_000, 2_000]


def test_times_are_written_as_on_a_clock() -> None:
    assert answer(STATE, "clockOf", "asked.map(clockOf)", [-1, 0, 48_900, 126_000, 3_726_000]) == [
        "00:00",
        "00:00",
        "00:48",
        "02:06",
        "1:02:06",
    ]


def test_the_line_is_never_longer_than_itself() -> None:
    asked = [[0, None], [5, 10], [20, 10], [-1, 10], [3, 0]]
    assert answer(STATE, "shareOf", "asked.map((each) => shareOf(...each))", asked) == [0, 0.5, 1, 0, 0]


@pytest.mark.parametrize(
    ("now", "played", "key", "state"),
    [
        (said(), {}, "a", "playing"),
        (said(), {"hushed": True}, "a", "hushed"),
        (said(), {"paused": True, "hushed": True}, "a", "paused"),
        (said(), {"ready": False}, "a", "card"),
        (said(), {"outcome": "ended"}, "a", "ended"),
        (said(), {"outcome": "blocked"}, "a", "blocked"),
        (said(), {"outcome": "error"}, "a", "error"),
        (said(black=True), {}, None, "black"),
        (said(item=None), {}, None, "card"),
        (said(item=ITEM | {"kind": "card"}), {}, "a", "card"),
        (None, {}, None, "card"),
    ],
)
def test_the_door_is_told_what_stands_there(now: dict[str, Any] | None, played: dict[str, Any], key: str | None, state: str) -> None:
    shown = answer(
        STATE, "shownOf", "shownOf(...asked)", [now, {"ready": True, "paused": False, "at_ms": 4_000.4, "outcome": None} | played]
    )
    assert (shown["type"], shown["key"], shown["state"]) == ("shown", key, state)
    assert shown["at_ms"] == (0 if state in ("black", "card") and not (state == "card" and now == said()) else 4_000)


def test_the_worker_keeps_every_file_that_the_page_is_made_of() -> None:
    """A module that it forgot would be missing on the day when the network is."""
    worker = (STATIC / "stage_sw.js").read_text()
    page = (STATIC.parent / "stage.html").read_text()
    files = {f"/stage/static/{path.name}" for path in STATIC.glob("stage*") if path.suffix in (".mjs", ".css")}
    linked = {part.split('"')[0] for part in page.replace('src="', 'href="').split('href="')[1:]}
    wanted = files | {address for address in linked if address.startswith("/")}
    assert [address for address in sorted(wanted) if f"'{address}'" not in worker] == []


def test_a_live_picture_has_a_screen_of_its_own_and_says_whether_it_is_there() -> None:
    live = said(item=ITEM | {"kind": "live", "src": None, "duration_ms": None})
    assert answer(STATE, "screenOf", "screenOf(asked, null)", live) == "live"
    assert answer(STATE, "screenOf", "screenOf(asked, null)", live | {"black": True}) == "black"
    base = {"ready": False, "paused": True, "at_ms": 0, "outcome": None}
    asked = [[live, base | {"live": there}] for there in (True, False)]
    states = answer(STATE, "shownOf", "asked.map((each) => shownOf(...each).state)", asked)
    assert states == ["playing", "waiting"]
    assert answer(STATE, "read", "read(JSON.stringify(asked)).item.kind", live) == "live"

"""The masking page's plan: the same windows at a moment as the rules have, and changes that always leave a plan which the rules read."""

import random
from typing import Any

import pytest

from data.rules import masks
from tests.dashboard.screening import pure

LENGTH_MS = 20_000


def plan_of(chance: random.Random) -> dict[str, Any]:
    """A plan as a page says it."""

    def key(at_ms: int) -> list[float]:
        left, right = sorted(chance.sample(range(1_001), 2))
        top, bottom = sorted(chance.sample(range(1_001), 2))
        return [at_ms, left / 1000, top / 1000, right / 1000, bottom / 1000]

    windows = [[key(at) for at in sorted(chance.sample(range(LENGTH_MS + 1), chance.randint(1, 6)))] for _ in range(chance.randint(0, 5))]
    edges = sorted(chance.sample(range(LENGTH_MS), 2 * chance.randint(0, 4)))
    voices = ["PLAIN", "CHANGED", "TONE"]
    sounds = [[edges[at], edges[at + 1], chance.choice(voices)] for at in range(0, len(edges), 2)]
    return {"windows": windows, "sounds": sounds, "why": chance.choice([None, None, "没有人的画面"])}


def cases() -> list[dict[str, Any]]:
    """Plans and moments, those of their keys and one millisecond beside among them."""
    chance = random.Random(20260112)
    made = []
    for _ in range(300):
        plan = plan_of(chance)
        edges = [key[0] + beside for window in plan["windows"] for key in window for beside in (-1, 0, 1)]
        moments = [chance.uniform(0, LENGTH_MS), chance.randrange(LENGTH_MS), *chance.sample(edges, min(4, len(edges)))]
        made.append({"mask": plan, "moments": moments, "size": [chance.randrange(16, 2_000), chance.randrange(16, 2_000)]})
    return made


CASES = cases()


def test_windows_are_where_the_rules_have_them() -> None:
    said = pure.answer("mask_plan.mjs", "boxesAt", "asked.map(({ mask, moments }) => moments.map((at) => boxesAt(mask, at)))", CASES)
    for case, boxes in zip(CASES, said, strict=True):
        mask = masks.read(case["mask"], LENGTH_MS)
        for at_ms, found in zip(case["moments"], boxes, strict=True):
            assert [masks.Box(**box) for box in found] == masks.boxes_at(mask, at_ms), (case["mask"], at_ms)


def test_a_window_covers_the_pixels_that_the_rules_open() -> None:
    asked = "asked.map(({ mask, moments, size }) => boxesAt(mask, moments[0]).map((box) => pixels(box, ...size, mask.why !== null)))"
    said = pure.answer("mask_plan.mjs", "boxesAt, pixels", asked, CASES)
    for case, found in zip(CASES, said, strict=True):
        mask = masks.read(case["mask"], LENGTH_MS)
        boxes, (width, height) = masks.boxes_at(mask, case["moments"][0]), case["size"]
        assert [tuple(each) for each in found] == [masks.pixels(box, width, height, mask.hides) for box in boxes]


def test_cells_are_as_many_as_the_rules_say() -> None:
    sizes = [(40, 24), (320, 180), (178, 320), (1920, 1080), (10, 10), *(tuple(case["size"]) for case in CASES)]
    said = pure.answer("mask_plan.mjs", "cells", "asked.map((size) => cells(...size))", sizes)
    assert [tuple(each) for each in said] == [masks.cells(*size) for size in sizes]


def test_the_limits_are_those_of_the_rules() -> None:
    names = "WINDOWS_MOST, KEYS_MOST, SPANS_MOST, WHY_LONGEST"
    assert pure.answer("mask_plan.mjs", names, f"[{names}]", None) == [getattr(masks, name) for name in names.split(", ")]


WALK = """asked.map((steps) => steps.reduce((mask, [act, ...more]) => {
  const [at, which, box] = [more[0], more[1], more[2] ? boxBetween(...more[2]) : null];
  const done = {
    open: () => opened(mask, at, box, LENGTH), place: () => placed(mask, which, at, box), begin: () => begunAt(mask, which, at),
    end: () => endedAt(mask, which, at), drop: () => withoutPane(mask, which),
    key: () => withoutKey(mask, which, at), copy: () => copied(mask, which),
    from: () => soundFrom(mask, at, ['PLAIN', 'CHANGED', 'TONE'][which % 3], LENGTH), to: () => soundTo(mask, at),
    sound: () => withoutSound(mask, which),
    voice: () => voiced(mask, which, 'TONE'), moved: () => soundMoved(mask, which, at % 2 ? 'from' : 'to', at, LENGTH),
  }[act]();
  return done;
}, CLOSED))"""
ACTS = ("open", "place", "begin", "end", "drop", "key", "copy", "from", "to", "sound", "voice", "moved")
NAMES = (
    "CLOSED, boxBetween, opened, placed, begunAt, endedAt, withoutPane, withoutKey, copied, "
    "soundFrom, soundTo, withoutSound, voiced, soundMoved"
)


def test_whatever_is_done_the_rules_read_the_plan() -> None:
    chance = random.Random(7)

    def step(number: int) -> list[Any]:
        act = "open" if number == 0 else chance.choice(ACTS)
        corners = [chance.uniform(-0.2, 1.2) for _ in range(4)]
        return [act, chance.choice([0, LENGTH_MS, chance.randrange(0, LENGTH_MS, 500)]), chance.randrange(3), corners]

    walks = [[step(number) for number in range(chance.randint(1, 25))] for _ in range(400)]
    for walk, plan in zip(walks, pure.answer("mask_plan.mjs", NAMES, WALK.replace("LENGTH", str(LENGTH_MS)), walks), strict=True):
        mask = masks.read(plan, LENGTH_MS)
        assert all(earlier.to_ms <= later.from_ms for earlier, later in zip(mask.sounds, mask.sounds[1:], strict=False)), walk


def test_a_window_lasts_to_the_end_and_its_end_follows_what_was_moved_last() -> None:
    expression = """(() => { const [a, b] = [boxBetween(0.1, 0.1, 0.3, 0.3), boxBetween(0.5, 0.5, 0.7, 0.7)];
      const one = opened(CLOSED, 1000, a, 20000);
      return [one, placed(one, 0, 5000, b), placed(placed(one, 0, 20000, b), 0, 5000, a),
        endedAt(placed(one, 0, 5000, b), 0, 7000), one]; })()"""
    said = pure.answer("mask_plan.mjs", "CLOSED, boxBetween, opened, placed, endedAt", expression, None)
    a, b = [0.1, 0.1, 0.3, 0.3], [0.5, 0.5, 0.7, 0.7]
    assert [each["windows"][0] for each in said] == [
        [[1_000, *a], [20_000, *a]],
        [[1_000, *a], [5_000, *b], [20_000, *b]],
        [[1_000, *a], [5_000, *a], [20_000, *b]],
        [[1_000, *a], [5_000, *b], [7_000, *b]],
        [[1_000, *a], [20_000, *a]],
    ]


def test_undoing_and_redoing_come_back_to_the_same_plan() -> None:
    expression = """(() => { let e = begun(0); const seen = [];
      for (const act of asked) {
        e = act === 'u' ? undone(e) : act === 'r' ? redone(e) : changed(e, act);
        seen.push(e.present);
      } return seen; })()"""
    said = pure.answer(
        "edits.mjs", "begun, changed, undone, redone", expression, [1, 2, 3, "u", "u", "r", 3, 4, "u", "u", "u", "u", "r", 9, "r"]
    )
    assert said == [1, 2, 3, 2, 1, 2, 3, 4, 3, 2, 1, 0, 1, 9, 9]


@pytest.mark.parametrize(
    ("runs", "left"),
    [
        ([], 10_000),
        ([[0, 4_000], [6_000, 10_000]], 2_000),
        ([[6_000, 10_000], [0, 4_000], [3_900, 6_050]], 0),
        ([[0, 5_000], [5_100, 9_950]], 0),
        ([[0, 9_000]], 1_000),
        ([[1_000, 10_000]], 1_000),
        ([[5_000, 4_000]], 10_000),
    ],
)
def test_what_is_left_to_watch(runs: list[list[int]], left: int) -> None:
    expression = "leftOf(asked.reduce((seen, [from, to]) => withStretch(seen, from, to), []), 10000)"
    assert pure.answer("watched.mjs", "withStretch, leftOf", expression, runs) == left


@pytest.mark.parametrize(
    ("runs", "begins"),
    [
        ([], 0),
        ([[0, 10_000]], 0),
        ([[4_000, 10_000]], 0),
        ([[0, 3_000], [3_100, 6_000], [7_000, 10_000]], 6_000),
        ([[50, 3_000]], 3_000),
        ([[0, 9_900]], 0),
    ],
)
def test_what_is_left_begins_at_its_first_stretch(runs: list[list[int]], begins: int) -> None:
    """There a reviewer goes on who has come to the end: what his machine swallowed is all that he must watch again."""
    expression = "firstLeft(asked.reduce((seen, [from, to]) => withStretch(seen, from, to), []), 10000)"
    assert pure.answer("watched.mjs", "withStretch, firstLeft", expression, runs) == begins


def test_many_small_holes_are_not_watched_away() -> None:
    """A hole of two clock steps is none; a hundred jumps of a second are a hundred seconds."""
    runs = [[at, at + 200] for at in range(0, 100_000, 1_200)]
    left = pure.answer(
        "watched.mjs", "withStretch, leftOf", "leftOf(asked.reduce((seen, run) => withStretch(seen, ...run), []), 100000)", runs
    )
    assert left > 80_000


def test_a_jump_is_no_watching() -> None:
    said = pure.answer(
        "watched.mjs",
        "ran",
        "asked.map((each) => ran(...each))",
        [[0, 40, 40], [0, 5_000, 16], [5_000, 0, 16], [0, 900, 850], [7, 7, 16], [0, 3_000, 3_000]],
    )
    assert said == [[0, 40], None, None, [0, 900], None, None]


def test_a_moment_lies_in_its_file_the_later_one_first() -> None:
    files = [
        {"began_ms": 1_000, "duration_ms": 3_000},
        {"began_ms": 3_900, "duration_ms": 1_000},
        {"began_ms": 6_000, "duration_ms": 2_000},
    ]
    said = pure.answer("clip_player.mjs", "placeOf, holesOf", "[asked[1].map((at) => placeOf(asked[0], at)), holesOf(asked[0], 500, 9000)]",
                       [files, [999, 1_000, 3_899, 3_950, 5_000, 7_999, 8_000]])  # fmt: skip
    assert said[0] == [
        None,
        {"number": 0, "at_ms": 0},
        {"number": 0, "at_ms": 2_899},
        {"number": 1, "at_ms": 50},
        None,
        {"number": 2, "at_ms": 1_999},
        None,
    ]
    assert said[1] == [[0, 500], [4_400, 5_500], [7_500, 8_500]]


def clip(**other: Any) -> dict[str, Any]:
    release = {"state": "MASKED", "certified": []}
    may = {"mask": True, "certify": True, "revoke": True}
    rendering = {"state": "DONE", "share": 1, "why": None}
    return {"release": release, "may": may, "minor": False, "sha256": "ab", "rendering": rendering, "signed": False} | other


@pytest.mark.parametrize(
    ("other", "unsaved", "left_ms", "kept"),
    [
        ({}, False, 0, None),
        ({}, False, 1, "certify_watch"),
        ({}, True, 0, "certify_unsaved"),
        ({"minor": True}, False, 0, "certify_minor"),
        ({"minor": None}, False, 0, "certify_unsaid"),
        ({"sha256": None}, False, 0, "certify_none"),
        ({"release": None}, False, 0, "certify_propose"),
        ({"may": {"mask": True, "certify": False, "revoke": False}}, False, 0, "certify_no"),
        ({"release": {"state": "CERTIFIED_1", "certified": [{"title": "周法官", "at": 0}]}, "signed": True}, False, 0, "certify_mine"),
        ({"release": {"state": "CERTIFIED_1", "certified": [{"title": "孙法官", "at": 0}]}}, False, 0, None),
        ({"release": {"state": "CERTIFIED_2", "certified": []}}, False, 0, "certify_done"),
        ({"release": {"state": "PROPOSED", "certified": []}}, False, 0, "certify_none"),
        ({"release": {"state": "REVOKED", "certified": []}}, False, 0, "certify_revoked"),
    ],
)
def test_what_keeps_a_reviewer_from_certifying(other: dict[str, Any], unsaved: bool, left_ms: int, kept: str | None) -> None:
    asked = [clip(**other), unsaved, left_ms]
    assert pure.answer("verdict.mjs", "keptFromCertifying", "keptFromCertifying(...asked)", asked) == kept

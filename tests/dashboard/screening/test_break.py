"""In a break the stage is told the court's own words; while it is black it is told nothing."""

import json

from dashboard.screening.stages import as_message
from data.queries.released import Shown
from data.rules.screening import ItemKind

REST = Shown("k", ItemKind.REST, "", None)


def test_a_break_is_a_card_that_says_that_everybody_may_leave() -> None:
    item = json.loads(as_message(False, REST))["item"]
    assert (item["kind"], item["title"], item["src"], item["number"]) == ("card", "休息一会儿", None, None)
    assert "随时离开" in item["words"]


def test_black_is_black_in_a_break_too() -> None:
    assert json.loads(as_message(True, REST)) == {"type": "stage", "black": True, "item": None}

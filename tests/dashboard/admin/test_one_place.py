"""The one place for a workbook in a home with several web processes: a second file finds it taken, wherever it comes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dashboard.admin.bringing import Bringing, Place
from data.errors import BadInput, RuleBroken
from data.rules.permissions import Actor, Role
from data.settings import Settings

ONE, OTHER = (Actor(kind="OFFICER", id=id_, officer_id=id_, role=Role.TECHNICAL, court_code="QX") for id_ in ("one", "other"))


async def body(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def test_it_is_taken_by_one_and_free_again_when_he_leaves(tmp_path: Path) -> None:
    one, other = Place(tmp_path / "lock"), Place(tmp_path / "lock")
    assert one.take()
    assert one.take()
    assert (one.is_taken(), other.is_taken(), other.take()) == (False, True, False)
    one.leave()
    assert (other.is_taken(), other.take(), one.take()) == (False, True, False)
    other.leave()


async def test_a_file_at_one_process_makes_the_other_busy_and_says_so(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path, port=8060, web_processes=2)
    settings.make_folders()
    here, there = Bringing(settings), Bringing(settings)
    await here.take(ONE, "court.csv", body(b"a,b"))
    assert here.told(ONE)["step"] == "looking"
    assert there.told(OTHER) == {"step": "other"}
    with pytest.raises(RuleBroken):
        await there.take(OTHER, "court.csv", body(b"a,b"))
    await here.cancel(ONE)
    assert there.told(OTHER) == {"step": "none"}
    with pytest.raises(BadInput):
        await there.take(OTHER, "court.csv", body())  # an empty one leaves the place as it was
    assert here.told(ONE) == {"step": "none"}

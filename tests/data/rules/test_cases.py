"""A case's steps."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInput, CommandCentreError
from data.rules.cases import NEXT, CaseEvent, SideState, Stage, Standing, after, closing_kind, is_late, node

reports = st.tuples(st.sampled_from(CaseEvent), st.sampled_from(Stage), st.sampled_from(SideState))


def path_of(steps: list[tuple[CaseEvent, Stage, SideState]]) -> list[Standing]:
    path = [Standing(Stage.FILED)]
    for event, stage, side in steps:
        try:
            path.append(after(path[-1], event, stage, side))
        except CommandCentreError:
            continue
    return path


@given(st.lists(reports, max_size=30))
def test_a_closed_case_stays_closed_and_is_closed_by_closing_only(steps: list[tuple[CaseEvent, Stage, SideState]]) -> None:
    path = path_of(steps)
    assert all(standing.stage is not Stage.CLOSED for standing in path[:-1])
    if all(event is not CaseEvent.CLOSED for event, _, _ in steps):
        assert path[-1].stage is not Stage.CLOSED


@given(st.lists(reports, max_size=30))
def test_a_suspended_case_changes_no_stage(steps: list[tuple[CaseEvent, Stage, SideState]]) -> None:
    path = path_of(steps)
    for before, then in pairwise(path):
        if before.side is SideState.SUSPENDED and then.stage is not Stage.CLOSED:
            assert then.stage is before.stage


def test_every_open_stage_leads_on_and_none_leads_back_to_filing() -> None:
    for stage, following in NEXT.items():
        assert Stage.FILED not in following
        assert Stage.CLOSED not in following
        assert bool(following) == (stage is not Stage.CLOSED)
    assert Stage.INVESTIGATING in NEXT[Stage.DISPOSING]


@given(st.one_of(st.integers(), st.none(), st.booleans(), st.floats(), st.text()))
def test_a_node_is_one_of_37(value: object) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 37:
        assert node(value) == value
        return
    with pytest.raises(BadInput):
        node(value)


@given(st.text())
def test_a_way_of_closing_is_one_of_the_list(value: str) -> None:
    if value in ("FULLY", "TERMINATED_CURRENT", "ENDED", "STRUCK", "REFUSED", "DISMISSED"):
        assert closing_kind(value) == value
        return
    with pytest.raises(BadInput):
        closing_kind(value)


def test_late_is_older_not_equal() -> None:
    noon = datetime(2026, 1, 12, 4, tzinfo=UTC)
    assert is_late(noon, noon) is False
    assert is_late(noon, noon.replace(minute=1)) is True

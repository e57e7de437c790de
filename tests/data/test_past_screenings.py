"""The demonstration's year of screenings: what it must add up to, and that no wall takes it for news."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from data.engines import Database
from data.journal import entries_after
from data.past_screenings import DETAILED_CENTS, PASTS, PROMISED_CENTS, TOTAL_CENTS, days, hold_one, settlement_cents
from data.queries.screening_figures import held_sessions
from data.queries.wall import snapshot
from data.rules.permissions import Clearance, Role, Sight
from data.rules.promises import PromiseState
from data.rules.screening_figures import Figure, counts
from data.tables import AttendeeRow, CaseRow, PromiseRow, ScreeningRow, SettlementRow
from tests.data.small_court import COURT, SmallCourt, say

OFFSET = 28_800
NOW = datetime(2026, 11, 27, 2, tzinfo=UTC)
WALL = Sight(Clearance.WALL, Role.WALL, COURT)


@pytest.fixture
def held(database: Database) -> SmallCourt:
    court = SmallCourt(database, NOW)
    court.file_case()
    before = shown(court)
    for _ in PASTS:
        assert hold_one(court.journal, NOW)
    assert not hold_one(court.journal, NOW), "once is once"
    assert shown(court) == before, "a wall sees none of it"
    return court


def shown(court: SmallCourt) -> object:
    with court.database.reading() as session:
        return snapshot(session, WALL, NOW, say=say).rows


@pytest.mark.postgres_long
def test_the_year_adds_up_and_one_session_is_told_in_detail(held: SmallCourt) -> None:
    with held.database.reading() as session:
        sessions = held_sessions(session, WALL, 2026, OFFSET)
        settled = session.execute(select(func.count(), func.sum(SettlementRow.cents)).select_from(SettlementRow)).one()
        detailed = session.scalars(select(ScreeningRow).where(ScreeningRow.title == PASTS[-1].title)).one()
        promise = session.scalars(select(PromiseRow).where(PromiseRow.screening_id == detailed.id)).one()
        cases = session.scalar(select(func.count(AttendeeRow.case_id.distinct())).where(AttendeeRow.screening_id == detailed.id))
        open_ones = session.scalar(select(func.count()).select_from(CaseRow).where(CaseRow.closed_at.is_(None)))
        of_cases = [each.kind for each in entries_after(session, 0, 5_000) if each.kind.startswith("case.")]
    told = counts(sessions)
    assert (len(sessions), told[Figure.SETTLED].n, told[Figure.SETTLED].cents) == (12, 196, TOTAL_CENTS)
    assert tuple(settled) == (196, TOTAL_CENTS)
    of_it = counts([each for each in sessions if each.id == detailed.id])
    assert (of_it[Figure.INVITED].n, of_it[Figure.PRESENT].n, of_it[Figure.SETTLED].n, cases) == (19, 17, 3, 16)
    assert (promise.cents, promise.state) == (PROMISED_CENTS, PromiseState.KEPT)
    assert promise.kept_at is not None
    assert promise.kept_at - promise.made_at < timedelta(days=1)
    assert (open_ones, of_cases) == (1, ["case.filed"]), "the one that is open anyway"
    assert held.journal.verify() is None


@pytest.mark.parametrize("today", [date(2026, 1, 2), date(2026, 3, 20), date(2026, 5, 9), date(2026, 12, 31)])
def test_they_were_held_on_working_days_of_one_year(today: date) -> None:
    found = days(today)
    assert len(set(found)) == len(PASTS)
    assert found == sorted(found)
    assert found[-1] < today
    assert len({each.year for each in found}) == 1
    assert all(each.weekday() < 5 and (each.month, each.day) not in {(5, 1), (10, 1)} for each in found)


def test_every_settlement_has_a_sum() -> None:
    sums = settlement_cents()
    assert [len(each) for each in sums] == [past.settled for past in PASTS]
    assert sums[-1] == list(DETAILED_CENTS)
    assert all(cents > 0 for each in sums for cents in each)

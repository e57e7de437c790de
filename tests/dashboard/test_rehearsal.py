"""The rehearsal of a call: it puts every statement together that a real one needs, and leaves nothing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from ulid import ULID

from dashboard.i18n import t
from dashboard.live.scope import DERIVED
from dashboard.rehearsal import rehearse
from data.actions.calls import place_call
from data.actions.devices import enrol_device
from data.journal import Announcement, Journal, entries_after, head
from data.queries.live import some_device
from data.queries.wall import rows
from data.rules.permissions import SYSTEM, Clearance, Role, Sight
from data.sealing import load_sealing
from data.settings import Settings
from data.tables import Table
from tests.house import House, built
from tests.small_court import COURT, PHONE_UNIT


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield from built(tmp_path, Settings.of(home=tmp_path, court_code=COURT))


@contextmanager
def asked(*engines: Engine) -> Iterator[set[str]]:
    """The statements that these engines are given, however many values stand in a list."""
    found: set[str] = set()

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        found.add(re.sub(r"\(\?(, \?)*\)", "(…)", statement))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield found
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def kept(house: House) -> dict[str, list[Any]]:
    """Every row of every table."""
    with house.court.database.reading() as session:
        return {table.name: sorted(map(repr, session.execute(select(table)))) for table in Table.metadata.sorted_tables}


async def rehearsed(house: House, journal: Journal) -> None:
    await rehearse(house.lanes, house.court.database, journal, house.settings, house.court.now)


async def test_it_leaves_no_row_no_number_no_trace_and_says_nothing(house: House) -> None:
    told: list[Announcement] = []
    journal = Journal(house.court.database, load_sealing(house.court.keys), COURT, told.extend)
    journal.do(SYSTEM, house.court.now(), enrol_device, PHONE_UNIT, "PHONE")
    told.clear()
    before = kept(house)
    assert before["device"]
    await rehearsed(house, journal)
    assert kept(house) == before
    assert told == []
    assert journal.verify() is None


async def test_the_first_calls_own_rows_need_no_statement_that_was_not_put_together_before(house: House) -> None:
    """What is derived from them follows in a round of its own: no card waits for it."""
    database, journal = house.court.database, house.court.journal
    journal.do(SYSTEM, house.court.now(), enrol_device, PHONE_UNIT, "PHONE")
    with asked(database.writes, database.reads) as known:
        await rehearsed(house, journal)
    with database.reading() as session:
        phone, number = some_device(session, COURT), head(session)
    assert phone is not None
    with asked(database.writes, database.reads) as needed:
        journal.do(phone, house.court.now(), place_call, str(ULID()), house.court.now() - timedelta(seconds=1), None, None)
        with database.reading() as session:
            touched = {row for entry in entries_after(session, number) for row in entry.touched() if row[0] not in DERIVED}
            for clearance, role in ((Clearance.WALL, Role.WALL), (Clearance.DESK, Role.DUTY)):
                assert rows(session, Sight(clearance, role, COURT), touched, house.court.now(), say=t)
    assert needed - known == set()


async def test_without_a_device_nobody_calls(house: House) -> None:
    before = kept(house)
    await rehearsed(house, house.court.journal)
    assert kept(house) == before


async def test_a_database_that_is_gone_is_met_by_the_first_real_call(house: House, tmp_path: Path) -> None:
    house.court.database.close()
    for file in tmp_path.glob("*.db*"):
        file.unlink()
    await rehearsed(house, house.court.journal)

"""Migrations, up and down, on both databases; the schema they make is the schema the program maps."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DatabaseError

from data.actions.calls import place_call
from data.actions.participants import new_participant
from data.actions.tracks import watch_unit
from data.engines import Database
from data.migrate import current, downgrade, newest, of_extensions, upgrade
from data.rules.missions import MissionStep
from data.rules.participants import ParticipantKind, ParticipantState
from data.rules.permissions import SYSTEM
from data.tables import ParticipantRow, Table, TalkSheetRow
from tests.conftest import Clock
from tests.data.small_court import SmallCourt, ulid


def own_tables(database: Database) -> set[str]:
    with database.reads.connect() as connection:
        return set(inspect(connection).get_table_names()) - of_extensions(connection)


def test_up_and_down_and_up_again(empty_database: Database) -> None:
    assert current(empty_database) is None
    for _ in range(2):
        upgrade(empty_database)
        assert current(empty_database) == newest() == "0022"
        assert own_tables(empty_database) == set(Table.metadata.tables) | {"alembic_version"}
        downgrade(empty_database, "base")
        assert own_tables(empty_database) == {"alembic_version"}


def test_the_migrations_make_what_the_program_maps(empty_database: Database) -> None:
    upgrade(empty_database)
    with empty_database.reads.connect() as connection:
        foreign = of_extensions(connection)
        ours = {"include_name": lambda name, kind, _: kind != "table" or name not in foreign}
        context = MigrationContext.configure(connection, opts={"compare_type": True} | ours)
        assert compare_metadata(context, Table.metadata) == []


def test_entries_survive_being_upgraded_again(empty_database: Database, clock: Clock) -> None:
    upgrade(empty_database)
    court = SmallCourt(empty_database, clock.now())
    written = len(court.announced)
    upgrade(empty_database)
    assert court.journal.verify() is None
    court.add_wall()
    assert court.announced[-1].seq == written + 1
    assert court.journal.verify() is None


def test_two_that_start_together_migrate_once(empty_database: Database) -> None:
    failed: list[BaseException] = []

    def start() -> None:
        try:
            upgrade(empty_database)
        except BaseException as error:
            failed.append(error)

    starting = [threading.Thread(target=start) for _ in range(2)]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()
    assert failed == []
    assert current(empty_database) == newest()


def keep_sheet(court: SmallCourt) -> None:
    """A record of a talk, whatever it is of."""
    call_id = ulid()
    court.do(court.phone, place_call, call_id, court.now)
    with court.journal.work(SYSTEM, court.now) as work:
        new_participant(work, call_id, ParticipantKind.PARTY, ParticipantState.LEFT, media="NONE")
        participant_id = work.session.scalars(select(ParticipantRow.id).where(ParticipantRow.kind == "PARTY")).one()
        sheet = TalkSheetRow(
            id=ulid(), participant_id=participant_id, version=1, content=b"x", sha256="ab" * 32, officer_id=court.judge, at=court.now
        )
        work.session.add(sheet)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET kind = 'x'",
        "DELETE FROM entry WHERE seq = 1",
        "DELETE FROM audit",
        "UPDATE audit SET act = 'x'",
        "UPDATE talk_sheet SET sha256 = 'x'",
        "DELETE FROM talk_sheet",
    ],
)
def test_what_is_written_stays_written(empty_database: Database, clock: Clock, statement: str) -> None:
    upgrade(empty_database)
    court = SmallCourt(empty_database, clock.now())
    court.do(court.duty, watch_unit, 1001)
    keep_sheet(court)
    with pytest.raises(DatabaseError, match="append-only"), empty_database.writes.begin() as connection:
        connection.execute(text(statement))
    assert court.journal.verify() is None


def test_50_from_each_schema_there_ever_was_everything_comes_up_as_it_was(empty_database: Database, clock: Clock) -> None:
    """Each released version has one of these; what it could hold is the same row for row, and the chain is whole."""
    upgrade(empty_database)
    court = SmallCourt(empty_database, clock.now())
    court.file_case(parties=court.debtors())
    court.assign()
    court.move(MissionStep.DEPARTED)
    court.do(court.phone, place_call, ulid(), court.now)
    court.do(court.duty, watch_unit, 1001)
    kept = "entry", "audit", "officer", "unit", "team", "enforcement_case", "case_party", "mission", "call"

    def rows() -> dict[str, list[tuple[object, ...]]]:
        with empty_database.reads.connect() as connection:
            return {table: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {table}"))), key=repr) for table in kept}

    before = rows()
    assert all(before.values())
    for number in (int(newest() or 0) - 1, 15, 8, 1):  # each way down and up goes through all between
        downgrade(empty_database, f"{number:04d}")
        assert current(empty_database) == f"{number:04d}"
        upgrade(empty_database)
        after = rows()
        for table in kept:
            assert len(after[table]) == len(before[table]), f"{table} from {number:04d}"
        assert after["entry"] == before["entry"]
        assert court.journal.verify() is None

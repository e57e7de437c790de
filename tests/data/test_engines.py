"""The two engines of a database."""

import pytest
from sqlalchemy import select, text

from data.engines import open_database
from data.tables import CourtRow
from tests.databases import EveryTable


@pytest.mark.postgres
def test_what_a_reader_asks_often_is_planned_once(_every_table: EveryTable) -> None:
    database = open_database(_every_table.empty())
    for _ in range(8):
        with database.reading() as session:
            session.execute(select(CourtRow.code).where(CourtRow.code == "QX")).all()
    with database.reading() as session:
        prepared = session.scalar(text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%court.code%'"))
    database.close()
    assert prepared == 1

"""The two engines of a database."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from data.engines import open_database


def test_what_a_reader_asks_often_is_planned_once(postgres_url: str) -> None:
    database = open_database(postgres_url)
    for _ in range(8):
        with database.reading() as session:
            session.execute(text("SELECT 1 AS often"))
    with database.reading() as session:
        planned = session.scalar(text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%often'"))
    database.close()
    assert planned == 1


def test_an_error_of_the_database_repeats_no_value(database_url: str) -> None:
    """It may be a name; errors are logged, and a command prints them."""
    database = open_database(database_url)
    with pytest.raises(SQLAlchemyError) as refused, database.reads.connect() as connection:
        connection.execute(text("SELECT :name FROM nowhere"), {"name": "张伟"})
    database.close()
    assert "nowhere" in str(refused.value)
    assert "张伟" not in str(refused.value)

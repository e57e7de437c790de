"""The two engines of a database."""

from sqlalchemy import text

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

"""A place is named after the community next to it, and after none when it is far away."""

from sqlalchemy.orm import Session

from data.engines import Database
from data.queries.areas import nearest_area
from data.tables import AreaRow, CourtRow


def test_a_place_is_named_after_the_nearest_community(database: Database) -> None:
    with Session(database.writes) as session, session.begin():
        session.add(CourtRow(code="岭0108", name="清溪", level="BASIC"))
        session.flush()
        session.add_all(
            AreaRow(id=id_, court_code="岭0108", street="青石街道", name=id_, lat=lat, lon=101.8)
            for id_, lat in (("C0101", 40.00), ("C0102", 40.02))
        )
    with database.reading() as session:
        assert nearest_area(session, 40.004, 101.8) == "C0101"
        assert nearest_area(session, 40.018, 101.8) == "C0102"
        assert nearest_area(session, 31.2, 121.5) is None

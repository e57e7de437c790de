"""The jobs process at work: what is older than promised goes, what is younger stays."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from ulid import ULID

from dashboard.jobs import forget_sign_ins
from data.actions.attendees import invite_attendee
from data.actions.screenings import plan_screening
from data.engines import Database, open_database
from data.errors import CommandCentreError
from data.journal import Journal
from data.lanes import Lanes
from data.rules.identity import Act
from data.settings import Settings
from data.tables import AttendeeRow, AuditRow, CasePartyRow
from geo.fixes import Fix
from streaming.archiving import Archiving
from streaming.history import History
from tests.data.small_court import SmallCourt
from tests.running import Product, eventually, seed

pytestmark = pytest.mark.timeout(120)
OLD, YOUNG, OPEN = timedelta(days=32), timedelta(days=29), timedelta(days=7)


def with_old_positions(settings: Settings) -> Any:
    seeded = seed(settings)
    history, now = History(settings.positions), datetime.now(UTC)
    for age in (OLD, YOUNG, OPEN):
        t_ms = int((now - age).timestamp() * 1000)
        history.keep([Fix(str(ULID()), 1001, 1, t_ms, 23.1, 112.5, 8.0, None, None, 70, "GPS", False)], t_ms).result(60)
    history.close()
    return seeded


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product(with_old_positions) as product:
        yield product


def days(folder: Path) -> set[str]:
    return {path.name.removeprefix("positions-")[:8] for path in folder.iterdir() if path.suffix in (".db", ".parquet")}


async def test_positions_are_archived_after_eight_days_and_removed_after_thirty(product: Product) -> None:
    old, young, still_open = ((datetime.now(UTC) - age).strftime("%Y%m%d") for age in (OLD, YOUNG, OPEN))
    eventually(lambda: days(product.settings.positions) == {still_open}, "an old day is still there")
    assert days(product.settings.archive) == {young}

    span = [int((datetime.now(UTC) - age).timestamp() * 1000) for age in (OLD - timedelta(days=2), timedelta())]
    async with httpx.AsyncClient(base_url=product.origin, cookies={"ecc_desk": product.seeded.desk}) as desk:
        answer = await desk.get("/api/track", params={"unit": 1001, "from": span[0], "to": span[1]})
        assert [point[1:] for point in answer.json()["points"]] == [[23.1, 112.5], [23.1, 112.5]]
        held = {"for": "unit", "id": "1001", "from": "2026-01-01", "to": "2026-01-02", "reason": "信访"}
        own = {"origin": product.origin}
        hold = (await desk.post("/api/positions/holds", json=held, headers=own)).json()["id"]
        answers = [
            await desk.post("/api/positions/holds", json=held | {"to": "2025-01-02"}, headers=own),
            await desk.post(f"/api/positions/holds/{hold}/lift", json={"reason": "已结"}, headers=own),
            await desk.post("/api/positions/archives/01KB0000000000000000000000/stop", json={}, headers=own),
        ]
        codes = [answer.json()["error"]["code"] for answer in answers]
        assert codes == ["archive.bad_days", "recording.own_hold", "not_found.archive"]
        listed = (await desk.get("/api/positions")).json()
    assert [(each["id"], each["from_on"], each["lifted_at"]) for each in listed["holds"]] == [(hold, "2026-01-01", None)]
    assert [(day["state"], day["fixes"], day["held"]) for day in listed["archives"]] == [("KEPT", 1, False)]

    def told() -> bool:
        database = product.database()
        with database.reading() as session:
            asked = select(AuditRow.actor_kind, AuditRow.object_id, AuditRow.result).where(AuditRow.act == Act.PURGE)
            found = session.execute(asked.order_by(AuditRow.id)).all()
        database.close()
        return [tuple(row) for row in found] == [("SYSTEM", old, "begun"), ("SYSTEM", old, "done")]

    eventually(told, "the removal left no trace")


def test_without_a_database_nothing_is_removed(database: Database, tmp_path: Path) -> None:
    court = SmallCourt(database, datetime(2026, 11, 23, 1, 38, tzinfo=UTC))
    history = History(tmp_path / "positions")
    t_ms = int((datetime.now(UTC) - OLD).timestamp() * 1000)
    history.keep([Fix(str(ULID()), 1001, 1, t_ms, 23.1, 112.5, 8.0, None, None, 70, "GPS", False)], t_ms).result(60)
    gone = open_database(f"sqlite:///{tmp_path}/nowhere/ecc.db")
    nowhere = Journal(gone, court.journal.sealing, "岭0108")
    archiving = Archiving(history, tmp_path / "archive", nowhere, lambda: datetime.now(UTC), lambda: (8, 30))
    with pytest.raises(CommandCentreError):
        archiving.once()
    assert history.count() == 1
    history.close()
    gone.close()


async def test_two_years_later_the_jobs_process_forgets_who_was_invited(database: Database) -> None:
    court = SmallCourt(database, datetime.now(UTC) - timedelta(days=731))
    court.file_case(parties=court.debtors())
    with court.database.reading() as session:
        party = session.scalars(select(CasePartyRow.id).where(CasePartyRow.kind == "DEBTOR")).first() or ""
    old = court.do(court.duty, plan_screening, "前年一月")
    court.do(court.duty, invite_attendee, old, party)
    court.later(2 * 86_400)
    young = court.do(court.duty, plan_screening, "前年二月")
    court.do(court.duty, invite_attendee, young, party)
    lanes = Lanes()
    await forget_sign_ins(court.journal, lanes)
    lanes.close()
    with court.database.reading() as session:
        rows = session.scalars(select(AttendeeRow).order_by(AttendeeRow.invited_at)).all()
        assert [(row.screening_id, row.name is None, row.purged_at is None) for row in rows] == [(old, True, False), (young, False, True)]
        assert session.scalars(select(AuditRow.fields).where(AuditRow.act == Act.PURGE)).all() == [["attendees:1"]]

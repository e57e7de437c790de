"""The jobs process at work: what is older than promised goes, what is younger stays."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from ulid import ULID

from data.rules.identity import Act
from data.settings import Settings
from data.tables import AuditRow
from geo.fixes import Fix
from streaming.history import History
from tests.running import Product, eventually, seed

pytestmark = pytest.mark.timeout(120)
OLD, YOUNG = timedelta(days=32), timedelta(days=29)


def with_old_positions(settings: Settings) -> Any:
    seeded = seed(settings)
    history, now = History(settings.positions), datetime.now(UTC)
    for age in (OLD, YOUNG):
        t_ms = int((now - age).timestamp() * 1000)
        history.keep([Fix(str(ULID()), 1001, 1, t_ms, 23.1, 112.5, 8.0, None, None, 70, "GPS", False)], t_ms).result(5)
    history.close()
    return seeded


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product(with_old_positions) as product:
        yield product


def days(product: Product) -> set[str]:
    return {path.name.removeprefix("positions-").partition(".")[0] for path in product.settings.positions.iterdir()}


def test_positions_older_than_thirty_days_are_removed_and_younger_ones_stay(product: Product) -> None:
    old, young = ((datetime.now(UTC) - age).strftime("%Y%m%d") for age in (OLD, YOUNG))
    eventually(lambda: old not in days(product), "the old day is still there")
    assert young in days(product)

    def told() -> bool:
        database = product.database()
        with database.reading() as session:
            found = session.execute(select(AuditRow.actor_kind, AuditRow.object_id).where(AuditRow.act == Act.PURGE)).all()
        database.close()
        return [tuple(row) for row in found] == [("SYSTEM", old)]

    eventually(told, "the removal left no trace")

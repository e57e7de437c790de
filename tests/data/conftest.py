"""The small court on each database."""

import pytest

from data.engines import Database
from tests.conftest import Clock
from tests.data.small_court import SmallCourt


@pytest.fixture
def court(database: Database, clock: Clock) -> SmallCourt:
    return SmallCourt(database, clock.now())

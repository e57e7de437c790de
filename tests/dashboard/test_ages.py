"""How old something is, as the wall says it: nobody reads «52101 minutes»."""

import pytest

from tests.node import answer

MINUTE, HOUR = 60_000, 3_600_000
AGES = {
    -5: ["seconds", 0], 8_400: ["seconds", 8], 59_999: ["seconds", 60], MINUTE: ["minutes", 1], 2 * HOUR - 1: ["minutes", 119],
    2 * HOUR: ["hours", 2], 48 * HOUR - 1: ["hours", 47], 48 * HOUR: ["days", 2], 52_101 * MINUTE: ["days", 36],
}  # fmt: skip


@pytest.mark.parametrize("ms", AGES)
def test_an_age_is_said_in_the_unit_that_a_person_would_use(ms: int) -> None:
    assert answer("ages.mjs", "ageOf", "ageOf(asked)", ms) == AGES[ms]

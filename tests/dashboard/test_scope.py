"""A Sight and its viewers inside one process: whoever is joining it, however slowly, is told what happens afterwards."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from fastapi import WebSocket

from dashboard.health import Health
from dashboard.i18n import t
from dashboard.live import Hub
from dashboard.scope import Viewer
from data.rules.permissions import Role
from data.settings import Settings
from tests.house import House, built
from tests.small_court import somebody


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield from built(tmp_path, Settings.of(home=tmp_path))


def hub_of(house: House) -> Hub:
    court = house.court
    return Hub(
        settings=house.settings, database=court.database, lanes=house.lanes, journal=court.journal, identity=house.identity,
        health=cast(Health, None), build="1", say=t, now=court.now,
    )  # fmt: skip


@pytest.mark.parametrize("others", [0, 2])
async def test_a_viewer_that_joins_slowly_has_a_scope_that_lives(house: House, others: int) -> None:
    """On a busy machine the reading takes longer than a second, and each second what nobody looks at is forgotten."""
    hub, answers = hub_of(house), threading.Event()
    held = [asyncio.create_task(house.lanes.readers.run(answers.wait)) for _ in range(8)]  # each of its threads
    viewers = [Viewer(cast(WebSocket, None), somebody(Role.DUTY), "desk") for _ in range(1 + others)]
    hub._viewers.update(viewers)
    joining = [asyncio.create_task(hub._enter(viewer)) for viewer in viewers]
    await asyncio.sleep(0.05)
    await hub._check_viewers()
    answers.set()
    while not all(task.done() for task in joining):
        await hub._check_viewers()
        await asyncio.sleep(0)
    await asyncio.gather(*held, *joining)
    scope = viewers[0].scope
    assert scope is not None
    assert scope.viewers == set(viewers)
    assert hub._scopes == {scope.sight: scope}
    assert scope.task is not None
    assert not scope.task.cancelling()
    for viewer in viewers:
        hub._leave(viewer)
    assert hub._scopes == {}

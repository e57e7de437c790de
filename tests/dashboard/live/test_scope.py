"""A Sight and its viewers inside one process: whoever is joining it, however slowly, is told what happens afterwards."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from fastapi import WebSocket

from dashboard.health import Health
from dashboard.i18n import t
from dashboard.live.hub import Hub
from dashboard.live.viewer import Viewer
from data.actions.organisation import form_team
from data.journal import entries_after
from data.rules.permissions import SYSTEM, Role
from data.settings import Settings
from tests.house import House, built
from tests.small_court import somebody


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield from built(tmp_path, Settings.of(home=tmp_path))


def hub_of(house: House, say: Callable[..., str] = t) -> Hub:
    court = house.court
    return Hub(
        settings=house.settings, database=court.database, lanes=house.lanes, journal=court.journal, identity=house.identity,
        health=cast(Health, SimpleNamespace(bus_up=True)), build="1", say=say, now=court.now,
    )  # fmt: skip


@pytest.mark.parametrize("others", [0, 2])
async def test_a_viewer_that_joins_slowly_has_a_scope_that_lives(house: House, others: int) -> None:
    """On a busy machine the reading takes longer than a second, and each second what nobody looks at is forgotten."""
    hub, answers = hub_of(house), threading.Event()
    hub.scopes.begun.set()
    held = [asyncio.create_task(house.lanes.readers.run(answers.wait)) for _ in range(8)]  # each of its threads
    viewers = [Viewer(cast(WebSocket, None), somebody(Role.DUTY), "desk") for _ in range(1 + others)]
    hub.scopes.viewers.update(viewers)
    joining = [asyncio.create_task(hub.viewing.enter(viewer)) for viewer in viewers]
    await asyncio.sleep(0.05)
    await hub.viewing.check()
    answers.set()
    while not all(task.done() for task in joining):
        await hub.viewing.check()
        await asyncio.sleep(0)
    await asyncio.gather(*held, *joining)
    scope = viewers[0].scope
    assert scope is not None
    assert scope.viewers == set(viewers)
    assert hub.scopes.of_sight == {scope.sight: scope}
    assert scope.task is not None
    assert not scope.task.cancelling()
    for viewer in viewers:
        hub.scopes.leave(viewer)
    assert hub.scopes.of_sight == {}


class Told:
    """A viewer, and the teams that it knows of by now."""

    def __init__(self, hub: Hub) -> None:
        self.viewer, self.teams = Viewer(cast(WebSocket, None), somebody(Role.DUTY), "desk"), set[str]()
        hub.scopes.viewers.add(self.viewer)

    async def hears_of(self, team: str) -> None:
        async with asyncio.timeout(60):
            while team not in self.teams:
                message = self.viewer.take()
                said = json.loads(message) if isinstance(message, str) else {}
                if said.get("type") == "snapshot":
                    self.teams = set(said["rows"]["team"])
                self.teams |= {id_ for kind, id_, _ in said.get("rows", ()) if kind == "team"} if said.get("type") == "rows" else set()
                await asyncio.sleep(0.01)


def form(house: House, name: str) -> str:
    return house.court.journal.do(SYSTEM, house.court.now(), form_team, name)


async def test_what_is_committed_while_the_first_snapshot_is_read_is_told_after_it(house: House) -> None:
    reads, goes_on = threading.Event(), threading.Event()

    def slowly(key: str, **holes: object) -> str:
        reads.set()
        goes_on.wait(60)
        return t(key, **holes)

    hub = hub_of(house, slowly)
    hub.scopes.begun.set()
    told = Told(hub)
    joining = asyncio.create_task(hub.viewing.enter(told.viewer))
    assert await asyncio.to_thread(reads.wait, 10)
    team = await asyncio.to_thread(form, house, "九组")
    with house.court.database.reading() as session:
        await hub.following.spread(entries_after(session, 0)[-1:])
    await asyncio.sleep(0.1)  # the scope has been woken, and has no rows yet
    goes_on.set()
    await joining
    await told.hears_of(team)


async def test_nobody_has_a_picture_from_before_the_journal_is_followed(house: House) -> None:
    """A web process that has just begun: who knocks first would miss what is committed until it knows where the journal stands."""
    hub = hub_of(house)
    told = Told(hub)
    joining = asyncio.create_task(hub.viewing.enter(told.viewer))
    await asyncio.sleep(0.3)
    team = await asyncio.to_thread(form, house, "九组")
    following = asyncio.create_task(hub.following.journal())
    await joining
    await told.hears_of(team)
    following.cancel()

"""Who looks, and the scope of each distinct Sight."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from dashboard.live.scope import Scope, Source
from dashboard.live.viewer import Viewer
from data.queries.wall import sight_of
from data.rules.permissions import Clearance, Sight


class Scopes:
    """Every viewer of this process, in the scope of what it may see.

    seq: the number of the journal up to which all scopes were told; begun: it is known, so whatever comes after is told.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.viewers: set[Viewer] = set()
        self.of_sight: dict[Sight, Scope] = {}
        self.with_visitors: frozenset[str] = frozenset()  # the walls before which guests stand
        self.seq = 0
        self.begun = asyncio.Event()

    def __iter__(self) -> Iterator[Scope]:
        return iter(list(self.of_sight.values()))

    def of(self, sight: Sight) -> Scope:
        scope = self.of_sight.get(sight)
        if scope is None:
            scope = self.of_sight[sight] = Scope(self._source, sight)
            scope.task = asyncio.create_task(scope.run())
        return scope

    def sight_of(self, viewer: Viewer) -> Sight:
        sight = sight_of(viewer.actor, viewer.guests or viewer.actor.wall_id in self.with_visitors)
        if viewer.face == "wall" and sight.clearance is Clearance.DESK:
            sight = replace(sight, clearance=Clearance.WALL)  # an officer who opened the wall's page, perhaps before a room
        return sight

    def leave(self, viewer: Viewer) -> None:
        scope, viewer.scope = viewer.scope, None
        if scope is None:
            return
        scope.viewers.discard(viewer)
        if scope.unused:
            self._forget(scope)

    def forget_unused(self) -> None:
        """A Sight that nobody has."""
        for scope in self:
            if scope.unused:
                self._forget(scope)

    def _forget(self, scope: Scope) -> None:
        if self.of_sight.get(scope.sight) is scope:
            del self.of_sight[scope.sight]
        if scope.task is not None:
            scope.task.cancel()

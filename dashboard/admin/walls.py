"""大屏: which walls there are, what stands on them, whose browser each is; a link for another browser, taken back, put out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.admin.doors import Doors, checked
from dashboard.said import Said, actor_of, text_of
from data.actions import walls
from data.actions.links import make_link
from data.queries import administration as read
from data.rules.links import LIFETIME, Purpose
from data.rules.permissions import Actor, Verb, may


@dataclass
class Walls(Doors):
    """Below `/centre/admin`. open_walls: the ids of walls that are connected at this moment."""

    open_walls: Callable[[], frozenset[str]] = field(default=frozenset)

    def routes(self) -> list[Route]:
        return [
            self.shown("/walls", self._page),
            self.told("/walls/add", Verb.PAIR_WALL, self._add),
            self.told("/walls/link", Verb.PAIR_WALL, self._link),
            self.told("/walls/take-back", Verb.STEER_WALL, self._take_back),
            self.told("/walls/revoke", Verb.REVOKE_WALL, self._revoke),
        ]

    async def _page(self, request: Request) -> Response:
        actor = checked(actor_of(request), Verb.REVOKE_WALL)
        found = await self.read(actor, read.walls, self.now())
        return self.page(
            "walls.html",
            actor,
            "walls",
            skipped=found.skipped,
            walls=found,
            connected=self.open_walls(),
            steers=may(actor, Verb.STEER_WALL),
        )

    async def _add(self, actor: Actor, said: Said) -> Said:
        return {"id": await self.write(actor, walls.add_wall, text_of(said, "name"))}

    async def _link(self, actor: Actor, said: Said) -> Said:
        """The address that makes the browser which opens it this wall, once."""

        def made(work: Any) -> str:
            return make_link(work, Purpose.WALL, wall_id=text_of(said, "wall"))

        link = await self.write(actor, made)
        return {"link": f"{self.settings.origin}/link/{link}", "until": self.time(self.now() + LIFETIME[Purpose.WALL])}

    async def _take_back(self, actor: Actor, said: Said) -> Said:
        return {"done": await self.write(actor, walls.take_back_wall, text_of(said, "wall"))}

    async def _revoke(self, actor: Actor, said: Said) -> Said:
        return {"done": await self.write(actor, walls.revoke_wall, text_of(said, "wall"))}

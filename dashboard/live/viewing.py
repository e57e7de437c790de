"""A viewer's way into what he may see, and out of it when that changes."""

import asyncio
import logging
import time

from dashboard.live.closing import ON_STAGE, REVOKED
from dashboard.live.means import Means
from dashboard.live.scope import as_json
from dashboard.live.scopes import Scopes
from dashboard.live.traces import watch
from dashboard.live.viewer import Viewer
from data.errors import CommandCentreError
from data.queries import live as asked
from data.rules.permissions import ALLOWED, Actor, Clearance, Role, Sight, Verb

AGAIN_S = 4.0  # a revocation bites within five seconds
WAIT_S = 0.25  # until a database that was silent is asked again

log = logging.getLogger(__name__)


def may_see(actor: Actor, face: str) -> bool:
    """A locked desk still shows and sounds alarms, so the role decides, not `may`."""
    if face == "field":
        return actor.kind == "DEVICE"
    return actor.role in ALLOWED[Verb.SEE_WALL if face == "wall" else Verb.SEE_DESK]


class Viewing:
    """build: the version of this server's pages."""

    def __init__(self, means: Means, scopes: Scopes, build: str) -> None:
        self._means, self._scopes, self._build = means, scopes, build
        self._tasks: set[asyncio.Task[None]] = set()

    async def enter(self, viewer: Viewer) -> None:
        """Tries until the database answers; ticks and positions go on meanwhile.

        Not before the journal is followed: a snapshot from before that would miss what was committed in between.
        """
        scopes = self._scopes
        await scopes.begun.wait()
        while viewer.close_code is None:
            sight = scopes.sight_of(viewer)
            try:
                hello = await self._hello(viewer, sight)
                scope = scopes.of(sight)  # nothing may be waited for from here to joining: an unused scope is forgotten each second
                await scope.join(viewer, hello)
            except CommandCentreError as error:
                log.warning("a viewer waits: %s", error.code)
                self._let_wait(viewer, sight)
                await asyncio.sleep(WAIT_S)
                continue
            if scopes.sight_of(viewer) == scope.sight:
                break
            scopes.leave(viewer)
        if viewer not in scopes.viewers:  # left while the snapshot was read
            scopes.leave(viewer)
        wish, viewer.wishes = viewer.wishes, None
        if wish is not None:
            await watch(self._means, viewer, wish)

    def _let_wait(self, viewer: Viewer, sight: Sight) -> None:
        """Not before anything was ever read: then it is not known either which walls guests see."""
        if viewer.scope is not None and viewer.scope.sight != sight:
            self._scopes.leave(viewer)
        if self._scopes.seq and viewer in self._scopes.viewers and viewer.close_code is None:
            self._scopes.of(sight).let_wait(viewer)

    def follow_sight(self, viewer: Viewer) -> None:
        """Into the scope of what he may see now; not if he left while we asked who he is."""
        if viewer.scope is None or self._scopes.sight_of(viewer) == viewer.scope.sight:
            return
        self._scopes.leave(viewer)
        task = asyncio.create_task(self.enter(viewer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def check(self) -> None:
        """Who was revoked is closed; whose Sight changed begins again in the new one; a Sight that nobody has is forgotten."""
        self._scopes.forget_unused()
        now = time.monotonic()
        for viewer in list(self._scopes.viewers):
            if viewer.scope is None or now - viewer.checked_at < AGAIN_S:
                continue
            viewer.checked_at = now
            try:
                actor = await self._means.identity.again(viewer.actor)
            except CommandCentreError:
                continue  # the database is silent: identity itself says when nobody may be believed any more
            if actor is None or not may_see(actor, viewer.face):
                viewer.end(ON_STAGE if actor is not None and actor.role is Role.STAGE else REVOKED)
                continue
            viewer.actor = actor
            self.follow_sight(viewer)

    async def _hello(self, viewer: Viewer, sight: Sight) -> str:
        label = await self._means.lanes.readers.run(self._label, viewer.actor)
        settings = self._means.settings
        said = {
            "type": "hello",
            "server_time": self._means.now_ms(),
            "build": self._build,
            "civil_offset_s": settings.civil_offset_s,
            "court": settings.court_name,
            "demo": settings.demo,
            "face": viewer.face,
            "visitors": sight.clearance is Clearance.VISITORS,
            "wall_id": viewer.actor.wall_id,
            "me": {"id": viewer.actor.officer_id or viewer.actor.id, "label": label, "role": viewer.actor.role} if label else None,
            "stale_s": settings.stale_s,
            "lost_s": settings.lost_s,
            "media": settings.media,
        }
        return as_json(said)

    def _label(self, actor: Actor) -> str | None:
        with self._means.database.reading() as session:
            return asked.label_of(session, actor)

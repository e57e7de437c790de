"""What every viewer hears each second: the time, the state of the parts, who looks."""

import asyncio
import time
from typing import Any

from dashboard.health import Health
from dashboard.heartbeat.pulse import Pulse
from dashboard.live.closing import TOO_SLOW
from dashboard.live.following import Following
from dashboard.live.means import Means
from dashboard.live.presence import Presence
from dashboard.live.scope import as_json
from dashboard.live.scopes import Scopes
from dashboard.live.viewer import Viewer
from dashboard.map_layers import map_version
from data.rules.permissions import Clearance
from streaming.pace import pause

SEND_S = 10.0
MAP_S = 2.0  # a dozen files are looked at, not read


class Ticks:
    """The same bytes for all who are told the same."""

    def __init__(self, means: Means, scopes: Scopes, health: Health, pulse: Pulse | None, presence: Presence, following: Following) -> None:
        self._means, self._scopes, self._health, self._pulse = means, scopes, health, pulse
        self._presence, self._following = presence, following
        self._map = ""  # the version of the court's map: a page that draws another one takes it

    async def follow_map(self) -> None:
        """Whoever built it, on the page or by `ecc basemap build`: what counts is what lies there."""
        while True:
            settings = self._means.settings
            self._map = await asyncio.to_thread(map_version, settings.layers, settings.map_approval)
            await pause(MAP_S)

    def say(self) -> None:
        """To everybody, once."""
        parts, settings = self._health.parts(), self._means.settings
        now_ms = self._means.now_ms()
        parts["case_system"] = self._case_system(now_ms)
        base = {"type": "tick", "server_time": now_ms, "seq": self._scopes.seq, "parts": parts}
        present = self._presence.everywhere()
        ages = {"stale_s": settings.stale_s, "lost_s": settings.lost_s}
        of_centre = {"troubles": self._pulse.troubles() if self._pulse else [], "screens": present.screens, "map": self._map} | ages
        refused = {
            str(unit): {"n": count, "why": self._means.say(f"error.{code}")} for unit, (count, code) in present.doubtful.items()
        }  # whose positions are refused again and again: for desks, as the state of the walls
        made: dict[tuple[str, int, str], str] = {}
        for viewer in self._scopes.viewers:
            watchers = present.watched.get(viewer.actor.unit_no or -1, 0) if viewer.face == "field" else 0
            kind = viewer.face, watchers, _board_of(viewer)
            if kind not in made:
                told = base | {"watchers": watchers}
                if viewer.face != "field":
                    told |= of_centre
                if viewer.face == "desk":
                    told |= {"walls": present.walls, "doubtful": refused}
                if kind[2] and self._pulse:
                    told["board"] = self._pulse.board(with_owners=kind[2] == "owners")
                made[kind] = as_json(told)
            viewer.tick = made[kind]
            viewer.woken.set()

    def _case_system(self, now_ms: int) -> dict[str, Any]:
        """It only ever speaks by itself, so all that can be known is how old its newest word is: by the time at the source."""
        as_of, settings = self._following.case_system_ms, self._means.settings
        if as_of is None:
            return {"up": None, "as_of": None, "lost": False}
        age_s = (now_ms - as_of) / 1000
        return {"up": age_s <= settings.case_system_stale_s, "as_of": as_of, "lost": age_s > settings.case_system_lost_s}

    def drop_stuck(self) -> None:
        """Who has not taken a message for ten seconds is cut off; a timer a message would cost more than the sending."""
        late = time.monotonic() - SEND_S
        for viewer in self._scopes.viewers:
            if viewer.sending_since is not None and viewer.sending_since < late and viewer.task is not None:
                viewer.close_code = TOO_SLOW
                viewer.task.cancel()


def _board_of(viewer: Viewer) -> str:
    """Whether it shows layout 9, and may know who is responsible: not before guests."""
    if not viewer.board or viewer.face == "field":
        return ""
    guests = viewer.face == "wall" and viewer.scope is not None and viewer.scope.sight.clearance is Clearance.VISITORS
    return "parts" if guests else "owners"

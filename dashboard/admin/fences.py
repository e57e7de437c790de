"""围栏: drawn on the map by presses or by keys, checked by the rule that says how to mend it, watched and on every wall at once."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.admin.doors import Doors, checked
from dashboard.i18n import in_script
from dashboard.said import Said, actor_of, text_of, text_or_none
from data.actions.organisation import FENCE_KINDS, draw_by_hand, remove_fence
from data.errors import BadInput
from data.queries.administration import fences
from data.rules.permissions import Actor, Verb


@dataclass
class Fences(Doors):
    """Below `/centre/admin`."""

    def routes(self) -> list[Route]:
        return [
            self.shown("/fences", self._page),
            self.told("/fences/draw", Verb.DRAW_FENCE, self._draw),
            self.told("/fences/remove", Verb.DRAW_FENCE, self._remove),
        ]

    async def _page(self, request: Request) -> Response:
        actor = checked(actor_of(request), Verb.DRAW_FENCE)
        found = await self.read(actor, fences)
        drawn = in_script([{"name": each.name, "ring": each.ring} for each in found])
        return self.page("fences.html", actor, "fences", fences=found, drawn=drawn, kinds=sorted(FENCE_KINDS, reverse=True))

    async def _draw(self, actor: Actor, said: Said) -> Said:
        ring = said.get("ring")
        if not isinstance(ring, list):
            raise BadInput("ring", code="geo.fence_corners")
        district = await self.lanes.readers.run(self._district)
        begins_at, ends_at = (self._instant(text_or_none(said, name)) for name in ("begins_at", "ends_at"))
        drawn = text_of(said, "name"), text_of(said, "kind"), ring, begins_at, ends_at, district
        return {"id": await self.write(actor, draw_by_hand, *drawn)}

    async def _remove(self, actor: Actor, said: Said) -> Said:
        return {"removed": await self.write(actor, remove_fence, text_of(said, "fence"))}

    def _district(self) -> Any:
        """The court's area, read when somebody draws: geopandas takes most of a second to import, and nobody else needs it here."""
        from geo.layers import LayerUnreadable, boundary_of

        try:
            return boundary_of(self.settings.layers / "boundary.geojson")
        except LayerUnreadable:
            return None  # doctor says so; a fence is not worth less for it

    def _instant(self, civil: str | None) -> datetime | None:
        """Raises BadInput audit.bad_time."""
        if civil is None:
            return None
        try:
            return datetime.fromisoformat(civil).replace(tzinfo=UTC) - timedelta(seconds=self.settings.civil_offset_s)
        except (ValueError, OverflowError) as error:
            raise BadInput("time", code="audit.bad_time") from error

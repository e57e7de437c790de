"""人员与角色: who belongs to the court, with which right; every right is proposed by one person and confirmed by another."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.admin.doors import Doors, actor_of, checked
from data.queries import administration as read
from data.rules import words
from data.rules.permissions import Verb


class People(Doors):
    """Below `/centre/admin`."""

    def routes(self) -> list[Route]:
        return [self.shown("/people", self._page)]

    async def _page(self, request: Request) -> Response:
        """`?q=`: a part of a name, badge number, account or team."""
        actor = checked(actor_of(request), Verb.MANAGE_PEOPLE)
        wanted = words.word_or_none(request.query_params.get("q") or None, "q", 32) or ""
        found = await self.read(actor, read.people, wanted)
        shown = found[: read.MOST]
        return self.page("people.html", actor, "people", people=shown, more=len(found) > len(shown), wanted=wanted)

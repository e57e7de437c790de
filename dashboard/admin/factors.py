"""动态口令: who has an authenticator; another person takes a lost one away. And what every administrator hears: a reset at the machine."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.admin.doors import Doors, checked
from dashboard.i18n import t
from dashboard.said import Said, actor_of, as_json, text_of
from data.actions.second_factor import reset_factor
from data.live_settings import current
from data.queries.second_factor import holders, resets
from data.rules.permissions import Actor, Verb

TOLD = timedelta(days=7)  # so long a reset stands on every page of the administration


class Factors(Doors):
    """Below `/centre/admin`."""

    def routes(self) -> list[Route]:
        return [
            self.shown("/factors", self._page),
            Route("/notices", self.asked(self._notices), methods=["GET"]),
            self.told("/factors/reset", Verb.MANAGE_PEOPLE, self._reset),
        ]

    async def _page(self, request: Request) -> Response:
        actor = checked(actor_of(request), Verb.MANAGE_PEOPLE)
        found = await self.read(actor, holders)
        settings = await self.read(actor, lambda session, _: current(session, self.settings))
        required = {role.value for role in settings.second_factor_roles}
        return self.page("factors.html", actor, "factors", holders=found, required=required, me=actor.officer_id)

    async def _notices(self, request: Request) -> Response:
        """[{id, text}]: what this administrator must know of the others."""
        actor = checked(actor_of(request), Verb.MANAGE_PEOPLE)
        told = await self.read(actor, resets, self.now() - TOLD)
        said = [
            {"id": each.id, "text": t("admin.reset_used" if each.used else "admin.reset_made", who=each.who, at=self.time(each.at))}
            for each in told
        ]
        return as_json(said)

    async def _reset(self, actor: Actor, said: Said) -> Said:
        await self.write(actor, reset_factor, text_of(said, "officer"))
        return {}

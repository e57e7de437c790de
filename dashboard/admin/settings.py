"""设置: what is in force; what may change now, with who changed it and back again; the rest, and in which file it stands."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.admin.doors import Doors, checked
from dashboard.said import Said, actor_of, text_of
from data.actions.settings import change_setting, undo_change
from data.queries.settings import changes, shown
from data.rules.permissions import Actor, Verb
from data.settings import TOML_NAME


@dataclass
class SettingsPage(Doors):
    """Below `/centre/admin`."""

    def routes(self) -> list[Route]:
        return [
            self.shown("/settings", self._page),
            self.told("/settings/change", Verb.CHANGE_SETTING, self._change),
            self.told("/settings/undo", Verb.CHANGE_SETTING, self._undo),
        ]

    async def _page(self, request: Request) -> Response:
        actor = checked(actor_of(request), Verb.CHANGE_SETTING)
        listed = await self.read(actor, shown, self.settings)
        made = await self.read(actor, changes)
        file = self.settings.home / TOML_NAME
        return self.page(
            "settings.html", actor, "settings", live=[each for each in listed if each.changeable],
            fixed=[each for each in listed if not each.changeable], changes=made, file=file,
        )  # fmt: skip

    async def _change(self, actor: Actor, said: Said) -> Said:
        return {"changed": await self.write(actor, change_setting, self.settings, text_of(said, "key"), text_of(said, "value"))}

    async def _undo(self, actor: Actor, said: Said) -> Said:
        await self.write(actor, undo_change, self.settings, text_of(said, "change"))
        return {}

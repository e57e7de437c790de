"""设置: what is in force; what may change now, with who changed it and back again; the rest, and in which file it stands."""

from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.admin.doors import Doors, checked
from dashboard.admin.storage import positions_of, size_of
from dashboard.i18n import t
from dashboard.said import Said, actor_of, text_of
from data.actions.settings import change_setting, undo_change
from data.errors import Misconfigured
from data.live_settings import current
from data.queries.archives import on_hold
from data.queries.joint import JointView, waiting
from data.queries.recordings import due_for_purge
from data.queries.settings import changes, shown
from data.rules.archives import kept_days
from data.rules.joint import Joint
from data.rules.permissions import Actor, Verb
from data.settings import TOML_NAME, Settings, from_text


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
        waits = await self.read(actor, waiting, self.now(), Joint.SETTING)
        would_go = await self._would_go(actor, waits)
        return self.page(
            "settings.html", actor, "settings", live=[each for each in listed if each.changeable],
            fixed=[each for each in listed if not each.changeable], changes=made, file=file, waiting=waits, would_go=would_go,
        )  # fmt: skip

    async def _change(self, actor: Actor, said: Said) -> Said:
        return {"done": await self.write(actor, change_setting, self.settings, text_of(said, "key"), text_of(said, "value"))}

    async def _undo(self, actor: Actor, said: Said) -> Said:
        return {"done": await self.write(actor, undo_change, self.settings, text_of(said, "change"))}

    async def _would_go(self, actor: Actor, waits: list[JointView]) -> dict[str, str]:
        """What each shortening would delete, as things stand now, within the hour after it is confirmed."""
        settings = await self.read(actor, lambda session, _: current(session, self.settings))
        told = {}
        for each in waits:
            key, _, value = each.about.partition("=")
            with suppress(Misconfigured):  # another change made it impossible meanwhile
                wanted = settings.but(**{key: from_text(key, value)})
                told[each.id] = await (self._recordings_go if key == "recording_days" else self._positions_go)(actor, wanted)
        return told

    async def _recordings_go(self, actor: Actor, wanted: Settings) -> str:
        gone = await self.read(actor, lambda session, _: due_for_purge(session, self.now(), wanted.recording_days))
        return t("settings.recordings_go", n=len(gone))

    async def _positions_go(self, actor: Actor, wanted: Settings) -> str:
        days = kept_days(wanted.history_days, wanted.archive_days)
        held = await self.read(actor, lambda session, _: on_hold(session, wanted.civil_offset_s))
        lot = await self.lanes.readers.run(positions_of, wanted.positions, self.now(), days, wanted.archive, held)
        return t("settings.positions_go", n=lot.due, size=size_of(lot.due_bytes))

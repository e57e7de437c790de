"""设备: whose phones and sets there are, when each was heard last; a lost one is put out, and everything of it with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.admin.doors import Doors, checked, number_of
from dashboard.said import Said, actor_of
from data.actions.devices import revoke_device
from data.queries import administration as read
from data.rules import words
from data.rules.permissions import Actor, Verb


@dataclass(frozen=True, slots=True)
class Heard:
    """What this process knows of one device. at_ms: its newest position; connected: its page is open; build: which version that page is."""

    at_ms: int | None = None
    connected: bool = False
    build: str | None = None


@dataclass
class Devices(Doors):
    """Below `/centre/admin`. heard: by (device number, unit number)."""

    heard: Callable[[int, int], Heard] = field(default=lambda _, __: Heard())

    def routes(self) -> list[Route]:
        return [self.shown("/devices", self._page), self.told("/devices/revoke", Verb.REVOKE_DEVICE, self._revoke)]

    async def _page(self, request: Request) -> Response:
        actor = checked(actor_of(request), Verb.REVOKE_DEVICE)
        wanted = words.word_or_none(request.query_params.get("q") or None, "q", 32) or ""
        found = await self.read(actor, read.devices, wanted)
        shown = found[: read.MOST]
        heard = {each.no: self.heard(each.no, each.unit_no) for each in shown if each.revoked_at is None}
        return self.page(
            "devices.html",
            actor,
            "devices",
            skipped=found.skipped,
            devices=shown,
            more=len(found) > len(shown),
            heard=heard,
            wanted=wanted,
            at=self._at,
        )

    def _at(self, ms: int) -> str:
        return self.time(datetime.fromtimestamp(ms / 1000, UTC))

    async def _revoke(self, actor: Actor, said: Said) -> Said:
        await self.write(actor, revoke_device, number_of(said, "device"))
        return {}

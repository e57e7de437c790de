"""What the pages of host and clearers share: who asks, small JSON words, our errors, reading and writing, files as they were certified."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from dashboard.i18n import t
from dashboard.said import Said, actor_of, as_json, said_in
from dashboard.screening.stages import Stages
from dashboard.sign_in import error_answer
from data.actions import releases
from data.errors import BadInput, CommandCentreError, NotFound, NotPermitted, RuleBroken
from data.journal import Journal
from data.lanes import Lanes
from data.queries.recordings import SegmentView
from data.queries.wall import sight_of
from data.rules import words
from data.rules.permissions import SYSTEM, Actor, Verb, may
from data.settings import Settings
from streaming.clip_files import is_unchanged, masked_file

HERE = Path(__file__).parent

_templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
Handler = Callable[[Actor, str, Said], Awaitable[Any]]
T = TypeVar("T")


@dataclass
class Doors:
    """Everything that these pages stand on."""

    settings: Settings
    journal: Journal
    lanes: Lanes
    stages: Stages
    now: Callable[[], datetime]

    def told(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """What somebody says, as a small JSON object."""

        async def told(request: Request) -> Response:
            actor, said = actor_of(request), await said_in(request)
            return as_json(await handler(actor, one_id(request), said))

        return self.asked(told)

    def asked(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def asked(request: Request) -> Response:
            try:
                return await handler(request)
            except CommandCentreError as error:
                return error_answer(error)

        return asked

    async def write(self, actor: Actor, action: Callable[..., T], *given: Any) -> T:
        return await self.lanes.writer.run(self.journal.do, actor, self.now(), action, *given)

    async def read(self, actor: Actor, query: Callable[..., T], *given: Any) -> T:
        def found() -> T:
            with self.journal.database.reading() as session:
                return query(session, sight_of(actor, court_code=self.settings.court_code), *given)

        return await self.lanes.readers.run(found)

    def page(self, template: str, **holes: Any) -> Response:
        court, demo = self.journal.court_name, self.settings.demo
        return HTMLResponse(_templates.get_template(template).render(t=t, court=court, demo=demo, **holes))

    async def check_file(self, release_id: str, clip_id: str, sha256: str) -> None:
        """Raises RuleBroken screening.file_changed; the release is revoked then, by nobody's leave."""
        if await asyncio.to_thread(is_unchanged, masked_file(self.settings.clips, clip_id, sha256), sha256):
            return
        await self.write(SYSTEM, releases.revoke_changed, release_id)
        raise RuleBroken("another file", code="screening.file_changed")


def check_clears(actor: Actor) -> None:
    """Whoever clears clips, before anything else is looked at. Raises NotPermitted."""
    if not may(actor, Verb.CLEAR_CLIP):
        raise NotPermitted("clear", code="identity.locked" if actor.locked else "identity.not_permitted", verb=Verb.CLEAR_CLIP.value)


def one_id(request: Request) -> str:
    """The id in the path; empty when it has none. Raises NotFound: what is no id never reaches a query."""
    said = str(request.path_params.get("id", ""))
    if said and not words.ULID.fullmatch(said):
        raise NotFound("id", code="not_found.screening")
    return said


def moment_of(said: Said, name: str) -> datetime:
    """Of milliseconds since 1970. Raises BadInput."""
    value = said.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10**14:
        raise BadInput(name, code="input.bad")
    return datetime.fromtimestamp(value / 1000, UTC)


def told_segment(segment: SegmentView, recording_id: str, look: str) -> Said:
    """A file as the players take it, for this look only."""
    src = f"/api/recordings/{recording_id}/{segment.number}.{segment.form}?look={look}"
    return {"src": src, "began_ms": ms(segment.began_at), "duration_ms": segment.duration_ms, "form": segment.form}


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def ms_or_none(moment: datetime | None) -> int | None:
    return None if moment is None else ms(moment)

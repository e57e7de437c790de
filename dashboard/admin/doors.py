"""What the pages of the administration share: who asks, small JSON words, our errors, reading and writing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dashboard.admin.tabs import tabs_of
from dashboard.i18n import in_script, t
from dashboard.said import Said, actor_of, as_json, said_in
from dashboard.sign_in import error_answer, in_sentences
from data.errors import BadInput, CommandCentreError, NotPermitted
from data.journal import Journal
from data.lanes import Lanes
from data.rules.permissions import Actor, Verb, may
from data.settings import Settings

HERE = Path(__file__).parent

_templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
OF_THE_MAP = ("wall.base_failed", "wall.osm_credit")  # what the base map's module says on whatever page
Handler = Callable[[Actor, Said], Awaitable[Any]]
T = TypeVar("T")


@dataclass
class Doors:
    """Everything that these pages stand on."""

    settings: Settings
    journal: Journal
    lanes: Lanes
    now: Callable[[], datetime]

    def told(self, path: str, verb: Verb, handler: Handler) -> Route:
        """What somebody says there, as a small JSON object; the answer is one too."""

        async def told(request: Request) -> Response:
            actor = checked(actor_of(request), verb)
            return as_json(await handler(actor, await said_in(request)))

        return Route(path, self.asked(told), methods=["POST"])

    def asked(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Refusals as JSON; what somebody may not is left for the record."""

        async def asked(request: Request) -> Response:
            try:
                return await handler(request)
            except CommandCentreError as error:
                if isinstance(error, NotPermitted):
                    request.state.refused = [*getattr(request.state, "refused", ()), str(error.params.get("verb", error.code))]
                return error_answer(error)

        return asked

    def shown(self, path: str, handler: Callable[[Request], Awaitable[Response]]) -> Route:
        """A page; its refusals a person reads."""
        return Route(path, in_sentences(handler, self.settings.demo), methods=["GET"])

    async def write(self, actor: Actor, action: Callable[..., T], *given: Any) -> T:
        return await self.lanes.writer.run(self.journal.do, actor, self.now(), action, *given)

    async def read(self, actor: Actor, query: Callable[..., T], *given: Any) -> T:
        """query(session, actor, …)."""

        def found() -> T:
            with self.journal.database.reading() as session:
                return query(session, actor, *given)

        return await self.lanes.readers.run(found)

    def page(self, template: str, actor: Actor, here: str, **holes: Any) -> Response:
        """A page within the frame. here: which tab it is; its script finds the sentences of `admin`."""
        texts = in_script(t.alone("admin") | {key: t(key) for key in OF_THE_MAP})
        given = {"court": self.journal.court_name, "demo": self.settings.demo, "texts": texts, "time": self.time}
        return HTMLResponse(_templates.get_template(template).render(t=t, tabs=tabs_of(actor), here=here, **given, **holes))

    def time(self, moment: datetime | None) -> str:
        return "" if moment is None else f"{moment + timedelta(seconds=self.settings.civil_offset_s):%Y-%m-%d %H:%M}"


def checked(actor: Actor, verb: Verb) -> Actor:
    """Whoever may do this, before anything else is looked at. Raises NotPermitted."""
    if not may(actor, verb):
        raise NotPermitted(verb, code="identity.locked" if actor.locked else "identity.not_permitted", verb=verb.value)
    return actor


def number_of(said: Said, name: str) -> int:
    """Raises BadInput."""
    value = said.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**9:
        raise BadInput(name, code="input.bad")
    return value

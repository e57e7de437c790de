"""`/inspector`: every ring of the centre to an officer or a team, the newest first; who rang whom, when, and what became of it.

The page is the inspector's alone. A camera is never opened from afar; that this holds somebody outside the command can read here.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from dashboard.i18n import t
from dashboard.sign_in import in_sentences
from data.errors import BadInput, NotSignedIn
from data.journal import Journal
from data.lanes import Lanes
from data.queries.audit import CentreRing, centre_rings
from data.queries.wall import sight_of
from data.rules.permissions import Actor
from data.settings import Settings

HERE = Path(__file__).parent
FILES = {"inspector.css": "text/css"}
SHOWN = 50

_templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)


class Inspector:
    """Everything that this page stands on."""

    def __init__(self, settings: Settings, journal: Journal, lanes: Lanes) -> None:
        self._settings, self._journal, self._lanes = settings, journal, lanes

    def app(self) -> Starlette:
        """The sub-app for `/inspector`."""
        return Starlette(
            routes=[
                Route("/", in_sentences(self._rings, self._settings.demo), methods=["GET"]),
                Route("/static/{name}", self._file, methods=["GET"]),
            ]
        )

    async def _rings(self, request: Request) -> Response:
        """`?before=`, ms since 1970: the older ones."""
        actor: Actor | None = getattr(request.state, "actor", None)
        if actor is None:
            raise NotSignedIn()
        before = _instant(request.query_params.get("before"))

        def read() -> list[CentreRing]:
            with self._journal.database.reading() as session:
                return centre_rings(session, sight_of(actor, court_code=self._settings.court_code), before=before, limit=SHOWN + 1)

        found = await self._lanes.readers.run(read)
        shown = found[:SHOWN]
        older = int(shown[-1].at.timestamp() * 1000) if len(found) > SHOWN else None
        return HTMLResponse(self._draw("rings.html", rings=shown, older=older, newest=before is None))

    def _time(self, moment: datetime) -> str:
        return f"{moment + timedelta(seconds=self._settings.civil_offset_s):%Y-%m-%d %H:%M:%S}"

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FILES:
            return Response(status_code=404)
        return FileResponse(HERE / "static" / name, media_type=FILES[name], headers={"cache-control": "no-cache"})

    def _draw(self, template: str, **holes: Any) -> str:
        court, demo = self._journal.court_name, self._settings.demo
        return _templates.get_template(template).render(t=t, court=court, demo=demo, time=self._time, **holes)


def _instant(said: str | None) -> datetime | None:
    """Raises BadInput."""
    if said is None:
        return None
    if not (said.isascii() and said.isdigit() and len(said) <= 14):
        raise BadInput("before", code="input.bad")
    return datetime.fromtimestamp(int(said) / 1000, UTC)

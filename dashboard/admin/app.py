"""`/centre/admin`: the frame of the administrator's pages. Each page is a file of its own; a new one is a line in `tabs` and one here."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.admin.audit import Audit
from dashboard.admin.devices import Devices, Heard
from dashboard.admin.doors import HERE, Doors
from dashboard.admin.factors import Factors
from dashboard.admin.fences import Fences
from dashboard.admin.joint import JointDoors
from dashboard.admin.keys import Keys
from dashboard.admin.map import Map
from dashboard.admin.people import People
from dashboard.admin.settings import SettingsPage
from dashboard.admin.storage import Storage
from dashboard.admin.tabs import tabs_of
from dashboard.admin.walls import Walls
from dashboard.admin.workbook import Workbook
from dashboard.said import actor_of
from data.errors import NotPermitted
from data.rules.permissions import Verb

STATIC = HERE / "static"
TYPES = {".css": "text/css", ".mjs": "text/javascript"}


@dataclass
class Admin(Doors):
    """All pages of the administration. heard, open_walls: as `Devices` and `Walls` take them."""

    heard: Callable[[int, int], Heard]
    open_walls: Callable[[], frozenset[str]]

    def app(self) -> Starlette:
        """The sub-app for `/centre/admin`."""
        parts = self.settings, self.journal, self.lanes, self.now
        return Starlette(
            routes=[
                Route("/static/{name}", self._file, methods=["GET"]),
                self.shown("/", self._first),
                *People(*parts).routes(),
                *Devices(*parts, heard=self.heard).routes(),
                *Factors(*parts).routes(),
                *Keys(*parts).routes(),
                *JointDoors(*parts).routes(),
                *Fences(*parts).routes(),
                *Map(*parts).routes(),
                *SettingsPage(*parts).routes(),
                *Storage(*parts).routes(),
                *Audit(*parts).routes(),
                *Workbook(*parts).routes(),
                *Walls(*parts, open_walls=self.open_walls).routes(),
            ]
        )

    async def _first(self, request: Request) -> Response:
        """The first page that this person may open."""
        names = tabs_of(actor_of(request))
        if not names:
            raise NotPermitted("admin", verb=Verb.MANAGE_PEOPLE.value)
        return RedirectResponse(f"/centre/admin/{names[0]}", HTTPStatus.SEE_OTHER)

    async def _file(self, request: Request) -> Response:
        path = STATIC / request.path_params["name"]
        if path.suffix not in TYPES or not path.is_file():
            return Response(status_code=404)
        return FileResponse(path, media_type=TYPES[path.suffix], headers={"cache-control": "no-cache"})

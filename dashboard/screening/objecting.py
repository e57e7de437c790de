"""`/object`: whoever sits before the screen has one page of his own with one button. No name, no case, no title, no session, no cookie.

His link is looked up by its digest at each press. What is shown goes black before anything is written, exactly as by the host's key; a
press that nobody can prove (the database stands still) stops nothing and says so: he raises his hand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from dashboard.i18n import in_script, of_error, t
from dashboard.screening.owed_objections import OwedObjections, Pressed
from dashboard.screening.stages import Stages
from dashboard.sign_in import error_answer
from data.actions.objections import Objected, object_from_seat
from data.attempts import Attempts
from data.errors import CommandCentreError, Unavailable
from data.identity import nobody
from data.journal import Journal
from data.lanes import Lanes
from data.queries.objecting import Place, place_of
from data.rules.links import closed
from data.settings import Settings

HERE = Path(__file__).parent
FILES = {"objecting.css": "text/css", "objecting.mjs": "text/javascript"}

_templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)


@dataclass
class Objecting:
    """The page of somebody before the screen."""

    settings: Settings
    journal: Journal
    lanes: Lanes
    stages: Stages
    now: Callable[[], datetime]
    attempts: Attempts
    owed: OwedObjections

    def app(self) -> Starlette:
        """The sub-app for `/object`."""
        return Starlette(
            routes=[
                Route("/static/{name}", self._file, methods=["GET"]),
                Route("/{secret}/now", self._now, methods=["GET"]),
                Route("/{secret}", self._show, methods=["GET"]),
                Route("/{secret}", self._press, methods=["POST"]),
            ]
        )

    async def _show(self, request: Request) -> Response:
        """Nothing changes, however often it is opened."""
        try:
            return self._page(await self._place(request))
        except CommandCentreError as error:
            return self._refused(error)

    async def _now(self, request: Request) -> Response:
        """What a press would do: the page asks again and again."""
        try:
            place = await self._place(request)
        except CommandCentreError as error:
            return error_answer(error)
        said = {"phase": place.phase, "stops": place.stops, "done": place.done}
        return Response(orjson.dumps(said), media_type="application/json", headers={"cache-control": "no-store"})

    async def _press(self, request: Request) -> Response:
        """Black first where it stops something, then written down; once for each clip."""
        try:
            place = await self._place(request)
            if place.done:
                return self._page(place, Objected(place.stops, False))
            if place.stops:
                await self.stages.black_out(place.screening_id)
            return self._page(place, await self._written(request, place))
        except CommandCentreError as error:
            return self._refused(error)

    async def _written(self, request: Request, place: Place) -> Objected:
        """Raises Unavailable only when nothing was stopped: whoever has stopped a clip need do no more, though we be killed this moment."""
        pressed = Pressed(place.attendee_id, *place.against, round(self.now().timestamp() * 1000))
        kept = place.stops and self.owed.keep(pressed)
        try:
            objected = await self._write(request.path_params["secret"], request.state.address)
        except Unavailable:
            if not kept:
                raise
            return Objected(True, True)
        except CommandCentreError:
            self.owed.forget(pressed)
            raise
        if kept:
            self.owed.forget(pressed)
        return objected

    async def _write(self, secret: str, address: str) -> Objected:
        return await self.lanes.writer.run(self.journal.do, nobody(address), self.now(), object_from_seat, secret)

    # --- the parts ---

    async def _place(self, request: Request) -> Place:
        """Raises NotFound link.closed, TooMany for who tries links."""

        def read() -> Place | None:
            with self.journal.database.reading() as session:
                return place_of(session, request.path_params["secret"])

        place = await self.lanes.readers.run(read)
        if place is None:
            self.attempts.stranger(request.state.address)
            raise closed()
        return place

    def _page(self, place: Place, done: Objected | None = None) -> Response:
        objected = done if done is not None else Objected(place.stops, False) if place.done else None
        phone = place.duty_phone or t("objecting.no_phone")
        return self._drawn("objecting.html", HTTPStatus.OK, place=place, done=objected, phone=phone, texts=in_script(t.alone("objecting")))

    def _refused(self, error: CommandCentreError) -> Response:
        """An unknown, a used and a foreign link get the same sentence; when it cannot be asked he raises his hand."""
        said = t("objecting.no_server") if isinstance(error, Unavailable) else of_error(error)
        return self._drawn("objecting_closed.html", HTTPStatus(error.status), said=said)

    def _drawn(self, template: str, status: HTTPStatus, **holes: Any) -> Response:
        page = _templates.get_template(template).render(t=t, court=self.journal.court_name, demo=self.settings.demo, **holes)
        return HTMLResponse(page, status, {"referrer-policy": "same-origin"})

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FILES:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        return FileResponse(HERE / "static" / name, media_type=FILES[name], headers={"cache-control": "no-cache"})

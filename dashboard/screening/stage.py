"""`/stage`: what an audience sees. A browser that came by a one-time link, with no other right; the programme and nothing else.

The page is an empty frame for everybody. What is shown comes by one socket, read anew each second from `queries.released`; black comes
first and past everything else, also past a database that stands still.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard.i18n import t
from dashboard.screening.stages import Stages, Viewer, as_message, report_of
from dashboard.sign_in import STAGE, WALL, error_answer
from data.actions.screenings import STAGE_LASTS, open_stage
from data.actions.sessions import Opened, open_for_stage_of_wall
from data.attempts import Attempts
from data.errors import CommandCentreError, NotFound, NotSignedIn, TooMany
from data.identity import Identity, nobody
from data.journal import Journal
from data.lanes import Lanes
from data.queries.released import ReleasedFile, released_file
from data.queries.released import Stage as Seen
from data.queries.released import stage as seen_by
from data.rules.permissions import Actor, Clearance, Role, Sight
from data.settings import Settings
from streaming.clip_files import masked_file

HERE = Path(__file__).parent
FILES = {
    "stage.css": "text/css",
    "stage.mjs": "text/javascript",
    "stage_line.mjs": "text/javascript",
    "stage_live.mjs": "text/javascript",
    "stage_player.mjs": "text/javascript",
    "stage_state.mjs": "text/javascript",
}
BEAT_S = 0.5
READ_S = 1.0  # what is shown is read again also when nobody has said that it changed
GONE = 4401  # no stage any more
CONTENT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; media-src 'self'; connect-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
BEAT = '{"type":"beat"}'
TO_WALL = '{"type":"wall"}'  # only for the page of a wall on stage: it goes to the wall's own door

log = logging.getLogger(__name__)
_templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)


@dataclass
class Stage:
    """The audience's face."""

    settings: Settings
    identity: Identity
    journal: Journal
    lanes: Lanes
    stages: Stages
    now: Callable[[], datetime]
    attempts: Attempts

    def app(self) -> Starlette:
        """The sub-app for `/stage`."""
        return Starlette(
            routes=[
                Route("/", self._frame, methods=["GET"]),
                Route("/static/{name}", self._file, methods=["GET"]),
                Route("/sw.js", self._worker, methods=["GET"]),
                Route("/media/{release}", self._media, methods=["GET"]),
                WebSocketRoute("/live", self._live),
                Route("/wall", self._of_wall, methods=["GET"]),
                Route("/{secret}", self._show, methods=["GET"]),
                Route("/{secret}", self._enter, methods=["POST"]),
            ]
        )

    # --- the page ---

    async def _frame(self, _: Request) -> Response:
        """The same for everybody: without its socket it shows the court's card."""
        return self._page("stage.html", HTTPStatus.OK)

    async def _show(self, _: Request) -> Response:
        """Nothing changes, however often it is opened: the button uses the link up."""
        return self._page("stage_link.html", HTTPStatus.OK)

    async def _enter(self, request: Request) -> Response:
        address = request.state.address
        try:
            act = self.lanes.writer.run(self.journal.do, nobody(address), self.now(), open_stage, request.path_params["secret"])
            opened = await act
        except CommandCentreError as error:
            return self._refused(error, address)
        self.identity.forget()
        return self._as_stage(RedirectResponse("/stage/", HTTPStatus.SEE_OTHER), opened)

    async def _of_wall(self, request: Request) -> Response:
        """A wall that a desk has put on stage: its browser gets a stage's token, besides the wall's that is good for nothing now."""
        try:
            wall = await self._wall(request)
            if wall is None or wall.role is not Role.STAGE:
                return RedirectResponse("/centre/wall", HTTPStatus.SEE_OTHER)
            known = await self._actor(request)
            if known is not None and known.wall_id == wall.wall_id:
                return self._page("stage.html", HTTPStatus.OK)
            act = self.lanes.writer.run(self.journal.do, wall, self.now(), open_for_stage_of_wall, STAGE_LASTS)
            opened = await act
        except CommandCentreError as error:
            log.warning("a wall did not become a stage: %s", error.code)
            return self._page("stage.html", HTTPStatus.SERVICE_UNAVAILABLE)  # the court's card; it knocks until it is let in
        self.identity.forget()
        return self._as_stage(self._page("stage.html", HTTPStatus.OK), opened)

    def _as_stage(self, answer: Response, opened: Opened) -> Response:
        lasts = int(STAGE_LASTS.total_seconds())
        answer.set_cookie(STAGE, opened.token, max_age=lasts, path="/stage", secure=self.settings.secure, httponly=True, samesite="strict")
        return answer

    def _refused(self, error: CommandCentreError, address: str) -> Response:
        """The court's card for a link that is used up, the button again where it may go better; no word of it before an audience."""
        log.warning("a stage was not opened: %s", error.code)
        if not isinstance(error, NotFound):
            return self._page("stage_link.html", HTTPStatus(error.status))
        try:
            self.attempts.stranger(address)
        except TooMany as often:
            return self._page("stage.html", HTTPStatus(often.status))
        return self._page("stage.html", HTTPStatus.NOT_FOUND)

    def _page(self, template: str, status: HTTPStatus) -> Response:
        page = _templates.get_template(template).render(t=t, court=self.journal.court_name, demo=self.settings.demo)
        return HTMLResponse(page, status, {"content-security-policy": CONTENT})

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FILES:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        return FileResponse(HERE / "static" / name, media_type=FILES[name], headers={"cache-control": "no-cache"})

    async def _worker(self, _: Request) -> Response:
        headers = {"service-worker-allowed": "/stage/", "cache-control": "no-cache"}
        return FileResponse(HERE / "static/stage_sw.js", media_type="text/javascript", headers=headers)

    # --- what is shown ---

    async def _live(self, socket: WebSocket) -> None:
        wall: Actor | None = None
        try:
            actor = await self._actor(socket)
            if actor is None and "wall" in socket.query_params:
                wall = await self._wall(socket)
        except CommandCentreError:  # nobody can be recognised just now: the page knocks again
            actor = None
        if actor is None and wall is None:
            await socket.close(GONE)
            return
        await socket.accept()
        if actor is None:  # a desk has taken it back, or it needs a new token: the wall's own door knows
            await socket.send_text(TO_WALL)
            await socket.close(GONE)
            return
        viewer = Viewer(socket)
        with self.stages.open(viewer), contextlib.suppress(WebSocketDisconnect, RuntimeError):
            hearing = asyncio.create_task(self._hear(viewer))
            try:
                await self._tell(viewer, actor, hearing)
            finally:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)

    async def _tell(self, viewer: Viewer, actor: Actor, hearing: "asyncio.Task[None]") -> None:
        """The state whenever it changes, a beat in between; ends with the socket or the right to see anything."""
        async for view in self._views(actor):
            if hearing.done():
                return
            if view is None:
                await viewer.say(BEAT)
                continue
            viewer.screening_id = view.screening_id
            black = view.black or self.stages.is_black(view.screening_id)
            live = None if black or view.item is None else view.item.permit_id
            if live is None:
                self.stages.shows(viewer, None)
            await viewer.say(as_message(black, view.item))
            if not self.stages.is_black(view.screening_id):
                self.stages.shows(viewer, live)
        await viewer.say(as_message(False, None))
        await viewer.socket.close(GONE)

    async def _views(self, actor: Actor) -> AsyncIterator[Seen | None]:
        """None: nothing new. What cannot be read is no reason to show anything else; the page goes to the court's card by itself."""
        shown = b""
        while True:
            rung = self.stages.next()
            try:
                view = await self._read(actor)
                known = await self.identity.again(actor)
            except CommandCentreError:
                await _waited(rung, READ_S)
                continue
            if view is None or known is None:
                return
            said = _state_of(view, self.stages.turns)
            yield view if said != shown else None
            shown, read_s = said, time.monotonic()
            while time.monotonic() - read_s < READ_S and not await _waited(rung, BEAT_S):
                yield None

    async def _read(self, actor: Actor) -> Seen | None:
        def read() -> Seen | None:
            with self.journal.database.reading() as session:
                return seen_by(session, self._sight(), actor.session_id or "", self.now())

        return await self.lanes.readers.run(read)

    async def _hear(self, viewer: Viewer) -> None:
        """What the page says that it shows, until it is gone. Nonsense is passed over."""
        while True:
            said = await viewer.socket.receive_text()
            report = report_of(said)
            if report is not None:
                self.stages.reported(viewer, report)

    # --- media ---

    async def _media(self, request: Request) -> Response:
        """A file of the programme, while its release lives and the screening runs; each request is asked anew."""
        try:
            actor = await self._actor(request)
            if actor is None:
                raise NotSignedIn("no stage")
            found = await self.lanes.readers.run(self._released, actor, request.path_params["release"])
        except CommandCentreError as error:
            return error_answer(error)
        path = masked_file(self.settings.clips, found.clip_id, found.sha256)
        if not path.is_file():
            return error_answer(NotFound("file", code="not_found.release"))
        return FileResponse(path, media_type="video/webm", headers={"cache-control": "no-store", "content-security-policy": CONTENT})

    def _released(self, actor: Actor, release_id: str) -> ReleasedFile:
        with self.journal.database.reading() as session:
            return released_file(session, self._sight(), actor.session_id or "", release_id)

    def _sight(self) -> Sight:
        return Sight(Clearance.STAGE, Role.STAGE, self.settings.court_code, positions=False)

    async def _actor(self, connection: HTTPConnection) -> Actor | None:
        token = connection.cookies.get(STAGE)
        actor = await self.identity.session(token) if token else None
        return actor if actor is not None and actor.kind == "STAGE" else None

    async def _wall(self, connection: HTTPConnection) -> Actor | None:
        token = connection.cookies.get(WALL)
        actor = await self.identity.session(token) if token else None
        return actor if actor is not None and actor.kind == "WALL" else None


def _state_of(view: Seen, turns: int) -> bytes:
    """What must be said again when it differs: all but the place of a clip that just goes on. turns: as in `Stages`."""
    item = view.item
    where = None if item is None else (item.key, item.playing, None if item.playing else item.at_ms, item.title, item.words)
    return orjson.dumps([turns, view.black, where])


async def _waited(rung: asyncio.Event, seconds: float) -> bool:
    """Whether it rang within this time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await rung.wait()
            return True
    return False

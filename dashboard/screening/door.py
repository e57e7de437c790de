"""`/door`: a tablet that lets people in to one session. A session of its own by a one-time link; no desk, no list, no name.

It locks after ten minutes without anybody, opens again by the four digits of the host's console, and ends with the session or by the host.
The camera's picture stays in the browser: it is searched for a code there and never sent.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.i18n import in_script, of_error, t
from dashboard.said import Said, said_in, text_of
from dashboard.sign_in import DOOR, error_answer
from data.actions import room_help, screening_doors, sign_ins
from data.attempts import Attempts
from data.errors import BadInput, CommandCentreError, NotFound, NotSignedIn
from data.identity import Identity, nobody
from data.journal import Journal
from data.lanes import Lanes
from data.queries.at_door import DoorView, door_view
from data.rules import screening_doors as rules
from data.rules.permissions import Actor
from data.settings import Settings

HERE = Path(__file__).parent
FILES = {"door.css": "text/css"} | dict.fromkeys(("ask.mjs", "code_reader.mjs", "door.mjs", "door_camera.mjs"), "text/javascript")
READER = "code_reader.mjs"  # a worker: it alone may run WebAssembly
READS = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

_templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)


@dataclass
class Door:
    """The tablet's face."""

    settings: Settings
    identity: Identity
    journal: Journal
    lanes: Lanes
    now: Callable[[], datetime]
    attempts: Attempts

    def app(self) -> Starlette:
        """The sub-app for `/door`."""
        said = {
            "check-in": self._check_in, "undo": self._undo, "leave": self._leave, "help": self._help, "lock": self._lock,
            "unlock": self._unlock,
        }  # fmt: skip
        return Starlette(
            routes=[
                Route("/", self._page, methods=["GET"]),
                Route("/static/{name}", self._file, methods=["GET"]),
                Route("/counts", self._counts, methods=["GET"]),
                *(Route(f"/{name}", self._told(handler), methods=["POST"]) for name, handler in said.items()),
                Route("/{secret}", self._show, methods=["GET"]),
                Route("/{secret}", self._enter, methods=["POST"]),
            ]
        )

    # --- the link ---

    async def _show(self, _: Request) -> Response:
        """Nothing changes, however often it is opened: the button uses the link up."""
        return self._drawn("door_link.html", said=None)

    async def _enter(self, request: Request) -> Response:
        address = request.state.address
        try:
            opened = await self._write(nobody(address), screening_doors.open_door, request.path_params["secret"])
        except CommandCentreError as error:
            try:
                if isinstance(error, NotFound):
                    self.attempts.stranger(address)
            except CommandCentreError as often:
                error = often
            return self._drawn("door_link.html", HTTPStatus(error.status), said=of_error(error))
        answer = RedirectResponse("/door/", HTTPStatus.SEE_OTHER)
        lasts = int(rules.LASTS.total_seconds())
        answer.set_cookie(DOOR, opened.token, max_age=lasts, path="/door", secure=self.settings.secure, httponly=True, samesite="strict")
        return answer

    # --- the page ---

    async def _page(self, request: Request) -> Response:
        try:
            said = await self._view(await self._actor(request))
        except CommandCentreError as error:
            return self._drawn("door_link.html", HTTPStatus(error.status), said=of_error(error))
        return self._drawn(
            "door.html", said=in_script({"base": "/door", "tablet": True} | said), texts=in_script(t.alone("door")), at="/door/static"
        )

    async def _counts(self, request: Request) -> Response:
        try:
            return _as_json(await self._view(await self._actor(request)))
        except CommandCentreError as error:
            return error_answer(error)

    # --- what is said there ---

    def _told(self, handler: Callable[[Actor, str, Said], Awaitable[Said]]) -> Callable[[Request], Awaitable[Response]]:
        async def told(request: Request) -> Response:
            try:
                actor = await self._actor(request)
                screening_id = (await self._seen(actor)).screening_id
                done = await handler(actor, screening_id, await said_in(request))
                return _as_json(done | await self._view(actor))
            except CommandCentreError as error:
                return error_answer(error)

        return told

    async def _check_in(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"code": as scanned, seen or typed}."""
        seat = await self._write(actor, sign_ins.check_in, screening_id, text_of(said, "code"))
        return {"seat": seat.seat, "back": seat.back}

    async def _undo(self, actor: Actor, screening_id: str, said: Said) -> Said:
        seat = said.get("seat")
        if not isinstance(seat, int) or isinstance(seat, bool):
            raise BadInput("seat", code="input.bad")
        await self._write(actor, sign_ins.undo_check_in, screening_id, seat)
        return {}

    async def _leave(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"code": a seat's number, or a code}."""
        return {"seat": await self._write(actor, sign_ins.leave, screening_id, text_of(said, "code"))}

    async def _help(self, actor: Actor, screening_id: str, _: Said) -> Said:
        await self._write(actor, room_help.ask_help, screening_id)
        return {}

    async def _lock(self, actor: Actor, _: str, __: Said) -> Said:
        await self._write(actor, screening_doors.lock_door)
        return {}

    async def _unlock(self, actor: Actor, _: str, said: Said) -> Said:
        """{"digits"}."""
        return {"right": await self._write(actor, screening_doors.unlock_door, text_of(said, "digits"))}

    # --- the parts ---

    async def _actor(self, request: Request) -> Actor:
        """Raises NotSignedIn door.closed."""
        token = request.cookies.get(DOOR)
        actor = await self.identity.session(token) if token else None
        if actor is None or actor.kind != "DOOR":
            raise NotSignedIn("no door", code="door.closed")
        return replace(actor, address=request.state.address)

    async def _seen(self, actor: Actor) -> DoorView:
        """Raises NotSignedIn door.closed."""

        def read() -> DoorView | None:
            with self.journal.database.reading() as session:
                return door_view(session, actor, self.now())

        view = await self.lanes.readers.run(read)
        if view is None:
            raise NotSignedIn("no door", code="door.closed")
        return view

    async def _view(self, actor: Actor) -> Said:
        """{"state", "present", "invited", "help": {"by"} | None, "locked"}; while it is locked no number is told."""
        view = await self._seen(actor)
        cry = None if view.help_by is None else {"by": view.help_by[0]}
        present, invited = (0, 0) if view.locked else (view.present, view.invited)
        return {"state": view.state, "present": present, "invited": invited, "help": cry, "locked": view.locked}

    async def _write(self, actor: Actor, action: Callable[..., Any], *given: Any) -> Any:
        done = await self.lanes.writer.run(self.journal.do, actor, self.now(), action, *given)
        self.identity.forget()
        return done

    def _drawn(self, template: str, status: HTTPStatus = HTTPStatus.OK, **holes: Any) -> Response:
        return HTMLResponse(
            _templates.get_template(template).render(t=t, court=self.journal.court_name, demo=self.settings.demo, **holes), status
        )

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FILES:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        headers = {"cache-control": "no-cache"} | ({"content-security-policy": READS} if name == READER else {})
        return FileResponse(HERE / "static" / name, media_type=FILES[name], headers=headers)


def _as_json(body: object) -> Response:
    return Response(orjson.dumps(body), media_type="application/json", headers={"cache-control": "no-store"})

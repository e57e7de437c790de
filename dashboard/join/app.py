"""`/join`: a leader opens the link he was sent, reads five lines, presses one button, waits, and is let in by the desk.

Opening, previewing and prefetching change nothing; the button uses the link up and binds this browser. Picture and sound are the page's
own business (`static/media.mjs`), by tokens that `/api/media/tokens` gives to nobody who was not let in.
"""

import asyncio
import contextlib
import hashlib
import json
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

from dashboard.i18n import of_error, t
from dashboard.sign_in import JOIN, error_answer
from data.actions import invitations, whispers
from data.actions.participants import release_command, take_command
from data.attempts import Attempts
from data.errors import BadInput, CommandCentreError, NotFound, NotSignedIn, RuleBroken
from data.identity import Identity, nobody
from data.journal import Journal
from data.lanes import Lanes
from data.queries.joining import Brief, brief, room
from data.rules.links import closed
from data.rules.permissions import Actor
from data.settings import Settings
from streaming.positions_door import body_from

STATIC = Path(__file__).parent / "static"
FILES = {"join.css": "text/css", "join.mjs": "text/javascript", "media.mjs": "text/javascript"}
WAITS_S = 10.0  # so long a page waits for something new before it is told the same again
OPEN_WAITS = 200  # pages that wait at once; one more is told at once
SAFE_IN_SCRIPT = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}

_templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
Handler = Callable[[Request], Awaitable[Response]]


class Bell:
    """Wakes whoever waits when something about calls was committed, here or elsewhere. Belongs to one event loop; rung from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next = asyncio.Event()
        self.waiting = 0

    def heard(self, kind: str) -> None:
        """An announcement of this kind."""
        if kind.startswith(("call.", "order.")) and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ring)

    def _ring(self) -> None:
        rung, self._next = self._next, asyncio.Event()
        rung.set()

    def next(self) -> asyncio.Event:
        """What will be set at the next ring. Take it before reading, so that nothing is missed."""
        self._loop = asyncio.get_running_loop()
        return self._next

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        if self.waiting >= OPEN_WAITS:
            return
        self.waiting += 1
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await event.wait()
        finally:
            self.waiting -= 1


@dataclass
class Join:
    """Everything that these pages stand on."""

    settings: Settings
    identity: Identity
    journal: Journal
    lanes: Lanes
    bell: Bell
    now: Callable[[], datetime]
    attempts: Attempts

    def app(self) -> Starlette:
        """The sub-app for `/join`."""
        told = {
            "/digits": self._digits,
            "/leave": self._leave,
            "/command": self._command,
            "/whisper": self._whisper,
            "/voice": self._voice,
            "/conclude": self._conclude,
        }
        return Starlette(
            routes=[
                Route("/", self._answered(self._room), methods=["GET"]),
                Route("/static/{name}", self._file, methods=["GET"]),
                Route("/state", self._answered(self._state), methods=["GET"]),
                *(Route(path, self._answered(self._told(handler)), methods=["POST"]) for path, handler in told.items()),
                Route("/{secret}", self._answered(self._show), methods=["GET"]),
                Route("/{secret}", self._answered(self._enter), methods=["POST"]),
            ]
        )

    # --- before the button ---

    async def _show(self, request: Request) -> Response:
        """The five lines. Nothing changes, however often it is opened and by whatever fetches it."""
        found = await self._brief(request.path_params["secret"])
        if found is None:
            if await self._guest(request) is not None:
                return RedirectResponse("/join/", HTTPStatus.SEE_OTHER)
            self.attempts.stranger(request.state.address)
            raise closed()
        return HTMLResponse(self._draw("brief.html", brief=found, lines=lines_of(found), now=self.now()))

    async def _enter(self, request: Request) -> Response:
        secret = request.path_params["secret"]
        try:
            entered = await self._write(nobody(request.state.address), invitations.enter_waiting_room, secret)
        except NotFound:
            self.attempts.stranger(request.state.address)
            raise
        except RuleBroken as error:
            found = await self._brief(secret)
            if found is None:
                raise
            page = self._draw("brief.html", brief=found, lines=lines_of(found), now=self.now(), said=of_error(error))
            return HTMLResponse(page, error.status)
        answer = RedirectResponse("/join/", HTTPStatus.SEE_OTHER)
        lasts = int(entered.lasts.total_seconds())
        answer.set_cookie(JOIN, entered.token, max_age=lasts, path="/", secure=self.settings.secure, httponly=True, samesite="strict")
        return answer

    async def _brief(self, secret: str) -> Brief | None:
        found: Brief | None = await self._read(brief, secret)
        return found

    # --- afterwards: this device only ---

    async def _room(self, request: Request) -> Response:
        if await self._guest(request) is None:
            raise NotSignedIn("no guest", code="join.closed")
        texts = json.dumps(t.alone("join"), ensure_ascii=False).translate(SAFE_IN_SCRIPT)
        return HTMLResponse(self._draw("room.html", texts=texts))

    async def _state(self, request: Request) -> Response:
        """His place and the call, as soon as they are other than `seen`; after ten seconds at the latest."""
        seen = request.query_params.get("seen", "")
        guest = await self._one_guest(request)
        rung = self.bell.next()
        said, version = await self._said(guest)
        if version == seen:
            await self.bell.wait(rung, WAITS_S)
            guest = await self._one_guest(request)  # he may have been asked out meanwhile
            said, version = await self._said(guest)
        return _json(said | {"version": version, "server_time": int(self.now().timestamp() * 1000)})

    async def _said(self, guest: Actor) -> tuple[dict[str, Any], str]:
        said = await self._read(room, guest)
        if said is None:
            raise NotSignedIn("no place", code="join.closed")
        return said, hashlib.sha256(orjson.dumps(said)).hexdigest()[:16]

    async def _digits(self, guest: Actor, said: dict[str, Any]) -> dict[str, Any]:
        return {"right": await self._write(guest, invitations.type_digits, _text(said, "digits"))}

    async def _leave(self, guest: Actor, _: dict[str, Any]) -> dict[str, Any]:
        return {"left": await self._write(guest, invitations.leave_as_guest)}

    async def _command(self, guest: Actor, said: dict[str, Any]) -> dict[str, Any]:
        return {"done": await self._write(guest, take_command if said.get("on") else release_command, _text(said, "call"))}

    async def _whisper(self, guest: Actor, said: dict[str, Any]) -> dict[str, Any]:
        return {"id": await self._write(guest, whispers.whisper, _text(said, "call"), _text(said, "text"))}

    async def _voice(self, guest: Actor, said: dict[str, Any]) -> dict[str, Any]:
        """to: ear, scene, or nobody."""
        to = {"ear": whispers.begin_whisper, "scene": whispers.begin_speaking, "nobody": whispers.fall_silent}.get(_text(said, "to"))
        if to is None:
            raise BadInput("to", code="input.bad")
        return {"done": await self._write(guest, to, _text(said, "call"))}

    async def _conclude(self, guest: Actor, said: dict[str, Any]) -> dict[str, Any]:
        return {"id": await self._write(guest, invitations.conclude_call, _text(said, "text"))}

    # --- the parts ---

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FILES:
            return Response(status_code=404)
        return FileResponse(STATIC / name, media_type=FILES[name], headers={"cache-control": "no-cache"})

    def _told(self, handler: Callable[[Actor, dict[str, Any]], Awaitable[dict[str, Any]]]) -> Handler:
        """What an admitted or waiting guest says, as a small JSON object."""

        async def told(request: Request) -> Response:
            guest = await self._one_guest(request)
            try:
                said = orjson.loads(await body_from(request.receive) or b"{}")
            except orjson.JSONDecodeError as error:
                raise BadInput("body", code="input.not_json") from error
            if not isinstance(said, dict):
                raise BadInput("body", code="input.bad")
            return _json(await handler(guest, said))

        return told

    def _answered(self, handler: Handler) -> Handler:
        """Our errors as a page, or as JSON for the page's own requests."""

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except CommandCentreError as error:
                if request.url.path.rsplit("/", 1)[-1] in ("", request.path_params.get("secret")):
                    return HTMLResponse(self._draw("closed.html", said=of_error(error)), error.status)
                return error_answer(error)

        return answered

    async def _guest(self, request: Request) -> Actor | None:
        token = request.cookies.get(JOIN)
        actor = await self.identity.session(token) if token else None
        return replace(actor, address=request.state.address) if actor is not None and actor.kind == "JOIN" else None

    async def _one_guest(self, request: Request) -> Actor:
        guest = await self._guest(request)
        if guest is None:
            raise NotSignedIn("no guest", code="join.closed")
        return guest

    async def _write(self, actor: Actor, action: Callable[..., Any], *arguments: Any) -> Any:
        done = await self.lanes.writer.run(self.journal.do, actor, self.now(), action, *arguments)
        self.identity.forget()
        return done

    async def _read(self, query: Callable[..., Any], about: object) -> Any:
        def read() -> Any:
            with self.journal.database.reading() as session:
                return query(session, about, self.now(), self.settings.civil_offset_s, self.settings.court_code, say=t)

        return await self.lanes.readers.run(read)

    def _draw(self, template: str, **holes: Any) -> str:
        given = {"court": self.settings.court_name, "demo": self.settings.demo, "said": None} | holes
        return _templates.get_template(template).render(t=t, **given)


def lines_of(found: Brief) -> list[tuple[str, str]]:
    """The five lines: (name, text). What is not known is said to be so; the fifth is what is asked of him."""
    call, case = found.call or {}, found.case
    money = t("join.claim", n=f"{case['claim_cents'] / 1_000_000:.1f}") if case.get("claim_cents") else None
    people = t("join.people", team=call.get("team") or "", n=found.people) if found.people else call.get("team")
    listed = {
        "case": call.get("case_no") or t("join.no_case"),
        "matter": _both("join.two", call.get("matter"), money),
        "scene": _both("join.two", call.get("place"), people),
        "parties": _both("join.parties_of", case.get("applicant"), case.get("debtor")),
        "ask": found.ask or t("join.ask_none"),
    }
    return [(t(f"join.line_{name}"), text or t("join.unknown")) for name, text in listed.items()]


def _both(key: str, first: str | None, second: str | None) -> str:
    """Both in one sentence, or the one that is known."""
    return t(key, first=first, second=second) if first and second else first or second or ""


def _text(said: dict[str, Any], field: str) -> str:
    value = said.get(field)
    if not isinstance(value, str):
        raise BadInput(field, code="input.bad")
    return value


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json", headers={"cache-control": "no-store"})

"""What the pages of those who come by a link share: one device's cookie, a long poll, small JSON words, our errors as a page."""

import asyncio
import contextlib
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from dashboard.i18n import of_error, t
from dashboard.said import as_json, said_in, text_of
from dashboard.sign_in import error_answer
from data.actions.invitations import Entered, leave_as_guest, type_digits
from data.attempts import Attempts
from data.errors import CommandCentreError, NotSignedIn
from data.identity import Identity
from data.journal import Journal
from data.lanes import Lanes
from data.rules.permissions import Actor
from data.settings import Settings

STATIC = Path(__file__).parent / "static"
WAITS_S = 10.0  # so long a page waits for something new before it is told the same again
OPEN_WAITS = 200  # pages that wait at once; one more is told at once

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
class Doors(ABC):
    """Everything that these pages stand on. face: where they live; cookie and kind: of whom they serve; files: what anybody may load."""

    settings: Settings
    identity: Identity
    journal: Journal
    lanes: Lanes
    bell: Bell
    now: Callable[[], datetime]
    attempts: Attempts

    face: ClassVar[str]
    cookie: ClassVar[str]
    kind: ClassVar[str]
    files: ClassVar[dict[str, str]]

    @abstractmethod
    async def said(self, guest: Actor) -> dict[str, Any] | None:
        """His place, as he may see it; None: he has none."""

    # --- what is asked again and again, and what both may say ---

    async def state(self, request: Request) -> Response:
        """His place and the talk, as soon as they are other than `seen`; after ten seconds at the latest."""
        seen = request.query_params.get("seen", "")
        guest = await self.one_guest(request)
        rung = self.bell.next()
        said, version = await self._versioned(guest)
        if version == seen:
            await self.bell.wait(rung, WAITS_S)
            guest = await self.one_guest(request)  # he may have been asked out meanwhile
            said, version = await self._versioned(guest)
        return as_json(said | {"version": version, "server_time": int(self.now().timestamp() * 1000)})

    async def _versioned(self, guest: Actor) -> tuple[dict[str, Any], str]:
        said = await self.said(guest)
        if said is None:
            raise NotSignedIn("no place", code="join.closed")
        return said, hashlib.sha256(orjson.dumps(said)).hexdigest()[:16]

    async def digits(self, guest: Actor, said: dict[str, Any]) -> dict[str, Any]:
        return {"right": await self.write(guest, type_digits, text_of(said, "digits"))}

    async def leave(self, guest: Actor, _: dict[str, Any]) -> dict[str, Any]:
        return {"left": await self.write(guest, leave_as_guest)}

    # --- the parts ---

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self.files:
            return Response(status_code=404)
        return FileResponse(STATIC / name, media_type=self.files[name], headers={"cache-control": "no-cache"})

    def bound(self, entered: Entered) -> Response:
        """This browser is his from now on."""
        answer = RedirectResponse(f"{self.face}/", HTTPStatus.SEE_OTHER)
        lasts = int(entered.lasts.total_seconds())
        answer.set_cookie(
            self.cookie, entered.token, max_age=lasts, path="/", secure=self.settings.secure, httponly=True, samesite="strict"
        )
        return answer

    def told(self, handler: Callable[[Actor, dict[str, Any]], Awaitable[dict[str, Any]]]) -> Handler:
        """What an admitted or waiting guest says, as a small JSON object."""

        async def told(request: Request) -> Response:
            guest = await self.one_guest(request)
            return as_json(await handler(guest, await said_in(request)))

        return told

    def answered(self, handler: Handler) -> Handler:
        """Our errors as a page, or as JSON for the page's own requests."""

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except CommandCentreError as error:
                if request.url.path.rsplit("/", 1)[-1] in ("", request.path_params.get("secret")):
                    return HTMLResponse(self.draw("closed.html", said=of_error(error)), error.status)
                return error_answer(error)

        return answered

    async def guest(self, request: Request) -> Actor | None:
        token = request.cookies.get(self.cookie)
        actor = await self.identity.session(token) if token else None
        return replace(actor, address=request.state.address) if actor is not None and actor.kind == self.kind else None

    async def one_guest(self, request: Request) -> Actor:
        guest = await self.guest(request)
        if guest is None:
            raise NotSignedIn("no guest", code="join.closed")
        return guest

    async def write(self, actor: Actor, action: Callable[..., Any], *arguments: Any) -> Any:
        done = await self.lanes.writer.run(self.journal.do, actor, self.now(), action, *arguments)
        self.identity.forget()
        return done

    async def read(self, query: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        def read() -> Any:
            with self.journal.database.reading() as session:
                return query(session, *arguments, **named)

        return await self.lanes.readers.run(read)

    def draw(self, template: str, **holes: Any) -> str:
        given = {"court": self.journal.court_name, "demo": self.settings.demo, "said": None} | holes
        return _templates.get_template(template).render(t=t, **given)

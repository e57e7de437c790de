"""The gate before every door, HTTP and sockets, Dash's own included: who comes, from which page, and whether he may.

Dash opens its doors to everybody (`architecture.md` 1.10) and answers unknown paths with its page; FastAPI's middleware never sees sockets.
So one plain ASGI middleware stands outside, and one table says what is open. What the table does not name does not exist.
"""

import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import Enum, auto
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import i18n
from dashboard.sign_in_pages.drawing import draw
from data.errors import BadInput, CommandCentreError, NotFound, NotPermitted, NotSignedIn, TooMany, Unavailable
from data.identity import Identity
from data.rules.permissions import ALLOWED, Actor, Role, Verb
from data.settings import Settings
from streaming import bearer

DESK, WALL, JOIN, PARTY, STAGE, DOOR = "ecc_desk", "ecc_wall", "ecc_join", "ecc_party", "ecc_stage", "ecc_door"
DIRECTOR = "ecc_director"
ANSWERED = frozenset({"http.response.start", "websocket.http.response.start"})
REMEMBERED = 1_000  # paths whose rule need not be looked for again
AWAY = ("unavailable", "unavailable.database", "unavailable.busy")  # whoever opens a page had nothing to lose
AGAIN_S = 3  # a wall that was opened while the database is away comes up without a keyboard
DENIED_AGAIN_S = 60.0  # the same actor at the same door leaves one trace a minute

Denied = Callable[[Actor, str], Awaitable[None]]
_here: ContextVar[Actor | None] = ContextVar("actor", default=None)
_refusals: ContextVar[list[str] | None] = ContextVar("refusals", default=None)


class OnStage(NotSignedIn):
    """A wall before an audience: its browser is no wall until a desk takes it back."""


class Access(Enum):
    """Who comes through a door."""

    OPEN = auto()  # everybody: nothing of the court behind it
    OWN = auto()  # the door looks at tokens itself (`streaming.bearer`)
    WALL_PAGE = auto()  # a wall's browser or a desk; others are sent to the sign-in page
    DESK_PAGE = auto()
    CENTRE = auto()  # what those pages load: 401 for others
    DESK = auto()
    ANYBODY = auto()  # whoever is signed in by whatever means
    DIRECTOR = auto()
    MEDIA = auto()  # who measures his own line: `?face=` names the cookie
    STREAM = auto()  # who asks for a stream of a call: also a party, who comes through no other door
    LIVE = auto()  # the one socket: `?face=` names the cookie
    NOBODY = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. path: exact, a beginning when it ends with `*`; `+` stands for one name.

    static: browsers may keep it. json: takes nothing else.

    capture: a page that may ask for camera and microphone; no other one may.
    """

    path: str
    access: Access
    socket: bool = False
    static: bool = False
    json: bool = False
    capture: bool = False

    def fits(self, path: str) -> bool:
        if self.path.endswith("*"):
            return path.startswith(self.path[:-1])
        before, hole, after = self.path.partition("+")
        if not hole:
            return path == self.path
        name = path[len(before) : len(path) - len(after)] if path.startswith(before) and path.endswith(after) else ""
        return bool(name) and "/" not in name


POLICY = (
    Rule("/", Access.OPEN),
    Rule("/healthz", Access.OPEN),
    Rule("/readyz", Access.OPEN),
    Rule("/sign-in", Access.OPEN),
    Rule("/sign-in/style.css", Access.OPEN, static=True),
    Rule("/sign-in/second", Access.OPEN),
    Rule("/sign-in/factor", Access.OPEN),  # the ticket of whoever's password was right
    Rule("/sign-in/oidc", Access.OPEN),
    Rule("/sign-in/oidc/back", Access.OPEN),  # from the court's identity provider, with the sealed cookie of who went there
    Rule("/password", Access.OPEN),
    Rule("/link/*", Access.OPEN),
    Rule("/join/static/*", Access.OPEN, static=True),
    Rule("/join/*", Access.OPEN, capture=True),  # the link, and then the cookie of the device that pressed its button
    Rule("/party/static/*", Access.OPEN, static=True),
    Rule("/party/*", Access.OPEN, capture=True),  # as `/join`, for a party
    Rule("/stage/live", Access.OPEN, socket=True),  # the cookie of the browser that pressed the link's button
    Rule("/stage/static/*", Access.OPEN, static=True),
    Rule("/stage/*", Access.OPEN),
    Rule("/manual", Access.OPEN),
    Rule("/manual/*", Access.OPEN, static=True),
    Rule("/door/static/*", Access.OPEN, static=True),
    Rule("/door/*", Access.OPEN, capture=True),  # the cookie of the tablet that pressed the link's button; its camera reads letters
    Rule("/object/static/*", Access.OPEN, static=True),
    Rule("/object/*", Access.OPEN),  # the link of somebody before the screen
    Rule("/pair", Access.OPEN),
    Rule("/sign-out", Access.OPEN),
    Rule("/field", Access.OPEN),
    Rule("/field/*", Access.OPEN, static=True, capture=True),
    Rule("/vendor/*", Access.OPEN, static=True),
    Rule("/centre/assets/*", Access.OPEN, static=True),
    Rule("/lock", Access.DESK_PAGE),
    Rule("/replay", Access.DESK_PAGE),
    Rule("/replay/", Access.DESK_PAGE),
    Rule("/replay/track", Access.DESK_PAGE),
    Rule("/replay/*", Access.DESK, static=True),
    Rule("/unlock", Access.DESK),
    Rule("/sheet/static/*", Access.DESK, static=True),
    Rule("/sheet/*", Access.DESK_PAGE),
    Rule("/faults/report", Access.MEDIA, json=True),  # whoever sees that something is broken: `?face=` names the cookie
    Rule("/faults/static/*", Access.DESK, static=True),
    Rule("/faults/", Access.DESK_PAGE),
    Rule("/faults/*", Access.DESK, json=True),
    Rule("/inspector/static/*", Access.DESK, static=True),
    Rule("/inspector/*", Access.DESK_PAGE),
    Rule("/centre/admin/static/*", Access.DESK, static=True),
    Rule("/centre/admin", Access.DESK_PAGE),
    Rule("/centre/admin/", Access.DESK_PAGE),
    Rule("/centre/admin/+", Access.DESK_PAGE),  # pages; what they are told stands one step deeper and is JSON
    Rule("/centre/admin/map/files", Access.DESK),  # tus: bytes, not JSON
    Rule("/centre/admin/map/files/+", Access.DESK),
    Rule("/centre/admin/*", Access.DESK, json=True),
    Rule("/centre/screening/static/*", Access.DESK, static=True),
    Rule("/centre/screening", Access.DESK_PAGE),
    Rule("/centre/screening/", Access.DESK_PAGE),
    Rule("/centre/screening/videos", Access.DESK),  # tus: bytes, not JSON
    Rule("/centre/screening/videos/+", Access.DESK),
    Rule("/centre/screening/+", Access.DESK_PAGE),
    Rule("/centre/screening/clips/+", Access.DESK_PAGE),
    Rule("/centre/screening/+/people", Access.DESK_PAGE),
    Rule("/centre/screening/+/letters", Access.DESK_PAGE),
    Rule("/centre/screening/+/cards", Access.DESK_PAGE),
    Rule("/centre/screening/+/door", Access.DESK_PAGE),
    Rule("/centre/screening/*", Access.DESK, json=True),
    Rule("/centre/wall", Access.WALL_PAGE),
    Rule("/centre/desk", Access.DESK_PAGE, capture=True),
    Rule("/centre/check", Access.DESK_PAGE, capture=True),
    Rule("/centre/_dash-ws-callback", Access.NOBODY, socket=True),
    Rule("/centre/_dash-ws-callback", Access.NOBODY),
    Rule("/centre/_dash-component-suites/*", Access.CENTRE, static=True),
    Rule("/centre/_dash-update-component", Access.CENTRE, json=True),
    Rule("/centre/_dash-layout", Access.CENTRE),
    Rule("/centre/_dash-dependencies", Access.CENTRE),
    Rule("/centre/_favicon.ico", Access.CENTRE, static=True),
    Rule("/live", Access.LIVE, socket=True),
    Rule("/api/openapi.json", Access.ANYBODY),
    Rule("/api/layers/*", Access.ANYBODY),
    Rule("/api/media/tokens", Access.STREAM, json=True),
    Rule("/api/media/check", Access.MEDIA, json=True),
    Rule("/api/*", Access.DESK, json=True),
    Rule("/ingest/ws", Access.OWN, socket=True),
    Rule("/ingest/*", Access.OWN),
)
DEMO_POLICY = (
    Rule("/demo", Access.DIRECTOR),
    Rule("/demo/*", Access.DIRECTOR),
    Rule("/ca", Access.OPEN),
    Rule("/ca/*", Access.OPEN),
)
PAGES = {Access.WALL_PAGE, Access.DESK_PAGE}
_OF_FACE = {Access.WALL_PAGE: Verb.SEE_WALL, Access.DESK_PAGE: Verb.SEE_DESK, Access.DIRECTOR: Verb.DIRECT_DEMO}


def actor_here() -> Actor:
    """Whoever made the request under way, for Dash callbacks. Raises NotSignedIn."""
    actor = _here.get()
    if actor is None:
        raise NotSignedIn("nobody here")
    return actor


def note_refusal(error: NotPermitted) -> None:
    """Within a callback: its actor may not do this. The gate leaves the trace when the answer is given."""
    refusals = _refusals.get()
    if refusals is not None:
        refusals.append(str(error.params.get("verb", error.code)))


def loggable(path: str) -> str:
    """A path as it may stand in a log: without the secret of a one-time link, without its query."""
    return re.sub(
        r"(?<=/link/)[^/]+|(?<=/join/)[\w-]{20,}|(?<=/party/)[\w-]{20,}|(?<=/stage/)[\w-]{20,}|(?<=/object/)[\w-]{20,}|(?<=/door/)[\w-]{20,}",
        "…",
        path.partition("?")[0],
    )


class Gate:
    """Stands before the whole application. `more`: further lines of the table; they are asked first.

    straight: doors that look at tokens themselves and need nothing that stands between, by method and path.
    """

    def __init__(
        self,
        app: ASGIApp,
        identity: Identity,
        settings: Settings,
        *,
        script_hashes: Iterable[str] = (),
        denied: Denied | None = None,
        more: Iterable[Rule] = (),
        straight: Mapping[tuple[str, str], ASGIApp] | None = None,
    ) -> None:
        self._app = app
        self._straight = straight or {}
        self._identity = identity
        self._settings = settings
        self._policy = (*more, *(DEMO_POLICY if settings.demo else ()), *POLICY)
        self._rules: dict[tuple[str, bool], Rule | None] = {}
        hashes = list(script_hashes)
        self._headers = {
            capture: [
                (name.encode(), value.encode())
                for name, value in security_headers(hashes, settings.secure, settings.media, capture).items()
            ]
            for capture in (False, True)
        }
        self._denied = denied
        self._denied_at: dict[tuple[str, str], float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        address = bearer.client_address(scope, self._settings.trusted_proxies)
        scope = {**scope, "state": {**scope.get("state", {}), "address": address, "actor": None}}
        rule = self._rule_of(scope)
        send = self._with_headers(send, rule) if scope["type"] == "http" else send
        try:
            actor = await self._admit(scope, rule, address)
        except CommandCentreError as error:
            await self._refuse(error, rule, scope, receive, send)
            return
        scope["state"]["actor"] = actor
        mark, refusals = _here.set(actor), _refusals.set([])
        try:
            app = self._app if rule is None or rule.access is not Access.OWN else self._beyond(scope)
            await app(scope, receive, _noting_403(send, loggable(scope["path"])))
            actor = scope["state"]["actor"]  # a door that looks at tokens itself has said there who it was
            if actor is not None:
                for refused in (*(_refusals.get() or ()), *scope["state"].get("refused", ())):
                    await self._leave_trace(actor, loggable(refused))
        finally:
            _here.reset(mark)
            _refusals.reset(refusals)

    def _rule_of(self, scope: Scope) -> Rule | None:
        asked = scope["path"], scope["type"] == "websocket"
        if asked not in self._rules:
            if len(self._rules) >= REMEMBERED:  # somebody tries names
                self._rules.clear()
            path, socket = asked
            self._rules[asked] = next((rule for rule in self._policy if rule.socket is socket and rule.fits(path)), None)
        return self._rules[asked]

    def _beyond(self, scope: Scope) -> ASGIApp:
        return self._straight.get((scope.get("method", ""), scope["path"]), self._app)

    # --- who, and may he ---

    async def _admit(self, scope: Scope, rule: Rule | None, address: str) -> Actor | None:
        """Raises NotFound, NotPermitted, NotSignedIn, BadInput, DatabaseUnavailable."""
        if rule is None:
            raise NotFound("no such door")
        if rule.access is Access.NOBODY:
            raise NotPermitted("closed to all", code="identity.closed_door")
        if rule.access is Access.OWN:
            return None
        connection = HTTPConnection(scope)
        if not bearer.is_safe(scope):
            self._check_source(scope, rule, connection)
        if rule.access is Access.OPEN:
            return None
        actor = await self._actor(rule.access, connection)
        if actor is None:
            raise NotSignedIn("no session")
        if actor.role is Role.STAGE:
            raise OnStage("before an audience")
        actor = replace(actor, address=address)
        await self._check_face(actor, rule, scope)
        return actor

    def _check_source(self, scope: Scope, rule: Rule, connection: HTTPConnection) -> None:
        if not bearer.is_ours(scope, self._settings):
            raise bearer.foreign(scope)
        said = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
        if rule.json and said != "application/json" and connection.headers.get("content-length") != "0":
            raise BadInput("content type", code="input.not_json")

    async def _actor(self, access: Access, connection: HTTPConnection) -> Actor | None:
        for cookie in _cookies(access, connection):
            token = connection.cookies.get(cookie)
            actor = None
            if token and cookie == bearer.DEVICE_COOKIE:
                actor = await self._identity.device(token)
            elif token:
                actor = await self._identity.session(token)
            if actor is not None and actor.kind == _KIND[cookie]:
                return actor
        if access in (Access.ANYBODY, Access.LIVE, Access.MEDIA, Access.STREAM) and "authorization" in connection.headers:
            return await bearer.actor_of(connection, self._identity, self._settings)
        return None

    async def _check_face(self, actor: Actor, rule: Rule, scope: Scope) -> None:
        """A lock does not hide: a locked desk still shows and sounds. What it may do, every verb asks."""
        verb = _OF_FACE.get(rule.access)
        if verb is None or actor.role in ALLOWED[verb]:
            return
        await self._leave_trace(actor, loggable(scope["path"]))
        raise NotPermitted(verb, verb=verb.value)

    async def _leave_trace(self, actor: Actor, door: str) -> None:
        now, key = time.monotonic(), (actor.id, door)
        if self._denied is None or now - self._denied_at.get(key, -DENIED_AGAIN_S) < DENIED_AGAIN_S:
            return
        if len(self._denied_at) > 1_000:
            self._denied_at.clear()
        self._denied_at[key] = now
        await self._denied(actor, door)

    # --- answers ---

    async def _refuse(self, error: CommandCentreError, rule: Rule | None, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await _refuse_socket(error, scope, receive, send)
            return
        if rule is not None and rule.access in PAGES and scope["method"] in bearer.SAFE:
            answer = _elsewhere(error, scope) if isinstance(error, NotSignedIn) else refusal_page(error, self._settings.demo)
        else:
            answer = error_answer(error)
        await answer(scope, receive, send)

    def _with_headers(self, send: Send, rule: Rule | None) -> Send:
        headers = self._headers[rule is not None and rule.capture]
        if rule is None or not rule.static:
            headers = [*headers, (b"cache-control", b"no-store")]

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = message.get("headers", [])
                names = {name.lower() for name, _ in said}
                ours = [header for header in headers if header[0] not in names]
                message = {**message, "headers": [*said, *ours]}
            await send(message)

        return sealed


def _noting_403(send: Send, path: str) -> Send:
    async def noting(message: Message) -> None:
        refusals = _refusals.get()
        if message["type"] in ANSWERED and message["status"] == 403 and refusals is not None and not refusals:
            refusals.append(path)
        await send(message)

    return noting


_KIND = {DESK: "OFFICER", WALL: "WALL", JOIN: "JOIN", PARTY: "PARTY", DIRECTOR: "DIRECTOR", bearer.DEVICE_COOKIE: "DEVICE"}


def _cookies(access: Access, connection: HTTPConnection) -> tuple[str, ...]:
    """Which cookies count here, the first that is good wins. One browser may be desk and wall at once."""
    if access in (Access.LIVE, Access.MEDIA, Access.STREAM):
        face = connection.query_params.get("face", "wall")
        own = {"wall": (WALL, DESK), "desk": (DESK,), "field": (bearer.DEVICE_COOKIE,)}
        if access is not Access.LIVE:
            own["join"] = (JOIN,)
        if access is Access.STREAM:
            own["party"] = (PARTY,)
        return own.get(face, ())
    if access is Access.CENTRE:
        from_wall = urlsplit(connection.headers.get("referer", "")).path == "/centre/wall"
        return (WALL, DESK) if from_wall else (DESK, WALL)
    return {
        Access.WALL_PAGE: (WALL, DESK),
        Access.DESK_PAGE: (DESK,),
        Access.DESK: (DESK,),
        Access.DIRECTOR: (DIRECTOR,),
        Access.ANYBODY: (DESK, WALL, bearer.DEVICE_COOKIE, DIRECTOR),
    }[access]


def security_headers(script_hashes: Iterable[str], secure: bool, media: str, capture: bool = False) -> dict[str, str]:
    """What every answer carries. script_hashes: of Dash's inline scripts, `'sha256-…'`; media: the relay's origin; capture: as in `Rule`.

    `same-origin`, not `no-referrer`: with that Chromium sends `Origin: null` on a form's POST, and no Referer tells wall from desk.
    """
    policy = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", *script_hashes]),
        "style-src": "'self' 'unsafe-inline'",  # Leaflet and plotly set style attributes
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "connect-src": f"'self' {media}",
        "media-src": "'self' data: blob:",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    own = "self" if capture else ""
    headers = {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "permissions-policy": f"geolocation=(self), camera=({own}), microphone=({own}), payment=(), usb=(), serial=()",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "x-robots-tag": "noindex, nofollow",
    }
    return headers | ({"strict-transport-security": "max-age=31536000"} if secure else {})


def error_body(error: CommandCentreError) -> bytes:
    """{"error": {"code", "text", "retry_after_s"?}}, as every door of ours answers."""
    said: dict[str, Any] = {"code": error.code, "text": i18n.of_error(error)}
    if isinstance(error, TooMany):
        said["retry_after_s"] = error.retry_after_s
    return orjson.dumps({"error": said})


def error_headers(error: CommandCentreError) -> dict[str, str]:
    if isinstance(error, TooMany):
        return {"retry-after": str(error.retry_after_s)}
    return {"www-authenticate": "Bearer"} if isinstance(error, NotSignedIn) else {}


def error_answer(error: CommandCentreError) -> Response:
    return Response(error_body(error), error.status, error_headers(error), media_type="application/json")


def refusal_page(error: CommandCentreError, demo: bool) -> Response:
    """For a person who opened a page that is not for him, or while the database is away: then the page asks again by itself."""
    again_s = AGAIN_S if isinstance(error, Unavailable) else None
    said = i18n.t("sign_in.away") if error.code in AWAY else i18n.of_error(error)
    return HTMLResponse(draw("refused.html", demo=demo, said=said, refresh_s=again_s), error.status, error_headers(error))


def in_sentences(handler: Callable[[Request], Awaitable[Response]], demo: bool) -> Callable[[Request], Awaitable[Response]]:
    """A page's handler whose refusals a person reads; what he was not permitted is left for the record."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except CommandCentreError as error:
            if isinstance(error, NotPermitted):
                request.state.refused = [*getattr(request.state, "refused", ()), str(error.params.get("verb", error.code))]
            return refusal_page(error, demo)

    return answered


def _elsewhere(error: NotSignedIn, scope: Scope) -> Response:
    """To the sign-in page; a wall on stage to its stage."""
    if isinstance(error, OnStage):
        return RedirectResponse("/stage/wall", HTTPStatus.SEE_OTHER)
    query = scope.get("query_string", b"").decode("latin-1")
    return RedirectResponse(f"/sign-in?next={quote(scope['path'] + (f'?{query}' if query else ''), safe='/')}", HTTPStatus.SEE_OTHER)


async def _refuse_socket(error: CommandCentreError, scope: Scope, receive: Receive, send: Send) -> None:
    """An HTTP status before the handshake; a server without that extension says 403."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"application/json"), *((n.encode(), v.encode()) for n, v in error_headers(error).items())]
    await send({"type": "websocket.http.response.start", "status": error.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": error_body(error)})


def next_page(asked: str | None) -> str:
    """Where to go after signing in: a page of the centre, whatever the address says."""
    path = asked or ""
    return path if re.fullmatch(r"/centre/(desk|wall|(screening|admin)/[\w/]*)(\?[\w=&%.-]*)?", path) else "/centre/desk"

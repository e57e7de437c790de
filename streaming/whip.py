"""The door for media: WHIP to publish (RFC 9725), WHEP to watch, and a still of each stream; mounted at /media of the relay's own port.

A bearer token of ours says who may do what with which stream, so that the web process need not be asked and may even be gone.
Candidates are read and thrown away: the relay waits to be found. ICE is not restarted; a client whose session is gone offers again.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from data.errors import BadInput, CommandCentreError, NotFound, NotPermitted, NotSignedIn, TooLarge
from streaming import sdp
from streaming.media_tokens import Grant, MediaTokens, Right

if TYPE_CHECKING:  # the web process describes these doors and must not load the relay for it, nor the relay what describes them
    from fastapi import FastAPI

    from streaming.relay import Relay
    from streaming.streams import Session

OFFER, FRAGMENT = "application/sdp", "application/trickle-ice-sdpfrag"
STREAM = re.compile(r"[A-Za-z0-9._-]{1,80}")
NAMES = {Right.PUBLISH: "whip", Right.VIEW: "whep"}
PATHS = "{stream}", "{stream}/{session}"
STILL = "still/{stream}"
AGE = "Picture-Age"  # of a still, in milliseconds: HTTP's own Age would be a cache's
LAYERS = "Picture-Layers"  # of a stream: the values of `layer`, the smallest first
METHODS = "OPTIONS, POST"
SESSION_METHODS = "OPTIONS, PATCH, DELETE"
EXPOSED = "Location, ETag, Link, Accept-Patch, Accept-Post, Retry-After, Picture-Age, Picture-Layers"
PREFLIGHT_S = 600
REFUSALS = {
    400: "no session description",
    401: "no media token, or out of its time",
    403: "a token for something else, or another person's stream",
    404: "no such stream name, or a session that is gone: offer again",
    406: "the answer would not be of an accepted type",
    413: "more than 64 KiB",
    415: "another content type",
    429: "too often: Retry-After says for how long",
    503: "the relay is full: Retry-After says for how long",
}
CONFLICT = {
    "publish": "somebody still publishes this stream: Retry-After",
    "view": "nobody publishes this stream yet: Retry-After",
}

Say = Callable[[CommandCentreError], str]


class WrongType(BadInput):
    code = "media.wrong_type"
    status = 415


class NotAcceptable(BadInput):
    code = "media.not_acceptable"
    status = 406


class Outdated(BadInput):
    """If-Match names another state of the session than the present one."""

    code = "media.outdated"
    status = 412


class NoRestart(BadInput):
    """ICE is not restarted here."""

    code = "media.no_restart"
    status = 422


def build_media(
    tokens: MediaTokens,
    relay: "Relay",
    now: Callable[[], datetime],
    say: Say,
    origin: str,
    ice_servers: Callable[[str], list[str]] = lambda _: [],
) -> Starlette:
    """The sub-app for `/media`. origin: of our pages, the only foreign one that may ask. ice_servers: values of `Link` for a person."""
    doors = Doors(tokens, relay, now, ice_servers)

    async def refuse(_: Request, error: Exception) -> Response:
        assert isinstance(error, CommandCentreError)
        return _refusal(error, say)

    async def refuse_otherwise(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        said = {"error": {"code": f"http.{error.status_code}", "text": str(error.status_code)}}
        return Response(orjson.dumps(said), error.status_code, dict(error.headers or {}), "application/json")

    return Starlette(
        routes=[*(route for right, name in NAMES.items() for route in _routes(doors, right, name)), *_still_routes(doors)],
        exception_handlers={CommandCentreError: refuse, HTTPException: refuse_otherwise},
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=_across(origin))],
    )


class Doors:
    """What happens behind each door."""

    def __init__(self, tokens: MediaTokens, relay: "Relay", now: Callable[[], datetime], ice_servers: Callable[[str], list[str]]) -> None:
        self._tokens, self._relay, self._now, self._ice_servers = tokens, relay, now, ice_servers

    async def offer(self, request: Request, stream: str, right: Right) -> Response:
        """`?layer=` of a viewer: the size of picture that he wants, one for each connection. Raises everything that `REFUSALS` names."""
        grant = self._grant(request, right, stream)
        _check_type(request, OFFER)
        accepted = request.headers.get("accept", "*/*")
        if not any(each.partition(";")[0].strip().lower() in ("*/*", "application/*", OFFER) for each in accepted.split(",")):
            raise NotAcceptable(accepted[:80])
        text, servers = await _text(request), self._ice_servers(grant.person)
        if right is Right.PUBLISH:
            session = await self._relay.publish(grant, text)
        else:
            session = await self._relay.view(grant, text, request.query_params.get("layer", ""))
        where = f"{request.scope.get('root_path', '')}/{NAMES[right]}/{stream}/{session.id}"
        headers = {"Location": where, "ETag": session.etag, "Accept-Patch": FRAGMENT, "Cache-Control": "no-store"}
        if right is Right.VIEW and session.stream.layers:
            headers[LAYERS] = " ".join(session.stream.layers)
        answer = Response(session.answer, 201, headers, OFFER)
        for server in servers:
            answer.headers.append("Link", server)
        return answer

    async def trickle(self, request: Request, stream: str, id: str, right: Right) -> Response:
        """Also the way to ask whether a session is still there: a fragment that says only `a=end-of-candidates`."""
        session = self._session(request, stream, id, right)
        _check_type(request, FRAGMENT)
        wanted = request.headers.get("if-match")
        said = await _text(request)
        ufrag, _ = sdp.read_fragment(said)
        if wanted == "*" or (ufrag is not None and ufrag != session.peer_ufrag):
            raise NoRestart("no ICE restart")
        if wanted is not None and wanted != session.etag:
            raise Outdated("etag")
        if session.intake is not None and (step := sdp.read_step(said)) is not None:
            session.intake.say(*step)
        return Response(status_code=204, headers={"ETag": session.etag})

    async def end(self, request: Request, stream: str, id: str, right: Right) -> Response:
        self._relay.close(self._session(request, stream, id, right))
        return Response(status_code=200)

    async def still(self, request: Request, stream: str) -> Response:
        """The newest picture as a small JPEG, with its age; 304 when it is the one that is known already."""
        picture = await self._relay.still(self._grant(request, Right.VIEW, stream))
        age_ms = max(0, round((time.monotonic() - picture.taken_s) * 1000))
        headers = {"ETag": picture.etag, AGE: str(age_ms), "Cache-Control": "no-store"}
        if request.headers.get("if-none-match") == picture.etag:
            return Response(status_code=304, headers=headers)
        return Response(picture.jpeg, headers=headers, media_type="image/jpeg")

    def options(self) -> Response:
        return Response(status_code=204, headers={"Allow": METHODS, "Accept-Post": OFFER})

    def session_options(self) -> Response:
        return Response(status_code=204, headers={"Allow": SESSION_METHODS, "Accept-Patch": FRAGMENT})

    def _session(self, request: Request, stream: str, id: str, right: Right) -> "Session":
        grant = self._grant(request, right, stream, running=True)
        session = self._relay.session(id)
        if session.stream.name != stream or session.grant.right is not right:
            raise NotFound("session", code="media.no_session")
        if session.grant.person != grant.person:
            raise NotPermitted("another person's session", code="media.not_yours")
        return session

    def _grant(self, request: Request, right: Right, stream: str, running: bool = False) -> Grant:
        """Raises NotFound, NotSignedIn, NotPermitted."""
        if not STREAM.fullmatch(stream):
            raise NotFound("stream", code="media.no_stream")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotSignedIn("no media token", code="media.no_token")
        grant = self._tokens.read(token.strip(), now=self._now(), running=running)
        if grant.right is not right or grant.stream != stream:
            raise NotPermitted("a token for something else", code="media.wrong_token")
        return grant


def _routes(doors: Doors, right: Right, name: str) -> list[Route]:
    async def offer(request: Request) -> Response:
        return await doors.offer(request, request.path_params["stream"], right)

    async def trickle(request: Request) -> Response:
        return await doors.trickle(request, request.path_params["stream"], request.path_params["session"], right)

    async def end(request: Request) -> Response:
        return await doors.end(request, request.path_params["stream"], request.path_params["session"], right)

    async def options(_: Request) -> Response:
        return doors.options()

    async def session_options(_: Request) -> Response:
        return doors.session_options()

    of_stream, of_session = (f"/{name}/{path}" for path in PATHS)
    return [
        Route(of_stream, offer, methods=["POST"]),
        Route(of_session, trickle, methods=["PATCH"]),
        Route(of_session, end, methods=["DELETE"]),
        Route(of_stream, options, methods=["OPTIONS"]),
        Route(of_session, session_options, methods=["OPTIONS"]),
    ]


def _still_routes(doors: Doors) -> list[Route]:
    async def still(request: Request) -> Response:
        return await doors.still(request, request.path_params["stream"])

    async def options(_: Request) -> Response:
        return Response(status_code=204, headers={"Allow": "GET, OPTIONS"})

    return [Route(f"/{STILL}", still, methods=["GET"]), Route(f"/{STILL}", options, methods=["OPTIONS"])]


def _described(right: Right) -> Mapping[str, dict[str, Any]]:
    role = f"media token: {right.value}"

    def said(status: int, takes: str | None, refusals: Mapping[int, str], answers: str | None = None) -> dict[str, Any]:
        content = {"content": {answers: {"schema": {"type": "string"}}}} if answers else {}
        responses: dict[str, Any] = {str(status): {"description": "done", **content}}
        responses |= {str(code): {"description": sentence} for code, sentence in refusals.items()}
        body = {"requestBody": {"required": True, "content": {takes: {"schema": {"type": "string"}}}}} if takes else {}
        return {"x-role": role, "responses": responses, **body}

    of_session = {code: REFUSALS[code] for code in (401, 403, 404)}
    unusable = {409: CONFLICT[right.value], 422: "nothing in common"}
    outdated = {412: "If-Match names another state", 415: REFUSALS[415], 422: "ICE is not restarted here: offer again"}
    layer = {"name": "layer", "in": "query", "schema": {"type": "string"}, "description": "size of the picture, of Picture-Layers"}
    chosen = {"parameters": [layer]} if right is Right.VIEW else {}
    return {
        "offer": said(201, OFFER, REFUSALS | unusable, OFFER) | chosen,
        "trickle": said(204, FRAGMENT, of_session | outdated),
        "end": said(200, None, of_session),
    }


def _check_type(request: Request, wanted: str) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != wanted:
        raise WrongType(wanted)


async def _text(request: Request) -> str:
    """The body, never more of it than an offer has. Raises TooLarge, BadInput."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > sdp.MOST_BYTES:
            raise TooLarge("an offer", code="media.too_large")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadInput("no text", code="media.bad_sdp") from error


def _refusal(error: CommandCentreError, say: Say) -> Response:
    again_s = getattr(error, "retry_after_s", None)
    said: dict[str, Any] = {"code": error.code, "text": say(error)}
    headers = {"Cache-Control": "no-store"}
    if again_s is not None:
        said["retry_after_s"], headers["Retry-After"] = again_s, str(again_s)
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    return Response(orjson.dumps({"error": said}), error.status, headers, "application/json")


def _across(origin: str) -> Callable[..., Any]:
    """Our pages come from another port: exactly their origin may ask and read, no cookie is ever taken."""

    async def across(request: Request, call_next: Callable[[Request], Any]) -> Response:
        answer: Response = await call_next(request)
        answer.headers["Vary"] = "Origin"
        if request.headers.get("origin") == origin:
            answer.headers["Access-Control-Allow-Origin"] = origin
            answer.headers["Access-Control-Expose-Headers"] = EXPOSED
            if request.method == "OPTIONS":
                answer.headers["Access-Control-Allow-Methods"] = "GET, POST, PATCH, DELETE, OPTIONS"
                answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, If-Match, If-None-Match"
                answer.headers["Access-Control-Max-Age"] = str(PREFLIGHT_S)
        return answer

    return across


def describe() -> "FastAPI":
    """The same doors with nothing behind them, for the description of all doors in the web process."""
    from fastapi import FastAPI

    app = FastAPI(title="ecc", docs_url=None, redoc_url=None, openapi_url=None)

    async def of_stream(stream: str) -> None: ...

    async def of_session(stream: str, session: str) -> None: ...

    for right, name in NAMES.items():
        described = _described(right)
        for method, what, path, endpoint in (
            ("POST", "offer", PATHS[0], of_stream),
            ("PATCH", "trickle", PATHS[1], of_session),
            ("DELETE", "end", PATHS[1], of_session),
        ):
            where = f"/{name}/{path}"
            app.add_api_route(
                where, endpoint, methods=[method], openapi_extra=described[what], response_class=Response, name=f"{name}_{what}"
            )
    refusals = {code: {"description": REFUSALS[code]} for code in (401, 403, 429, 503)}
    found: dict[str, dict[str, Any]] = {
        "200": {"description": "the newest key frame, ETag and Picture-Age (ms)", "content": {"image/jpeg": {}}},
        "304": {"description": "If-None-Match names it: it is still the newest"},
        "404": {"description": "no such stream name, no picture, or none yet: Retry-After"},
    }
    said = {"x-role": f"media token: {Right.VIEW.value}", "responses": found | {str(code): each for code, each in refusals.items()}}
    app.add_api_route(f"/{STILL}", of_stream, methods=["GET"], openapi_extra=said, response_class=Response, name="still")
    return app


def described_errors() -> Iterator[type[CommandCentreError]]:
    """For the test that every one of them can be said."""
    yield from (WrongType, NotAcceptable, Outdated, NoRestart, sdp.UnusableOffer)

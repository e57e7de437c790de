"""Composition root of the web process: builds everything once, hands it down, mounts the faces; `running` opens and closes it all.

Sub-apps are mounted beside Dash because Dash answers every unknown path below it; their lifespans are not run, so ours opens everything.
"""

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.types import Receive, Scope, Send

from dashboard.api import build_api, merged
from dashboard.check_page import check_page
from dashboard.dash_pages import FACES, PREFIX, page_of
from dashboard.demo.director import director_routes
from dashboard.faces import by_road, faces, ingest_doors, places
from dashboard.house import House, furnish, utc_now
from dashboard.i18n import t
from dashboard.listening import serve
from dashboard.plain_frames import PlainFrames
from dashboard.running import lifespan
from dashboard.sign_in import Gate, error_answer
from dashboard.sign_in_pages.pages import build_sign_in
from dashboard.supervise import wait_until_prepared
from data.attempts import Attempts
from data.errors import CommandCentreError
from data.settings import Settings
from streaming.archive import Archive
from streaming.ingest import build_ingest
from streaming.media_tokens import load_media_tokens
from streaming.past_tracks import PastTracks
from streaming.whip import describe as describe_media

INBOUND_MOST = 1_100_000  # one batch of positions on /ingest/ws; /live allows far less by itself


class Centre(FastAPI):
    """The application behind its gate. As a middleware the gate would stand within four layers of FastAPI's own: a twelfth of each fix."""

    gate: Gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.gate(scope, receive, send)

    async def behind(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What the gate has let in."""
        await super().__call__(scope, receive, send)


def build(settings: Settings, now: Callable[[], datetime] = utc_now, number: int = 1) -> Centre:
    """The whole web application; opens nothing before its lifespan. number: which web process of the home. Raises Misconfigured."""
    root = Centre(title="ecc", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    house = furnish(settings, now, root, number)
    attempts = _attempts(settings)
    root.state.house = house
    ingest = build_ingest(ingest_doors(house, now, attempts("ingest")))
    tokens = load_media_tokens(settings.keys)
    newest = house.hub.newest
    past = PastTracks(house.history, Archive(settings.archive), house.database)
    api = build_api(settings, house.journal, house.lanes, past, newest, house.ways, now, tokens, lambda: document(root))
    for path, app in (("/ingest", ingest), ("/api", api), *faces(house, now, attempts).items()):
        root.mount(path, app)
    media = describe_media()  # served by the relay on its own port
    root.state.described = {"/ingest": ingest, "/api": api, "/media": media, "": root}
    for app in (root, ingest, api):
        app.add_exception_handler(CommandCentreError, _refuse)
    sign_in = build_sign_in(settings, house.identity, house.journal, house.lanes, now, attempts("sign-in"))
    root.router.routes[0:0] = [*sign_in.routes(), *(director_routes(settings) if settings.demo else ())]
    _add_own_routes(root, house)
    for face, page in FACES.items():
        more = (lambda: places(house, now), by_road(house, now), settings.visitors_default) if face == "desk" else ()
        page.connect(house.dash, house.journal, house.lanes, now, *more)
    hashes = house.dash.csp_hashes()
    straight = {("POST", "/ingest/positions"): ingest.positions}  # a tenth of the way that leads through root and sub-app
    root.gate = Gate(root.behind, house.identity, settings, script_hashes=hashes, denied=sign_in.denied, straight=straight)
    return root


def _attempts(settings: Settings) -> Callable[[str], Attempts]:
    """By door. Of several web processes they count together."""
    if settings.web_processes == 1:
        return lambda _: Attempts()
    from data.shared_attempts import Shared

    shared = Shared(settings.run)
    return lambda door: Attempts(keeping=shared.of(door))


def _add_own_routes(root: FastAPI, house: House) -> None:
    for face in FACES:
        root.add_api_route(f"{PREFIX}{face}", page_of(house.dash, house.build, face), methods=["GET"], include_in_schema=False)

    root.add_api_route(f"{PREFIX}check", _check_page, methods=["GET"], include_in_schema=False)

    @root.get("/healthz", openapi_extra={"x-role": "everybody"})
    async def healthz() -> JSONResponse:
        return JSONResponse({"alive": True, "build": house.build}, headers={"Cache-Control": "no-store"})

    @root.get("/readyz", openapi_extra={"x-role": "everybody"})
    async def readyz() -> JSONResponse:
        reasons = house.health.reasons()
        said = {"ready": not reasons, "reasons": reasons, "down": house.health.down()}
        return JSONResponse(said, 503 if reasons else 200, headers={"Cache-Control": "no-store"})

    @root.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await house.hub.serve(socket, socket.query_params.get("face", ""), socket.scope.get("state", {}).get("actor"))


async def _check_page() -> HTMLResponse:
    return HTMLResponse(check_page(t.alone("check"), "desk"), headers={"Cache-Control": "no-store"})


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, CommandCentreError)
    return error_answer(error)


def document(root: FastAPI) -> dict[str, Any]:
    """The description of every door, prefixes added."""
    return merged(t("name"), version("enforcement-command-centre"), root.state.described)


def run(settings: Settings, number: int = 1) -> int:
    """Serve until told to end. One worker: journal and bus carry everything, more processes may stand beside it (`web_processes`)."""
    app = build(settings, number=number)
    wait_until_prepared(settings)  # built beside whatever prepares the home, of which nothing is opened before
    serve(app, settings, settings.web_port(number), ws=PlainFrames, ws_max_size=INBOUND_MOST, ws_per_message_deflate=False)
    return 0

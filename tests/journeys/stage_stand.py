"""A stand for the stage's door: it serves the stage's own files and says what a test tells it to, in the words of the real door."""

import asyncio
import contextlib
import json
import time
from pathlib import Path
from typing import Any

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard.i18n import t
from dashboard.sign_in import security_headers
from dashboard.vendor import build_vendor
from tests.servers import free_port

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"
ROOM = DASHBOARD / "screening"
COURT = "清溪区人民法院"
BEAT_S = 0.5
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".css": "text/css"}


class Stand:
    """`tell(item)` is what the host does; `shown` is what the stage said; `stop` and `start` are a power cut."""

    def __init__(self, media: Path, demo: bool = True) -> None:
        self.media, self.demo, self.port = media, demo, free_port()
        self.black = False
        self.item: dict[str, Any] | None = None
        self.beats = True
        self.raw: str | None = None  # said in place of the state
        self.shown: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self._since = 0.0
        self._sockets: set[WebSocket] = set()
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def state(self) -> dict[str, Any]:
        item = self.item and self.item | {"at_ms": self.at_ms}
        return {"type": "stage", "black": self.black, "item": item}

    @property
    def at_ms(self) -> int:
        """Where the clip is by the host's clock."""
        assert self.item is not None
        gone = (time.monotonic() - self._since) * 1000 if self.item["playing"] else 0
        return int(min(self.item["at_ms"] + gone, self.item["duration_ms"] or 0))

    async def tell(self, item: dict[str, Any] | None, black: bool = False) -> None:
        self.item, self.black, self._since = item, black, time.monotonic()
        await self.say(json.dumps(self.state, ensure_ascii=False))

    async def go_black(self) -> None:
        """The programme goes on under it."""
        self.black = True
        await self.say(json.dumps(self.state, ensure_ascii=False))

    async def say(self, text: str) -> None:
        for socket in list(self._sockets):
            await socket.send_text(text)

    async def kill_sockets(self) -> None:
        for socket in list(self._sockets):
            with contextlib.suppress(RuntimeError):
                await socket.close(1011)

    async def start(self) -> None:
        config = uvicorn.Config(
            Secured(self._app()), port=self.port, ws="wsproto", log_level="error", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = True
        await self._serving
        self._server = self._serving = None

    def _app(self) -> Starlette:
        assets = {"tokens.css": DASHBOARD / "assets/tokens.css"}
        return Starlette(
            routes=[
                Route("/stage/", self._page),
                Route("/stage/sw.js", self._worker),
                Route("/stage/link/{secret}", self._link, methods=["GET", "POST"]),
                Route("/stage/static/{name}", self._file),
                Route("/stage/media/{name}", self._clip),
                WebSocketRoute("/stage/live", self._live),
                Route("/centre/assets/{name}", lambda request: FileResponse(assets[request.path_params["name"]])),
                Mount("/vendor", build_vendor()),
            ]
        )

    def _draw(self, name: str) -> str:
        pages = Environment(loader=FileSystemLoader(ROOM), autoescape=True, undefined=StrictUndefined)
        return pages.get_template(name).render(court=COURT, demo=self.demo, t=t)

    async def _page(self, _: Request) -> Response:
        return HTMLResponse(self._draw("stage.html"), headers={"cache-control": "no-cache"})

    async def _link(self, request: Request) -> Response:
        if request.method == "POST":
            return RedirectResponse("/stage/", 303)
        return HTMLResponse(self._draw("stage_link.html"))

    async def _worker(self, _: Request) -> Response:
        headers = {"service-worker-allowed": "/stage/", "cache-control": "no-cache"}
        return FileResponse(ROOM / "static/stage_sw.js", media_type="text/javascript", headers=headers)

    async def _file(self, request: Request) -> Response:
        path = ROOM / "static" / request.path_params["name"]
        return FileResponse(path, media_type=TYPES[path.suffix], headers={"cache-control": "no-cache"})

    async def _clip(self, request: Request) -> Response:
        name = request.path_params["name"]
        self.asked.append(name)
        path = self.media / name
        return FileResponse(path, headers={"cache-control": "no-store"}) if path.exists() else Response(status_code=404)

    async def _live(self, socket: WebSocket) -> None:
        await socket.accept()
        self._sockets.add(socket)
        beating = asyncio.create_task(self._beat(socket))
        try:
            await socket.send_text(self.raw or json.dumps(self.state, ensure_ascii=False))
            while True:
                self.shown.append(json.loads(await socket.receive_text()))
        except WebSocketDisconnect:
            pass
        finally:
            beating.cancel()
            self._sockets.discard(socket)

    async def _beat(self, socket: WebSocket) -> None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            while True:
                await asyncio.sleep(BEAT_S)
                if self.beats:
                    await socket.send_text('{"type":"beat"}')


class Secured:
    """With the headers that every answer of the product carries."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = [(name.encode(), value.encode()) for name, value in security_headers([], False, "").items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers]
            await send(message)

        await self._app(scope, receive, secured)


def clip(key: str, name: str, **other: Any) -> dict[str, Any]:
    """A showing of this file as the door says it."""
    item = {
        "key": key,
        "kind": "clip",
        "title": "一间厂房的腾退",
        "words": "期限届满后，当事人可以主动履行，也可以申请和解。",
        "number": "放〔20260112〕001",
        "certified": "周法官、孙法官 两人审签",
        "src": f"/stage/media/{name}?s={key}",
        "duration_ms": 20_000,
        "at_ms": 0,
        "playing": True,
        "sound": True,
    }
    return item | other


def card(key: str, title: str, words: str) -> dict[str, Any]:
    quiet = {"number": None, "certified": None, "src": None, "duration_ms": None, "at_ms": 0, "playing": False, "sound": False}
    return {"key": key, "kind": "card", "title": title, "words": words} | quiet

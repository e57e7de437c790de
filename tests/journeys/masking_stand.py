"""A stand for the masking page: its own files and doors as the contract has them, over two small films, with the real rendering behind."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.i18n import t
from data.errors import BadInput
from data.rules import masks
from streaming.masked import Cancelled, Rendered, Rendering, Source
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
SCREENING = ROOT / "dashboard/screening"
SAFE_IN_SCRIPT = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
STRICT = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
BEGAN_MS = 1_790_000_000_000
CLIP = "01MASK"
HERE = f"/centre/screening/clips/{CLIP}"


class Stand:
    """One clip. films: its files, each with the moment it begins (ms since BEGAN_MS) and how long it is; each may be changed by a test."""

    def __init__(self, films: list[tuple[Path, int, int]], folder: Path, from_ms: int, to_ms: int) -> None:
        self.films, self.folder = films, folder
        self.slow_s, self.refuse, self.asked = 0.0, dict[str, tuple[int, str]](), list[tuple[str, Any]]()
        self._stop, self._rendered, self._made = False, dict[str, Rendered](), 0
        self.port = free_port()
        self.clip: dict[str, Any] = {
            "id": CLIP, "title": "一间厂房的腾退", "words": "期限届满后，当事人可以主动履行，也可以申请和解。",
            "length_ms": to_ms - from_ms, "from_ms": BEGAN_MS + from_ms, "to_ms": BEGAN_MS + to_ms,
            "mask": masks.written(masks.Mask()), "minor": None, "rendering": {"state": "NONE", "share": 0, "why": None}, "sha256": None,
            "release": None, "may": {"mask": True, "certify": True, "revoke": True}, "signed": False,
        }  # fmt: skip

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{HERE}"

    def app(self) -> ASGIApp:
        acts: dict[str, Callable[[Any], Any]] = {
            "look": self._look, "mask": self._mask, "render": self._render, "cancel": self._cancel, "propose": self._propose,
            "certify": self._certify, "revoke": self._revoke,
        }  # fmt: skip
        vendor = ROOT / "node_modules"
        return Starlette(
            routes=[
                Route(HERE, self._page),
                Route(f"{HERE}/state", self._state),
                Route(f"{HERE}/masked", self._masked),
                *(Route(f"{HERE}/{name}", self._door(name, act), methods=["POST"]) for name, act in acts.items()),
                Route(f"{HERE}/films/{{number:int}}.webm", self._film),
                Mount("/centre/screening/static", StaticFiles(directory=SCREENING / "static")),
                Mount("/centre/assets", StaticFiles(directory=ROOT / "dashboard/assets")),
                Mount("/vendor/noto-sans-sc", StaticFiles(directory=vendor / "@fontsource-variable/noto-sans-sc")),
                Route("/vendor/barlow-condensed/{name}", self._digits),
            ],
            middleware=[Middleware(Strict)],
        )

    async def serve(self) -> tuple[uvicorn.Server, "asyncio.Task[None]"]:
        server = uvicorn.Server(uvicorn.Config(self.app(), port=self.port, log_level="error", lifespan="off"))
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.02)
        return server, task

    # --- doors

    def _door(self, name: str, act: Callable[[Any], Any]) -> Callable[[Request], Any]:
        async def door(request: Request) -> Response:
            said = json.loads(await request.body())
            self.asked.append((name, said))
            if name in self.refuse:
                status, sentence = self.refuse[name]
                return JSONResponse({"error": {"code": f"stand.{name}", "text": sentence}}, status)
            return JSONResponse(act(said))

        return door

    async def _page(self, _: Request) -> Response:
        templates = Environment(loader=FileSystemLoader(SCREENING), autoescape=True, undefined=StrictUndefined)
        texts, clip = (json.dumps(each, ensure_ascii=False).translate(SAFE_IN_SCRIPT) for each in (t.alone("masking"), self.clip))
        return HTMLResponse(templates.get_template("masking.html").render(court="清溪区人民法院", demo=True, texts=texts, clip=clip))

    async def _digits(self, request: Request) -> Response:
        return FileResponse(ROOT / "node_modules/@fontsource/barlow-condensed/files" / request.path_params["name"])

    async def _state(self, _: Request) -> Response:
        return JSONResponse(self.clip)

    async def _film(self, request: Request) -> Response:
        return FileResponse(self.films[request.path_params["number"]][0], media_type="video/webm")

    async def _masked(self, request: Request) -> Response:
        return FileResponse(self._rendered[request.query_params["d"]].path, media_type="video/webm")

    def _look(self, _: Any) -> Any:
        segments = [
            {"src": f"{HERE}/films/{number}.webm", "began_ms": BEGAN_MS + began, "duration_ms": lasts, "form": "webm"}
            for number, (_, began, lasts) in enumerate(self.films)
        ]
        return {"segments": segments}

    def _mask(self, said: Any) -> Any:
        try:
            mask = masks.written(masks.read(said["mask"], self.clip["length_ms"]))
        except BadInput as error:
            raise AssertionError(f"the page sent a plan that the rules refuse: {said}") from error
        self.clip |= {"mask": mask, "minor": said["minor"], "sha256": None, "rendering": {"state": "NONE", "share": 0, "why": None}}
        if self.clip["release"]:
            self.clip["release"] |= {"state": "PROPOSED", "certified": []}
        return self.clip

    def _render(self, _: Any) -> Any:
        self._stop, self._made = False, self._made + 1
        self.clip["rendering"] = {"state": "ASKED", "share": 0, "why": None}
        self._task = asyncio.create_task(self._run())
        return self.clip

    async def _run(self) -> None:
        def stop() -> bool:
            time.sleep(self.slow_s)
            return self._stop

        def tell(share: float) -> None:
            self.clip["rendering"] |= {"share": share}

        sources = [Source(path, BEGAN_MS + began) for path, began, _ in self.films]
        mask = masks.read(self.clip["mask"], self.clip["length_ms"])
        self.clip["rendering"] = {"state": "RUNNING", "share": 0, "why": None}
        work = Rendering(sources, self.clip["from_ms"], self.clip["to_ms"], mask, self.folder / f"made-{self._made}", tell, stop)
        try:
            done = await asyncio.to_thread(work.run)
        except Cancelled:
            self.clip["rendering"] = {"state": "CANCELLED", "share": 0, "why": None}
            return
        self._rendered[done.sha256] = done
        self.clip |= {"sha256": done.sha256, "rendering": {"state": "DONE", "share": 1, "why": None}}
        if self.clip["release"]:
            self.clip["release"]["state"] = "MASKED"

    def _cancel(self, _: Any) -> Any:
        self._stop = True
        self.clip["rendering"] = {"state": "CANCELLED", "share": 0, "why": None}
        return self.clip

    def _propose(self, _: Any) -> Any:
        state = "MASKED" if self.clip["sha256"] else "PROPOSED"
        release = {"id": "01RELEASE", "number": "放〔20260112〕001", "audience": "SCREENING", "state": state}
        self.clip["release"] = release | {"certified": [], "revoked_why": None}
        return self.clip

    def _certify(self, said: Any) -> Any:
        assert said["sha256"] == self.clip["sha256"]
        release = self.clip["release"]
        release["certified"].append({"title": "周法官", "at": BEGAN_MS + 60_000})
        self.clip["signed"] = True
        release["state"] = f"CERTIFIED_{len(release['certified'])}"
        return self.clip

    def _revoke(self, said: Any) -> Any:
        self.clip["release"] |= {"state": "REVOKED", "revoked_why": said["reason"]}
        return self.clip


class Strict:
    """As the product answers, and stricter: no style attribute either."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", STRICT.encode())]
            await send(message)

        await self._app(scope, receive, strictly)

"""The far end of the phone's wire, by script: the doors of `/ingest` and `/live` as the contract words them, answering what a test wants.

For what a real server cannot be asked to do on time: 429 with Retry-After, a refused fix, an answer lost on its way. It keeps what came.
"""

import asyncio
import json
import socket
import tomllib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic, time
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard.field.app import build_field

TEXTS = Path(__file__).resolve().parents[2] / "dashboard" / "texts"
COOKIE = "ecc_device"
TICK_S = 0.25  # a real one speaks each second; tests need not wait for it
MANY = {"positions": "fixes", "missions": "missions"}
LEADS = {"departed": "EN_ROUTE", "arrived": "ON_SCENE", "fruitless": "FRUITLESS", "finished": "FINISHED"}


def texts() -> dict[str, str]:
    """The sentences of the phone."""
    table: dict[str, str] = tomllib.loads((TEXTS / "zh.toml").read_text(encoding="utf-8"))["field"]
    return table


@dataclass
class Scripted:
    """One answer that a door gives instead of its own."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    takes: bool = False  # True: it keeps what came, and the answer is lost on its way


@dataclass
class Centre:
    """Who is signed in, what is true, what came."""

    origin: str = ""
    token: str = "an-enrolled-phone"
    build: str = "build-1"
    clock_ahead_s: float = 0.0
    me: dict[str, Any] = field(
        default_factory=lambda: {
            "unit": 1003,
            "label": "三组 陈法官",
            "team": "三组",
            "duty": False,
            "court": "清溪区人民法院",
            "duty_phone": "0757-8800110",
            "demo": True,
            "civil_offset_s": 28800,
        }
    )
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {"mission": {}, "call": {}, "sos": {}, "unit": {}})
    watchers: int = 0
    seen: list[dict[str, Any]] = field(default_factory=list)
    received: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    senders: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # by door: under whose token each message came
    tries: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    arrivals: list[tuple[str, float]] = field(default_factory=list)  # each try in its order: the door, time.monotonic()
    answers: dict[str, list[Scripted]] = field(default_factory=lambda: defaultdict(list))
    refuse_fixes: dict[str, str] | None = None
    mute: bool = False  # /live accepts and then says nothing
    number: int = 0
    sockets: list[WebSocket] = field(default_factory=list)

    def now_ms(self) -> int:
        return int((time() + self.clock_ahead_s) * 1000)

    @property
    def fixes(self) -> list[dict[str, Any]]:
        """Every fix that was taken, in the order of taking."""
        return [fix for message in self.received["positions"] for fix in message["fixes"]]

    def times(self, door: str, message_id: str) -> int:
        return sum(1 for message in self.received[door] if message.get("id") == message_id)

    async def set_row(self, kind: str, row_id: str, **row: Any) -> None:
        """Change a row and tell every phone."""
        known = self.rows[kind].setdefault(row_id, {"id": row_id})
        known.update(row)
        for viewer in list(self.sockets):
            with suppress(RuntimeError, WebSocketDisconnect):
                await viewer.send_text(json.dumps({"type": "rows", "seq": 2, "rows": [[kind, row_id, known]]}))

    # --- doors ---

    def signed_in(self, cookies: dict[str, str]) -> bool:
        return cookies.get(COOKIE) == self.token

    async def take(self, request: Request) -> Response:
        """One POST of the phone."""
        door = request.path_params["door"].replace("/", "-")
        self.tries[door] += 1
        self.arrivals.append((door, monotonic()))
        if not self.signed_in(request.cookies):
            return refusal(401, "identity.not_signed_in", "请先登记")
        self.senders[door].append(self.token)
        message = await request.json()
        scripted = self.answers[door].pop(0) if self.answers[door] else None
        if scripted and isinstance(scripted.body, str):
            return PlainTextResponse(scripted.body, scripted.status, scripted.headers, "text/html")
        if scripted and not scripted.takes:
            return JSONResponse(scripted.body or error("unavailable", "暂时不可用"), scripted.status, scripted.headers)
        answer = await self.answer(door, message)
        return JSONResponse(error("lost", "回答丢失"), scripted.status, scripted.headers) if scripted else answer

    async def answer(self, door: str, message: Any) -> Response:
        """What the door says when nothing is scripted."""
        if door in MANY:
            return self.answer_many(door, message)
        known = self.times(door, message["id"])
        self.received[door].append(message)
        if not known:
            await self.act(door, message)
        kind = {"calls": "call", "sos": "sos"}.get(door)
        number = self.rows[kind][message["id"]]["number"] if kind else None
        return JSONResponse({"id": message["id"], "number": number, "server_time": self.now_ms()}, 202)

    def answer_many(self, door: str, message: Any) -> Response:
        taken = message[MANY[door]]
        if door == "positions" and self.refuse_fixes is not None:
            refused = [{"id": fix["id"], **self.refuse_fixes} for fix in taken]
            return JSONResponse({"accepted": [], "known": [], "refused": refused, "server_time": self.now_ms()})
        known = {row["id"] for earlier in self.received[door] for row in earlier[MANY[door]]} if door == "positions" else set()
        self.received[door].append(message)
        for row in taken if door == "missions" else []:
            self.rows["mission"][row["id"]]["state"] = LEADS[row["event"]]
        ids = [row["id"] for row in taken]
        body = {
            "accepted": [i for i in ids if i not in known],
            "known": [i for i in ids if i in known],
            "refused": [],
            "server_time": self.now_ms(),
        }
        return JSONResponse(body)

    async def act(self, door: str, message: Any) -> None:
        """What changes on the centre's side."""
        unit = str(self.me["unit"])
        self.number += 1
        if door == "calls":
            await self.set_row("call", message["id"], number=f"呼〔20261122〕{self.number:03}", state="RINGING", placed_at=ms(message["t"]))
        elif door == "sos":
            await self.set_row("sos", message["id"], number=f"求〔20261122〕{self.number:03}", state="RAISED", raised_at=ms(message["t"]))
        elif door == "calls-end":
            await self.set_row("call", message["id"], state="ENDED", ended_at=self.now_ms())
        elif door == "duty":
            self.me["duty"] = message["on"]
            await self.set_row("unit", unit, no=unit, on_duty=message["on"])
        elif door == "silence":
            until = ms(message["t"]) + message["minutes"] * 60_000 if message["minutes"] else None
            await self.set_row("unit", unit, silent_until_at=until)

    async def who(self, request: Request) -> Response:
        if not self.signed_in(request.cookies):
            return refusal(401, "identity.not_signed_in", "请先登记")
        return JSONResponse({**self.me, "server_time": self.now_ms()})

    async def who_saw(self, request: Request) -> Response:
        return JSONResponse({"seen": self.seen})

    async def live(self, viewer: WebSocket) -> None:
        if not self.signed_in(viewer.cookies):
            await viewer.send_denial_response(PlainTextResponse("401", 401))
            return
        await viewer.accept()
        self.sockets.append(viewer)
        try:
            await self.speak(viewer)
        finally:
            self.sockets.remove(viewer)

    async def speak(self, viewer: WebSocket) -> None:
        async def hear() -> None:
            with suppress(WebSocketDisconnect, RuntimeError):
                while True:
                    await viewer.receive_text()

        hearing = asyncio.create_task(hear())
        hello = {
            "type": "hello",
            "server_time": self.now_ms(),
            "build": self.build,
            "civil_offset_s": self.me["civil_offset_s"],
            "demo": True,
        }
        with suppress(WebSocketDisconnect, RuntimeError):
            if not self.mute:
                await viewer.send_text(json.dumps(hello))
                await viewer.send_text(json.dumps({"type": "snapshot", "seq": 1, "rows": self.rows}))
            while not hearing.done():
                if not self.mute:
                    tick = {"type": "tick", "server_time": self.now_ms(), "seq": 1, "parts": {}, "watchers": self.watchers}
                    await viewer.send_text(json.dumps(tick))
                await asyncio.wait([hearing], timeout=TICK_S)
        hearing.cancel()

    async def enrol(self, request: Request) -> Response:
        """As the QR page: the cookie, then to the phone's page."""
        answer = Response(status_code=303, headers={"Location": "/field/"})
        answer.set_cookie(COOKIE, self.token, httponly=True, samesite="strict")
        return answer

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/healthz", lambda request: PlainTextResponse("ok")),
                Route("/enrol", self.enrol),
                Route("/ingest/me", self.who),
                Route("/ingest/seen", self.who_saw),
                Route("/ingest/{door:path}", self.take, methods=["POST"]),
                WebSocketRoute("/live", self.live),
                Mount("/field", build_field(texts=texts(), build=self.build)),
            ]
        )


def ms(text: str) -> int:
    """ISO text with Z, in milliseconds since 1970."""
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def error(code: str, text: str) -> dict[str, Any]:
    return {"error": {"code": code, "text": text}}


def refusal(status: int, code: str, text: str) -> Response:
    return JSONResponse(error(code, text), status)


@asynccontextmanager
async def running(centre: Centre, port: int = 0) -> AsyncIterator[Centre]:
    """The centre on a free port, or on the one that it had before."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", port))
    centre.origin = f"http://127.0.0.1:{door.getsockname()[1]}"
    config = uvicorn.Config(centre.app(), log_level="warning", lifespan="off", ws="websockets-sansio", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        yield centre
    finally:
        server.should_exit = True
        await serving
        door.close()

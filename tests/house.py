"""The gate and its pages before a tiny application that answers every path, as Dash does; in process or on the real server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from dashboard.sign_in import Gate, actor_here, note_refusal
from dashboard.sign_in_pages.pages import SignIn, build_sign_in
from data.actions import accounts, devices, links, sessions
from data.attempts import Attempts
from data.engines import open_database
from data.errors import NotPermitted
from data.identity import Identity
from data.lanes import Lanes
from data.rules.links import Purpose
from data.rules.permissions import Role
from data.settings import Settings
from data.tables import AuditRow, EntryRow, Table
from tests.servers import free_port
from tests.small_court import PASSWORD, PHONE_UNIT, PIN, WALL, SmallCourt, found, officer_id

HOST = "http://centre.test"


class Seconds:
    at = 1_000.0

    def __call__(self) -> float:
        return self.at


class House:
    """The gate with its pages, before an application that answers every path, as Dash does."""

    def __init__(self, court: SmallCourt, settings: Settings, seconds: Seconds) -> None:
        self.court, self.settings, self.seconds = court, settings, seconds
        self.lanes = Lanes()
        self.identity = Identity(court.database, court.keys, self.lanes.probes, court.now)
        court.journal.named(settings.court_name)
        self.pages: SignIn = build_sign_in(settings, self.identity, court.journal, self.lanes, court.now, Attempts(seconds))
        self.reached: list[str] = []
        routes = [
            *self.pages.routes(),
            Route("/{path:path}", self._anything, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
            WebSocketRoute("/{path:path}", self._socket),
        ]
        self.gate = Gate(Starlette(routes=routes), self.identity, settings, script_hashes=["'sha256-AAAA'"], denied=self.pages.denied)

    async def _anything(self, request: Request) -> Response:
        self.reached.append(request.url.path)
        actor = request.state.actor
        if actor is not None:
            assert actor_here() == actor
        if request.url.path == "/api/refused":
            return JSONResponse({}, 403)
        if "refused" in (await request.body()).decode(errors="replace"):
            note_refusal(NotPermitted("verb", verb="steer.wall"))
        return JSONResponse({"reached": request.url.path, "kind": actor.kind if actor else None, "address": request.state.address})

    async def _socket(self, socket: WebSocket) -> None:
        self.reached.append(socket.url.path)
        await socket.accept()
        await socket.send_json({"kind": socket.state.actor.kind if socket.state.actor else None})
        await socket.close()

    def browser(self, address: str = "192.0.2.7", **cookies: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.gate, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url=HOST, cookies=cookies)

    def desk(self, role: Role = Role.DUTY) -> str:
        opened = self.do(sessions.open_for_officer, officer_id(role), self.pages._lasts.desk, how="link")
        return str(opened.token)

    def wall(self) -> str:
        return str(self.do(sessions.open_for_wall, WALL, "4401", self.pages._lasts.wall).token)

    def director(self) -> str:
        return str(self.do(sessions.open_for_director, self.pages._lasts.desk).token)

    def phone(self) -> str:
        return str(self.do(devices.enrol_device, PHONE_UNIT).token)

    def link(self, purpose: Purpose, **target: Any) -> str:
        return f"/link/{self.do(links.make_link, purpose, **target)}"

    def account(self) -> None:
        self.do(accounts.open_account, officer_id(Role.DUTY), "chenjun", PASSWORD, PIN)

    def do(self, action: Any, *arguments: Any, **named: Any) -> Any:
        done = self.court.journal.do(self.court.system, self.court.now(), action, *arguments, **named)
        self.identity.forget()
        return done

    def traces(self) -> list[tuple[str, str, str | None]]:
        with self.court.database.reading() as session:
            said = session.scalars(select(EntryRow.payload).where(EntryRow.kind == "audit.recorded").order_by(EntryRow.seq))
            rows = [session.get_one(AuditRow, payload["audit_id"]) for payload in said]
            return [(row.act, row.result, row.address) for row in rows]

    def count(self, table: type[Table]) -> int:
        with self.court.database.reading() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0


def built(folder: Path, settings: Settings) -> Iterator[House]:
    database = open_database(f"sqlite:///{folder}/ecc.db")
    Table.metadata.create_all(database.writes)
    house = House(found(database, settings.keys), settings, Seconds())
    yield house
    house.lanes.close()
    database.close()


@asynccontextmanager
async def serving(house: House) -> AsyncIterator[int]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(house.gate, port=port, ws="wsproto", log_level="error", proxy_headers=False, lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    yield port
    server.should_exit = True
    await task

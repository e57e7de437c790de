"""The director's page at /demo: plain forms whose orders go to the simulated devices' process, which acts by public doors and signals.

The web process only hands the orders on: it cannot freeze itself and wake up again.
"""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.demo.plan import wire
from dashboard.i18n import t
from data.errors import NotFound
from data.invented_court import DESK_PIN
from data.settings import Settings

HERE = Path(__file__).parent
ANSWER_S = 6.0
LONGEST = 1_000
TEAMS = ("一组", "二组", "三组", "四组", "五组", "六组", "七组")
ORDERS: dict[str, dict[str, Any]] = {
    "call": {"act": "call"},
    "sos": {"act": "sos"},
    "silence": {"act": "silence"},
    "freeze_bus": {"act": "freeze", "part": "bus"},
    "freeze_web": {"act": "freeze", "part": "web"},
    "skip": {"act": "skip"},
}

_templates = Environment(loader=FileSystemLoader([HERE, HERE.parent / "sign_in_pages"]), autoescape=True, undefined=StrictUndefined)


def director_routes(settings: Settings) -> list[Route]:
    """The page and its orders; who may reach them the gate decides."""
    socket = wire(settings.run)

    async def page(request: Request) -> Response:
        act, done = request.query_params.get("act", ""), request.query_params.get("done") == "1"
        said = t("demo.done" if done else "demo.failed", what=t(f"demo.{act}")) if act in ORDERS else ""
        state = await tell(socket, {"act": "state"})
        clock = _clock(state["clock_s"]) if state else ""
        html = _templates.get_template("director.html").render(
            t=t, demo=True, refresh_s=None, state=state, clock=clock, said=said, teams=TEAMS, pin=_pin(settings)
        )
        return HTMLResponse(html)

    async def order(request: Request) -> Response:
        act = request.path_params["act"]
        if act not in ORDERS:
            raise NotFound(act)
        answer = await tell(socket, ORDERS[act] | await _filled(request))
        return RedirectResponse(f"/demo?act={act}&done={int(bool(answer and answer['ok']))}", 303)

    return [Route("/demo", page), Route("/demo/{act}", order, methods=["POST"]), *_authority_routes(settings)]


def _authority_routes(settings: Settings) -> list[Route]:
    """In a network of phones: the page that hands out our authority, and the authority. Open to everybody: it is no secret."""
    if settings.tls_cert is None or not (file := settings.tls_cert.with_name("authority.crt")).exists():
        return []

    async def page(_: Request) -> Response:
        return HTMLResponse(_templates.get_template("authority.html").render(t=t, demo=True, refresh_s=None))

    async def authority(_: Request) -> Response:
        return FileResponse(file, media_type="application/x-x509-ca-cert", filename="ecc-demo.crt")

    return [Route("/ca", page), Route("/ca/ecc-demo.crt", authority)]


def _pin(settings: Settings) -> str:
    """What opens the locked desk; none in a home that nobody has seeded."""
    file = settings.keys / DESK_PIN
    return file.read_text().strip() if file.exists() else ""


async def tell(socket: Path, order: dict[str, Any]) -> dict[str, Any] | None:
    """The devices' answer; None when there is none."""
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                writer.write(json.dumps(order).encode() + b"\n")
                await writer.drain()
                answer: dict[str, Any] = json.loads(await reader.readline())
                return answer
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return None


async def _filled(request: Request) -> dict[str, str]:
    """What the form holds: a team, a time. Other fields are dropped."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items() if name in ("team", "to")}


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"

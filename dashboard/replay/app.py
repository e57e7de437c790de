"""Serves the pages of recordings and of missions' ways, without data; what may be seen `/api/recordings`, `/api/missions` decide."""

import html
import re
from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboard.i18n import in_script

STATIC = Path(__file__).parent / "static"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".mjs": "text/javascript; charset=utf-8"}
HOLE = re.compile(r"\{\{(\w+)\}\}")


def build_replay(texts: Mapping[str, str], tracks: Mapping[str, str]) -> Starlette:
    """The sub-app for `/replay`. texts, tracks: the tables [replay] and [tracks]. Raises KeyError when a page lacks one of its words."""
    pages = {"": _filled("index.html", texts), "track": _filled("track.html", tracks)}
    bodies = {name: (page, TYPES[".html"]) for name, page in pages.items()} | {
        path.name: (path.read_bytes(), TYPES[path.suffix]) for path in STATIC.iterdir() if path.suffix in (".css", ".mjs")
    }

    async def serve(request: Request) -> Response:
        found = bodies.get(request.path_params["name"])
        return Response(found[0], media_type=found[1]) if found else PlainTextResponse("404", status_code=404)

    return Starlette(routes=[Route("/{name:path}", serve)])


def _filled(name: str, texts: Mapping[str, str]) -> bytes:
    said, page = in_script(dict(texts)), (STATIC / name).read_text(encoding="utf-8")
    return HOLE.sub(lambda hole: said if hole[1] == "texts" else html.escape(texts[hole[1]]), page).encode()

"""Serves the replay page: three files without any data; what may be seen the doors `/api/recordings` decide."""

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


def build_replay(texts: Mapping[str, str]) -> Starlette:
    """The sub-app for `/replay`. texts: the table [replay], without its name. Raises KeyError when the page lacks one of them."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    said = in_script(dict(texts))
    filled = HOLE.sub(lambda hole: said if hole[1] == "texts" else html.escape(texts[hole[1]]), page).encode()
    bodies = {"": (filled, TYPES[".html"])} | {
        path.name: (path.read_bytes(), TYPES[path.suffix]) for path in STATIC.iterdir() if path.suffix in (".css", ".mjs")
    }

    async def serve(request: Request) -> Response:
        found = bodies.get(request.path_params["name"])
        return Response(found[0], media_type=found[1]) if found else PlainTextResponse("404", status_code=404)

    return Starlette(routes=[Route("/{name:path}", serve)])

"""Serves the officer's phone app: a handful of files, read once, that a phone keeps and starts without a network.

Everything here is open to anybody and holds no data: who the phone is and what it may see, the doors `/ingest` and `/live` decide.
"""

import hashlib
import html
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboard.field import icon
from dashboard.i18n import in_script

STATIC = Path(__file__).parent / "static"
ASSETS = Path(__file__).parent.parent / "assets"
TOKENS = ASSETS / "tokens.css"
# modules that wall and desk use too
SHARED = ("fault.mjs", "ladder.mjs", "media_session.mjs", "passes.mjs", "publish.mjs", "thrift.mjs", "tile.mjs", "whep.mjs")
EXTRAS = ["/vendor/barlow-condensed/barlow-condensed-latin-600-normal.woff2"]  # kept by the phone when it is there
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
HOLE = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class Page:
    """One file as it is sent."""

    body: bytes
    media_type: str
    etag: str


def build_field(*, texts: Mapping[str, str], build: str, check: str = "") -> Starlette:
    """The sub-app for `/field`.

    texts: the table [field] of the texts, without its name. build: the build id that `/live` says in its hello; a page of another build
    renews itself. check: the page at `/field/check`. Raises KeyError when a text is missing that the page needs.
    """
    pages = {name: _page(name, body) for name, body in _bodies(texts, build).items()}
    if check:
        pages["check"] = _page("", check.encode())  # not kept by the phone: without a network there is nothing to try
    return Starlette(routes=[Route("/{name:path}", _serve(pages))])


def _bodies(texts: Mapping[str, str], build: str) -> dict[str, bytes]:
    """Every file of the page by its name below `/field/`; the page itself has the empty name."""
    bodies = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.suffix in {".mjs", ".css"}}
    bodies |= {name: (ASSETS / "modules" / name).read_bytes() for name in SHARED}
    bodies["tokens.css"] = TOKENS.read_bytes() if TOKENS.exists() else b""
    bodies["manifest.webmanifest"] = _manifest(texts)
    bodies["icon.svg"] = icon.svg().encode()
    bodies |= {f"icon-{size}.png": icon.png(size) for size in icon.SIZES}
    bodies[""] = _index(texts, build)
    # the worker last: its own bytes change whenever any other file does, and so the phone fetches them all anew
    bodies["sw.js"] = _worker(bodies)
    return bodies


def _index(texts: Mapping[str, str], build: str) -> bytes:
    """The page with its sentences in it: readable before, and without, any script."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    said = in_script(dict(texts))

    def fill(hole: re.Match[str]) -> str:
        name = hole[1]
        return said if name == "texts" else html.escape(build if name == "build" else texts[name])

    return HOLE.sub(fill, page).encode()


def _manifest(texts: Mapping[str, str]) -> bytes:
    """What makes the page installable."""
    icons = [{"src": "icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}]
    icons += [{"src": f"icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any maskable"} for size in icon.SIZES]
    manifest = {
        "id": "/field/",
        "start_url": "/field/",
        "scope": "/field/",
        "name": texts["name"],
        "short_name": texts["title"],
        "lang": "zh-CN",
        "display": "standalone",
        "orientation": "portrait",
        "background_color": icon.GROUND,
        "theme_color": icon.GROUND,
        "icons": icons,
    }
    return json.dumps(manifest, ensure_ascii=False).encode()


def _worker(bodies: Mapping[str, bytes]) -> bytes:
    """The service worker with the digest of what it keeps and the list of it."""
    digest = hashlib.sha256(b"".join(name.encode() + body for name, body in sorted(bodies.items()))).hexdigest()[:16]
    kept = ["./", *sorted(name for name in bodies if name)]
    worker = (STATIC / "sw.js").read_text(encoding="utf-8")
    return worker.replace("@BUILD@", digest).replace("@FILES@", json.dumps(kept)).replace("@EXTRAS@", json.dumps(EXTRAS)).encode()


def _page(name: str, body: bytes) -> Page:
    return Page(body, TYPES[Path(name or "index.html").suffix], f'"{hashlib.sha256(body).hexdigest()[:24]}"')


def _serve(pages: Mapping[str, Page]) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        page = pages.get(request.path_params["name"])
        if page is None:
            return PlainTextResponse("404", status_code=404)
        # no-cache: kept, but asked for anew; the phone's own copy is the service worker's business
        headers = {"ETag": page.etag, "Cache-Control": "no-cache"}
        if page is pages["sw.js"]:
            headers["Service-Worker-Allowed"] = "/field/"
        if page.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(page.body, media_type=page.media_type, headers=headers)

    return serve

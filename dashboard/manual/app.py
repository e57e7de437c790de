"""`/manual/`: one page for each reader, and faults by their symptom; the version is the running one's.

Open to everybody: who cannot sign in needs it most, and nothing of the court stands in it: the pictures are of the invented one. The words
of screens and the lines of `ecc doctor` are taken from the texts, so that the book says what stands on the screen.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from dashboard.i18n import t

HERE = Path(__file__).parent
PAGES = ("duty", "field", "commander", "screening", "admin", "faults", "english")
KINDS = {".css": "text/css", ".webp": "image/webp"}

_templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


class Manual:
    """The book of the running version."""

    def __init__(self, version: str) -> None:
        self._version = version

    def app(self) -> Starlette:
        """The sub-app for `/manual`."""
        return Starlette(
            routes=[
                Route("/", self._cover, methods=["GET"]),
                Route("/static/{name}", self._file, methods=["GET"]),
                Route("/{page}", self._page, methods=["GET"]),
            ]
        )

    async def _cover(self, _: Request) -> Response:
        return self._draw("cover")

    async def _page(self, request: Request) -> Response:
        page = request.path_params["page"]
        return self._draw(page) if page in PAGES else Response(status_code=404)

    async def _file(self, request: Request) -> Response:
        name = Path(request.path_params["name"])
        folder = {".css": "static", ".webp": "pictures"}.get(name.suffix)
        path = HERE / folder / name.name if folder else HERE
        if not path.is_file():
            return Response(status_code=404)
        return FileResponse(path, media_type=KINDS[name.suffix], headers={"cache-control": "no-cache"})

    def _draw(self, page: str) -> Response:
        html = _templates.get_template(f"{page}.html").render(
            t=t, quoted=quoted, page=page, pages=PAGES, version=self._version, pictures=_pictures()
        )
        return HTMLResponse(html, headers={"cache-control": "no-cache"})


def quoted(key: str) -> str:
    """A sentence as it stands in the texts; what is filled in there is shown as an ellipsis."""
    return t(key, **dict.fromkeys(t.holes(key), "…"))


def _pictures() -> frozenset[str]:
    """Which pictures there are: a book without them is still a book."""
    return frozenset(path.stem for path in (HERE / "pictures").glob("*.webp"))

"""`/sheet`: the talks with parties, and the record of each: completed once, printed on one A4 page, corrected by a new version.

For desks only; whoever opens a record leaves a trace.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.i18n import of_error, t
from dashboard.said import actor_of
from dashboard.sign_in import in_sentences
from data.actions.sheets import Book, complete_sheet, read_sheet
from data.errors import BadInput, NotFound, TransitionRefused
from data.journal import Journal
from data.lanes import Lanes
from data.queries.sheets import Listed, talks
from data.rules import sheets
from data.settings import Settings
from streaming.positions_door import body_from

HERE = Path(__file__).parent
FILES = {"sheet.css": "text/css", "sheet.mjs": "text/javascript"}
FIELDS = ("explained", "said", "why", "after")
MOMENTS = ("invited_at", "notice_at", "consented_at", "declined_at", "joined_at", "left_at")

_templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form."""

    explained: str = ""
    said: str = ""
    why: str = ""
    after: int = 0


@dataclass
class Sheets:
    """Everything that these pages stand on."""

    settings: Settings
    journal: Journal
    lanes: Lanes
    now: Callable[[], datetime]

    def app(self) -> Starlette:
        """The sub-app for `/sheet`."""
        return Starlette(
            routes=[
                Route("/", in_sentences(self._list, self.settings.demo), methods=["GET"]),
                Route("/static/{name}", self._file, methods=["GET"]),
                Route("/{participant}", in_sentences(self._show, self.settings.demo), methods=["GET"]),
                Route("/{participant}", in_sentences(self._complete, self.settings.demo), methods=["POST"]),
            ]
        )

    async def _list(self, request: Request) -> Response:
        actor = actor_of(request)

        def read() -> list[Listed]:
            with self.journal.database.reading() as session:
                return talks(session, actor)

        return HTMLResponse(self._draw("list.html", talks=await self.lanes.readers.run(read)))

    async def _show(self, request: Request) -> Response:
        """The newest version, `?version=` a former one, `?correct=1` the form for the next one; the form while there is none."""
        book = await self._book(request)
        newest = book.versions[-1] if book.versions else None
        if newest is None:
            return HTMLResponse(self._form(book, Typed()))
        if "correct" in request.query_params:
            before = Typed("\n".join(newest.sheet.explained), "\n".join(newest.sheet.said), "", newest.number)
            return HTMLResponse(self._form(book, before))
        wanted = request.query_params.get("version", str(newest.number))
        version = next((each for each in book.versions if str(each.number) == wanted), None)
        if version is None:
            raise NotFound("version", code="not_found.sheet")
        return HTMLResponse(self._draw("sheet.html", book=book, version=version, newest=newest, facts=version.sheet.facts, rows=self._rows))

    async def _complete(self, request: Request) -> Response:
        actor, participant, typed = actor_of(request), request.path_params["participant"], typed_of(await body_from(request.receive))
        try:
            complete = partial(complete_sheet, after=typed.after, why=typed.why or None)
            await self.lanes.writer.run(self.journal.do, actor, self.now(), complete, participant, typed.explained, typed.said)
        except (BadInput, TransitionRefused) as error:
            return HTMLResponse(self._form(await self._book(request), typed, of_error(error)), error.status)  # nothing typed is lost
        return RedirectResponse(f"/sheet/{participant}", HTTPStatus.SEE_OTHER)

    # --- the parts ---

    async def _book(self, request: Request) -> Book:
        about = request.path_params["participant"]
        book: Book = await self.lanes.writer.run(self.journal.do, actor_of(request), self.now(), read_sheet, about)
        return book

    def _form(self, book: Book, typed: Typed, said: str | None = None) -> str:
        return self._draw("form.html", book=book, typed=typed, facts=book.facts, rows=self._rows, said=said, rules=sheets)

    def _rows(self, facts: Any) -> list[tuple[str, str]]:
        """The moments that are known, in their order: (name, time)."""
        return [(t(f"sheet.{name}"), self._time(facts[name])) for name in MOMENTS if facts.get(name) is not None]

    def _time(self, ms: int) -> str:
        civil = datetime.fromtimestamp(ms / 1000, tz=self.now().tzinfo) + timedelta(seconds=self.settings.civil_offset_s)
        return t("sheet.time", date=f"{civil:%Y-%m-%d}", time=f"{civil:%H:%M:%S}")

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FILES:
            return Response(status_code=404)
        return FileResponse(HERE / "static" / name, media_type=FILES[name], headers={"cache-control": "no-cache"})

    def _draw(self, template: str, **holes: Any) -> str:
        given = {"court": self.journal.court_name, "demo": self.settings.demo, "time": self._time, "ms": _ms}
        return _templates.get_template(template).render(t=t, **given, **holes)


def typed_of(body: bytes) -> Typed:
    """What the form says. Raises BadInput."""
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=len(FIELDS), errors="strict")
    except ValueError as error:
        raise BadInput("form", code="input.bad") from error
    explained, said, why, after = (fields.get(name, [""])[0] for name in FIELDS)
    if after and not (after.isascii() and after.isdigit() and len(after) < 6):
        raise BadInput("after", code="input.bad")
    return Typed(explained, said, why, int(after or 0))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

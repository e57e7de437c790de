"""`/faults`: one tap reports what is broken; the list is for whoever mends it: who has it, what the page knew of itself, what was done.

The report comes from wall, desk, phone and leader's page by their own cookies (`?face=`); the list is a desk's.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from dashboard.i18n import in_script, t
from dashboard.said import actor_of, as_json, said_in
from dashboard.sign_in import error_answer, in_sentences
from data.actions.faults import Reported, close_fault, report_fault, take_fault
from data.errors import BadInput, CommandCentreError
from data.journal import Journal
from data.lanes import Lanes
from data.queries.heartbeat import Fault, fault_list
from data.settings import Settings

HERE = Path(__file__).parent
FILES = {"faults.css": "text/css", "faults.mjs": "text/javascript"}

_templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)


class Faults:
    """Everything that these doors stand on."""

    def __init__(self, settings: Settings, journal: Journal, lanes: Lanes, now: Callable[[], datetime]) -> None:
        self._settings, self._journal, self._lanes, self._now = settings, journal, lanes, now

    def app(self) -> Starlette:
        """The sub-app for `/faults`."""
        return Starlette(
            routes=[
                Route("/", in_sentences(self._list, self._settings.demo), methods=["GET"]),
                Route("/report", self._report, methods=["POST"]),
                Route("/{fault}/take", self._take, methods=["POST"]),
                Route("/{fault}/close", self._close, methods=["POST"]),
                Route("/static/{name}", self._file, methods=["GET"]),
            ],
            exception_handlers={CommandCentreError: _refuse},
        )

    async def _report(self, request: Request) -> Response:
        """{"id"?, "snapshot": {…}, "sentence"?}, `?face=`; answers {"id", "number", "text"}. The same id again is the same report."""
        actor, said = actor_of(request), await said_in(request)
        id_, sentence, snapshot = said.get("id"), said.get("sentence"), said.get("snapshot")
        if not isinstance(sentence, str | None) or not isinstance(id_, str | None) or not isinstance(snapshot, dict):
            raise BadInput("report", code="input.bad")
        face = request.query_params.get("face", "")
        do, now = self._journal.do, self._now()
        made: Reported = await self._lanes.writer.run(do, actor, now, report_fault, face, snapshot, sentence, id_)
        text = t("faults.reported" if made.fresh else "faults.again", number=made.number)
        return as_json({"id": made.id, "number": made.number, "text": text})

    async def _take(self, request: Request) -> Response:
        fault = request.path_params["fault"]
        changed = await self._lanes.writer.run(self._journal.do, actor_of(request), self._now(), take_fault, fault)
        return as_json({"changed": changed})

    async def _close(self, request: Request) -> Response:
        """{"remedy"?: what was done}."""
        fault, said = request.path_params["fault"], await said_in(request)
        remedy = said.get("remedy")
        if not isinstance(remedy, str | None):
            raise BadInput("remedy", code="input.bad")
        changed = await self._lanes.writer.run(self._journal.do, actor_of(request), self._now(), close_fault, fault, remedy)
        return as_json({"changed": changed})

    async def _list(self, request: Request) -> Response:
        actor = actor_of(request)

        def read() -> list[Fault]:
            with self._journal.database.reading() as session:
                return list(fault_list(session, actor, self._journal.sealing))

        listed = await self._lanes.readers.run(read)
        court, demo = self._journal.court_name, self._settings.demo
        holes = {"t": t, "court": court, "demo": demo, "time": self._time, "told": _told, "texts": in_script(t.alone("faults"))}
        return HTMLResponse(_templates.get_template("list.html").render(faults=listed, **holes))

    def _time(self, moment: datetime) -> str:
        return f"{moment + timedelta(seconds=self._settings.civil_offset_s):%m-%d %H:%M:%S}"

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FILES:
            return Response(status_code=404)
        return FileResponse(HERE / "static" / name, media_type=FILES[name], headers={"cache-control": "no-cache"})


def _told(fault: Fault) -> list[tuple[str, str]]:
    """What the page knew of itself: name and value, in words."""
    words = {True: t("faults.yes"), False: t("faults.no")}
    return [
        (t(f"faults.snap_{name}"), words[value] if isinstance(value, bool) else _word(str(value).rstrip(",")))
        for name, value in fault.snapshot.items()
        if f"faults.snap_{name}" in t
    ]


def _word(value: str) -> str:
    """What pages call so, in words; figures and names as they are. Parts of the product by their names."""
    said = [next((t(key) for key in (f"faults.value_{each}", f"heartbeat.name_{each}") if key in t), each) for each in value.split(",")]
    return "、".join(said)


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, CommandCentreError)
    return error_answer(error)

"""导入导出: the court's workbook looked at before it is brought in; the empty form and what the court holds, as files."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.admin.bringing import Bringing
from dashboard.admin.doors import Doors, checked
from dashboard.i18n import t
from dashboard.said import Said, actor_of, as_json
from dashboard.sign_in import in_sentences
from data.actions.audit import record_audit
from data.errors import BadInput
from data.journal import Work
from data.queries.workbook import court_rows
from data.rules.identity import Act
from data.rules.permissions import Actor, Verb

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAME_MOST = 120


@dataclass
class Workbook(Doors):
    """Below `/centre/admin`."""

    bringing: Bringing = field(init=False)

    def __post_init__(self) -> None:
        self.bringing = Bringing(self.settings)

    def routes(self) -> list[Route]:
        manage = Verb.MANAGE_PEOPLE
        return [
            self.shown("/workbook", self._page),
            Route("/workbook/state", self.asked(self._state), methods=["GET"]),
            Route("/upload", self.asked(self._upload), methods=["POST"]),
            self.told("/workbook/import", manage, self._import),
            self.told("/workbook/cancel", manage, self._cancel),
            Route("/form", self.asked(self._form), methods=["GET"]),
            Route("/export", in_sentences(self._export, self.settings.demo), methods=["POST"]),
        ]

    async def _page(self, request: Request) -> Response:
        actor = checked(actor_of(request), Verb.MANAGE_PEOPLE)
        return self.page("workbook.html", actor, "workbook")

    async def _state(self, request: Request) -> Response:
        return as_json(self.bringing.told(checked(actor_of(request), Verb.MANAGE_PEOPLE)))

    async def _upload(self, request: Request) -> Response:
        """The file's bytes; `?name=` is only shown, and its ending tells the form."""
        actor = checked(actor_of(request), Verb.MANAGE_PEOPLE)
        name = request.query_params.get("name", "")
        if not name or len(name) > NAME_MOST:
            raise BadInput("name", code="input.bad")
        await self.bringing.take(actor, name, request.stream())
        return as_json({})

    async def _import(self, actor: Actor, _: Said) -> Said:
        self.bringing.begin(actor)
        return {}

    async def _cancel(self, actor: Actor, _: Said) -> Said:
        await self.bringing.cancel(actor)
        return {}

    async def _form(self, request: Request) -> Response:
        from dashboard.workbook.writing import form_bytes  # openpyxl costs every start 0.16 s

        checked(actor_of(request), Verb.MANAGE_PEOPLE)
        return _file(await self.lanes.readers.run(form_bytes), t("admin.form_name"))

    async def _export(self, request: Request) -> Response:
        """Leaves its trace before the first row is read."""
        from dashboard.workbook.writing import court_bytes

        actor = checked(actor_of(request), Verb.MANAGE_PEOPLE)
        court = self.settings.court_code

        def begun(work: Work) -> None:
            record_audit(work, Act.EXPORT, "workbook", court, result="begun")

        def written(session: Any, actor: Actor) -> tuple[bytes, dict[str, int]]:
            return court_bytes(court_rows(session, actor, court, self.journal.sealing), self.settings.civil_offset_s)

        def ended(work: Work) -> None:
            record_audit(work, Act.EXPORT, "workbook", court, fields=(f"{sheet}:{count}" for sheet, count in counts.items()))

        await self.write(actor, begun)
        content, counts = await self.read(actor, written)
        await self.write(actor, ended)
        return _file(content, t("admin.export_name"))


def _file(content: bytes, name: str) -> Response:
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}", "cache-control": "no-store"}
    return Response(content, HTTPStatus.OK, headers, XLSX)

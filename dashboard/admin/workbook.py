"""导入导出: the court's workbook looked at before it is brought in; the empty form and what the court holds, as files."""

from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.admin.bringing import Bringing
from dashboard.admin.doors import Doors, checked
from dashboard.admin.taking_out import TakingOut
from dashboard.i18n import t
from dashboard.said import Said, actor_of, as_json
from dashboard.sign_in import in_sentences
from data.errors import BadInput
from data.queries.wall import sight_of
from data.rules.permissions import Actor, Verb, may
from data.rules.workbook import cases_go_along
from streaming.positions_door import body_from

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAME_MOST = 120


@dataclass
class Workbook(Doors):
    """Below `/centre/admin`."""

    bringing: Bringing = field(init=False)
    taking_out: TakingOut = field(init=False)

    def __post_init__(self) -> None:
        self.bringing = Bringing(self.settings)
        self.taking_out = TakingOut(self.settings)

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
        """Who may export sees the export, who manages people the import too. `cases`: whether cases may go along for him."""
        actor = checked(actor_of(request), Verb.EXPORT_COURT)
        cases = cases_go_along(actor, sight_of(actor, court_code=self.settings.court_code))
        return self.page("workbook.html", actor, "workbook", imports=may(actor, Verb.MANAGE_PEOPLE), cases=cases)

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
        """`cases=yes&reason=…`, as a form says it; the file. Its trace is left before the first row is read."""
        actor = checked(actor_of(request), Verb.EXPORT_COURT)
        said = parse_qs((await body_from(request.receive)).decode(errors="replace"), max_num_fields=4)
        with_cases = said.get("cases") == ["yes"]
        content = await self.taking_out.made(actor, with_cases, said.get("reason", [""])[0].strip() or None)
        return _file(content, t("admin.export_name_cases" if with_cases else "admin.export_name"))


def _file(content: bytes, name: str) -> Response:
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}", "cache-control": "no-store"}
    return Response(content, HTTPStatus.OK, headers, XLSX)

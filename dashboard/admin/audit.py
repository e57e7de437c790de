"""审计: who did what, when, about what, from where; for the inspector alone. Looking leaves its trace, and so does the file he takes."""

import csv
import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.admin.doors import Doors, checked
from dashboard.i18n import t
from dashboard.said import actor_of
from data.actions.audit import export_traces, read_traces
from data.errors import BadInput
from data.queries.audit import Line, Wanted, search
from data.rules import words
from data.rules.identity import Act
from data.rules.permissions import Verb

SHOWN = 50
EXPORTED = 10_000  # lines of one file: some 2 MB, made in memory; who needs more takes the days one by one
FIELDS = ("who", "act", "case_no", "about", "since", "until")
LONGEST = 96
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Audit(Doors):
    """Below `/centre/admin`."""

    def routes(self) -> list[Route]:
        return [self.shown("/audit", self._page), self.shown("/audit.csv", self._file)]

    async def _page(self, request: Request) -> Response:
        """`?who=&act=&case_no=&about=&since=&until=`, and `before=`: the last line of the page before."""
        actor = checked(actor_of(request), Verb.SEE_AUDIT)
        said = _said(request)
        wanted, before = self._wanted(said), request.query_params.get("before") or None
        found = await self.read(actor, search, wanted, before and words.ulid(before), SHOWN + 1)
        await self.write(actor, read_traces, wanted.named())
        shown = found[:SHOWN]
        older = urlencode(said | {"before": shown[-1].trace.id}) if len(found) > SHOWN else None
        query = urlencode(said)
        acts = sorted(((act.value, name_of("act", act.value)) for act in Act), key=lambda each: each[1])
        return self.page(
            "audit.html", actor, "audit", lines=shown, said=dict.fromkeys(FIELDS, "") | said, acts=acts, older=older, newest=before is None,
            query=query, name=name_of, moment=self._moment, most=EXPORTED,
        )  # fmt: skip

    async def _file(self, request: Request) -> Response:
        actor = checked(actor_of(request), Verb.SEE_AUDIT)
        wanted = self._wanted(_said(request))
        await self.write(actor, export_traces, wanted.named())
        found = await self.read(actor, search, wanted, None, EXPORTED)
        name = f"audit-{self._moment(self.now()):%Y%m%d-%H%M%S}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
        return Response(as_csv(found, self._moment), media_type="text/csv; charset=utf-8", headers=headers)

    def _wanted(self, said: dict[str, str]) -> Wanted:
        """Raises BadInput audit.bad_time, and what the words' own rules raise."""
        kept = {name: words.word(said[name], name, LONGEST) if name in said else None for name in ("who", "act", "case_no", "about")}
        return Wanted(**kept, since=self._instant(said.get("since")), until=self._instant(said.get("until")))

    def _instant(self, said: str | None) -> datetime | None:
        """A civil time without its zone, as the browser's field gives it."""
        if said is None:
            return None
        try:
            civil = datetime.fromisoformat(said)
            return civil.replace(tzinfo=UTC) - timedelta(seconds=self.settings.civil_offset_s)
        except (ValueError, OverflowError) as error:
            raise BadInput("time", code="audit.bad_time") from error

    def _moment(self, at: datetime) -> datetime:
        return at + timedelta(seconds=self.settings.civil_offset_s)


def _said(request: Request) -> dict[str, str]:
    return {name: value for name in FIELDS if (value := request.query_params.get(name, "").strip())}


def name_of(table: str, key: str | None) -> str:
    """How a person reads a word of a trace; a word that has no sentence stands as it is: it is from another version."""
    named = f"audit.{table}_{key}"
    return t(named) if named in t else key or ""


def as_csv(lines: Iterable[Line], civil: Callable[[datetime], datetime]) -> bytes:
    """With the mark by which a spreadsheet sees that it is UTF-8; nothing in it is a formula."""
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow([t(f"audit.{name}") for name in ("at", "who", "role", "act", "about", "fields", "reason", "result", "address", "id")])
    for line in lines:
        trace = line.trace
        about = " ".join(word for word in (name_of("kind", trace.object_kind), line.about, trace.object_id) if word)
        role = name_of("role", trace.actor_role)
        said = (line.who or trace.actor_id, role, name_of("act", trace.act), about, "、".join(map(str, trace.fields)), trace.reason or "")
        written = (f"{civil(trace.at):%Y-%m-%d %H:%M:%S}", *said, name_of("result", trace.result), trace.address or "", trace.id)
        table.writerow([cell(word) for word in written])
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def cell(text: str) -> str:
    """A text that a spreadsheet would reckon with is quoted by an apostrophe."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) or text.startswith(FORMULA) else text

"""`/centre/screening/figures`: what screenings have led to, by year, month and session; every figure opens the list that it counts."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.said import actor_of
from dashboard.screening.doors import Doors
from dashboard.screening.money import wan, yuan
from dashboard.screening.results import day_text
from dashboard.sign_in import in_sentences
from data.errors import BadInput, NotPermitted
from data.queries.screening_figures import held_sessions, years
from data.rules.civil import civil_day
from data.rules.permissions import Actor, Verb, may
from data.rules.screening import ScreeningKind
from data.rules.screening_figures import FUNNEL, Count, Figure, Held, by_month, count, counts, figure_of, money_cents, share_pct

TILES = (Figure.SESSIONS, Figure.CASES, Figure.INVITED, Figure.PRESENT, Figure.PAID, Figure.SETTLED, Figure.PROMISED, Figure.KEPT_7)
COLUMNS = (*TILES, Figure.KEPT)
WIDEST = 1000  # of the funnel's picture, in its own units


class Figures(Doors):
    """Below `/centre/screening/figures`."""

    def routes(self) -> list[Route]:
        return [
            Route("/figures", in_sentences(self._page, self.settings.demo), methods=["GET"]),
            Route("/figures/list", in_sentences(self._list, self.settings.demo), methods=["GET"]),
        ]

    async def _page(self, request: Request) -> Response:
        """`?year=`, `?kind=` SCREENING or LIKE_CASE, both without it."""
        actor, asked = _host(request), Asked.of(request, self._today())
        sessions = await self._sessions(actor, asked)
        shown = {"tiles": TILES, "columns": COLUMNS, "counts": counts, "funnel": funnel(sessions), "pct": share_pct, "Figure": Figure}
        there = await self.read(actor, years, self.settings.civil_offset_s, self._today())
        return self._draw(
            "figures.html", asked, sessions=sessions, months=by_month(sessions), money=money_cents, years=there, kinds=list(ScreeningKind),
            **shown,
        )  # fmt: skip

    async def _list(self, request: Request) -> Response:
        """`?figure=`, and what the page was narrowed by: year, kind, month, screening."""
        actor, asked = _host(request), Asked.of(request, self._today())
        figure = figure_of(request.query_params.get("figure"))
        sessions = await self._sessions(actor, asked)
        return self._draw("figures_list.html", asked, sessions=sessions, figure=figure, total=count(sessions, figure))

    async def _sessions(self, actor: Actor, asked: "Asked") -> list[Held]:
        found = await self.read(actor, held_sessions, asked.year, self.settings.civil_offset_s, asked.kind)
        return [each for each in found if asked.holds(each)]

    def _today(self) -> date:
        return civil_day(self.now(), self.settings.civil_offset_s)

    def _draw(self, template: str, asked: "Asked", **holes: Any) -> Response:
        return self.page(template, asked=asked, wan=wan, yuan=yuan, day=day_text, **holes)


class Asked:
    """What the page is narrowed to, as its address says."""

    def __init__(self, year: int, kind: str | None = None, month: str | None = None, screening: str | None = None) -> None:
        self.year, self.kind, self.month, self.screening = year, kind, month, screening

    @classmethod
    def of(cls, request: Request, today: date) -> "Asked":
        """Raises BadInput."""
        said = request.query_params
        year, kind, month = said.get("year", str(today.year)), said.get("kind") or None, said.get("month") or None
        if not (year.isascii() and year.isdigit() and len(year) == 4 and 1990 <= int(year) <= 9000):
            raise BadInput("year", code="input.bad")
        if kind is not None and kind not in list(ScreeningKind):
            raise BadInput("kind", code="input.bad")
        return cls(int(year), kind, month, said.get("screening") or None)

    def holds(self, each: Held) -> bool:
        return (self.month is None or f"{each.on:%Y-%m}" == self.month) and (self.screening is None or each.id == self.screening)

    def way(self, **other: object) -> str:
        """The address of the same with something else."""
        said = {"year": self.year, "kind": self.kind, "month": self.month, "screening": self.screening} | other
        return urlencode({name: value for name, value in said.items() if value})


def funnel(sessions: list[Held]) -> list[tuple[Figure, Count, int, int | None]]:
    """Its four bars: which, how many, how wide, how much per cent of those who were invited."""
    invited = count(sessions, Figure.INVITED).n
    found = [(figure, count(sessions, figure)) for figure in FUNNEL]
    return [(figure, each, round(WIDEST * each.n / invited) if invited else 0, share_pct(each.n, invited)) for figure, each in found]


def _host(request: Request) -> Actor:
    actor = actor_of(request)
    if not may(actor, Verb.HOST_SCREENING):
        raise NotPermitted("figures", verb=Verb.HOST_SCREENING.value)
    return actor

"""After the film: who was spoken to, what was promised, settled and paid, the paper that each takes home, and what became of it.

By seat and number; a name is shown to the host only after a press, for some seconds, and the press leaves a trace.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.i18n import in_script, t
from dashboard.said import Said, actor_of, text_of
from dashboard.screening.doors import Doors, Handler, one_id
from dashboard.screening.money import capital, wan, yuan
from dashboard.sign_in import in_sentences
from data.actions import outcomes
from data.errors import BadInput
from data.queries.outcomes import ResultsView, of_attendee, one_person, results
from data.queries.people import duty_phone
from data.rules import promises, settlements
from data.rules.civil import civil_day, clock_text
from data.rules.permissions import Actor
from data.rules.settlements import Yes

DUE = (("tomorrow", promises.TOMORROW), ("week", promises.WEEK), ("month", promises.MONTH))


class Results(Doors):
    """Below `/centre/screening/{id}/results` and `/centre/screening/attendees`."""

    def routes(self) -> list[Route]:
        said: dict[str, Handler] = {
            "/attendees/{id}/interview": self._interview, "/attendees/{id}/promise": self._promise, "/attendees/{id}/settle": self._settle,
            "/attendees/{id}/pay": self._pay, "/attendees/{id}/name": self._name, "/settlements/{id}/confirm": self._confirm,
            "/outcomes/{id}/take-back": self._take_back,
        }  # fmt: skip
        pages: dict[str, Callable[[Request], Any]] = {
            "/{id}/results": self._page, "/{id}/summary": self._summary, "/attendees/{id}/sheet": self._sheet,
        }  # fmt: skip
        return [
            *(Route(path, self.told(handler), methods=["POST"]) for path, handler in said.items()),
            *(Route(path, in_sentences(page, self.settings.demo), methods=["GET"]) for path, page in pages.items()),
        ]

    # --- pages ---

    async def _page(self, request: Request) -> Response:
        """`?of=` an attendee: his panel is open; `?made=1`: something of his was just written down."""
        view = await self._view(actor_of(request), one_id(request))
        asked = request.query_params.get("of")
        person = one_person(view, asked) if asked else None
        return self._draw("results.html", view=view, person=person, made="made" in request.query_params, due=self._due_days())

    async def _sheet(self, request: Request) -> Response:
        """What he takes home, on one A4 page; opening it leaves a trace, for his name stands on it."""
        actor, attendee_id = actor_of(request), one_id(request)
        view = await self._view(actor, await self.read(actor, of_attendee, attendee_id))
        opened = await self.write(actor, outcomes.read_outcomes, attendee_id)
        phone, person = await self.read(actor, duty_phone), one_person(view, attendee_id)
        return self._draw("outcome_sheet.html", view=view, person=person, opened=opened, now=self.now(), duty_phone=phone)

    async def _summary(self, request: Request) -> Response:
        """The session on paper, without a name."""
        view = await self._view(actor_of(request), one_id(request))
        return self._draw("summary.html", view=view, now=self.now())

    # --- doors ---

    async def _interview(self, actor: Actor, attendee_id: str, _: Said) -> Said:
        return {"new": await self.write(actor, outcomes.hold_interview, attendee_id)}

    async def _promise(self, actor: Actor, attendee_id: str, said: Said) -> Said:
        """{"cents", "due_on": "2026-01-19", a day of the court's calendar}."""
        return {"id": await self.write(actor, outcomes.make_promise, attendee_id, cents_of(said), day_of(said, "due_on"))}

    async def _settle(self, actor: Actor, attendee_id: str, said: Said) -> Said:
        """{"cents", "terms", "yes": PRESENT | PHONE | LATER}."""
        given = cents_of(said), text_of(said, "terms"), text_of(said, "yes")
        return {"id": await self.write(actor, outcomes.settle, attendee_id, *given)}

    async def _confirm(self, actor: Actor, settlement_id: str, said: Said) -> Said:
        """{"yes": PRESENT | PHONE}."""
        await self.write(actor, outcomes.confirm_settlement, settlement_id, text_of(said, "yes"))
        return {}

    async def _pay(self, actor: Actor, attendee_id: str, said: Said) -> Said:
        """{"cents", "receipt"}."""
        return {"id": await self.write(actor, outcomes.pay_on_the_spot, attendee_id, cents_of(said), text_of(said, "receipt"))}

    async def _take_back(self, actor: Actor, outcome_id: str, said: Said) -> Said:
        """{"kind": promise | settlement | spot_payment, "why"}."""
        await self.write(actor, outcomes.take_back, text_of(said, "kind"), outcome_id, text_of(said, "why"))
        return {}

    async def _name(self, actor: Actor, attendee_id: str, _: Said) -> Said:
        called = await self.write(actor, outcomes.read_attendee, attendee_id)
        return {"name": called.name, "phone": called.phone}

    # --- the parts ---

    async def _view(self, actor: Actor, screening_id: str) -> ResultsView:
        return await self.read(actor, results, screening_id, self.now(), self.settings.civil_offset_s)

    def _due_days(self) -> list[tuple[str, str]]:
        """What one touch offers: (word, day)."""
        today = civil_day(self.now(), self.settings.civil_offset_s)
        return [(t(f"outcome.due_{name}"), (today + timedelta(days=days)).isoformat()) for name, days in DUE]

    def _draw(self, template: str, **holes: Any) -> Response:
        today = civil_day(self.now(), self.settings.civil_offset_s)
        helps = {
            "yuan": yuan,
            "wan": wan,
            "capital": capital,
            "day": day_text,
            "time": self._time,
            "rules": settlements,
            "yeses": list(Yes),
        }
        texts = in_script(t.alone("outcome"))
        return self.page(template, today=today.isoformat(), texts=texts, **helps, **holes)

    def _time(self, moment: datetime | None) -> str:
        if moment is None:
            return ""
        civil = moment + timedelta(seconds=self.settings.civil_offset_s)
        return t("sheet.time", date=day_text(civil.date()), time=f"{civil:%H:%M}")

    def _clock(self, moment: datetime) -> str:
        return clock_text(moment, self.settings.civil_offset_s)


def day_text(day: date) -> str:
    return t("outcome.day", year=day.year, month=day.month, day=day.day)


def cents_of(said: Said) -> int:
    return promises.check_amount(said.get("cents"))


def day_of(said: Said, name: str) -> date:
    """Raises BadInput."""
    try:
        return date.fromisoformat(text_of(said, name))
    except ValueError as error:
        raise BadInput(name, code="promise.day") from error

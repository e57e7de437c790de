"""The people of a session: who is proposed and invited, their letters, and the door, which says seats and never a name."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard.i18n import in_script, t
from dashboard.said import Said, actor_of, as_json, text_of
from dashboard.screening.doors import Doors, Handler, one_id
from dashboard.sign_in import in_sentences
from data.actions import attendees, room_help, screenings, sign_ins
from data.actions.attendees import Invited
from data.actions.screenings import Plan
from data.errors import BadInput, NotFound, RuleBroken
from data.queries import people as read
from data.queries.people import Candidates, Wanted
from data.queries.screenings import ScreeningView, one_screening
from data.rules import attendees as rules
from data.rules import words
from data.rules.permissions import Actor, Sight
from data.rules.screening import BEFORE, MATERIALS

SAID_LONGEST = 40
YUAN = 10_000 * 100  # the filter is typed in 万元
LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


class People(Doors):
    """Below `/centre/screening/{id}`."""

    def routes(self) -> list[Route]:
        pages = {"people": self._people_page, "letters": self._letters, "cards": self._cards, "door": self._door_page}
        said: dict[str, Handler] = {
            "plan": self._plan, "invite": self._invite, "take-off": self._take_off, "flag": self._flag, "photo": self._photo,
            "materials": self._materials, "check-in": self._check_in, "undo": self._undo, "leave": self._leave, "help": self._help,
        }  # fmt: skip
        return [
            *(Route(f"/{{id}}/{name}", in_sentences(page, self.settings.demo), methods=["GET"]) for name, page in pages.items()),
            *(Route(f"/{{id}}/{name}", self.told(handler), methods=["POST"]) for name, handler in said.items()),
            Route("/{id}/counts", self.asked(self._counts), methods=["GET"]),
        ]

    # --- planning and inviting ---

    async def _people_page(self, request: Request) -> Response:
        """`?cause=`, `?area=`, `?most=` (万元), `?said=` filter who is proposed, `?page=` is which of them.

        The names of those invited leave a trace.
        """
        actor, screening_id, wanted = actor_of(request), one_id(request), _wanted(request)

        def found(session: Any, sight: Sight) -> tuple[ScreeningView, Candidates, list[str], list[tuple[str, str]], list[Any]]:
            view = one_screening(session, sight, screening_id, self.now())
            nobody = Candidates([], 0, 1, 1)
            proposed = read.candidates(session, sight, screening_id, wanted) if view.state in BEFORE else nobody
            shared = read.shared_with_clips(session, sight, self.journal.sealing, screening_id) if view.state in BEFORE else []
            return view, proposed, read.causes(session, sight), read.areas(session, sight), shared

        view, proposed, causes, areas, shared = await self.read(actor, found)
        invited = await self.write(actor, attendees.read_people, screening_id)
        return self.page(
            "people.html", screening=view, before=view.state in BEFORE, proposed=proposed, invited=invited, causes=causes, areas=areas,
            shared=shared, wanted=wanted, at=_at(request), most=request.query_params.get("most", ""), time=self.civil, local=self._local,
            materials=MATERIALS, texts=in_script(t.alone("people")),
        )  # fmt: skip

    async def _plan(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"kind", "cause", "held" (civil, 2026-01-14T15:00), "place"}, all but kind may be null."""
        cause, place = (text_of(said, name) if said.get(name) else None for name in ("cause", "place"))
        plan = Plan(text_of(said, "kind"), cause, self._moment(said, "held"), place)
        await self.write(actor, screenings.change_plan, screening_id, plan)
        return {}

    async def _invite(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"parties": ids, "ground", "questioned" (civil) of a summons}. All of them or nobody."""
        parties = _names(said, "parties")
        if len(parties) > rules.INVITED_MOST:
            raise BadInput("parties", code="input.bad")
        if not parties:
            raise BadInput("parties", code="attendee.nobody")
        made = await self.write(
            actor, attendees.invite_all, screening_id, parties, text_of(said, "ground"), self._moment(said, "questioned")
        )
        return {"invited": len(made)}

    async def _take_off(self, actor: Actor, _: str, said: Said) -> Said:
        return {"done": await self.write(actor, attendees.take_off, text_of(said, "attendee"))}

    async def _flag(self, actor: Actor, _: str, said: Said) -> Said:
        """{"party", "minor", "unfit"}."""
        await self.write(actor, attendees.flag_party, text_of(said, "party"), _bool(said, "minor"), _bool(said, "unfit"))
        return {}

    async def _photo(self, actor: Actor, _: str, said: Said) -> Said:
        await self.write(actor, attendees.note_photo_consent, text_of(said, "attendee"), _bool(said, "consents"))
        return {}

    async def _materials(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"there": names of the checklist, "gone": others that are not there after all}."""
        there, gone = (_names(said, name) for name in ("there", "gone"))
        await self.write(actor, screenings.tick_materials, screening_id, there, gone)
        return {}

    # --- letters ---

    async def _letters(self, request: Request) -> Response:
        """White A4, one sheet for each invitation and one for each summons; `?of=` for one person. Raises RuleBroken attendee.no_time."""
        actor, screening_id, one = actor_of(request), one_id(request), request.query_params.get("of")

        def found(session: Any, sight: Sight) -> tuple[ScreeningView, str | None]:
            return one_screening(session, sight, screening_id, self.now()), read.duty_phone(session, sight)

        view, phone = await self.read(actor, found)
        if view.held_at is None or view.place is None:
            raise RuleBroken("no time", code="attendee.no_time")
        invited = [each for each in await self.write(actor, attendees.read_people, screening_id) if one in (None, each.id)]
        if not invited:
            raise NotFound("attendee", code="not_found.attendee")
        return self.page(
            "letters.html", screening=view, invited=invited, phone=phone, date=self._date, code=_code, qr=_qr, objecting=self._objecting,
            today=self.now(),
        )  # fmt: skip

    async def _cards(self, request: Request) -> Response:
        """A card for each seat that is taken: its number, and the code to object by. No name."""
        actor, screening_id = actor_of(request), one_id(request)

        def found(session: Any, sight: Sight) -> ScreeningView:
            return one_screening(session, sight, screening_id, self.now())

        view = await self.read(actor, found)
        seated = [each for each in await self.write(actor, attendees.read_people, screening_id) if each.seat is not None]
        seated.sort(key=lambda each: each.seat or 0)
        return self.page("cards.html", screening=view, seated=seated, objecting=self._objecting)

    def _objecting(self, who: Invited) -> str:
        """The address of his own page, as a picture; nothing in it says who he is."""
        return segno.make(f"{self.settings.origin}/object/{who.objecting}", error="m").svg_data_uri(border=2, scale=4)

    # --- the door ---

    async def _door_page(self, request: Request) -> Response:
        """No list, no name: a field, a seat number, how many are there."""
        actor, screening_id = actor_of(request), one_id(request)

        def found(session: Any, sight: Sight) -> ScreeningView:
            return one_screening(session, sight, screening_id, self.now())

        view = await self.read(actor, found)
        said = {"base": f"/centre/screening/{view.id}", "tablet": False, "locked": False} | await self._told_counts(actor, screening_id)
        return self.page("door.html", said=in_script(said), texts=in_script(t.alone("door")), at="/centre/screening/static")

    async def _check_in(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"code": as scanned or typed}."""
        seat = await self.write(actor, sign_ins.check_in, screening_id, text_of(said, "code"))
        return {"seat": seat.seat, "back": seat.back} | await self._told_counts(actor, screening_id)

    async def _undo(self, actor: Actor, screening_id: str, said: Said) -> Said:
        seat = said.get("seat")
        if not isinstance(seat, int) or isinstance(seat, bool):
            raise BadInput("seat", code="input.bad")
        await self.write(actor, sign_ins.undo_check_in, screening_id, seat)
        return await self._told_counts(actor, screening_id)

    async def _leave(self, actor: Actor, screening_id: str, said: Said) -> Said:
        """{"code": a seat's number, or a code}."""
        seat = await self.write(actor, sign_ins.leave, screening_id, text_of(said, "code"))
        return {"seat": seat} | await self._told_counts(actor, screening_id)

    async def _help(self, actor: Actor, screening_id: str, _: Said) -> Said:
        await self.write(actor, room_help.ask_help, screening_id)
        return await self._told_counts(actor, screening_id)

    async def _counts(self, request: Request) -> Response:
        return as_json(await self._told_counts(actor_of(request), one_id(request)))

    async def _told_counts(self, actor: Actor, screening_id: str) -> Said:
        """{"state", "present", "invited", "help": {"by"} | None}."""

        def found(session: Any, sight: Sight) -> Said:
            state = one_screening(session, sight, screening_id, self.now()).state
            return {"state": state} | people_told(session, sight, screening_id)

        return await self.read(actor, found)

    # --- civil time ---

    def civil(self, moment: datetime | None) -> str:
        return "" if moment is None else f"{self._offset(moment):%Y-%m-%d %H:%M}"

    def _local(self, moment: datetime | None) -> str:
        """As a field of the page takes it."""
        return "" if moment is None else f"{self._offset(moment):%Y-%m-%dT%H:%M}"

    def _date(self, moment: datetime, with_time: bool = True) -> str:
        """As a letter says it."""
        civil = self._offset(moment)
        given = {"year": civil.year, "month": civil.month, "day": civil.day, "weekday": t(f"people.weekday_{civil.isoweekday()}")}
        return t("people.date_time" if with_time else "people.date", time=f"{civil:%H:%M}", **given)

    def _offset(self, moment: datetime) -> datetime:
        return moment.astimezone(UTC) + timedelta(seconds=self.settings.civil_offset_s)

    def _moment(self, said: Said, name: str) -> datetime | None:
        """Raises BadInput."""
        if said.get(name) in (None, ""):
            return None
        value = text_of(said, name)
        if not LOCAL.fullmatch(value):
            raise BadInput(name, code="input.bad")
        try:
            return datetime.fromisoformat(value).replace(tzinfo=UTC) - timedelta(seconds=self.settings.civil_offset_s)
        except (ValueError, OverflowError) as error:
            raise BadInput(name, code="input.bad") from error


def people_told(session: Any, sight: Sight, screening_id: str) -> Said:
    """What console and door say of the people: numbers, and whether somebody comes to help."""
    counted, cry = read.counts(session, sight, screening_id), read.newest_help(session, sight, screening_id)
    return {"present": counted.present, "invited": counted.invited, "help": cry and {"by": cry.by}}


def _wanted(request: Request) -> Wanted:
    asked = request.query_params
    most = asked.get("most", "")
    cents = int(float(most) * YUAN) if re.fullmatch(r"\d{1,6}(\.\d{1,4})?", most) else None
    cause, area = asked.get("cause") or None, asked.get("area") or None
    said, page = (asked.get("said") or "").strip()[:SAID_LONGEST] or None, asked.get("page", "1")
    number = int(page) if re.fullmatch(r"\d{1,4}", page) else 1
    return Wanted(words.word_or_none(cause, "cause", 64), words.word_or_none(area, "area", 32), cents, said, number)


def _at(request: Request) -> Callable[[int], str]:
    """The address of another page of the same list."""
    kept = {name: value for name, value in request.query_params.items() if name in ("cause", "area", "most", "said") and value}
    return lambda page: "?" + urlencode(kept | {"page": page}) + "#invite"


def _bool(said: Said, name: str) -> bool:
    value = said.get(name)
    if not isinstance(value, bool):
        raise BadInput(name, code="input.bad")
    return value


def _code(who: Invited) -> str:
    return rules.written(who.code or "")


def _qr(who: Invited) -> str:
    """The code alone: whoever finds the letter learns nothing from the picture."""
    return segno.make(who.code or "", error="m").svg_data_uri(border=2, scale=4)


def _names(said: Said, name: str) -> list[str]:
    """A list of words; none when nothing is said of it. Raises BadInput input.bad."""
    names = said.get(name, [])
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise BadInput(name, code="input.bad")
    return names

"""`/join`: a leader opens the link he was sent, reads five lines, presses one button, waits, and is let in by the desk.

Opening, previewing and prefetching change nothing; the button uses the link up and binds this browser. Picture and sound are the page's
own business (`static/media.mjs`), by tokens that `/api/media/tokens` gives to nobody who was not let in.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.i18n import in_script, of_error, t
from dashboard.join.doors import Doors
from dashboard.said import text_of
from dashboard.sign_in import JOIN
from data.actions import invitations, whispers
from data.actions.participants import release_command, take_command
from data.attempts import EVERYWHERE
from data.errors import BadInput, NotFound, NotSignedIn, RuleBroken
from data.identity import nobody
from data.queries.joining import Brief, brief, room
from data.rules.links import closed
from data.rules.permissions import Actor


class Join(Doors):
    """The leader's pages."""

    face: ClassVar[str] = "/join"
    cookie: ClassVar[str] = JOIN
    kind: ClassVar[str] = "JOIN"
    files: ClassVar[dict[str, str]] = {
        "join.css": "text/css",
        "join.mjs": "text/javascript",
        "media.mjs": "text/javascript",
        "guest.mjs": "text/javascript",
    }

    def app(self) -> Starlette:
        """The sub-app for `/join`."""
        told = {
            "/digits": self.digits,
            "/factor": self._factor,
            "/leave": self.leave,
            "/command": self._command,
            "/whisper": self._whisper,
            "/voice": self._voice,
            "/conclude": self._conclude,
        }
        return Starlette(
            routes=[
                Route("/", self.answered(self._room), methods=["GET"]),
                Route("/static/{name}", self.file, methods=["GET"]),
                Route("/state", self.answered(self.state), methods=["GET"]),
                *(Route(path, self.answered(self.told(handler)), methods=["POST"]) for path, handler in told.items()),
                Route("/{secret}", self.answered(self._show), methods=["GET"]),
                Route("/{secret}", self.answered(self._enter), methods=["POST"]),
            ]
        )

    # --- before the button ---

    async def _show(self, request: Request) -> Response:
        """The five lines. Nothing changes, however often it is opened and by whatever fetches it."""
        found = await self._brief(request.path_params["secret"])
        if found is None:
            if await self.guest(request) is not None:
                return RedirectResponse("/join/", 303)
            self.attempts.stranger(request.state.address)
            raise closed()
        return HTMLResponse(self.draw("brief.html", brief=found, lines=lines_of(found), now=self.now()))

    async def _enter(self, request: Request) -> Response:
        secret = request.path_params["secret"]
        try:
            entered = await self.write(nobody(request.state.address), invitations.enter_waiting_room, secret)
        except NotFound:
            self.attempts.stranger(request.state.address)
            raise
        except RuleBroken as error:
            found = await self._brief(secret)
            if found is None:
                raise
            page = self.draw("brief.html", brief=found, lines=lines_of(found), now=self.now(), said=of_error(error))
            return HTMLResponse(page, error.status)
        return self.bound(entered)

    async def _brief(self, secret: str) -> Brief | None:
        found: Brief | None = await self._about(brief, secret)
        return found

    # --- afterwards: this device only ---

    async def _room(self, request: Request) -> Response:
        if await self.guest(request) is None:
            raise NotSignedIn("no guest", code="join.closed")
        texts = in_script(t.alone("join"))
        return HTMLResponse(self.draw("room.html", texts=texts))

    async def said(self, guest: Actor) -> dict[str, Any] | None:
        found: dict[str, Any] | None = await self._about(room, guest)
        return found

    async def _about(self, query: Callable[..., Any], about: object) -> Any:
        return await self.read(query, about, self.now(), self.settings.civil_offset_s, self.settings.court_code, say=t)

    async def _factor(self, guest: Actor, said: dict[str, Any]) -> dict[str, Any]:
        """A code of his own authenticator instead of the digits; wrong ones count for his account, as at the sign-in page."""
        account = f"factor:{guest.officer_id}"
        self.attempts.begin(account, EVERYWHERE)
        right: bool | None = None
        try:
            right = await self.write(guest, invitations.type_factor, text_of(said, "code"))
        finally:
            if right is not False:  # he is he, or what he typed was no guess
                self.attempts.succeeded(account, EVERYWHERE)
        return {"right": right}

    async def _command(self, guest: Actor, said: dict[str, Any]) -> dict[str, Any]:
        return {"done": await self.write(guest, take_command if said.get("on") else release_command, text_of(said, "call"))}

    async def _whisper(self, guest: Actor, said: dict[str, Any]) -> dict[str, Any]:
        return {"id": await self.write(guest, whispers.whisper, text_of(said, "call"), text_of(said, "text"))}

    async def _voice(self, guest: Actor, said: dict[str, Any]) -> dict[str, Any]:
        """to: ear, scene, or nobody."""
        to = {"ear": whispers.begin_whisper, "scene": whispers.begin_speaking, "nobody": whispers.fall_silent}.get(text_of(said, "to"))
        if to is None:
            raise BadInput("to", code="input.bad")
        return {"done": await self.write(guest, to, text_of(said, "call"))}

    async def _conclude(self, guest: Actor, said: dict[str, Any]) -> dict[str, Any]:
        return {"id": await self.write(guest, invitations.conclude_call, text_of(said, "text"))}


def lines_of(found: Brief) -> list[tuple[str, str]]:
    """The five lines: (name, text). What is not known is said to be so; the fifth is what is asked of him."""
    call, case = found.call or {}, found.case
    money = t("join.claim", n=f"{case['claim_cents'] / 1_000_000:.1f}") if case.get("claim_cents") else None
    people = t("join.people", team=call.get("team") or "", n=found.people) if found.people else call.get("team")
    listed = {
        "case": call.get("case_no") or t("join.no_case"),
        "matter": _both("join.two", call.get("matter"), money),
        "scene": _both("join.two", call.get("place"), people),
        "parties": _both("join.parties_of", case.get("applicant"), case.get("debtor")),
        "ask": found.ask or t("join.ask_none"),
    }
    return [(t(f"join.line_{name}"), text or t("join.unknown")) for name, text in listed.items()]


def _both(key: str, first: str | None, second: str | None) -> str:
    """Both in one sentence, or the one that is known."""
    return t(key, first=first, second=second) if first and second else first or second or ""

"""`/party`: a party opens the link that the desk sent him, reads the notice, agrees or not by a button, waits, and is let in by the desk.

Opening, previewing and prefetching change nothing. The cookie that the button gives opens these pages and, once he is in, tokens for the
court's side of this one talk: no other door takes it.
"""

from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.i18n import in_script, of_error, t
from dashboard.join.doors import Doors
from dashboard.sign_in import PARTY
from data.actions.parties import Answer, answer_notice
from data.errors import BadInput, NotFound, NotSignedIn, RuleBroken
from data.identity import nobody
from data.queries.party import Notice, notice, place
from data.rules.links import closed
from data.rules.permissions import Actor
from streaming.positions_door import body_from

ANSWERS = {"consent": True, "refuse": False}
NOTICE = ("what", "recorded", "seen", "leave", "rights", "safe")
LONGEST_MS = 86_400_000


class PartyDoors(Doors):
    """The party's pages."""

    face: ClassVar[str] = "/party"
    cookie: ClassVar[str] = PARTY
    kind: ClassVar[str] = "PARTY"
    files: ClassVar[dict[str, str]] = {"party.css": "text/css", "party.mjs": "text/javascript", "guest.mjs": "text/javascript"}

    def app(self) -> Starlette:
        """The sub-app for `/party`."""
        return Starlette(
            routes=[
                Route("/", self.answered(self._room), methods=["GET"]),
                Route("/static/{name}", self.file, methods=["GET"]),
                Route("/state", self.answered(self.state), methods=["GET"]),
                Route("/digits", self.answered(self.told(self.digits)), methods=["POST"]),
                Route("/leave", self.answered(self.told(self.leave)), methods=["POST"]),
                Route("/{secret}", self.answered(self._show), methods=["GET"]),
                Route("/{secret}", self.answered(self._answer), methods=["POST"]),
            ]
        )

    # --- before the button ---

    async def _show(self, request: Request) -> Response:
        """The notice. Nothing changes, however often it is opened and by whatever fetches it."""
        found = await self._notice(request.path_params["secret"])
        if found is None:
            if await self.guest(request) is not None:
                return RedirectResponse("/party/", HTTPStatus.SEE_OTHER)
            self.attempts.stranger(request.state.address)
            raise closed()
        return HTMLResponse(self._drawn(found))

    async def _answer(self, request: Request) -> Response:
        """Agreed, or not: either uses the link up."""
        secret, answer = request.path_params["secret"], answer_of(await body_from(request.receive))
        try:
            entered = await self.write(nobody(request.state.address), answer_notice, secret, answer)
        except NotFound:
            self.attempts.stranger(request.state.address)
            raise
        except RuleBroken as error:
            found = await self._notice(secret)
            if found is None:
                raise
            return HTMLResponse(self._drawn(found, of_error(error)), error.status)
        return self.bound(entered) if entered is not None else HTMLResponse(self.draw("party_declined.html"))

    async def _notice(self, secret: str) -> Notice | None:
        found: Notice | None = await self.read(notice, secret, self.now())
        return found

    def _drawn(self, found: Notice, said: str | None = None) -> str:
        lines = [(t(f"party.notice_{name}_title"), t(f"party.notice_{name}")) for name in NOTICE]
        return self.draw("party_notice.html", court=found.court, notice=found, lines=lines, now=self.now(), said=said)

    # --- afterwards: this device only ---

    async def _room(self, request: Request) -> Response:
        if await self.guest(request) is None:
            raise NotSignedIn("no guest", code="join.closed")
        texts = in_script(t.alone("party"))
        return HTMLResponse(self.draw("party_room.html", texts=texts))

    async def said(self, guest: Actor) -> dict[str, Any] | None:
        found: dict[str, Any] | None = await self.read(place, guest)
        return found


def answer_of(body: bytes) -> Answer:
    """What the form says. Raises BadInput: neither of the two buttons."""
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=4)
    except ValueError as error:
        raise BadInput("form", code="input.bad") from error
    consents = ANSWERS.get(fields.get("answer", [""])[0])
    if consents is None:
        raise BadInput("answer", code="input.bad")
    read_ms = fields.get("read_ms", ["0"])[0]
    known = read_ms.isascii() and read_ms.isdigit() and len(read_ms) < 10
    return Answer(consents, min(int(read_ms), LONGEST_MS) if known else 0)

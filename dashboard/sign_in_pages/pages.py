"""What the pages before the centre do. Looking (GET, HEAD, prefetch) changes nothing; a button's POST does."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import orjson
import segno
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.i18n import of_error, t
from dashboard.sign_in import DESK, DIRECTOR, WALL, error_answer, error_headers, next_page, refusal_page
from dashboard.sign_in_pages import provider
from dashboard.sign_in_pages.drawing import draw
from dashboard.sign_in_pages.provider import Provider
from data.actions import accounts, links, second_factor, sessions
from data.actions.audit import record_audit
from data.actions.links import Lasts, LinkUse
from data.actions.second_factor import HalfOpen, Passed
from data.actions.sessions import Opened
from data.actions.sign_in_links import tell_owner
from data.attempts import EVERYWHERE, Attempts
from data.errors import BadInput, CommandCentreError, LaneFull, NotFound, NotSignedIn, ProviderUnavailable, TooLarge, TooMany
from data.identity import Identity, Proof, check_password, check_pin, nobody
from data.journal import Journal
from data.lanes import Lanes
from data.live_settings import current
from data.queries.links import LinkView, PairingView, link_view, pairing_view
from data.queries.second_factor import Asked, asked, enrolled
from data.rules.id_tokens import account_of, proves_factor
from data.rules.identity import Act, same_username
from data.rules.links import FACE, LIFETIME, Purpose, closed
from data.rules.permissions import Actor
from data.settings import Settings
from streaming.bearer import DEVICE_COOKIE

log = logging.getLogger(__name__)

PAIR = "ecc_pair"  # what a waiting wall's browser holds
FLOW = "ecc_oidc"  # what the browser of somebody holds who is at the court's identity provider
TICKET = "ecc_factor"  # what the browser of somebody holds whose code is missing
POLL_S = 3
BODY_BYTES = 4_096
HASHING = 2  # passwords looked at together: each takes 64 MiB and a core
HASHING_WAITS = 16

COOKIE = {
    Purpose.ENROL: DEVICE_COOKIE,
    Purpose.SIGN_IN: DESK,
    Purpose.HOST: DESK,
    Purpose.WALL: WALL,
    Purpose.PAIRING: WALL,
    Purpose.DIRECTOR: DIRECTOR,
}
Handler = Callable[[Request], Awaitable[Response]]


def build_sign_in(
    settings: Settings, identity: Identity, journal: Journal, lanes: Lanes, now: Callable[[], datetime], attempts: Attempts | None = None
) -> "SignIn":
    """The pages; `routes()` go to the front of the application's, `denied` to the gate."""
    return SignIn(settings, identity, journal, lanes, now, attempts or Attempts())


class SignIn:
    """Everything these pages stand on."""

    def __init__(
        self, settings: Settings, identity: Identity, journal: Journal, lanes: Lanes, now: Callable[[], datetime], attempts: Attempts
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._journal = journal
        self._lanes = lanes
        self._now = now
        self._attempts = attempts
        self._hashing = asyncio.Semaphore(HASHING)
        self._hashing_waits = 0
        self._lasts = lasts_of(settings)
        self._provider = Provider(settings, now) if settings.oidc_issuer else None

    def routes(self) -> list[Route]:
        style = Path(__file__).parent / "style.css"

        async def css(_: Request) -> Response:
            return FileResponse(style, media_type="text/css", headers={"cache-control": "no-cache"})

        return [
            Route("/", self._front, methods=["GET"]),
            Route("/sign-in/style.css", css, methods=["GET"]),
            Route("/sign-in", self._answered(self._show_sign_in), methods=["GET"]),
            Route("/sign-in", self._answered(self._sign_in), methods=["POST"]),
            Route("/sign-in/second", self._answered(self._show_second), methods=["GET"]),
            Route("/sign-in/factor", self._answered(self._show_factor), methods=["GET"]),
            Route("/sign-in/factor", self._answered(self._type_code), methods=["POST"]),
            Route("/sign-in/oidc", self._answered(self._to_provider), methods=["GET"]),
            Route("/sign-in/oidc/back", self._answered(self._from_provider), methods=["GET"]),
            Route("/password", self._answered(self._show_password), methods=["GET"]),
            Route("/password", self._answered(self._change_password), methods=["POST"]),
            Route("/link/{secret}", self._answered(self._show_link), methods=["GET"]),
            Route("/link/{secret}", self._answered(self._use_link), methods=["POST"]),
            Route("/pair", self._answered(self._pair), methods=["GET"]),
            Route("/lock", self._answered(self._show_lock), methods=["GET"]),
            Route("/lock", self._answered(self._lock), methods=["POST"]),
            Route("/unlock", self._answered(self._unlock), methods=["POST"]),
            Route("/sign-out", self._answered(self._show_sign_out), methods=["GET"]),
            Route("/sign-out", self._answered(self._sign_out), methods=["POST"]),
        ]

    async def denied(self, actor: Actor, door: str) -> None:
        """Leave the trace that somebody who is signed in stood before a door that is not his."""
        await self._write(actor, record_audit, Act.DENIED, "door", door, result="refused")

    def _answered(self, handler: Handler) -> Handler:
        """Our errors as a page, or as JSON for a page's own request."""

        async def answered(request: Request) -> Response:
            try:
                return await handler(request)
            except CommandCentreError as error:
                return error_answer(error) if _wants_json(request) else refusal_page(error, self._settings.demo)

        return answered

    async def _front(self, _: Request) -> Response:
        return _to("/centre/desk")

    # --- name and password ---

    async def _show_sign_in(self, request: Request) -> Response:
        target = next_page(request.query_params.get("next"))
        if await self._officer(request) is not None:
            return _to(target)
        return self._sign_in_page(target)

    async def _sign_in(self, request: Request) -> Response:
        form = await _form(request)
        target = next_page(form.get("next"))
        try:
            proof = await self._proof(request, form)
        except (TooMany, NotSignedIn, LaneFull) as error:
            return self._sign_in_page(target, error)
        if proof.must_change:
            return self._password_page(form["username"], said=t("sign_in.must_change"))
        return await self._enter(request, proof, target, enrol=bool(form.get("enrol")))

    async def _proof(self, request: Request, form: Mapping[str, str]) -> Proof:
        """Raises TooMany, NotSignedIn identity.wrong; both leave their trace."""
        username, address = same_username(form.get("username", "")), request.state.address
        self._attempts.begin(username, address)
        proof: Proof | None = await self._hashed(check_password, self._journal.database, username, form.get("password", ""))
        if proof is None:
            self._attempts.failed(username, address)
            await self._write(nobody(address), sessions.sign_in_failed, None, "wrong")
            raise NotSignedIn("wrong", code="identity.wrong")
        self._attempts.succeeded(username, address)
        return proof

    async def _enter(self, request: Request, proof: Proof, target: str, *, enrol: bool = False, passed: bool = False) -> Response:
        """The desk, or the page that asks for the code."""
        settings, by = await self._current(), nobody(request.state.address)
        required, lasts = settings.second_factor_roles, lasts_of(settings).desk
        opened = await self._write(by, second_factor.begin_sign_in, proof, required, lasts, enrol=enrol, passed=passed)
        if isinstance(opened, HalfOpen):
            return self._half_open(opened, target)
        return self._with_cookie(await self._first_told(by, opened, target), DESK, opened.token, lasts)

    async def _first_told(self, by: Actor, opened: Opened, target: str) -> Response:
        """The page to go to; before it, once, which links for his desk others have made. Who comes by such a link is not told here."""
        told = await self._write(by, tell_owner, opened.session_id)
        if not told:
            return _to(target)
        offset = timedelta(seconds=self._settings.civil_offset_s)
        links_made = [(f"{each.at + offset:%Y-%m-%d %H:%M}", each.by) for each in told]
        return HTMLResponse(draw("told.html", demo=self._settings.demo, told=links_made, next=target))

    def _at_desk(self, opened: Opened, target: str, lasts: timedelta) -> Response:
        return self._with_cookie(_to(target), DESK, opened.token, lasts)

    async def _current(self) -> Settings:
        """With what an administrator has changed since the start."""

        def read() -> Settings:
            with self._journal.database.reading() as session:
                return current(session, self._settings)

        return await self._lanes.readers.run(read)

    def _half_open(self, half: HalfOpen, target: str = "/centre/desk") -> Response:
        answer = _to(f"/sign-in/factor?next={quote(target, safe='/')}")
        return self._with_cookie(answer, TICKET, half.ticket, LIFETIME[Purpose.FACTOR], path="/sign-in/factor")

    # --- the second factor ---

    async def _show_second(self, _: Request) -> Response:
        return HTMLResponse(draw("second.html", demo=self._settings.demo))

    async def _show_factor(self, request: Request) -> Response:
        found = await self._asked(request)
        return self._factor_page(found, next_page(request.query_params.get("next"))) if found else _to("/sign-in")

    async def _type_code(self, request: Request) -> Response:
        form = await _form(request)
        target, found = next_page(form.get("next")), await self._asked(request)
        if found is None:
            raise closed()
        try:
            lasts = lasts_of(await self._current()).desk
            passed = await self._passed(request, found.officer_id, form.get("code", ""), lasts)
        except (TooMany, NotSignedIn, BadInput) as error:
            return self._factor_page(found, target, error)
        by = nobody(request.state.address)
        answer = self._recovery_page(passed, target) if passed.codes else await self._first_told(by, passed.opened, target)
        answer.delete_cookie(TICKET, path="/sign-in/factor")
        return self._with_cookie(answer, DESK, passed.opened.token, lasts)

    async def _passed(self, request: Request, officer_id: str, code: str, lasts: timedelta) -> Passed:
        """Counted by account, from wherever it is tried: who is here knows the password. Raises TooMany, NotSignedIn, BadInput."""
        with self._counted(officer_id, request.state.address):
            try:
                ticket = request.cookies.get(TICKET, "")
                done: Passed = await self._write(nobody(request.state.address), second_factor.pass_factor, ticket, code, lasts)
            except NotSignedIn:
                await self._write(nobody(request.state.address), second_factor.factor_failed, officer_id, "wrong_code")
                raise
        return done

    @contextmanager
    def _counted(self, officer_id: str, address: str) -> Iterator[None]:
        """Six wrong codes a minute of one account, wherever they come from; after that it waits. Raises TooMany."""
        account = f"factor:{officer_id}"
        self._attempts.begin(account, EVERYWHERE)
        try:
            yield
        except NotSignedIn:
            self._attempts.failed(account, address)
            raise
        except BadInput:  # no code at all: no guess
            self._attempts.succeeded(account, EVERYWHERE)
            raise
        self._attempts.succeeded(account, EVERYWHERE)

    async def _asked(self, request: Request) -> Asked | None:
        ticket = request.cookies.get(TICKET, "")

        def read() -> Asked | None:
            with self._journal.database.reading() as session:
                return asked(session, ticket, self._now(), self._journal.sealing, self._journal.court_name)

        return await self._lanes.readers.run(read) if ticket else None

    def _factor_page(self, found: Asked, target: str, error: CommandCentreError | None = None) -> Response:
        picture = segno.make(found.address, error="m").svg_inline(omitsize=True, border=4, light="#fff") if found.address else None
        said = of_error(error) if error else None
        page = draw("factor.html", demo=self._settings.demo, picture=picture, secret=found.secret, next=target, said=said)
        return HTMLResponse(page, error.status if error else 200, error_headers(error) if isinstance(error, TooMany) else None)

    def _recovery_page(self, passed: Passed, target: str) -> Response:
        return HTMLResponse(
            draw("recovery.html", demo=self._settings.demo, court=self._journal.court_name, codes=passed.codes, next=target)
        )

    def _sign_in_page(self, target: str, error: CommandCentreError | None = None) -> Response:
        said = of_error(error) if error else None
        other = self._settings.oidc_label if self._provider else None
        page = draw("sign_in.html", court=self._journal.court_name, demo=self._settings.demo, next=target, said=said, other=other)
        return HTMLResponse(page, error.status if error else 200, error_headers(error) if isinstance(error, TooMany) else None)

    # --- the court's own identity provider ---

    async def _to_provider(self, request: Request) -> Response:
        """Nothing is stored: what must be known when he comes back his browser keeps, sealed. One that cannot be asked leaves the form."""
        target = next_page(request.query_params.get("next"))
        if self._provider is None:
            raise NotFound("no provider")
        flow = provider.begin(target, self._now())
        try:
            answer = RedirectResponse(await self._provider.address(flow), HTTPStatus.SEE_OTHER)
        except ProviderUnavailable as error:
            return self._sign_in_page(target, error)
        kept = provider.seal(flow, self._journal.sealing)
        answer.set_cookie(
            FLOW, kept, max_age=provider.FLOW_S, path="/sign-in/oidc", secure=self._settings.secure, httponly=True, samesite="lax"
        )  # lax: he comes back from another site
        return answer

    async def _from_provider(self, request: Request) -> Response:
        if self._provider is None:
            raise NotFound("no provider")
        try:
            answer = await self._proved(request, self._provider)
        except (TooMany, NotSignedIn, ProviderUnavailable) as error:
            answer = self._sign_in_page("/centre/desk", error)
        answer.delete_cookie(FLOW, path="/sign-in/oidc")
        return answer

    async def _proved(self, request: Request, asked: Provider) -> Response:
        """Raises TooMany, NotSignedIn, ProviderUnavailable; a refusal leaves its trace, without a name."""
        address, by = request.state.address, nobody(request.state.address)
        self._attempts.begin(FLOW, address)
        try:
            state, code = provider.brought(request.query_params)
            flow = provider.unseal(request.cookies.get(FLOW, ""), state, self._journal.sealing, self._now())
            claims, settings = await asked.claims(code, flow), await self._current()
            name, proved = account_of(claims, settings.oidc_claim), proves_factor(claims, settings.oidc_second_factor)
            required, lasts = settings.second_factor_roles, lasts_of(settings).desk
            opened = await self._write(by, second_factor.begin_from_provider, name, state, required, lasts, proved=proved)
        except NotSignedIn as error:
            log.warning("the identity provider's word was not taken: %s", error)
            self._attempts.failed(FLOW, address)
            await self._write(by, sessions.sign_in_failed, None, "provider")
            raise
        self._attempts.succeeded(FLOW, address)
        if isinstance(opened, HalfOpen):
            return _from_ours(self._half_open(opened, flow.target))
        entered = _from_ours(await self._first_told(by, opened, flow.target))
        return self._with_cookie(entered, DESK, opened.token, lasts)

    # --- another password ---

    async def _show_password(self, _: Request) -> Response:
        return self._password_page("")

    async def _change_password(self, request: Request) -> Response:
        form = await _form(request)
        username = form.get("username", "")
        try:
            proof = await self._proof(request, form)
            own = replace(nobody(request.state.address), kind="OFFICER", id=proof.officer_id, officer_id=proof.officer_id)
            passed = await self._spent(request, own, form.get("code", ""))
            await self._hashed(self._journal.do, own, self._now(), accounts.set_password, proof.officer_id, form.get("fresh", ""))
            if form.get("pin"):
                await self._hashed(self._journal.do, own, self._now(), accounts.set_pin, proof.officer_id, form["pin"])
            fresh = await self._hashed(check_password, self._journal.database, username, form.get("fresh", ""))
        except (TooMany, NotSignedIn, BadInput, LaneFull) as error:
            return self._password_page(username, said=of_error(error), status=error.status)
        if fresh is None:
            raise NotSignedIn("changed meanwhile", code="identity.wrong")
        return await self._enter(request, fresh, "/centre/desk", passed=passed)

    async def _spent(self, request: Request, own: Actor, code: str) -> bool:
        """Who has an authenticator changes his password with a code of it only. Raises TooMany, NotSignedIn, BadInput."""
        officer_id = own.officer_id or ""
        if not await self._has_factor(officer_id):
            return False
        with self._counted(officer_id, request.state.address):
            if await self._write(own, second_factor.spend, officer_id, code) is None:
                await self._write(own, second_factor.factor_failed, officer_id, "wrong_code")
                raise NotSignedIn("code", code="identity.wrong_code")
        return True

    async def _has_factor(self, officer_id: str) -> bool:
        def read() -> bool:
            with self._journal.database.reading() as session:
                return officer_id in enrolled(session)

        return await self._lanes.readers.run(read)

    def _password_page(self, username: str, said: str | None = None, status: int = 200) -> Response:
        return HTMLResponse(draw("password.html", demo=self._settings.demo, username=username, said=said), status)

    # --- one-time links ---

    async def _show_link(self, request: Request) -> Response:
        view: LinkView | None = await self._read(link_view, request.path_params["secret"])
        if view is None:
            self._attempts.stranger(request.state.address)
            raise closed()
        return self._link_page(view)

    def _link_page(self, view: LinkView, error: CommandCentreError | None = None) -> Response:
        heading, said = t(f"sign_in.link_{view.purpose.value}", who=view.who or ""), of_error(error) if error else None
        reset, why = view.purpose is Purpose.RESET, t("sign_in.link_once")
        if reset:
            why = t("sign_in.link_reset_why")
        if view.first is not None:
            heading, why = t("sign_in.link_first"), t("sign_in.link_first_why", username=view.first)
        given = {"court": self._journal.court_name, "demo": self._settings.demo, "said": said}
        page = draw("link.html", **given, heading=heading, why=why, reset=reset)
        return HTMLResponse(page, error.status if error else 200)

    async def _use_link(self, request: Request) -> Response:
        secret, by = request.path_params["secret"], nobody(request.state.address)
        view: LinkView | None = await self._read(link_view, secret)
        try:
            if view is not None and view.purpose is Purpose.RESET:
                return await self._begin_anew(request, view, secret)
            settings = await self._current()
            used = await self._write(by, second_factor.use_link, secret, lasts_of(settings), settings.second_factor_roles)
        except NotFound:
            self._attempts.stranger(request.state.address)
            raise
        return self._half_open(used) if isinstance(used, HalfOpen) else self._entered(used)

    async def _begin_anew(self, request: Request, view: LinkView, secret: str) -> Response:
        """An administrator's own link, made at the machine: another password, and the authenticator is enrolled again."""
        form = await _form(request)
        settings = await self._current()
        required, lasts = settings.second_factor_roles, lasts_of(settings).desk
        anew = second_factor.begin_anew, secret, form.get("fresh", ""), required, lasts
        try:
            opened = await self._hashed(self._journal.do, nobody(request.state.address), self._now(), *anew)
        except BadInput as error:
            return self._link_page(view, error)
        self._identity.forget()
        target = FACE[Purpose.RESET]
        return self._half_open(opened, target) if isinstance(opened, HalfOpen) else self._at_desk(opened, target, lasts)

    def _entered(self, used: LinkUse) -> Response:
        return self._with_cookie(_to(used.face), COOKIE[used.purpose], used.token, used.lasts)

    # --- a wall without a keyboard ---

    async def _pair(self, request: Request) -> Response:
        """The page asks again by itself; the code is bound to this browser by its cookie. HEAD and prefetch begin nothing."""
        secret = request.cookies.get(PAIR, "")
        view: PairingView | None = await self._read(pairing_view, secret) if secret else None
        if request.method == "HEAD" or "prefetch" in request.headers.get("sec-purpose", request.headers.get("purpose", "")):
            return Response(status_code=HTTPStatus.NO_CONTENT)
        if view is not None and view.approved:
            used = await self._write(nobody(request.state.address), links.take_pairing, secret, lasts_of(await self._current()))
            if used is not None:
                answer = self._entered(used)
                answer.delete_cookie(PAIR, path="/pair")
                return answer
        if view is not None:
            return self._pair_page(request, view.code)
        self._attempts.stranger(request.state.address)  # a browser that asks again and again, keeping no cookie, waits
        pairing = await self._write(nobody(request.state.address), links.start_pairing)
        return self._with_cookie(self._pair_page(request, pairing.code), PAIR, pairing.secret, LIFETIME[Purpose.PAIRING], path="/pair")

    def _pair_page(self, request: Request, code: str) -> Response:
        """The code, and the address that the desk will see: who stands before the wall can compare."""
        page = draw("pair.html", demo=self._settings.demo, code=code, address=request.state.address, refresh_s=POLL_S)
        return HTMLResponse(page)

    # --- the lock ---

    async def _show_lock(self, _: Request) -> Response:
        return self._lock_page()

    async def _lock(self, request: Request) -> Response:
        await self._write(request.state.actor, sessions.lock)
        return _json({"locked": True}) if _wants_json(request) else _to("/lock")

    async def _unlock(self, request: Request) -> Response:
        actor: Actor = request.state.actor
        form = await _form(request)
        try:
            await self._check_pin(actor, form.get("pin", ""), request.state.address)
        except (TooMany, NotSignedIn, LaneFull) as error:
            return error_answer(error) if _wants_json(request) else self._lock_page(error)
        await self._write(actor, sessions.unlock)
        return _json({"locked": False}) if _wants_json(request) else _to("/centre/desk")

    async def _check_pin(self, actor: Actor, pin: str, address: str) -> None:
        account = f"pin:{actor.officer_id}"
        self._attempts.begin(account, address)
        if not await self._hashed(check_pin, self._journal.database, actor.officer_id or "", pin):
            self._attempts.failed(account, address)
            await self._write(actor, sessions.unlock_failed)
            raise NotSignedIn("pin", code="identity.wrong_pin")
        self._attempts.succeeded(account, address)

    def _lock_page(self, error: CommandCentreError | None = None) -> Response:
        page = draw("lock.html", demo=self._settings.demo, said=of_error(error) if error else None)
        return HTMLResponse(page, error.status if error else 200, error_headers(error) if isinstance(error, TooMany) else None)

    # --- going ---

    async def _show_sign_out(self, _: Request) -> Response:
        return HTMLResponse(draw("sign_out.html", demo=self._settings.demo))

    async def _sign_out(self, request: Request) -> Response:
        actor = await self._officer(request)
        if actor is not None:
            await self._write(replace(actor, address=request.state.address), sessions.sign_out)
        answer = _json({}) if _wants_json(request) else _to("/sign-in")
        answer.delete_cookie(DESK, path="/")
        return answer

    # --- the parts ---

    async def _officer(self, request: Request) -> Actor | None:
        token = request.cookies.get(DESK)
        return await self._identity.session(token) if token else None

    async def _write(self, actor: Actor, action: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """One action on the writer's lane; the next look-up asks first, so that what was opened here is known here."""
        done = await self._lanes.writer.run(self._journal.do, actor, self._now(), action, *arguments, **named)
        self._identity.forget()
        return done

    async def _read(self, query: Callable[..., Any], secret: str) -> Any:
        def read() -> Any:
            with self._journal.database.reading() as session:
                return query(session, secret, self._now())

        return await self._lanes.readers.run(read)

    async def _hashed(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What hashes runs two at a time, so that a flood of guesses takes neither all memory nor every reader. Raises LaneFull."""
        if self._hashing_waits >= HASHING_WAITS:
            raise LaneFull("sign-in")
        self._hashing_waits += 1
        try:
            async with self._hashing:
                return await self._lanes.readers.run(work, *arguments)
        finally:
            self._hashing_waits -= 1

    def _with_cookie(self, answer: Response, name: str, token: str, lasts: timedelta, path: str = "/") -> Response:
        answer.set_cookie(
            name, token, max_age=int(lasts.total_seconds()), path=path, secure=self._settings.secure, httponly=True, samesite="strict"
        )
        return answer


def lasts_of(settings: Settings) -> Lasts:
    """How long what is opened here goes on."""
    return Lasts(desk=timedelta(hours=settings.session_hours), wall=timedelta(days=settings.wall_session_days))


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form, or of a small JSON object. Raises TooLarge, BadInput."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES:
            raise TooLarge("form")
    try:
        if _said_type(request) == "application/json":
            fields = orjson.loads(body or b"{}")
            return {str(name): str(value) for name, value in fields.items()} if isinstance(fields, dict) else {}
        if _said_type(request) == "application/x-www-form-urlencoded":
            return {name: values[-1] for name, values in parse_qs(body.decode(), max_num_fields=20).items()}
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput("form") from error
    if body:
        raise BadInput("form", code="input.not_json")
    return {}


def _said_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _wants_json(request: Request) -> bool:
    return _said_type(request) == "application/json" or "application/json" in request.headers.get("accept", "")


def _json(body: dict[str, object]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


def _from_ours(redirect: Response) -> Response:
    """The same as a page of ours that goes on by itself: a browser that comes from elsewhere sends no strict cookie along a redirect."""
    if redirect.status_code != HTTPStatus.SEE_OTHER:
        return redirect
    page = HTMLResponse(draw("entered.html", refresh_s=f"0;url={redirect.headers['location']}", next=redirect.headers["location"]))
    page.raw_headers.extend(header for header in redirect.raw_headers if header[0] == b"set-cookie")
    return page


def _to(path: str) -> Response:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)

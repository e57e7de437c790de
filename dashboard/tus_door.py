"""How a door of ours speaks tus 1.0: its version in every answer, a method said by header, the body read to its end before an answer."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from dashboard.said import actor_of
from dashboard.sign_in import error_answer
from data.errors import CommandCentreError, NotFound, NotPermitted
from data.rules.permissions import Actor
from streaming import tus
from streaming.uploads import Body

Handler = Callable[[Request, Actor, Body], Awaitable[Response]]
WITHOUT_VERSION = frozenset({"OPTIONS", "GET"})  # asked by whoever does not know yet which one we speak, or by a page


def spoken(by_method: Mapping[str, Handler], check: Callable[[Actor], object], missing: str) -> Callable[[Request], Awaitable[Response]]:
    """check: raises NotPermitted for who may not. missing: the code of what is not there, an unknown method too."""

    async def answered(request: Request) -> Response:
        body = Body(request.receive)
        method = request.headers.get("x-http-method-override", request.method)
        try:
            actor = actor_of(request)
            check(actor)
            if method not in by_method:
                raise NotFound("method", code=missing)
            if method not in WITHOUT_VERSION:
                tus.check_version(request.headers)
            answer = await by_method[method](request, actor, body)
        except CommandCentreError as error:
            if isinstance(error, NotPermitted):
                request.state.refused = [*getattr(request.state, "refused", ()), str(error.params.get("verb", error.code))]
            if method in ("POST", "PATCH"):
                await body.drain()
            answer = error_answer(error)
            answer.headers["tus-version"] = tus.VERSION
        answer.headers["tus-resumable"] = tus.VERSION
        return answer

    return answered

"""Who asks, what he says, and the answer: the actor that the gate has found, and small JSON objects in and out."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from data.errors import BadInput, NotSignedIn
from data.rules.permissions import Actor
from streaming.positions_door import body_from

Said = dict[str, Any]


def actor_of(request: Request) -> Actor:
    """Raises NotSignedIn."""
    actor: Actor | None = getattr(request.state, "actor", None)
    if actor is None:
        raise NotSignedIn()
    return actor


async def said_in(request: Request) -> Said:
    """The JSON object of a body; an empty one for none. Raises BadInput, TooLarge."""
    return object_of(await body_from(request.receive) or b"{}")


def object_of(body: bytes) -> Said:
    """Raises BadInput."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadInput("body", code="input.not_json") from error
    if not isinstance(said, dict):
        raise BadInput("body", code="input.bad")
    return said


def text_of(said: Said, name: str) -> str:
    """Raises BadInput."""
    value = said.get(name)
    if not isinstance(value, str):
        raise BadInput(name, code="input.bad")
    return value


def text_or_none(said: Said, name: str) -> str | None:
    """None for a field that was left empty. Raises BadInput."""
    return text_of(said, name).strip() or None if said.get(name) is not None else None


def as_json(body: object) -> Response:
    """Kept by nobody on its way."""
    return Response(orjson.dumps(body), media_type="application/json", headers={"cache-control": "no-store"})

"""How a viewer is refused, and how it is closed: the codes that its page understands."""

import asyncio
import contextlib
from collections.abc import Iterator

from fastapi import WebSocket
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketState

MISBEHAVED, TOO_SLOW, REVOKED, ON_STAGE = 1008, 1013, 4401, 4403  # the last: a wall is before an audience now, its page leaves at once


class Gone(Exception):
    """This viewer is to be closed with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


def code_in(group: BaseExceptionGroup[Gone]) -> int:
    """The first code that any part of the viewer ended with."""
    return next(error.code for error in _leaves(group) if isinstance(error, Gone))


async def deny(socket: WebSocket, status: int) -> None:
    """Refused before accept, with a status that a person can look up."""
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(PlainTextResponse(str(status), status_code=status))
    else:
        await socket.close()


async def close(socket: WebSocket, code: int) -> None:
    if socket.application_state is WebSocketState.DISCONNECTED or socket.client_state is WebSocketState.DISCONNECTED:
        return
    with contextlib.suppress(Exception):
        async with asyncio.timeout(1):
            await socket.close(code)


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error

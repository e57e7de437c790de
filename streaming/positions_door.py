"""The door for positions, by HTTP and by socket: who sends, how much he may send, one batch in, one answer out.

It stands beside the other doors, not among them: 10,000 devices come through it each second, and every layer of a framework costs more than
the positions in a batch.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec
import orjson
from fastapi import WebSocket
from fastapi.responses import Response
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from data.errors import BadInput, CommandCentreError, NotPermitted, NotSignedIn, TooLarge, TooMany, TooSlow
from data.rules.permissions import Actor, Verb
from streaming.messages import as_reported, batch_of, field_in, fix_of, instant_ms, own
from streaming.positions import Positions, Reported, Taken

MOST_FIXES = 500
MOST_BYTES = 1024 * 1024
BODY_S = 30.0  # a mebibyte at 300 kbit/s; who needs longer holds a connection, and is told so
LIVE_PER_S, WINDOW_S = 20, 10  # fresh fixes of one device, over ten seconds
LATE_PER_S = 500  # fixes kept while offline, older than a minute
LATE_MS = 60_000
AGAIN_S = 4.0  # a revocation bites within five seconds
SOCKET_REFUSALS = 20  # in a row; then the socket is closed, so that a flood costs only its sender


class Say(Protocol):
    """A sentence by its key, as `dashboard.i18n`."""

    def __call__(self, key: str, /, **holes: object) -> str: ...


Admit = Callable[[HTTPConnection, Verb], Awaitable[Actor]]


@dataclass
class Rate:
    """How much one device has sent lately. Bounded: two numbers a second for ten seconds."""

    live: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=400))
    late_at: float = 0.0
    late: int = 0

    def check(self, live: int, late: int, now: float) -> None:
        """Raises TooMany with the seconds to wait; then nothing of this batch was taken."""
        while self.live and self.live[0][0] < now - WINDOW_S:
            self.live.popleft()
        if sum(count for _, count in self.live) + live > LIVE_PER_S * WINDOW_S or len(self.live) == self.live.maxlen:
            raise TooMany("live fixes", retry_after_s=2, code="ingest.too_many_fixes")
        if now - self.late_at >= 1:
            self.late_at, self.late = now, 0
        if self.late + late > LATE_PER_S:
            raise TooMany("late fixes", retry_after_s=1, code="ingest.too_many_fixes")
        self.live.append((now, live))
        self.late += late


@dataclass
class PositionsDoor:
    """An ASGI application for `POST …/positions`, and what the other doors for positions share with it."""

    admit: Admit
    positions: Positions
    say: Say
    now: Callable[[], datetime]
    rates: dict[int, Rate] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            actor = await self.admit(HTTPConnection(scope), Verb.REPORT_POSITION)
            answer = await self.take(actor, await body_from(receive))
        except CommandCentreError as error:
            await refusal(error, self.say)(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def take(self, actor: Actor, body: bytes) -> bytes:
        """One batch of positions: the answer's bytes."""
        fixes, sent_at = batch_of(body)
        if len(fixes) > MOST_FIXES:
            raise TooLarge("fixes", code="ingest.too_many_in_one", most=MOST_FIXES)
        reported, refused, spelt = self._read(actor, fixes)
        taken = await self.keep(actor, reported, instant_ms(sent_at) if sent_at else None, len(refused))
        return self.answer(taken, refused, spelt)

    async def keep(self, actor: Actor, reported: list[Reported], sent_at_ms: int | None = None, bad: int = 0) -> Taken:
        """As much as one device may send. Raises TooMany; then nothing of it was taken. bad: how many more were of a bad form."""
        late_before = _ms(self.now()) - LATE_MS
        late = sum([1 for one in reported if one.t_ms < late_before])
        assert actor.device_no is not None
        rate = self.rates.get(actor.device_no) or self.rates.setdefault(actor.device_no, Rate())
        rate.check(len(reported) + bad - late, late, time.monotonic())
        return await self.positions.take(actor, reported, sent_at_ms)

    def _read(self, actor: Actor, fixes: list[Any]) -> tuple[list[Reported], list[tuple[str, str]], dict[str, str]]:
        """What has a good form, what was refused (id, code), and ids that their device spells in its own way."""
        reported, refused, spelt = [], [], {}
        for raw in fixes:
            try:
                message = fix_of(raw)
                own(actor, message)
                one = as_reported(message)
                reported.append(one)
                if one.id != message.id:
                    spelt[one.id] = message.id
            except (msgspec.DecodeError, msgspec.ValidationError, ValueError):
                refused.append((field_in(raw, "id"), "fix.bad_form"))
            except BadInput as error:
                refused.append((field_in(raw, "id"), error.code))
            except NotPermitted as error:  # for a unit that is not its own: the whole batch, and a trace is left
                self.positions.refuse(actor, [error.code])
                raise
        self.positions.refuse(actor, [code for _, code in refused])
        return reported, refused, spelt

    def answer(self, taken: Taken, refused: list[tuple[str, str]], spelt: dict[str, str]) -> bytes:
        """Every id as its device spelt it."""
        accepted, known, doubted = taken.accepted, taken.known, taken.refused
        if spelt:
            accepted, known = ([spelt.get(id_, id_) for id_ in ids] for ids in (accepted, known))
            doubted = [(spelt.get(id_, id_), code) for id_, code in doubted]
        said = {
            "accepted": accepted,
            "known": known,
            "refused": [{"id": id_, "code": code, "text": self.say(f"error.{code}")} for id_, code in [*refused, *doubted]],
            "server_time": iso(self.now()),
        }
        return orjson.dumps(said | {"shifted": True} if taken.shifted else said)

    # --- the socket ---

    async def serve(self, socket: WebSocket) -> None:
        """The same objects each way, until the device goes or misbehaves; who it is, is asked again with each batch."""
        try:
            await self.admit(socket, Verb.REPORT_POSITION)
        except CommandCentreError as error:
            await socket.send_denial_response(refusal(error, self.say))
            return
        await socket.accept()
        refusals = 0
        with contextlib.suppress(WebSocketDisconnect):
            while refusals < SOCKET_REFUSALS:
                message = await self._next(socket)
                if message is None:
                    break
                if message["type"] == "websocket.disconnect":
                    return
                refused = await self._answer_frame(socket, message.get("bytes"), message.get("text"))
                refusals = refusals + 1 if refused else 0
                if refused in (400, 401, 403, 413):
                    break
            await socket.close(1008)

    async def _next(self, socket: WebSocket) -> Any:
        """What comes next; a device that says nothing is asked for all the same: None, once it was revoked."""
        while True:
            try:
                async with asyncio.timeout(AGAIN_S):
                    return await socket.receive()
            except TimeoutError:
                try:
                    await self.admit(socket, Verb.REPORT_POSITION)
                except (NotSignedIn, NotPermitted):
                    return None
                except CommandCentreError:
                    continue  # the database is silent: it is asked again

    async def _answer_frame(self, socket: WebSocket, data: bytes | None, text: str | None) -> int | None:
        """Answers in the kind of frame that was sent. Returns the status of a refusal."""
        try:
            body = data if data is not None else (text or "").encode(errors="replace")
            if len(body) > MOST_BYTES:
                raise TooLarge("frame", code="ingest.body_too_large")
            answer = await self.take(await self.admit(socket, Verb.REPORT_POSITION), body)
        except CommandCentreError as error:
            if isinstance(error, NotPermitted):
                socket.scope["state"]["refused"] = [socket.scope["path"]]  # inside an open socket no status tells the gate
            await socket.send_text(bytes(refusal(error, self.say).body).decode())
            return error.status
        await (socket.send_bytes(answer) if data is not None else socket.send_text(answer.decode()))
        return None


async def body_from(receive: Receive) -> bytes:
    """The body, cut off as soon as it is too large or too slow. Raises TooLarge, TooSlow, BadInput."""
    chunks: list[bytes] = []
    length, more = 0, True
    try:
        async with asyncio.timeout(BODY_S):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise BadInput("gone", code="ingest.not_json")
                chunk, more = message.get("body", b""), message.get("more_body", False)
                length += len(chunk)
                if length > MOST_BYTES:
                    raise TooLarge("body", code="ingest.body_too_large")
                chunks.append(chunk)
    except TimeoutError as error:
        raise TooSlow("body", code="ingest.too_slow", seconds=round(BODY_S)) from error
    return b"".join(chunks)


# --- answers ------------------------------------------------------------------------------------------------------------------------


def refusal(error: CommandCentreError, say: Say) -> Response:
    """What the sender is told: a stable code and a sentence, never the inside."""
    told = told_of(error, say)
    headers = {"Connection": "close"} if isinstance(error, TooSlow) else {}
    if isinstance(error, TooMany):
        told["retry_after_s"] = error.retry_after_s
        headers["Retry-After"] = str(error.retry_after_s)
    elif error.status == 503:
        headers["Retry-After"] = "2"
    return Response(orjson.dumps({"error": told}), error.status, headers, "application/json")


def told_of(error: CommandCentreError, say: Say) -> dict[str, Any]:
    """The code, and its sentence."""
    try:
        text = say(f"error.{error.code}", **error.params)
    except (KeyError, CommandCentreError):
        text = say("error.internal")
    return {"code": error.code, "text": text}


def iso(moment: datetime) -> str:
    """As the doors say a moment."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

"""The door for devices: positions, calls, alarms, duty (mounted at /ingest).

Every message carries an id made on the device, so sending twice is the same as sending once. Every refusal says why in a sentence, and one
bad row never refuses the others. Bodies are limited while they are read; a device that sends too much is told how long to wait.
"""

import contextlib
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

import msgspec
import orjson
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import Response
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.websockets import WebSocketDisconnect

from data.actions.calls import end_call, place_call
from data.actions.cases import CaseReport, report_case
from data.actions.missions import MissionReport, report_mission
from data.actions.sos import raise_sos
from data.actions.units import begin_duty, declare_silence, end_duty, end_silence
from data.attempts import Attempts
from data.errors import BadInput, CommandCentreError, NotFound, NotPermitted, TooLarge, TooMany, Unavailable
from data.journal import Journal
from data.lanes import Lanes
from data.rules.permissions import Actor, Verb, may
from data.rules.words import ULID
from geo.coordinates import Crs, to_wgs84
from geo.fixes import Fix, believe
from streaming import osmand
from streaming.described import (
    CallEnd,
    CaseBatch,
    Done,
    DutyChange,
    Me,
    MissionBatch,
    Numbered,
    PositionBatch,
    Pressed,
    Seen,
    SilenceDeclaration,
    TakenPositions,
    TakenRows,
    describe,
    operation,
)
from streaming.positions import Positions, Reported, Taken

MOST_FIXES = 500
MOST_BYTES = 1024 * 1024
LIVE_PER_S, WINDOW_S = 20, 10  # fresh fixes of one device, over ten seconds
LATE_PER_S = 500  # fixes kept while offline, older than a minute
LATE_MS = 60_000

SOCKET_REFUSALS = 20  # in a row; then the socket is closed, so that a flood costs only its sender

Who = Callable[[HTTPConnection], Awaitable[Actor]]
WhoByKey = Callable[[str, HTTPConnection], Awaitable[Actor | None]]


async def nobody(key: str, connection: HTTPConnection) -> Actor | None:
    """For a court without Traccar Clients."""
    return None


class Say(Protocol):
    """A sentence by its key, as `dashboard.i18n`."""

    def __call__(self, key: str, /, **holes: object) -> str: ...


class FixMessage(msgspec.Struct, forbid_unknown_fields=False):
    """One position on the wire."""

    id: str
    t: str
    lat: float
    lon: float
    src_crs: Literal["WGS84", "GCJ02", "BD09"] = "WGS84"
    accuracy_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    battery_pct: float | None = None
    provider: Literal["GPS", "BDS", "NETWORK", "FUSED", "MANUAL"] = "GPS"
    mock: bool = False
    device: int | str | None = None  # may be named, but only the sender's own
    unit: int | str | None = None


class Batch(msgspec.Struct):
    """Positions on the wire. Each fix is decoded by itself, so that one of a bad form does not refuse the others."""

    fixes: list[msgspec.Raw]
    sent_at: str | None = None


class Press(msgspec.Struct):
    """A call or an alarm on the wire."""

    id: str
    t: str
    fix: msgspec.Raw = msgspec.Raw(b"null")  # a union with None would take null only


class DutyMessage(msgspec.Struct):
    id: str
    on: bool
    t: str


class SilenceMessage(msgspec.Struct):
    id: str
    minutes: int
    t: str = ""


class EndMessage(msgspec.Struct):
    id: str


class Cases(msgspec.Struct):
    """Changes of cases, as the court's case system tells them."""

    cases: list[msgspec.Raw]


class Missions(msgspec.Struct):
    """Steps of missions, from the case system or from the team's own phone."""

    missions: list[msgspec.Raw]


_batch = msgspec.json.Decoder(Batch)
_fix = msgspec.json.Decoder(FixMessage)


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
class Doors:
    """What the doors need, handed down by the composition root."""

    who: Who
    positions: Positions
    journal: Journal
    lanes: Lanes
    say: Say
    now: Callable[[], datetime]
    about: Callable[[Actor], dict[str, Any]]  # who the phone is: label, team, duty, …
    seen: Callable[[Actor], list[dict[str, Any]]]  # «谁看过我»
    area_at: Callable[[float, float], str | None] = lambda lat, lon: None
    who_by_key: WhoByKey = nobody
    strangers: Attempts = field(default_factory=Attempts)  # bounded there: the key that failed longest ago is forgotten
    rates: dict[int, Rate] = field(default_factory=dict)

    async def device(self, connection: HTTPConnection, verb: Verb) -> Actor:
        actor = await self.who(connection)
        if not may(actor, verb):
            raise NotPermitted(verb)
        return actor

    async def write(self, actor: Actor, action: Callable[..., Any], *arguments: Any) -> Any:
        return await self.lanes.writer.run(self.journal.do, actor, self.now(), action, *arguments)

    # --- positions ---

    async def take(self, actor: Actor, body: bytes) -> bytes:
        """One batch of positions: the answer's bytes."""
        fixes, sent_at = batch_of(body)
        if len(fixes) > MOST_FIXES:
            raise TooLarge("fixes", code="ingest.too_many_in_one", most=MOST_FIXES)
        reported, refused = self._read(actor, fixes)
        taken = await self.keep(actor, reported, instant_ms(sent_at) if sent_at else None, len(refused))
        return self._answer(taken, refused)

    async def keep(self, actor: Actor, reported: list[Reported], sent_at_ms: int | None = None, bad: int = 0) -> Taken:
        """As much as one device may send. Raises TooMany; then nothing of it was taken. bad: how many more were of a bad form."""
        late_before = _ms(self.now()) - LATE_MS
        late = sum(1 for one in reported if one.t_ms < late_before)
        assert actor.device_no is not None
        self.rates.setdefault(actor.device_no, Rate()).check(len(reported) + bad - late, late, time.monotonic())
        return await self.positions.take(actor, reported, sent_at_ms)

    def _read(self, actor: Actor, fixes: list[Any]) -> tuple[list[Reported], list[tuple[str, str]]]:
        reported, refused = [], []
        for raw in fixes:
            try:
                message = fix_of(raw)
                own(actor, message)
                reported.append(as_reported(message))
            except (msgspec.DecodeError, msgspec.ValidationError, ValueError):
                refused.append((_field_in(raw, "id"), "fix.bad_form"))
            except BadInput as error:
                refused.append((_field_in(raw, "id"), error.code))
        self.positions.counts.update(code for _, code in refused)
        return reported, refused

    def _answer(self, taken: Taken, refused: list[tuple[str, str]]) -> bytes:
        answer = {
            "accepted": taken.accepted,
            "known": taken.known,
            "refused": [{"id": id_, "code": code, "text": self.say(f"error.{code}")} for id_, code in [*refused, *taken.refused]],
            "server_time": _iso(self.now()),
        }
        return orjson.dumps(answer | ({"shifted": True} if taken.shifted else {}))

    # --- cases and missions: each row by itself ---

    async def rows(self, actor: Actor, rows: list[msgspec.Raw], kind: type[Any], action: Callable[..., bool], name: str) -> bytes:
        """Each row as its own transaction; a bad one is named and the others go in. Raises Unavailable when the database is gone."""
        if len(rows) > MOST_FIXES:
            raise TooLarge("rows", code="ingest.too_many_in_one", most=MOST_FIXES)
        accepted: list[str] = []
        known: list[str] = []
        refused: list[dict[str, Any]] = []
        for number, raw in enumerate(rows):
            said = _field_in(raw, name)
            try:
                (accepted if await self.write(actor, action, msgspec.json.decode(raw, type=kind)) else known).append(said)
            except (msgspec.DecodeError, msgspec.ValidationError, ValueError):
                refused.append({"row": number, "id": said, "code": "ingest.bad_row", "text": self.say("error.ingest.bad_row")})
            except Unavailable:
                raise
            except CommandCentreError as error:
                refused.append({"row": number, "id": said} | _told(error, self.say))
        return orjson.dumps({"accepted": accepted, "known": known, "refused": refused, "server_time": _iso(self.now())})

    # --- calls, alarms, duty ---

    async def press(self, actor: Actor, message: Press, action: Callable[..., str]) -> bytes:
        """A call or an alarm: 202 with its number. A fix that cannot be believed is left out; the press counts all the same."""
        pressed_at = datetime.fromtimestamp(instant_ms(message.t) / 1000, UTC)
        fix = self._fix_of(actor, message.fix)
        area = await self.lanes.readers.run(self.area_at, fix.lat, fix.lon) if fix else None
        battery = (fix.battery_pct,) if action is raise_sos and fix else (None,) if action is raise_sos else ()
        number = await self.write(actor, action, ulid(message.id), pressed_at, fix, *battery, area)
        return orjson.dumps({"id": message.id, "number": number})

    def _fix_of(self, actor: Actor, raw: msgspec.Raw) -> Fix | None:
        newest = self.positions.of(actor.unit_no or 0)
        if bytes(raw) == b"null":
            return newest
        with contextlib.suppress(msgspec.DecodeError, ValueError, BadInput):
            one = as_reported(_fix.decode(raw))
            lat, lon = self.positions.placed(actor, *to_wgs84(one.lat, one.lon, one.src_crs))
            fix = Fix(
                one.id, actor.unit_no or 0, actor.device_no or 0, one.t_ms, lat, lon,
                one.accuracy_m, one.speed_mps, one.heading_deg, one.battery_pct, one.provider, one.mock,
            )  # fmt: skip
            if believe(fix, newest, _ms(self.now())) is None:
                return fix
        return newest


def build_ingest(doors: Doors) -> FastAPI:
    """The sub-app with every door for devices."""
    app = FastAPI(title="ecc ingest", docs_url=None, redoc_url=None, openapi_url=None)

    describe(app)

    def door(
        path: str, method: str = "POST", *, role: str, status: int = 200, takes: type | None = None, answers: type
    ) -> Callable[[Any], Any]:
        extra = operation(role, status, takes, answers)
        return app.api_route(path, methods=[method], openapi_extra=extra, status_code=status, response_class=Response)

    @door("/positions", role="device", takes=PositionBatch, answers=TakenPositions)
    async def positions(request: Request) -> Response:
        actor = await doors.device(request, Verb.REPORT_POSITION)
        return _json(await doors.take(actor, await body_of(request)))

    async def by_key(request: Request) -> Response:
        query = request.scope["query_string"].decode("latin-1")
        body = await body_of(request) if request.method == "POST" else b""
        received_ms = _ms(doors.now())
        as_json = body.lstrip()[:1] in (b"{", b"[")
        said = osmand.from_json(body, received_ms) if as_json else osmand.from_query(query or body.decode("latin-1"), received_ms)
        actor = await doors.who_by_key(said.key, request)
        if actor is None:
            doors.strangers.stranger(request.client.host if request.client else "")
            raise (NotFound if as_json else BadInput)("unknown key", code="ingest.osmand_unknown_key")
        return _json(doors._answer(await doors.keep(actor, list(said.reported)), []))

    door("/osmand", "GET", role="device", answers=TakenPositions)(by_key)
    door("/osmand", role="device", answers=TakenPositions)(by_key)

    @door("/cases", role="case_system", takes=CaseBatch, answers=TakenRows)
    async def cases(request: Request) -> Response:
        actor = await doors.device(request, Verb.CHANGE_CASE)
        return _json(await doors.rows(actor, (await read(request, Cases)).cases, CaseReport, report_case, "case_no"))

    @door("/missions", role="case_system, device", takes=MissionBatch, answers=TakenRows)
    async def missions(request: Request) -> Response:
        actor = await doors.device(request, Verb.MOVE_MISSION)
        return _json(await doors.rows(actor, (await read(request, Missions)).missions, MissionReport, report_mission, "id"))

    @door("/calls", role="device", status=202, takes=Pressed, answers=Numbered)
    async def calls(request: Request) -> Response:
        actor = await doors.device(request, Verb.PLACE_CALL)
        return _json(await doors.press(actor, await read(request, Press), place_call), 202)

    @door("/sos", role="device", status=202, takes=Pressed, answers=Numbered)
    async def sos(request: Request) -> Response:
        actor = await doors.device(request, Verb.RAISE_SOS)
        return _json(await doors.press(actor, await read(request, Press), raise_sos), 202)

    @door("/calls/end", role="device", status=202, takes=CallEnd, answers=Done)
    async def calls_end(request: Request) -> Response:
        actor = await doors.device(request, Verb.END_CALL)
        message = await read(request, EndMessage)
        await doors.write(actor, end_call, ulid(message.id))
        return _json(orjson.dumps({"id": message.id}), 202)

    @door("/duty", role="device", status=202, takes=DutyChange, answers=Done)
    async def duty(request: Request) -> Response:
        actor = await doors.device(request, Verb.CHANGE_DUTY)
        message = await read(request, DutyMessage)
        at = datetime.fromtimestamp(instant_ms(message.t) / 1000, UTC)
        if message.on:
            await doors.write(actor, begin_duty, actor.unit_no, at)
        else:
            await doors.write(actor, end_duty, actor.unit_no, "asked", at)
        doors.positions.heard("duty.changed")
        return _json(orjson.dumps({"id": message.id}), 202)

    @door("/silence", role="device", status=202, takes=SilenceDeclaration, answers=Done)
    async def silence(request: Request) -> Response:
        actor = await doors.device(request, Verb.DECLARE_SILENCE)
        message = await read(request, SilenceMessage)
        if message.minutes == 0:
            await doors.write(actor, end_silence, actor.unit_no, "asked")
        else:
            await doors.write(actor, declare_silence, actor.unit_no, message.minutes, message.id)
        doors.positions.heard("silence.changed")
        return _json(orjson.dumps({"id": message.id}), 202)

    @door("/me", "GET", role="device", answers=Me)
    async def me(request: Request) -> Response:
        actor = await doors.device(request, Verb.REPORT_POSITION)
        return _json(orjson.dumps(await doors.lanes.readers.run(doors.about, actor)))

    @door("/seen", "GET", role="device", answers=Seen)
    async def seen(request: Request) -> Response:
        actor = await doors.device(request, Verb.REPORT_POSITION)
        return _json(orjson.dumps({"seen": await doors.lanes.readers.run(doors.seen, actor)}))

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        try:
            actor = await doors.device(socket, Verb.REPORT_POSITION)
        except CommandCentreError as error:
            await socket.send_denial_response(refusal(error, doors.say))
            return
        await socket.accept()
        refusals = 0
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                body = message.get("bytes") or (message.get("text") or "").encode(errors="replace")
                if len(body) > MOST_BYTES:
                    await socket.close(1009)
                    return
                try:
                    actor = await doors.device(socket, Verb.REPORT_POSITION)
                    await socket.send_bytes(await doors.take(actor, body)) if message.get("bytes") else await socket.send_text(
                        (await doors.take(actor, body)).decode()
                    )
                    refusals = 0
                except CommandCentreError as error:
                    refusals += 1
                    await socket.send_text(bytes(refusal(error, doors.say).body).decode())
                    if error.status in (400, 401, 403, 413) or refusals >= SOCKET_REFUSALS:
                        await socket.close(1008)
                        return

    @app.exception_handler(CommandCentreError)
    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, CommandCentreError)
        return refusal(error, doors.say)

    return app


def batch_of(body: bytes) -> tuple[list[Any], str | None]:
    """The fixes of a body, each still to be read, and when it was sent. Raises BadInput.

    NaN and Infinity are no JSON, but many senders write them: their fix is refused by its own name, not the whole body.
    """
    try:
        batch = _batch.decode(body)
        return list(batch.fixes), batch.sent_at
    except msgspec.ValidationError as error:
        raise BadInput(str(error), code="ingest.not_json") from error
    except msgspec.DecodeError as error:
        if b"NaN" not in body and b"Infinity" not in body:
            raise BadInput(str(error), code="ingest.not_json") from error
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadInput("not JSON", code="ingest.not_json") from error
    if not isinstance(said, dict) or not isinstance(said.get("fixes"), list):
        raise BadInput("no fixes", code="ingest.not_json")
    sent_at = said.get("sent_at")
    return said["fixes"], sent_at if isinstance(sent_at, str) else None


def fix_of(raw: Any) -> FixMessage:
    """One fix, from its bytes or as read already. Raises msgspec.DecodeError."""
    return _fix.decode(raw) if isinstance(raw, msgspec.Raw) else msgspec.convert(raw, FixMessage)


def own(actor: Actor, message: FixMessage) -> None:
    """A device speaks for itself only; it may name itself by its number or by its unit's. Raises NotPermitted."""
    ours = {str(actor.device_no), str(actor.unit_no), actor.id}
    if any(named is not None and str(named) not in ours for named in (message.device, message.unit)):
        raise NotPermitted("device", code="ingest.other_device")


async def body_of(request: Request) -> bytes:
    """The body, cut off as soon as it is too large. Raises TooLarge."""
    chunks, length = [], 0
    try:
        async for chunk in request.stream():
            length += len(chunk)
            if length > MOST_BYTES:
                raise TooLarge("body", code="ingest.body_too_large")
            chunks.append(chunk)
    except ClientDisconnect as error:
        raise BadInput("gone", code="ingest.not_json") from error
    return b"".join(chunks)


async def read(request: Request, kind: type[Any]) -> Any:
    """The body as a message of this kind. Raises BadInput."""
    try:
        return msgspec.json.decode(await body_of(request), type=kind)
    except msgspec.DecodeError as error:
        raise BadInput(str(error), code="ingest.not_json") from error


def as_reported(message: FixMessage) -> Reported:
    """A fix of right form. Raises ValueError for an id or a moment that is none."""
    level = message.battery_pct
    battery = None if level is None else round(max(0.0, min(100.0, level)))
    return Reported(
        ulid(message.id), instant_ms(message.t), message.lat, message.lon, Crs(message.src_crs), message.accuracy_m,
        message.speed_mps, message.heading_deg, battery, message.provider, message.mock,
    )  # fmt: skip


def ulid(text: str) -> str:
    """The id in its one spelling. Raises BadInput."""
    spelt = text.upper()
    if ULID.fullmatch(spelt) is None:  # a hundred times quicker than making one of it
        raise BadInput("not a ULID", code="ingest.bad_id")
    return spelt


def instant_ms(text: str) -> int:
    """ISO 8601 with a zone → ms since 1970. Raises BadInput."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return _ms(moment)
    except (ValueError, OverflowError) as error:
        raise BadInput("not a moment", code="ingest.bad_time") from error


def refusal(error: CommandCentreError, say: Say) -> Response:
    """What the sender is told: a stable code and a sentence, never the inside."""
    told = _told(error, say)
    headers = {}
    if isinstance(error, TooMany):
        told["retry_after_s"] = error.retry_after_s
        headers["Retry-After"] = str(error.retry_after_s)
    elif error.status == 503:
        headers["Retry-After"] = "2"
    return Response(orjson.dumps({"error": told}), error.status, headers, "application/json")


def _told(error: CommandCentreError, say: Say) -> dict[str, Any]:
    try:
        text = say(f"error.{error.code}", **error.params)
    except (KeyError, CommandCentreError):
        text = say("error.internal")
    return {"code": error.code, "text": text}


def _field_in(raw: Any, name: str) -> str:
    with contextlib.suppress(orjson.JSONDecodeError, AttributeError):
        said = orjson.loads(bytes(raw)) if isinstance(raw, msgspec.Raw) else raw
        return str(said.get(name, ""))[:96]
    return ""


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

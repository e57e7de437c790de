"""The doors for devices and the case system: positions, calls, alarms, duty, cases, missions (mounted at /ingest).

Every message carries an id made on the device, so sending twice is the same as sending once. Every refusal says why in a sentence, and one
bad row never refuses the others. Bodies are limited while they are read; a device that sends too much is told how long to wait.
"""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import Response
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from data.actions.calls import end_call, place_call
from data.actions.cases import CaseReport, report_case
from data.actions.centre_rings import accept_ring
from data.actions.missions import MissionReport, report_mission
from data.actions.orders import answer_order
from data.actions.participants import close_picture, give_notice, open_picture
from data.actions.sos import raise_sos
from data.actions.units import begin_duty, declare_silence, end_duty, end_silence
from data.actions.uploads import Piece, admit_piece, keep_piece
from data.actions.whispers import confirm_earpiece, see_whisper, withdraw_earpiece
from data.attempts import Attempts
from data.errors import BadInput, CommandCentreError, NotFound, NotPermitted, TooLarge, Unavailable
from data.journal import Journal
from data.lanes import Lanes
from data.rules.permissions import Actor, Verb, may
from geo.coordinates import to_wgs84
from geo.fixes import Fix, believe
from streaming import osmand
from streaming.described import (
    CallAct,
    CallEnd,
    CaseBatch,
    Done,
    DutyChange,
    Me,
    MissionBatch,
    Numbered,
    OrderAnswer,
    PositionBatch,
    Pressed,
    Seen,
    SilenceDeclaration,
    TakenPositions,
    TakenRows,
    WhisperSeen,
    describe,
    operation,
    takes_piece,
)
from streaming.messages import (
    CallActMessage,
    Cases,
    DutyMessage,
    EndMessage,
    Missions,
    OrderMessage,
    Press,
    SilenceMessage,
    as_reported,
    field_in,
    fix_of,
    instant_ms,
    ulid,
)
from streaming.positions import Positions
from streaming.positions_door import MOST_FIXES, PositionsDoor, Say, body_from, iso, refusal, told_of
from streaming.uploads import Body, Uploads, digest_of, form_of

# What an officer does within his own call, and whether it has a reason.
ACTS: dict[str, tuple[Callable[..., bool], bool]] = {
    "accept": (accept_ring, False),
    "close_picture": (close_picture, True),
    "open_picture": (open_picture, False),
    "notice": (give_notice, True),
    "earpiece_on": (confirm_earpiece, False),
    "earpiece_off": (withdraw_earpiece, True),
}

Who = Callable[[HTTPConnection], Awaitable[Actor]]
WhoByKey = Callable[[str, HTTPConnection], Awaitable[Actor | None]]


async def nobody(key: str, connection: HTTPConnection) -> Actor | None:
    """For a court without Traccar Clients."""
    return None


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
    uploads: Uploads
    area_at: Callable[[float, float], str | None] = lambda lat, lon: None
    who_by_key: WhoByKey = nobody
    strangers: Attempts = field(default_factory=Attempts)  # bounded there: the key that failed longest ago is forgotten

    async def device(self, connection: HTTPConnection, verb: Verb) -> Actor:
        """Who speaks, if he may. Raises NotSignedIn, NotPermitted; the gate then knows of whom to leave a trace."""
        actor = await self.who(connection)
        connection.scope.setdefault("state", {})["actor"] = actor
        if not may(actor, verb):
            raise NotPermitted(verb)
        return actor

    async def write(self, actor: Actor, action: Callable[..., Any], *arguments: Any) -> Any:
        return await self.lanes.writer.run(self.journal.do, actor, self.now(), action, *arguments)

    # --- cases and missions: each row by itself ---

    async def rows(self, actor: Actor, rows: list[msgspec.Raw], kind: type[Any], action: Callable[..., bool], name: str) -> bytes:
        """Each row as its own transaction; a bad one is named and the others go in. Raises Unavailable when the database is gone."""
        if len(rows) > MOST_FIXES:
            raise TooLarge("rows", code="ingest.too_many_in_one", most=MOST_FIXES)
        accepted: list[str] = []
        known: list[str] = []
        refused: list[dict[str, Any]] = []
        for number, raw in enumerate(rows):
            said = field_in(raw, name)
            try:
                (accepted if await self.write(actor, action, msgspec.json.decode(raw, type=kind)) else known).append(said)
            except (msgspec.DecodeError, msgspec.ValidationError, ValueError):
                refused.append({"row": number, "id": said, "code": "ingest.bad_row", "text": self.say("error.ingest.bad_row")})
            except Unavailable:
                raise
            except CommandCentreError as error:
                refused.append({"row": number, "id": said} | told_of(error, self.say))
        return orjson.dumps({"accepted": accepted, "known": known, "refused": refused, "server_time": iso(self.now())})

    # --- calls, alarms, duty ---

    async def press(self, actor: Actor, message: Press, action: Callable[..., str]) -> bytes:
        """A call or an alarm: 202 with its number. A fix that cannot be believed is left out; the press counts all the same."""
        pressed_at = datetime.fromtimestamp(instant_ms(message.t) / 1000, UTC)
        fix = self._fix_of(actor, message.fix)
        area = await self.lanes.readers.run(self.area_at, fix.lat, fix.lon) if fix else None
        battery = (fix.battery_pct,) if action is raise_sos and fix else (None,) if action is raise_sos else ()
        number = await self.write(actor, action, ulid(message.id), pressed_at, fix, *battery, area)
        return orjson.dumps({"id": message.id, "number": number})

    # --- 手机补传 ---

    async def piece(self, actor: Actor, call_id: str, piece: Piece, request: Request) -> bool:
        """What the phone recorded itself: asked first whether it is wanted, then streamed to disk, then committed. False: it was here."""
        assert actor.device_no is not None
        body = Body(request.receive)
        try:
            with self.uploads.turn(actor.device_no):
                if not await self.write(actor, admit_piece, call_id, piece):
                    return False
                length = request.headers.get("content-length", "")
                path, size = await self.uploads.take(body, piece.form, piece.sha256, int(length) if length.isdigit() else None)
                began_ms = _ms(piece.began_at)

                def place(recording_id: str, number: int) -> None:
                    self.uploads.place(path, recording_id, number, began_ms, piece.form)

                try:
                    return bool(await self.write(actor, keep_piece, call_id, piece, size, place))
                finally:
                    path.unlink(missing_ok=True)  # by its other name it stays
        finally:
            await body.drain()

    def _fix_of(self, actor: Actor, raw: msgspec.Raw) -> Fix | None:
        newest = self.positions.of(actor.unit_no or 0)
        if bytes(raw) == b"null":
            return newest
        with contextlib.suppress(msgspec.DecodeError, ValueError, BadInput):
            one = as_reported(fix_of(raw))
            lat, lon = self.positions.placed(actor, *to_wgs84(one.lat, one.lon, one.src_crs))
            fix = Fix(
                one.id, actor.unit_no or 0, actor.device_no or 0, one.t_ms, lat, lon,
                one.accuracy_m, one.speed_mps, one.heading_deg, one.battery_pct, one.provider, one.mock,
            )  # fmt: skip
            if believe(fix, newest, _ms(self.now())) is None:
                return fix
        return newest


class DeviceDoors(FastAPI):
    """The sub-app with every door for devices. `positions` is the one of them that whoever stands before may also call himself."""

    positions: PositionsDoor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == scope.get("root_path", "") + "/positions":
            await self.positions(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def build_ingest(doors: Doors) -> DeviceDoors:
    """Every door described; nothing is opened here."""
    app = DeviceDoors(title="ecc ingest", docs_url=None, redoc_url=None, openapi_url=None)
    at_positions = app.positions = PositionsDoor(doors.device, doors.positions, doors.say, doors.now)
    describe(app)

    def door(
        path: str, method: str = "POST", *, role: str, status: int = 200, takes: type | None = None, answers: type
    ) -> Callable[[Any], Any]:
        extra = operation(role, status, takes, answers)
        return app.api_route(path, methods=[method], openapi_extra=extra, status_code=status, response_class=Response)

    @door("/positions", role="device", takes=PositionBatch, answers=TakenPositions)
    async def positions(request: Request) -> Response:
        """Stands here for its description; `DeviceDoors` goes straight to it."""
        actor = await doors.device(request, Verb.REPORT_POSITION)
        return _json(await at_positions.take(actor, await body_from(request.receive)))

    async def by_key(request: Request) -> Response:
        query = request.scope["query_string"].decode("latin-1")
        body = await body_from(request.receive) if request.method == "POST" else b""
        received_ms = _ms(doors.now())
        as_json = body.lstrip()[:1] in (b"{", b"[")
        said = osmand.from_json(body, received_ms) if as_json else osmand.from_query(query or body.decode("latin-1"), received_ms)
        actor = await doors.who_by_key(said.key, request)
        if actor is None:
            doors.strangers.stranger(request.client.host if request.client else "")
            raise (NotFound if as_json else BadInput)("unknown key", code="ingest.osmand_unknown_key")
        return _json(at_positions.answer(await at_positions.keep(actor, list(said.reported)), [], {}))

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

    @door("/calls/act", role="device", status=202, takes=CallAct, answers=Done)
    async def calls_act(request: Request) -> Response:
        actor = await doors.device(request, Verb.ACCEPT_RING)
        message = await read(request, CallActMessage)
        if message.act not in ACTS:
            raise BadInput("act", code="input.bad")
        action, reasoned = ACTS[message.act]
        await doors.write(actor, action, ulid(message.id), *((message.why,) if reasoned else ()))
        return _json(orjson.dumps({"id": message.id}), 202)

    @door("/whispers/seen", role="device", status=202, takes=WhisperSeen, answers=Done)
    async def whispers_seen(request: Request) -> Response:
        actor = await doors.device(request, Verb.READ_WHISPER)
        message = await read(request, EndMessage)
        await doors.write(actor, see_whisper, ulid(message.id))
        return _json(orjson.dumps({"id": message.id}), 202)

    @door("/orders/answer", role="device", status=202, takes=OrderAnswer, answers=Done)
    async def orders_answer(request: Request) -> Response:
        actor = await doors.device(request, Verb.ANSWER_ORDER)
        message = await read(request, OrderMessage)
        at = datetime.fromtimestamp(instant_ms(message.t) / 1000, UTC)
        await doors.write(actor, answer_order, ulid(message.id), message.event, at, message.reason)
        return _json(orjson.dumps({"id": message.id}), 202)

    @app.post("/recordings/{call}/{piece}", openapi_extra=takes_piece("device", Done), response_class=Response)
    async def recordings(request: Request, call: str, piece: str) -> Response:
        """What the phone of a call recorded while it had no way to us. Sent twice it counts once; answered only once it is on our disk."""
        actor = await doors.device(request, Verb.BRING_RECORDING)
        query = request.query_params
        began_at = datetime.fromtimestamp(instant_ms(query.get("began_at", "")) / 1000, UTC)
        lasts = query.get("lasts_ms", "")
        kept = Piece(
            ulid(piece),
            form_of(request.headers.get("content-type", "")),
            began_at,
            int(lasts) if lasts.isascii() and lasts.isdigit() and len(lasts) < 9 else 0,
            digest_of(request.headers.get("content-digest", "")),
        )
        await doors.piece(actor, ulid(call), kept, request)
        return _json(orjson.dumps({"id": kept.id, "server_time": iso(doors.now())}))

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
        await at_positions.serve(socket)

    @app.exception_handler(CommandCentreError)
    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, CommandCentreError)
        return refusal(error, doors.say)

    return app


async def read(request: Request, kind: type[Any]) -> Any:
    """The body as a message of this kind. Raises BadInput, TooLarge, TooSlow."""
    try:
        return msgspec.json.decode(await body_from(request.receive), type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(str(error), code="ingest.not_json") from error


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

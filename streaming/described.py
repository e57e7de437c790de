"""What each door takes and answers, for the OpenAPI document only; the doors themselves read as fast or as tolerantly as they need."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import FastAPI

from data.actions.cases import CaseReport
from data.actions.missions import MissionReport
from data.rules.recordings import UPLOAD_MOST
from streaming.uploads import FORMS

Id = Annotated[str, msgspec.Meta(min_length=26, max_length=26, description="ULID made on the device: sent twice, it counts once")]
REFUSALS = {
    400: "not of the form this door takes",
    401: "nobody we know",
    403: "somebody we know, who may not",
    413: "more than 500 rows or 1 MiB",
    429: "too much: Retry-After says for how long",
    503: "nothing was kept: try again",
}


class PositionFix(msgspec.Struct):
    """One position, as the device measured it."""

    id: Id
    t: datetime
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    src_crs: Literal["WGS84", "GCJ02", "BD09"] = "WGS84"
    accuracy_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    battery_pct: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    provider: Literal["GPS", "BDS", "NETWORK", "FUSED", "MANUAL"] = "GPS"
    mock: bool = False


class PositionBatch(msgspec.Struct):
    """sent_at: by the device's clock, at the moment of sending."""

    fixes: Annotated[list[PositionFix], msgspec.Meta(max_length=500)]
    sent_at: datetime | None = None


class Refused(msgspec.Struct):
    id: str
    code: str
    text: str


class RefusedRow(msgspec.Struct):
    row: int
    id: str
    code: str
    text: str


class TakenPositions(msgspec.Struct):
    accepted: list[str]
    known: list[str]
    refused: list[Refused]
    server_time: datetime
    shifted: bool = False


class TakenRows(msgspec.Struct):
    accepted: list[str]
    known: list[str]
    refused: list[RefusedRow]
    server_time: datetime


class CaseBatch(msgspec.Struct):
    cases: Annotated[list[CaseReport], msgspec.Meta(max_length=500)]


class MissionBatch(msgspec.Struct):
    missions: Annotated[list[MissionReport], msgspec.Meta(max_length=500)]


class Pressed(msgspec.Struct):
    """A call or an alarm. t: when it was pressed."""

    id: Id
    t: datetime
    fix: PositionFix | None = None


class Numbered(msgspec.Struct):
    id: str
    number: str


class CallEnd(msgspec.Struct):
    """id: of the call."""

    id: Id


class CallAct(msgspec.Struct):
    """id: of the call. why: of close_picture safety, privacy, secret, other; of notice spoken, shown; of earpiece_off
    withdrawn, device_changed.
    """

    id: Id
    act: Literal["accept", "close_picture", "open_picture", "notice", "earpiece_on", "earpiece_off"]
    why: str = ""


class WhisperSeen(msgspec.Struct):
    """id: of the whisper."""

    id: Id


class OrderAnswer(msgspec.Struct):
    """id: of the order. reason: of declined."""

    id: Id
    event: Literal["delivered", "accepted", "declined", "arrived"]
    t: datetime
    reason: Literal["busy", "far", "vehicle", "other"] | None = None


class DutyChange(msgspec.Struct):
    id: Id
    on: bool
    t: datetime


class SilenceDeclaration(msgspec.Struct):
    """minutes: 5 to 30; 0 ends it."""

    id: Id
    minutes: Annotated[int, msgspec.Meta(ge=0, le=30)]
    t: datetime | None = None


class Done(msgspec.Struct):
    id: str


class Me(msgspec.Struct):
    """Who this device is."""

    unit: str
    label: str
    duty: bool
    court: str
    team: str | None = None
    duty_phone: str | None = None
    demo: bool = False
    civil_offset_s: int = 28_800


class Look(msgspec.Struct):
    """at: ms since 1970 UTC."""

    at: int
    role: str


class Seen(msgspec.Struct):
    seen: list[Look]


class Problem(msgspec.Struct):
    code: str
    text: str
    retry_after_s: int | None = None


class ErrorAnswer(msgspec.Struct):
    error: Problem


MODELS: tuple[Any, ...] = (
    PositionBatch, TakenPositions, TakenRows, CaseBatch, MissionBatch, Pressed, Numbered, CallEnd, CallAct, WhisperSeen, OrderAnswer,
    DutyChange, SilenceDeclaration, Done, Me,
    Seen, ErrorAnswer,
)  # fmt: skip


SOCKETS: dict[str, Any] = {
    "/ws": {
        "x-role": "device",
        "description": "the objects of POST /positions each way, one a frame; a refusal is an ErrorAnswer, misbehaviour closes with 1008",
        "takes": {"$ref": "#/components/schemas/PositionBatch"},
        "answers": {"$ref": "#/components/schemas/TakenPositions"},
    }
}


def operation(role: str, status: int, takes: type | None, answers: type) -> dict[str, Any]:
    """What FastAPI adds to the description of one door."""
    refused = {str(code): {"description": said, "content": _content(ErrorAnswer)} for code, said in REFUSALS.items()}
    said: dict[str, Any] = {
        "x-role": role,
        "responses": {str(status): {"description": "taken", "content": _content(answers)}} | refused,
    }
    return said | ({"requestBody": {"required": True, "content": _content(takes)}} if takes else {})


def takes_piece(role: str, answers: type) -> dict[str, Any]:
    """Of the door that takes a file."""
    binary = {"schema": {"type": "string", "format": "binary", "maxLength": UPLOAD_MOST}}
    said = operation(role, 200, None, answers)
    parameters = [
        {"name": "began_at", "in": "query", "required": True, "schema": {"type": "string", "format": "date-time"}},
        {"name": "lasts_ms", "in": "query", "required": True, "schema": {"type": "integer", "minimum": 1}},
        {"name": "Content-Digest", "in": "header", "required": True, "schema": {"type": "string"}, "description": "sha-256, RFC 9530"},
    ]
    return said | {"parameters": parameters, "requestBody": {"required": True, "content": dict.fromkeys(FORMS, binary)}}


def describe(app: FastAPI) -> None:
    """Let the app's document name the models."""
    plain = app.openapi

    def document() -> dict[str, Any]:
        described = plain()
        _, models = msgspec.json.schema_components(MODELS, ref_template="#/components/schemas/{name}")
        described.setdefault("components", {}).setdefault("schemas", {}).update(models)
        described["x-sockets"] = SOCKETS  # OpenAPI has no word for a socket
        return described

    app.openapi = document  # type: ignore[method-assign]


def _content(model: type) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}

"""`/api/recordings`: the list, one look at a recording (with a reason and a trace), its files by Range, holding and classing it.

A file is given only for a look: the id of the trace that the look left, of the same person, for an hour. So there is no replay without one.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse

from dashboard.said import actor_of, as_json, said_in
from data.actions.recordings import class_recording, hold_recording, lift_hold, replay_recording
from data.errors import BadInput, NotFound
from data.journal import Journal
from data.lanes import Lanes
from data.live_settings import current
from data.queries.recordings import GapView, RecordingView, SegmentView, check_look, files, listed
from data.queries.wall import sight_of
from data.rules.words import ULID
from data.settings import Settings

REPLAYS = "duty, commander, leader, judge, inspector, field"
HOLDS = "duty, commander, leader, inspector"
TYPES = {"webm": "video/webm", "mp4": "video/mp4", "jpg": "image/jpeg"}
HEADERS = {"Cache-Control": "private, no-store", "Content-Disposition": "inline"}


def add_recordings(api: FastAPI, settings: Settings, journal: Journal, lanes: Lanes, now: Callable[[], datetime]) -> None:
    """The doors, on the sub-app for `/api`."""
    doors = _Doors(settings, journal, lanes, now)

    @api.get("/recordings", openapi_extra={"x-role": REPLAYS})
    async def recordings(request: Request) -> Response:
        """The newest first, those that this person may replay; `call`: of one call only."""
        return await doors.list(request)

    @api.post("/recordings/{recording}/look", openapi_extra=_takes(REPLAYS, "reason"))
    async def look(request: Request, recording: str) -> Response:
        """Somebody looks, and says why: files, gaps, and the `look` with which the files are asked for."""
        return await doors.look(request, recording)

    @api.get("/recordings/{recording}/{name}", openapi_extra={"x-role": REPLAYS})
    async def file(request: Request, recording: str, name: str) -> Response:
        """`<number>.webm`, `.mp4` or `.jpg` with `?look=`; Range is understood, so a player can seek."""
        return await doors.file(request, recording, name)

    @api.post("/recordings/{recording}/hold", openapi_extra=_takes(HOLDS, "held", "reason"))
    async def hold(request: Request, recording: str) -> Response:
        """留存, or no longer."""
        return await doors.hold(request, recording)

    @api.post("/recordings/{recording}/category", openapi_extra=_takes(HOLDS, "category", "reason"))
    async def category(request: Request, recording: str) -> Response:
        """`KEPT`: with the file; `ROUTINE`: six months."""
        return await doors.category(request, recording)


def _takes(role: str, *fields: str) -> dict[str, Any]:
    properties = {field: {"type": "boolean" if field == "held" else "string"} for field in fields}
    schema = {"type": "object", "properties": properties}
    return {"x-role": role, "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


class _Doors:
    def __init__(self, settings: Settings, journal: Journal, lanes: Lanes, now: Callable[[], datetime]) -> None:
        self._folder, self._court, self._civil_offset_s = settings.recordings, settings.court_code, settings.civil_offset_s
        self._settings = settings
        self._journal, self._lanes, self._now = journal, lanes, now

    async def list(self, request: Request) -> Response:
        actor, call_id = actor_of(request), request.query_params.get("call") or None

        def read() -> list[RecordingView]:
            with self._journal.database.reading() as session:
                days = current(session, self._settings).recording_days
                return listed(session, sight_of(actor, court_code=self._court), actor, call_id, days)

        found = await self._lanes.readers.run(read)
        return as_json({"civil_offset_s": self._civil_offset_s, "recordings": [_told(view) for view in found]})

    async def look(self, request: Request, recording: str) -> Response:
        actor, said = actor_of(request), await said_in(request)
        look_id = await self._lanes.writer.run(
            self._journal.do, actor, self._now(), replay_recording, _id(recording), _text(said, "reason")
        )

        def read() -> tuple[list[SegmentView], list[GapView]]:
            with self._journal.database.reading() as session:
                return files(session, actor, recording, look_id, self._now())

        segments, gaps = await self._lanes.readers.run(read)
        return as_json({"look": look_id, "segments": [_of_segment(each) for each in segments], "gaps": [_of_gap(each) for each in gaps]})

    async def file(self, request: Request, recording: str, name: str) -> Response:
        actor, look_id = actor_of(request), request.query_params.get("look", "")
        number, _, form = name.partition(".")
        if form not in TYPES or not (number.isascii() and number.isdigit() and len(number) < 8):
            raise NotFound("file", code="not_found.recording")

        def read() -> Path | None:
            with self._journal.database.reading() as session:
                check_look(session, actor, _id(recording), look_id, self._now())
            return next(iter(sorted((self._folder / recording).glob(f"{int(number):04d}-*.{form}"))), None)

        path = await self._lanes.readers.run(read)
        if path is None:
            raise NotFound("file", code="not_found.recording")
        return FileResponse(path, media_type=TYPES[form], headers=HEADERS)

    async def hold(self, request: Request, recording: str) -> Response:
        actor, said = actor_of(request), await said_in(request)
        if not isinstance(said.get("held"), bool):
            raise BadInput("held", code="input.bad")
        action = hold_recording if said["held"] else lift_hold
        await self._lanes.writer.run(self._journal.do, actor, self._now(), action, _id(recording), _text(said, "reason") or "")
        return as_json({"held": said["held"]})

    async def category(self, request: Request, recording: str) -> Response:
        actor, said = actor_of(request), await said_in(request)
        category, reason = _text(said, "category") or "", _text(said, "reason") or ""
        await self._lanes.writer.run(self._journal.do, actor, self._now(), class_recording, _id(recording), category, reason)
        return as_json({"category": category})


def _id(recording: str) -> str:
    """Raises NotFound: what is no id never reaches a path."""
    if not ULID.fullmatch(recording):
        raise NotFound("recording", code="not_found.recording")
    return recording


def _text(said: dict[str, Any], field: str) -> str | None:
    value = said.get(field)
    if value is not None and not isinstance(value, str):
        raise BadInput(field, code="input.bad")
    return value


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def _told(view: RecordingView) -> dict[str, object]:
    return {
        "id": view.id,
        "call_id": view.call_id,
        "call": view.call_number,
        "unit": view.unit_no and str(view.unit_no),
        "origin": view.origin,
        "state": view.state,
        "category": view.category,
        "began_at": _ms(view.began_at),
        "ended_at": _ms(view.ended_at),
        "held_at": _ms(view.held_at),
        "purged_at": _ms(view.purged_at),
        "keep_until": _ms(view.keep_until),
        "segments": view.segments,
        "duration_ms": view.duration_ms,
        "size": view.size,
    }


def _of_segment(segment: SegmentView) -> dict[str, object]:
    return {
        "number": segment.number,
        "form": segment.form,
        "began_at": _ms(segment.began_at),
        "duration_ms": segment.duration_ms,
        "size": segment.size,
        "sha256": segment.sha256,
        "recovered": segment.recovered,
    }


def _of_gap(gap: GapView) -> dict[str, object]:
    return {"track": gap.track, "from_at": _ms(gap.from_at), "to_at": _ms(gap.to_at), "why": gap.why, "filled_ms": gap.filled_ms}

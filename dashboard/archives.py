"""`/api/positions`: the archive of positions as a list, legal holds on its days, and stopping what is being written just now."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from fastapi import FastAPI, Request, Response

from dashboard.said import actor_of, as_json, said_in
from data.actions.archives import hold_positions, lift_position_hold, stop_archiving
from data.errors import BadInput
from data.journal import Journal
from data.lanes import Lanes
from data.queries.archives import ArchiveView, HoldView, archives_
from data.queries.wall import sight_of
from data.rules import words
from data.settings import Settings

SEES = "duty, commander, leader, technical, inspector"
HOLDS = "duty, commander, leader, inspector"
STOPS = "duty, commander, technical"


def add_archives(api: FastAPI, settings: Settings, journal: Journal, lanes: Lanes, now: Callable[[], datetime]) -> None:
    """The doors, on the sub-app for `/api`."""

    @api.get("/positions", openapi_extra={"x-role": SEES})
    async def archives(request: Request) -> Response:
        """Days in the archive, on their way there (`share_pct`) or purged, the newest first; and holds. Numbers and ids, no place."""
        actor = actor_of(request)

        def look() -> tuple[list[ArchiveView], list[HoldView]]:
            with journal.database.reading() as session:
                return archives_(session, sight_of(actor, court_code=settings.court_code), actor, settings.civil_offset_s)

        days, holds = await lanes.readers.run(look)
        return as_json({"archives": [_plain(each) for each in days], "holds": [_plain(each) for each in holds]})

    @api.post("/positions/holds", openapi_extra=takes(HOLDS, "for", "id", "from", "to", "reason"))
    async def hold(request: Request) -> Response:
        """留存: `for` unit, mission or case with its `id`, civil days `from` and `to` (YYYY-MM-DD, both included)."""
        actor, said = actor_of(request), await said_in(request)
        held_for, held_id, reason = (_text(said, name) for name in ("for", "id", "reason"))
        from_on, to_on = (_date(_text(said, name)) for name in ("from", "to"))
        made = await lanes.writer.run(journal.do, actor, now(), hold_positions, held_for, held_id, from_on, to_on, reason)
        return as_json({"id": made})

    @api.post("/positions/holds/{hold}/lift", openapi_extra=takes(HOLDS, "reason"))
    async def lift(request: Request, hold: str) -> Response:
        """No longer held; what is older than promised goes within the hour."""
        actor, said = actor_of(request), await said_in(request)
        lifted = await lanes.writer.run(journal.do, actor, now(), lift_position_hold, words.ulid(hold), _text(said, "reason"))
        return as_json({"lifted": lifted})

    @api.post("/positions/archives/{archive}/stop", openapi_extra=takes(STOPS))
    async def stop(request: Request, archive: str) -> Response:
        """The day that is being written stops, until tomorrow; its positions stay where they are."""
        actor = actor_of(request)
        return as_json({"stopped": await lanes.writer.run(journal.do, actor, now(), stop_archiving, words.ulid(archive))})


def takes(role: str, *fields: str) -> dict[str, Any]:
    schema = {"type": "object", "required": list(fields), "properties": {field: {"type": "string"} for field in fields}}
    return {"x-role": role, "requestBody": {"required": bool(fields), "content": {"application/json": {"schema": schema}}}}


def _text(said: dict[str, Any], field: str) -> str:
    value = said.get(field, "")
    if not isinstance(value, str):
        raise BadInput(field, code="input.bad")
    return value


def _date(said: str) -> date:
    """Raises BadInput archive.bad_days."""
    try:
        return date.fromisoformat(said)
    except ValueError as error:
        raise BadInput("days", code="archive.bad_days") from error


def _plain(view: ArchiveView | HoldView) -> dict[str, Any]:
    """Moments in ms since 1970, days as YYYY-MM-DD."""
    return {name: int(value.timestamp() * 1000) if isinstance(value, datetime) else value for name, value in asdict(view).items()}

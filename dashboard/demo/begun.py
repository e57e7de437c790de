"""What one start of the demonstration made: handed from the child that seeds to the process that watches over all."""

import json
from pathlib import Path

import msgspec

from dashboard.demo.plan import Plan
from data.settings import Settings

DOORS = ("positions", "ws", "osmand", "cases", "missions", "calls", "sos")


class Phone(msgspec.Struct, frozen=True):
    """A link that puts this officer's phone into a visitor's hand."""

    officer: str
    secret: str


class Begun(msgspec.Struct, frozen=True):
    """wall, desk, director, host, stage: secrets of one-time links. plan: without the centre's address, which is not known yet.

    pin: opens the locked desk.
    """

    wall: str
    desk: str
    director: str
    phones: list[Phone]
    plan: Plan
    canaries: dict[str, list[str]]
    pin: str = ""
    leader: str = ""
    host: str = ""
    stage: str = ""


def take(path: Path) -> Begun:
    """Read it and leave nothing behind."""
    begun = msgspec.json.decode(path.read_bytes(), type=Begun)
    path.unlink()
    return begun


def link(settings: Settings, secret: str) -> str:
    return f"{settings.origin}/link/{secret}"


def join_link(settings: Settings, secret: str) -> str:
    """Into whichever call is open when its button is pressed."""
    return f"{settings.origin}/join/{secret}"


def stage_link(settings: Settings, secret: str) -> str:
    """A browser becomes the stage."""
    return f"{settings.origin}/stage/{secret}"


def links_text(begun: Begun, settings: Settings, pids: dict[str, int]) -> str:
    """The file for LINKS=FILE; its form is the same in every release (README)."""
    http = f"{settings.origin}/ingest"
    doors = {name: f"{http.replace('http', 'ws', 1) if name == 'ws' else http}/{name}" for name in DOORS}
    doors |= {name: f"{settings.media}/media/{name}" for name in ("whip", "whep")}
    return json.dumps(
        {
            "links": {name: link(settings, getattr(begun, name)) for name in ("wall", "desk", "director", "host")}
            | {"leader": join_link(settings, begun.leader), "stage": stage_link(settings, begun.stage)},
            "phones": [{"officer": phone.officer, "link": link(settings, phone.secret)} for phone in begun.phones],
            "devices": [
                {"unit": unit.unit, "token": unit.token, "osmand_id": unit.osmand_id} for unit in begun.plan.devices if unit.driver is None
            ],
            "case_system": {"token": begun.plan.case_token},
            "doors": doors,
            "pid": {name: pids[name] for name in ("supervisor", "web", "bus", "relay") if name in pids},
            "bus_url": settings.redis_url,
            "database": settings.database_url,
            "canaries": begun.canaries,
        },
        ensure_ascii=False,
        indent=1,
    )

"""Every face and door of the web process, each given what it needs, and the path that it is mounted at."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from typing import Any

from dashboard.admin.app import Admin
from dashboard.admin.devices import Heard
from dashboard.api import NEAR_MOST
from dashboard.check_page import check_page
from dashboard.faults.app import Faults
from dashboard.field.app import build_field
from dashboard.house import House
from dashboard.i18n import t
from dashboard.inspector.app import Inspector
from dashboard.join.app import Join
from dashboard.join.party import PartyDoors
from dashboard.manual.app import Manual
from dashboard.replay.app import build_replay
from dashboard.screening.door import Door
from dashboard.screening.host import Host
from dashboard.screening.objecting import Objecting
from dashboard.screening.stage import Stage
from dashboard.sheet.app import Sheets
from dashboard.vendor import build_vendor
from data.attempts import Attempts
from data.errors import CommandCentreError
from data.queries.wall import sight_of
from data.queries.ways import Alarm, alarm_of, teams_of
from data.rules.permissions import Actor
from geo.coordinates import Place
from streaming.bearer import actor_of, client_address, osmand_actor
from streaming.ingest import Doors
from streaming.uploads import Uploads

BY_ROAD_S = 0.2  # so long a support order waits for the ways; then it goes by straight line, and says so


def faces(house: House, now: Callable[[], datetime], attempts: Callable[[str], Attempts]) -> dict[str, Any]:
    """By path. attempts: who failed how often, by door."""
    settings = house.settings
    return {
        "/field": build_field(texts=t.alone("field"), build=house.build, check=check_page(t.alone("check"), "field")),
        "/join": Join(settings, house.identity, house.journal, house.lanes, house.bell, now, attempts("join")).app(),
        "/party": PartyDoors(settings, house.identity, house.journal, house.lanes, house.bell, now, attempts("party")).app(),
        "/sheet": Sheets(settings, house.journal, house.lanes, now).app(),
        "/faults": Faults(settings, house.journal, house.lanes, now).app(),
        "/inspector": Inspector(settings, house.journal, house.lanes).app(),
        "/manual": Manual(version("enforcement-command-centre")).app(),
        "/stage": Stage(settings, house.identity, house.journal, house.lanes, house.stages, now, attempts("stage")).app(),
        "/centre/admin": _admin(house, now),
        "/door": Door(settings, house.identity, house.journal, house.lanes, now, attempts("door")).app(),
        "/object": Objecting(settings, house.journal, house.lanes, house.stages, now, attempts("object"), house.objections).app(),
        "/centre/screening": Host(settings, house.journal, house.lanes, house.stages, now).app(),
        "/replay": build_replay(t.alone("replay"), t.alone("tracks")),
        "/vendor": build_vendor(),
    }


def places(house: House, now: Callable[[], datetime]) -> dict[int, tuple[float, float]]:
    """Where each unit on duty is whose position is not lost."""
    now_ms = int(now().timestamp() * 1000)
    oldest = now_ms - house.hub.settings.lost_s * 1000
    there = house.positions.newest().items()
    return {no: (fix.lat, fix.lon) for no, fix in there if fix.t_ms >= oldest and house.positions.on_duty(no, now_ms)}


def by_road(house: House, now: Callable[[], datetime]) -> Callable[[Actor, str], Awaitable[dict[int, float]]]:
    """How long each unit near a call would drive; none of them when that is not known at once: the key must not wait for it."""

    def asked(actor: Actor, call_id: str) -> tuple[Alarm, list[tuple[int, Place]], dict[int, str]]:
        with house.database.reading() as session:
            sight = sight_of(actor)
            alarm = alarm_of(session, sight, "call", call_id)
            alarm = replace(alarm, place=house.hub.newest.place_of(alarm.unit_no) or alarm.place)
            near = house.hub.newest.around(*alarm.place, int(now().timestamp() * 1000) - round(house.hub.settings.lost_s * 1000), NEAR_MOST)
            return alarm, near, teams_of(session, sight, (no for no, _ in near))

    async def asked_in_time(actor: Actor, call_id: str) -> dict[int, float]:
        try:
            alarm, near, teams = await house.lanes.readers.run(asked, actor, call_id)
            async with asyncio.timeout(BY_ROAD_S):
                found = await house.ways.coming(alarm, teams, near, most=len(near))
        except (CommandCentreError, TimeoutError):
            return {}
        return {each.unit_no: each.way.seconds for each in found or ()}

    return asked_in_time


def ingest_doors(house: House, now: Callable[[], datetime], strangers: Attempts) -> Doors:
    from dashboard.phone_doors import about, area_at, seen

    return Doors(
        who=lambda connection: actor_of(connection, house.identity, house.settings),
        positions=house.positions,
        journal=house.journal,
        lanes=house.lanes,
        say=t,
        now=now,
        who_by_key=lambda key, connection: osmand_actor(
            key, house.identity, client_address(connection.scope, house.settings.trusted_proxies)
        ),
        about=lambda actor: about(house.database, house.settings, actor),
        seen=lambda actor: seen(house.database, actor),
        uploads=Uploads(house.settings.recordings),
        area_at=lambda lat, lon: area_at(house.database, lat, lon),
        strangers=strangers,
    )


def _admin(house: House, now: Callable[[], datetime]) -> Any:
    def heard(device_no: int, unit_no: int) -> Heard:
        _, devices = house.hub.present()
        fix = house.positions.of(unit_no)
        at_ms = fix.t_ms if fix is not None and fix.device_no in (device_no, 0) else None  # 0: heard from another web process
        return Heard(at_ms, device_no in devices, devices.get(device_no))

    return Admin(house.settings, house.journal, house.lanes, now, heard, lambda: frozenset(house.hub.present()[0])).app()

"""What one web process is made of, built once and handed down. Opens nothing: that is `running`'s."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dash import Dash
from fastapi import FastAPI

from dashboard.building import HERE, build_of
from dashboard.dash_pages import dash_on
from dashboard.demo.relocation import relocation, when_asked
from dashboard.health import Health
from dashboard.heartbeat.pulse import Pulse
from dashboard.i18n import t
from dashboard.join.doors import Bell
from dashboard.live.hub import Hub
from dashboard.screening.blacks import Blacks
from dashboard.screening.owed_objections import OwedObjections
from dashboard.screening.stages import Stages
from dashboard.ways import RoadWays
from data.engines import Database, open_database
from data.identity import Identity
from data.journal import Announcement, Journal
from data.lanes import Lanes
from data.sealing import load_sealing
from data.settings import Settings
from geo import packed
from streaming.bus import Bus
from streaming.bus_server import BusServer
from streaming.history import History
from streaming.others import Others
from streaming.positions import Beside, Positions


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class House:
    """What was built, for the lifespan and for tests: `app.state.house`."""

    settings: Settings
    build: str
    database: Database
    lanes: Lanes
    journal: Journal
    identity: Identity
    bus: Bus
    history: History
    positions: Positions
    health: Health
    pulse: Pulse
    hub: Hub
    ways: RoadWays
    dash: Dash
    bell: Bell
    stages: Stages
    objections: OwedObjections
    others: Others
    number: int


def furnish(settings: Settings, now: Callable[[], datetime], root: FastAPI, number: int) -> House:
    database, lanes, bus = open_database(settings.database_url), Lanes(), Bus(BusServer.of(settings))
    several = settings.web_processes > 1
    others = Others(bus.publish_webs, number, settings.web_processes)
    identity = Identity(database, settings.keys, lanes.readers, alone=not several)
    hub: Hub
    positions: Positions
    bell, stages = Bell(), Stages(Blacks(settings.run), others)

    def heard(kind: str) -> None:
        positions.heard(kind)
        bell.heard(kind)
        stages.heard(kind)

    def announce(announcements: Sequence[Announcement]) -> None:
        identity.heard(announcements)
        for announcement in announcements:
            heard(announcement.kind)
        hub.poke()
        bus.announce(announcements)

    journal = Journal(database, load_sealing(settings.keys), settings.court_code, announce, settings.civil_offset_s)
    journal.named(settings.court_name)  # until the court's own row has been read: `live.following`
    history = History(settings.positions)
    kept = settings.run / "visitors.json"
    relocate = when_asked(lambda: relocation(settings.layers, lambda unit_no: positions.of(unit_no), kept)) if settings.demo else None
    health = Health(settings, database, lanes.probes, bus, lambda: int(now().timestamp() * 1000), number)
    positions = Positions(journal, lanes, history, bus, now, relocate, Beside(health.leads) if several else None)
    others.hear("hello", lambda _, __: positions.say_newest())
    build_id = build_of(HERE)
    pulse = Pulse(settings, database, lanes, journal, health.parts, build_id, t, now, tells=health.leads)
    hub = Hub(
        settings=settings,
        database=database,
        lanes=lanes,
        journal=journal,
        identity=identity,
        health=health,
        build=build_id,
        say=t,
        now=now,
        newest_kept=lambda now_ms: _kept(positions, now_ms),
        doubtful=positions.doubtful.often,
        pulse=pulse,
        others=others,
        heard=heard,
    )
    dash = dash_on(root)
    ways = RoadWays(settings.layers)
    return House(
        settings, build_id, database, lanes, journal, identity, bus, history, positions, health, pulse, hub, ways, dash, bell, stages,
        OwedObjections(settings.run, journal, lanes, now), others, number,
    )  # fmt: skip


def _kept(positions: Positions, now_ms: int) -> packed.Records:
    """The newest positions that this process itself took in, of units on duty."""
    return packed.records_of([fix for fix in positions.newest().values() if positions.on_duty(fix.unit_no, now_ms)], now_ms)

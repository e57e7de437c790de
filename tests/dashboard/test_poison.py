"""attack 29: one poison record in each table, written around our code: what is drawn shows the rest, and says how many it left out."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import JSON, Float, Integer, Table
from starlette.types import Receive, Scope, Send

from dashboard.admin.app import Admin
from dashboard.admin.devices import Heard
from dashboard.i18n import t
from data import tables
from data.demo import prepare, seed
from data.engines import open_database
from data.invented_court import invented
from data.journal import Journal
from data.lanes import Lanes
from data.migrate import upgrade
from data.queries import wall
from data.queries.heartbeat import last_changes
from data.rules.permissions import Actor, Clearance, Role, Sight
from data.sealing import load_sealing
from data.settings import Settings
from data.tables import Instant

pytestmark = pytest.mark.timeout(240)
PAGES = ("/people", "/devices", "/walls", "/fences", "/settings", "/storage", "/workbook", "/factors", "/map")
WORDS = {"state", "kind", "role", "category", "layout", "purpose", "stage", "urgency", "audience"}
NOW = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
SOON = {"officer", "device", "part_change", "unit"}  # the others take their time: a copy of the court for each
TABLES = [
    pytest.param(table, id=table.name, marks=() if table.name in SOON else pytest.mark.long)
    for table in sorted(tables.Table.metadata.tables.values(), key=lambda table: table.name)
]
# Drawn on the wall one row a record, so that what cannot be read is missing there and counted.
DRAWN = {"team", "unit", "mission", "enforcement_case", "part_change"}


def garbage(column: Any) -> Any:
    """What our code would never write there; None: any text is as good as another."""
    if isinstance(column.type, Instant):
        return "never"
    if isinstance(column.type, Integer | Float):
        return "NaN?"
    if isinstance(column.type, JSON):
        return "{broken"
    return "NO SUCH WORD" if column.name in WORDS else None


def poison(path: Path, table: Table) -> bool:
    """The last record of a table holds nonsense wherever the database takes it; False without a record or a place for nonsense."""
    keys = [column.name for column in table.primary_key.columns]
    wanted = {column.name: garbage(column) for column in table.columns if column.name not in keys and not column.foreign_keys}
    there = " and ".join(f'"{key}" = ?' for key in keys)
    done = 0
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA foreign_keys = off")
        row = file.execute(f'SELECT {", ".join(keys)} FROM "{table.name}" ORDER BY {", ".join(keys)} DESC LIMIT 1').fetchone()
        for name, value in wanted.items() if row else ():
            if value is not None:
                try:
                    done += file.execute(f'UPDATE "{table.name}" SET "{name}" = ? WHERE {there}', (value, *row)).rowcount
                except sqlite3.IntegrityError:
                    continue  # a constraint of the database itself: such a record cannot be
    file.close()
    return done > 0


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path]:
    """The invented court on its day, closed: to be copied."""
    settings = invented(Settings.of(home=tmp_path_factory.mktemp("home")), 28_800)
    settings.make_folders()
    database = open_database(settings.database_url)
    upgrade(database)  # with its triggers: what is only ever added to cannot be poisoned
    journal = Journal(database, load_sealing(settings.keys), settings.court_code)
    seed(journal, settings, NOW)
    prepare(journal, settings, NOW)
    database.close()
    path = Path(settings.database_url.partition(":///")[2])
    with sqlite3.connect(path) as file:
        file.execute(
            "INSERT INTO part_change (id, part, state, at) VALUES ('01KPART0000000000000000001', 'database', 'down', '2026-11-27 01:00:00')"
        )
        file.execute(
            "INSERT INTO part_change (id, part, state, at) VALUES ('01KPART0000000000000000002', 'redis', 'down', '2026-11-27 01:00:00')"
        )
    file.close()
    return settings, path


@pytest.fixture
def poisoned(court: tuple[Settings, Path], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Settings, Journal]]:
    settings, whole = court
    path = tmp_path / "ecc.db"
    shutil.copy(whole, path)
    if not poison(path, request.param):
        pytest.skip("no record of it here, or no place for nonsense in it")
    settings = replace(settings, database_url=f"sqlite:///{path}")
    database = open_database(settings.database_url)
    yield settings, Journal(database, load_sealing(settings.keys), settings.court_code)
    database.close()


@pytest.mark.parametrize("poisoned", TABLES, indirect=True)
def test_29_every_page_and_the_wall_show_the_rest(poisoned: tuple[Settings, Journal], request: pytest.FixtureRequest) -> None:
    settings, journal = poisoned
    sight = Sight(Clearance.DESK, Role.DUTY, settings.court_code, positions=True)
    with journal.database.reading() as session:
        shown = wall.snapshot(session, sight, NOW, say=t)
        last_changes(session)  # the first thing that a starting centre asks
    assert len(shown.rows["unit"]) > 40
    if request.node.callspec.id in DRAWN:
        assert next(iter(shown.rows["today"].values()))["skipped"] >= 1
    lanes = Lanes()
    app = Admin(settings, journal, lanes, lambda: NOW, heard=lambda _, __: Heard(), open_walls=frozenset).app()
    try:
        told = asyncio.run(pages(app, settings, journal))
    finally:
        lanes.close()
    assert {path: answer.status_code for path, answer in told.items()} == dict.fromkeys(PAGES, 200)
    for table, path in (("officer", "/people"), ("device", "/devices")):
        if request.node.callspec.id == table:
            assert t("admin.skipped", n=1) in told[path].text
            assert told[path].text.count("<tr data-") > 20


async def pages(app: Any, settings: Settings, journal: Journal) -> dict[str, httpx.Response]:
    with journal.database.reading() as session:
        officer = session.scalar(tables.OfficerRow.__table__.select().with_only_columns(tables.OfficerRow.id).limit(1))
    actor = Actor("desk", "01KSESS0000000000000000001", Role.TECHNICAL, settings.court_code, officer_id=officer)

    async def signed_in(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["actor"] = actor
        await app(scope, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(signed_in), base_url="http://centre.test") as browser:
        return {path: await browser.get(path) for path in PAGES}

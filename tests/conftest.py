"""What tests stand on: real servers, a fresh database, a clock that is set, a real browser. The running product: `running.py`."""

import gc
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import httpx
import pytest
import websockets
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from playwright.async_api import Browser, Page, async_playwright, expect
from sqlalchemy import Engine, event

from data import credentials
from data.engines import Database, open_database
from tests.camera import film_of_a_camera
from tests.databases import Engines, EveryTable, EveryTableFile
from tests.faulty_proxy import FaultyProxy
from tests.servers import POSTGIS, POSTGRESQL_BIN, PostgresServer, RedisServer, need

CHROMIUM = Path("/usr/bin/chromium")
# The same engine without the toolbar's own pages, which cost 0.6 s of processor for each new context: half of the whole run.
HEADLESS = Path("/usr/bin/chromium-headless-shell")
CHROMIUM_FLAGS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",  # without it zero frames where only `lo` exists
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
os.environ["PYTHONPATH"] = str(Path(__file__).parent / "as_installed")  # of every process that a test starts
gc.disable()  # until everything is imported and collected, which stays for good: looking it through again and again is no test
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # no test asserts how quick it was
settings.load_profile("house")
expect.set_options(timeout=20_000)  # ms; the five seconds of Playwright are too few when a shared machine starts a second Chromium
# So are the five seconds of httpx and the ten of websockets for whoever says nothing else: both hold them in an object that all share.
vars(httpx._config.DEFAULT_TIMEOUT_CONFIG).update(dict.fromkeys(("connect", "read", "write", "pool"), 60.0))
(websockets.connect.__init__.__kwdefaults__ or {}).update(open_timeout=60.0)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgis", action="store_true", help="every PostgreSQL database of the tests holds the extension PostGIS")
    parser.addoption("--db", choices=["sqlite", "postgresql"], default="sqlite", help="where the products of the journeys keep their court")
    parser.addoption("--webs", type=int, choices=[1, 2], default=1, help="2: the products of the journeys stand behind nginx, so many each")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for the browser or for PostgreSQL carries the mark of it, so that `-m` can leave it out; journeys come first."""
    for item in items:
        asked = getattr(item, "fixturenames", ())
        for mark, fixture in (("browser", "_chromium"), ("postgres", "postgres")):
            if fixture in asked:
                item.add_marker(mark)
        if item.get_closest_marker("postgres_long") and item.get_closest_marker("postgres"):
            item.add_marker("long")
    items[:] = mixed(items)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


def mixed(items: list[pytest.Item]) -> list[pytest.Item]:
    """Journeys among the other files, as even as they go: beside a browser that wants both processors runs a test that waits.

    Those that share one product come before those with one of their own. What takes a second or two comes last: all workers end together.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    journeys = sorted((file for file in files if "journeys" in file.parts), key=lambda file: not shares_product(files[file][0]))
    small = [file for file in files if not {"rules", "geo"}.isdisjoint(file.relative_to(Path(__file__).parent).parts)]
    others = [file for file in files if file not in {*journeys, *small}]
    order: list[Path] = []
    for number, journey in enumerate(journeys, 1):
        order += [journey, *others[len(order) - number + 1 : number * len(others) // len(journeys)]]
    return [item for file in [*(order or others), *small] for item in files[file]]


def shares_product(item: pytest.Item) -> bool:
    """Whether it stands on the product of `journeys/conftest.py`, not on one of its own file."""
    return (
        "journeys" in item.path.parts
        and "product" in getattr(item, "fixturenames", ())
        and not hasattr(getattr(item, "module", None), "product")
    )


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """The passwords of invented people need not cost a tenth of a second each; that those of others do, test_accounts.py shows."""
    own = credentials.hasher
    credentials.hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    yield
    credentials.hasher = own


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of this machine or of another test reaches a test."""
    for name in [name for name in os.environ if name.startswith("ECC_")]:
        monkeypatch.delenv(name)


@event.listens_for(Engine, "connect")
def backwards(connection: Any, _: Any) -> None:
    """SQLite gives rows that nobody ordered backwards: what leans on an order that it did not ask for falls here."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA reverse_unordered_selects = 1")


class Clock:
    """A clock that stands until it is set. `clock.now` is what our functions take; the first instant is a Monday, 09:38 in Shanghai."""

    def __init__(self, instant: datetime = datetime(2026, 11, 23, 1, 38, tzinfo=UTC)) -> None:
        self._instant = instant

    def now(self) -> datetime:
        return self._instant

    def __call__(self) -> datetime:
        return self._instant

    def advance(self, seconds: float) -> datetime:
        """Forward, or backward when negative; returns the new instant."""
        self._instant += timedelta(seconds=seconds)
        return self._instant

    def set(self, instant: datetime) -> None:
        """To an instant that knows its zone."""
        assert instant.tzinfo is not None
        self._instant = instant.astimezone(UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A server of this test's own (0.1 s): kill it, freeze it, restart it."""
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def _cluster(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    need((POSTGRESQL_BIN / "postgres").exists(), "postgresql-15")
    postgis = bool(request.config.getoption("--postgis"))
    need(not postgis or POSTGIS.exists(), "postgresql-15-postgis-3")
    server = PostgresServer(postgis)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def postgres(_cluster: PostgresServer) -> Iterator[PostgresServer]:
    """The one cluster of this run, brought back to life whatever a test does to it."""
    _cluster.ensure()
    yield _cluster
    _cluster.ensure()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database of this test's own."""
    name = f"test_{uuid4().hex}"
    yield postgres.create_database(name)
    postgres.ensure()
    postgres.drop_database(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database on each of the two: the test runs twice."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ecc.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def empty_database(database_url: str) -> Iterator[Database]:
    """Both engines on an empty database, for migrations."""
    database = open_database(database_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def _every_table(_cluster: PostgresServer) -> EveryTable:
    return EveryTable(_cluster)


@pytest.fixture(scope="session")
def _every_table_file(tmp_path_factory: pytest.TempPathFactory) -> EveryTableFile:
    return EveryTableFile(tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="session")
def _engines() -> Engines:
    return Engines()


@pytest.fixture(scope="session")
def _sqlite_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sqlite")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, _engines: Engines, _sqlite_folder: Path, tmp_path: Path) -> Iterator[Database]:
    """Both engines on a database that has every table and no row: the test runs twice.

    Tests of the data room share engines and the SQLite file's place. Elsewhere threads may still read when their test is over, and must not
    find the next test's file there.
    """
    alone = not request.path.is_relative_to(Path(__file__).parent / "data")
    if request.param == "sqlite":
        url = request.getfixturevalue("_every_table_file").copy(tmp_path if alone else _sqlite_folder)
    else:
        request.getfixturevalue("postgres")
        url = request.getfixturevalue("_every_table").empty()
    database = open_database(url) if alone else _engines.of(url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def _scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every camera sees: a quarter of the pixels that a phone asks for, six times a second.

    Drawing, encoding, decoding and showing 1280x720 was most of what these journeys cost; the benches measure with all of it.
    """
    return film_of_a_camera(tmp_path_factory.mktemp("camera") / "scene.y4m")


@pytest.fixture(scope="module")
async def _chromium(_scene: Path, request: pytest.FixtureRequest) -> AsyncIterator[Callable[[], Awaitable[Browser]]]:
    """One Chromium for a file of tests (starting it took half of many a test), started again should it have died."""
    need(HEADLESS.exists() or CHROMIUM.exists(), "chromium-headless-shell")
    flags = [*CHROMIUM_FLAGS, f"--use-file-for-fake-video-capture={_scene}"]
    flags += ["--no-sandbox"] if os.geteuid() == 0 else []
    flags += ["--ignore-certificate-errors"] if request.config.getoption("--webs") == 2 else []  # nginx has one of the test's own
    async with async_playwright() as playwright:
        started: list[Browser] = []

        async def alive() -> Browser:
            if not started or not started[-1].is_connected():
                started.append(await playwright.chromium.launch(executable_path=HEADLESS if HEADLESS.exists() else CHROMIUM, args=flags))
            return started[-1]

        yield alive
        for browser in started:
            await browser.close()


@pytest.fixture
async def browser(_chromium: Callable[[], Awaitable[Browser]]) -> AsyncIterator[Browser]:
    """A real Chromium: what a test opens in it is closed after it, with its cookies, stores and workers. Pages of `faces.py` stay."""
    browser = await _chromium()
    staying = list(browser.contexts)
    yield browser
    for context in list(browser.contexts):
        if context not in staying:
            await context.close()


@pytest.fixture
async def page(browser: Browser) -> Page:
    """A page as on the wall: 1920x1080 CSS pixels, Chinese, in Shanghai."""
    context = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN", timezone_id="Asia/Shanghai")
    return await context.new_page()


class MakeProxy(Protocol):
    async def __call__(self, host: str, port: int | None = None) -> FaultyProxy: ...


@pytest.fixture
async def faulty_proxy() -> AsyncIterator[MakeProxy]:
    """`proxy = await faulty_proxy(host, port)`: as many as the test needs, closed after it."""
    async with AsyncExitStack() as open_ones:

        async def make(host: str, port: int | None = None) -> FaultyProxy:
            return await open_ones.enter_async_context(FaultyProxy(host, port))

        yield make

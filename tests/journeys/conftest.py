"""The running product that the gentle files of journeys share: each of its own costs five seconds of processor and ten of waiting."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from ulid import ULID

from data.actions.sos import acknowledge_sos, resolve_sos
from data.actions.walls import steer_wall
from data.journal import Journal, Work
from data.rules import calls, sos
from data.rules.permissions import Actor, Role
from data.sealing import load_sealing
from data.tables import CallRow, SosRow
from tests.certificates import Pair, issued, laid_down
from tests.conftest import shares_product
from tests.proxies import Proxy
from tests.running import SHAPE, Product, Shape
from tests.servers import PostgresServer, free_port, need, port_for_two


@pytest.fixture(scope="module", autouse=True)
def _shape(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """`--db postgresql [--postgis]`, `--webs 2`: every product of the journeys that does not say otherwise."""
    two, usual = request.config.getoption("--webs") == 2, Shape(SHAPE.settings, SHAPE.front)
    cluster: PostgresServer | None = None
    if request.config.getoption("--db") == "postgresql":
        cluster = request.getfixturevalue("_cluster")

    def settings() -> dict[str, Any]:
        made: dict[str, Any] = {}
        if cluster is not None:
            made["database_url"] = cluster.create_database(f"journey_{ULID()}".lower())
        if two:
            public = f"https://localhost:{free_port()}"
            made |= {"port": port_for_two(), "web_processes": 2, "public_origin": public, "media_origin": public}
            made["trusted_proxies"] = ("127.0.0.1",)
        return made

    with pytest.MonkeyPatch.context() as patch:
        SHAPE.settings = settings
        if two:
            need(shutil.which("nginx", path="/usr/sbin:/usr/bin") is not None, "nginx")
            pair = issued("court")
            trusted = str(laid_down(tmp_path_factory.mktemp("trusted"), pair)[0])
            patch.setenv("SSL_CERT_FILE", trusted)
            patch.setenv("NODE_EXTRA_CA_CERTS", trusted)  # of Playwright's own requests
            SHAPE.front = lambda product: Nginx(product, pair)
        yield
    SHAPE.settings, SHAPE.front = usual.settings, usual.front


class Nginx(Proxy):
    """In a folder of its own, which goes with it."""

    def __init__(self, product: Product, pair: Pair) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ecc-nginx-"))
        self._folder.chmod(0o777)  # it gives its workers to another user
        super().__init__("nginx", product, self._folder, pair)

    def close(self) -> None:
        super().close()
        shutil.rmtree(self._folder, ignore_errors=True)


class House:
    """One running product, begun when somebody asks for it and begun anew when the file before has left it unwell."""

    def __init__(self) -> None:
        self._product: Product | None = None

    def ready(self) -> Product:
        """Its relay answers, no call and no alarm is open, and the wall stands as at the beginning."""
        if self._product is not None and self._product.status("/readyz") != 200:
            self.close()
        if self._product is None:
            self._product = Product()
            self._product.start()
        self._product.until_relay()
        cleared(self._product)
        return self._product

    def close(self) -> None:
        if self._product is not None:
            self._product.close()
        self._product = None


HOUSE = House()  # of this worker; pytest ends it between two tests, where no fixture of the session is told of it


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    """For files that harm nothing and add nobody. Whoever kills, freezes or settles something has a product of his own."""
    product = HOUSE.ready()
    yield product
    assert product.told_of_secrets() == [], "a log or what was printed holds a secret or a name"


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Files with a product of their own come after those that share one: from then on it would only go on beating beside them."""
    if nextitem is None or ("journeys" in nextitem.path.parts and not shares_product(nextitem)):
        HOUSE.close()


def pytest_sessionfinish() -> None:
    """Where no file with a product of its own came after them."""
    HOUSE.close()


def cleared(product: Product) -> None:
    """As officers and a desk would leave it: calls taken back or ended by whose they are, alarms resolved, the wall as it was."""
    settings, officer = product.settings, product.seeded.officers[1001]
    duty = Actor(kind="OFFICER", id=f"officer:{officer}", role=Role.DUTY, officer_id=officer, court_code=settings.court_code)
    database = product.database()
    try:
        with database.reading() as session:
            still = session.execute(select(CallRow.id, CallRow.unit_no).where(CallRow.state.in_(calls.OPEN))).all()
        for call_id, unit in still:
            headers = {"Authorization": f"Bearer {product.seeded.devices[unit]}"}
            httpx.post(f"{product.origin}/ingest/calls/end", json={"id": call_id}, headers=headers).raise_for_status()
        Journal(database, load_sealing(settings.keys), settings.court_code).do(duty, datetime.now(UTC), _clear, product.seeded.wall_id)
    finally:
        database.close()


def _clear(work: Work, wall_id: str) -> None:
    for alarm in work.session.scalars(select(SosRow).where(SosRow.state.in_(sos.OPEN))).all():
        if alarm.owner_id is None:
            acknowledge_sos(work, alarm.id)
        resolve_sos(work, alarm.id)
    steer_wall(work, wall_id, layout=1, focus=("", ""), visitors=False, grid="main")

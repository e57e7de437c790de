"""A Redis of one's own: few rights, TLS, Sentinels; slow, locked, spoken to wrongly, replaced: the wall says so, the journal brings all."""

import asyncio
import pickle
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
import redis
from sqlalchemy import select
from ulid import ULID

from dashboard.heartbeat.metrics import TOKEN
from dashboard.i18n import t
from data.actions.orders import send_support
from data.journal import Journal
from data.rules.permissions import Actor, Role
from data.sealing import load_sealing
from data.settings import as_environ
from data.tables import EntryRow, OfficerRow
from streaming.bus import Bus
from streaming.bus_server import BusServer
from tests.certificates import issued, laid_down
from tests.dashboard.test_live import View, call, end_call, instant, post, report, units, viewer
from tests.faulty_proxy import FaultyProxy
from tests.redis_servers import DEBIAN, MASTER, OwnRedis, Tls, Watched, watched
from tests.running import COURT, Product
from tests.servers import PostgresServer, RedisServer, free_port, need, wait_until
from tests.streaming.test_bus_server import SECRET, documented
from tests.webs import Two

pytestmark = pytest.mark.timeout(180)


class WithoutBus(Product):
    """A product that comes up although its bus cannot be used."""

    def until_ready(self) -> None:
        wait_until(lambda: self.status("/readyz") == 503, "nobody answers", 60)


@asynccontextmanager
async def running(product: Product) -> AsyncIterator[Product]:
    try:
        await asyncio.to_thread(product.start)
        yield product
    finally:
        await asyncio.to_thread(product.close)


async def arrives_once(product: Product, wall: View, caller: int, alarmed: int) -> None:
    """A call, and an alarm that is sent again as after a lost answer."""
    id_, alarm = await call(product, caller), str(ULID())
    body = {"id": alarm, "t": instant(), "fix": None}
    answers = [await asyncio.to_thread(post, product, "/ingest/sos", product.seeded.devices[alarmed], body) for _ in range(2)]
    assert answers[0][0] == 202
    assert answers[0] == answers[1]
    await wall.until(lambda: id_ in wall.shown and alarm in wall.rows["sos"])
    await end_call(product, caller, id_)
    assert wall.shown.count(id_) == 1


async def bus_is(wall: View, up: bool) -> None:
    wall.tick = {}
    await wall.until(lambda: wall.tick and wall.tick["parts"]["bus"]["up"] is up)


async def test_15_slow_and_locked_is_down_and_heals_by_itself_and_nothing_is_lost_or_doubled(redis_server: RedisServer) -> None:
    async with FaultyProxy("127.0.0.1", redis_server.port) as proxy:
        product = await asyncio.to_thread(Product, redis_url=f"redis://127.0.0.1:{proxy.port}/0")
        async with running(product), viewer(product, "wall", product.seeded.wall) as wall:
            await bus_is(wall, True)
            proxy.delay_s = 2.0
            await bus_is(wall, False)
            await arrives_once(product, wall, 1001, 1002)
            proxy.mend()
            await bus_is(wall, True)
            with redis.Redis.from_url(redis_server.url) as client:
                client.config_set("requirepass", "another")
                client.client_kill_filter(_type="pubsub")
                await bus_is(wall, False)
                await arrives_once(product, wall, 1003, 1004)
                client.config_set("requirepass", "")
            await bus_is(wall, True)
            await arrives_once(product, wall, 1005, 1006)
            assert wall.snapshots == 1


async def test_15_a_server_that_knows_no_tls_is_said_from_the_start_and_calls_arrive_all_the_same(redis_server: RedisServer) -> None:
    product = await asyncio.to_thread(WithoutBus, redis_url=redis_server.tcp_url.replace("redis://", "rediss://"))
    async with running(product), viewer(product, "wall", product.seeded.wall) as wall:
        await bus_is(wall, False)
        await arrives_once(product, wall, 1001, 1002)
        assert await asyncio.to_thread(product.status, "/readyz") == 503


def told(wall: View) -> str:
    """What the wall says of the bus."""
    return next((each["why"] for each in wall.tick.get("troubles", ()) if each["part"] == "bus"), "")


async def says(wall: View, sentence: str) -> None:
    await wall.until(lambda: sentence in told(wall))


# --- password, TLS, few rights ----------------------------------------------------------------------------------------------------------


def doctor(product: Product) -> str:
    command = [sys.executable, "-m", "dashboard", "doctor"]
    done = subprocess.run(command, env=as_environ(product.settings), capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def metrics(product: Product) -> str:
    token = (product.settings.keys / TOKEN).read_text().strip()
    address = f"http://127.0.0.1:{product.settings.metrics_port}/metrics"
    with urllib.request.urlopen(urllib.request.Request(address, headers={"authorization": f"Bearer {token}"}), timeout=20) as answer:
        return str(answer.read().decode())


def everything_told(product: Product) -> dict[str, str]:
    """Whatever may be read without the settings: logs, the terminal, the list of processes, doctor, metrics, the doors' description."""
    texts = {file.name: file.read_text(errors="replace") for file in (*product.settings.log.glob("*.log"), product.home / "said")}
    family = [psutil.Process(product.pid), *psutil.Process(product.pid).children(recursive=True)]
    texts["ps"] = "\n".join(" ".join(each.cmdline()) for each in family)
    texts["doctor"], texts["metrics"] = doctor(product), metrics(product)
    with urllib.request.urlopen(f"{product.origin}/healthz", timeout=10) as answer:
        texts["healthz"] = answer.read().decode()
    return texts


async def test_15_a_court_lives_with_tls_a_certificate_and_exactly_the_documented_rights(tmp_path: Path) -> None:
    """Attack 15; and attack 16: what strangers say is counted where an operator looks. The password is told nowhere."""
    need(DEBIAN.exists(), "redis-server")
    ca = issued("CA court")
    folders = [tmp_path / name for name in ("ca", "server", "client")]
    for folder in folders:
        folder.mkdir()
    authority = laid_down(folders[0], ca)[0]
    ours = laid_down(folders[2], issued("ecc", ca))
    server = OwnRedis(("user default off", documented()[0]), Tls(*laid_down(folders[1], issued("redis", ca)), authority, clients=True))
    try:
        await asyncio.to_thread(server.start)
        product = await asyncio.to_thread(
            Product,
            redis_url=f"rediss://ecc:{SECRET}@localhost:{server.port}/0",
            redis_ca=authority,
            redis_cert=ours[0],
            redis_key=ours[1],
            metrics_port=free_port(),
        )
        async with running(product), viewer(product, "wall", product.seeded.wall) as wall:
            await bus_is(wall, True)
            await arrives_once(product, wall, 1001, 1002)
            frames = len(wall.frames)
            await report(product, 1003, 23.11, 112.51)
            await wall.until(lambda: 1003 in units(wall.frames[frames:]))
            assert server.refused() == []
            with server.admin() as stranger:
                for strange in (pickle.dumps({"n": 1}), b"{", b"x" * 10 * 1024 * 1024):
                    stranger.publish("events", strange)
            await asyncio.to_thread(wait_until, lambda: "ecc_bus_foreign_total 3.0" in metrics(product), "not counted")
            await says(wall, t("heartbeat.bus_foreign", count=3, time="")[:20])
            texts = await asyncio.to_thread(everything_told, product)
            assert t("heartbeat.bus_foreign", count=3, time="")[:20] in texts["doctor"]
            assert [name for name, text in texts.items() if SECRET in text] == []
    finally:
        server.close()


@pytest.mark.postgres
async def test_two_web_processes_meet_in_it_by_tls_and_the_documented_rights_alone(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """As a court runs it: PostgreSQL, one Redis of its own, two web processes of one home."""
    need(DEBIAN.exists(), "redis-server")
    ca = issued("CA court")
    folders = [tmp_path / name for name in ("ca", "server")]
    for folder in folders:
        folder.mkdir()
    authority = laid_down(folders[0], ca)[0]
    server = OwnRedis(("user default off", documented()[0]), Tls(*laid_down(folders[1], issued("redis", ca)), authority))
    try:
        await asyncio.to_thread(server.start)
        cluster: PostgresServer = request.getfixturevalue("_cluster")
        database = cluster.create_database(f"own_{ULID()}".lower())
        address = f"rediss://ecc:{SECRET}@localhost:{server.port}/0"
        product = await asyncio.to_thread(lambda: Two(database_url=database, redis_url=address, redis_ca=authority))
        async with running(product), viewer(product.b, "wall", product.seeded.wall) as wall:
            await bus_is(wall, True)
            id_ = await call(product.a, 1001)
            await wall.until(lambda: id_ in wall.rows["call"])
            frames = len(wall.frames)
            await report(product.a, 1003, 23.11, 112.51)
            await wall.until(lambda: 1003 in units(wall.frames[frames:]))
            assert server.refused() == []
    finally:
        server.close()


async def test_15_a_wrong_password_is_said_on_the_wall_and_the_terminal_and_nothing_waits_for_it(tmp_path: Path) -> None:
    """Attack 15. Mended at the server, it heals by itself."""
    server = OwnRedis(("user default off", documented()[0].replace(SECRET, "uNg4eeth")))
    try:
        await asyncio.to_thread(server.start)
        product = await asyncio.to_thread(WithoutBus, redis_url=f"redis://ecc:{SECRET}@127.0.0.1:{server.port}/0")
        async with running(product), viewer(product, "wall", product.seeded.wall) as wall:
            sentence = t("heartbeat.bus_wrong_password", server=f"127.0.0.1:{server.port}")
            await bus_is(wall, False)
            await says(wall, sentence)
            await asyncio.to_thread(wait_until, lambda: sentence in product.said(), "not said on the terminal")
            await arrives_once(product, wall, 1001, 1002)
            assert sentence in await asyncio.to_thread(doctor, product)
            assert SECRET not in product.said()
            with server.admin() as client:
                client.execute_command("ACL", "SETUSER", "ecc", f">{SECRET}")
            await bus_is(wall, True)
    finally:
        server.close()


# --- Sentinels --------------------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def with_sentinels() -> AsyncIterator[tuple[Watched, Product]]:
    group = await asyncio.to_thread(watched)
    try:
        yield group, await asyncio.to_thread(Product, redis_url=f"redis://{MASTER}/0", redis_sentinels=group.addresses)
    finally:
        await asyncio.to_thread(group.close)


class OrderDesk:
    """Sends teams past the desk's page, by a bus of its own as another process would."""

    def __init__(self, product: Product) -> None:
        self._product, self._database = product, product.database()
        self._bus = Bus(BusServer.of(product.settings))
        sealing = load_sealing(product.settings.keys)
        self._journal = Journal(self._database, sealing, product.settings.court_code, self._bus.announce)
        self.sent: list[str] = []
        with self._database.reading() as session:
            self._commander = session.scalars(select(OfficerRow.id).where(OfficerRow.role == Role.COMMANDER)).one()

    def send(self, call_id: str) -> None:
        actor = Actor("OFFICER", self._commander, Role.COMMANDER, self._product.settings.court_code, officer_id=self._commander)
        places = {1001: COURT, 1002: COURT}
        self.sent.append(self._journal.do(actor, datetime.now(UTC), send_support, call_id, places, self._product.seeded.teams[1]))

    def recorded(self) -> list[str]:
        """Of the journal, in its order."""
        with self._database.reading() as session:
            return list(session.scalars(select(EntryRow.subject_id).where(EntryRow.kind == "order.sent").order_by(EntryRow.seq)))

    async def aclose(self) -> None:
        await self._bus.aclose()
        self._database.close()


async def ordered_once(product: Product, wall: View, desk: OrderDesk, alarmed: int) -> None:
    """A call, a team sent to it, the alarm of one who has none open, sent twice: each on the wall, each once."""
    id_ = await call(product, 1001)
    await asyncio.to_thread(desk.send, id_)
    await wall.until(lambda: id_ in wall.shown and any(each.get("call_id") == id_ for each in wall.rows.get("order", {}).values()))
    await end_call(product, 1001, id_)
    await arrives_once(product, wall, 1004, alarmed)
    assert wall.shown.count(id_) == 1


async def test_15_a_master_that_is_killed_is_said_and_replaced_and_nothing_is_lost_or_doubled() -> None:
    """Attack 15, by Sentinels: a call, an order, an alarm and a position before, during and after."""
    async with with_sentinels() as (group, product), running(product), viewer(product, "wall", product.seeded.wall) as wall:
        desk = OrderDesk(product)
        await bus_is(wall, True)
        await ordered_once(product, wall, desk, 1003)
        old = group.master()
        old.kill()
        await bus_is(wall, False)
        await ordered_once(product, wall, desk, 1005)
        await bus_is(wall, True)
        assert group.master() is not old
        await ordered_once(product, wall, desk, 1006)
        frames = len(wall.frames)
        await report(product, 1002, 23.11, 112.51)
        await wall.until(lambda: 1002 in units(wall.frames[frames:]))
        assert desk.recorded() == desk.sent
        assert wall.snapshots == 1
        await desk.aclose()

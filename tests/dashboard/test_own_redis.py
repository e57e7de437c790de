"""A Redis of one's own: few rights, TLS, Sentinels; slow, locked, spoken to wrongly, replaced: the wall says so, the journal brings all."""

import asyncio
import pickle
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import redis
from sqlalchemy import func, select
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
from streaming.media_tokens import Right, load_media_tokens
from tests.certificates import issued, laid_down
from tests.dashboard.test_live import View, call, end_call, instant, post, report, units, viewer
from tests.dashboard.test_media import Phone
from tests.faulty_proxy import FaultyProxy
from tests.redis_servers import DEBIAN, MASTER, OwnRedis, Tls, Watched, watched
from tests.running import COURT, Product
from tests.servers import PostgresServer, RedisServer, free_port, need, wait_until
from tests.streaming.peers import Peer
from tests.streaming.test_bus_server import SECRET, documented
from tests.webs import Side, Two

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


@pytest.mark.long  # a long fault
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
    with urllib.request.urlopen(f"{product.origin}/healthz", timeout=60) as answer:
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
@pytest.mark.long  # each of the two is shown alone: above, and test_two_webs.py
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


@pytest.mark.long  # a server without TLS, above, is said likewise
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


@pytest.mark.long  # a long fault; speaker and listener: tests/streaming/test_sentinels.py
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


@dataclass
class Presses:
    """A phone that calls at one process and ends it at the other, on and on. ids: what was answered."""

    product: Two
    unit: int
    ids: list[str] = field(default_factory=list)

    async def go_on(self) -> None:
        while True:
            for here, there in ((self.product.a, self.product.b), (self.product.b, self.product.a)):
                self.ids.append(await call(here, self.unit))
                await asyncio.sleep(0.2)
                await end_call(there, self.unit, self.ids[-1])


@dataclass
class Wall:
    """A wall that reads all the time."""

    view: View

    async def read(self) -> None:
        while True:
            await self.view.read(60)

    def says_of(self, fault_ms: float) -> bool:
        """That the bus is away, or has come back since: with Sentinels another one may be there before the next tick."""
        return not self.bus_up or self.view.tick["parts"]["bus"]["since"] >= fault_ms

    @property
    def bus_up(self) -> bool:
        return bool(self.view.tick and self.view.tick["parts"]["bus"]["up"])

    def media_of(self, call_id: str) -> str | None:
        row: dict[str, Any] = self.view.rows["call"].get(call_id, {})
        return row.get("media")


@asynccontextmanager
async def read_on(side: Side) -> AsyncIterator[Wall]:
    async with viewer(side, "wall", side.seeded.wall) as view:
        wall = Wall(view)
        reading = asyncio.create_task(wall.read())
        yield wall
        assert not reading.done()
        reading.cancel()


async def soon(true: Callable[[], object], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def talking(product: Two, unit: int) -> AsyncIterator[tuple[str, Peer]]:
    """An officer in a call, with sound and picture; and one who watches him."""
    id_ = await call(product.a, unit)
    await asyncio.to_thread(product.until_relay)
    phone, watcher = await asyncio.to_thread(Phone, product.a, id_, unit), Peer()
    answer = await phone.offer()
    assert await phone.peer.connect(answer.text)
    token = load_media_tokens(product.settings.keys).issue("watcher", phone.said["stream"], Right.VIEW, now=datetime.now(UTC))
    headers = {"authorization": f"Bearer {token}", "content-type": "application/sdp"}
    async with httpx.AsyncClient(timeout=30) as web:
        address = f"{product.settings.media}/media/whep/{phone.said['stream']}"
        answer = await web.post(address, content=await watcher.offers("recvonly"), headers=headers)
    assert answer.status_code == 201, answer.text
    assert await watcher.connect(answer.text)
    filming = asyncio.create_task(phone.film())
    try:
        yield id_, watcher
        assert not watcher.gone.is_set()
        assert not phone.peer.gone.is_set()
    finally:
        filming.cancel()
        await phone.peer.close()
        await watcher.close()


@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.timeout(400)
@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_54_masters_that_go_one_after_the_other_beside_two_web_processes(how: str, request: pytest.FixtureRequest) -> None:
    """Attacks 15 and 54: three failovers while phones press; both walls say it each time, nothing is lost or doubled, the talk goes on."""
    cluster: PostgresServer = request.getfixturevalue("_cluster")
    database = cluster.create_database(f"sentinel_{ULID()}".lower())
    group = await asyncio.to_thread(watched)
    product = await asyncio.to_thread(lambda: Two(database_url=database, redis_url=f"redis://{MASTER}/0", redis_sentinels=group.addresses))
    try:
        async with running(product), read_on(product.a) as one, read_on(product.b) as other, talking(product, 1005) as (talk, watcher):
            desk, presses, walls = OrderDesk(product), Presses(product, 1006), (one, other)
            await soon(lambda: all(wall.media_of(talk) == "LIVE" and wall.bus_up for wall in walls))
            pressing = asyncio.create_task(presses.go_on())
            for alarmed in (1003, 1004, 1002):
                old, came, fault_ms = group.master(), len(watcher.taken), time.time() * 1000
                old.kill() if how == "killed" else old.freeze()
                await all_say(walls, fault_ms)
                await both_show_once(product, walls, desk, alarmed)
                await soon(lambda: all(wall.bus_up for wall in walls))
                await more_than(watcher.taken, came + 20)
                assert group.master() is not old
                seen = len(other.view.frames)
                await report(product.a, alarmed, 23.11, 112.51)
                await positioned(other.view, seen, alarmed)
                old.start() if how == "killed" else old.thaw()
                await asyncio.to_thread(group.until_whole)
            assert not pressing.done(), pressing.exception()
            pressing.cancel()
            await soon(lambda: all(set(presses.ids) <= set(wall.view.shown) for wall in walls))
            for wall in walls:
                assert [wall.view.shown.count(each) for each in presses.ids] == [1] * len(presses.ids)
                assert (wall.media_of(talk), wall.view.snapshots) == ("LIVE", 1)
            assert rung(product, presses.ids) == len(presses.ids) > 20
            assert desk.recorded() == desk.sent
            await desk.aclose()
    finally:
        await asyncio.to_thread(group.close)


async def all_say(walls: tuple[Wall, Wall], fault_ms: float) -> None:
    await soon(lambda: all(wall.says_of(fault_ms) for wall in walls))


async def more_than(came: list[Any], count: int) -> None:
    await soon(lambda: len(came) > count)


async def positioned(wall: View, since: int, unit: int) -> None:
    await soon(lambda: unit in units(wall.frames[since:]))


async def both_show_once(product: Two, walls: tuple[Wall, Wall], desk: OrderDesk, alarmed: int) -> None:
    """A call pressed at one, a team sent to it past both, an alarm sent to both."""
    id_, alarm = await call(product.a, 1001), str(ULID())
    await asyncio.to_thread(desk.send, id_)
    body = {"id": alarm, "t": instant(), "fix": None}
    answers = [await asyncio.to_thread(post, side, "/ingest/sos", product.seeded.devices[alarmed], body) for side in (product.a, product.b)]
    assert answers[0][0] == 202
    assert answers[0] == answers[1]
    await soon(lambda: all(id_ in wall.view.shown and alarm in wall.view.rows["sos"] for wall in walls))
    await soon(lambda: all(any(each.get("call_id") == id_ for each in wall.view.rows.get("order", {}).values()) for wall in walls))
    assert [wall.view.shown.count(id_) for wall in walls] == [1, 1]
    await end_call(product.b, 1001, id_)


def rung(product: Two, ids: list[str]) -> int | None:
    """How often the journal has them."""
    database = product.database()
    try:
        with database.reading() as session:
            asked = select(func.count()).select_from(EntryRow).where(EntryRow.kind == "call.ringing", EntryRow.subject_id.in_(ids))
            return session.scalar(asked)
    finally:
        database.close()

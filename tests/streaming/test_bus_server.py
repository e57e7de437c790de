"""A Redis of the court's own with users and TLS and exactly the rights that ecc.example.toml gives; and all that can be wrong with it."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from dashboard.heartbeat.parts import REGISTER, Looking, State, looked_at
from dashboard.i18n import t
from data.engines import open_database
from data.errors import BusUnavailable, Misconfigured
from data.journal import Announcement
from data.settings import Settings
from streaming.bus import Bus, look
from streaming.bus_server import BusServer, Trouble
from tests.certificates import issued, laid_down
from tests.redis_servers import DEBIAN, MASTER, OwnRedis, Tls, Watched, watched
from tests.servers import free_port, need

EXAMPLE = Path(__file__).parents[2] / "dashboard/ecc.example.toml"
SECRET = "Ieph3ohxKei7"
FRAME = b"not ours, and not looked at here"


def documented() -> tuple[str, str]:
    """The two ACL lines of the example, with a password: for the server and for its Sentinels."""
    found = re.findall(r"^# {3}(user ecc .*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(found) == 2
    return found[0].replace("SECRET", SECRET), found[1].replace("SECRET", SECRET)


@dataclass
class Papers:
    """Certificates of an invented court."""

    ca: Path
    other_ca: Path
    server: tuple[Path, Path]
    expired: tuple[Path, Path]
    client: tuple[Path, Path]
    stranger: tuple[Path, Path]


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    need(DEBIAN.exists(), "redis-server")
    ca, other = issued("CA court"), issued("CA other")

    def file(pair: object) -> tuple[Path, Path]:
        return laid_down(tmp_path_factory.mktemp("tls"), pair)  # type: ignore[arg-type]

    return Papers(
        file(ca)[0],
        file(other)[0],
        file(issued("redis", ca)),
        file(issued("redis", ca, timedelta(days=-40), 10)),
        file(issued("client", ca)),
        file(issued("client", other)),
    )


@contextmanager
def serving(server: OwnRedis) -> Iterator[OwnRedis]:
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def strict(papers: Papers) -> Iterator[OwnRedis]:
    """Asks for a certificate, and knows nobody but our user."""
    with serving(OwnRedis(("user default off", documented()[0]), Tls(*papers.server, papers.ca, clients=True))) as server:
        yield server


@pytest.fixture(scope="module")
def plain() -> Iterator[OwnRedis]:
    with serving(OwnRedis(("user default off", documented()[0]))) as server:
        yield server


def settings_for(home: Path, papers: Papers, port: int, **changes: object) -> Settings:
    said = {"redis_url": f"rediss://ecc:{SECRET}@localhost:{port}/0", "redis_ca": papers.ca}
    said |= {"redis_cert": papers.client[0], "redis_key": papers.client[1]} | changes
    return Settings.of(home=home, **{key: value for key, value in said.items() if value is not None})


async def spoken(server: BusServer) -> None:
    """All that the product ever does on the bus."""
    bus, other = Bus(server), Bus(server)
    numbers: list[int] = []
    frames: list[bytes] = []
    cells: list[bytes] = []
    webs: list[bytes] = []
    listening = bus.listen(lambda number, _: numbers.append(number), frames.append, on_cells=cells.append, on_webs=webs.append)
    task = asyncio.create_task(listening)
    try:
        async with asyncio.timeout(30):
            while not (numbers and frames and cells and webs):
                other.announce([Announcement(7, "call.ringing", ())])
                with suppress(BusUnavailable):
                    await other.publish_fixes(FRAME)
                    await other.publish_cells(FRAME)
                    await other.publish_webs(FRAME)
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await bus.aclose()
        await other.aclose()


async def test_the_documented_rights_suffice_and_nothing_more_is_asked(tmp_path: Path, papers: Papers, strict: OwnRedis) -> None:
    """With TLS and a certificate of ours; the server writes down whatever a user was refused."""
    with strict.admin() as client:
        client.acl_log_reset()
    server = BusServer.of(settings_for(tmp_path, papers, strict.port))
    await spoken(server)
    assert (await asyncio.to_thread(look, server)).ms > 0
    assert strict.refused() == []


def test_who_stole_the_password_can_do_nothing_else(plain: OwnRedis) -> None:
    refused = []
    with plain.admin() as client:
        client.acl_log_reset()
        for command in (
            "GET x",
            "SET x 1",
            "KEYS *",
            "CONFIG GET *",
            "CLIENT LIST",
            "PUBLISH other x",
            "PSUBSCRIBE *",
            "FLUSHALL",
            "ACL LIST",
        ):
            answer = client.execute_command("ACL", "DRYRUN", "ecc", *command.split())
            refused.append(answer != b"OK" and answer != "OK")
    assert refused == [True] * len(refused)


WRONG: dict[str, tuple[Trouble, dict[str, str | None]]] = {
    "wrong password": (Trouble.WRONG_PASSWORD, {"redis_url": "rediss://ecc:hai8Ouph@localhost:{port}"}),
    "no password": (Trouble.NO_PASSWORD, {"redis_url": "rediss://localhost:{port}"}),
    "other ca": (Trouble.CERTIFICATE_UNKNOWN, {"redis_ca": "other_ca"}),
    "system's cas": (Trouble.CERTIFICATE_UNKNOWN, {"redis_ca": None}),
    "wrong host name": (Trouble.CERTIFICATE_NAME, {"redis_url": "rediss://ecc:{secret}@127.0.0.1:{port}"}),
    "no certificate": (Trouble.WANTS_CERTIFICATE, {"redis_cert": None, "redis_key": None}),
    "stranger's certificate": (Trouble.CERTIFICATE_REFUSED, {"redis_cert": "stranger", "redis_key": "stranger"}),
    "plain": (
        Trouble.WANTS_TLS,
        {"redis_url": "redis://ecc:{secret}@localhost:{port}", "redis_ca": None, "redis_cert": None, "redis_key": None},
    ),
    "no host": (Trouble.NO_HOST, {"redis_url": "rediss://ecc:{secret}@redis.invalid:{port}"}),
    "nobody there": (Trouble.REFUSED, {"redis_url": "rediss://ecc:{secret}@localhost:1"}),
}


def wrong_settings(home: Path, papers: Papers, port: int, changes: dict[str, str | None]) -> Settings:
    said: dict[str, object] = dict(changes)
    if (url := changes.get("redis_url")) is not None:
        said["redis_url"] = url.format(port=port, secret=SECRET)
    if changes.get("redis_ca") == "other_ca":
        said["redis_ca"] = papers.other_ca
    if changes.get("redis_cert") == "stranger":
        said |= {"redis_cert": papers.stranger[0], "redis_key": papers.stranger[1]}
    return settings_for(home, papers, port, **said)


def refused(settings: Settings) -> BusUnavailable:
    with pytest.raises(BusUnavailable) as found:
        look(BusServer.of(settings))
    assert SECRET not in f"{found.value} {found.value.params}"
    return found.value


@pytest.mark.parametrize("name", WRONG)
def test_15_what_is_wrong_is_said_in_a_sentence_of_its_own(tmp_path: Path, papers: Papers, strict: OwnRedis, name: str) -> None:
    """Attack 15: no password, wrong TLS."""
    trouble, changes = WRONG[name]
    error = refused(wrong_settings(tmp_path, papers, strict.port, changes))
    assert error.params["trouble"] == trouble
    assert t(f"heartbeat.bus_{trouble.value}", **error.params)


def test_15_an_expired_certificate_is_said(tmp_path: Path, papers: Papers) -> None:
    with serving(OwnRedis(tls=Tls(*papers.expired, papers.ca))) as server:
        assert refused(settings_for(tmp_path, papers, server.port)).params["trouble"] == Trouble.CERTIFICATE_OVER


def test_15_tls_against_a_server_without_is_said(tmp_path: Path, papers: Papers, plain: OwnRedis) -> None:
    """It waits for the end of a line and never answers: nothing but a second look tells it from a frozen one."""
    assert refused(settings_for(tmp_path, papers, plain.port)).params["trouble"] == Trouble.NOT_TLS


def test_54_a_frozen_server_is_mute_and_not_misunderstood(tmp_path: Path, papers: Papers, strict: OwnRedis) -> None:
    """Attack 54."""
    strict.freeze()
    try:
        assert refused(settings_for(tmp_path, papers, strict.port)).params["trouble"] == Trouble.MUTE
    finally:
        strict.thaw()


@pytest.mark.parametrize("missing", ["+publish ", "+subscribe ", "&fixes ", "+ping"])
def test_a_user_with_less_than_the_documented_rights_is_said(tmp_path: Path, missing: str) -> None:
    line = documented()[0]
    assert missing in line
    with serving(OwnRedis(("user default off", line.replace(missing, "")))) as server:
        error = refused(Settings.of(home=tmp_path, redis_url=f"redis://ecc:{SECRET}@localhost:{server.port}"))
    assert error.params["trouble"] == Trouble.NOT_ALLOWED


def test_every_trouble_has_its_sentence() -> None:
    for trouble in Trouble:
        assert "10.0.0.5:6379" in t(f"heartbeat.bus_{trouble.value}", server="10.0.0.5:6379", master="ecc")


def test_the_register_says_it_too(tmp_path: Path, papers: Papers, strict: OwnRedis) -> None:
    part = next(each for each in REGISTER if each.name == "bus")
    for name, state, code in (("wrong password", State.DOWN, "wrong_password"), ("", State.UP, "up")):
        changes = WRONG[name][1] if name else {}
        settings = wrong_settings(tmp_path, papers, strict.port, changes)
        settings.make_folders()
        database = open_database(settings.database_url)
        found = looked_at(part, Looking(settings, database, running=False))
        database.close()
        assert (found.state, found.code) == (state, code)
        assert (found.holes.get("server") == f"localhost:{strict.port}") == bool(name)


@pytest.mark.parametrize("key", ["redis_ca", "redis_cert"])
def test_a_file_that_is_no_certificate_is_a_start_that_does_not_happen(tmp_path: Path, papers: Papers, key: str) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no certificate")
    with pytest.raises(Misconfigured) as refused:
        BusServer.of(settings_for(tmp_path, papers, 6379, **{key: nonsense}))
    assert (refused.value.code, refused.value.params["key"]) == ("misconfigured.bad_value", key)
    assert str(nonsense) in str(refused.value.params["why"])


def test_a_server_that_is_no_redis_is_said() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as door:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    wire, _ = door.accept()
                    with wire:
                        wire.recv(1000)
                        wire.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(BusUnavailable) as found:
            look(BusServer.at(f"redis://127.0.0.1:{door.getsockname()[1]}"))
    assert found.value.params["trouble"] in (Trouble.ODD, Trouble.CLOSED)


@pytest.fixture(scope="module")
def guarded(papers: Papers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Watched, Tls]]:
    """Sentinels with password and TLS before servers with the same. They give addresses, not names: the certificate must hold them."""
    ca = issued("CA court of sentinels")
    folder = tmp_path_factory.mktemp("ca")
    tls = Tls(
        *laid_down(tmp_path_factory.mktemp("tls"), issued("redis", ca, timedelta(days=-1), 30, "127.0.0.1")), laid_down(folder, ca)[0]
    )
    server_line, sentinel_line = documented()
    watcher = "user watcher on >Aiph6oht ~* &* +@all"
    peers = "user default on nopass ~* &* +@all"  # by which Sentinels speak to each other
    made = watched(("user default off", watcher, server_line), tls, (peers, sentinel_line), own="watcher:Aiph6oht")
    yield made, tls
    made.close()


async def test_sentinels_with_password_and_tls_need_no_more_than_is_documented(tmp_path: Path, guarded: tuple[Watched, Tls]) -> None:
    group, tls = guarded
    sentinels = tuple(f"rediss://ecc:{SECRET}@{each}" for each in group.addresses)
    settings = Settings.of(home=tmp_path, redis_url=f"rediss://ecc:{SECRET}@{MASTER}/0", redis_sentinels=sentinels, redis_ca=tls.ca)
    server = BusServer.of(settings)
    await spoken(server)
    assert (await asyncio.to_thread(look, server)).silent == ()
    assert [each.refused() for each in group.nodes] + [each.refused() for each in group.sentinels] == [[]] * 5
    wrong = tuple(each.replace(SECRET, "hai8Ouph") for each in sentinels)
    error = refused(settings.but(redis_sentinels=wrong))
    assert error.params["trouble"] == Trouble.WRONG_PASSWORD
    assert str(error.params["server"]).startswith("Sentinel 127.0.0.1:")


def test_the_rights_stand_in_the_security_policy_as_in_the_example() -> None:
    line = documented()[0].replace(SECRET, "{}")
    policy = " ".join((EXAMPLE.parents[1] / "SECURITY.md").read_text(encoding="utf-8").split())
    assert line.format("口令") in policy
    assert line.format("SECRET") in policy

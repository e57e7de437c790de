"""The server that ships with the product: private, and gone with whoever started it."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from streaming.embedded import Embedded, binary
from tests.servers import wait_until

ROOT = Path(__file__).resolve().parents[2]
PARENT = """
import sys, time
from streaming.embedded import Embedded
server = Embedded()
print(server.start(), server.folder, flush=True)
time.sleep(600)
"""


@pytest.fixture
def server() -> Iterator[Embedded]:
    server = Embedded()
    server.start()
    yield server
    server.stop()


def ask(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)


def answers(url: str) -> bool:
    with ask(url) as client:
        return bool(client.ping())


def test_it_answers_on_its_socket(server: Embedded) -> None:
    assert answers(server.url)


def test_its_binary_is_found() -> None:
    assert os.access(binary(), os.X_OK)


def test_nobody_else_can_enter_its_folder_or_read_its_password(server: Embedded) -> None:
    assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE((server.folder / name).stat().st_mode) for name in ("s", "users.acl", "server.conf")} <= {0o600, 0o700}
    assert len(str(server.folder / "s")) < 100  # a socket path has 107 bytes
    assert server.process is not None
    assert server.password not in " ".join(psutil.Process(server.process.pid).cmdline())


@pytest.mark.parametrize("size", [8_000, 60_000, 2_400_000])
def test_a_reader_that_reads_nothing_is_dropped_before_it_costs_much(server: Embedded, size: int) -> None:
    with ask(server.url) as speaker, ask(server.url) as reader:
        frozen = reader.pubsub()
        frozen.subscribe("fixes")
        assert frozen.get_message(timeout=60) is not None
        sent = 0
        while speaker.publish("fixes", b"x" * size):  # says how many were told
            sent += size
            assert sent < 40_000_000


def test_it_opens_no_port(server: Embedded) -> None:
    assert server.process is not None
    assert [each for each in psutil.Process(server.process.pid).net_connections("inet") if each.status == psutil.CONN_LISTEN] == []


def test_it_knows_nobody_without_a_password(server: Embedded) -> None:
    with ask(f"unix://{server.folder / 's'}") as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    with ask(f"unix://{server.user}:wrong@{server.folder / 's'}") as stranger, pytest.raises(AuthenticationError):
        stranger.ping()


@pytest.mark.parametrize("command", ["FLUSHALL", "SHUTDOWN", "CONFIG GET *", "KEYS *", "MONITOR", "SAVE", "ACL LIST"])
def test_its_user_may_do_nothing_dangerous(server: Embedded, command: str) -> None:
    with ask(server.url) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command.split())


def test_two_servers_have_different_secrets() -> None:
    one, other = Embedded(), Embedded()
    try:
        assert one.url != other.url
        assert one.password != other.password
    finally:
        one.stop()
        other.stop()


def test_it_can_be_started_again_at_the_same_address_after_kill_9(server: Embedded) -> None:
    assert server.process is not None
    url = server.url
    server.process.kill()
    server.process.wait()
    server.start()
    assert server.url == url
    assert answers(url)


def test_it_can_be_ended_while_frozen(server: Embedded) -> None:
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    server.stop()
    assert server.process.poll() is not None
    assert not server.folder.exists()


def test_it_keeps_nothing_on_disk(server: Embedded) -> None:
    with ask(server.url) as client:
        client.set("k", "v")
    assert {path.name for path in server.folder.iterdir()} == {"s", "users.acl", "server.conf"}


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal is Linux's")
def test_it_dies_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid, folder = parent.stdout.readline().split()
    server = psutil.Process(int(pid))
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(f"{folder}/s")
    parent.kill()
    parent.wait()
    wait_until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE, "the server is still there")

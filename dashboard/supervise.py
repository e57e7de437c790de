"""`ecc serve`: starts the embedded server, web, jobs and relay, starts again what ended, says what is silent, and ends them together.

Imports nothing heavy: it must be there when everything else is not. Each child beats once a second on a file in `HOME/run/`; a child that
exits is started again, one that is silent for a minute is killed and started again, and one that is silent for less is only named.
"""

import ctypes
import fcntl
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

from dashboard.systemd import ALIVE, ALIVE_EVERY_S, ENDING, READY, tell_systemd
from data.errors import BusUnavailable, Misconfigured
from data.settings import Settings, as_environ
from streaming.embedded import Embedded

ROUND_S = 0.25
ROUND_AT_START_S = 0.05  # until everything is there somebody waits for it
SILENT_S = 3.0  # said: this part does not answer
STARTING_S = 20.0  # the same before its first sign of life: a loaded machine needs seconds to import everything
HOPELESS_S = 60.0  # killed and started again; a paused machine or a breakpoint is often back before
HOPELESS_OF_SEVERAL_S = 10.0  # a web process beside others: nobody is without a centre meanwhile, and whoever hangs at it is let go
STEADY_S = 30.0  # after so long alive the next failure counts as the first one
BACKOFF_S = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
CAME_UP_MOST_S = 1.0  # what had come up and worked is started again soon, however often it ends: a court without it has nothing
FAREWELL_S = 10.0
AFTER_WEB = frozenset(
    {"relay"}
)  # somebody waits for the first picture, and nobody calls before it: its imports would delay the web process
LATER_S = 4.0  # what a page needs on this machine until its picture moves
PATIENCE_S = 20.0  # a web process that does not come up keeps nobody from talking
ANSWER_S = 0.2  # an embedded server on this machine answers in well under a millisecond
MISCONFIGURED = 78  # EX_CONFIG: starting again would change nothing
_PR_SET_PDEATHSIG = 1
# glibc gives each thread memory of its own, which a process of many idle threads never gives back: 3 MB of the relay's 150. And once it
# has given a large piece back it takes the next one from the heap, between small ones that stay: the relay, which decodes a picture now
# and then for a still, would grow for hours.
FRUGAL = {"relay": {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}}

log = logging.getLogger(__name__)

Pids = Mapping[str, int]


class Part(Protocol):
    """Something that can be started, looked at and ended."""

    name: str

    def start(self) -> int: ...
    def exit_code(self) -> int | None: ...
    def pid(self) -> int: ...
    def beats(self) -> bool:
        """Whether it gave a sign of life since it was asked last; a part that gives none always says yes."""
        ...

    def send(self, number: signal.Signals) -> None: ...
    def close(self) -> None: ...


class Program:
    """One child process of ours. `beat`: the file whose time it moves each second; None if it has no such habit."""

    def __init__(self, name: str, command: Sequence[str], environ: Mapping[str, str], beat: Path | None) -> None:
        self.name = name
        self._command = list(command)
        self._environ = dict(environ)
        self._beat = beat
        self._beaten = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._early = False

    def begin(self) -> None:
        """Start it before its turn: the next `start` takes this one. It waits by itself, see `held_back`."""
        self._process, self._early = self._started(), True

    def start(self) -> int:
        early, self._early = self._early, False
        if not early or self._process is None or self._process.poll() is not None:
            self._process = self._started()
        return self._process.pid

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then ends the others in order
            preexec_fn=die_with_parent,
        )

    def exit_code(self) -> int | None:
        return self._process.poll() if self._process else 0

    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def beats(self) -> bool:
        if self._beat is None:
            return True
        with suppress(FileNotFoundError):
            moved = self._beat.stat().st_mtime_ns
            if moved != self._beaten:
                self._beaten = moved
                return True
        return False

    def send(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def close(self) -> None:
        if self._process is not None:
            self._process.wait()


class EmbeddedBus:
    """The embedded Redis-protocol server as a part: any answer, even a refusal, is a sign of life."""

    name = "bus"

    def __init__(self, server: Embedded) -> None:
        self._server = server

    def start(self) -> int:
        return self._server.start()

    def exit_code(self) -> int | None:
        return self._server.process.poll() if self._server.process else 0

    def pid(self) -> int:
        assert self._server.process is not None
        return self._server.process.pid

    def beats(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(ANSWER_S)
            wire.connect(str(self._server.folder / "s"))
            wire.sendall(b"PING\r\n")
            return bool(wire.recv(16))
        return False

    def send(self, number: signal.Signals) -> None:
        if self._server.process is not None and self._server.process.poll() is None:
            self._server.process.send_signal(number)

    def close(self) -> None:
        self._server.stop()


@dataclass(slots=True)
class Watched:
    """A part and how it has been."""

    part: Part
    started_at: float = 0.0
    start_at: float = 0.0  # not before; waiting out a backoff
    running: bool = False
    failures: int = 0
    heard: bool = False
    silent_s: float = 0.0
    said_silent: bool = False


def pause_s(failures: int, came_up: bool) -> float:
    """How long a part is left alone that ended. failures: before this one; came_up: it gave a sign of life this time."""
    wait_s = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
    return min(wait_s, CAME_UP_MOST_S) if came_up else wait_s


class Supervisor:
    """Keeps the parts of one home alive until it is told to end. Lives in the main thread: children die with the thread that began them."""

    def __init__(
        self,
        settings: Settings,
        parts: Sequence[Part],
        on_children_changed: Callable[[Pids], None] = lambda _: None,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._watched = [Watched(part) for part in parts]
        self._of_several = frozenset(web_name(number) for number in settings.webs) if settings.web_processes > 1 else frozenset()
        self._on_children_changed = on_children_changed
        self._on_ready = on_ready
        self._woken = threading.Event()
        self._ending = False
        self._ready = False
        self._exit_code = 0
        self._patient_until = float("inf")
        self._told_at = 0.0

    def run(self) -> int:
        """Start everything, look after it, end it all on SIGTERM, SIGINT or SIGHUP. Returns the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._end)
        signal.signal(signal.SIGCHLD, self._wake)
        try:
            last = time.monotonic()
            self._patient_until = last + PATIENCE_S
            while not self._ending:
                now = time.monotonic()
                # at most one second a round: after we were stopped ourselves, nobody else is blamed for the time
                self._look_after(now, min(now - last, 1.0))
                last = now
                self._say_alive(now)
                self._woken.wait(ROUND_S if self._ready else ROUND_AT_START_S)
                self._woken.clear()
        finally:
            tell_systemd(ENDING)
            self._end_all()
        return self._exit_code

    def _say_alive(self, now: float) -> None:
        """Whoever watches over everything is watched by systemd: a supervisor that stands still is killed and started again."""
        if now - self._told_at >= ALIVE_EVERY_S:
            self._told_at = now
            tell_systemd(f"{READY}\n{ALIVE}" if self._ready else ALIVE)  # ready again: the first time may have got lost

    def _end(self, number: int, _: FrameType | None) -> None:
        log.info("ending: signal %d", number)
        self._ending = True
        self._woken.set()

    def _wake(self, _: int, __: FrameType | None) -> None:
        self._woken.set()

    def _look_after(self, now: float, passed_s: float) -> None:
        changed = False
        ready = self._ready or all(ready_file(self._settings, number).exists() for number in self._settings.webs)
        for watched in self._watched:
            if watched.running:
                self._examine(watched, now, passed_s)
            waits = watched.part.name in AFTER_WEB and not ready and now < self._patient_until
            if not watched.running and now >= watched.start_at and not self._ending and not waits:
                changed |= self._start(watched, now)
        if changed:
            self._say_children()
        if ready and not self._ready:
            self._ready = True
            tell_systemd(READY)
            self._on_ready()

    def _examine(self, watched: Watched, now: float, passed_s: float) -> None:
        code = watched.part.exit_code()
        if code is not None:
            self._ended(watched, code, now)
        elif watched.part.beats():
            if watched.said_silent:
                log.warning("%s answers again after %.0f s", watched.part.name, watched.silent_s)
            watched.heard, watched.silent_s, watched.said_silent = True, 0.0, False
        else:
            self._silent(watched, passed_s)

    def _ended(self, watched: Watched, code: int, now: float) -> None:
        watched.running = False
        watched.failures = 0 if now - watched.started_at > STEADY_S else watched.failures
        wait_s = pause_s(watched.failures, watched.heard)
        watched.failures += 1
        watched.start_at = now + wait_s
        if code == MISCONFIGURED:
            log.error("%s refuses to start", watched.part.name)
            self._ending, self._exit_code = True, MISCONFIGURED
            return
        log.error("%s ended with code %d, starting it again in %.0f s", watched.part.name, code, wait_s)

    def _silent(self, watched: Watched, passed_s: float) -> None:
        watched.silent_s += passed_s
        if watched.silent_s >= (HOPELESS_OF_SEVERAL_S if watched.heard and watched.part.name in self._of_several else HOPELESS_S):
            log.error("%s was silent for %.0f s, killing it", watched.part.name, watched.silent_s)
            watched.silent_s, watched.said_silent = 0.0, False
            watched.part.send(signal.SIGKILL)
        elif watched.silent_s >= (SILENT_S if watched.heard else STARTING_S) and not watched.said_silent:
            watched.said_silent = True
            log.warning("%s does not answer", watched.part.name)

    def _start(self, watched: Watched, now: float) -> bool:
        watched.part.beats()  # what lies there is of the one before
        try:
            pid = watched.part.start()
        except (OSError, BusUnavailable):
            log.exception("%s could not be started", watched.part.name)
            self._ended(watched, 1, now)
            return False
        watched.running, watched.heard, watched.started_at, watched.silent_s, watched.said_silent = True, False, now, 0.0, False
        log.info("%s started, pid %d", watched.part.name, pid)
        return True

    def _say_children(self) -> None:
        pids = {"supervisor": os.getpid()} | {each.part.name: each.part.pid() for each in self._watched if each.running}
        write_secret(self._settings.run / "pids.json", json.dumps(pids))
        self._on_children_changed(pids)

    def _end_all(self) -> None:
        """The last started first, so that the bus is there until nobody needs it; frozen ones are woken to hear it."""
        until = time.monotonic() + FAREWELL_S
        for watched in reversed(self._watched):
            for number in (signal.SIGTERM, signal.SIGCONT):
                watched.part.send(number)
            while watched.running and watched.part.exit_code() is None and time.monotonic() < until:
                time.sleep(0.02)
            watched.part.send(signal.SIGKILL)
            watched.part.close()
        (self._settings.run / "pids.json").unlink(missing_ok=True)
        forget_ready(self._settings)


def parts_of(settings: Settings) -> tuple[list[Part], Settings]:
    """Embedded server (unless a Redis is named), web, jobs and relay; and the settings with the bus's address, for further children."""
    parts: list[Part] = []
    if settings.redis_url is None:
        server = Embedded()
        parts.append(EmbeddedBus(server))
        settings = settings.but(redis_url=server.url)
    webs = (program(settings, web_name(number), "serve", "--only", "web", "--process", str(number)) for number in settings.webs)
    return [*parts, *webs, *(program(settings, name, "serve", "--only", name) for name in ("jobs", "relay"))], settings


def web_name(number: int) -> str:
    """How the web process of this number is called: in the logs, in `HOME/run/`, at the heartbeat."""
    return "web" if number == 1 else f"web-{number}"


def program(settings: Settings, name: str, *arguments: str, beats: bool = True) -> Program:
    """`ecc ARGUMENTS` as a child with exactly these settings. beats: whether it moves its file in `HOME/run/` each second (`Beat`)."""
    command = [sys.executable, "-m", "dashboard", *arguments]
    return Program(name, command, FRUGAL.get(name, {}) | as_environ(settings), beat_file(settings, name) if beats else None)


@contextmanager
def held_back(settings: Settings, parts: Sequence[Part]) -> Iterator[None]:
    """While the home is prepared inside: the web process already imports, which takes it a second, and opens nothing of the home yet."""
    webs = {web_name(number) for number in settings.webs}
    early = [part for part in parts if isinstance(part, Program) and part.name in webs]
    with preparing_file(settings).open("w") as lock:  # given back by the kernel with this process, whatever ends it
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            for program in early:
                program.begin()
            yield
        except BaseException:
            for program in early:
                program.send(signal.SIGKILL)
                program.close()
            raise


def wait_until_prepared(settings: Settings) -> None:
    """In a child that may have been started early: returns at once when nobody prepares the home."""
    with suppress(FileNotFoundError), preparing_file(settings).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)


def stand_back(settings: Settings) -> None:
    """In the relay's process, before it imports: whoever waits for the first picture goes first. At once when web is not new."""
    with suppress(FileNotFoundError):
        since_s = time.time() - ready_file(settings).stat().st_mtime
        if 0 <= since_s < LATER_S:
            time.sleep(LATER_S - since_s)


def preparing_file(settings: Settings) -> Path:
    return settings.run / "preparing"


def beat_file(settings: Settings, name: str) -> Path:
    return settings.run / f"{name}.beat"


def ready_file(settings: Settings, number: int = 1) -> Path:
    """Exists as long as the web process of this number has been ready once since this start."""
    return settings.run / f"{web_name(number)}.ready"


def forget_ready(settings: Settings) -> None:
    """Of all, also of those that there are no more; and what several have counted together, as a process alone forgets it with its end."""
    for left in (*settings.run.glob("web*.ready"), *settings.run.glob("attempts.db*")):
        left.unlink(missing_ok=True)


class Beat:
    """The sign of life of a child: its file's time moves. Cheap enough for an event loop (one system call)."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._path = beat_file(settings, name)
        self._path.touch(0o600)

    def __call__(self) -> None:
        try:
            os.utime(self._path)
        except FileNotFoundError:
            self._path.touch(0o600)


class Home:
    """Holds the home for one supervisor: a second one is refused by a sentence that names the first."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.run / "lock"
        self._home = settings.home
        self._file = self._path.open("a+")

    def take(self) -> None:
        """Raises Misconfigured already_running."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            pid = self._file.read().strip() or "?"
            raise Misconfigured("already running", code="misconfigured.already_running", path=str(self._home), pid=pid) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()


def choose_port(settings: Settings) -> Settings:
    """The settings with ports that can be listened on now; port 0 becomes a free one. Raises Misconfigured port_taken."""
    with ExitStack() as held:
        port, media_port = (_free(settings.host, wanted, held) for wanted in (settings.port, settings.media_port))
        for number in settings.webs[1:]:
            _free(settings.host, settings.web_port(number), held)
    return settings.but(port=port, media_port=media_port)


def _free(host: str, wanted: int, held: ExitStack) -> int:
    probe = held.enter_context(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET))
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((host, wanted))
    except OSError as error:
        raise Misconfigured(str(error.strerror), code="misconfigured.port_taken", port=wanted) from error
    port: int = probe.getsockname()[1]
    return port


def write_secret(path: Path, text: str) -> None:
    """A small file for this user alone, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def die_with_parent() -> None:
    """Run in a child before it becomes its program: the kernel kills it when the thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

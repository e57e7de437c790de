"""The running product: a real `ecc serve` on a free port with a home of its own, whose parts can be killed, frozen and cut off."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import psutil

from dashboard.upgrade import upgrade
from data.actions.devices import enrol_device
from data.actions.organisation import add_officer, add_unit, add_vehicle, draw_area, form_team, found_court
from data.actions.sessions import open_for_officer, open_for_wall
from data.actions.units import begin_duty
from data.actions.walls import add_wall
from data.credentials import issue_machine_token
from data.engines import Database, open_database
from data.journal import Journal, Work
from data.rules.permissions import SYSTEM, Actor, Role
from data.sealing import load_sealing
from data.settings import Settings, as_environ
from tests.servers import free_port, short_folder, wait_until

READY_S = 60.0
LASTS = timedelta(days=1)
COURT = (23.10, 112.50)
PERSONAL = ("陈甲", "陈乙", "王值", "李长", "岭A·12345")  # in fields of the seeded court that no log may hold


@dataclass
class Seeded:
    """What a test may hold in its hands. Tokens are the values of the cookies, or bearer tokens."""

    desk: str = ""
    commander: str = ""
    wall: str = ""
    wall_id: str = ""
    officers: dict[int, str] = field(default_factory=dict)  # unit number -> officer id
    teams: list[str] = field(default_factory=list)
    devices: dict[int, str] = field(default_factory=dict)  # unit number -> bearer token
    osmand: dict[int, str] = field(default_factory=dict)
    case_system: str = ""


def seed(settings: Settings, officers: int = 6) -> Seeded:
    """A small court through the real actions: two teams, officers 1001… on duty with a phone each, a vehicle, a desk, a wall."""
    settings.make_folders()
    migrate(settings)
    database = open_database(settings.database_url)
    journal = Journal(database, load_sealing(settings.keys), settings.court_code, civil_offset_s=settings.civil_offset_s)
    seeded = Seeded()
    with journal.work(SYSTEM, datetime.now(UTC)) as work:
        _seed(work, settings, seeded, officers)
    seeded.case_system = issue_machine_token(settings.keys, Role.CASE_SYSTEM)
    database.close()
    return seeded


def migrate(settings: Settings) -> None:
    """As `ecc migrate`; a new SQLite file is a copy of the first one, for going through all migrations takes most of a second."""
    file = settings.home / "ecc.db"
    if settings.database_url == f"sqlite:///{file}" and not file.exists():
        file.write_bytes(_empty_court())
    else:
        upgrade(settings)


@cache
def _empty_court() -> bytes:
    settings = Settings.of(home=short_folder())
    try:
        settings.make_folders()
        upgrade(settings)
        beside = [file.name for file in settings.home.glob("ecc.db-*")]
        assert beside == [], "a journal beside the file would not be copied"
        return (settings.home / "ecc.db").read_bytes()
    finally:
        shutil.rmtree(settings.home)


def _seed(work: Work, settings: Settings, seeded: Seeded, officers: int) -> None:
    found_court(work, settings.court_code, settings.court_name, lat=COURT[0], lon=COURT[1], duty_phone="0757-8888")
    draw_area(work, "C0101", "清溪街道", "河西社区", *COURT)
    seeded.teams = [form_team(work, name) for name in ("一组", "二组")]
    for place in range(officers):
        no, team = 1001 + place, seeded.teams[place % 2]
        officer = seeded.officers[no] = add_officer(work, f"陈{'甲乙丙丁戊己庚辛壬癸'[place % 10]}", "法官", Role.JUDGE, team_id=team)
        add_unit(work, no, "OFFICER", officer_id=officer, team_id=team)
        enrolment = enrol_device(work, no, "PHONE")
        seeded.devices[no], seeded.osmand[no] = enrolment.token, enrolment.osmand_id
        begin_duty(work, no, work.now)
    vehicle = add_vehicle(work, "POLICE", "岭A·12345", seeded.teams[0])
    add_unit(work, 2001, "VEHICLE", vehicle_id=vehicle, team_id=seeded.teams[0])
    seeded.wall_id = add_wall(_as(work, Role.TECHNICAL), "指挥大厅")
    work.actor = SYSTEM
    duty = add_officer(work, "王值", "值班员", Role.DUTY)
    commander = add_officer(work, "李长", "局长", Role.COMMANDER)
    seeded.desk = open_for_officer(work, duty, LASTS, how="link").token
    work.actor = SYSTEM
    seeded.commander = open_for_officer(work, commander, LASTS, how="link").token
    work.actor = SYSTEM
    seeded.wall = open_for_wall(work, seeded.wall_id, settings.court_code, LASTS).token


def _as(work: Work, role: Role) -> Work:
    work.actor = Actor(kind="OFFICER", id="seed", role=role, court_code=work.court_code)
    return work


class Served(Protocol):
    """What a client needs of the product, or of one of its web processes."""

    @property
    def origin(self) -> str: ...
    @property
    def live(self) -> str: ...
    @property
    def seeded(self) -> Any: ...


TOKEN, ULID = re.compile(r"[\w.~-]{24,}", re.ASCII), re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def tokens_in(seeded: object) -> set[str]:
    """Everything in what a test holds in its hands that opens something: long words that are no ids."""
    if isinstance(seeded, str):
        return {seeded} if TOKEN.fullmatch(seeded) and not ULID.fullmatch(seeded) else set()
    if isinstance(seeded, dict | list | tuple | set):
        each = seeded.values() if isinstance(seeded, dict) else seeded
        return {token for one in each for token in tokens_in(one)}
    return tokens_in([getattr(seeded, each.name) for each in fields(seeded)]) if is_dataclass(seeded) else set()


def told_in(files: Iterable[Path], secrets: Iterable[str]) -> list[str]:
    """Which file holds the beginning of which secret, as it is or as JSON writes it."""
    texts = {file.name: file.read_text(errors="replace") for file in files if file.is_file()}
    return [
        f"{name}: {secret[:6]}"
        for name, text in texts.items()
        for secret in secrets
        if secret and (secret in text or json.dumps(secret)[1:-1] in text)
    ]


class Front(Protocol):
    """What stands before a product's doors."""

    def close(self) -> None: ...


@dataclass
class Shape:
    """How products are made that do not say otherwise: `journeys/conftest.py` changes it when pytest is told to.

    settings: of the next one; front: what is put before it once it was started.
    """

    settings: Callable[[], dict[str, Any]] = dict
    front: Callable[["Product"], Front] | None = None


SHAPE = Shape()


class Product:
    """`with Product() as product:` starts it, waits until it is ready, and ends it.

    seed: fills the empty home and returns what the test needs. settings: changes of the defaults, as `database_url`.
    """

    def __init__(self, seed: Callable[[Settings], Any] = seed, command: tuple[str, ...] = ("serve",), **settings: Any) -> None:
        self.home = short_folder()
        self.settings = Settings.of(**({"home": self.home, "port": free_port(), "media_port": free_port()} | SHAPE.settings() | settings))
        self.seeded = seed(self.settings)
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._front: Front | None = None

    @property
    def origin(self) -> str:
        return self.settings.origin

    @property
    def live(self) -> str:
        """The socket's address without its face."""
        return self.origin.replace("http", "ws", 1) + "/live"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        told = self.told_of_secrets() if error is None else []
        self.close()
        assert told == [], "a log or what was printed holds a secret or a name"

    @property
    def public(self) -> str:
        """As a browser sees it, behind whatever stands before it."""
        return self.settings.origin

    def start(self) -> None:
        """Start it and wait until /readyz says 200."""
        with (self.home / "said").open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dashboard", *self._command],
                env=as_environ(self.settings),
                cwd=Path(__file__).resolve().parent.parent,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        if self._front is None and SHAPE.front is not None:
            self._front = SHAPE.front(self)
        self.until_ready()

    def until_ready(self) -> None:
        """Each of its web processes."""
        doors = [self.origin] if self._front is None else [self.settings.web_here(number) for number in self.settings.webs]
        wait_until(lambda: self._ended() or all(self.status("/readyz", door) == 200 for door in doors), "not ready", READY_S)
        if self._ended():
            raise RuntimeError(f"ended at once:\n{self.said()[-3000:]}")

    def until_relay(self) -> None:
        """Until the relay answers: it begins after everything else."""
        wait_until(lambda: self.status("/healthz", self.settings.media_here) == 200, "no relay", READY_S)

    def status(self, path: str, origin: str = "") -> int:
        """The HTTP status of a GET without a cookie; 0 when nobody answers."""
        try:
            with urllib.request.urlopen((origin or self.origin) + path, timeout=2) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    @property
    def pid(self) -> int:
        """The started process itself: the supervisor, or the part that runs alone."""
        assert self._process is not None
        return self._process.pid

    def pids(self) -> dict[str, int]:
        """supervisor, bus, web, jobs, relay."""
        read: dict[str, int] = json.loads((self.home / "run/pids.json").read_text())
        return read

    def kill(self, part: str) -> int:
        """kill -9 of one part. Returns the pid it had."""
        pid = self.pids()[part]
        os.kill(pid, signal.SIGKILL)
        return pid

    def freeze(self, part: str) -> None:
        """SIGSTOP; `web` are all web processes there are."""
        self._signal(part, signal.SIGSTOP)

    def thaw(self, part: str) -> None:
        self._signal(part, signal.SIGCONT)

    def _signal(self, part: str, number: signal.Signals) -> None:
        for name, pid in self.pids().items():
            if name == part or name.startswith(f"{part}-"):
                with suppress(ProcessLookupError):  # frozen for too long, and begun anew meanwhile
                    os.kill(pid, number)

    def until_started_again(self, part: str, old: int) -> None:
        def again() -> bool:
            try:
                return self.pids().get(part, old) != old
            except (FileNotFoundError, json.JSONDecodeError):
                return False

        wait_until(again, f"{part} was not started again", READY_S)

    def said(self) -> str:
        return (self.home / "said").read_text(errors="replace")

    def told_of_secrets(self) -> list[str]:
        """Where a whole test run has left a token, a key, a name or a plate: each test of a running product ends with it (case 51)."""
        secrets = {*tokens_in(self.seeded), *self._keys()}
        if isinstance(self.seeded, Seeded):
            secrets |= {*self.seeded.osmand.values(), *PERSONAL}
        return told_in([self.home / "said", *self.settings.log.glob("*")], secrets)

    def _keys(self) -> list[str]:
        """What is text in the folder of keys; the others are bytes that no log could hold."""
        found = []
        for path in self.settings.keys.glob("*"):
            with suppress(UnicodeDecodeError, OSError):
                found += re.findall(r"[\w+/=.-]{24,}", path.read_text(encoding="ascii"))
        return found

    def database(self) -> Database:
        """Both engines, for looking at what was kept; close it."""
        return open_database(self.settings.database_url)

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = 20.0) -> int:
        """Tell the supervisor to end; returns its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(seconds)

    def close(self) -> None:
        """Whatever state it is in: gone, its home removed."""
        if self._process is not None and self._process.poll() is None:
            family = psutil.Process(self._process.pid).children(recursive=True)
            for each in family:
                if each.is_running():
                    each.send_signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            psutil.wait_procs(family, 5)
        if self._front is not None:
            self._front.close()
            self._front = None
        shutil.rmtree(self.home, ignore_errors=True)

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None


def eventually(true: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Wait for it; generous, for the machine is shared."""
    wait_until(true, what, seconds)
    time.sleep(0)

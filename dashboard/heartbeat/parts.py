"""The register: every part that this product stands on, how it is looked at, and how often.

A look asks one part once, from a thread, within a second or two, and never raises: what cannot be asked is a finding too. Nobody outside
the house is ever asked: a TURN server, a clock and a Redis only where the settings name one.
"""

import fcntl
import json
import os
import re
import shutil
import socket
import ssl
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from dashboard import vendor
from dashboard.heartbeat.counted import counted_lately
from dashboard.heartbeat.wires import WireSilent, clock_offset_s, stun_answers
from dashboard.supervise import beat_file, web_name
from dashboard.upgrade import is_newest
from data.engines import Database, ping
from data.errors import BusUnavailable, CommandCentreError
from data.queries.backups import known_backups
from data.queries.live import case_system_as_of
from data.queries.recordings import bytes_per_day
from data.rules.backups import trouble
from data.rules.recordings import RESERVE, forecast
from data.settings import Settings, turn_url
from streaming.bus import look as look_at_bus
from streaming.bus_server import BusServer
from streaming.embedded import binary

WIRE_S = 1.0  # nobody is waited for longer
SILENT_S = 3.0  # jobs and relay beat twice a second
FRESH_S = 5.0
LEAST_FREE = 1_000_000_000
FREE_WARN_PCT, FREE_LEAST_PCT = 10, 2
CERTIFICATE_WARN_DAYS = 30
CLOCK_WARN_S, CLOCK_BAD_S = 0.5, 5.0  # an event's time is told to the second; past five the ages on the wall mislead
FEW_LEFT = 3  # days of recordings
MOST_BYTES = 65_536
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


class State(StrEnum):
    """How a part is. OFF: not set up here, or not running by anybody's wish; it is no fault."""

    UP = "up"
    WARN = "warn"
    DOWN = "down"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Found:
    """What one look has found. code: the sentence `heartbeat.<part>_<code>`; holes: its words; ms: how long the part took to answer.

    gauges: numbers of this part for `/metrics`, by the name of their family.
    """

    state: State
    code: str
    holes: Mapping[str, str | int | float] = field(default_factory=dict)
    ms: float | None = None
    gauges: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Looking:
    """What a look may use. running: whether somebody serves from this home now; build: of the files on disk."""

    settings: Settings
    database: Database
    running: bool
    build: str = ""

    def now(self) -> datetime:
        return datetime.now(UTC)


Look = Callable[[Looking], Found]


@dataclass(frozen=True, slots=True)
class Part:
    """A line of the register. every_s: so often the web process looks."""

    name: str
    look: Look
    every_s: float


def running(settings: Settings) -> bool:
    """Whether a supervisor holds this home, or one of its parts runs alone: `serve --only web`."""
    if any(_age_s(settings, name) < FRESH_S for name in (*map(web_name, settings.webs), "jobs", "relay")):
        return True
    try:
        with (settings.run / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _age_s(settings: Settings, name: str) -> float:
    """How long ago this process gave its last sign of life; one that never did: infinite."""
    try:
        return time.time() - beat_file(settings, name).stat().st_mtime
    except OSError:
        return float("inf")


def looked_at(part: Part, looking: Looking) -> Found:
    """One look; what went wrong in it is its finding."""
    try:
        return part.look(looking)
    except (CommandCentreError, SQLAlchemyError, OSError, ValueError, WireSilent) as error:
        return Found(State.DOWN, "down", {"why": getattr(error, "code", type(error).__name__)})


# --- our own processes ------------------------------------------------------------------------------------------------------------


def _web(looking: Looking) -> Found:
    if not looking.running:
        return Found(State.OFF, "off")
    settings = looking.settings
    if settings.web_processes > 1:
        return _webs(looking)
    with _timed() as took:
        status, body = _get(settings.web_here(1), "/healthz")
    if status != 200:
        return Found(State.DOWN, "down", {"why": status})
    told = json.loads(body).get("build", "")
    if looking.build and told != looking.build:
        return Found(State.WARN, "old", ms=took.ms)
    return Found(State.UP, "up", ms=took.ms)


def _webs(looking: Looking) -> Found:
    """Of several each is asked; as long as one answers the centre is there."""
    settings = looking.settings
    silent, old, slowest = [], False, 0.0
    for number in settings.webs:
        try:
            with _timed() as took:
                status, body = _get(settings.web_here(number), "/healthz")
            if status != 200:
                raise WireSilent(str(status))
        except (OSError, WireSilent):
            silent.append(str(number))
            continue
        slowest, old = max(slowest, took.ms), old or bool(looking.build and json.loads(body).get("build", "") != looking.build)
    if len(silent) == settings.web_processes:
        return Found(State.DOWN, "down", {"why": "silent"})
    gauges = {"ecc_web_processes_up": float(settings.web_processes - len(silent))}
    if silent:
        said = {"which": "、".join(silent), "ports": "、".join(str(settings.web_port(int(number))) for number in silent)}
        return Found(State.WARN, "some", said, ms=slowest, gauges=gauges)
    if old:
        return Found(State.WARN, "old", ms=slowest, gauges=gauges)
    return Found(State.UP, "all", {"count": settings.web_processes}, ms=slowest, gauges=gauges)


def _ingest(looking: Looking) -> Found:
    """The devices' door is asked without a token: that it refuses shows that it is there."""
    if not looking.running:
        return Found(State.OFF, "off")
    with _timed() as took:
        status = _first_answer(looking.settings, "/ingest/me")
    return Found(State.UP, "up", ms=took.ms) if status == 401 else Found(State.DOWN, "down", {"why": status})


def _jobs(looking: Looking) -> Found:
    return _beats(looking, "jobs") or Found(State.UP, "up")


def _relay(looking: Looking) -> Found:
    silent = _beats(looking, "relay")
    if silent is not None:
        return silent
    with _timed() as took:
        status, _ = _get(looking.settings.media_here, "/healthz")
    return Found(State.UP, "up", ms=took.ms) if status == 200 else Found(State.DOWN, "down", {"why": status})


def _beats(looking: Looking, name: str) -> Found | None:
    """What is wrong with a process that beats; None: nothing."""
    if not looking.running:
        return Found(State.OFF, "off")
    return None if _age_s(looking.settings, name) < SILENT_S else Found(State.DOWN, "silent")


# --- what they stand on -------------------------------------------------------------------------------------------------------------


def _bus(looking: Looking) -> Found:
    if looking.settings.redis_url is not None:
        return _foreign(looking, _asked_bus(looking))
    if not looking.running:
        try:
            binary()
        except CommandCentreError:
            return Found(State.DOWN, "missing")
        return Found(State.OFF, "own")
    pid = json.loads((looking.settings.run / "pids.json").read_text()).get("bus", 0)  # only its parent knows its password
    return _foreign(looking, Found(State.UP, "up")) if pid and _alive(pid) else Found(State.DOWN, "down")


def _asked_bus(looking: Looking) -> Found:
    """What keeps us from it, in its own sentence; Sentinels that are silent while the others still know the master."""
    try:
        found = look_at_bus(BusServer.of(looking.settings))
    except BusUnavailable as error:
        holes = {hole: str(error.params.get(hole, "")) for hole in ("server", "master")}
        return Found(State.DOWN, str(error.params.get("trouble", "down")), holes)
    if found.silent:
        return Found(State.WARN, "sentinels", {"silent": " ".join(found.silent)}, ms=found.ms)
    return Found(State.UP, "up", ms=found.ms)


def _foreign(looking: Looking, found: Found) -> Found:
    """Somebody else speaks on our channels: all of it was dropped, and somebody should look who it is."""
    counted = counted_lately(looking.settings, looking.now()) if found.state is State.UP else None
    if counted is None:
        return found
    at = looking.now().timestamp() - counted.ago_s + looking.settings.civil_offset_s
    return Found(State.WARN, "foreign", {"count": counted.foreign, "time": f"{datetime.fromtimestamp(at, UTC):%H:%M}"}, ms=found.ms)


def _database(looking: Looking) -> Found:
    with _timed() as took:
        ping(looking.database)
    return Found(State.UP, "up", {"dialect": looking.database.dialect}, ms=took.ms)


def _migrations(looking: Looking) -> Found:
    if not looking.running and _never_begun(looking.database):
        return Found(State.OFF, "none")
    return Found(State.UP, "up") if is_newest(looking.database) else Found(State.DOWN, "old")


def _never_begun(database: Database) -> bool:
    """A file that is not there, or that a look alone has made."""
    path = Path(urlsplit(database.url).path[1:])
    return database.dialect == "sqlite" and (not path.exists() or not path.stat().st_size)


def _turn(looking: Looking) -> Found:
    urls = looking.settings.turn_urls
    if not urls:
        return Found(State.OFF, "off")
    answered, silent = [], []
    for url in urls:
        scheme, host, port = turn_url(url)
        try:
            with _timed() as took:
                if scheme == "turn" and "transport=tcp" not in url:
                    stun_answers(host, port, WIRE_S)
                else:
                    socket.create_connection((host, port), WIRE_S).close()
            answered.append(took.ms)
        except (OSError, WireSilent):
            silent.append(f"{host}:{port}")
    if not answered:
        return Found(State.DOWN, "down", {"why": " ".join(silent)})
    if silent:
        return Found(State.WARN, "some", {"why": " ".join(silent)}, ms=max(answered))
    return Found(State.UP, "up", {"count": len(answered)}, ms=max(answered))


def _disk(looking: Looking) -> Found:
    """How full it is, and for how many days it lasts at the pace of the last ones."""
    settings = looking.settings
    place = settings.recordings if settings.recordings.exists() else settings.home
    if not place.exists():
        return Found(State.OFF, "none")
    disk = shutil.disk_usage(place)
    free_pct, gigabytes = round(100 * disk.free / max(disk.total, 1)), round(disk.free / 1e9, 1)
    gauges = {"ecc_disk_free_bytes": float(disk.free), "ecc_disk_free_ratio": disk.free / max(disk.total, 1)}
    holes: dict[str, str | int | float] = {"gigabytes": gigabytes, "percent": free_pct}
    days: float | None = None
    # a database that is not there or old is said by its own line
    with suppress(CommandCentreError, SQLAlchemyError), looking.database.reading() as session:
        days = forecast(disk.free, bytes_per_day(session, looking.now()), RESERVE).days
    if days is not None:
        holes["days"], gauges["ecc_disk_forecast_days"] = int(days), float(days)
    said = "up" if days is None else "days"
    if disk.free < LEAST_FREE or free_pct < FREE_LEAST_PCT:
        return Found(State.DOWN, said, holes, gauges=gauges)
    low = free_pct < FREE_WARN_PCT or (days is not None and days < FEW_LEFT)
    return Found(State.WARN if low else State.UP, said, holes, gauges=gauges)


def _certificate(looking: Looking) -> Found:
    path = looking.settings.tls_cert
    if path is None:
        return Found(State.OFF, "proxy" if looking.settings.secure else "off")
    from cryptography import x509

    chain = x509.load_pem_x509_certificates(path.read_bytes())
    ends = min(each.not_valid_after_utc for each in chain)
    days = (ends - looking.now()).total_seconds() / 86_400
    gauges = {"ecc_certificate_expires_timestamp_seconds": ends.timestamp()}
    holes: dict[str, str | int | float] = {"days": int(days), "day": f"{ends:%Y-%m-%d}"}
    if days <= 0:
        return Found(State.DOWN, "over", holes, gauges=gauges)
    return Found(State.WARN if days < CERTIFICATE_WARN_DAYS else State.UP, "up", holes, gauges=gauges)


def _clock(looking: Looking) -> Found:
    server = looking.settings.ntp_server
    if not server:
        return Found(State.OFF, "off")
    try:
        with _timed() as took:
            offset_s = clock_offset_s(server, WIRE_S)
    except (OSError, WireSilent):
        return Found(State.WARN, "silent", {"server": server})
    state = State.DOWN if abs(offset_s) >= CLOCK_BAD_S else State.WARN if abs(offset_s) >= CLOCK_WARN_S else State.UP
    return Found(state, "up", {"offset": f"{offset_s:+.3f}"}, ms=took.ms, gauges={"ecc_clock_offset_seconds": offset_s})


def _backup(looking: Looking) -> Found:
    """The newest one, as the journal tells it. A court that has none and wants none is not at fault."""
    scheduled = bool(looking.settings.backup_at)
    try:
        with looking.database.reading() as session:
            known = known_backups(session)
    except (CommandCentreError, SQLAlchemyError):  # the database has a line of its own
        return Found(State.OFF, "none")
    gauges = {"ecc_backup_timestamp_seconds": known.made_at.timestamp()} if known.made_at else {}
    if known.failed_at is not None:
        return Found(State.DOWN, "failed", {"hours": _hours(looking, known.failed_at), "why": known.why}, gauges=gauges)
    if known.made_at is None:
        return Found(State.WARN if scheduled else State.OFF, "none")
    hours = _hours(looking, known.made_at)
    return Found(State.WARN if trouble(looking.now(), known) else State.UP, "up", {"hours": hours}, gauges=gauges)


def _hours(looking: Looking, since: datetime) -> float:
    return round(max(0.0, (looking.now() - since).total_seconds() / 3600), 1)


def _case_system(looking: Looking) -> Found:
    """It only ever speaks by itself, so all that is known is how old its newest word is."""
    try:
        with looking.database.reading() as session:
            newest = case_system_as_of(session)
    except (CommandCentreError, SQLAlchemyError):  # the database has a line of its own
        return Found(State.OFF, "unknown")
    if newest is None:
        return Found(State.OFF, "off")
    age_s = max(0.0, (looking.now() - newest).total_seconds())
    settings = looking.settings
    state = State.DOWN if age_s > settings.case_system_lost_s else State.WARN if age_s > settings.case_system_stale_s else State.UP
    return Found(state, "up", {"minutes": int(age_s // 60)}, gauges={"ecc_case_system_age_seconds": age_s})


# --- what an operator or an upgrade changes -----------------------------------------------------------------------------------------


def _version(looking: Looking) -> Found:
    return Found(State.UP, "up", {"version": version("enforcement-command-centre"), "python": sys.version.split()[0]})


def _fonts(_: Looking) -> Found:
    missing = vendor.missing()
    return Found(State.DOWN, "missing", {"names": " ".join(missing)}) if missing else Found(State.UP, "up")


def _home(looking: Looking) -> Found:
    """Everything of the court is for this user alone."""
    settings = looking.settings
    try:
        settings.make_folders()
    except CommandCentreError:
        return Found(State.DOWN, "down", {"path": str(settings.home)})
    open_to_others = [path for path in _private(settings) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_to_others:
        return Found(State.DOWN, "open", {"path": str(open_to_others[0]), "count": len(open_to_others)})
    return Found(State.UP, "up", {"path": str(settings.home)})


def _private(settings: Settings) -> Iterator[Path]:
    yield settings.home
    yield from (path for path in sorted(settings.keys.iterdir()) if path.is_file())


# Of bus, database, jobs and relay the lamps of `Health` are quick, twice a second: here they are asked for latency and words.
REGISTER: tuple[Part, ...] = (
    Part("web", _web, 15),
    Part("jobs", _jobs, 5),
    Part("relay", _relay, 10),
    Part("ingest", _ingest, 10),
    Part("bus", _bus, 10),
    Part("database", _database, 10),
    Part("turn", _turn, 5),
    Part("case_system", _case_system, 10),
    Part("disk", _disk, 10),
    Part("backup", _backup, 5),
    Part("certificate", _certificate, 600),
    Part("clock", _clock, 64),  # as often as an NTP client asks at most
    Part("migrations", _migrations, 60),
    Part("version", _version, 600),
    Part("fonts", _fonts, 600),
    Part("home", _home, 60),
)
NAMES = tuple(part.name for part in REGISTER)


# --- inside -------------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Took:
    ms: float = 0.0


@contextmanager
def _timed() -> Iterator[_Took]:
    took, began = _Took(), time.perf_counter()
    yield took
    took.ms = round((time.perf_counter() - began) * 1000, 2)


def _get(origin: str, path: str) -> tuple[int, bytes]:
    """A GET at a door of our own on this machine, by hand: a client library costs more than the answer. Raises OSError, WireSilent."""
    said = urlsplit(origin)
    answer, plain = bytearray(), socket.create_connection((said.hostname or "", said.port or 0), WIRE_S)
    with _OWN_TLS.wrap_socket(plain) if said.scheme == "https" else plain as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: {said.netloc}\r\nConnection: close\r\n\r\n".encode())
        while len(answer) < MOST_BYTES and (more := wire.recv(MOST_BYTES)):
            answer += more
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    status = STATUS.match(head)
    if status is None:
        raise WireSilent("no HTTP")
    return int(status[1]), body


def _first_answer(settings: Settings, path: str) -> int:
    """The status that the first web process gives which answers. Raises OSError, WireSilent: none does."""
    for number in settings.webs:
        try:
            return _get(settings.web_here(number), path)[0]
        except (OSError, WireSilent):
            if number == settings.web_processes:
                raise
    raise WireSilent("no web process")


def _own_tls() -> ssl.SSLContext:
    """To our own process by its address, which no certificate names: there is nobody between."""
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    own.check_hostname, own.verify_mode = False, ssl.CERT_NONE
    return own


_OWN_TLS = _own_tls()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""What `install.sh` starts once the bundle's sums are right: a first installation, or an upgrade that can be cut at any instant.

Stands alone: any Python that the bundle has wheels for runs it, before anything is installed. The program lies in PREFIX/versions, one
folder a version; PREFIX/current points at the one that runs. Data lie in HOME and are touched by the program only.

An upgrade: the new version is put beside the old one and tried on a copy of the data while the old one still runs; then the old one stops,
the database is set aside, `current` is pointed at the new one (one rename), and the new one starts and brings the schema up in one
transaction. A power cut before the rename leaves the old version with its data, after it the new one, whose next start does the rest.
A new version that does not come up takes its schema back, which keeps what was written since, and the old one starts again.
"""

import argparse
import fcntl
import json
import os
import platform
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol
from zipfile import ZipFile

HERE = Path(__file__).resolve().parent
UNIT = "ecc.service"
SERVICE_USER = "ecc"
READY_S = 120.0  # a machine with a large database and a slow disk
ENDS_S = 45.0
SETTLES_S = 1.0  # until a program that ends at once has ended
ROOM = 4  # times the bundle: unpacked wheels and compiled files
SPARE_BYTES = 500_000_000
PRIVILEGED = 1024
WRITTEN = ("recordings", "layers", "backup_to", "backup_keys_to")  # settings that may name a folder outside the home
KEPT = 2  # versions: the one that runs and the one before


class Refused(Exception):
    """Nothing was changed, or everything was put back; the sentence says why."""

    def __init__(self, key: str, **holes: object) -> None:
        super().__init__(key)
        self.key, self.holes = key, holes


# --- what is said -----------------------------------------------------------------------------------------------------------------


def _texts(language: str) -> dict[str, str]:
    for folder in (HERE, HERE.parent / "texts"):  # in a bundle; in the source tree
        if (folder / f"{language}.toml").exists():
            read: dict[str, str] = tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8"))["install"]
            return read
    raise FileNotFoundError(f"{language}.toml")


def sentence(key: str, **holes: object) -> str:
    """Chinese, and English below it: the console of a server without a Chinese font is where this is read."""
    return "\n".join(
        re.sub(r"\{(\w+)\}", lambda hole: str(holes[hole[1]]), _texts(language)[key]) for language in ("zh", "en")
    )  # fmt: skip


def say(key: str, **holes: object) -> None:
    print(sentence(key, **holes), flush=True)


# --- what is to be done -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bundle:
    """What lies beside install.sh."""

    folder: Path
    version: str
    build: str
    machine: str
    glibc: str
    lock: str
    bytes: int

    @property
    def name(self) -> str:
        return f"{self.version}-{self.build}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where it goes. Kept in PREFIX/install.json, so that an upgrade needs no options."""

    prefix: Path
    home: Path
    service: str  # system | user | none
    user: str | None  # whom the system service runs as
    units: Path

    @property
    def versions(self) -> Path:
        return self.prefix / "versions"

    @property
    def current(self) -> Path:
        return self.prefix / "current"

    @property
    def program(self) -> Path:
        return self.prefix / "ecc"

    @property
    def signers(self) -> Path:
        """Whose bundles are taken, as ssh-keygen reads it; not there: anybody's whose sums are right. install.sh asks it."""
        return self.prefix / "signers"

    @property
    def journal(self) -> Path:
        """There as long as an upgrade is under way."""
        return self.prefix / "upgrading.json"


def read_bundle(folder: Path) -> Bundle:
    """Raises Refused: another architecture, Python or C library than it was made for."""
    said = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    if (machine := platform.machine()) != said["machine"]:
        raise Refused("other_machine_here", found=machine, wanted=said["machine"])
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    if python not in said["pythons"]:
        raise Refused("other_python", found=python, wanted=" ".join(said["pythons"]))
    library, found = platform.libc_ver()
    if library != "glibc" or _numbers(found) < _numbers(said["glibc"]):
        raise Refused("old_library", found=f"{library} {found}", wanted=said["glibc"])
    return Bundle(folder, said["version"], said["build"], said["machine"], said["glibc"], said["pythons"][python], said["bytes"])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def installed(place: Place) -> str | None:
    """The version and build that `current` points at."""
    return place.current.readlink().name if place.current.is_symlink() else None


def check_room(bundle: Bundle, place: Place) -> None:
    """Raises Refused. The program's folder takes the wheels unpacked; the data's folder a copy of the database."""
    for folder, needed in ((place.prefix, ROOM * bundle.bytes), (place.home, SPARE_BYTES + 2 * _database_bytes(place))):
        free = shutil.disk_usage(_existing(folder)).free
        if free < needed:
            raise Refused("no_room", folder=folder, free=round(free / 1e9, 1), needed=round(needed / 1e9, 1))


def _database_bytes(place: Place) -> int:
    with suppress(OSError):
        return sum(path.stat().st_size for path in place.home.glob("ecc.db*"))
    return 0


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())


def check_order(bundle: Bundle, place: Place) -> None:
    """Raises Refused when an older version would follow a newer one."""
    before = installed(place)
    if before and _numbers(bundle.version) < _numbers(before.partition("-")[0]):
        raise Refused("older", found=before.partition("-")[0], offered=bundle.version)


# --- putting a version beside the others ------------------------------------------------------------------------------------------


def put_version(bundle: Bundle, place: Place) -> Path:
    """The version's own folder, complete. One that was cut while it was made has no mark and is made again."""
    folder = place.versions / bundle.name
    mark = folder / "complete"
    if mark.exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    tool = _installing_tool(bundle, place)
    try:
        _run(
            [str(tool), "venv", "--quiet", "--offline", "--no-config", "--no-cache", "--python", sys.executable, str(folder)],
            "not_installed",
        )
        for lock in (bundle.folder / bundle.lock, bundle.folder / "own.lock"):
            _run(
                [
                    str(tool), "pip", "install", "--quiet", "--offline", "--no-config", "--no-index", "--no-deps", "--require-hashes",
                    "--find-links", str(bundle.folder / "wheels"), "--python", str(folder / "bin/python"), "--compile-bytecode",
                    "--link-mode", "hardlink", "--cache-dir", str(tool.parent / "unpacked"), "--requirement", str(lock),
                ],
                "not_installed",
            )  # fmt: skip
    finally:
        shutil.rmtree(tool.parent, ignore_errors=True)
    _run([str(folder / "bin/python"), "-I", "-m", "dashboard", "version"], "not_installed")
    os.sync()
    mark.touch()
    _sync(folder)
    return folder


def _installing_tool(bundle: Bundle, place: Place) -> Path:
    """uv, taken out of its wheel: neither pip nor Debian's python3-venv need be on the machine."""
    scratch = place.prefix / ".installing"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    with ZipFile(next((bundle.folder / "wheels").glob("uv-*.whl"))) as wheel:
        inside = next(name for name in wheel.namelist() if name.endswith(".data/scripts/uv"))
        (scratch / "uv").write_bytes(wheel.read(inside))
    (scratch / "uv").chmod(0o755)
    return scratch / "uv"


def _run(command: Sequence[str], key: str, **holes: object) -> str:
    """What it printed. Raises Refused with the last lines of what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Refused(key, why="\n".join((done.stderr or done.stdout).strip().splitlines()[-5:]), **holes)
    return done.stdout


def _sync(path: Path) -> None:
    """What the folder lists is on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def write_whole(path: Path, text: str, mode: int = 0o644) -> None:
    """The old content or the new one, whatever is cut."""
    fresh = path.with_name(f".{path.name}.fresh")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.chmod(mode)
    fresh.replace(path)
    _sync(path.parent)


def point(place: Place, folder: Path) -> None:
    """From now on this version is the one that starts: one rename."""
    fresh = place.prefix / ".current.fresh"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(Path("versions") / folder.name)
    fresh.replace(place.current)
    _sync(place.prefix)


def forget_old(place: Place) -> None:
    """All versions but the newest two by time, the running one among them."""
    running = place.current.resolve()
    others = sorted((path for path in place.versions.iterdir() if path != running), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


# --- the program, its settings, its service ---------------------------------------------------------------------------------------


def program_text(place: Place) -> str:
    """`PREFIX/ecc`: the command line of this installation, and what the service starts. Holds one version while it runs."""
    home, current = shlex.quote(str(place.home)), shlex.quote(str(place.current))
    as_user = ""
    if place.user:
        as_user = f'[ "$(id -u)" -ne 0 ] || exec runuser -u {place.user} -- "$0" "$@"\n'
    return (
        "#!/bin/sh\n"
        f"{as_user}"
        f"ECC_HOME={home} PYTHONSAFEPATH=1\n"
        "export ECC_HOME PYTHONSAFEPATH\n"
        f"version=$(readlink -f {current}) || exit 1\n"
        'exec "$version/bin/python" -m dashboard "$@"\n'
    )


def unit_text(place: Place) -> str:
    """The service, hardened. HOME/ecc.toml says which folders it writes; a port below 1024 needs the one capability for it."""
    system, settings = place.service == "system", _settings(place)
    low = min(settings.get("port", 8050), settings.get("media_port", 8051)) < PRIVILEGED
    capability = "CAP_NET_BIND_SERVICE" if system and low else ""
    elsewhere = [Path(settings[key]).expanduser() for key in WRITTEN if settings.get(key)]
    writes = [_quoted(place.home), *(_quoted(path, "-") for path in elsewhere if path.is_absolute())]
    inside_a_home = any(path.is_relative_to(home) for path in (place.prefix, place.home) for home in ("/home", "/root", "/run/user"))
    holes = {
        "user": f"User={place.user}\nGroup={place.user}" if system and place.user else "",
        "program": _quoted(place.program),
        "home": str(place.home).replace("%", "%%"),
        "writes": " ".join(writes),
        "protect_home": "no" if inside_a_home else "yes",
        "capabilities": capability,
        "wanted_by": "multi-user.target" if system else "default.target",
    }
    text = re.sub(rf"@({'|'.join(holes)})@", lambda hole: holes[hole[1]], (HERE / UNIT).read_text(encoding="utf-8"))
    return text if system else _for_a_user(text)


def _for_a_user(text: str) -> str:
    """A user's own manager may not drop what it never had; what needs no privilege stays."""
    left_out = ("CapabilityBoundingSet", "AmbientCapabilities", "ProtectClock", "ProtectKernelModules", "ProtectKernelLogs", "ProtectProc",
                "ProtectHostname", "PrivateDevices", "Wants", "After")  # fmt: skip
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(left_out))


def _settings(place: Place) -> dict[str, Any]:
    """What the court has written; what is wrong in it, the program says when it starts."""
    with suppress(OSError, tomllib.TOMLDecodeError):
        return tomllib.loads((place.home / "ecc.toml").read_text(encoding="utf-8"))
    return {}


def _quoted(path: Path, mark: str = "") -> str:
    """A path with spaces, quotes or a percent sign, as systemd reads it. mark: `-` for one that need not be there."""
    return f'"{mark}' + str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") + '"'


def ask_court(options: argparse.Namespace) -> None:
    """Whose it is must be known before anything is written: the code stands in every entry of the journal. Raises Refused court_missing."""
    for name, form in (("court_name", r"\S.*"), ("court_code", r"[\w-]{1,16}")):
        while not re.fullmatch(form, (getattr(options, name) or "").strip()):
            if not sys.stdin.isatty():
                raise Refused("court_missing")
            setattr(options, name, input(f"{sentence(f'ask_{name}')} "))


def settings_text(options: argparse.Namespace) -> str:
    """HOME/ecc.toml of a first installation; everything else keeps its default and stands in dashboard/ecc.example.toml."""
    chosen = {
        "court_code": options.court_code, "court_name": options.court_name, "host": options.host, "port": options.port,
        "media_port": options.media_port, "public_origin": options.origin, "media_origin": options.media_origin,
        "tls_cert": options.tls_cert, "tls_key": options.tls_key, "trusted_proxies": options.trusted_proxy,
    }  # fmt: skip
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in chosen.items() if value not in (None, []))


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
        return subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip() in ("running", "start", "start-pre")


class Alone:
    """Where there is no systemd: a process of its own. Its home says which one, whoever started it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._process: subprocess.Popen[bytes] | None = None

    def read_unit(self) -> None:
        pass

    def start(self) -> None:
        log = self._place.home / "log"
        _run(["mkdir", "-p", "-m", "0700", str(log)], "no_right", path=log)
        with (log / "serve.out").open("ab") as out:
            self._process = subprocess.Popen(
                [str(self._place.program), "serve"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self._place.home, start_new_session=True,
            )  # fmt: skip

    def stop(self) -> None:
        if (pid := self._pid()) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            if not _until(lambda: self._pid() is None, ENDS_S):
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


def _until(true: Callable[[], bool], seconds: float) -> bool:
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
    return _until(lambda: sign.exists() or not service.runs(), READY_S) and sign.exists()


# --- first, and again -------------------------------------------------------------------------------------------------------------


def install(bundle: Bundle, place: Place, options: argparse.Namespace) -> None:
    """On a machine that has none. What was cut is done again by the same command."""
    settings = place.home / "ecc.toml"
    if not settings.exists():
        ask_court(options)
    if place.user:
        _make_user(place.user)
    _make_home(place)
    if not settings.exists():
        write_whole(settings, settings_text(options), 0o600)
        _own(settings, place)
    say("installing", version=bundle.version, folder=place.prefix)
    folder = put_version(bundle, place)
    _lay_program(place)
    point(place, folder)
    _lay_unit(place)
    if options.no_start:
        say("installed_not_started", program=place.program)
        return
    service = service_of(place)
    if not service.runs() and not comes_up(place, service):
        raise Refused("did_not_come_up", log=place.home / "log")
    say("running", program=place.program)
    _first_administrator(place, options)


def _first_administrator(place: Place, options: argparse.Namespace) -> None:
    """The link is printed here and stands nowhere else; when there is somebody already there is none."""
    done = subprocess.run([str(place.program), "administrator", options.administrator], check=False, capture_output=True, text=True)
    print(done.stdout, end="", flush=True)
    if done.returncode:
        say("no_administrator", why=done.stderr.strip(), program=place.program)


def upgrade(bundle: Bundle, place: Place, options: argparse.Namespace) -> None:
    """From the version that runs to this one. Raises Refused when the new one does not come up; the old one runs then."""
    service, old = service_of(place), place.current.resolve()
    cut = json.loads(place.journal.read_text(encoding="utf-8")) if place.journal.exists() else None
    if cut and cut["to"] == old.name and (place.versions / cut["from"]).exists():
        say("was_cut", before=cut["from"], after=cut["to"])
    if old.name == bundle.name:
        _again(place, service, options)
        return
    say("upgrading", before=old.name, after=bundle.name)
    new = put_version(bundle, place)
    _asked(place, new, "try", "--rehearse")
    runs = service.runs()
    service.stop()
    try:
        schema = _asked(place, new, "schema", "--show") or "base"
        aside = _asked(place, new, "set_aside", "--set-aside")
    except Refused:
        if runs:
            service.start()
        raise
    unit = (place.units / UNIT).read_text(encoding="utf-8") if (place.units / UNIT).exists() else None
    write_whole(place.journal, json.dumps({"from": old.name, "to": new.name, "schema": schema, "aside": aside, "unit": unit}))
    _lay_program(place)
    _lay_unit(place)
    point(place, new)
    if comes_up(place, service):
        _finish(place)
        say("upgraded", version=bundle.version, aside=aside)
        return
    _return(place, service, old, new, schema, unit)


def _again(place: Place, service: Service, options: argparse.Namespace) -> None:
    """The same bundle once more: what is cut is mended, the unit follows the settings, what runs is left alone."""
    _lay_unit(place)
    service.read_unit()
    if not service.runs() and not comes_up(place, service):
        cut = json.loads(place.journal.read_text(encoding="utf-8")) if place.journal.exists() else None
        if cut is None:
            raise Refused("did_not_come_up", log=place.home / "log")
        _return(place, service, place.versions / cut["from"], place.current.resolve(), cut["schema"], cut.get("unit"))
    _finish(place)
    say("already", version=installed(place))
    _first_administrator(place, options)


def _finish(place: Place) -> None:
    place.journal.unlink(missing_ok=True)
    forget_old(place)


def _return(place: Place, service: Service, old: Path, new: Path, schema: str, unit: str | None) -> NoReturn:
    """The schema first, then the pointer: cut between them, the new version starts and brings the schema up again.

    unit: the one before's, which may not speak with systemd as the new one does.
    """
    service.stop()
    _asked(place, new, "not_returned", "--to", schema)
    point(place, old)
    if unit is not None:
        write_whole(place.units / UNIT, unit)
    place.journal.unlink(missing_ok=True)
    came = comes_up(place, service)
    raise Refused("returned" if came else "returned_not_up", version=old.name.partition("-")[0], log=place.home / "log")


def _asked(place: Place, folder: Path, key: str, *words: str) -> str:
    """`ecc migrate …` of the version in this folder, as whom the data belong to. Returns what it printed."""
    command = ["env", f"ECC_HOME={place.home}", "PYTHONSAFEPATH=1", str(folder / "bin/python"), "-m", "dashboard", "migrate", *words]
    if place.user and os.geteuid() == 0:
        command = ["runuser", "-u", place.user, "--", *command]
    return _run(command, key).strip()


def keep_signers(place: Place, named: Path | None) -> None:
    """From now on an upgrade must be signed by one of them too."""
    if named is not None and named.absolute() != place.signers:
        write_whole(place.signers, named.read_text(encoding="utf-8"))


def _make_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        _run(["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name], "no_user", user=name)


def _make_home(place: Place) -> None:
    place.prefix.mkdir(parents=True, exist_ok=True)
    place.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _own(place.home, place)


def _own(path: Path, place: Place) -> None:
    if place.user and os.geteuid() == 0:
        shutil.chown(path, place.user, place.user)


def _lay_program(place: Place) -> None:
    write_whole(place.program, program_text(place), 0o755)
    kept = {"prefix": str(place.prefix), "home": str(place.home), "service": place.service, "user": place.user, "units": str(place.units)}
    write_whole(place.prefix / "install.json", json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def _lay_unit(place: Place) -> None:
    """Written anew each time: what an operator adds stands beside it (`systemctl edit ecc`)."""
    place.units.mkdir(parents=True, exist_ok=True)
    write_whole(place.units / UNIT, unit_text(place))
    for sample in ("nginx.conf", "Caddyfile"):
        shutil.copy(HERE / sample, place.prefix / sample)


# --- the command ------------------------------------------------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./install.sh", formatter_class=argparse.RawDescriptionHelpFormatter, description=sentence("about"), allow_abbrev=False
    )  # no abbreviations: install.sh reads two of the options itself
    for name in ("prefix", "home", "units"):
        parser.add_argument(f"--{name}", type=Path, metavar="DIR", help=sentence(f"help_{name}"))
    parser.add_argument("--service", choices=["system", "user", "none"], help=sentence("help_service"))
    parser.add_argument("--no-start", action="store_true", help=sentence("help_no_start"))
    parser.add_argument("--signers", type=Path, metavar="FILE", help=sentence("help_signers"))
    parser.add_argument("--administrator", default="admin", metavar="NAME", help=sentence("help_administrator"))
    for name in ("court-code", "court-name", "host", "origin", "media-origin", "tls-cert", "tls-key"):
        parser.add_argument(f"--{name}", help=sentence("help_setting"))
    for name in ("port", "media-port"):
        parser.add_argument(f"--{name}", type=int, help=sentence("help_setting"))
    parser.add_argument("--trusted-proxy", action="append", default=[], help=sentence("help_setting"))
    return parser


def place_of(options: argparse.Namespace) -> Place:
    """From what stands in PREFIX/install.json, else from the options, else as usual for who runs this."""
    root = os.geteuid() == 0
    prefix = (options.prefix or (Path("/opt/ecc") if root else Path.home() / "ecc")).expanduser().absolute()
    kept: dict[str, Any] = {}
    with suppress(FileNotFoundError):
        kept = json.loads((prefix / "install.json").read_text(encoding="utf-8"))
    usual_home = Path("/var/lib/ecc") if root else Path.home() / ".local/state/ecc"
    service = (
        options.service or kept.get("service") or ("none" if not Path("/run/systemd/system").is_dir() else "system" if root else "user")
    )
    user = kept.get("user") if kept else (SERVICE_USER if service == "system" else None)
    units = {"system": Path("/etc/systemd/system"), "user": Path.home() / ".config/systemd/user", "none": prefix}[service]
    home = Path(kept.get("home") or options.home or usual_home)
    return Place(prefix, home.expanduser().absolute(), service, user, Path(options.units or kept.get("units") or units).absolute())


def main(words: Sequence[str] | None = None, folder: Path = HERE.parent) -> int:
    """0: it runs; 1: refused in a sentence, and what was there before runs as before."""
    options = parser().parse_args(words)
    try:
        bundle, place = read_bundle(folder), place_of(options)
        check_order(bundle, place)
        check_room(bundle, place)
        place.prefix.mkdir(parents=True, exist_ok=True)
        with (place.prefix / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Refused("another_installs", folder=place.prefix) from error
            keep_signers(place, options.signers)
            if installed(place):
                upgrade(bundle, place, options)
            else:
                install(bundle, place, options)
    except Refused as error:
        print(sentence(error.key, **error.holes), file=sys.stderr, flush=True)
        return 1
    except PermissionError as error:
        print(sentence("no_right", path=error.filename or "?"), file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

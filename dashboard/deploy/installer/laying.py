"""What is laid around the program: its settings, its command, its service's unit, its user and folders."""

import argparse
import json
import os
import pwd
import re
import shlex
import shutil
import sys
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

from .files import run, write_whole
from .place import Place
from .sentences import HERE, Refused, sentence

UNIT = "ecc.service"
PRIVILEGED = 1024
WRITTEN = ("recordings", "layers", "backup_to", "backup_keys_to")  # settings that may name a folder outside the home


def lay_program(place: Place) -> None:
    write_whole(place.program, program_text(place), 0o755)
    kept = {"prefix": str(place.prefix), "home": str(place.home), "service": place.service, "user": place.user, "units": str(place.units)}
    write_whole(place.prefix / "install.json", json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


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


def lay_unit(place: Place) -> None:
    """Written anew each time: what an operator adds stands beside it (`systemctl edit ecc`)."""
    place.units.mkdir(parents=True, exist_ok=True)
    write_whole(place.units / UNIT, unit_text(place))
    for sample in ("nginx.conf", "Caddyfile"):
        shutil.copy(HERE / sample, place.prefix / sample)


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


def keep_signers(place: Place, named: Path | None) -> None:
    """From now on an upgrade must be signed by one of them too."""
    if named is not None and named.absolute() != place.signers:
        write_whole(place.signers, named.read_text(encoding="utf-8"))


def make_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        run(["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name], "no_user", user=name)


def make_home(place: Place) -> None:
    place.prefix.mkdir(parents=True, exist_ok=True)
    place.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    own(place.home, place)


def own(path: Path, place: Place) -> None:
    if place.user and os.geteuid() == 0:
        shutil.chown(path, place.user, place.user)

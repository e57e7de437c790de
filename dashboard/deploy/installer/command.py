"""What `install.sh` starts: its options, and the one installation at a time."""

import argparse
import fcntl
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from .laying import keep_signers
from .place import Place, check_order, check_room, installed, read_bundle
from .sentences import HERE, Refused, sentence
from .steps import install, upgrade

SERVICE_USER = "ecc"


def main(words: Sequence[str] | None = None, folder: Path = HERE.parent) -> int:
    """0: it runs; 1: refused in a sentence, and what was there before runs as before."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character does not break an installation off
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

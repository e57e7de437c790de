"""A first installation, and an upgrade that can be cut at any instant: step by step, in this order."""

import argparse
import json
import os
import subprocess
from pathlib import Path
from typing import NoReturn

from .files import run, write_whole
from .laying import UNIT, ask_court, lay_program, lay_unit, make_home, make_user, own, settings_text
from .place import Bundle, Place, installed
from .sentences import Refused, say
from .starting import Service, comes_up, service_of
from .versions import forget_old, point, put_version


def install(bundle: Bundle, place: Place, options: argparse.Namespace) -> None:
    """On a machine that has none. What was cut is done again by the same command."""
    settings = place.home / "ecc.toml"
    if not settings.exists():
        ask_court(options)
    if place.user:
        make_user(place.user)
    make_home(place)
    if not settings.exists():
        write_whole(settings, settings_text(options), 0o600)
        own(settings, place)
    say("installing", version=bundle.version, folder=place.prefix)
    folder = put_version(bundle, place)
    lay_program(place)
    point(place, folder)
    lay_unit(place)
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
    asked = [str(place.program), "administrator", options.administrator]
    done = subprocess.run(asked, check=False, capture_output=True, text=True, errors="replace")
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
    lay_program(place)
    lay_unit(place)
    point(place, new)
    if comes_up(place, service):
        _finish(place)
        say("upgraded", version=bundle.version, aside=aside)
        return
    _return(place, service, old, new, schema, unit)


def _again(place: Place, service: Service, options: argparse.Namespace) -> None:
    """The same bundle once more: what is cut is mended, the unit follows the settings, what runs is left alone."""
    lay_unit(place)
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
    return run(command, key).strip()

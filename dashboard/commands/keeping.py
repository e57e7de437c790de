"""Keeping it sound: `migrate`, `doctor`, `verify`, `openapi`, `turn-config`, `version`."""

import argparse
import sys
from pathlib import Path

from dashboard.i18n import t
from data.settings import Settings


def migrate(settings: Settings, options: argparse.Namespace) -> int:
    """The database's schema brought up to this version; or one of the installer's questions and steps, which print what it needs."""
    from dashboard import upgrade

    settings.make_folders()
    if options.show:
        print(upgrade.revision(settings))
    elif options.rehearse:
        from dashboard.deploy.trial import try_on_copy

        try_on_copy(settings)
    elif options.set_aside:
        print(upgrade.set_aside(settings))
    elif options.to:
        upgrade.return_to(settings, options.to)
    else:
        upgrade.upgrade(settings)
    return 0


def doctor(settings: Settings, options: argparse.Namespace) -> int:
    """Every part looked at once; each line says what is, and what to do. 1: something is down; what only warns is no failure."""
    from dashboard.doctor import examine, report

    found = examine(settings)
    if options.json:
        print(report(found).decode())
    else:
        print(t("heartbeat.of_home", path=settings.home))
        for finding in found:
            print(finding.line(settings.civil_offset_s))
    return 0 if all(finding.good for finding in found) else 1


def verify(settings: Settings, _: argparse.Namespace) -> int:
    """Whether every entry of the journal is as it was written, and every kept track as its entry says."""
    from data.engines import open_database
    from data.journal import Journal
    from data.queries.mission_tracks import first_forged_track
    from data.sealing import load_sealing

    database = open_database(settings.database_url)
    broken = Journal(database, load_sealing(settings.keys), settings.court_code).verify()
    if broken is not None:
        print(t("command.broken", seq=broken))
        return 1
    with database.reading() as session:
        forged = first_forged_track(session)
    print(t("command.verified") if forged is None else t("command.track_broken", mission=forged))
    return 0 if forged is None else 1


def openapi(settings: Settings, _: argparse.Namespace) -> int:
    """The description of every door as JSON, without starting anything."""
    import tempfile

    import orjson

    from dashboard.app import build, document

    with tempfile.TemporaryDirectory() as folder:  # keys are made on first use; a description needs none of the court's
        described = settings.but(home=Path(folder), redis_url="unix:///nowhere")
        described.make_folders()
        app = build(described)
        sys.stdout.buffer.write(orjson.dumps(document(app), option=orjson.OPT_INDENT_2) + b"\n")
    return 0


def turn_config(settings: Settings, options: argparse.Namespace) -> int:
    """A configuration for coturn that lets phones reach our relay and nothing else; it holds the secret, so it is a file for its owner."""
    from dashboard.supervise import write_secret
    from streaming.coturn import configuration
    from streaming.ice import load_secret

    settings.make_folders()
    path: Path = options.to or settings.home / "turnserver.conf"
    write_secret(path, configuration(settings, load_secret(settings)))
    print(t("command.turn_written", path=path))
    return 0


def version(_: Settings, __: argparse.Namespace) -> int:
    from importlib.metadata import version as installed

    print(installed("enforcement-command-centre"))
    return 0

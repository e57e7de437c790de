"""`ecc`: serve, demo, migrate, doctor, verify, backup, restore, openapi, turn-config; officer, team, unit add; import, basemap, enrol, …"""

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dashboard import i18n, logs
from dashboard.i18n import t
from data.errors import CommandCentreError, Misconfigured
from data.settings import Settings, load

if TYPE_CHECKING:  # everything heavy is imported by the command that needs it: the supervisor must start at once and stay small
    from dashboard.supervise import Pids, Program
    from dashboard.workbook.importing import Report
    from geo.basemap import Step

Command = Callable[[Settings, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: done; 1: something was found wrong; 78: the settings are wrong, said in one sentence."""
    options = _parser().parse_args(arguments)
    try:
        i18n.check()
        settings = load(toml_path=options.config)
        command: Command = options.command
        return command(settings, options)
    except Misconfigured as error:
        print(i18n.of_error(error), file=sys.stderr)
        return 78
    except CommandCentreError as error:
        print(i18n.of_error(error), file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ecc", description=t("command.about"))
    parser.add_argument("--config", type=Path, metavar="FILE", help=t("command.config"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=t(f"command.{name}"), description=t(f"command.{name}"))
        added.set_defaults(command=command)
        return added

    served = add("serve", serve)
    served.add_argument("--only", choices=["web", "jobs", "relay"], help=t("command.only"))
    served.add_argument("--process", type=int, default=1, choices=range(1, 5), metavar="N", help=t("command.process"))
    _add_demo_options(add("demo", demo))
    _add_migrate_options(add("migrate", migrate))
    named = add("court", name_court)
    named.add_argument("code", help=t("command.court_code"))
    named.add_argument("name", help=t("command.court_name"))
    named.add_argument("--duty-phone", help=t("command.court_phone"))
    add("administrator", administrator).add_argument("username", nargs="?", default="admin", help=t("command.username"))
    for name, command in (("verify", verify), ("openapi", openapi), ("version", version)):
        add(name, command)
    add("doctor", doctor).add_argument("--json", action="store_true", help=t("command.doctor_json"))
    add("turn-config", turn_config).add_argument("--to", type=Path, metavar="FILE", help=t("command.turn_to"))
    officer = commands.add_parser("officer", help=t("command.officer")).add_subparsers(required=True, metavar="COMMAND")
    _add_officer_options(officer.add_parser("add", help=t("command.officer_add"), description=t("command.officer_add")))
    team = commands.add_parser("team", help=t("command.team")).add_subparsers(required=True, metavar="COMMAND")
    formed = team.add_parser("add", help=t("command.team_add"), description=t("command.team_add"))
    formed.add_argument("name", help=t("command.team_name"))
    formed.set_defaults(command=form_team)
    unit = commands.add_parser("unit", help=t("command.unit")).add_subparsers(required=True, metavar="COMMAND")
    _add_unit_options(unit.add_parser("add", help=t("command.unit_add"), description=t("command.unit_add")))
    enrolled = add("enrol", enrol)
    enrolled.add_argument("which", nargs="?", metavar="UNIT|ACCOUNT", help=t("command.whose"))
    enrolled.add_argument("--tracker", action="store_true", help=t("command.tracker"))
    enrolled.add_argument("--sheet", type=Path, metavar="FILE.html", help=t("command.enrol_sheet"))
    enrolled.add_argument("--team", help=t("command.of_team"))
    enrolled.add_argument("--all", action="store_true", help=t("command.enrol_all"))
    enrolled.add_argument("--hours", type=int, default=24, help=t("command.enrol_hours"))
    brought = add("import", bring_in)
    brought.add_argument("files", nargs="*", type=Path, metavar="FILE", help=t("command.import_files"))
    brought.add_argument("--dry-run", action="store_true", help=t("command.import_dry"))
    brought.add_argument("--template", type=Path, metavar="FILE.xlsx", help=t("command.import_template"))
    exported = add("export", export)
    exported.add_argument("file", type=Path, metavar="FILE.xlsx", help=t("command.export_file"))
    exported.add_argument("--without-cases", action="store_true", help=t("command.export_without_cases"))
    basemap = commands.add_parser("basemap", help=t("command.basemap")).add_subparsers(required=True, metavar="COMMAND")
    built = basemap.add_parser("build", help=t("command.basemap_build"), description=t("command.basemap_build"))
    built.add_argument("files", nargs="+", metavar="[KIND=]FILE", help=t("command.basemap_files"))
    built.add_argument("--crs", metavar="GCJ-02|BD-09|EPSG:n", help=t("command.basemap_crs"))
    built.set_defaults(command=build_basemap)
    issued = add("token", token)
    issued.add_argument("machine", choices=["case-system"], help=t("command.machine"))
    issued.add_argument("--revoke", action="store_true", help=t("command.token_end"))
    reset = add("reset-admin", reset_admin)
    reset.add_argument("account", help=t("command.reset_account"))
    reset.add_argument("--to", type=Path, metavar="FILE", help=t("command.reset_to"))
    revoked = add("revoke", revoke)
    revoked.add_argument("what", choices=["wall", "device", "officer"], help=t("command.what"))
    revoked.add_argument("which", help=t("command.which"))
    _add_backup_options(add)
    return parser


def _add_backup_options(add: Callable[[str, Command], argparse.ArgumentParser]) -> None:
    made = add("backup", backup)
    made.add_argument("file", nargs="?", type=Path, metavar="FILE", help=t("command.backup_file"))
    made.add_argument("--keys", type=Path, metavar="FILE", help=t("command.backup_keys"))
    made.add_argument("--recipient", action="append", default=[], metavar="age1…", help=t("command.backup_recipient"))
    made.add_argument("--new-identity", type=Path, metavar="FILE", help=t("command.backup_identity"))
    restored = add("restore", restore)
    restored.add_argument("file", type=Path, metavar="FILE", help=t("command.restore_file"))
    restored.add_argument("--keys", type=Path, metavar="FILE", required=True, help=t("command.restore_keys"))
    restored.add_argument("--identity", type=Path, metavar="FILE", required=True, help=t("command.restore_identity"))
    restored.add_argument("--home", type=Path, metavar="FOLDER", required=True, help=t("command.restore_home"))


def _add_migrate_options(migrated: argparse.ArgumentParser) -> None:
    """What the installer asks of the version that it puts in."""
    only = migrated.add_mutually_exclusive_group()
    only.add_argument("--show", action="store_true", help=t("command.migrate_show"))
    only.add_argument("--rehearse", action="store_true", help=t("command.migrate_rehearse"))
    only.add_argument("--set-aside", action="store_true", help=t("command.migrate_set_aside"))
    only.add_argument("--to", metavar="REVISION", help=t("command.migrate_to"))


def _add_demo_options(demo: argparse.ArgumentParser) -> None:
    demo.add_argument("--port", type=int, help=t("command.port"))
    demo.add_argument("--lan", action="store_true", help=t("command.lan"))
    demo.add_argument("--links", type=Path, metavar="FILE", help=t("command.links"))
    demo.add_argument("--speed", type=float, default=1.0, help=t("command.speed"))
    demo.add_argument("--fresh", action="store_true", help=t("command.fresh"))
    demo.add_argument("--no-browser", action="store_true", help=t("command.no_browser"))
    demo.add_argument("--only", help=argparse.SUPPRESS)  # a child of the demonstration, as `devices`


def _add_officer_options(officer: argparse.ArgumentParser) -> None:
    from data.rules.permissions import Role

    people = [
        role.value for role in Role if role not in (Role.WALL, Role.DIRECTOR, Role.CASE_SYSTEM, Role.DEVICE, Role.SYSTEM, Role.NOBODY)
    ]
    officer.add_argument("username", help=t("command.username"))
    officer.add_argument("--name", required=True, help=t("command.name"))
    officer.add_argument("--title", required=True, help=t("command.title"))
    officer.add_argument("--role", required=True, choices=people, help=t("command.role"))
    officer.add_argument("--team", help=t("command.of_team"))
    officer.set_defaults(command=add_officer)


def _add_unit_options(unit: argparse.ArgumentParser) -> None:
    from data.rules.units import VEHICLE_KINDS

    unit.add_argument("no", type=int, metavar="NUMBER", help=t("command.number"))
    mover = unit.add_mutually_exclusive_group(required=True)
    mover.add_argument("--account", help=t("command.mover_account"))
    mover.add_argument("--name", help=t("command.mover_name"))
    mover.add_argument("--vehicle", choices=sorted(VEHICLE_KINDS), help=t("command.mover_vehicle"))
    unit.add_argument("--title", help=t("command.title"))
    unit.add_argument("--plate", help=t("command.plate"))
    unit.add_argument("--team", help=t("command.of_team"))
    unit.set_defaults(command=add_unit)


# --- running ----------------------------------------------------------------------------------------------------------------------


def serve(settings: Settings, options: argparse.Namespace) -> int:
    """Everything until it is told to end; or one part alone, which then finds the others through database and Redis."""
    settings.make_folders()
    if options.only is None:
        return supervise(settings)
    from dashboard.supervise import web_name

    if options.process not in settings.webs:
        raise Misconfigured("process", code="misconfigured.bad_value", key="--process", why=f"1 … {settings.web_processes}")
    name = web_name(options.process) if options.only == "web" else options.only
    logs.set_up(name, settings.log, settings.log_level)
    if settings.redis_url is None and options.only != "relay":
        raise Misconfigured("no bus", code="misconfigured.bus_missing")
    gc.disable()  # what is imported stays: looking it through again and again took a quarter of the time until the first answer
    run: Callable[[Settings], int]
    if options.only == "web":
        from dashboard import app

        run = partial(app.run, number=options.process)
    elif options.only == "relay":
        from dashboard.supervise import stand_back

        stand_back(settings)
        from dashboard import media

        run = media.run
    else:
        from dashboard import jobs

        run = jobs.run
    gc.freeze()
    gc.enable()
    return run(settings)


def supervise(
    settings: Settings,
    more: Callable[[Settings], Sequence["Program"]] = lambda _: (),
    on_children_changed: "Callable[[Pids], None]" = lambda _: None,
    on_ready: Callable[[Settings], None] | None = None,
    prepare: Callable[[Settings], None] | None = None,
) -> int:
    """The supervisor of one home. more: further children, made from the settings that hold the bus's address and the port.

    prepare: brings the schema up to date, and whatever else must be there before a child opens the home.
    """
    from dashboard.supervise import Home, Supervisor, choose_port, forget_ready, held_back, parts_of

    settings.make_folders()
    logs.set_up("supervisor", settings.log, settings.log_level)
    home = Home(settings)
    home.take()
    settings = choose_port(settings)
    forget_ready(settings)
    parts, settings = parts_of(settings)
    with held_back(settings, parts):
        (prepare or _migrate_in_child)(settings)
    parts += more(settings)
    ready = on_ready or (lambda settings: print(t("command.ready", court=settings.court_name, origin=settings.origin), flush=True))
    return Supervisor(settings, parts, on_children_changed, lambda: ready(settings)).run()


def _migrate_in_child(settings: Settings) -> None:
    """The schema brought up to date by a child that ends again, so that the supervisor stays small. Raises Misconfigured."""
    import subprocess

    from data.settings import as_environ

    done = subprocess.run([sys.executable, "-m", "dashboard", "migrate"], env=as_environ(settings), check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Misconfigured("migration failed", code="misconfigured.migration")


def demo(settings: Settings, options: argparse.Namespace) -> int:
    """The demonstration: an invented court with its simulated day."""
    from dashboard.demo.start import run

    return run(settings, options)


# --- once -------------------------------------------------------------------------------------------------------------------------


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


def name_court(settings: Settings, options: argparse.Namespace) -> int:
    """Whose centre this is, before anything else is written."""
    from dashboard.naming import name_court as write

    settings.make_folders()
    named = write(settings, options.code, options.name, options.duty_phone, options.config)
    print(t("command.court_named", code=options.code, name=options.name, path=named.path))
    for variable, value in named.overridden.items():
        print(t("command.court_overridden", variable=variable, value=value, path=named.path), file=sys.stderr)
    return 0


def administrator(settings: Settings, options: argparse.Namespace) -> int:
    """The first one, while there is none: an account, and a link that opens it once within ten minutes. Printed here and nowhere else."""
    from dashboard.people import first_administrator

    settings.make_folders()
    link = first_administrator(settings, options.username, t("command.administrator_name"), t("command.administrator_title"))
    print(t("command.administrator_link", link=link, username=options.username))
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


def add_officer(settings: Settings, options: argparse.Namespace) -> int:
    """A person with an account; a password of ours is printed once and must be changed at the first sign-in."""
    from dashboard.people import add_officer as add

    settings.make_folders()
    account = add(settings, options.username, options.name, options.title, options.role, options.team)
    print(t("command.password_once", username=account.username, password=account.password))
    return 0


def form_team(settings: Settings, options: argparse.Namespace) -> int:
    """A team under its name."""
    from dashboard.people import form_team as form

    settings.make_folders()
    form(settings, options.name)
    print(t("command.team_formed", name=options.name))
    return 0


def add_unit(settings: Settings, options: argparse.Namespace) -> int:
    """A number for an officer or a vehicle, under which it moves on the map."""
    from dashboard.people import Mover
    from dashboard.people import add_unit as add

    settings.make_folders()
    add(settings, options.no, Mover(options.account, options.name, options.title, options.vehicle, options.plate), options.team)
    print(t("command.unit_added", no=options.no))
    return 0


def enrol(settings: Settings, options: argparse.Namespace) -> int:
    """A one-time link that makes a phone the unit's device, as text and QR; or the key of a tracker."""
    from dashboard import people

    settings.make_folders()
    if options.sheet is not None:
        return _print_codes(settings, options)
    if options.which is None:
        print(t("command.whose_missing"), file=sys.stderr)
        return 2
    if options.tracker:
        print(t("command.tracker_key", address=f"{settings.origin}/ingest/osmand", key=people.tracker_key(settings, options.which)))
        return 0
    import io

    import segno

    link, code = people.enrolment_link(settings, options.which), io.StringIO()
    segno.make(link, error="l").terminal(code, compact=True, border=2)
    print(t("command.enrolled", link=link), code.getvalue(), sep="\n")
    if not settings.origin.startswith("https://"):
        print(t("command.phones_need_https"))
    return 0


def _print_codes(settings: Settings, options: argparse.Namespace) -> int:
    """A sheet of one-time links, a code an officer."""
    from dashboard.people import enrolment_sheet

    made = enrolment_sheet(settings, options.sheet, options.team, options.all, options.hours)
    print(t("workbook.codes_written", count=made, path=options.sheet) if made else t("workbook.codes_none"))
    if made and not settings.origin.startswith("https://"):
        print(t("command.phones_need_https"))
    return 0


def bring_in(settings: Settings, options: argparse.Namespace) -> int:
    """A workbook's rows, or the empty form. 1: something was not taken, and named; 130: stopped by the person, whole batches are in."""
    if options.template is not None:
        from dashboard.workbook.writing import write_form

        write_form(options.template)
        print(t("workbook.form_written", path=options.template))
        return 0
    if not options.files:
        print(t("command.files_missing"), file=sys.stderr)
        return 2
    from dashboard.workbook.importing import Report, import_files

    settings.make_folders()
    gc.freeze()  # as for serve: what is imported stays, and rows come and go in their thousands
    gc.set_threshold(20_000, 20, 50)
    report = Report(tell=lambda sentence: print(sentence, flush=True), progress=_progress)
    try:
        import_files(settings, options.files, report, options.dry_run)
    except KeyboardInterrupt:
        print(f"\n{t('workbook.stopped')}", file=sys.stderr)
        return 130
    finally:
        _tell_counts(report, options.dry_run)
    return 0 if report.good else 1


def _progress(sheet: str, count: int) -> None:
    """On a terminal only, one line that is written over."""
    if sys.stderr.isatty():
        print(f"\r{t('workbook.progress', sheet=sheet, count=count)}  ", end="", file=sys.stderr, flush=True)


def _tell_counts(report: "Report", dry: bool) -> None:
    from dashboard.workbook.titles import title
    from data.actions.workbook import Done
    from data.rules.workbook import SHEETS

    if sys.stderr.isatty() and report.counts:
        print(file=sys.stderr)
    for name, counts in report.counts.items():
        print(t("workbook.count", sheet=title(SHEETS[name]), **{done.value: counts[done] for done in Done}))
    if report.complaints:
        print(t("workbook.complaints", count=report.complaints))
    if dry:
        print(t("workbook.dry"))
    elif report.counts:
        nothing = report.total(Done.ADDED) + report.total(Done.CHANGED) == 0
        print(t("workbook.done_nothing" if nothing else "workbook.done" if report.good else "workbook.done_in_part"))


def export(settings: Settings, options: argparse.Namespace) -> int:
    """What the court holds, as the workbook that it came in by."""
    from dashboard.workbook.exporting import export as write

    settings.make_folders()
    counts = write(settings, options.file, not options.without_cases)
    print(t("workbook.exported_without" if options.without_cases else "workbook.exported", path=options.file, rows=sum(counts.values())))
    return 0


def backup(settings: Settings, options: argparse.Namespace) -> int:
    """Everything into one encrypted file, the keys into another, while the court works."""
    if options.new_identity is not None:
        return _make_identity(options.new_identity)
    import os
    from contextlib import suppress
    from datetime import UTC, datetime

    from dashboard.backups import making
    from data.rules.backups import KEYS

    settings.make_folders()
    with suppress(OSError):  # a container may not allow it
        os.nice(making.NICE)
    archive, keys = (options.file, options.keys or options.file.with_suffix(KEYS)) if options.file else (None, None)
    if archive is None or keys is None:
        archive, keys = making.scheduled_names(settings, datetime.now(UTC))
    made = making.make(settings, archive, keys, options.recipient or settings.backup_recipients)
    print(t("command.backup_made", path=made.archive, parts=made.parts, megabytes=round(made.size / 1e6, 1), seq=made.seq))
    print(t("command.backup_digest", digest=made.digest))
    print(t("command.backup_keys_made", path=made.keys))
    if options.file is None:
        for path in making.keep_newest(settings):
            print(t("command.backup_went", path=path))
    return 0


def _make_identity(path: Path) -> int:
    """The secret into a file of its owner, the public key onto the screen."""
    from dashboard.backups.sealed import new_identity
    from dashboard.supervise import write_secret
    from data.errors import RuleBroken

    if path.exists():
        raise RuleBroken("exists", code="backup.exists", path=str(path))
    secret, public = new_identity()
    write_secret(path, f"# public key: {public}\n{secret}\n")
    print(t("command.identity_made", path=path, public=public))
    return 0


def restore(settings: Settings, options: argparse.Namespace) -> int:
    """A court out of a backup, onto an empty machine."""
    from dashboard.backups.restoring import restore as bring_back

    done = bring_back(settings, options.file, options.keys, options.identity, options.home)
    print(t("command.restored", path=options.home, made_at=done.made_at, version=done.version))
    print(t("command.restored_parts", parts=done.parts, keys=done.keys, seq=done.seq))
    if done.migrated:
        print(t("command.restored_migrated"))
    if done.not_there:
        print(t("command.restored_not_there", count=done.not_there))
    print(t("command.restored_next", path=options.home))
    return 0


def build_basemap(settings: Settings, options: argparse.Namespace) -> int:
    """The court's map from the operator's files. 130: stopped by the person, the map is as it was."""
    from dashboard.basemap import build

    settings.make_folders()
    try:
        built = build(settings, options.files, options.crs, _tell_step)
    except KeyboardInterrupt:
        print(f"\n{t('basemap.stopped')}", file=sys.stderr)
        return 130
    finally:
        if sys.stderr.isatty():
            print(file=sys.stderr)
    for layer, count in sorted(built.counts.items()):
        print(t("basemap.count", layer=t(f"basemap.layer_{layer}"), count=count))
    if built.corners:
        print(t("basemap.roads", count=built.corners))
    for note in built.notes:
        print(t(f"basemap.note_{note.what}", count=note.count, names="、".join(note.names)))
    print(t("basemap.done", tiles=built.tiles) if built.tiles else t("basemap.done_boundaries"))
    if built.tiles and not settings.map_approval:
        print(t("basemap.approval_missing"))
    return 0


def _tell_step(step: "Step") -> None:
    """One line a step; on a terminal it is written over."""
    name = t(f"basemap.layer_{step.name}") if step.what == "tiles" else step.name
    said = t(f"basemap.step_{step.what}", name=name, done=step.done, whole=step.whole)
    if sys.stderr.isatty():
        print(f"\r\033[K{said}", end="", file=sys.stderr, flush=True)
    else:
        print(said, file=sys.stderr, flush=True)


def token(settings: Settings, options: argparse.Namespace) -> int:
    """The case system's token, printed once."""
    from dashboard import people

    settings.make_folders()
    if options.revoke:
        people.end_case_system_token(settings)
        print(t("command.revoked"))
        return 0
    print(t("command.token_once", address=f"{settings.origin}/ingest/cases", token=people.case_system_token(settings)))
    return 0


def reset_admin(settings: Settings, options: argparse.Namespace) -> int:
    """A link of ten minutes with which an administrator who lost password or authenticator begins anew; every other one is told."""
    from dashboard.people import reset_link
    from data.credentials import keep_secret

    settings.make_folders()
    if options.to is not None and options.to.exists():
        print(t("command.reset_exists", path=options.to), file=sys.stderr)
        return 1
    link = reset_link(settings, options.account)
    if options.to is None:
        print(t("command.reset_link", link=link))
        return 0
    keep_secret(options.to, link)
    print(t("command.reset_written", path=options.to))
    return 0


def revoke(settings: Settings, options: argparse.Namespace) -> int:
    """A wall, a device or an officer put out: lost, stolen, gone."""
    from dashboard.people import revoke as put_out

    put_out(settings, options.what, options.which)
    print(t("command.revoked"))
    return 0


if __name__ == "__main__":
    sys.exit(main())

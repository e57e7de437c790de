"""The words of `ecc` and their options."""

import argparse
from collections.abc import Callable
from pathlib import Path

from dashboard.commands.backups import backup, restore
from dashboard.commands.bringing import bring_in, build_basemap, export
from dashboard.commands.keeping import doctor, migrate, openapi, turn_config, verify, version
from dashboard.commands.people import add_officer, add_unit, administrator, enrol, form_team, name_court, reset_admin, revoke, token
from dashboard.commands.running import demo, serve
from dashboard.i18n import t
from data.settings import Settings

Command = Callable[[Settings, argparse.Namespace], int]
Adding = Callable[[str, Command], argparse.ArgumentParser]


def parser() -> argparse.ArgumentParser:
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
    _add_people_commands(commands, add)
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


def _add_people_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", add: Adding) -> None:
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


def _add_backup_options(add: Adding) -> None:
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
    from data.rules.second_factor import NOT_PEOPLE

    people = [role.value for role in Role if role not in NOT_PEOPLE]
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

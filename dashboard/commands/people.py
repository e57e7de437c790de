"""Who is there: `court`, `administrator`, `officer add`, `team add`, `unit add`, `enrol`, `token`, `reset-admin`, `revoke`."""

import argparse
import sys

from dashboard.i18n import t
from data.settings import Settings


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

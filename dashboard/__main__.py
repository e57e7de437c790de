"""`ecc`: serve, demo, migrate, doctor, verify, backup, restore, openapi, turn-config; officer, team, unit add; import, basemap, enrol, …"""

import sys
from collections.abc import Sequence
from io import TextIOWrapper

from dashboard import i18n
from dashboard.commands.parser import Command, parser
from data.errors import CommandCentreError, Misconfigured
from data.settings import load


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: done; 1: something was found wrong; 78: the settings are wrong, said in one sentence."""
    _print_whatever_comes()
    options = parser().parse_args(arguments)
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


def _print_whatever_comes() -> None:
    """A terminal that does not speak UTF-8 shows a «?» for what it has not, such as a rare character of a name: the work goes on."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())

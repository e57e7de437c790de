"""Reading the settings of this start, and handing them to a child process."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from data.errors import Misconfigured
from data.settings.choices import keys
from data.settings.environment import PREFIX, default_home, foreign_environ, ours
from data.settings.forms import as_path, as_texts, from_text
from data.settings.settings import Settings

TOML_NAME = "ecc.toml"  # looked for in the home when no file is named


def load(environ: Mapping[str, str] | None = None, toml_path: Path | None = None) -> Settings:
    """The settings of this start: defaults, then the TOML file, then `ECC_*` variables.

    toml_path: None means `ecc.toml` in the home, if there is one. Raises Misconfigured: unknown_key (names the nearest known key),
    bad_value, weak_secret, file.
    """
    from_environ = _known(ours(environ), PREFIX)
    if toml_path is None:
        home = as_path(from_environ["home"]) if "home" in from_environ else default_home()
        toml_path = home / TOML_NAME if (home / TOML_NAME).exists() else None
    from_file = _known(_read_toml(toml_path), "") if toml_path else {}
    values = {key: from_text(key, raw) for key, raw in (from_file | from_environ).items()}
    return Settings.of(**values)


def as_environ(settings: Settings) -> dict[str, str]:
    """The environment of a child process that shall load exactly these settings, whatever file or variable they came from."""
    return foreign_environ(**{f"{PREFIX}{key.upper()}": text for key, text in as_texts(settings).items()})


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise Misconfigured(str(error.strerror), code="misconfigured.file", path=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(str(error), code="misconfigured.file", path=str(path)) from error


def _known(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The same values. A key that nobody reads would be believed to work: it is an error, with the nearest known one."""
    known = keys()
    for key in values:
        if key not in known:
            nearest = next(iter(get_close_matches(key, known, 1, 0.4)), None)
            said, meant = (f"{prefix}{name.upper()}" if prefix and name else name or "" for name in (key, nearest))
            raise Misconfigured(
                f"unknown setting {said}, did you mean {meant or '?'}",
                code="misconfigured.unknown_key" if nearest else "misconfigured.unknown_key_alone",
                key=said,
                nearest=meant,
            )
    return dict(values)

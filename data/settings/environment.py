"""What the environment of this process says, and what a child process is given. The only reader of the environment."""

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

PREFIX = "ECC_"


def default_home() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "ecc"


def ours(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that are settings of ours, by key."""
    environ = os.environ if environ is None else environ
    return {name.removeprefix(PREFIX).lower(): value for name, value in environ.items() if name.startswith(PREFIX)}


def said_here(names: Iterable[str]) -> dict[str, str]:
    """Of these settings those that the environment decides, whatever a file says: the variable's name, and its value."""
    said = ours()
    return {f"{PREFIX}{name.upper()}": said[name] for name in names if name in said}


def foreign_environ(**said: str) -> dict[str, str]:
    """The environment of somebody else's program: what this process was given but our settings, and what is said here."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)} | said


def systemd_socket() -> str:
    """Where systemd wants to hear that we are ready and alive; empty when it did not start us, or does not ask."""
    return os.environ.get("NOTIFY_SOCKET", "")


def has_screen(environ: Mapping[str, str] | None = None) -> bool:
    """Whether a browser of this user would be seen by anybody."""
    environ = os.environ if environ is None else environ
    return sys.platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))

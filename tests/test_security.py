"""SECURITY.md names what exists: files, commands, settings, roles' rights; both halves tell the same."""

import re
from pathlib import Path

from dashboard.commands.parser import parser
from data.rules.permissions import Verb
from data.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
CHINESE, ENGLISH = (ROOT / "SECURITY.md").read_text(encoding="utf-8").split("\n---\n")
NAMED = re.compile(r"`([^`]+)`")
OF_A_HOME = {
    "maps/",
    "positions/",
    "archive/",
    "recordings/",
    "clips/",
    "log/",
    "run/",
    "run/attempts.db",
    "run/black/",
    "run/objections/",
    "before-upgrade/",
    "keys/sealing.key",
    "keys/desk_pin",
    "keys/media.key",
    "keys/turn.secret",
    "keys/metrics.token",
}  # below ECC_HOME, not in the repository
RETENTION = re.compile(r"`history_days`|`archive_days`|400|12 (?:小时|hours)|\b(?:8|30) (?:天|days)")


def test_both_halves_have_the_same_tables_and_name_the_same_things() -> None:
    rows = [[line.count("|") for line in half.splitlines() if line.startswith("|")] for half in (CHINESE, ENGLISH)]
    assert rows[0] == rows[1]
    ours = [{name for name in NAMED.findall(half) if "/" in name and "make" not in name} for half in (CHINESE, ENGLISH)]
    assert ours[0] == ours[1]


def test_every_file_named_exists() -> None:
    named = {name for name in NAMED.findall(CHINESE + ENGLISH) if "/" in name} - OF_A_HOME
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_command_named_is_one_of_ours() -> None:
    commands = {tuple(name.split()[1:]) for name in NAMED.findall(CHINESE + ENGLISH) if name.startswith("ecc ")}
    assert {command[0] for command in commands} == {
        "serve",
        "verify",
        "doctor",
        "reset-admin",
        "revoke",
        "turn-config",
        "export",
        "enrol",
        "backup",
        "restore",
    }
    for command in commands:
        filled = [word if word.islower() and word.isascii() else "1" for word in command]
        assert parser().parse_args(filled).command is not None


def test_every_right_and_every_limit_named_is_the_one_of_the_code() -> None:
    assert {name for name in NAMED.findall(CHINESE + ENGLISH) if re.fullmatch(r"[a-z]+\.[a-z]+", name)} == {Verb.SEE_TRACK.value}
    settings = Settings.of(home=ROOT)
    assert (settings.history_days, settings.archive_days, settings.session_hours, settings.wall_session_days) == (8, 30, 12, 400)
    assert len(RETENTION.findall(CHINESE)) == len(RETENTION.findall(ENGLISH)) == 7

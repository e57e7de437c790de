"""Whether every value may be, and all of them together: a mistake is named before anything starts."""

import re
from pathlib import Path

from data.rules import second_factor
from data.rules.backups import OF_DAY, RECIPIENT
from data.rules.permissions import Role
from data.settings import addresses
from data.settings.choices import Choices
from data.settings.forms import bad

LOG_LEVELS = ("debug", "info", "warning", "error")

_LIMITS = {
    "port": (0, 65_535),  # 0: a free one, for tests
    "media_port": (0, 65_535),
    "web_processes": (1, 4),
    "metrics_port": (0, 65_535),  # 0: none
    "civil_offset_s": (-86_400, 86_400),  # the demonstration may shift its day by up to a whole one
    "history_days": (1, 3_650),
    "archive_days": (0, 36_500),  # 0: no archive
    "recording_days": (184, 36_500),  # never less than the six months that the rules ask for
    "session_hours": (1, 24),
    "wall_session_days": (1, 3_650),
    "stale_s": (5, 3_600),
    "lost_s": (10, 86_400),
    "case_system_stale_s": (2, 604_800),
    "case_system_lost_s": (4, 2_592_000),
    "backup_keep": (1, 3_650),
}
_CODE = re.compile(r"[\w-]{1,16}")  # also 岭0108, as it stands in case numbers


def check(chosen: Choices) -> None:
    """Raises Misconfigured with the first key that cannot be so."""
    for part in (_check_numbers, _check_ports, _check_words, _check_files, addresses.check, _check_owners, _check_backups):
        part(chosen)


def _check_numbers(chosen: Choices) -> None:
    for key, (least, most) in _LIMITS.items():
        if not least <= getattr(chosen, key) <= most:
            raise bad(key, f"{least} … {most}")
    for lost, stale in (("lost_s", "stale_s"), ("case_system_lost_s", "case_system_stale_s")):
        if getattr(chosen, lost) <= getattr(chosen, stale):
            raise bad(lost, f"> {stale} ({getattr(chosen, stale)})")


def _check_ports(chosen: Choices) -> None:
    """Several web processes listen at ports side by side, and so do their figures: none of these may be another's."""
    many = chosen.web_processes
    if many == 1:
        return
    webs = range(chosen.port, chosen.port + many)
    if chosen.port == 0 or webs[-1] > 65_535:
        raise bad("port", f"web_processes = {many}: 1 … {65_536 - many}")
    if chosen.media_port in webs:
        raise bad("media_port", f"{webs[0]} … {webs[-1]}: web_processes")
    figures = range(chosen.metrics_port, chosen.metrics_port + many) if chosen.metrics_port else range(0)
    if set(figures) & {*webs, chosen.media_port}:
        raise bad("metrics_port", f"{figures[0]} … {figures[-1]}: port, media_port, web_processes")


def _check_words(chosen: Choices) -> None:
    if chosen.log_level not in LOG_LEVELS:
        raise bad("log_level", " | ".join(LOG_LEVELS))
    if not _CODE.fullmatch(chosen.court_code):
        raise bad("court_code", "岭0108; A-Z a-z 0-9 _ -, 1 … 16")
    if not chosen.court_name:
        raise bad("court_name", "1 …")
    for said in chosen.second_factor_for:
        try:
            second_factor.roles([said])
        except ValueError as error:
            people = sorted(role.value for role in Role if role not in second_factor.NOT_PEOPLE)
            raise bad("second_factor_for", f"{said}: {' | '.join(people)}") from error


def _check_files(chosen: Choices) -> None:
    for both in (("tls_cert", "tls_key"), ("redis_cert", "redis_key")):
        for key in both:
            if getattr(chosen, key) is None and any(getattr(chosen, other) is not None for other in both):
                raise bad(key, " + ".join(both))
    for key in ("tls_cert", "tls_key", "redis_ca", "redis_cert", "redis_key"):
        path: Path | None = getattr(chosen, key)
        if path is not None and not path.is_file():
            raise bad(key, f"no file {path}")


def _check_owners(chosen: Choices) -> None:
    for said in chosen.owners:
        if not re.fullmatch(r"([a-z_]{1,24}|\*)=[^,\n]{1,40}", said):
            raise bad("owners", f"{said}: database=信息科 8001 | *=…")


def _check_backups(chosen: Choices) -> None:
    """A schedule that could make none is an error now, not at half past two."""
    for recipient in chosen.backup_recipients:
        if not RECIPIENT.fullmatch(recipient):
            raise bad("backup_recipients", "age1…")
    if not chosen.backup_at:
        return
    if not OF_DAY.fullmatch(chosen.backup_at):
        raise bad("backup_at", "HH:MM")
    for key in ("backup_to", "backup_keys_to", "backup_recipients"):
        if not getattr(chosen, key):
            raise bad(key, "backup_at + backup_to + backup_keys_to + backup_recipients")
    if chosen.backup_to == chosen.backup_keys_to:
        raise bad("backup_keys_to", "≠ backup_to")

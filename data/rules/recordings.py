"""Recordings: how they stand, how long they are kept, when the disk is full, whose own they are, what a phone may bring afterwards.

`domain/rules.md` E.3, E.4, E.7.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from data.errors import BadInput, NotPermitted, RuleBroken
from data.rules.permissions import Actor, Role

ROUTINE_DAYS = 184  # «不少于六个月»; configurable, never shorter
LEAST_ROUTINE_DAYS = 184
RESERVE = 500_000_000  # bytes that recordings leave free, so that the journal can still say that the disk is full
WARN_DAYS = 7.0  # a disk that lasts no longer is said to be getting full
ALARM_NEARBY = timedelta(hours=1)  # an alarm of the same unit so long before or during: the recording stays with the file
REPLAY_LASTS = timedelta(hours=1)  # one look; then a reason is asked for again
SHA256 = re.compile(r"[0-9a-f]{64}")
FORMS = frozenset({"webm", "mp4"})
GAPS = frozenset({"lost", "silent", "disk", "overflow", "internal"})
BREAKS = frozenset({"disk_low", "disk", "stuck", "nothing_whole", "internal"})
ENDS = frozenset({"over", "closed", "replaced", "abandoned", "uploaded", "brought"})
UPLOAD_MOST = 16_000_000  # bytes of one piece: a minute takes four
UPLOAD_LASTS = timedelta(minutes=5)
UPLOAD_BEFORE = timedelta(minutes=1)  # the phone's clock is known to a second at best, and its camera opens with the tap
UPLOAD_AFTER = timedelta(minutes=10)  # without a network no phone knows that its call has ended
UPLOAD_WITHIN = timedelta(days=3)  # after the end; a phone may have lain in a car over a weekend


class RecordingState(StrEnum):
    RUNNING = "RUNNING"  # bytes reach the disk
    BROKEN = "BROKEN"  # they do not
    ENDED = "ENDED"


class Origin(StrEnum):
    RELAY = "RELAY"  # as it was forwarded
    PHONE = "PHONE"  # 手机补传: kept on the phone while nothing reached the relay, brought afterwards
    BROUGHT = "BROUGHT"  # 带入视频: an outside video, as the source of clips


class Category(StrEnum):
    ROUTINE = "ROUTINE"  # nothing happened: six months, then purged with a record
    KEPT = "KEPT"  # evidence, obstruction, mass incident, major dispute: as long as the file


def keep_until(category: Category, ended_at: datetime, routine_days: int = ROUTINE_DAYS) -> datetime | None:
    """When it may be purged; None: never."""
    if category is Category.KEPT:
        return None
    return ended_at + timedelta(days=max(routine_days, LEAST_ROUTINE_DAYS))


def may_purge(category: Category, ended_at: datetime | None, held: bool, now: datetime, routine_days: int = ROUTINE_DAYS) -> bool:
    """A hold overrides every purge; what still runs is never purged."""
    if held or ended_at is None:
        return False
    until = keep_until(category, ended_at, routine_days)
    return until is not None and now >= until


def check_lift(held_by: str | None, by: str | None) -> None:
    """A hold is put by one person and lifted by another. Raises NotPermitted recording.own_hold."""
    if held_by is not None and held_by == by:
        raise NotPermitted("own hold", code="recording.own_hold")


# --- who may replay ---------------------------------------------------------------------------------------------------------------------

WITH_REASON = frozenset({Role.DUTY, Role.COMMANDER, Role.LEADER, Role.JUDGE, Role.INSPECTOR})  # E.7 «R*»
WITHOUT_REASON = frozenset({Role.DEVICE, Role.FIELD})  # «own R»
OWN_ONLY = frozenset({Role.JUDGE, Role.DEVICE, Role.FIELD})


def is_own(actor: Actor, unit_no: int | None, team_id: str | None, judge_id: str | None) -> bool:
    """Whether the recording is of this actor's own work: his unit; for a judge also his team and his case."""
    if actor.unit_no is not None and actor.unit_no == unit_no:
        return True
    if actor.role is not Role.JUDGE:
        return False
    return (team_id is not None and actor.team_id == team_id) or (judge_id is not None and actor.officer_id == judge_id)


# --- 手机补传 ---------------------------------------------------------------------------------------------------------------------------


def check_upload(began_at: datetime, duration_ms: int, placed_at: datetime, ended_at: datetime | None, now: datetime) -> None:
    """Whether a call's phone may still bring this piece. Raises BadInput .bad_piece, RuleBroken recording.outside_call, .too_late."""
    if not 0 < duration_ms <= UPLOAD_LASTS / timedelta(milliseconds=1):
        raise BadInput("duration", code="recording.bad_piece")
    if began_at < placed_at - UPLOAD_BEFORE or began_at > min(ended_at or now, now) + UPLOAD_AFTER:
        raise RuleBroken("not of this call", code="recording.outside_call")
    if ended_at is not None and now - ended_at > UPLOAD_WITHIN:
        raise RuleBroken("long over", code="recording.too_late")


def filled_ms(from_at: datetime, to_at: datetime, pieces: Sequence[tuple[datetime, int]]) -> int:
    """How much of a gap the phone's pieces (beginning, milliseconds) fill. Pieces may overlap; nothing counts twice."""
    filled, until = timedelta(), from_at
    for began_at, duration_ms in sorted(pieces):
        begins, ends = max(began_at, until), min(began_at + timedelta(milliseconds=duration_ms), to_at)
        if ends > begins:
            filled, until = filled + (ends - begins), ends
    return int(filled / timedelta(milliseconds=1))


# --- the disk ---------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Forecast:
    """days: how long the disk lasts at the pace of the last days; None when nothing was recorded yet."""

    free_bytes: int
    bytes_per_day: int
    days: float | None
    warn: bool
    refuse: bool


def forecast(free_bytes: int, per_day: Sequence[int], reserve_bytes: int) -> Forecast:
    """per_day: bytes recorded on each of the last days. The busiest day counts half at least: one big operation a week is no average."""
    days = [each for each in per_day if each >= 0]
    pace = max(sum(days) // len(days), max(days) // 2) if days else 0
    left = max(0, free_bytes - reserve_bytes)
    lasts = left / pace if pace else None
    refuse = free_bytes < reserve_bytes
    return Forecast(free_bytes, pace, lasts, refuse or (lasts is not None and lasts < WARN_DAYS), refuse)


# --- what an action takes ---------------------------------------------------------------------------------------------------------------


def digest(value: str) -> str:
    """Raises BadInput recording.bad_digest."""
    if not SHA256.fullmatch(value):
        raise BadInput("sha256", code="recording.bad_digest")
    return value


def one_of(value: str, known: frozenset[str]) -> str:
    """Raises BadInput recording.bad_word."""
    if value not in known:
        raise BadInput(value, code="recording.bad_word")
    return value

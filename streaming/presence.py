"""Who can be heard: online, stale or lost by the age of the last fix at its source, or silent because it was declared. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

STALE_S, LOST_S = 30.0, 120.0


class Presence(StrEnum):
    ONLINE = "online"
    STALE = "stale"
    LOST = "lost"
    SILENT = "silent"  # «进入无信号区»: no position is expected, so none is missed


def presence(
    fix_ms: int | None, now_ms: int, silent_until_ms: int | None = None, *, stale_s: float = STALE_S, lost_s: float = LOST_S
) -> Presence:
    """Of one unit on duty. fix_ms: time at the source of its newest fix; None: it has sent none, which is as good as lost.

    A declared silence covers a missing position until its time is up; whoever is heard all the same is online.
    """
    age_ms = None if fix_ms is None else now_ms - fix_ms
    if age_ms is not None and age_ms <= stale_s * 1000:
        return Presence.ONLINE
    if silent_until_ms is not None and now_ms < silent_until_ms:
        return Presence.SILENT
    return Presence.STALE if age_ms is not None and age_ms <= lost_s * 1000 else Presence.LOST


def counts(
    units: Iterable[int],
    fixes_ms: Mapping[int, int],
    silent_until_ms: Mapping[int, int],
    now_ms: int,
    *,
    stale_s: float = STALE_S,
    lost_s: float = LOST_S,
) -> Counter[Presence]:
    """How many of these units on duty are in each state."""
    return Counter(presence(fixes_ms.get(unit), now_ms, silent_until_ms.get(unit), stale_s=stale_s, lost_s=lost_s) for unit in units)

"""A fix, which is one position report of one device, and whether it can be believed; and when it was the place before that was wrong."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from geo.coordinates import EARTH_RADIUS_M

NULL_ISLAND_DEG = 0.001  # a receiver without a position reports 0, 0; no court lies within 110 m of it
AHEAD_MS = 5 * 60_000  # a phone's clock, corrected by the measured offset, is not wrong by more
OLD_MS = 7 * 86_400_000  # the longest time offline that a phone keeps fixes for; also catches 1970
INACCURATE_M = 500.0  # worse than this a fix names no street
TELEPORT_MPS = 200 / 3.6  # 200 km/h: faster than any vehicle of a court on a road
BY_HAND = "MANUAL"  # a place that somebody set is no measurement: what is measured next is not held against it
JUMP_M = 150.0  # a receiver that finds more satellites jumps as far at once
LOOK_BACK = 8  # so many fixes of a late batch may be wild in a row before the way is taken up again only where it was best
AGREEING, AGREEING_MS = 3, 20_000  # so many jumps in a row to where all of them agree, over so long, were none: the anchor was wrong

_DEGREE_M = math.pi / 180 * EARTH_RADIUS_M


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a unit was, by one of its devices: WGS 84 degrees, metres, seconds.

    id: made on the device, so that sending twice is the same as sending once. t_ms: time at the source since 1970 UTC, corrected by
    the measured offset of the device's clock. accuracy_m: radius. heading_deg: clockwise from north. provider: GPS, BDS, NETWORK,
    FUSED or MANUAL.
    """

    id: str
    unit_no: int
    device_no: int
    t_ms: int
    lat: float
    lon: float
    accuracy_m: float | None
    speed_mps: float | None
    heading_deg: float | None
    battery_pct: int | None
    provider: str
    mock: bool


class Refusal(StrEnum):
    """Why a fix is not believed; the value is the code whose sentence stands in the texts."""

    NOT_A_NUMBER = "fix.not_a_number"
    NOT_A_DEGREE = "fix.not_a_degree"
    NULL_ISLAND = "fix.null_island"
    MOCK = "fix.mock"
    FROM_FUTURE = "fix.from_future"
    TOO_OLD = "fix.too_old"
    INACCURATE = "fix.inaccurate"
    TELEPORT = "fix.teleport"


def believe(fix: Fix, previous: Fix | None, now_ms: int) -> Refusal | None:
    """Why this fix must not be shown; None: it can be believed.

    previous: the unit's newest believed fix. A fix not newer than it comes from a late batch: `believable_late` judges that.
    now_ms: the server's clock. Asked 10,000 times a second, so plain arithmetic only.
    """
    lat, lon, accuracy = fix.lat, fix.lon, fix.accuracy_m
    if not math.isfinite(lat + lon + (accuracy or 0.0) + (fix.speed_mps or 0.0) + (fix.heading_deg or 0.0)):
        return Refusal.NOT_A_NUMBER
    if not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0):
        return Refusal.NOT_A_DEGREE
    if -NULL_ISLAND_DEG < lat < NULL_ISLAND_DEG and -NULL_ISLAND_DEG < lon < NULL_ISLAND_DEG:
        return Refusal.NULL_ISLAND
    if fix.mock:
        return Refusal.MOCK
    if fix.t_ms > now_ms + AHEAD_MS:
        return Refusal.FROM_FUTURE
    if fix.t_ms < now_ms - OLD_MS:
        return Refusal.TOO_OLD
    if accuracy is not None and not 0.0 <= accuracy <= INACCURATE_M:  # below zero is how some phones say "no position"
        return Refusal.INACCURATE
    if previous is not None and previous.provider != BY_HAND and fix.t_ms > previous.t_ms and _teleported(fix, previous):
        return Refusal.TELEPORT
    return None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Fixes of one unit in a row that were refused as a teleport but agree with each other: the newest, since when, how many."""

    newest: Fix
    since_ms: int
    count: int = 1

    @property
    def overcome(self) -> bool:
        return self.count >= AGREEING and self.newest.t_ms - self.since_ms >= AGREEING_MS


def believe_in_turn(fix: Fix, previous: Fix | None, doubt: Doubt | None, now_ms: int) -> tuple[Refusal | None, Doubt | None]:
    """As `believe`, with what came before it: a wrong place that was believed once does not hold its unit for hours.

    Returns the refusal and the doubt to hand in with the unit's next fix (one a unit, so it stays small). Three teleports in a row over
    20 s that a vehicle could have driven among themselves: the newest is believed and becomes the unit's place; those before it stay
    refused. A believed fix ends the doubt, so two receivers of one unit that contradict each other never move it; a refusal for another
    reason says nothing about the place; a fix that is not newer than the doubted one is not counted again.
    """
    refusal = believe(fix, previous, now_ms)
    if refusal is None:
        late = previous is not None and fix.t_ms <= previous.t_ms
        return None, doubt if late else None
    if refusal is not Refusal.TELEPORT:
        return refusal, doubt
    doubt = _doubted(doubt, fix)
    return (None, None) if doubt.overcome and doubt.newest is fix else (refusal, doubt)


def believable_late(late: Sequence[Fix], anchors: Iterable[Fix] = ()) -> list[bool]:
    """Which fixes of a late batch, in its order, can be believed among themselves: the most of them that one vehicle could have passed.

    late: each passed `believe` alone. anchors: fixes of the unit that are believed already; each counts as two, so three late ones that
    agree are stronger than one wrong anchor, as in `believe_in_turn`; a place set by hand is none. What stands in the history between them
    is not looked at. Each fix is compared with the LOOK_BACK before it and with the end of the best way so far: time grows with the batch.
    """
    held = [(fix, AGREEING - 1, -1) for fix in anchors if fix.provider != BY_HAND]
    items = sorted([*((fix, 1, place) for place, fix in enumerate(late)), *held], key=lambda item: item[0].t_ms)
    weight, before = [0] * len(items), [-1] * len(items)
    end = -1
    for i, (fix, own, _) in enumerate(items):
        looked = [*range(max(0, i - LOOK_BACK), i), *([end] if 0 <= end < i - LOOK_BACK else [])]
        reached = [j for j in looked if not _teleported(fix, items[j][0])]
        before[i] = max(reached, key=lambda j: (weight[j], j), default=-1)
        weight[i] = own + (weight[before[i]] if reached else 0)
        end = i if end < 0 or weight[i] >= weight[end] else end  # of equals the newer, an anchor most of all
    believed = [False] * len(late)
    while end >= 0:
        if items[end][2] >= 0:
            believed[items[end][2]] = True
        end = before[end]
    return believed


def _doubted(doubt: Doubt | None, fix: Fix) -> Doubt:
    """With one more teleport."""
    if doubt is None:
        return Doubt(fix, fix.t_ms)
    if fix.t_ms <= doubt.newest.t_ms:
        return doubt
    if _teleported(fix, doubt.newest):
        return Doubt(fix, fix.t_ms)
    return Doubt(fix, doubt.since_ms, doubt.count + 1)


def _teleported(fix: Fix, previous: Fix) -> bool:
    """Whether no vehicle could have come from the previous fix to this one in the time between.

    At least JUMP_M is allowed however short the time, and never less for a longer time than for a shorter.
    """
    elapsed_s = (fix.t_ms - previous.t_ms) / 1000
    allowed_m = max(JUMP_M, TELEPORT_MPS * elapsed_s) + (fix.accuracy_m or 0.0) + (previous.accuracy_m or 0.0)
    north = abs(fix.lat - previous.lat)
    if north * _DEGREE_M > allowed_m:
        return True
    east = abs(fix.lon - previous.lon)
    if (north + east) * _DEGREE_M < allowed_m:  # the way round the corner is longer than the straight one: nearly every fix ends here
        return False
    half = math.radians(north / 2), math.radians(east / 2)
    chord = math.sin(half[0]) ** 2 + math.cos(math.radians(fix.lat)) * math.cos(math.radians(previous.lat)) * math.sin(half[1]) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord))) > allowed_m

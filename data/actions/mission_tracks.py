"""精简轨迹: kept with its mission when the raw positions of a day go; looked at, and taken out of the house, each with a trace."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from data.actions.allowed import allowed
from data.actions.audit import record_audit
from data.actions.keeping import found
from data.errors import NotFound
from data.events import MissionTrackKept
from data.journal import Work
from data.rules import mission_tracks, words
from data.rules.identity import Act
from data.rules.permissions import Verb
from data.tables import MissionRow, MissionTrackRow

MISSING = "not_found.mission"


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays of one unit's way. fixes: that it was thinned from. track: packed; kept: how many places are in it."""

    unit_no: int
    from_at: datetime
    to_at: datetime
    fixes: int
    kept: int
    track: bytes


def keep_mission_tracks(work: Work, mission_id: str, source: str, tracks: Sequence[Kept]) -> int:
    """All of one mission out of one sealed day file. source: its seal. Returns how many were not there before."""
    allowed(work, Verb.KEEP_POSITIONS)
    found(work, MissionRow, mission_id, MISSING)
    count = 0
    for each in tracks:
        if work.session.get(MissionTrackRow, (mission_id, each.unit_no, words.ulid(source))) is not None:
            continue
        sha256 = hashlib.sha256(each.track).hexdigest()
        work.session.add(
            MissionTrackRow(
                mission_id=mission_id,
                unit_no=each.unit_no,
                source=source,
                from_at=each.from_at,
                to_at=each.to_at,
                fixes=each.fixes,
                kept=each.kept,
                track=each.track,
                sha256=sha256,
                made_at=work.now,
            )
        )
        work.record(
            MissionTrackKept(
                mission_id=mission_id, unit_no=each.unit_no, archive_id=source, fixes=each.fixes, kept=each.kept, sha256=sha256
            )
        )
        count += 1
    return count


def read_mission_track(work: Work, mission_id: str, unit_nos: Sequence[int], reason: str, taken_out: bool = False) -> None:
    """Leave a trace for each of the units, so that each officer can see it; call this before the track is read.

    unit_nos: who was on it. taken_out: as a file. Raises NotFound not_found.mission, BadInput text.*.
    """
    allowed(work, Verb.SEE_TRACK)
    if not (mission_id.isascii() and mission_id.isprintable() and len(mission_id) <= 40):
        raise NotFound("id", code=MISSING)
    mission = found(work, MissionRow, mission_id, MISSING)
    reason = words.word(reason, "reason", 200)
    span = mission_tracks.span(mission.departed_at, mission.arrived_at, mission.ended_at, work.now)
    fields = [f"mission:{mission_id}"] + ([f"{span.from_at:%Y-%m-%dT%H:%MZ}/{span.to_at:%Y-%m-%dT%H:%MZ}"] if span else [])
    for unit_no in unit_nos:
        record_audit(work, Act.READ_TRACK, "unit", str(unit_no), fields=fields, reason=reason)
    if taken_out:
        record_audit(work, Act.EXPORT, "mission_track", mission_id, reason=reason)

"""Where a unit was, of any day that is kept: from the open day files and from the archive, as one track; and thinned, of a mission."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from data.engines import Database
from data.errors import ArchiveChanged
from data.queries.archives import ArchivedDay, archived_days
from data.queries.mission_tracks import KeptTrack, Trip, kept_tracks
from geo.fixes import Fix
from geo.kept_tracks import Moment, NotATrack, unpacked
from streaming.archive import Archive
from streaming.history import History, once_each


@dataclass(frozen=True, slots=True)
class UnitTrack:
    """One unit's way on a mission. thinned: at least a part of it is what was kept, not every fix."""

    unit_no: int
    moments: list[Moment]
    thinned: bool


class PastTracks:
    """Reads both. Leave the trace of the look before: `data.actions.tracks.read_track`."""

    def __init__(self, history: History, archive: Archive, database: Database) -> None:
        self._history, self._archive, self._database = history, archive, database

    def track(self, unit_no: int, from_ms: int, to_ms: int) -> list[Fix]:
        """The unit's fixes in order of time at the source, both ends included. Raises ArchiveChanged: a day is not what it was.

        The day files are read first: a day that is archived meanwhile is then found in both, never in neither.
        """
        fixes, seals = self._history.track_and_seals(unit_no, from_ms, to_ms)
        archived = [each for each in self._archived(from_ms, to_ms) if each.id not in seals]
        for day in archived:
            try:
                fixes += self._archive.track(day.id, day.day, day.sha256, unit_no, from_ms, to_ms)
            except ArchiveChanged:
                if day in self._archived(from_ms, to_ms):
                    raise
                # purged since it was listed
        return once_each(fixes) if archived else fixes

    def of_mission(self, trip: Trip) -> list[UnitTrack]:
        """Every unit that was heard: every fix as long as it is there, what was kept of it afterwards. Raises ArchiveChanged.

        What is raw is read first: a day that goes meanwhile has left its thinned piece before.
        """
        from_ms, to_ms = trip.span.ms
        raw = {unit_no: self.track(unit_no, from_ms, to_ms) for unit_no in trip.unit_nos}
        with self._database.reading() as session:
            pieces = kept_tracks(session, trip.mission_id)
        found = [_joined(unit_no, raw.get(unit_no, []), pieces) for unit_no in sorted(raw.keys() | {each.unit_no for each in pieces})]
        return [each for each in found if each.moments]

    def _archived(self, from_ms: int, to_ms: int) -> list[ArchivedDay]:
        with self._database.reading() as session:
            return archived_days(session, _day(from_ms), _day(to_ms))


def _joined(unit_no: int, fixes: Sequence[Fix], pieces: Sequence[KeptTrack]) -> UnitTrack:
    """A kept piece counts only where no fix of its time is there any more."""
    times = {fix.t_ms for fix in fixes}
    moments = [Moment(fix.t_ms, fix.lat, fix.lon) for fix in fixes]
    thinned = False
    for piece in pieces:
        if piece.unit_no != unit_no:
            continue
        kept = _read(piece)
        if not times & {each.t_ms for each in kept}:
            moments, thinned = moments + kept, True
    return UnitTrack(unit_no, sorted(moments, key=lambda each: each.t_ms), thinned)


def _read(piece: KeptTrack) -> list[Moment]:
    try:
        return unpacked(piece.track)
    except NotATrack as error:
        raise ArchiveChanged(f"track of unit {piece.unit_no}", code="track.changed", day=f"{piece.from_at:%Y-%m-%d}") from error


def _day(t_ms: int) -> date:
    return datetime.fromtimestamp(t_ms / 1000, UTC).date()

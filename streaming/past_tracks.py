"""Where a unit was, of any day that is kept: from the open day files and from the archive, as one track."""

from datetime import UTC, date, datetime

from data.engines import Database
from data.errors import ArchiveChanged
from data.queries.archives import ArchivedDay, archived_days
from geo.fixes import Fix
from streaming.archive import Archive
from streaming.history import History, once_each


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

    def _archived(self, from_ms: int, to_ms: int) -> list[ArchivedDay]:
        with self._database.reading() as session:
            return archived_days(session, _day(from_ms), _day(to_ms))


def _day(t_ms: int) -> date:
    return datetime.fromtimestamp(t_ms / 1000, UTC).date()

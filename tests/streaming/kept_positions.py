"""One court's positions for tests: the day files, the archive, and who takes them from one to the other."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from data.engines import Database
from data.tables import EntryRow, PositionArchiveRow
from geo.fixes import Fix
from streaming.archive import Archive
from streaming.archiving import Archiving
from streaming.history import History
from streaming.past_tracks import PastTracks
from tests.data.small_court import SmallCourt

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
T = int((NOON - 10 * DAY).timestamp() * 1000)  # ten days before: its open days are over
NAME = "20261113"


def fix(number: int, t_ms: int = T) -> Fix:
    return Fix(f"id{number}", 1001, 1, t_ms + number * 1000, 40.0 + number / 1e4, 101.8, 8.0, None, None, 70, "GPS", False)


class Place:
    """Everything by name. now: when the court is founded."""

    def __init__(self, database: Database, folder: Path, now: datetime = NOON) -> None:
        self.court = SmallCourt(database, now)
        self.history, self.folder = History(folder / "positions"), folder / "archive"
        self.past = PastTracks(self.history, Archive(self.folder), database)

    def archiving(self, history_days: int = 8, archive_days: int = 30) -> Archiving:
        return Archiving(self.history, self.folder, self.court.journal, lambda: self.court.now, lambda: (history_days, archive_days))

    def keep(self, *fixes: Fix) -> None:
        self.history.keep(fixes, T).result(30)

    def ids(self) -> list[str]:
        return [each.id for each in self.past.track(1001, T - 86_400_000, T + 86_400_000)]

    def told(self, prefix: str = "positions.") -> list[str]:
        with self.court.database.reading() as session:
            kinds = session.scalars(select(EntryRow.kind).order_by(EntryRow.seq)).all()
        return [kind for kind in kinds if kind.startswith(prefix)]

    def day_files(self) -> list[str]:
        return self.history.outdated(0, self.court.now.date() + 400 * DAY)

    def archived(self) -> list[str]:
        return sorted(path.name[10:18] for path in self.folder.iterdir())

    def row(self) -> PositionArchiveRow:
        with self.court.database.reading() as session:
            return session.scalars(select(PositionArchiveRow)).one()

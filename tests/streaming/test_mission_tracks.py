"""精简轨迹: the raw day goes, the mission's way stays with the mission; killed at any instant it is there once."""

import dataclasses
import os
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from dashboard.commands.keeping import verify
from data.actions.archives import hold_positions
from data.actions.mission_tracks import read_mission_track
from data.engines import Database
from data.errors import ArchiveChanged, BadInput, NotFound, NotPermitted
from data.queries.audit import who_saw
from data.queries.mission_tracks import Trip, first_forged_track, trip_of
from data.queries.wall import sight_of
from data.rules.identity import Act
from data.rules.missions import MissionStep
from data.rules.permissions import Actor
from data.settings import Settings
from data.tables import AuditRow, EntryRow, MissionRow, MissionTrackRow
from geo.fixes import Fix
from streaming.past_tracks import UnitTrack
from tests.streaming.kept_positions import DAY, NOON, Place, T, fix

MINUTE = 60_000


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Iterator[Place]:
    """Ten days ago team 三组 (1001, 1002, the car 2001) left at noon, arrived after ten minutes, came back after half an hour."""
    place = Place(database, tmp_path, NOON - 10 * DAY)
    place.court.file_case()
    place.court.assign()
    place.court.move(MissionStep.DEPARTED)
    place.court.later(600)
    place.court.move(MissionStep.ARRIVED)
    place.court.later(1200)
    place.court.move(MissionStep.FINISHED)
    place.keep(*(way(1001, second) for second in range(-300, 2400)))
    place.keep(*(way(2001, second) for second in range(0, 1800, 5)))
    place.keep(*(way(1003, second) for second in range(600)))  # of another team
    place.court.now = NOON
    yield place
    place.history.close()


def way(unit_no: int, second: int) -> Fix:
    """Northwards by a metre a second, and trembling."""
    made = fix(second, T)
    return dataclasses.replace(
        made, id=f"{unit_no}.{second}", unit_no=unit_no, device_no=unit_no, lat=40.0 + second * 9e-6, lon=101.8 + (second % 3) * 2e-5
    )


def trip(place: Place, actor: Actor | None = None, mission_id: str = "M1") -> Trip:
    actor = actor or place.court.duty
    with place.court.database.reading() as session:
        return trip_of(session, sight_of(actor, court_code="岭0108"), actor, mission_id, place.court.now)


def tracks(place: Place) -> dict[int, UnitTrack]:
    return {each.unit_no: each for each in place.past.of_mission(trip(place))}


def count(place: Place) -> int:
    with place.court.database.reading() as session:
        return session.scalar(select(func.count()).select_from(MissionTrackRow)) or 0


def gone(place: Place, archive_days: int = 0) -> None:
    """The raw day is no more."""
    place.archiving(8, archive_days).once()
    place.court.now = NOON + 40 * DAY
    place.archiving(8, archive_days).once()
    assert place.day_files() == []
    assert list(place.folder.glob("*.parquet")) == []


def test_as_long_as_the_raw_day_is_there_every_fix_is_shown_and_only_of_the_mission(place: Place) -> None:
    found = tracks(place)
    assert set(found) == {1001, 2001}  # 1002 was never heard, 1003 was not on it
    assert [each.t_ms for each in found[1001].moments] == [T + second * 1000 for second in range(1801)]
    assert not found[1001].thinned
    place.archiving().once()
    assert count(place) == 2
    assert tracks(place) == found  # from the archive, still every fix


@pytest.mark.parametrize("archive_days", [30, 0])
def test_what_stays_is_the_same_way_with_a_twentieth_of_the_fixes_and_its_digest_in_the_journal(place: Place, archive_days: int) -> None:
    gone(place, archive_days)
    found = tracks(place)
    assert {no: each.thinned for no, each in found.items()} == {1001: True, 2001: True}
    kept = found[1001].moments
    assert (kept[0].t_ms, kept[-1].t_ms) == (T, T + 30 * MINUTE)
    assert len(kept) < 1801 / 20
    assert all(abs(each.lat - (40.0 + (each.t_ms - T) / 1000 * 9e-6)) < 1e-6 for each in kept)
    with place.court.database.reading() as session:
        row = session.get(MissionTrackRow, ("M1", 1001, session.scalars(select(MissionTrackRow.source)).first()))
        said = session.scalars(select(EntryRow.payload).where(EntryRow.kind == "mission.track_kept")).all()
        assert row is not None
        ours = {"mission_id": "M1", "unit_no": 1001, "archive_id": row.source, "fixes": 1801, "kept": len(kept), "sha256": row.sha256}
        assert (len(said), ours in said) == (2, True)
        assert first_forged_track(session) is None
    assert place.court.journal.verify() is None
    place.archiving().once()
    assert count(place) == 2


def test_a_day_archived_before_tracks_were_kept_leaves_them_when_it_is_purged(place: Place) -> None:
    place.archiving().once()
    with place.court.journal.work(place.court.duty, place.court.now) as work:
        work.session.execute(delete(MissionTrackRow))
    gone(place, 30)
    assert len(tracks(place)[1001].moments) > 20


def test_a_forgotten_button_keeps_a_day_and_a_half_and_no_more(place: Place) -> None:
    place.court.now = NOON - 6 * DAY
    place.court.assign("M2", vehicle=None)
    place.court.move(MissionStep.DEPARTED, "M2")
    begun = T + 4 * 86_400_000
    place.keep(*(dataclasses.replace(way(1001, 0), id=f"long{hour}", t_ms=begun + hour * 3_600_000) for hour in range(100)))
    place.court.now = NOON + 10 * DAY
    place.archiving(8, 0).once()
    with place.court.database.reading() as session:
        mine = select(MissionTrackRow).where(MissionTrackRow.mission_id == "M2").order_by(MissionTrackRow.from_at)
        assert sum(row.kept for row in session.scalars(mine)) == 37
        assert session.scalar(select(func.max(MissionTrackRow.to_at))) == NOON - 6 * DAY + timedelta(hours=36)


def test_it_goes_with_the_mission_and_a_hold_on_the_mission_keeps_both(place: Place) -> None:
    hold = place.court.do(place.court.duty, hold_positions, "mission", "M1", date(2026, 11, 13), date(2026, 11, 13), "信访件 12 号")
    gone_with = delete(MissionRow).where(MissionRow.id == "M1")
    place.archiving(8, 0).once()
    assert place.day_files() == ["20261113"]
    with pytest.raises(IntegrityError), place.court.database.writes.begin() as connection:  # the hold points at it
        connection.execute(gone_with)
    assert count(place) == 2
    with place.court.database.writes.begin() as connection:
        connection.exec_driver_sql(f"DELETE FROM position_hold WHERE id = '{hold}'")
        connection.execute(gone_with)
    assert count(place) == 0


def test_a_look_needs_a_reason_and_each_officer_can_see_it(place: Place) -> None:
    court, numbers = place.court, trip(place).unit_nos
    assert numbers == (1001, 1002, 2001)
    for nobody in (court.phone, court.technical):
        with pytest.raises(NotPermitted):
            court.do(nobody, read_mission_track, "M1", numbers, "复核")
        with pytest.raises(NotPermitted):
            trip(place, nobody)
    for reason in ("", " "):
        with pytest.raises(BadInput):
            court.do(court.duty, read_mission_track, "M1", numbers, reason)
    for mission_id in ("M9", "M\u00001", "x" * 41):
        with pytest.raises(NotFound):
            court.do(court.duty, read_mission_track, mission_id, (), "复核")
        with pytest.raises(NotFound):
            trip(place, court.duty, mission_id)
    court.do(court.inspector, read_mission_track, "M1", numbers, "复核", True)
    with court.database.reading() as session:
        assert [seen.role for seen in who_saw(session, unit_no=1002)] == ["inspector"]
        taken = session.scalars(select(AuditRow).where(AuditRow.act == Act.EXPORT)).one()
    assert (taken.object_kind, taken.object_id, taken.reason) == ("mission_track", "M1", "复核")


def test_a_track_that_was_changed_is_refused_and_named(place: Place) -> None:
    gone(place)
    with place.court.database.writes.begin() as connection:
        connection.execute(update(MissionTrackRow).where(MissionTrackRow.unit_no == 1001).values(track=b"ECT1"))
    with pytest.raises(ArchiveChanged) as refused:
        tracks(place)
    assert refused.value.code == "track.changed"
    with place.court.database.reading() as session:
        assert first_forged_track(session) == "M1"


def test_the_command_that_verifies_the_journal_names_a_forged_track(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone(place)
    settings = Settings.of(home=tmp_path / "home", database_url=place.court.database.url, court_code="岭0108")
    settings.make_folders()
    assert verify(settings, Namespace()) == 0
    with place.court.database.writes.begin() as connection:
        connection.execute(update(MissionTrackRow).where(MissionTrackRow.unit_no == 1001).values(track=b"ECT1"))
    assert verify(settings, Namespace()) == 1
    assert "M1" in capsys.readouterr().out


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from cryptography.fernet import Fernet
from data.engines import open_database
from data.journal import Journal
from data.sealing import Sealing
from streaming import archiving
from streaming.history import History

url, folder, now, where = sys.argv[1:]
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
journal = Journal(open_database(url), Sealing(Fernet.generate_key()), "岭0108", lambda _: None)
once = journal.do

def do(actor, at, action, *words):
    if where == f"before {action.__name__}":
        die()
    done = once(actor, at, action, *words)
    if where == f"after {action.__name__}":
        die()
    return done

journal.do = do
if where == "inside keep_mission_tracks":
    kept = archiving.keep_mission_tracks
    archiving.keep_mission_tracks = lambda *words: (kept(*words), die())  # row and event are written, not committed
now = datetime.fromisoformat(now)
archiving.Archiving(History(Path(folder) / "positions"), Path(folder) / "archive", journal, lambda: now, lambda: (8, 0)).once()
"""


@pytest.mark.postgres_long
@pytest.mark.parametrize(
    "where",
    [
        *("inside keep_mission_tracks", "after keep_mission_tracks"),
        *(pytest.param(each, marks=pytest.mark.long) for each in ("before keep_mission_tracks", "after begin_removal")),
    ],
)
def test_killed_in_between_the_next_start_has_each_track_once(place: Place, tmp_path: Path, where: str) -> None:
    words = [place.court.database.url, str(tmp_path), place.court.now.isoformat(), where]
    ended = subprocess.run([sys.executable, "-c", KILLED, *words], timeout=100, check=False, env=os.environ | {"PYTHONPATH": "."})
    assert ended.returncode == -signal.SIGKILL
    assert count(place) == (0 if where.startswith(("before", "inside")) else 2)
    gone(place)
    assert {no: len(each.moments) > 20 for no, each in tracks(place).items()} == {1001: True, 2001: True}
    with place.court.database.reading() as session:
        assert session.scalar(select(func.count()).where(EntryRow.kind == "mission.track_kept")) == 2
    assert place.court.journal.verify() is None

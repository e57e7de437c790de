"""A day of positions goes to the archive and in the end away: killed at any instant it is read once, never twice, never not at all."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from data.actions.archives import begin_archiving, hold_positions, lift_position_hold, stop_archiving
from data.engines import Database
from data.errors import ArchiveChanged, BadInput, NotFound, NotPermitted
from data.events import EVENTS
from data.queries.archives import archives_
from data.rules.identity import Act
from data.rules.permissions import SYSTEM
from data.tables import AuditRow, EntryRow
from streaming.history import History
from tests.streaming.kept_positions import DAY, NAME, Place, T, fix

pytestmark = pytest.mark.postgres_long  # of the database nothing but rows is asked here


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Iterator[Place]:
    place = Place(database, tmp_path)
    place.keep(*(fix(number) for number in range(20)))
    yield place
    place.history.close()


WHOLE = [f"id{number}" for number in range(20)]


def test_a_day_is_archived_with_its_digest_in_the_journal_and_its_track_is_the_same(place: Place) -> None:
    before = place.past.track(1001, T, T + 60_000)
    young = fix(99, int((place.court.now - 2 * DAY).timestamp() * 1000))
    place.keep(young)
    place.archiving().once()
    assert place.archived() == [NAME]
    assert place.day_files() == ["20261121"]  # still open: its phones may bring more
    assert place.past.track(1001, T, T + 60_000) == before
    assert place.past.track(1001, T + 5_000, young.t_ms)[-1].id == "id99"
    assert place.told() == ["positions.archived"]
    with place.court.database.reading() as session:
        payload = session.scalars(select(EntryRow.payload).where(EntryRow.kind == "positions.archived")).one()
    (file,) = place.folder.iterdir()
    counts = {"day": "2026-11-13", "fixes": 20, "units": 1, "size": file.stat().st_size}
    assert payload == counts | {"archive_id": file.stem[-26:], "sha256": place.row().sha256}
    assert place.court.journal.verify() is None
    place.archiving().once()
    assert place.told() == ["positions.archived"]


def test_when_its_time_is_over_the_archive_goes_with_counts_and_digest(place: Place) -> None:
    place.archiving().once()
    place.court.later(20 * 86_400)
    place.archiving().once()
    assert place.ids() == WHOLE  # thirty days, and today
    place.court.later(2 * 86_400)
    place.archiving().once()
    assert (place.ids(), place.archived(), place.told()) == ([], [], ["positions.archived", "positions.purged"])
    with place.court.database.reading() as session:
        payload = session.scalars(select(EntryRow.payload).where(EntryRow.kind == "positions.purged")).one()
        audit = session.execute(select(AuditRow.object_kind, AuditRow.fields).where(AuditRow.act == Act.PURGE)).all()
    assert (payload["fixes"], payload["sha256"]) == (20, place.row().sha256)
    assert [tuple(each) for each in audit] == [("position_archive", ["fixes:20"])]


@pytest.mark.parametrize("days", [(8, 0), (8, 8), (5, 3)])
def test_without_an_archive_a_day_is_removed_with_its_count(place: Place, days: tuple[int, int]) -> None:
    place.archiving(*days).once()
    assert (place.ids(), place.archived(), place.told()) == ([], [], ["positions.purged"])
    with place.court.database.reading() as session:
        assert session.scalars(select(EntryRow.payload).where(EntryRow.kind == "positions.purged")).one()["fixes"] == 20


@pytest.mark.parametrize("days", [(8, 30), (8, 0)])
def test_a_hold_keeps_the_day_from_purging_and_from_deletion_until_it_is_lifted(place: Place, days: tuple[int, int]) -> None:
    hold = place.court.do(place.court.duty, hold_positions, "unit", "1001", date(2026, 11, 13), date(2026, 11, 13), "信访件 12 号")
    place.archiving(*days).once()
    place.court.later(40 * 86_400)
    place.archiving(*days).once()
    assert place.ids() == WHOLE
    assert "positions.purged" not in place.told()
    with pytest.raises(NotPermitted):  # nobody lifts his own
        place.court.do(place.court.duty, lift_position_hold, hold, "已答复")
    assert place.court.do(place.court.commander, lift_position_hold, hold, "已答复")
    place.archiving(*days).once()
    assert place.ids() == []
    with place.court.database.reading() as session:
        held = session.execute(select(AuditRow.reason, AuditRow.fields).where(AuditRow.act == Act.HOLD).order_by(AuditRow.at)).all()
    assert [tuple(each) for each in held] == [
        ("信访件 12 号", ["2026-11-13/2026-11-13", "unit:1001"]), ("已答复", ["lifted"])
    ]  # fmt: skip


def test_a_hold_is_for_something_that_exists_by_somebody_who_may(place: Place) -> None:
    court, on = place.court, (date(2026, 11, 13), date(2026, 11, 14))
    court.file_case()
    court.assign()
    with court.database.reading() as session:
        case = session.scalars(select(EntryRow.subject_id).where(EntryRow.kind == "case.filed")).one()
    for kind, key in (("mission", "M1"), ("case", case), ("unit", "2001")):
        assert court.do(court.duty, hold_positions, kind, key, *on, "信访")
    for kind, key in (("mission", "M9"), ("case", "x\u0000"), ("unit", "1001 "), ("unit", "9" * 30)):
        with pytest.raises(NotFound):
            court.do(court.duty, hold_positions, kind, key, *on, "信访")
    for kind, days, reason in (("officer", on, "信访"), ("unit", on[::-1], "信访"), ("unit", on, " ")):
        with pytest.raises(BadInput):
            court.do(court.duty, hold_positions, kind, "1001", *days, reason)
    for nobody in (court.technical, court.phone):
        with pytest.raises(NotPermitted):
            court.do(nobody, hold_positions, "unit", "1001", *on, "信访")
    place.archiving().once()
    with court.database.reading() as session:
        (day,), holds = archives_(session, court.sights()["desk"], court.duty, 28_800)
    assert (day.held, day.fixes) == (True, 20)
    assert {(each.unit_no, each.mission_id, each.case_id) for each in holds} == {(2001, None, None), (None, None, case), (None, "M1", None)}


def test_a_file_that_was_changed_is_refused_and_another_day_is_still_shown(place: Place) -> None:
    other = [fix(number, T + 86_400_000) for number in range(3)]
    place.keep(*other)
    place.archiving().once()
    changed = min(place.folder.iterdir())
    changed.chmod(0o600)
    changed.write_bytes(changed.read_bytes()[:-1] + b"0")
    with pytest.raises(ArchiveChanged):
        place.past.track(1001, T, T + 60_000)
    assert place.past.track(1001, T + 86_400_000, T + 90_000_000) == other


# --- what goes wrong --------------------------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, subprocess, sys
from datetime import datetime
from pathlib import Path
from cryptography.fernet import Fernet
from data.engines import open_database
from data.journal import Journal
from data.sealing import Sealing
from streaming import archiving
from streaming.history import History

url, folder, now, where, archive_days = sys.argv[1:]
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
journal = Journal(open_database(url), Sealing(Fernet.generate_key()), "岭0108", lambda _: None)
once, actions = journal.do, []

def do(actor, at, action, *words):  # the process dies before the nth action, or after it has committed
    if where == f"before {action.__name__}":
        die()
    done = once(actor, at, action, *words)
    if where == f"after {action.__name__}":
        die()
    return done

journal.do = do
history = History(Path(folder) / "positions")
if where == "sealed":
    seal = history.seal
    history.seal = lambda name: (seal(name), die())
if where == "a day file half removed":
    unlink = Path.unlink
    Path.unlink = lambda path, **more: (unlink(path, **more), die() if path.name.endswith("-wal") else None)
archiving.Archiving(history, Path(folder) / "archive", journal, lambda: datetime.fromisoformat(now), lambda: (8, int(archive_days))).once()
"""


def dies(place: Place, folder: Path, where: str, archive_days: int = 30) -> None:
    url = place.court.database.url
    words = [url, str(folder), place.court.now.isoformat(), where, str(archive_days)]
    ended = subprocess.run([sys.executable, "-c", KILLED, *words], timeout=100, check=False, env=os.environ | {"PYTHONPATH": "."})
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    "where",
    [
        *(pytest.param(each, marks=pytest.mark.long) for each in ("sealed", "before begin_archiving", "after begin_archiving")),
        *("before keep_archive", "after keep_archive", "a day file half removed"),
    ],
)
def test_killed_while_archiving_the_next_start_has_each_fix_once(place: Place, tmp_path: Path, where: str) -> None:
    dies(place, tmp_path, where)
    assert place.ids() == WHOLE
    place.keep(fix(50))  # one comes late, meanwhile
    assert place.ids() == [*WHOLE, "id50"]
    place.archiving().once()
    assert place.ids() == [*WHOLE, "id50"]
    assert (place.day_files(), place.archived()) == ([], [NAME, NAME])
    assert place.told() == ["positions.archived"] * 2
    assert place.court.journal.verify() is None


@pytest.mark.parametrize("where", ["before purge_archive", "after purge_archive"])
def test_killed_while_purging_it_is_gone_once(place: Place, tmp_path: Path, where: str) -> None:
    place.archiving().once()
    place.court.later(30 * 86_400)
    dies(place, tmp_path, where)
    assert place.ids() == (WHOLE if where.startswith("before") else [])
    place.archiving().once()
    assert (place.ids(), place.archived(), place.told()) == ([], [], ["positions.archived", "positions.purged"])


@pytest.mark.parametrize("where", ["before begin_removal", "after begin_removal", "a day file half removed"])
def test_killed_while_removing_the_audit_has_the_attempt_and_the_day_goes_once(place: Place, tmp_path: Path, where: str) -> None:
    dies(place, tmp_path, where, archive_days=0)
    assert place.told() == []
    place.archiving(8, 0).once()
    assert (place.ids(), place.day_files(), place.told()) == ([], [], ["positions.purged"])
    with place.court.database.reading() as session:
        found = sorted(session.scalars(select(AuditRow.result).where(AuditRow.act == Act.PURGE)))
    assert found == [*["begun"][: not where.startswith("before")], "begun", "done"]


def test_a_day_that_is_still_written_goes_on_in_a_file_of_its_own_and_is_archived_the_next_time(place: Place) -> None:
    writer = History(place.history._folder)  # of the web process: it has the day open
    writer.keep([fix(30)], T).result(30)
    place.archiving().once()
    assert writer.keep([fix(31), fix(32)], T).result(30) == frozenset()
    expected = [*WHOLE, "id30", "id31", "id32"]
    assert (place.ids(), place.day_files()) == (expected, [NAME])
    place.archiving().once()
    assert (place.ids(), place.day_files(), place.archived()) == (expected, [], [NAME, NAME])
    writer.close()


def test_a_clock_that_was_ahead_and_is_set_back_costs_no_fix(place: Place) -> None:
    today = int(place.court.now.timestamp() * 1000)
    place.keep(fix(1, today))
    right = place.court.now
    place.court.later(20 * 86_400)  # wrong
    place.archiving().once()
    assert place.day_files() == []
    place.court.now = right
    place.keep(fix(2, today))
    place.archiving().once()
    assert place.day_files() == ["20261123"]
    assert [each.id for each in place.past.track(1001, today, today + 9_000)] == ["id1", "id2"]


def test_what_could_not_be_written_stays_where_it_is_and_goes_the_next_time(place: Place) -> None:
    place.folder.mkdir()
    stands_in = place.folder / f"positions-{NAME}-{place.history.seal(NAME)}.parquet"
    stands_in.mkdir()  # whatever may hinder the rename
    place.archiving().once()
    assert (place.ids(), place.day_files(), place.row().state, place.row().why) == (WHOLE, [NAME], "FAILED", "archive.failed")
    stands_in.rmdir()
    place.archiving().once()
    assert (place.ids(), place.day_files(), place.row().state) == (WHOLE, [], "KEPT")
    assert place.told() == ["positions.archiving_ended", "positions.archived"]


def test_what_somebody_stopped_waits_until_tomorrow(place: Place) -> None:
    court = place.court
    seal = place.history.seal(NAME)
    court.do(SYSTEM, begin_archiving, seal, date(2026, 11, 13))
    assert court.do(court.technical, stop_archiving, seal)
    place.archiving().once()
    assert (place.day_files(), place.archived()) == ([NAME], [])
    court.later(86_400)
    place.archiving().once()
    assert (place.ids(), place.day_files()) == (WHOLE, [])


def test_events_carry_numbers_and_ids_only() -> None:
    ours = {kind: set(event.__annotations__) for kind, event in EVENTS.items() if kind.startswith("positions.")}
    assert len(ours) == 5
    assert set().union(*ours.values()) == {
        "archive_id", "day", "fixes", "units", "size", "sha256", "why", "position_hold_id", "from_day", "to_day"
    }  # fmt: skip

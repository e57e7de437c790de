"""The journal on both databases: nothing lost, nothing doubled, in order, chained, announced only after the commit."""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, text, update

from data.engines import Database, open_database
from data.errors import DatabaseUnavailable, RuleBroken, StorageFull
from data.events import FenceDrawn
from data.journal import JOURNAL, Announcement, Journal, Work, entries_after, head
from data.rules.permissions import SYSTEM
from data.sealing import Sealing
from data.tables import CounterRow, EntryRow
from tests.conftest import Clock

KEY = b"x" * 43 + b"="
ROOT = Path(__file__).resolve().parents[2]


def journal_on(database: Database, announced: list[Announcement] | None = None) -> Journal:
    return Journal(database, Sealing(KEY), "岭0108", (announced if announced is not None else []).extend)


def count_up(work: Work, name: str, events: int = 1) -> int:
    """Read, add one, write: the update that a careless transaction loses."""
    row = work.session.get(CounterRow, name, with_for_update=True)
    if row is None:
        row = CounterRow(name=name, last=0, digest="")
        work.session.add(row)
    row.last += 1
    for _ in range(events):
        work.record(FenceDrawn(fence_id=name))
    return row.last


@pytest.fixture
def journal(database: Database, clock: Clock) -> Journal:
    made = journal_on(database)
    made.do(SYSTEM, clock.now(), count_up, "tally")
    return made


def threads(number: int, work: partial[None]) -> list[threading.Thread]:
    started = [threading.Thread(target=work, args=(place,)) for place in range(number)]
    for thread in started:
        thread.start()
    return started


@pytest.mark.parametrize("times", [15, pytest.param(100, marks=pytest.mark.long)])
def test_of_concurrent_updates_none_is_lost(database: Database, journal: Journal, clock: Clock, times: int) -> None:
    def count(writer: Journal, _: int) -> None:
        done = 0
        while done < times:
            try:
                writer.do(SYSTEM, clock.now(), count_up, "tally")
                done += 1
            except DatabaseUnavailable:  # so long were the others before it, on a busy machine: told so, every client tries again
                continue

    others = [journal_on(open_database(database.url)) for _ in range(3)]  # as other processes have it: engines of their own
    running = [thread for writer in (journal, *others) for thread in threads(2, partial(count, writer))]
    for thread in running:
        thread.join()
    with database.reading() as session:
        assert session.get_one(CounterRow, "tally").last == 8 * times + 1
        assert session.scalar(select(func.count()).select_from(EntryRow)) == 8 * times + 1
        assert head(session) == 8 * times + 1
    assert journal.verify() is None
    for other in others:
        other.database.close()


def test_who_is_overtaken_by_another_process_goes_once_more(database: Database, journal: Journal, clock: Clock) -> None:
    """A phone tries again at the other of two web processes while the first one still writes: the second finds what the first has kept."""
    others = [journal_on(open_database(database.url)) for _ in range(2)]
    both_have_looked = threading.Barrier(2)
    answered: list[str] = []

    def press(work: Work, name: str) -> str:
        if work.session.get(CounterRow, name) is not None:
            return "known"
        with suppress(threading.BrokenBarrierError):  # SQLite lets the second one look when the first has committed
            both_have_looked.wait(0.5)
        work.session.add(CounterRow(name=name, last=1, digest=""))
        work.session.flush()
        work.record(FenceDrawn(fence_id=name))
        return "new"

    running = threads(2, partial(lambda place: answered.append(others[place].do(SYSTEM, clock.now(), press, "call"))))
    for thread in running:
        thread.join()
    assert sorted(answered) == ["known", "new"]
    assert journal.verify() is None
    for other in others:
        other.database.close()


def test_two_that_wait_for_each_other_both_get_their_turn(database: Database, journal: Journal, clock: Clock) -> None:
    others = [journal_on(open_database(database.url)) for _ in range(2)]
    for name in ("a", "b"):
        journal.do(SYSTEM, clock.now(), count_up, name)
    both_hold_one = threading.Barrier(2)

    def count_both(work: Work, first: str, second: str) -> None:
        count_up(work, first)
        work.session.flush()
        with suppress(threading.BrokenBarrierError):
            both_hold_one.wait(0.5)
        count_up(work, second)

    running = threads(2, partial(lambda place: others[place].do(SYSTEM, clock.now(), count_both, *("ab" if place else "ba"))))
    for thread in running:
        thread.join()
    with database.reading() as session:
        assert [session.get_one(CounterRow, name).last for name in "ab"] == [3, 3]
    assert journal.verify() is None
    for other in others:
        other.database.close()


def test_a_reader_that_polls_misses_no_entry_of_several_writers(database: Database, journal: Journal, clock: Clock) -> None:
    done = threading.Event()
    seen: list[int] = []

    def poll() -> None:
        last = 0
        while True:
            ended = done.is_set()
            with database.reading() as session:
                fresh = [entry.seq for entry in entries_after(session, last)]
            seen.extend(fresh)
            last = fresh[-1] if fresh else last
            if ended and not fresh:
                return

    def write(_: int) -> None:
        for round_ in range(30):
            journal.do(SYSTEM, clock.now(), count_up, f"own {threading.get_ident()}", events=1 + round_ % 3)

    reader = threading.Thread(target=poll)
    reader.start()
    for thread in threads(4, partial(write)):
        thread.join()
    done.set()
    reader.join()
    with database.reading() as session:
        assert seen == list(range(1, head(session) + 1))


def test_the_first_two_writers_of_an_empty_database_get_one_and_two(database: Database, clock: Clock) -> None:
    writers = [journal_on(database), journal_on(database)]
    gate = threading.Barrier(2)

    def write(place: int) -> None:
        gate.wait()
        writers[place].do(SYSTEM, clock.now(), count_up, f"own {place}")

    for thread in threads(2, partial(write)):
        thread.join()
    assert writers[0].verify() is None
    with database.reading() as session:
        assert head(session) == 2


def test_an_action_that_raises_leaves_neither_row_nor_event_nor_word(database: Database, clock: Clock) -> None:
    announced: list[Announcement] = []
    journal = journal_on(database, announced)

    def fail(work: Work) -> None:
        count_up(work, "tally")
        work.session.flush()
        raise RuleBroken("no")

    with pytest.raises(RuleBroken):
        journal.do(SYSTEM, clock.now(), fail)
    with database.reading() as session:
        assert session.get(CounterRow, "tally") is None
        assert head(session) == 0
    assert announced == []


def test_a_rehearsal_leaves_neither_row_nor_event_nor_word(database: Database, clock: Clock) -> None:
    announced: list[Announcement] = []
    journal = journal_on(database, announced)
    journal.rehearse(SYSTEM, clock.now(), count_up, "tally")
    with database.reading() as session:
        assert session.get(CounterRow, "tally") is None
        assert head(session) == 0
    assert announced == []
    assert journal.do(SYSTEM, clock.now(), count_up, "tally") == 1
    assert [said.seq for said in announced] == [1]
    assert journal.verify() is None


def test_nothing_is_announced_before_everybody_can_read_it(database: Database, clock: Clock) -> None:
    readable: list[int] = []

    def announce(said: Sequence[Announcement]) -> None:
        with database.reading() as session:
            readable.extend(entry.seq for entry in entries_after(session, said[0].seq - 1))

    journal = Journal(database, Sealing(KEY), "岭0108", announce)
    journal.do(SYSTEM, clock.now(), count_up, "tally", events=3)
    assert readable == [1, 2, 3]


def test_a_failed_announcement_is_logged_and_the_entry_stays(database: Database, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    def announce(_: Sequence[Announcement]) -> None:
        raise ConnectionError("bus is gone")

    journal = Journal(database, Sealing(KEY), "岭0108", announce)
    with caplog.at_level(logging.ERROR):
        assert journal.do(SYSTEM, clock.now(), count_up, "tally") == 1
    assert "announcing entry 1 failed" in caplog.text
    assert journal.verify() is None


def test_an_action_without_an_event_takes_no_number(database: Database, clock: Clock) -> None:
    announced: list[Announcement] = []
    journal_on(database, announced).do(SYSTEM, clock.now(), lambda work: None)
    assert announced == []


# --- the chain --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def chain(journal: Journal, clock: Clock) -> Journal:
    """Ten entries."""
    for _ in range(9):
        clock.advance(1)
        journal.do(SYSTEM, clock.now(), count_up, "tally")
    assert journal.verify() is None
    return journal


def tamper(journal: Journal, *statements: object) -> int | None:
    """What the verifier names after somebody with SQL has been at it (on bare tables, without the triggers that refuse)."""
    with journal.database.writes.begin() as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]
    return journal.verify()


def test_a_changed_byte_is_named(chain: Journal) -> None:
    assert tamper(chain, update(EntryRow).where(EntryRow.seq == 4).values(payload={"fence_id": "tallz"})) == 4


@pytest.mark.parametrize("column", ["actor_id", "kind", "subject_id", "court_code"])
def test_every_word_of_an_entry_is_in_its_digest(chain: Journal, column: str) -> None:
    assert tamper(chain, update(EntryRow).where(EntryRow.seq == 7).values({column: "x"})) == 7


def test_a_moved_clock_is_named(chain: Journal, clock: Clock) -> None:
    assert tamper(chain, update(EntryRow).where(EntryRow.seq == 5).values(occurred_at=clock.now() + timedelta(hours=1))) == 5


def test_a_deleted_row_is_named(chain: Journal) -> None:
    assert tamper(chain, delete(EntryRow).where(EntryRow.seq == 3)) == 3


def test_a_deleted_end_is_named(chain: Journal) -> None:
    assert tamper(chain, delete(EntryRow).where(EntryRow.seq > 8)) == 9


def test_two_rows_changed_over_are_named(chain: Journal) -> None:
    swap = [update(EntryRow).where(EntryRow.seq == old).values(seq=new) for old, new in ((5, 99), (6, 5), (99, 6))]
    assert tamper(chain, *swap) == 5


def test_a_forged_end_with_a_forged_counter_breaks_the_chain_before_it(chain: Journal) -> None:
    forged = update(EntryRow).where(EntryRow.seq == 10).values(digest="f" * 64)
    assert tamper(chain, forged, update(CounterRow).where(CounterRow.name == JOURNAL).values(digest="f" * 64)) == 10


# --- faults -----------------------------------------------------------------------------------------------------------------------

_CRASHER = """
import sys
from datetime import UTC, datetime
from data.engines import open_database
from data.rules.permissions import SYSTEM
from tests.data.test_journal import count_up, journal_on

journal = journal_on(open_database(sys.argv[1]))
while True:
    print(journal.do(SYSTEM, datetime.now(UTC), count_up, "tally", events=3), flush=True)
"""


@pytest.mark.parametrize("kills", [1, pytest.param(5, marks=pytest.mark.long)])
def test_kill_9_in_mid_write_loses_nothing_acknowledged(database: Database, journal: Journal, clock: Clock, kills: int) -> None:
    command = [sys.executable, "-c", _CRASHER, database.url]
    for _ in range(kills):
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        acknowledged = [int(child.stdout.readline()) for _ in range(20)]
        os.kill(child.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in child.stdout.read().splitlines() if line.strip()]
        child.wait()
        with database.reading() as session:
            kept = session.get_one(CounterRow, "tally").last
        assert kept >= acknowledged[-1]
        assert journal.verify() is None
    assert journal.do(SYSTEM, clock.now(), count_up, "tally") == kept + 1


def test_a_full_disk_says_so_and_keeps_what_was_accepted(database: Database, journal: Journal, clock: Clock) -> None:
    if database.dialect != "sqlite":
        pytest.skip("the page limit is SQLite's")

    def fill(work: Work) -> None:
        for _ in range(4000):
            work.record(FenceDrawn(fence_id="x" * 1000))

    with database.writes.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 20}")
    with pytest.raises(StorageFull):
        journal.do(SYSTEM, clock.now(), fill)
    with database.writes.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1073741823")
    assert journal.verify() is None
    assert journal.do(SYSTEM, clock.now(), count_up, "tally") == 2


def test_a_locked_database_says_so_and_keeps_what_was_accepted(
    database: Database, journal: Journal, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = open_database(database.url)
    with holder.writes.connect() as held, held.begin():
        held.execute(text("UPDATE counter SET last = last"))
        with pytest.raises(DatabaseUnavailable):
            journal.do(SYSTEM, clock.now(), count_up, "tally")
    holder.close()
    assert journal.verify() is None
    assert journal.do(SYSTEM, clock.now(), count_up, "tally") == 2


def test_an_entry_of_a_newer_version_is_neither_drawn_nor_an_error(chain: Journal) -> None:
    tamper(chain, update(EntryRow).where(EntryRow.seq == 4).values(kind="order.sent"))
    with chain.database.reading() as session:
        entries = entries_after(session, 0)
    assert entries[3].event() is None
    assert entries[3].touched() == []
    assert entries[4].touched()

"""What was acknowledged is on disk, once."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from data.errors import StorageFull
from geo.fixes import Fix
from streaming.history import History

DAY_MS = 86_400_000
T = 1_764_000_000_000


def fix(number: int, *, t_ms: int | None = None, device_no: int = 1) -> Fix:
    return Fix(f"id{number}", 1001, device_no, T + number * 1000 if t_ms is None else t_ms, 40.0, 101.8, 8.0, None, None, 70, "GPS", False)


def test_a_batch_sent_twice_is_kept_once_and_named_as_known(tmp_path: Path) -> None:
    history = History(tmp_path)
    batch = [fix(number) for number in range(10)]
    assert history.keep(batch, T).result(60) == frozenset()
    assert history.keep([*batch, fix(10)], T).result(60) == {f"id{number}" for number in range(10)}
    assert [kept.id for kept in history.track(1001, T, T + 60_000)] == [f"id{number}" for number in range(11)]
    history.close()


def test_the_same_moment_of_one_device_is_the_same_fix_whatever_its_id(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.keep([fix(1)], T).result(60)
    assert history.keep([fix(2, t_ms=fix(1).t_ms)], T).result(60) == {"id2"}
    assert history.keep([fix(3, t_ms=fix(1).t_ms, device_no=2)], T).result(60) == frozenset()
    history.close()


def test_a_caller_who_went_away_does_not_stop_the_writing_for_the_others(tmp_path: Path) -> None:
    history = History(tmp_path)
    gone, stays = history.keep([fix(1)], T), history.keep([fix(2)], T)
    assert gone.cancel()
    assert stays.result(60) == frozenset()
    assert history.keep([fix(3)], T).result(60) == frozenset()
    history.close()


@pytest.mark.parametrize("many", [1, 9, 10, 111, 257])
async def test_as_many_as_come_at_once_are_kept_once_each_and_every_task_is_told(tmp_path: Path, many: int) -> None:
    history = History(tmp_path)
    fixes = [fix(number) for number in range(many)]
    told = await asyncio.gather(*(history.kept(fixes[place : place + 7], T) for place in range(0, many, 7)))
    assert told == [frozenset()] * len(told)
    assert await history.kept(fixes, T) == {each.id for each in fixes}
    assert history.count() == many
    gone = asyncio.create_task(history.kept([fix(many)], T))
    await asyncio.sleep(0)
    gone.cancel()
    assert await history.kept([fix(many + 1)], T) == frozenset()
    history.close()


def test_a_start_finds_the_newest_fix_of_each_unit(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.keep([fix(5), fix(9), fix(7)], T).result(60)
    history.close()
    again = History(tmp_path)
    assert again.newest()[1001].id == "id9"
    again.close()


def test_old_days_go_and_new_ones_stay(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.keep([fix(1), fix(2, t_ms=T + 40 * DAY_MS)], T).result(60)
    assert history.outdated(30, date(2026, 1, 3)) == ["20251124"]
    history.remove("20251124")
    assert history.outdated(30, date(2026, 1, 3)) == []
    assert history.count() == 1
    history.close()


WRITER = """
import sys
from pathlib import Path
from geo.fixes import Fix
from streaming.history import History
history = History(Path(sys.argv[1]))
for number in range(100_000):
    fix = Fix(f"id{number}", 1001, 1, 1_764_000_000_000 + number, 40.0, 101.8, 8.0, None, None, 70, "GPS", False)
    history.keep([fix], 0).result(60)
    print(number, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [3, 17])
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path, acknowledged: int) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    last = -1
    while last < acknowledged:
        last = int(writer.stdout.readline())
    os.kill(writer.pid, signal.SIGKILL)
    rest = writer.stdout.read().split()
    writer.wait()
    last = int(rest[-1]) if rest else last
    history = History(tmp_path)
    assert history.count() >= last + 1
    history.close()


def test_a_full_disk_is_said_and_what_was_accepted_stays(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.keep([fix(number) for number in range(10)], T).result(60)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))  # no file of this process grows beyond a megabyte
    try:
        with pytest.raises(StorageFull):
            history.keep([fix(number) for number in range(10, 100_000)], T).result(60)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert history.count() == 10
    assert history.keep([fix(11)], T).result(60) == frozenset()
    assert history.count() == 11
    history.close()


def test_a_sealed_day_takes_nothing_more_and_what_comes_all_the_same_is_kept_beside_it(tmp_path: Path) -> None:
    history, jobs = History(tmp_path), History(tmp_path)
    history.keep([fix(1), fix(2)], T).result(60)
    seal = jobs.seal("20251124")
    assert jobs.seal("20251124") == seal
    assert history.keep([fix(2), fix(3)], T).result(60) == frozenset()  # it had the file open
    assert jobs.count("20251124") == 2
    assert jobs.outdated(30, date(2026, 1, 3)) == ["20251124", "20251124-1"]
    fixes, seals = jobs.track_and_seals(1001, T, T + 60_000)
    assert [each.id for each in fixes] == ["id1", "id2", "id3"]
    assert set(seals) == {seal}
    for part in (history, jobs):
        part.close()


def test_a_writer_that_still_has_a_removed_day_open_writes_where_others_can_read_it(tmp_path: Path) -> None:
    history, jobs = History(tmp_path), History(tmp_path)
    history.keep([fix(1)], T).result(60)
    jobs.seal("20251124")
    jobs.remove("20251124")
    history.keep([fix(5)], T).result(60)
    assert [each.id for each in jobs.track(1001, T, T + 60_000)] == ["id5"]
    assert jobs.newest()[1001].id == "id5"
    for part in (history, jobs):
        part.close()

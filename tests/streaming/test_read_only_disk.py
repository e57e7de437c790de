"""A disk that can only be read (attack 49): every part says so by an error of ours, and what was accepted before is there afterwards."""

import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from data import migrate
from data.actions.heartbeat import tell_part
from data.engines import open_database
from data.errors import Unavailable
from data.journal import Journal
from data.rules.permissions import SYSTEM
from data.sealing import Sealing
from streaming.archiving import Archiving
from streaming.history import History
from tests.servers import need
from tests.streaming.kept_positions import NOON, T, fix


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "none", str(tmp_path)], check=False, capture_output=True)
    need(mounted.returncode == 0, "mount")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=False)


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def test_49_a_read_only_disk_is_said_and_nothing_accepted_is_lost(disk: Path) -> None:
    url, sealing, now = f"sqlite:///{disk}/ecc.db", Sealing(Fernet.generate_key()), datetime(2026, 11, 23, tzinfo=UTC)

    def in_journal(act: Callable[[Journal], object]) -> None:
        database = open_database(url)
        try:
            act(Journal(database, sealing, "岭0108"))
        finally:
            database.close()

    def keep(number: int) -> frozenset[str]:
        history = History(disk / "positions")
        try:
            return history.keep([fix(number)], T).result(30)
        finally:
            history.close()

    def archive(journal: Journal) -> None:
        history = History(disk / "positions")
        try:
            Archiving(history, disk / "archive", journal, lambda: NOON, lambda: (8, 30)).once()
        finally:
            history.close()

    def say(journal: Journal) -> None:
        journal.do(SYSTEM, now, tell_part, "relay", "down", now)

    in_journal(lambda journal: migrate.upgrade(journal.database))
    in_journal(say)
    keep(1)
    remount(disk, "ro")
    with pytest.raises(Unavailable):
        in_journal(say)
    with pytest.raises(Unavailable):
        keep(2)
    with pytest.raises((Unavailable, OSError)):
        in_journal(archive)
    remount(disk, "rw")
    assert keep(1) == frozenset({"id1"})  # known
    assert keep(2) == frozenset()
    broken: list[int | None] = []
    in_journal(lambda journal: broken.append(journal.verify()))
    assert broken == [None]

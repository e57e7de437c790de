"""A database that others write is copied as it was at one moment, and nobody waits for it."""

import multiprocessing
import sqlite3
import time
from contextlib import closing
from multiprocessing.synchronize import Event
from pathlib import Path

from data.dumps import copy_sqlite


def _write(path: Path, began: Event, over: Event) -> None:
    """Pairs that belong together, one transaction each, as fast as it goes."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
        number = 0
        while not over.is_set():
            number += 1
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO one VALUES (?)", (number,))
            connection.execute("INSERT INTO other VALUES (?)", (number,))
            connection.execute("COMMIT")
            began.set()


def test_a_copy_is_of_one_moment_and_ends_beside_a_writer(tmp_path: Path) -> None:
    source, copy = tmp_path / "source.db", tmp_path / "copy.db"
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode=WAL; CREATE TABLE one (n); CREATE TABLE other (n); CREATE TABLE bulk (x)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO bulk VALUES (?)", [("x" * 900,) for _ in range(8_000)])
        connection.execute("COMMIT")
    spawn = multiprocessing.get_context("spawn")
    began, over = spawn.Event(), spawn.Event()
    writer = spawn.Process(target=_write, args=(source, began, over), daemon=True)
    writer.start()
    assert began.wait(60)
    written = _count(source, "one")
    steps: list[int] = []

    def between() -> None:
        steps.append(1)
        time.sleep(0.01)  # the writer writes between every two steps

    copy_sqlite(source, copy, between)
    over.set()
    writer.join(30)
    assert len(steps) > 5
    assert _count(copy, "one") == _count(copy, "other") >= written  # of one moment, not before it began
    assert _count(copy, "bulk") == 8_000
    assert _count(source, "one") > _count(copy, "one")  # nobody waited
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

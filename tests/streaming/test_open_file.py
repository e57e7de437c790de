"""A file that is closed while a thread is still at it."""

import os
import threading
from pathlib import Path

import pytest

from data.errors import StorageFull
from streaming.open_file import OpenFile, append


def test_closed_under_a_slow_writer_it_stays_his_until_he_is_done(tmp_path: Path) -> None:
    file = OpenFile(tmp_path / "a", os.O_WRONLY | os.O_CREAT)
    began, may = threading.Event(), threading.Event()

    def slow() -> None:
        with file.used() as fd:
            began.set()
            may.wait(60)
            append(fd, b"x")

    writer = threading.Thread(target=slow)
    writer.start()
    assert began.wait(60)
    file.close()
    assert file.size() == 0, "still open"
    may.set()
    writer.join(60)
    with pytest.raises(OSError, match="Bad file descriptor"):
        file.size()
    assert (tmp_path / "a").read_bytes() == b"x"


def test_what_is_closed_takes_nothing_and_may_be_closed_again(tmp_path: Path) -> None:
    file = OpenFile(tmp_path / "a", os.O_WRONLY | os.O_CREAT)
    file.close()
    file.close()
    with pytest.raises(StorageFull), file.used():
        pass


def test_what_cannot_be_opened_or_written_is_said_as_one_thing(tmp_path: Path) -> None:
    with pytest.raises(StorageFull):
        OpenFile(tmp_path / "none/a", os.O_WRONLY | os.O_CREAT)
    file = OpenFile(tmp_path / "a", os.O_RDONLY | os.O_CREAT)
    with pytest.raises(StorageFull), file.used() as fd:
        append(fd, b"x")
    file.close()

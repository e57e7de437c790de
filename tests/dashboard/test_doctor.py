"""`ecc doctor` and `ecc officer add` on a real home."""

from pathlib import Path

import pytest

from dashboard.__main__ import main
from dashboard.doctor import examine
from data.settings import Settings


def test_a_sound_home_has_nothing_bad(tmp_path: Path) -> None:
    assert [finding.sentence for finding in examine(Settings.of(home=tmp_path / "home")) if not finding.good] == []


def test_a_home_that_cannot_be_written_is_named_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = examine(Settings.of(home=tmp_path / "file/home"))
    assert any(str(tmp_path / "file/home") in finding.sentence for finding in found if not finding.good)
    assert len(found) >= 4


def test_the_first_password_is_said_once_and_the_journal_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECC_HOME", str(tmp_path / "home"))
    assert main(["officer", "add", "wang", "--name", "王某", "--title", "值班员", "--role", "duty"]) == 0
    said = capsys.readouterr().out
    password = said.strip().rsplit("：", 1)[1]
    assert len(password) >= 12
    assert not [path for path in (tmp_path / "home").rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert main(["verify"]) == 0
    assert main(["officer", "add", "wang", "--name", "王某", "--title", "值班员", "--role", "duty"]) == 1
    assert "Traceback" not in capsys.readouterr().err

"""Whose centre this is: said once, by a command, and nothing of a court is written before."""

import stat
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import select

from dashboard.__main__ import main
from dashboard.i18n import t
from dashboard.naming import name_court
from dashboard.people import first_administrator, form_team
from dashboard.workbook.importing import Report, import_files
from data.engines import open_database
from data.errors import Misconfigured, RuleBroken
from data.live_settings import current
from data.settings import Settings, load
from data.tables import CourtRow, EntryRow
from tests.workbooks import court, write


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ECC_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def courts(settings: Settings) -> list[str]:
    database = open_database(settings.database_url)
    try:
        with database.reading() as session:
            return list(session.scalars(select(CourtRow.code)))
    finally:
        database.close()


def test_the_command_writes_the_settings_and_what_comes_after_is_this_court(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["court", "赫0901", "赫城区人民法院", "--duty-phone", "0358-1234567"]) == 0
    file = home / "ecc.toml"
    assert tomllib.loads(file.read_text()) == {"court_code": "赫0901", "court_name": "赫城区人民法院", "duty_phone": "0358-1234567"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert str(file) in capsys.readouterr().out
    assert main(["team", "add", "一组"]) == 0
    assert courts(load()) == ["赫0901"]


@pytest.mark.parametrize("words", [("administrator", "wang"), ("team", "add", "一组"), ("import", "court.xlsx")])
def test_nothing_is_written_before_it_is_said_which_court(
    home: Path, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "court.xlsx", court(officers=1, cases=0, code="赫0901"))
    assert main(words) == 78
    assert "ecc court" in capsys.readouterr().err
    assert courts(load()) == []


def test_a_demonstration_has_its_name(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path / "home", demo=True)
    settings.make_folders()
    form_team(settings, "一组")
    assert courts(settings) == [settings.court_code]


def test_what_else_stands_in_the_file_stays(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path / "home")
    settings.make_folders()
    file = settings.home / "ecc.toml"
    file.write_text('# 本院的\nport = 9000\n# court_code = "QX"\n  court_name = "旧名"\nduty_phone = "1"')
    name_court(settings, " 赫0901 ", '赫城区"新"法院')
    said = tomllib.loads(file.read_text())
    assert said == {"port": 9000, "court_code": "赫0901", "court_name": '赫城区"新"法院', "duty_phone": "1"}
    assert file.read_text().startswith("# 本院的\n")


def test_another_court_is_refused_another_name_is_not(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path / "home", court_code="赫0901", court_name="赫城区人民法院")
    settings.make_folders()
    first_administrator(settings, "wang", t("command.administrator_name"), t("command.administrator_title"))
    with pytest.raises(RuleBroken, match="another court"):
        name_court(settings, "赫0902", "别的法院")
    assert not (settings.home / "ecc.toml").exists()
    assert "赫城市人民法院" in name_court(settings, "赫0901", "赫城市人民法院").path.read_text()


def test_a_founded_court_has_its_new_name_at_once_and_the_file_and_the_court_say_the_same(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path / "home", court_code="赫0901", court_name="赫城区人民法院")
    settings.make_folders()
    form_team(settings, "一组")
    name_court(settings, "赫0901", "赫城市人民法院", " 0358-1234567 ")
    database = open_database(settings.database_url)
    try:
        with database.reading() as session:
            assert session.get_one(CourtRow, "赫0901").name == "赫城市人民法院"
            now = current(session, settings)
            assert (now.court_name, now.duty_phone) == ("赫城市人民法院", "0358-1234567")
            kinds = session.scalars(select(EntryRow.kind).where(EntryRow.kind == "court.changed")).all()
    finally:
        database.close()
    assert kinds == ["court.changed"]


def test_an_environment_that_says_otherwise_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECC_COURT_CODE", "赫0901")
    monkeypatch.setenv("ECC_COURT_NAME", "别的法院")
    assert main(["court", "赫0901", "赫城区人民法院"]) == 0
    said = capsys.readouterr().err
    assert ("ECC_COURT_NAME=别的法院" in said, "ECC_COURT_CODE" in said) == (True, False), "only what differs"
    monkeypatch.setenv("ECC_COURT_CODE", "赫0902")
    assert main(["court", "赫0901", "赫城区人民法院"]) == 0
    assert "ECC_COURT_CODE=赫0902" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "name"), [("赫 0901", "赫城区人民法院"), ("赫0901", " "), ("QX", "清溪区人民法院"), ("", "x"), ("赫" * 17, "x")]
)
def test_what_cannot_be_a_court_is_refused_before_anything(tmp_path: Path, code: str, name: str) -> None:
    settings = Settings.of(home=tmp_path / "home")
    settings.make_folders()
    with pytest.raises(Misconfigured):
        name_court(settings, code, name)
    assert not (settings.home / "ecc.toml").exists()


def test_many_rows_refused_for_one_reason_leave_the_passwords_in_sight(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path / "home", court_code="赫0901", court_name="赫城区人民法院")
    settings.make_folders()
    sheets = dict(court(officers=1, cases=40, code="赫0901"))
    cases = [list(row) for row in sheets["案件"]]
    for row in cases[1:]:
        row[4] = "无此人"
    sheets["案件"] = cases
    told: list[str] = []
    report = Report(tell=told.append)
    import_files(settings, [write(tmp_path / "court.xlsx", sheets)], report)
    assert report.complaints == 40
    assert len([line for line in told if line.startswith("×")]) == 10
    assert "30" in told[-1]

"""The schema at each start: brought up once, then found done without the migration's machinery."""

import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from dashboard import i18n
from dashboard.__main__ import main
from dashboard.backups.restoring import restore
from dashboard.backups.sealed import new_identity
from dashboard.deploy.trial import try_on_copy
from dashboard.people import first_administrator
from dashboard.schema import NAMED, VERSIONS, file_is_newest, newest
from dashboard.upgrade import return_to, revision, set_aside, upgrade
from data import migrate
from data.actions.calls import place_call
from data.actions.second_factor import HalfOpen, begin_anew
from data.engines import open_database
from data.errors import Misconfigured, NotFound, RuleBroken
from data.identity import check_password
from data.journal import Journal
from data.rules.backups import ARCHIVE, KEYS
from data.rules.permissions import NOBODY
from data.sealing import load_sealing
from data.settings import Settings, as_environ
from data.tables import EntryRow
from tests.data.small_court import SmallCourt, ulid


def test_the_newest_revision_is_read_as_the_migration_reads_it() -> None:
    assert newest() == {migrate.newest()}


def test_a_fresh_database_is_brought_up_and_an_old_one_again(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path)
    settings.make_folders()
    upgrade(settings)
    database = open_database(settings.database_url)
    assert migrate.current(database) == migrate.newest()
    migrate.downgrade(database, "base")
    upgrade(settings)
    assert migrate.current(database) == migrate.newest()
    database.close()


def test_of_a_file_it_is_known_without_opening_it_as_a_database(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path / "?%")
    settings.make_folders()
    url, file = settings.database_url, settings.home / "ecc.db"
    assert not file_is_newest(url)
    assert not file.exists()
    file.write_bytes(b"")
    assert not file_is_newest(url)
    upgrade(settings)
    assert file_is_newest(url)
    database = open_database(url)
    migrate.downgrade(database, "-1")
    assert not file_is_newest(url), "an older one is the migration's"
    with database.writes.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'r9999'"))
    assert not file_is_newest(url), "and so is a newer one, which it refuses"
    database.close()
    file.write_bytes(b"no database at all" * 1_000)
    assert not file_is_newest(url)
    assert not file_is_newest("postgresql+psycopg://court@localhost/court")


def test_a_database_that_is_up_to_date_needs_no_machinery(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path)
    settings.make_folders()
    upgrade(settings)
    again = "import sys; from pathlib import Path; from dashboard.upgrade import upgrade; from data.settings import Settings; " \
        "upgrade(Settings.of(home=Path(sys.argv[1]))); sys.exit('alembic' in sys.modules)"  # fmt: skip
    assert subprocess.run([sys.executable, "-c", again, str(tmp_path)], cwd=Path(__file__).parents[2], check=False).returncode == 0


# --- what the installer asks ------------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """A small court on each of the two databases, a call in its journal."""
    settings = Settings.of(home=tmp_path / "home", database_url=database_url)
    settings.make_folders()
    upgrade(settings)
    database = open_database(settings.database_url)
    court = SmallCourt(database, datetime(2026, 11, 23, 1, 38, tzinfo=UTC))
    court.do(court.phone, place_call, ulid(), court.now)
    database.close()
    return settings


def head(settings: Settings) -> int:
    """The number of the last entry; the chain is whole."""
    database = open_database(settings.database_url)
    journal = Journal(database, load_sealing(settings.keys), settings.court_code)
    assert journal.verify() is None
    with database.reading() as session:
        found = session.scalar(select(func.max(EntryRow.seq)))
    database.close()
    return found or 0


def newer(settings: Settings, revision_: str = "9999") -> None:
    database = open_database(settings.database_url)
    with database.writes.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision_})
    database.close()


def test_a_newer_database_is_refused_in_a_sentence_and_left_as_it_is(settings: Settings) -> None:
    newer(settings)
    with pytest.raises(Misconfigured) as refused:
        upgrade(settings)
    said = i18n.of_error(refused.value)
    assert "9999" in said
    assert str(migrate.newest()) in said
    assert revision(settings) == "9999"


def test_29_a_copy_is_tried_and_nothing_of_the_court_is_touched_whatever_stands_in_its_tables(settings: Settings) -> None:
    database = open_database(settings.database_url)
    with database.writes.begin() as connection:
        connection.execute(text("UPDATE unit SET kind = 'NONSENSE'"))
        connection.execute(text("UPDATE officer SET role = 'emperor', name = :name"), {"name": "x'\";-- 😀"})
    database.close()
    before = head(settings), revision(settings), sorted(settings.run.iterdir())
    try_on_copy(settings)
    assert (head(settings), revision(settings), sorted(settings.run.iterdir())) == before


def test_what_was_set_aside_is_the_whole_database_for_this_user_alone_and_old_ones_go(settings: Settings, tmp_path: Path) -> None:
    if settings.database_url.startswith("postgresql") and not shutil.which("pg_dump"):
        pytest.skip("no pg_dump on the path")
    aside = [set_aside(settings)]
    assert stat.S_IMODE(aside[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(aside[0].parent.stat().st_mode) == 0o700
    for number in range(2):
        aside[0].with_name(f"2000010{number}T000000-0001.db").touch()
    if settings.database_url.startswith("sqlite"):
        copy = settings.but(database_url=f"sqlite:///{aside[0]}")
        assert head(copy) == head(settings)
    again = set_aside(settings)
    assert {path.name for path in again.parent.iterdir()} >= {again.name}
    assert len(list(again.parent.iterdir())) <= 2


def test_whoever_has_a_backup_key_gets_it_encrypted_and_can_restore_it(settings: Settings, tmp_path: Path) -> None:
    """Without films and positions, which an upgrade leaves alone; the journal, whose schema may be older, is not written."""
    if settings.database_url.startswith("postgresql") and not shutil.which("pg_dump"):
        pytest.skip("no pg_dump on the path")
    secret, public = new_identity()
    (tmp_path / "identity").write_text(f"{secret}\n")
    (settings.recordings / "01R").mkdir(parents=True)
    (settings.recordings / "01R/1.webm").write_bytes(b"film " * 10_000)
    last = head(settings)
    with_key = settings.but(backup_recipients=(public,))
    plain, aside = set_aside(settings), set_aside(with_key)
    keys = aside.with_suffix(KEYS)
    assert (aside.suffix, head(settings)) == (ARCHIVE, last)
    for path in (aside, keys):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_bytes().startswith(b"age-encryption.org/")
    if settings.database_url.startswith("sqlite"):
        restored = restore(Settings.of(home=tmp_path / "elsewhere"), aside, keys, tmp_path / "identity", tmp_path / "new")
        assert head(settings.but(home=tmp_path / "new", database_url=f"sqlite:///{tmp_path}/new/ecc.db")) > last, (
            "it says that it is restored"
        )
        assert restored.seq == last
        assert not list((tmp_path / "new").rglob("*.webm"))
    for number in range(2):
        aside.with_name(f"2099010{number}T000000-0001.db").touch()
    set_aside(with_key)
    assert not plain.exists()
    assert len({path.stem for path in aside.parent.iterdir()}) == 2


@pytest.mark.parametrize("killed", ["dashboard.backups.making._name", "dashboard.backups.making.encrypt", "data.dumps.flush"])
def test_killed_while_it_is_set_aside_nothing_half_has_a_name_and_the_next_one_is_whole(tmp_path: Path, killed: str) -> None:
    settings = Settings.of(home=tmp_path / "home", backup_recipients=(new_identity()[1],))
    settings.make_folders()
    upgrade(settings)
    code = (
        "import importlib, os, signal, sys; from dashboard.upgrade import set_aside; from data.settings import load\n"
        "import dashboard.backups.making as making\n"
        "module, _, name = sys.argv[1].rpartition('.')\n"
        "setattr(importlib.import_module(module), name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))\n"
        "making.flush = lambda *_: os.kill(os.getpid(), signal.SIGKILL) if name == 'flush' else None\n"
        "set_aside(load())"
    )
    done = subprocess.run([sys.executable, "-c", code, killed], cwd=Path(__file__).parents[2], env=as_environ(settings), check=False)
    assert done.returncode == -9
    named = [path for path in (settings.home / "before-upgrade").iterdir() if not path.name.startswith(".")]
    assert named == []
    aside = set_aside(settings)
    assert sorted(path.suffix for path in aside.parent.iterdir()) == sorted([ARCHIVE, KEYS])


def test_the_way_back_keeps_what_was_written_since(settings: Settings) -> None:
    earlier = earlier_revision()
    return_to(settings, earlier)
    assert revision(settings) == earlier
    upgrade(settings)
    last = head(settings)
    assert last > 0
    return_to(settings, earlier)
    return_to(settings, earlier)
    upgrade(settings)
    assert head(settings) == last
    with pytest.raises(Misconfigured):
        return_to(settings, "'; DROP TABLE entry; --")


def earlier_revision() -> str:
    """The one before the newest."""
    text = next(file.read_text() for file in VERSIONS.glob("*.py") if f'revision = "{migrate.newest()}"' in file.read_text())
    return next(str(name) for kind, name in NAMED.findall(text) if kind == "down_revision")


def test_a_home_that_has_no_database_yet_can_be_tried_and_set_aside(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path)
    settings.make_folders()
    assert revision(settings) == ""
    try_on_copy(settings)
    assert set_aside(settings).name.endswith("-empty.db")


def test_a_full_disk_refuses_the_upgrade_and_leaves_no_half_copy(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: str, to: Path) -> None:
        to.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dashboard.upgrade.copy_database", full)
    with pytest.raises(Misconfigured, match="OSError"):
        set_aside(settings)
    assert list((settings.home / "before-upgrade").iterdir()) == []


def test_the_first_administrator_is_made_once_and_his_link_opens_once(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path, court_code="岭0108")
    settings.make_folders()
    secret = first_administrator(settings, "admin", "系统管理员", "技术值守").rpartition("/")[2]
    with pytest.raises(RuleBroken) as again:
        first_administrator(settings, "other", "系统管理员", "技术值守")
    assert again.value.code == "identity.administrator_exists"
    database = open_database(settings.database_url)
    journal = Journal(database, load_sealing(settings.keys), settings.court_code)
    anew = secret, "Lingnan-2026-guanli", settings.second_factor_roles, timedelta(hours=12)
    now = datetime.now(UTC)
    with pytest.raises(NotFound):
        journal.do(NOBODY, now + timedelta(minutes=10, seconds=5), begin_anew, *anew)
    assert isinstance(journal.do(NOBODY, now, begin_anew, *anew), HalfOpen), "the authenticator is still missing"
    with pytest.raises(NotFound):
        journal.do(NOBODY, now, begin_anew, *anew)
    assert check_password(database, "admin", anew[1]) is not None
    kept = (tmp_path / "ecc.db").read_bytes() + (tmp_path / "ecc.db-wal").read_bytes()
    assert secret.encode() not in kept
    database.close()


def test_what_the_installer_calls_answers_on_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECC_HOME", str(tmp_path))
    assert main(["migrate"]) == 0
    assert main(["migrate", "--show"]) == 0
    assert capsys.readouterr().out == f"{migrate.newest()}\n"
    assert main(["migrate", "--set-aside"]) == 0
    assert Path(capsys.readouterr().out.strip()).parent == tmp_path / "before-upgrade"
    assert main(["court", "赫0901", "赫城区人民法院"]) == 0
    capsys.readouterr()
    assert main(["administrator", "wang"]) == 0
    said = capsys.readouterr().out
    assert said.count("/link/") == 1
    assert "wang" in said
    assert main(["administrator", "li"]) == 1
    assert "/link/" not in capsys.readouterr().out

"""`ecc backup` and `ecc restore` on real homes: killed at any instant, a changed byte, a full disk, other keys, and both databases."""

import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from ulid import ULID

from dashboard.__main__ import main
from dashboard.backups import making
from dashboard.backups.making import Made, keep_newest, make, remove_left_over
from dashboard.backups.restoring import Restored, restore
from dashboard.backups.sealed import decrypted, identities_in, new_identity
from dashboard.upgrade import is_newest
from data.engines import open_database
from data.errors import BadInput, CommandCentreError
from data.journal import Journal
from data.queries.backups import known_backups
from data.rules.backups import Known
from data.rules.identity import Act
from data.sealing import load_sealing
from data.settings import Settings, as_environ
from data.tables import AuditRow, UnitRow
from geo.fixes import Fix
from streaming.history import History
from tests.running import PERSONAL, seed
from tests.servers import POSTGIS, need

pytestmark = pytest.mark.timeout(300)
ROOT = Path(__file__).parents[2]
FILM = b"film " * 300_000


@dataclass
class Court:
    """A small court that has worked, and the secret that opens its backups."""

    settings: Settings
    folder: Path
    secrets: list[str]

    @property
    def identity(self) -> Path:
        return self.folder / "identity"

    @property
    def public(self) -> str:
        found = re.search("age1[0-9a-z]+", self.identity.read_text())
        assert found
        return found[0]

    def backup(self, name: str = "a") -> Made:
        return make(self.settings, self.folder / f"{name}.backup", self.folder / f"{name}.keys", [self.public])

    def restore(self, home: str = "new", name: str = "a", **other: Any) -> Restored:
        keys, identity = other.get("keys", self.folder / f"{name}.keys"), other.get("identity", self.identity)
        settings = other.get("settings", Settings.of(home=self.folder / "elsewhere"))
        return restore(settings, self.folder / f"{name}.backup", keys, identity, self.folder / home)

    def parts_left(self) -> list[str]:
        return [path.name for path in self.folder.iterdir() if path.name.startswith(".")]


def court_in(folder: Path, **settings: Any) -> Court:
    said = Settings.of(home=folder / "home", court_code="岭0108", **settings)
    seeded = seed(said)
    history, now_ms = History(said.positions), int(time.time() * 1000)
    for day in range(3):
        fixes = [
            Fix(str(ULID()), 1001, 1, now_ms - day * 86_400_000 - n, 23.1, 112.5, 8.0, None, None, 70, "GPS", False) for n in range(200)
        ]
        history.keep(fixes, now_ms).result(30)
    history.close()
    for name, content in (("recordings/R1/1.webm", FILM), ("recordings/R1/2.webm.part", b"half"), ("clips/C1/c.webm", b"mask")):
        (said.home / name).parent.mkdir(parents=True, exist_ok=True)
        (said.home / name).write_bytes(content)
    (said.home / "recordings/R1/1.webm").chmod(0o400)
    (said.home / "layers/边界.geojson").write_text("{}")
    (said.home / "turnserver.conf").write_text("static-auth-secret=ieShie5a")
    secret, public = new_identity()
    (folder / "identity").write_text(f"# public key: {public}\n{secret}\n")
    return Court(said, folder, [*seeded.devices.values(), seeded.desk, *PERSONAL, "ieShie5a"])


@pytest.fixture(scope="module")
def _model(tmp_path_factory: pytest.TempPathFactory) -> Court:
    return court_in(tmp_path_factory.mktemp("court"))


@pytest.fixture
def court(_model: Court, tmp_path: Path) -> Court:
    shutil.copytree(_model.folder, tmp_path, dirs_exist_ok=True)
    return Court(_model.settings.but(home=tmp_path / "home"), tmp_path, _model.secrets)


def test_what_an_upgrade_set_aside_is_no_part_of_a_backup(court: Court) -> None:
    """It holds the whole database already, encrypted or not: each backup would hold it three times."""
    (court.settings.home / "before-upgrade").mkdir()
    (court.settings.home / "before-upgrade/20260101T000000-0001.db").write_bytes(b"older")
    court.backup()
    court.restore()
    assert not (court.folder / "new/before-upgrade").exists()


def content(home: Path) -> dict[str, bytes]:
    """Of every file, but databases: those by what is in them."""
    kept = [path for path in home.rglob("*") if path.is_file() and path.relative_to(home).parts[0] not in ("run", "log", "ecc.toml")]
    return {str(path.relative_to(home)): path.read_bytes() for path in kept if ".db" not in path.name}


def rows(path: Path) -> dict[str, list[Any]]:
    """Of every table."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in tables}


def refused(code: str, work: Callable[[], Any]) -> CommandCentreError:
    with pytest.raises(CommandCentreError) as error:
        work()
    assert error.value.code == code, error.value
    return error.value


def chain(settings: Settings) -> int | None:
    database = open_database(settings.database_url)
    broken = Journal(database, load_sealing(settings.keys), settings.court_code).verify()
    database.close()
    return broken


# --- there and back ----------------------------------------------------------------------------------------------------------------------


def test_what_comes_back_is_what_there_was(court: Court) -> None:
    before = rows(court.settings.home / "ecc.db")
    made, home = court.backup(), court.folder / "new"
    done = court.restore()
    assert content(home) == content(court.settings.home)
    for day in court.settings.positions.glob("*.db"):
        assert rows(home / "positions" / day.name) == rows(day)
    after = rows(home / "ecc.db")
    assert {name for name in before if before[name] != after[name]} == {"entry", "counter", "audit"}  # that it was restored
    assert all(row in after["entry"] for row in before["entry"])
    assert (done.seq, done.parts, done.migrated) == (made.seq, made.parts, False)
    assert chain(Settings.of(home=home)) is None
    assert (home / "recordings/R1/1.webm").stat().st_mode & 0o777 == 0o400
    assert 'court_code = "岭0108"' in (home / "ecc.toml").read_text(encoding="utf-8")
    assert (home.stat().st_mode | (home / "keys").stat().st_mode) & 0o077 == 0


def test_both_files_are_for_their_owner_and_hold_no_word_in_the_clear(court: Court) -> None:
    made = court.backup()
    for path in (made.archive, made.keys):
        assert path.stat().st_mode & 0o777 == 0o600
        raw = path.read_bytes()
        assert [secret for secret in [*court.secrets, "film film", "CREATE TABLE", "sealing.key"] if secret.encode() in raw] == []
    assert court.parts_left() == []
    assert list(court.settings.run.glob("backup/*")) == []


def test_the_archive_holds_no_key_even_for_who_can_open_it(court: Court) -> None:
    made = court.backup()
    with decrypted(made.archive, identities_in(court.identity), lambda: BadInput("")) as stream:
        plain = stream.read()
    keys = [path for path in court.settings.keys.iterdir() if path.is_file()]
    assert keys
    assert [path.name for path in keys if path.read_bytes().strip() in plain] == []
    assert b"ieShie5a" not in plain
    assert FILM in plain


def test_age_and_tar_alone_would_do(court: Court) -> None:
    made = court.backup()
    (court.folder / "out").mkdir()
    with decrypted(made.archive, identities_in(court.identity), lambda: BadInput("")) as stream:
        subprocess.run(["tar", "xf", "-"], input=stream.read(), cwd=court.folder / "out", check=True)
    assert (court.folder / "out/recordings/R1/1.webm").read_bytes() == FILM
    assert (court.folder / "out/layers/边界.geojson").exists()


def test_it_stands_in_the_journal_and_in_the_audit(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    made = court.backup()
    refused("backup.exists", court.backup)  # a slip of the hand is no failed backup
    database = open_database(court.settings.database_url)

    def known() -> Known:
        with database.reading() as session:
            return known_backups(session)

    assert (known().made_at is not None, known().failed_at) == (True, None)
    monkeypatch.setattr(making, "RESERVE", 10**18)
    refused("backup.no_room", lambda: court.backup("b"))
    assert (known().failed_at is not None, known().why) == (True, "backup.no_room")
    monkeypatch.undo()
    court.backup("b")
    assert known().failed_at is None
    with database.reading() as session:
        told = session.execute(select(AuditRow.object_id, AuditRow.result).where(AuditRow.act == Act.BACKUP).order_by(AuditRow.id)).all()
    database.close()
    assert tuple(told[0]) == (made.backup_id, "done")
    assert [row.result for row in told] == ["done", "failed", "done"]
    assert chain(court.settings) is None


def test_a_part_on_another_folder_comes_back_into_the_home(court: Court, tmp_path: Path) -> None:
    shutil.move(court.settings.recordings, tmp_path / "disk")
    court.settings = court.settings.but(recordings=tmp_path / "disk")
    court.backup()
    court.restore()
    assert (court.folder / "new/recordings/R1/1.webm").read_bytes() == FILM


def test_backups_inside_the_home_are_not_backed_up(court: Court) -> None:
    folder = court.settings.recordings  # also there the recordings are not forgotten
    first = make(court.settings, folder / "1.backup", folder / "1.keys", [court.public])
    assert court.backup().parts == first.parts
    (court.settings.home / "kept.txt").write_text("x")
    second = make(court.settings, folder / "2.backup", folder / "2.keys", [court.public])
    assert second.parts == first.parts + 1


# --- refused -----------------------------------------------------------------------------------------------------------------------------


def test_a_changed_byte_is_named_by_its_part_and_nothing_comes_back(court: Court) -> None:
    made = court.backup()
    raw = bytearray(made.archive.read_bytes())
    whole = bytes(raw)
    raw[len(raw) - len(FILM) // 2] ^= 1  # the film is the last large part
    made.archive.write_bytes(raw)
    error = refused("backup.damaged", court.restore)
    assert error.params["part"] == "recordings/R1/1.webm"
    for place in (0, 40, 300, len(raw) // 3, len(raw) - 40):
        changed = bytearray(whole)
        changed[place] ^= 0x40
        made.archive.write_bytes(changed)
        with pytest.raises(CommandCentreError):
            court.restore()
    made.archive.write_bytes(whole[:-100_000])
    refused("backup.damaged", court.restore)
    assert not (court.folder / "new").exists()
    assert court.parts_left() == []
    made.archive.write_bytes(whole)
    assert court.restore().seq == made.seq


def test_another_identity_or_other_keys_open_nothing(court: Court, tmp_path: Path) -> None:
    court.backup()
    (tmp_path / "other").write_text(new_identity()[0])
    refused("backup.other_identity", lambda: court.restore(identity=tmp_path / "other"))
    (tmp_path / "none").write_text("nothing")
    refused("backup.bad_identity", lambda: court.restore(identity=tmp_path / "none"))
    refused("backup.no_file", lambda: court.restore(keys=tmp_path / "not there"))
    (tmp_path / "text").write_text("x" * 1000)
    with pytest.raises(CommandCentreError):
        court.restore(keys=tmp_path / "text")
    (court.settings.keys / "media.key").write_text("another")
    court.backup("later")
    error = refused("backup.other_keys", lambda: court.restore(keys=court.folder / "later.keys"))
    assert error.params["part"] == "keys/media.key"
    assert not (court.folder / "new").exists()


def test_who_has_the_public_key_alone_cannot_make_one(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody can encrypt for a public key: the manifest is signed with a key that only the court has."""
    made = court.backup("true")
    monkeypatch.setattr(making, "seal", lambda *_: "0" * 64)
    court.backup()
    refused("backup.other_keys", lambda: court.restore(keys=made.keys))


def test_only_an_empty_home_is_taken(court: Court) -> None:
    court.backup()
    (court.folder / "new").mkdir()
    (court.folder / "new/note").touch()
    refused("backup.home_not_empty", court.restore)
    (court.folder / "new/note").unlink()
    court.restore()
    refused("backup.home_not_empty", court.restore)


def test_a_newer_one_is_refused_and_an_older_one_brought_up(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    from data import migrate

    court.backup("now")
    with monkeypatch.context() as older:
        older.setattr("data.migrate.is_known", lambda _: False)  # as a program would that does not have this revision yet
        refused("backup.newer", lambda: court.restore(name="now"))
    with monkeypatch.context() as format_:
        format_.setattr(making, "FORMAT", 2)
        court.backup("form")
    refused("backup.newer", lambda: court.restore(name="form", keys=court.folder / "now.keys"))
    database = open_database(court.settings.database_url)
    migrate.downgrade(database, "-1")
    database.close()
    monkeypatch.setattr(making, "record_backup", lambda *_: None)
    court.backup("old")
    done = court.restore(name="old")
    assert done.migrated
    database = open_database(f"sqlite:///{court.folder / 'new/ecc.db'}")
    assert migrate.current(database) == migrate.newest()
    database.close()
    assert chain(Settings.of(home=court.folder / "new")) is None


def test_a_chain_that_was_changed_is_not_brought_back(court: Court) -> None:
    with closing(sqlite3.connect(court.settings.home / "ecc.db")) as connection:
        triggers = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE entry SET actor_id = 'somebody' WHERE seq = 3")
        connection.commit()
    court.backup()
    assert refused("backup.chain", court.restore).params["seq"] == 3
    assert not (court.folder / "new").exists()


# --- a full disk, a kill -----------------------------------------------------------------------------------------------------------------


def ecc(court: Court, *words: str, most_bytes: int | None = None) -> subprocess.Popen[bytes]:
    def limit() -> None:
        if most_bytes is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    return subprocess.Popen(
        [sys.executable, "-m", "dashboard", *words],
        env=as_environ(court.settings),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=limit,
    )


def backup_words(court: Court) -> list[str]:
    return ["backup", str(court.folder / "a.backup"), "--keys", str(court.folder / "a.keys"), "--recipient", court.public]


def restore_words(court: Court) -> list[str]:
    kept = ["--keys", str(court.folder / "a.keys"), "--identity", str(court.identity), "--home", str(court.folder / "new")]
    return ["restore", str(court.folder / "a.backup"), *kept]


def test_a_full_disk_leaves_nothing_half(court: Court) -> None:
    most = 1_000_000  # less than the film, more than the database needs to write that it failed
    process = ecc(court, *backup_words(court), most_bytes=most)
    said = process.communicate(timeout=120)[0].decode()
    assert process.returncode == 1
    assert "Traceback" not in said, said
    assert not (court.folder / "a.backup").exists()
    assert court.parts_left() == []
    database = open_database(court.settings.database_url)
    with database.reading() as session:
        assert known_backups(session).why == "backup.full"
    database.close()
    court.backup()
    process = ecc(court, *restore_words(court), most_bytes=most)
    assert "Traceback" not in process.communicate(timeout=120)[0].decode()
    assert process.returncode == 1
    assert not (court.folder / "new").exists()
    assert court.parts_left() == []


def test_a_disk_that_is_nearly_full_is_refused_beforehand(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "RESERVE", 10**18)
    error = refused("backup.no_room", court.backup)
    assert float(str(error.params["needed"])) > float(str(error.params["free"]))
    assert court.parts_left() == []


def test_a_disk_that_is_not_mounted_is_not_filled_in_its_place(court: Court) -> None:
    gone = court.folder / "mnt/ecc/a.backup"
    refused("backup.disk", lambda: make(court.settings, gone, court.folder / "a.keys", [court.public]))
    assert not (court.folder / "mnt").exists()


INSTANTS = [
    ("dashboard.backups.making:_held", 1),  # the database is copied
    ("dashboard.backups.making:_settings_kept", 1),  # the archive has begun
    ("dashboard.backups.making:_name", 1),  # both are written
    ("dashboard.backups.making:_name", 2),  # the keys have their name
    ("os:fsync", 3),
]


def killed_at(place: str, times: int) -> str:
    """A program that goes on until it has reached this place so many times, and is then killed as kill -9 does."""
    module, _, name = place.partition(":")
    return (
        f"import os, signal, sys, importlib\nmodule = importlib.import_module({module!r})\n"
        f"real = getattr(module, {name!r}); left = [{times}]\n"
        "def dying(*words, **named):\n    left[0] -= 1\n    if not left[0]:\n        os.kill(os.getpid(), signal.SIGKILL)\n"
        f"    return real(*words, **named)\nsetattr(module, {name!r}, dying)\n"
        "from dashboard.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    )


def die(court: Court, place: str, times: int, words: list[str]) -> int:
    program = [sys.executable, "-c", killed_at(place, times), *words]
    return subprocess.run(program, env=as_environ(court.settings), cwd=ROOT, capture_output=True, timeout=120, check=False).returncode


@pytest.mark.parametrize(("place", "times"), INSTANTS)
def test_a_killed_backup_leaves_no_half_one(court: Court, place: str, times: int) -> None:
    assert die(court, place, times, backup_words(court)) == -signal.SIGKILL
    assert not (court.folder / "a.backup").exists()
    (court.folder / "a.keys").unlink(missing_ok=True)  # whole, if it is there, and of no use
    court.backup()  # takes away what the killed one left
    assert court.parts_left() == []
    assert list(court.settings.run.glob("backup/*")) == []
    assert court.restore().parts > 3


def test_links_of_a_killed_backup_do_not_keep_a_purged_recording(court: Court) -> None:
    assert die(court, "dashboard.backups.making:_settings_kept", 1, backup_words(court)) == -signal.SIGKILL
    film = court.settings.recordings / "R1/1.webm"
    assert film.stat().st_nlink == 2
    remove_left_over(court.settings)
    assert film.stat().st_nlink == 1


@pytest.mark.parametrize(
    "place",
    [
        "dashboard.backups.restoring:_check_seal",
        "dashboard.backups.restoring:_check_keys",
        "dashboard.backups.restoring:_check_chain",
        "dashboard.backups.restoring:record_restored",
        "os:sync",
    ],
)
def test_a_killed_restore_leaves_no_home_and_the_next_one_a_whole_one(court: Court, place: str) -> None:
    court.backup()
    assert die(court, place, 1, restore_words(court)) == -signal.SIGKILL
    assert not (court.folder / "new").exists()
    court.restore()
    assert content(court.folder / "new") == content(court.settings.home)
    assert court.parts_left() == []


# --- the daily one -----------------------------------------------------------------------------------------------------------------------


def scheduled(court: Court, **more: Any) -> Settings:
    folders = {"backup_to": court.folder / "to", "backup_keys_to": court.folder / "keys_to"}
    return court.settings.but(**folders, backup_at="02:30", backup_recipients=(court.public,), **more)


def test_without_a_name_it_goes_where_the_settings_say_and_the_newest_stay(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = scheduled(court, backup_keep=2)
    for name, value in as_environ(settings).items():
        if name.startswith("ECC_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(making, "NICE", 0)
    (court.folder / "to").mkdir()
    for day in (1, 2):
        (court.folder / f"to/ecc-2026110{day}T183000Z.backup").touch()
    assert main(["backup"]) == 0
    assert len(list((court.folder / "to").iterdir())) == 2
    assert not (court.folder / "to/ecc-20261101T183000Z.backup").exists()
    (keys,) = (court.folder / "keys_to").iterdir()
    assert keys.suffix == ".keys"
    assert keep_newest(settings) == []


def test_an_identity_is_for_its_owner_and_never_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECC_HOME", str(tmp_path / "home"))
    path = tmp_path / "identity"
    assert main(["backup", "--new-identity", str(path)]) == 0
    said = capsys.readouterr().out
    assert path.stat().st_mode & 0o777 == 0o600
    assert "AGE-SECRET-KEY" not in said
    assert re.search("age1[0-9a-z]{58}", said)
    before = path.read_text()
    assert main(["backup", "--new-identity", str(path)]) == 1
    assert path.read_text() == before
    assert main(["backup", str(tmp_path / "a.backup")]) == 1  # nobody to encrypt for
    assert not (tmp_path / "a.backup").exists()


def test_one_at_a_time(court: Court) -> None:
    with making.alone(court.settings):
        refused("backup.running", court.backup)
        remove_left_over(court.settings)  # takes nothing from who is at it
        assert (court.settings.run / "backup").exists()
    court.backup()


# --- PostgreSQL --------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def other_url(postgres: Any) -> Iterator[str]:
    name = f"test_{ULID()}".lower()
    yield postgres.create_database(name)
    postgres.drop_database(name)


def test_postgresql_there_and_back(tmp_path: Path, postgres_url: str, other_url: str) -> None:
    court = court_in(tmp_path, database_url=postgres_url)
    made = court.backup()
    refused("backup.other_database", court.restore)
    assert not (court.folder / "new").exists()
    elsewhere = Settings.of(home=tmp_path / "elsewhere", database_url=other_url)
    done = court.restore(settings=elsewhere)
    assert done.seq == made.seq
    restored = elsewhere.but(home=tmp_path / "new", court_code="岭0108")
    assert chain(restored) is None
    assert content(tmp_path / "new") == content(court.settings.home)
    found = []
    for url in (postgres_url, other_url):
        database = open_database(url)
        with database.reading() as session:
            found.append(session.scalars(select(UnitRow.no).order_by(UnitRow.no)).all())
        database.close()
    assert found[0] == found[1] != []
    refused("backup.database_not_empty", lambda: court.restore(home="again", settings=elsewhere))


@pytest.mark.parametrize(("before", "after"), [(True, True), (True, False), (False, True)])
def test_postgis_in_either_database_makes_no_difference_to_an_account_that_owns_no_extension(
    tmp_path: Path, postgres: Any, before: bool, after: bool
) -> None:
    """As a court has it: the superuser has made the extension, the centre's own account may not."""
    need(POSTGIS.exists(), "postgresql-15-postgis-3")
    names = [f"test_{ULID()}".lower() for _ in range(2)]
    urls = [own_account(postgres, name, postgis) for name, postgis in zip(names, (before, after), strict=True)]
    court = court_in(tmp_path, database_url=urls[0])
    made = court.backup()
    assert court.restore(settings=Settings.of(home=tmp_path / "elsewhere", database_url=urls[1])).seq == made.seq
    counted = []
    for url in urls:
        database = open_database(url)
        assert is_newest(database)
        with database.reading() as session:
            counted.append(len(session.scalars(select(UnitRow.no)).all()))
            assert (
                bool(session.scalar(text("SELECT count(*) FROM pg_extension WHERE extname = 'postgis'")))
                == (before, after)[len(counted) - 1]
            )
        database.close()
    assert counted[0] == counted[1] > 0
    for name in names:
        postgres.drop_database(name)


def own_account(postgres: Any, name: str, postgis: bool) -> str:
    """The URL of a new database for an account that is no superuser and owns it."""
    url: str = postgres.create_database(name, postgis)
    with postgres.connect() as connection:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'court'").fetchone() is None:
            connection.execute("CREATE ROLE court LOGIN")
        connection.execute(f"ALTER DATABASE {name} OWNER TO court")
    return url.replace("://ecc@", "://court@")


def test_the_password_of_the_database_is_on_no_command_line(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    court = court_in(tmp_path, database_url=postgres_url.replace("://ecc@", "://ecc:Ohngoo4e@"))
    program = tmp_path / "bin/pg_dump"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\necho "$PGPASSWORD $PGDATABASE" > {tmp_path}/given\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    made = court.backup()
    assert "Ohngoo4e" not in (tmp_path / "words").read_text()
    assert (tmp_path / "given").read_text().startswith("Ohngoo4e test_")
    with decrypted(made.archive, identities_in(court.identity), lambda: BadInput("")) as stream:
        assert b"Ohngoo4e" not in stream.read()


def test_without_pg_dump_it_is_said_which_program_is_missing(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    court = court_in(tmp_path, database_url=postgres_url)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused("backup.no_pg_dump", court.backup).params["program"] == "pg_dump"
    assert court.parts_left() == []

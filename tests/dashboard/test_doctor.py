"""`ecc doctor` and `ecc officer add` on a real home."""

import http.server
import json
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard.__main__ import main
from dashboard.doctor import Finding, examine
from dashboard.heartbeat.parts import NAMES, State
from dashboard.supervise import Beat, Home
from dashboard.upgrade import upgrade
from data.actions.backups import record_backup, record_failed_backup
from data.engines import open_database
from data.journal import Journal
from data.rules.permissions import SYSTEM
from data.sealing import load_sealing
from data.settings import Settings, as_environ
from tests.certificates import certificate
from tests.servers import free_port


def found(settings: Settings) -> dict[str, Finding]:
    return {finding.part: finding for finding in examine(settings)}


def test_a_sound_home_has_nothing_bad(tmp_path: Path) -> None:
    looked = found(Settings.of(home=tmp_path / "home"))
    assert tuple(looked) == NAMES
    assert {name: each.sentence for name, each in looked.items() if each.found.state not in (State.UP, State.OFF, State.WARN)} == {}
    assert {name for name, each in looked.items() if each.found.state is State.OFF} >= {"web", "jobs", "relay", "ingest", "turn", "backup"}


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_a_terminal_that_speaks_no_utf8_is_told_all_the_same(tmp_path: Path, encoding: str) -> None:
    command = [sys.executable, "-m", "dashboard", "doctor"]
    environ = as_environ(Settings.of(home=tmp_path / "home")) | {"PYTHONIOENCODING": f"{encoding}:strict"}
    done = subprocess.run(command, env=environ, capture_output=True, timeout=60, check=False)
    printed, wrong = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert "Traceback" not in wrong
    assert len(printed.splitlines()) >= len(NAMES)
    assert encoding == "ascii" or "√  版本" in printed


def test_a_home_that_cannot_be_written_is_named_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    looked = found(Settings.of(home=tmp_path / "file/home"))
    assert str(tmp_path / "file/home") in looked["home"].sentence
    assert not looked["home"].good
    assert looked["fonts"].good
    assert len(looked) == len(NAMES)


def test_keys_that_others_can_read_are_named(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path / "home")
    settings.make_folders()
    (settings.keys / "media.key").write_bytes(b"x")
    (settings.keys / "media.key").chmod(0o644)
    looked = found(settings)
    assert not looked["home"].good
    assert "media.key" in looked["home"].sentence
    assert "chmod" in looked["home"].line(0)


def test_an_old_schema_is_down_and_a_new_one_is_not(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path / "home")
    settings.make_folders()
    upgrade(settings)
    assert found(settings)["migrations"].found.state is State.UP
    other = Settings.of(home=tmp_path / "other")
    other.make_folders()
    import sqlite3

    with sqlite3.connect(other.home / "ecc.db") as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        database.execute("INSERT INTO alembic_version VALUES ('0001')")
    assert found(other)["migrations"].found.state is State.DOWN


@pytest.mark.parametrize(("days", "state"), [(-1, State.DOWN), (20, State.WARN), (200, State.UP)])
def test_a_certificate_says_when_it_ends(tmp_path: Path, days: int, state: State) -> None:
    cert, key = certificate(tmp_path, datetime.now(UTC) + timedelta(days=days, hours=1))
    looked = found(Settings.of(home=tmp_path / "home", tls_cert=cert, tls_key=key))
    assert looked["certificate"].found.state is state


@contextmanager
def time_server(ahead_s: float, stratum: int = 2, echo: bool = True) -> Iterator[str]:
    """A server of SNTP on the loopback that is so much ahead of us."""
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.bind(("127.0.0.1", 0))
    wire.settimeout(20)

    def answer() -> None:
        try:
            question, who = wire.recvfrom(1024)
        except OSError:
            return
        theirs = int((time.time() + ahead_s + 2_208_988_800) * 2**32)
        ours = question[40:48] if echo else bytes(8)
        wire.sendto(struct.pack("!BBBbII4sQ", 0x24, stratum, 0, -20, 0, 0, b"TEST", 0) + ours + struct.pack("!QQ", theirs, theirs), who)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{wire.getsockname()[1]}"
    finally:
        wire.close()


@pytest.mark.parametrize(
    ("ahead_s", "stratum", "echo", "state"),
    [
        (0.0, 2, True, State.UP),
        (-3.0, 2, True, State.WARN),
        (60.0, 2, True, State.DOWN),
        (0.0, 16, True, State.WARN),
        (0, 2, False, State.WARN),
    ],
)
def test_the_clock_is_compared_with_the_server_that_is_set(tmp_path: Path, ahead_s: float, stratum: int, echo: bool, state: State) -> None:
    with time_server(ahead_s, stratum, echo) as server:
        looked = found(Settings.of(home=tmp_path / "home", ntp_server=server))
    assert looked["clock"].found.state is state
    if stratum == 2 and echo:
        assert looked["clock"].found.gauges["ecc_clock_offset_seconds"] == pytest.approx(-ahead_s, abs=0.6)


class Door(http.server.BaseHTTPRequestHandler):
    """A web process as the doctor sees it: alive, and no token is good."""

    def do_GET(self) -> None:
        body = b'{"alive": true, "build": "of another day"}'
        self.send_response(200 if self.path == "/healthz" else 401)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.mark.parametrize("tls", [False, True])
def test_a_running_court_is_asked_at_its_own_doors_with_its_own_certificate(tmp_path: Path, tls: bool) -> None:
    files = dict(zip(("tls_cert", "tls_key"), certificate(tmp_path, datetime.now(UTC) + timedelta(days=90)), strict=True)) if tls else {}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    if tls:
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(files["tls_cert"], files["tls_key"])
        server.socket = own.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = Settings.of(home=tmp_path / "home", port=server.server_address[1], media_port=free_port(), **files)
    settings.make_folders()
    home = Home(settings)
    home.take()
    try:
        looked = found(settings)
    finally:
        server.shutdown()
        server.server_close()
    assert (looked["web"].found.state, looked["web"].found.code) == (State.WARN, "old")  # it serves another build than lies here
    assert looked["ingest"].found.state is State.UP
    assert looked["ingest"].found.ms is not None
    assert [looked[name].found.state for name in ("jobs", "relay")] == [State.DOWN, State.DOWN]  # none ever beat


def test_of_two_web_processes_the_silent_one_is_named_and_the_centre_is_there(tmp_path: Path) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    second = server.server_address[1]
    settings = Settings.of(home=tmp_path / "home", port=second - 1, web_processes=2, media_port=free_port())
    settings.make_folders()
    home = Home(settings)
    home.take()
    try:
        looked = found(settings)
        assert (looked["web"].found.state, looked["web"].found.code, looked["web"].good) == (State.WARN, "some", True)
        assert f"网页进程 1（端口 {second - 1}）" in looked["web"].sentence
        assert looked["ingest"].found.state is State.UP  # by the one that answers
    finally:
        server.shutdown()
        server.server_close()
    assert found(settings)["web"].found.state is State.DOWN


def test_a_part_that_runs_alone_is_a_running_court_too(tmp_path: Path) -> None:
    settings = Settings.of(home=tmp_path / "home", port=free_port(), media_port=free_port())
    settings.make_folders()
    assert found(settings)["web"].found.state is State.OFF
    Beat(settings, "jobs")()
    looked = found(settings)
    assert looked["jobs"].found.state is State.UP
    assert looked["web"].found.state is State.DOWN


def test_nobody_is_asked_for_the_time_unless_somebody_is_named(tmp_path: Path) -> None:
    assert found(Settings.of(home=tmp_path / "home"))["clock"].found.state is State.OFF


def test_a_turn_server_that_is_silent_is_down_and_its_address_is_said(tmp_path: Path) -> None:
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    try:
        looked = found(Settings.of(home=tmp_path / "home", turn_urls=(f"turn:127.0.0.1:{port}?transport=udp",)))
    finally:
        silent.close()
    assert looked["turn"].found.state is State.DOWN
    assert str(port) in looked["turn"].sentence


@pytest.mark.parametrize(
    ("made_h", "failed_h", "scheduled", "state"),
    [
        (1, None, False, State.UP),
        (1, None, True, State.UP),
        (40, None, True, State.WARN),
        (40, 1, True, State.DOWN),
        (1, 2, True, State.UP),  # made after it had failed
        (None, None, True, State.WARN),
        (None, None, False, State.OFF),
    ],
)
def test_how_old_the_backup_is(tmp_path: Path, made_h: int | None, failed_h: int | None, scheduled: bool, state: State) -> None:
    folders: dict[str, Any] = {"backup_to": tmp_path / "to", "backup_keys_to": tmp_path / "keys", "backup_recipients": (f"age1{'q' * 58}",)}
    settings = Settings.of(home=tmp_path / "home", **(folders | {"backup_at": "02:30"} if scheduled else {}))
    settings.make_folders()
    upgrade(settings)
    database = open_database(settings.database_url)
    journal = Journal(database, load_sealing(settings.keys), settings.court_code)
    for hours in sorted({made_h, failed_h} - {None}, reverse=True, key=int):  # type: ignore[arg-type]
        at = datetime.now(UTC) - timedelta(hours=float(hours or 0))
        if hours == made_h:
            journal.do(SYSTEM, at, record_backup, "B1", 3, 1000, "0" * 64, 7)
        else:
            journal.do(SYSTEM, at, record_failed_backup, "B2", "backup.full")
    database.close()
    assert found(settings)["backup"].found.state is state


def test_who_is_responsible_stands_in_the_line_and_in_the_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ECC_OWNERS", "database=信息科 8001,*=技术值守")
    assert main(["doctor"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "数据库" in line)
    assert "信息科 8001" in line
    assert main(["doctor", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["good"] is True
    owners = {each["part"]: each["owner"] for each in said["parts"]}
    assert (owners["database"], owners["disk"]) == ("信息科 8001", "技术值守")


def test_something_that_is_down_is_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ECC_REDIS_URL", "redis://127.0.0.1:1/0")
    assert main(["doctor", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [each["part"] for each in said["parts"] if each["state"] == "down"] == ["bus"]
    assert next(each["to_do"] for each in said["parts"] if each["part"] == "bus")


def test_the_first_password_is_said_once_and_the_journal_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ECC_COURT_CODE", "岭0108")
    assert main(["officer", "add", "wang", "--name", "王某", "--title", "值班员", "--role", "duty"]) == 0
    said = capsys.readouterr().out
    password = said.strip().rsplit("：", 1)[1]
    assert len(password) >= 12
    assert not [path for path in (tmp_path / "home").rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert main(["verify"]) == 0
    assert main(["officer", "add", "wang", "--name", "王某", "--title", "值班员", "--role", "duty"]) == 1
    assert "Traceback" not in capsys.readouterr().err

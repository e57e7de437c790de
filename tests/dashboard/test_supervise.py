"""The supervisor on real children: one home, one centre; what ends is started again; what freezes is named; all end together."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import psutil
import pytest
import websockets

from dashboard.supervise import Program, held_back, pause_s, wait_until_prepared
from dashboard.systemd import ALIVE, ENDING, READY, tell_systemd
from data.errors import Misconfigured
from data.settings import Settings, as_environ
from tests.dashboard.test_live import call, end_call, viewer
from tests.running import Product
from tests.servers import free_port, short_folder, wait_until

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def heard() -> Iterator[list[str]]:
    """What systemd would hear; read at once, for a full queue takes nothing more."""
    said: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire, pytest.MonkeyPatch.context() as patch:
        folder = short_folder()
        wire.bind(str(folder / "n"))
        patch.setenv("NOTIFY_SOCKET", str(folder / "n"))
        thread = Thread(target=lambda: said.extend(iter(lambda: wire.recv(100).decode(), "")))
        thread.start()
        yield said
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(folder / "n"))
        thread.join()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def product(heard: list[str]) -> Iterator[Product]:
    with Product() as product:
        yield product


def test_systemd_hears_that_it_is_ready_and_then_that_it_lives(product: Product, heard: list[str]) -> None:
    assert product.status("/readyz") == 200
    wait_until(lambda: READY in heard, "it never said that it is ready")
    wait_until(lambda: f"{READY}\n{ALIVE}" in heard, "it never said that it lives")
    assert ENDING not in heard


def test_a_supervisor_that_ends_says_so(heard: list[str]) -> None:
    with Product() as product:
        product.end()
    wait_until(lambda: ENDING in heard, "it never said that it ends")


def test_whoever_was_not_started_by_systemd_or_finds_it_gone_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("", "/nowhere/at/all", "@nobody"):
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        tell_systemd(READY)


def ecc(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dashboard", *words]
    return subprocess.run(command, cwd=ROOT, env=as_environ(settings), capture_output=True, text=True, timeout=60, check=False)


def test_a_second_start_on_the_same_home_is_one_clear_sentence(product: Product) -> None:
    said = ecc(product.settings.but(port=free_port()), "serve")
    assert said.returncode == 78
    assert said.stderr.strip().splitlines()[-1].count("。") == 1
    assert str(product.pids()["supervisor"]) in said.stderr


def test_a_taken_port_is_one_clear_sentence(product: Product, tmp_path: Path) -> None:
    said = ecc(product.settings.but(home=tmp_path / "other"), "serve")
    assert said.returncode == 78
    assert str(product.settings.port) in said.stderr
    assert "Traceback" not in said.stderr


def test_an_unknown_setting_is_one_clear_sentence(tmp_path: Path) -> None:
    environ = as_environ(Settings.of(home=tmp_path)) | {"ECC_PROT": "1"}
    said = subprocess.run(
        [sys.executable, "-m", "dashboard", "serve"], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (said.returncode, "ECC_PORT" in said.stderr, "Traceback" in said.stderr) == (78, True, False)


def test_1_a_password_that_everybody_knows_refuses_the_start_in_one_sentence(tmp_path: Path) -> None:
    environ = as_environ(Settings.of(home=tmp_path)) | {"ECC_REDIS_URL": "redis://:foobared@10.0.0.5/0"}
    command = [sys.executable, "-m", "dashboard", "serve"]
    said = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (said.returncode, "redis_url" in said.stderr, "Traceback" in said.stderr) == (78, True, False)
    assert "foobared" not in said.stdout + said.stderr


def test_the_supervisor_stays_small(product: Product) -> None:
    """It must be there when everything else is not: nothing heavy is imported into it."""
    assert psutil.Process(product.pids()["supervisor"]).memory_info().rss < 60 * 1024 * 1024


def test_what_came_up_is_back_soon_however_often_it_is_killed_and_what_never_does_is_left_alone_longer() -> None:
    assert max(pause_s(failures, came_up=True) for failures in range(20)) == 1.0
    never = [pause_s(failures, came_up=False) for failures in range(20)]
    assert (never[0], never[-1], sorted(never)) == (0.0, 30.0, never)


async def test_the_web_process_killed_is_back_and_lost_nothing(product: Product) -> None:
    async with viewer(product, "wall", product.seeded.wall):
        id_ = await call(product, 1001)
        old = product.kill("web")
    await asyncio.to_thread(product.until_started_again, "web", old)
    await asyncio.to_thread(product.until_ready)
    async with viewer(product, "wall", product.seeded.wall) as wall:
        assert wall.rows["call"][id_]["unit"] == "1001"
        await end_call(product, 1001, id_)


@pytest.mark.parametrize("fault", ["kill", pytest.param("freeze", marks=pytest.mark.long)])
async def test_a_bus_that_goes_is_said_and_nothing_is_lost_or_doubled(product: Product, fault: str) -> None:
    async with viewer(product, "wall", product.seeded.wall) as wall:
        await wall.until(lambda: wall.tick and wall.tick["parts"]["bus"]["up"])
        placed = [await call(product, 1001)]
        if fault == "kill":
            product.kill("bus")
        else:
            product.freeze("bus")
            await wall.until(lambda: not wall.tick["parts"]["bus"]["up"])
        await end_call(product, 1001, placed[0])
        placed.append(await call(product, 1002))
        await wall.until(lambda: placed[1] in wall.shown)
        if fault == "freeze":
            product.thaw("bus")
        wall.tick = {}
        await wall.until(lambda: wall.tick and wall.tick["parts"]["bus"]["up"])
        await end_call(product, 1002, placed[1])
        placed.append(await call(product, 1003))
        await wall.until(lambda: placed[2] in wall.shown)
        await end_call(product, 1003, placed[2])
        assert wall.shown == placed
        assert wall.snapshots == 1


async def test_frozen_jobs_are_said_and_named(product: Product) -> None:
    async with viewer(product, "wall", product.seeded.wall) as wall:
        product.freeze("jobs")
        await wall.until(lambda: wall.tick and not wall.tick["parts"]["jobs"]["up"])
        await asyncio.to_thread(wait_until, lambda: "jobs does not answer" in product.said(), "the supervisor said nothing")
        product.thaw("jobs")
        await wall.until(lambda: wall.tick["parts"]["jobs"]["up"])


@pytest.mark.long  # a long fault
async def test_a_frozen_web_process_says_the_whole_truth_afterwards(product: Product) -> None:
    async with viewer(product, "wall", product.seeded.wall) as wall:
        product.freeze("web")
        await asyncio.to_thread(wait_until, lambda: "web does not answer" in product.said(), "the supervisor said nothing")
        product.thaw("web")
        id_ = await call(product, 1004)
        await wall.until(lambda: id_ in wall.rows["call"])
        await end_call(product, 1004, id_)


POISON = (
    "UPDATE court SET lat = 1000", "UPDATE team SET leader_id = 'nobody' WHERE name = '二组'",
    "UPDATE officer SET role = 'emperor' WHERE name = '陈丁'",
    "UPDATE vehicle SET kind = 'NONSENSE', plate = x'00'", "UPDATE unit SET kind = 'NONSENSE' WHERE no = 1004",
    "UPDATE device SET kind = 'NONSENSE', token_hash = 'x' WHERE unit_no = 1004", "UPDATE area SET lat = 1000",
    "UPDATE call SET state = 'NONSENSE' WHERE unit_no = 1002", "UPDATE wall SET layout = 77 WHERE name != '指挥大厅'",
    "UPDATE session SET kind = 'NONSENSE' WHERE officer_id IN (SELECT id FROM officer WHERE name = '李长')",
    "INSERT INTO fence (id, court_code, name, kind, ring) SELECT '01FENCE0000000000000000000', code, 'x', 'NONSENSE', '[1]' FROM court",
    "INSERT INTO mission (id, no, court_code, kind, matter, planned_from, planned_to, state, changed_at) SELECT 'P', 'P', code, 'X', 'x', "
    "'2026-01-01 00:00:00', '2099-01-01 00:00:00', 'NONSENSE', '2026-01-01 00:00:00' FROM court",
    "INSERT INTO link (id, secret_hash, purpose, made_at, expires_at) VALUES ('01LINK00000000000000000000', 'x', 'NONSENSE', "
    "'2026-01-01 00:00:00', '2099-01-01 00:00:00')",
)  # fmt: skip


async def test_29_with_a_poison_record_in_each_table_it_starts_and_shows_the_rest(product: Product) -> None:
    """The last one on this home."""
    await end_call(product, 1002, await call(product, 1002))
    database = product.database()
    with database.writes.begin() as connection:
        for change in POISON:
            connection.exec_driver_sql(change)
    database.close()
    old = product.kill("web")
    await asyncio.to_thread(product.until_started_again, "web", old)
    await asyncio.to_thread(product.until_ready)
    async with viewer(product, "wall", product.seeded.wall) as wall:
        assert wall.rows["unit"].keys() >= {"1001", "1002", "1003"}
        assert wall.rows["today"]["today"]["skipped"] >= 1
        id_ = await call(product, 1001)
        await wall.until(lambda: id_ in wall.rows["call"])
    async with viewer(product, "desk", product.seeded.desk) as desk:
        assert desk.rows["call"][id_]["unit"] == "1001"


async def test_6_whoever_runs_the_machine_puts_out_a_wall_and_a_device(product: Product) -> None:
    """After the last one on this home."""
    async with viewer(product, "wall", product.seeded.wall) as wall, viewer(product, "field", product.seeded.devices[1006]) as phone:
        known = [("wall", "指挥大厅"), ("device", "6")]
        unknown = [("wall", "指挥大厅"), ("device", "x"), ("officer", "x")]
        for place, (what, which) in enumerate([*known, *unknown]):
            said = await asyncio.to_thread(ecc, product.settings, "revoke", what, which)
            assert (said.returncode == 0) is (place < len(known)), said.stderr
            assert "Traceback" not in said.stderr
        for view in (wall, phone):
            with pytest.raises(websockets.ConnectionClosed):
                await view.until(lambda: False)


WAITS = """
import sys, time
from pathlib import Path
from dashboard.supervise import wait_until_prepared
from data.settings import Settings
settings = Settings.of(home=Path(sys.argv[1]))
print("here", flush=True)
wait_until_prepared(settings)
(settings.run / "opened").touch()
time.sleep(60)
"""


def early(settings: Settings) -> Program:
    return Program("web", [sys.executable, "-c", WAITS, str(settings.home)], dict(os.environ), None)


@pytest.fixture
def prepared(tmp_path: Path) -> Settings:
    settings = Settings.of(home=tmp_path)
    settings.make_folders()
    return settings


def test_the_web_process_waits_with_the_home_until_it_is_prepared_and_is_not_started_twice(prepared: Settings) -> None:
    web, jobs = early(prepared), Program("jobs", [sys.executable, "-c", ""], dict(os.environ), None)
    with held_back(prepared, [jobs, web]):
        begun = web.pid()
        with pytest.raises(AssertionError):
            jobs.pid()
        time.sleep(1.5)  # longer than it takes to come to the door
        assert web.exit_code() is None
        assert not (prepared.run / "opened").exists()
    assert web.start() == begun
    wait_until((prepared.run / "opened").exists, "it never went on")
    web.send(signal.SIGKILL)
    web.close()
    assert web.start() != begun
    web.send(signal.SIGKILL)
    web.close()


def test_a_preparation_that_fails_leaves_no_child_and_no_lock(prepared: Settings) -> None:
    web = early(prepared)
    with pytest.raises(Misconfigured), held_back(prepared, [web]):
        raise Misconfigured("migration failed", code="misconfigured.migration")
    assert web.exit_code() == -signal.SIGKILL
    assert not (prepared.run / "opened").exists()
    wait_until_prepared(prepared)  # nobody holds it


def test_a_supervisor_killed_while_it_prepares_lets_the_next_one_go_on(prepared: Settings) -> None:
    holds = "import sys, time; from pathlib import Path; from dashboard.supervise import held_back; from data.settings import Settings\n"
    holds += "with held_back(Settings.of(home=Path(sys.argv[1])), []): print('holds', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", holds, str(prepared.home)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holds\n"
    holder.kill()
    holder.communicate()
    with held_back(prepared, []):
        pass


LONG = pytest.mark.long  # by SIGTERM every product of the tests ends


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=LONG), pytest.param(signal.SIGINT, marks=LONG)])
def test_all_end_together_and_leave_nothing_in_the_way(how: signal.Signals) -> None:
    with Product() as product:
        family = [psutil.Process(pid) for pid in product.pids().values()]
        product.freeze("jobs")
        code = product.end(how)
        _, alive = psutil.wait_procs(family, 20)
        assert alive == []
        assert code == (0 if how is not signal.SIGKILL else -signal.SIGKILL)
        if how is not signal.SIGKILL:
            assert not (product.home / "run/pids.json").exists()
        else:
            product.start()
            assert product.status("/healthz") == 200

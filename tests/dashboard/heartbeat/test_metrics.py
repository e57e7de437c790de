"""`/metrics` and what Debian's real Prometheus makes of it: scraped, judged by our rules, an alert that fires when a part is frozen."""

import json
import re
import stat
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from prometheus_client import generate_latest

from dashboard.heartbeat.metrics import TOKEN, Told
from dashboard.heartbeat.parts import NAMES, Found, State
from dashboard.monitoring import __file__ as monitoring
from tests.node import NODE
from tests.running import Product
from tests.servers import PROMETHEUS, PROMTOOL, PrometheusServer, free_port, need, own_addresses, wait_until

FOLDER = Path(monitoring).parent
ROOT = FOLDER.parents[1]
WAITS_S = 90.0  # generous: the alert's own ten seconds, two evaluations, a slow machine
PERSONAL = ("陈", "王值", "李长", "岭A")


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product(metrics_port=free_port()) as product:
        product.until_relay()
        yield product


def asked(product: Product, token: str | None = None, path: str = "/metrics", host: str = "127.0.0.1", port: int = 0) -> tuple[int, str]:
    address = f"http://{host}:{port or product.settings.metrics_port}{path}"
    request = urllib.request.Request(address, headers={"authorization": f"Bearer {token}"} if token is not None else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""
    except OSError:
        return 0, ""


def token(product: Product) -> str:
    return (product.settings.keys / TOKEN).read_text().strip()


def test_only_who_holds_the_token_is_told(product: Product) -> None:
    assert stat.S_IMODE((product.settings.keys / TOKEN).stat().st_mode) == 0o600
    assert asked(product)[0] == 401
    assert asked(product, token(product)[:-1])[0] == 401
    assert asked(product, "")[0] == 401
    status, said = asked(product, token(product))
    assert status == 200
    for part in ("web", "relay", "database", "bus", "jobs"):
        wait_until(lambda part=part: f'ecc_part_up{{part="{part}"}} 1.0' in asked(product, token(product))[1], part, WAITS_S)  # type: ignore[misc]
    assert not [word for word in PERSONAL if word in said]
    assert asked(product, token(product), "/")[0] == 404
    assert asked(product, token(product), "/healthz")[0] == 404


def test_it_is_on_the_loopback_alone_and_at_no_other_door(product: Product) -> None:
    assert asked(product, token(product), port=product.settings.port)[0] in (401, 404)
    for host in filter(None, own_addresses()[:1]):
        assert asked(product, token(product), host=host)[0] == 0


def test_without_a_port_there_is_none(tmp_path: Path) -> None:
    from data.settings import Settings

    settings = Settings.of(home=tmp_path / "home")
    assert settings.metrics_port == 0
    settings.make_folders()
    assert not (settings.keys / TOKEN).exists()


def families(read: dict[str, tuple[State, Found]], counts: dict[str, float]) -> dict[str, dict[str, float]]:
    told = Told(lambda: read, lambda: counts, "0123456789ab")
    return {
        family.name: {"/".join(each.labels.values()): each.value for each in family.samples} for family in told.collect() if family.samples
    }


def test_what_is_not_set_up_is_not_told_of_and_what_warns_is_up() -> None:
    found = families(
        {
            "turn": (State.OFF, Found(State.OFF, "off")),
            "disk": (State.WARN, Found(State.WARN, "up")),
            "bus": (State.DOWN, Found(State.DOWN, "down", ms=3)),
        },
        {},
    )
    assert found["ecc_part_up"] == {"disk": 1.0, "bus": 0.0}
    assert found["ecc_part_warns"] == {"disk": 1.0, "bus": 0.0}
    assert "ecc_part_latency_seconds" not in found


# --- the files that an operator copies ---


def test_the_rules_are_sound_by_prometheus_own_tool() -> None:
    need(PROMTOOL.exists(), "prometheus")
    done = subprocess.run([PROMTOOL, "check", "rules", FOLDER / "ecc.rules.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_when_it_should_and_not_before(tmp_path: Path) -> None:
    need(PROMTOOL.exists(), "prometheus")
    for file in (FOLDER / "ecc.rules.yml", Path(__file__).parent / "ecc.rules.test.yml"):
        (tmp_path / file.name).write_text(file.read_text())
    done = subprocess.run([PROMTOOL, "test", "rules", tmp_path / "ecc.rules.test.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_sample_is_sound_by_prometheus_own_tool(tmp_path: Path) -> None:
    need(PROMTOOL.exists(), "prometheus")
    text = (FOLDER / "prometheus.example.yml").read_text().replace("/etc/prometheus/ecc.token", str(tmp_path / "token"))
    (tmp_path / "token").write_text("x")
    (tmp_path / "prometheus.yml").write_text(text)
    (tmp_path / "ecc.rules.yml").write_text((FOLDER / "ecc.rules.yml").read_text())
    done = subprocess.run([PROMTOOL, "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


OURS = re.compile(r"\becc_[a-z_]+")
NOT_YET = {
    "ecc_certificate_expires_timestamp_seconds",
    "ecc_clock_offset_seconds",
    "ecc_backup_timestamp_seconds",
    "ecc_disk_forecast_days",
    "ecc_case_system_age_seconds",
}


def test_rules_and_board_of_grafana_ask_for_nothing_that_is_not_told(product: Product) -> None:
    expressions = [line for line in (FOLDER / "ecc.rules.yml").read_text().splitlines() if "expr:" in line]
    board = json.loads((FOLDER / "ecc.dashboard.json").read_text())
    expressions += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    wait_until(lambda: "ecc_disk_free_ratio" in asked(product, token(product))[1], "the disk was looked at", WAITS_S)
    told = set(OURS.findall(asked(product, token(product))[1]))
    assert {name for line in expressions for name in OURS.findall(line)} - told - NOT_YET == set()
    named = {part for line in expressions for parts in re.findall(r'part!?=~?"([^"]+)"', line) for part in parts.split("|")}
    assert named <= set(NAMES)


# what JSON can hold of Grafana's own types: an enumeration is there as its text
PLAIN = """import type { Dashboard } from '@grafana/schema';
type Plain<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
export const board: Plain<Dashboard> = %s;
"""


@pytest.mark.parametrize(
    ("planted", "instead"),
    [(None, None), ('"schemaVersion": 38', '"schemaVersion": "38"'), ('"mode": "absolute"', '"mode": "absolut"'), ('"uid"', '"uidd"')],
)
def test_the_board_has_the_form_that_grafana_publishes(tmp_path: Path, planted: str | None, instead: str | None) -> None:
    modules = ROOT / "node_modules"
    need(NODE is not None, "nodejs")
    need((modules / "@grafana/schema").exists(), "@grafana/schema (make setup)")
    text = (FOLDER / "ecc.dashboard.json").read_text()
    if planted is not None and instead is not None:
        assert planted in text
        text = text.replace(planted, instead, 1)
    (tmp_path / "board.ts").write_text(PLAIN % text)
    paths = {"@grafana/schema": [str(modules / "@grafana/schema/dist/types/index.d.ts")]}
    options = {
        "strict": True,
        "noEmit": True,
        "skipLibCheck": True,
        "module": "esnext",
        "moduleResolution": "bundler",
        "paths": paths,
        "types": [],
    }
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["board.ts"]}))
    command = [str(NODE), str(modules / "typescript/bin/tsc"), "--project", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode == 0) == (planted is None), done.stdout


# --- the real one ---


@pytest.fixture
def prometheus(product: Product) -> Iterator[PrometheusServer]:
    need(PROMETHEUS.exists(), "prometheus")
    server = PrometheusServer()
    rules = server.folder / "ecc.rules.yml"
    rules.write_text((FOLDER / "ecc.rules.yml").read_text())
    server.configure(
        f"global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\nrule_files: ['{rules}']\n"
        f"scrape_configs:\n- job_name: ecc\n  authorization: {{credentials_file: '{product.settings.keys / TOKEN}'}}\n"
        f"  static_configs: [{{targets: ['127.0.0.1:{product.settings.metrics_port}']}}]\n"
    )
    server.start()
    try:
        yield server
    finally:
        server.close()


def api(server: PrometheusServer, path: str, **query: str) -> Any:
    with urllib.request.urlopen(f"{server.url}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=20) as answer:
        return json.loads(answer.read())["data"]


def firing(server: PrometheusServer) -> set[tuple[str, str]]:
    alerts = api(server, "alerts")["alerts"]
    return {(each["labels"]["alertname"], each["labels"].get("part", "")) for each in alerts if each["state"] == "firing"}


def test_it_is_scraped_and_an_alert_fires_while_a_part_is_frozen(product: Product, prometheus: PrometheusServer) -> None:
    def relay() -> list[str]:
        return [each["value"][1] for each in api(prometheus, "query", query='ecc_part_up{part="relay"}')["result"]]

    wait_until(lambda: relay() == ["1"], "the relay is up for Prometheus", WAITS_S)
    (target,) = api(prometheus, "targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    assert firing(prometheus) & {("EccPartDown", "relay"), ("EccGone", "")} == set()
    product.freeze("relay")
    try:
        wait_until(lambda: ("EccPartDown", "relay") in firing(prometheus), "the alert fires", WAITS_S)
    finally:
        product.thaw("relay")
    wait_until(lambda: ("EccPartDown", "relay") not in firing(prometheus), "the alert ends", WAITS_S)


class All(BaseHTTPRequestHandler):
    """Everything that a court may tell, in our own exposition: also what this small one has not set up."""

    def do_GET(self) -> None:
        found, bare = Found(State.UP, "up", ms=3, gauges=dict.fromkeys(NOT_YET, 1.0)), Found(State.UP, "up")
        body = generate_latest(
            Told(
                lambda: {"certificate": (State.UP, found), "backup": (State.UP, bare), "case_system": (State.UP, bare)},
                dict,
                "0123456789ab",
            )
        )
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def told_all() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), All)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_panel_and_every_alert_gets_an_answer_from_a_real_prometheus(
    product: Product, prometheus: PrometheusServer, told_all: int
) -> None:
    prometheus.configure(
        f"global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n- job_name: ecc\n"
        f"  authorization: {{credentials_file: '{product.settings.keys / TOKEN}'}}\n"
        f"  static_configs: [{{targets: ['127.0.0.1:{product.settings.metrics_port}']}}]\n"
        f"- job_name: more\n  static_configs: [{{targets: ['127.0.0.1:{told_all}']}}]\n"
    )
    prometheus.kill()
    prometheus.start()
    board = json.loads((FOLDER / "ecc.dashboard.json").read_text())
    rules = re.findall(r"expr: (.+)", (FOLDER / "ecc.rules.yml").read_text())
    asked_for = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    for expression in [*asked_for, *(re.sub(r" (==|[<>]) .*", "", rule) for rule in rules)]:
        wait_until(lambda e=expression: bool(api(prometheus, "query", query=e)["result"]), expression, WAITS_S)  # type: ignore[misc]


@pytest.mark.long
def test_a_web_process_that_is_frozen_is_an_alert_of_its_own(product: Product, prometheus: PrometheusServer) -> None:
    wait_until(lambda: [each["health"] for each in api(prometheus, "targets")["activeTargets"]] == ["up"], "scraped", WAITS_S)
    product.freeze("web")
    try:
        wait_until(lambda: ("EccGone", "") in firing(prometheus), "the alert fires", WAITS_S)
    finally:
        product.thaw("web")
    wait_until(lambda: firing(prometheus) == set(), "all is well", WAITS_S)

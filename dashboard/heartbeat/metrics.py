"""`/metrics` for the court's own Prometheus: on the loopback, at a port of its own, for whoever holds the token. Off unless a port is set.

It stands apart from every other door: no proxy that leads to the court's pages leads here. What it tells is the register's last readings
and a few counts, never anything of the court.
"""

import asyncio
import contextlib
import hmac
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboard.heartbeat.parts import Found, State
from dashboard.i18n import t
from dashboard.listening import listening
from data.errors import CommandCentreError
from data.sealing import load_key
from data.settings import Settings

LOOPBACK = "127.0.0.1"
TOKEN = "metrics.token"

log = logging.getLogger(__name__)

Readings = Callable[[], Mapping[str, tuple[State, Found]]]
Counts = Callable[[], Mapping[str, float]]

_HELP = {
    "ecc_disk_free_bytes": "Free on the disk of the recordings",
    "ecc_disk_free_ratio": "The same as a share of the whole disk",
    "ecc_disk_forecast_days": "Days until it is full at the pace of the last ones",
    "ecc_certificate_expires_timestamp_seconds": "When the first certificate of the chain expires",
    "ecc_clock_offset_seconds": "This machine's clock minus the time server's",
    "ecc_backup_timestamp_seconds": "When the newest backup was made",
    "ecc_case_system_age_seconds": "Age of the case system's newest word",
    "ecc_web_processes_up": "Of several web processes those that answer",
}


def load_token(settings: Settings) -> str:
    """The token in `keys`/metrics.token (0600), made on first use."""
    return load_key(settings.keys / TOKEN, lambda: secrets.token_urlsafe(32).encode()).decode().strip()


class Told(Collector):
    """The register's readings as families, made when Prometheus asks. counts: numbers by family, a counter's name ends with `_total`."""

    def __init__(self, readings: Readings, counts: Counts, build: str) -> None:
        self._readings, self._counts, self._build = readings, counts, build

    def collect(self) -> Iterable[Metric]:
        read = self._readings()
        info = GaugeMetricFamily("ecc_build_info", "What runs here", labels=("version", "build"))
        info.add_metric((version("enforcement-command-centre"), self._build), 1)
        yield info
        yield from self._of_parts({name: found for name, found in read.items() if found[0] is not State.OFF})
        for _, found in read.values():
            for name, value in found.gauges.items():
                yield GaugeMetricFamily(name, _HELP.get(name, name), value=value)
        for name, value in self._counts().items():
            if name.endswith("_total"):
                yield CounterMetricFamily(name, t(f"heartbeat.count_{name}"), value=value)
            else:
                yield GaugeMetricFamily(name, t(f"heartbeat.count_{name}"), value=value)

    def _of_parts(self, read: Mapping[str, tuple[State, Found]]) -> Iterator[Metric]:
        up = GaugeMetricFamily("ecc_part_up", "1: answers, 0: down; a part that is not set up here is not told of", labels=("part",))
        warns = GaugeMetricFamily("ecc_part_warns", "1: works, and somebody should look at it", labels=("part",))
        took = GaugeMetricFamily("ecc_part_latency_seconds", "How long it took to answer the last time", labels=("part",))
        for name, (state, found) in read.items():
            up.add_metric((name,), float(state is not State.DOWN))
            warns.add_metric((name,), float(state is State.WARN))
            if found.ms is not None and state is not State.DOWN:
                took.add_metric((name,), found.ms / 1000)
        yield from (up, warns, took)


def build_metrics(token: str, told: Told) -> Starlette:
    """`GET /metrics` for the bearer of the token; 401 for everybody else, 404 for every other path."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(told)
    ProcessCollector(registry=registry)
    expected = f"Bearer {token}".encode()

    async def metrics(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
            return PlainTextResponse("401", 401, headers={"www-authenticate": "Bearer", "cache-control": "no-store"})
        body = await asyncio.to_thread(generate_latest, registry)
        return Response(body, headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"})

    return Starlette(routes=[Route("/metrics", metrics, methods=["GET"])])


class _Beside(uvicorn.Server):
    """A second server in a process whose first one hears the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_metrics(settings: Settings, told: Told, number: int = 1) -> None:
    """Until cancelled; each of several web processes at a port of its own. A taken port is said in the log, nothing else suffers."""
    app = build_metrics(load_token(settings), told)
    config = uvicorn.Config(app, access_log=False, log_config=None, lifespan="off", proxy_headers=False, server_header=False)
    try:
        with listening(LOOPBACK, settings.metrics_port + number - 1) as wire:
            server = _Beside(config)
            try:
                await server.serve(sockets=[wire])
            finally:
                server.should_exit = True
    except CommandCentreError as error:
        log.error("no metrics: %s, port %d", error.code, settings.metrics_port + number - 1)

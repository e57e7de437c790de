"""Logs: JSON lines that say what happened and nothing about a person."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard import logs
from data.errors import BusUnavailable


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The handlers of pytest itself come back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def said(folder: Path | None = None) -> tuple[io.StringIO, logging.Logger]:
    stream = io.StringIO()
    logs.set_up("web", folder, "info", stream)
    return stream, logging.getLogger("streaming.ingest")


def only(stream: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


def test_a_line_is_json_with_ids_and_codes() -> None:
    stream, log = said()
    log.warning("device %d refused: %s", 7, "fix.teleport", extra={"unit": 1003})
    line = only(stream)
    assert (line["event"], line["unit"], line["level"], line["process"]) == ("device 7 refused: fix.teleport", 1003, "warning", "web")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "text",
    [
        "officer 陈建国 called",
        "phone 13812345678",
        "phone 138 1234 5678",
        "id 440607199001011234",
        "id 44060719900101123X",
        "at 23.123456, 112.654321",
        "plate 岭A·12345",
        "（2026）粤0607执1234号",
        "GET /link/AbCdEf_0123456789-xyz",
        "GET /ingest/osmand?id=secretkey&lat=23.1",
        "redis://user:hidden@10.0.0.1/0",
    ],
)
def test_what_tells_of_a_person_or_opens_a_door_is_blanked(text: str) -> None:
    stream, log = said()
    log.info(text)
    written = stream.getvalue()
    for telling in ("陈", "\\u9648", "1381", "138 1", "4406", "23.1", "12345", "1234\\u53f7", "AbCdEf", "secretkey", "hidden"):
        assert telling not in written


def test_ids_and_times_survive() -> None:
    stream, log = said()
    log.info("entry 4711 01JDFQ8Z3N5W6K7R8S9T0V1X2Y at 1763950000 in 12.25 ms, unit 1003")
    assert only(stream)["event"] == "entry 4711 01JDFQ8Z3N5W6K7R8S9T0V1X2Y at 1763950000 in 12.25 ms, unit 1003"


def test_personal_keys_are_withheld_at_any_depth() -> None:
    stream, log = said()
    log.info("seen", extra={"officer_name": "Chen", "row": {"phone": 12, "unit": "1003", "lat": 23.1}})
    line = only(stream)
    assert line["officer_name"] == logs.WITHHELD
    assert line["row"] == {"phone": logs.WITHHELD, "unit": "1003", "lat": logs.WITHHELD}


def test_an_exception_says_where_and_what_but_no_values() -> None:
    stream, log = said()
    secret_place = "陈建国 23.123456"
    try:
        try:
            raise ValueError(f"bad\n[parameters: {secret_place}]")
        except ValueError as error:
            raise BusUnavailable("down") from error
    except BusUnavailable:
        log.exception("announcing entry 5 failed")
    line = only(stream)
    assert line["error"] == ["BusUnavailable unavailable.bus", "ValueError: bad"]
    assert any("test_logs.py" in place for place in line["at"])
    assert "23.123456" not in stream.getvalue()


def test_the_file_holds_the_same_lines(tmp_path: Path) -> None:
    stream, log = said(tmp_path)
    log.error("code %s", "unavailable.bus")
    kept = json.loads((tmp_path / "web.log").read_text())
    assert {"event": "code unavailable.bus", "level": "error"}.items() <= kept.items()
    assert kept | {"timestamp": 0} == only(stream) | {"timestamp": 0}


def test_uvicorn_says_only_what_is_wrong() -> None:
    stream, _ = said()
    logging.getLogger("uvicorn.error").info('127.0.0.1 - "WebSocket /live?token=1" [accepted]')
    logging.getLogger("uvicorn.access").warning("GET /x?y")
    assert stream.getvalue() == ""

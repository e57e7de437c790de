"""Logs as JSON lines on stderr and in `HOME/log/`: ids and codes only, never a name, phone, plate or coordinate of a person.

What is said should already hold none of these. This file is the net below it: keys of personal fields are blanked, and in every text
Chinese characters (names, addresses, plates), coordinates and long runs of digits (phones, identity numbers) are.
"""

import logging
import re
import sys
from collections.abc import Iterable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from data.errors import CommandCentreError

FILE_BYTES = 10_000_000
FILES_KEPT = 5
WITHHELD = "[withheld]"

PERSONAL = {
    "name", "who", "label", "person", "officer_name", "phone", "mobile", "tel", "plate", "id_no", "id_number", "address", "street", "place",
    "lat", "lon", "latitude", "longitude", "fix", "ring", "username", "password", "pin", "token", "secret", "cookie", "authorization",
    "link", "url", "query", "email", "applicant", "debtor", "judge", "case_no", "body", "text",
}  # fmt: skip
# No text of ours in a log is Chinese: what is, came out of a row.
_CHINESE = re.compile(
    "[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff][\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff·A-Z0-9*（）〔〕]*"
)
_COORDINATE = re.compile(r"(?<![\w.])-?\d{1,3}\.\d{4,}(?![\w.])")
_DIGITS = re.compile(r"(?<![0-9A-Za-z])\d(?:[ -]?\d){9,16}[\dXx](?![0-9A-Za-z])")
_SECRET_IN_URL = re.compile(r"(?<=://)[^/@\s]*(?=@)|(?<=/link/)[\w-]+|(?<=\?)[^\s\"']+")

QUIET = {
    "uvicorn": logging.WARNING,
    "uvicorn.error": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,
    "dash": logging.WARNING,
    "httpx": logging.WARNING,
}


def set_up(name: str, folder: Path | None, level: str, stream: TextIO | None = None) -> None:
    """Make every logger of this process speak JSON.

    name: of the process, part of each line and the file's name (each process rotates its own). folder: None writes to the stream only.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(stream or sys.stderr)]
    if folder is not None:
        handlers.append(RotatingFileHandler(folder / f"{name}.log", maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8"))
    formatter = _formatter(name)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(level.upper())
    for quiet, at in QUIET.items():
        logger = logging.getLogger(quiet)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(at)


def _formatter(name: str) -> logging.Formatter:
    def named(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
        line["process"] = name
        return line

    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        named,
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            say_exception,
            withhold,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
    )


def say_exception(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """An exception as its class, its code or scrubbed first line, and where it went through: never the values of variables."""
    error = line.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        line["error"] = [_said(each) for each in _chain(error)]
        line["at"] = _places(error)
    return line


def withhold(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Blank what may tell of a person."""
    return {key: WITHHELD if key in PERSONAL and value is not None else scrub(value) for key, value in line.items()}


def scrub(value: object) -> object:
    """Texts without Chinese characters, coordinates, long digit runs and secrets of addresses; containers likewise."""
    if isinstance(value, str):
        for pattern in (_SECRET_IN_URL, _CHINESE, _COORDINATE, _DIGITS):
            value = pattern.sub("…", value)
        return value
    if isinstance(value, dict):
        return {str(key): WITHHELD if key in PERSONAL else scrub(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return scrub(str(value))


def _chain(error: BaseException | None) -> Iterable[BaseException]:
    for _ in range(5):  # a chain may close upon itself
        if error is None:
            return
        yield error
        inner = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else None
        error = inner or error.__cause__ or error.__context__


def _said(error: BaseException) -> str:
    if isinstance(error, CommandCentreError):
        return f"{type(error).__name__} {error.code}"
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"  # the first line: drivers put the values below it


def _places(error: BaseException) -> list[str]:
    places = []
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{'/'.join(Path(code.co_filename).parts[-2:])}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-12:]

"""How long a thread waits for the database: the limit on our side, since a server that is stopped neither answers nor hangs up.

Its own limits (`statement_timeout`) stand still with it, and the kernel goes on acknowledging in its name. Whoever has waited long enough
cuts the wire, so that the thread is free again; what the server makes of the question afterwards is rolled back or found in the journal.
"""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout

T = TypeVar("T")

WIRE_S = 5.0  # for one answer
LEAST_S = 2.0  # a connection is given at least this; psycopg grants no less

_here = threading.local()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All that this thread asks of PostgreSQL inside gets its answers within that time, or DatabaseUnavailable."""
    _here.until = time.monotonic() + seconds
    try:
        yield
    finally:
        _here.until = None


def left_s() -> float:
    """So long may this thread wait for its next answer."""
    until: float | None = getattr(_here, "until", None)
    return WIRE_S if until is None else max(0.0, min(WIRE_S, until - time.monotonic()))


class Impatient(psycopg.Connection[Any]):
    """A connection that cuts its own wire when an answer does not come."""

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Raises OperationalError, and the connection is closed, so that nobody is given it again."""
        patience_s = left_s() if timeout is None else timeout
        try:
            return super().wait(gen, interval, patience_s)
        except _WaitTimeout as error:
            if timeout is not None:
                raise  # whoever named a time of his own knows what to do
            self.close()
            raise psycopg.OperationalError(f"no answer within {patience_s:.1f} s") from error


def connect(*arguments: Any, **parameters: Any) -> Impatient:
    """A new connection, within the time that is left. Raises OperationalError."""
    if not left_s():
        raise psycopg.OperationalError("no time left to connect")
    return Impatient.connect(*arguments, **parameters | {"connect_timeout": math.ceil(max(LEAST_S, left_s()))})

"""PostgreSQL's connection that waits no longer than `data.patience` allows. Apart from it, for the driver is loaded by whoever uses it."""

import math
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout

from data.patience import left_s

T = TypeVar("T")

PREPARED_MOST = 400  # statements a connection keeps planned: a wall's rows alone are more than psycopg's hundred
LEAST_S = 2.0  # a new connection is given at least this; psycopg grants no less


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
    made = Impatient.connect(*arguments, **parameters | {"connect_timeout": math.ceil(max(LEAST_S, left_s()))})
    made.prepared_max = PREPARED_MOST
    return made

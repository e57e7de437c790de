"""How long a thread waits for the database: the limit on our side, since a server that is stopped neither answers nor hangs up.

Its own limits (`statement_timeout`) stand still with it, and the kernel goes on acknowledging in its name. Whoever has waited long enough
cuts the wire, so that the thread is free again; what the server makes of the question afterwards is rolled back or found in the journal.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

WIRE_S = 5.0  # for one answer

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

"""Who is the master now: every Sentinel is asked each second, and the newest answer counts.

Asking instead of listening: a Sentinel that says nothing new and one that is gone look alike to a listener. A master that was replaced may
go on answering, to those who can still reach it, and nobody says anything there any more: whoever listens to it leaves when the Sentinels
name another.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import redis
from redis.exceptions import RedisError, ResponseError

from data.errors import BusUnavailable
from streaming.bus_server import BusServer, Place, unavailable

ROUND_S = 1.0
ROUND_AT_FIRST_S = 0.2  # until somebody has answered
ANSWER_S = 0.3  # one after the other is asked: three that are frozen cost a second
COUNTS_S = 5.0  # an answer counts for so long: one that was missed on a busy machine brings back no older master

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a Sentinel takes for the master. epoch: grows with each failover."""

    epoch: int
    host: str
    port: int


@dataclass(slots=True)
class Asked:
    """One Sentinel and what it said last."""

    at: Place
    client: redis.Redis
    named: Named | None = None
    named_at: float = float("-inf")
    error: BusUnavailable | None = None

    def ask(self, master: str) -> None:
        """Raises nothing: what went wrong is kept."""
        try:
            host, port = self._said("get-master-addr-by-name", master)
            state = self._said("master", master)
            epoch = dict(zip(state[::2], state[1::2], strict=False))["config-epoch"]
            self.named, self.named_at, self.error = Named(int(epoch), host, int(port)), time.monotonic(), None
        except (RedisError, OSError) as error:
            self.error = unavailable(error, self.at, master, sentinel=True)
        except (ValueError, KeyError, TypeError):  # nil where it knows no such master; or no Sentinel at all
            self.error = unavailable(ResponseError("No such master"), self.at, master, sentinel=True)

    def _said(self, *words: str) -> list[str]:
        answer = self.client.execute_command("SENTINEL", *words)  # type: ignore[no-untyped-call]
        if not isinstance(answer, list):
            raise TypeError("no list")
        return [each.decode() if isinstance(each, bytes) else str(each) for each in answer]


def newest(said: Sequence[tuple[Named, float]], now: float) -> Named | None:
    """Of what was said lately that of the latest failover; of older things nothing."""
    fresh = [named for named, at in said if now - at <= COUNTS_S]
    return max(fresh, key=lambda named: named.epoch, default=None)


class Sentinels:
    """Where the bus is now: `begin`, then `place`. Made for one server alone it always says the same and has no thread."""

    def __init__(self, server: BusServer, now: Callable[[], float] = time.monotonic) -> None:
        self._server, self._now = server, now
        self._place: Place | None = None if server.sentinels else server.first
        self._asked: list[Asked] = []
        self._begun = threading.Lock()
        self._closing = threading.Event()

    def begin(self) -> None:
        """Ask each second from now on; once is enough."""
        if self._server.sentinels and self._begun.acquire(blocking=False):
            threading.Thread(target=self._run, name="sentinels", daemon=True).start()

    def place(self) -> Place:
        """Never waits. Raises BusUnavailable while no Sentinel has answered yet."""
        if self._place is None:
            why = next((each.error for each in self._asked if each.error is not None), None)
            raise why or BusUnavailable("not asked yet", trouble="", server="", master=self._server.master)
        return self._place

    def round(self) -> None:
        """Ask them all once, and take the place that the newest answer names."""
        for each in self._asked or self._clients():
            each.ask(self._server.master)
        said = [(each.named, each.named_at) for each in self._asked if each.named is not None]
        if (named := newest(said, self._now())) is None:
            return
        place = replace(self._server.first, host=named.host, port=named.port)
        if place != self._place:
            log.info("bus: the master is %s, epoch %d", place.said, named.epoch)
            self._place = place

    @property
    def silent(self) -> tuple[str, ...]:
        """Those that did not answer in the last round."""
        return tuple(each.at.said for each in self._asked if each.error is not None)

    def close(self) -> None:
        """Their connections go with the thread, or here where there was none."""
        self._closing.set()
        if self._begun.acquire(blocking=False):
            self._let_go()

    def _run(self) -> None:
        while not self._closing.is_set():
            self.round()
            self._closing.wait(ROUND_S if self._place is not None else ROUND_AT_FIRST_S)
        self._let_go()

    def _let_go(self) -> None:
        for each in self._asked:
            with contextlib.suppress(RedisError, OSError):
                each.client.close()

    def _clients(self) -> list[Asked]:
        self._asked = [Asked(at, at.client(ANSWER_S, again=0)) for at in self._server.sentinels]
        return self._asked

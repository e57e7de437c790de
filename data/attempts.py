"""Who failed how often: per account and address, and per address alone. The arithmetic stands in `rules.identity`.

Kept in memory on purpose: a flood of guesses writes nothing, and a restart only gives back six guesses. A table would let every guess of a
stranger write to the court's database (SECURITY.md says so). Where `ecc serve` runs several web processes they count in one small file
beside it (`shared_attempts`), so that six stay six.
"""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol

from data.errors import TooMany
from data.rules.identity import FREE_OF_ADDRESS, FREE_OF_PAIR, Failures, failed, wait_s

REMEMBERED = 20_000  # keys of some 200 bytes; the one that failed longest ago is forgotten first

EVERYWHERE = "everywhere"  # instead of an address: what is counted by account alone, because whoever is there knows its password

Key = tuple[str, str]


class Kept(Protocol):
    """What is remembered, for one turn."""

    def get(self, key: Key) -> Failures | None: ...
    def put(self, key: Key, failures: Failures) -> None: ...
    def forget(self, key: Key) -> None: ...


class Keeping(Protocol):
    """Where it is remembered. One turn at a time: nobody changes anything between its look and its change."""

    def turn(self) -> AbstractContextManager[Kept]: ...


class InMemory:
    """Of this process alone."""

    def __init__(self) -> None:
        self._failures: OrderedDict[Key, Failures] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[Kept]:
        with self._lock:
            yield self

    def __len__(self) -> int:
        return len(self._failures)

    def get(self, key: Key) -> Failures | None:
        return self._failures.get(key)

    def put(self, key: Key, failures: Failures) -> None:
        self._failures[key] = failures
        self._failures.move_to_end(key)
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def forget(self, key: Key) -> None:
        self._failures.pop(key, None)


class Attempts:
    """Counts failures. Safe from several threads. clock: the same for all who share `keeping`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, keeping: Keeping | None = None) -> None:
        self._clock = clock
        self._keeping: Keeping = keeping or InMemory()

    def begin(self, account: str, address: str) -> None:
        """Before a secret is looked at: counts as a failure until `succeeded`, so that many at once are no more than one after another.

        Raises TooMany with the seconds to wait; nothing is counted then, so that impatience does not lengthen the wait.
        """
        pair, whole = _keys(account, address)
        now = self._clock()
        with self._keeping.turn() as kept:
            wait = max(_wait(kept, pair, now), _wait(kept, whole, now))
            if not wait:
                _count(kept, pair, now, FREE_OF_PAIR)
        if wait:
            raise TooMany("sign-in", code="identity.too_many", retry_after_s=wait)

    def succeeded(self, account: str, address: str) -> None:
        """It was he: his own failures are forgotten, those of others behind the same address are not."""
        with self._keeping.turn() as kept:
            kept.forget(_keys(account, address)[0])

    def failed(self, account: str, address: str) -> None:
        """It was not he; counts for the address too."""
        with self._keeping.turn() as kept:
            _count(kept, _keys(account, address)[1], self._clock(), FREE_OF_ADDRESS)

    def stranger(self, address: str) -> None:
        """Somebody tried a link, code or key that does not exist. Raises TooMany when this address did so too often."""
        whole = _keys("", address)[1]
        now = self._clock()
        with self._keeping.turn() as kept:
            wait = _wait(kept, whole, now)
            if not wait:
                _count(kept, whole, now, FREE_OF_ADDRESS)
        if wait:
            raise TooMany("guessing", code="identity.too_many", retry_after_s=wait)


def _wait(kept: Kept, key: Key, now: float) -> int:
    found = kept.get(key)
    return wait_s(found, now) if found else 0


def _count(kept: Kept, key: Key, now: float, free: int) -> None:
    kept.put(key, failed(kept.get(key) or Failures(), now, free))


def _keys(account: str, address: str) -> tuple[Key, Key]:
    network = network_of(address)
    return (f"account:{account}", network), ("", network)


def network_of(address: str) -> str:
    """One customer's addresses as one: an IPv4 address, or the /64 of an IPv6 one; `::ffff:` forms are IPv4."""
    with suppress(ValueError):
        parsed = ipaddress.ip_address(address)
        if isinstance(parsed, ipaddress.IPv6Address):
            if parsed.ipv4_mapped:
                return str(parsed.ipv4_mapped)
            return str(ipaddress.ip_network((int(parsed), 64), strict=False))
        return str(parsed)
    return address

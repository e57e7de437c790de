"""Who failed how often, in this process: per account and address, and per address alone. The arithmetic stands in `rules.identity`.

Kept in memory on purpose: a flood of guesses writes nothing, and a restart only gives back six guesses. `ecc serve` runs one web process,
so what it counts is all there is; a table would let every guess of a stranger write to the court's database (SECURITY.md says so).
"""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from data.errors import TooMany
from data.rules.identity import FREE_OF_ADDRESS, FREE_OF_PAIR, Failures, failed, wait_s

REMEMBERED = 20_000  # keys of some 200 bytes; the one that failed longest ago is forgotten first

EVERYWHERE = "everywhere"  # instead of an address: what is counted by account alone, because whoever is there knows its password

Key = tuple[str, str]


class Attempts:
    """Counts failures. Safe from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[Key, Failures] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, account: str, address: str) -> None:
        """Before a secret is looked at: counts as a failure until `succeeded`, so that many at once are no more than one after another.

        Raises TooMany with the seconds to wait; nothing is counted then, so that impatience does not lengthen the wait.
        """
        pair, whole = _keys(account, address)
        with self._lock:
            now = self._clock()
            wait = max(self._wait(pair, now), self._wait(whole, now))
            if wait:
                raise TooMany("sign-in", code="identity.too_many", retry_after_s=wait)
            self._count(pair, now, FREE_OF_PAIR)

    def succeeded(self, account: str, address: str) -> None:
        """It was he: his own failures are forgotten, those of others behind the same address are not."""
        with self._lock:
            self._failures.pop(_keys(account, address)[0], None)

    def failed(self, account: str, address: str) -> None:
        """It was not he; counts for the address too."""
        with self._lock:
            self._count(_keys(account, address)[1], self._clock(), FREE_OF_ADDRESS)

    def stranger(self, address: str) -> None:
        """Somebody tried a link, code or key that does not exist. Raises TooMany when this address did so too often."""
        whole = _keys("", address)[1]
        with self._lock:
            now = self._clock()
            wait = self._wait(whole, now)
            if wait:
                raise TooMany("guessing", code="identity.too_many", retry_after_s=wait)
            self._count(whole, now, FREE_OF_ADDRESS)

    def _wait(self, key: Key, now: float) -> int:
        found = self._failures.get(key)
        return wait_s(found, now) if found else 0

    def _count(self, key: Key, now: float, free: int) -> None:
        self._failures[key] = failed(self._failures.get(key, Failures()), now, free)
        self._failures.move_to_end(key)
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)


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

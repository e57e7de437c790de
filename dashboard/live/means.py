"""What every part of `/live` works with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from data.engines import Database
from data.identity import Identity
from data.journal import Journal
from data.lanes import Lanes
from data.rules.civil import milliseconds
from data.settings import Settings


@dataclass(slots=True)
class Means:
    """settings: what counts now, after whatever an administrator changed; say: the texts; now: the server's clock."""

    settings: Settings
    database: Database
    lanes: Lanes
    journal: Journal
    identity: Identity
    say: Callable[..., str]
    now: Callable[[], datetime]

    def now_ms(self) -> int:
        return milliseconds(self.now())

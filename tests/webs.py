"""The product with two web processes of one home, and each of them as if it were alone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from data.actions.sessions import open_for_officer
from data.journal import Journal
from data.rules.permissions import SYSTEM, Role
from data.sealing import load_sealing
from data.tables import OfficerRow
from tests.running import LASTS, READY_S, Product, Seeded
from tests.servers import free_port, port_for_two, wait_until


@dataclass(frozen=True, slots=True)
class Side:
    """What a test needs of a product, at one of its web processes."""

    product: "Two"
    number: int

    @property
    def seeded(self) -> Seeded:
        seeded: Seeded = self.product.seeded
        return seeded

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.product.settings.web_port(self.number)}"

    @property
    def live(self) -> str:
        return self.origin.replace("http", "ws", 1) + "/live"

    def ready(self) -> bool:
        return self.product.status("/readyz", self.origin) == 200


class Two(Product):
    """`with Two() as product:` — `product.a` and `product.b`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(port=port_for_two(), web_processes=2, **settings)
        self.a, self.b = Side(self, 1), Side(self, 2)

    def until_ready(self) -> None:
        super().until_ready()
        wait_until(lambda: self._ended() or (self.a.ready() and self.b.ready()), "not both are ready", READY_S)

    def another_desk(self) -> str:
        """The cookie of one more session of the duty officer."""
        database = self.database()
        journal = Journal(database, load_sealing(self.settings.keys), self.settings.court_code)
        with journal.work(SYSTEM, datetime.now(UTC)) as work:
            duty = work.session.scalars(select(OfficerRow.id).where(OfficerRow.role == Role.DUTY)).first()
            assert duty is not None
            token: str = open_for_officer(work, duty, LASTS, how="link").token
        database.close()
        return token


class TwoBehind(Two):
    """As they are behind a proxy: their public address is the proxy's, their own stay the loopback."""

    def __init__(self, **settings: Any) -> None:
        public = f"https://localhost:{free_port()}"
        super().__init__(public_origin=public, media_origin=public, trusted_proxies=("127.0.0.1",), **settings)

    @property
    def origin(self) -> str:
        return self.a.origin

    @property
    def public(self) -> str:
        return self.settings.origin

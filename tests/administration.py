"""The administrator's pages behind the gate, in process, before the small court: doors without a server, a bus or a browser."""

from collections.abc import Iterator
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from dashboard.admin.app import Admin
from dashboard.admin.devices import Heard
from dashboard.sign_in import Gate
from data.rules.permissions import Role
from data.settings import Settings
from tests.house import HOST, House, built

JSON = {"origin": HOST, "content-type": "application/json"}


class Administration:
    """The pages, and browsers of whoever is signed in by role."""

    def __init__(self, house: House) -> None:
        self.house, self.court = house, house.court
        self.admin = Admin(house.settings, house.court.journal, house.lanes, house.court.now, lambda _, __: Heard(), frozenset)
        app = Starlette(routes=[*house.pages.routes(), Mount("/centre/admin", self.admin.app())])
        self.gate = Gate(app, house.identity, house.settings, denied=house.pages.denied)

    def browser(self, role: Role) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.gate, client=("192.0.2.7", 4711))
        return httpx.AsyncClient(transport=transport, base_url=HOST, cookies={"ecc_desk": self.house.desk(role)}, headers={"origin": HOST})

    def wall(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.gate, client=("192.0.2.8", 4711))
        return httpx.AsyncClient(transport=transport, base_url=HOST, cookies={"ecc_wall": self.house.wall()}, headers={"origin": HOST})


def administration(folder: Path, settings: Settings | None = None) -> Iterator[Administration]:
    for house in built(folder, settings or Settings.of(home=folder, court_code="4401")):
        yield Administration(house)

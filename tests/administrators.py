"""Whoever administers the running product: two of 技术值守 with a browser each, and everybody else to be refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from data.actions.organisation import add_officer
from data.actions.sessions import open_for_officer
from data.journal import Journal
from data.rules.permissions import SYSTEM, Role
from data.sealing import load_sealing
from tests.running import Product


class Administrators:
    """cookies: of each role a desk that is signed in, and `second`, another administrator. ids: their officers."""

    def __init__(self, product: Product) -> None:
        self.product, settings = product, product.settings
        self.database = product.database()
        self.journal = Journal(self.database, load_sealing(settings.keys), settings.court_code, civil_offset_s=settings.civil_offset_s)
        self.cookies, self.ids = {}, {}
        people = {role.value: role for role in (Role.DUTY, Role.COMMANDER, Role.LEADER, Role.JUDGE, Role.TECHNICAL, Role.INSPECTOR)}
        for name, role in (people | {"second": Role.TECHNICAL}).items():
            with self.journal.work(SYSTEM, datetime.now(UTC)) as work:
                self.ids[name] = add_officer(work, f"管{name}"[:8], "干部", role)
                self.cookies[name] = open_for_officer(work, self.ids[name], timedelta(hours=1), how="link").token

    def ask(self, path: str, said: Any = None, who: str = "technical", **more: Any) -> httpx.Response:
        """GET, or POST of a JSON object."""
        cookies, address = {"ecc_desk": self.cookies[who]}, f"{self.product.origin}/centre/admin{path}"
        headers = {"origin": self.product.origin} | more.pop("headers", {})
        if said is None and not more:
            return httpx.get(address, cookies=cookies, headers=headers, timeout=30)
        return httpx.post(address, cookies=cookies, headers=headers, timeout=60, **({"json": said} if said is not None else more))

    def told(self, path: str, said: Any = None, who: str = "technical") -> Any:
        """What the door answers; it must not refuse."""
        answer = self.ask(path, said, who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, path: str, said: Any, who: str = "technical") -> str:
        """The code of the refusal."""
        answer = self.ask(path, said, who)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["error"]["code"])

    def close(self) -> None:
        self.database.close()

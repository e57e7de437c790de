"""A court with debtors who could be asked to a screening, and one that is planned: what comes before, and the door."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from data.actions.cases import CaseReport, Party, report_case
from data.journal import Journal
from data.rules.cases import CaseEvent
from data.rules.permissions import Actor, Role
from data.sealing import load_sealing
from tests.running import Product

HOST = "/centre/screening"
NAMES = ("赵演一", "钱示二", "孙测三", "李样四", "周演五", "吴示六", "郑测七", "王样八")
CAUSES = ("买卖合同纠纷", "民间借贷纠纷", "追索劳动报酬纠纷")


def case_no(place: int) -> str:
    return f"（2026）岭0108执{700 + place}号"


class Hall:
    """The product, so many cases with a debtor each, and a session that nobody is invited to yet."""

    def __init__(self, product: Product, cases: int = 4) -> None:
        self.product, settings = product, product.settings
        self.database = product.database()
        self.journal = Journal(self.database, load_sealing(settings.keys), settings.court_code, civil_offset_s=settings.civil_offset_s)
        self.machine = Actor("MACHINE", "case_system", Role.CASE_SYSTEM, settings.court_code)
        for place in range(cases):
            self._file(place)
        self.web = httpx.Client(base_url=product.origin, headers={"origin": product.origin}, timeout=30)
        self.screening = self.planned()

    def close(self) -> None:
        self.web.close()
        self.database.close()

    def _file(self, place: int) -> None:
        parties = [
            Party(kind="APPLICANT", name="清溪演示建材有限公司", natural=False),
            Party(kind="DEBTOR", name=NAMES[place]),
        ]
        filed = CaseReport(
            case_no=case_no(place),
            event=CaseEvent.FILED,
            at=datetime.now(UTC),
            cause=CAUSES[place % len(CAUSES)],
            area_id="C0101",
            claim_cents=1_650_000 * (place + 1) ** 2,
            recovered_cents=390_000 * (place % 2),
            parties=parties,
        )
        self.journal.do(self.machine, datetime.now(UTC), report_case, filed)

    def planned(self, title: str = "一月警示教育") -> str:
        return str(self.told("/plan", {"title": title})["id"])

    def local(self, days: int = 2) -> str:
        """As a field of the page gives it: a day to come, three in the afternoon by the court's clock."""
        civil = datetime.now(UTC) + timedelta(days=days, seconds=self.product.settings.civil_offset_s)
        return f"{civil:%Y-%m-%d}T15:00"

    def ask(self, path: str, said: object = None, cookie: str | None = None) -> httpx.Response:
        """As the desk, unless another cookie is given. said: posted; None: only looked at."""
        headers = {"cookie": f"ecc_desk={self.product.seeded.desk}" if cookie is None else cookie}
        if said is None:
            return self.web.get(HOST + path, headers=headers)
        return self.web.post(HOST + path, json=said, headers=headers)

    def told(self, path: str, said: object = None) -> Any:
        answer = self.ask(path, said)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def refused(self, path: str, said: object) -> str:
        answer = self.ask(path, said)
        assert answer.status_code in (400, 404, 409), f"{path}: {answer.status_code}"
        assert answer.json()["error"]["text"]
        return str(answer.json()["error"]["code"])

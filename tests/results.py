"""A screening with people who came, for cases of theirs: what follows the film begins here."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from data.actions.attendees import invite_attendee
from data.actions.cases import CaseReport, Party, report_case
from data.actions.screenings import plan_screening
from data.journal import Journal
from data.rules.cases import CaseEvent
from data.rules.permissions import Actor, Role
from data.rules.screening import ScreeningState
from data.sealing import load_sealing
from data.tables import AttendeeRow, CasePartyRow, OfficerRow, ScreeningRow
from tests.running import Product

HOST = "/centre/screening"
CLAIM = 16_500_000
NAMES = "赵演一钱示二孙测三李样四周演五吴示六"


def case_no(place: int) -> str:
    return f"（2026）岭0108执{900 + place}号"


class Room:
    """The product, a session in its interviews, and so many who came."""

    def __init__(self, product: Product, people: int = 3) -> None:
        self.product, settings = product, product.settings
        self.database = product.database()
        self.journal = Journal(self.database, load_sealing(settings.keys), settings.court_code, civil_offset_s=settings.civil_offset_s)
        with self.database.reading() as session:
            duty = session.query(OfficerRow).filter(OfficerRow.role == Role.DUTY).first()
        assert duty is not None
        self.duty = Actor("OFFICER", f"officer:{duty.id}", Role.DUTY, settings.court_code, officer_id=duty.id)
        self.machine = Actor("MACHINE", "case_system", Role.CASE_SYSTEM, settings.court_code)
        self.names = [NAMES[3 * n : 3 * n + 3] for n in range(people)]
        self.screening = self.journal.do(self.duty, self.now(), plan_screening, "一月警示教育")
        self.people = [self._come(place) for place in range(people)]
        with self.journal.work(self.duty, self.now()) as work:
            row = work.session.get_one(ScreeningRow, self.screening)
            row.state, row.began_at = ScreeningState.INTERVIEWS, self.now()
        self.web = httpx.Client(base_url=product.origin, headers={"origin": product.origin}, timeout=30)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def close(self) -> None:
        self.web.close()
        self.database.close()

    def _come(self, place: int) -> str:
        self.case(place)
        with self.database.reading() as session:
            name = session.query(CasePartyRow).order_by(CasePartyRow.id.desc()).filter(CasePartyRow.kind == "DEBTOR").first()
        assert name is not None
        attendee = self.journal.do(self.duty, self.now(), invite_attendee, self.screening, name.id)
        with self.journal.work(self.duty, self.now()) as work:
            row = work.session.get_one(AttendeeRow, attendee)
            row.seat, row.checked_in_at = place + 1, work.now
        return attendee

    def case(self, place: int) -> None:
        parties = [
            Party(kind="APPLICANT", name="清溪演示建材有限公司", natural=False),
            Party(kind="DEBTOR", name=self.names[place], phone=f"000-9{place:07}"),
        ]
        filed = CaseReport(
            case_no=case_no(place), event=CaseEvent.FILED, at=self.now(), cause="买卖合同纠纷", claim_cents=CLAIM, parties=parties
        )
        self.journal.do(self.machine, self.now(), report_case, filed)

    def pay(self, place: int, recovered_cents: int, node: int = 1, at: datetime | None = None) -> None:
        """Through the case system's own door."""
        report = {
            "case_no": case_no(place),
            "event": "node",
            "node": node,
            "at": (at or self.now()).isoformat(),
            "recovered_cents": recovered_cents,
        }
        token = self.product.seeded.case_system
        answer = self.web.post("/ingest/cases", json={"cases": [report]}, headers={"authorization": f"Bearer {token}"})
        assert answer.json()["accepted"] or answer.json()["known"], answer.text

    def end(self, ago: timedelta = timedelta(0)) -> None:
        with self.journal.work(self.duty, self.now()) as work:
            row = work.session.get_one(ScreeningRow, self.screening)
            row.state, row.ended_at = ScreeningState.ENDED, self.now() - ago

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

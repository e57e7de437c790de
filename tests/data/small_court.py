"""A small court for tests: three teams, officers with phones, a vehicle, communities, a fence, a wall, a case and a mission."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

from cryptography.fernet import Fernet
from sqlalchemy import select
from ulid import ULID

from dashboard.i18n import t as say
from data.actions.cases import CaseReport, Party, report_case
from data.actions.missions import MissionReport, report_mission
from data.actions.organisation import add_officer, add_unit, add_vehicle, draw_area, draw_fence, form_team, found_court
from data.actions.walls import add_wall
from data.credentials import digest
from data.engines import Database
from data.journal import Journal, Work
from data.rules.cases import CaseEvent
from data.rules.missions import MissionStep
from data.rules.permissions import SYSTEM, Actor, Clearance, Role, Sight
from data.sealing import Sealing
from data.tables import DeviceRow, SessionRow

P = ParamSpec("P")
T = TypeVar("T")

COURT = "岭0108"
CASE_NO = "（2026）岭0108执1872号"
CASE_SYSTEM = Actor(kind="MACHINE", id="case_system", role=Role.CASE_SYSTEM, court_code="")
RING = [[40.0, 101.8], [40.0, 101.9], [40.1, 101.9], [40.1, 101.8]]
__all__ = ["CASE_NO", "CASE_SYSTEM", "COURT", "SmallCourt", "at_once", "say", "ulid"]


def ulid() -> str:
    return str(ULID())


def at_once(*acts: Callable[[], object]) -> list[object]:
    """All of them, each in its own thread, let loose together; what each returned or raised."""
    gate = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(place: int) -> None:
        gate.wait()
        try:
            results[place] = acts[place]()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class SmallCourt:
    """Everything by name. `do` runs one action; `sights` are the four kinds of viewer."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database = database
        self.now = now
        self.announced: list[Any] = []
        self.journal = Journal(database, Sealing(Fernet.generate_key()), COURT, self.announced.extend)
        with self.journal.work(SYSTEM, now) as work:
            self._found(work)
        self.duty = self._desk(self.duty_officer, Role.DUTY)
        self.commander = self._desk(self.second_officer, Role.COMMANDER)
        self.technical = self._desk(self.technician, Role.TECHNICAL)
        self.inspector = self._desk(self.auditor, Role.INSPECTOR)
        self.president = self._desk(self.leader, Role.LEADER)
        self.phone = self._phone(1001, 1, self.judge, self.team)
        self.phone_of_others = self._phone(1003, 3, self.other_judge, self.other_team)

    def do(self, actor: Actor, action: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.journal.do(actor, self.now, action, *args, **kwargs)

    def later(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    def sights(self) -> dict[str, Sight]:
        return {
            "desk": Sight(Clearance.DESK, Role.DUTY, COURT),
            "wall": Sight(Clearance.WALL, Role.WALL, COURT),
            "visitors": Sight(Clearance.VISITORS, Role.WALL, COURT, positions=False),
            "field": Sight(Clearance.FIELD, Role.DEVICE, COURT, team_id=self.team, unit_no=1001),
            "field of others": Sight(Clearance.FIELD, Role.DEVICE, COURT, team_id=self.other_team, unit_no=1003),
        }

    def file_case(self, case_no: str = CASE_NO, **more: Any) -> bool:
        report = CaseReport(case_no=case_no, event=CaseEvent.FILED, at=self.now, cause="买卖合同纠纷", area_id="C0101")
        return self.do(CASE_SYSTEM, report_case, replace(report, **more))

    def report(self, event: CaseEvent, case_no: str = CASE_NO, **more: Any) -> bool:
        return self.do(CASE_SYSTEM, report_case, replace(CaseReport(case_no=case_no, event=event, at=self.now), **more))

    def assign(self, mission_id: str = "M1", **more: Any) -> bool:
        plan = MissionReport(
            id=mission_id,
            event=MissionStep.ASSIGNED,
            at=self.now,
            kind="EVICT",
            matter="腾退厂房",
            case_no=CASE_NO,
            team="三组",
            vehicle="2001",
            area_id="C0101",
            lat=40.05,
            lon=101.85,
            planned_from=self.now + timedelta(minutes=10),
        )
        return self.do(CASE_SYSTEM, report_mission, replace(plan, **more))

    def move(self, event: MissionStep, mission_id: str = "M1", actor: Actor | None = None, **more: Any) -> bool:
        report = MissionReport(id=mission_id, event=event, at=self.now)
        return self.do(actor or CASE_SYSTEM, report_mission, replace(report, **more))

    def debtors(self) -> list[Party]:
        return [
            Party(kind="APPLICANT", name="清溪区宏达建材有限公司", natural=False),
            Party(kind="DEBTOR", name="张演三", id_no="440607199001011234", phone="13812345678"),
            Party(kind="DEBTOR", name="张测四"),
        ]

    def _found(self, work: Work) -> None:
        found_court(work, COURT, "清溪区人民法院", lat=40.05, lon=101.85, duty_phone="0000-1234567")
        self.team, self.other_team, self.reserve = form_team(work, "三组"), form_team(work, "四组"), form_team(work, "快反组")
        self.judge = add_officer(work, "陈演一", "法官", Role.JUDGE, team_id=self.team, badge_no="A1", leader=True)
        self.bailiff = add_officer(work, "赵示二", "法警", Role.FIELD, team_id=self.team)
        self.other_judge = add_officer(work, "阿测·示例", "法官", Role.JUDGE, team_id=self.other_team, leader=True)
        self.duty_officer = add_officer(work, "周测五", "法官", Role.DUTY)
        self.second_officer = add_officer(work, "郑样六", "局长", Role.COMMANDER)
        self.technician = add_officer(work, "吴演七", "技术员", Role.TECHNICAL)
        self.auditor = add_officer(work, "孙示八", "督察", Role.INSPECTOR)
        self.leader = add_officer(work, "王样九", "院长", Role.LEADER)
        self.vehicle = add_vehicle(work, "POLICE", "岭A12345", self.team)
        for no, officer in ((1001, self.judge), (1002, self.bailiff), (1003, self.other_judge), (1004, self.duty_officer)):
            add_unit(work, no, "OFFICER", officer_id=officer)
            self._device(work, no)
        add_unit(work, 2001, "VEHICLE", vehicle_id=self.vehicle)
        draw_area(work, "C0101", "东塘镇", "工业路社区", 40.05, 101.85)
        draw_area(work, "C0102", "青石街道", "青石桥社区", 40.06, 101.86)
        self.fence = draw_fence(work, "法院", "COURT", RING)

    def add_wall(self, name: str = "指挥大厅") -> str:
        return self.do(self.duty, add_wall, name)

    def guest(self, token: str) -> Actor:
        """Who a leader's browser is, by its cookie."""
        with self.database.reading() as session:
            row = session.scalars(select(SessionRow).where(SessionRow.token_hash == digest(token))).one()
        return Actor(kind="JOIN", id=row.id, role=Role.GUEST, court_code=COURT, officer_id=row.officer_id, session_id=row.id)

    def party(self, token: str) -> Actor:
        """Who a party's browser is, by its cookie."""
        with self.database.reading() as session:
            row = session.scalars(select(SessionRow).where(SessionRow.token_hash == digest(token))).one()
        return Actor(kind="PARTY", id=row.id, role=Role.PARTY, court_code="", session_id=row.id)

    def _device(self, work: Work, no: int) -> None:
        work.session.add(DeviceRow(no=no - 1000, court_code=COURT, unit_no=no, kind="PHONE", enrolled_at=self.now))

    def _desk(self, officer_id: str, role: Role) -> Actor:
        return Actor(kind="OFFICER", id=officer_id, role=role, court_code=COURT, officer_id=officer_id)

    def _phone(self, no: int, device_no: int, officer_id: str, team_id: str) -> Actor:
        return Actor(
            kind="DEVICE",
            id=f"device:{device_no}",
            role=Role.DEVICE,
            court_code=COURT,
            officer_id=officer_id,
            unit_no=no,
            device_no=device_no,
            team_id=team_id,
        )

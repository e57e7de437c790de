"""The demonstration's year of screenings: twelve that were held, with what they led to (demo.md F.2: 196 settlements, 512万元).

Everything of a session goes through its actions, at the moments at which it happened. Its cases are rows only, and are closed when they
become visible: a wall would show sixty cases closed of old as news. One session is one transaction, made by the jobs process after the
start, so that no start waits for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from ulid import ULID

from data.actions.attendees import invite_attendee
from data.actions.cases import APART
from data.actions.outcomes import hold_interview, make_promise, pay_on_the_spot, settle
from data.actions.promises import follow_screening
from data.actions.screenings import (
    Place,
    Plan,
    begin_interviews,
    begin_screening,
    end_screening,
    invite_stage,
    open_check_in,
    open_stage,
    plan_screening,
    set_programme,
    tick_materials,
)
from data.actions.sign_ins import check_in
from data.journal import Journal, Work
from data.rules import masking, screening
from data.rules.cases import ClosingKind, PartyKind, Stage
from data.rules.civil import civil_day
from data.rules.permissions import NOBODY, SYSTEM, Actor, Role
from data.rules.screening import ScreeningKind
from data.tables import AreaRow, AttendeeRow, CasePartyRow, CaseRow, OfficerRow, RecoveryRow, ScreeningRow

SURNAMES = "王刘张杨黄林罗马朱胡高郭梁宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁"
GIVEN, COUNT = "演示测样", "一二三四五六七八九"
TOTAL_CENTS = 512_000_000
ROOM = "第一审判庭"
CARD = ("执行和解", "双方可以自愿达成和解协议。\n和解出于自愿，不同意不会因此受到不利对待。")
FIRST_CASE = 3001  # numbers that no other case of the demonstration has
EVERY_THIRD = 3  # case has two debtors, or person who settles pays a part at once
CASES = 16  # of the detailed session: «16起案件», nineteen people
HOLIDAYS = {(5, day) for day in range(1, 6)} | {(10, day) for day in range(1, 8)}  # nobody is asked to come then


@dataclass(frozen=True, slots=True)
class Past:
    """One session that was held. settled: how many; in_detail: the one of demo.md F.3, with its promise of 12.6万."""

    title: str
    invited: int
    present: int
    settled: int
    cause: str | None = None
    in_detail: bool = False


PASTS = (
    Past("开年执行警示教育", 22, 20, 18),
    Past("民间借贷类案执行教育", 21, 19, 17, "民间借贷纠纷"),
    Past("春季执行警示教育", 22, 21, 18),
    Past("物业纠纷类案执行教育", 20, 18, 17, "物业服务合同纠纷"),
    Past("劳动报酬类案执行教育", 22, 20, 18, "劳动争议"),
    Past("年中执行警示教育", 21, 19, 17),
    Past("买卖合同类案执行教育", 23, 21, 18, "买卖合同纠纷"),
    Past("租赁合同类案执行教育", 22, 20, 18, "租赁合同纠纷"),
    Past("暑期执行警示教育", 21, 18, 17),
    Past("金融借款类案执行教育", 22, 21, 18, "金融借款合同纠纷"),
    Past("秋季执行警示教育", 21, 19, 17),
    Past("十六案执行警示教育", 19, 17, 3, None, True),
)
DETAILED_CENTS = (8_600_000, 5_200_000, 12_400_000)  # its three settlements
CLAIM_CENTS, PAID_CENTS, PROMISED_CENTS = 16_500_000, 3_900_000, 12_600_000


def hold_one(journal: Journal, now: datetime) -> bool:
    """The oldest that is not there yet. Returns False when all are."""
    with journal.database.reading() as session:
        there = set(session.scalars(select(ScreeningRow.title)))
        host = session.scalars(
            select(OfficerRow.id).where(OfficerRow.role == Role.COMMANDER).order_by(OfficerRow.badge_no, OfficerRow.id)
        ).first()
    place = next((place for place, past in enumerate(PASTS) if past.title not in there), None)
    if place is None or host is None:
        return False
    with journal.work(SYSTEM, now) as work:
        _Session(work, place, host).hold()
    return True


def settlement_cents() -> list[list[int]]:
    """What each settlement of each session says; together with those of the detailed one exactly 512万元."""
    plain = [past.settled for past in PASTS if not past.in_detail]
    weights = [20 + number * 7_919 % 97 for number in range(sum(plain))]
    rest = TOTAL_CENTS - sum(DETAILED_CENTS)
    sums = [rest * weight // sum(weights) // 10_000 * 10_000 for weight in weights]
    sums[-1] += rest - sum(sums)
    found: list[list[int]] = []
    for count in plain:
        found.append(sums[:count])
        sums = sums[count:]
    return [*found, list(DETAILED_CENTS)]


def days(today: date) -> list[date]:
    """Working days, evenly over this year so far; over the last one while this one is young."""
    young = today.timetuple().tm_yday <= 75
    first = date(today.year - 1 if young else today.year, 1, 8)
    last = date(today.year - 1, 12, 18) if young else today - timedelta(days=5)
    found = [first + (last - first) * place // (len(PASTS) - 1) for place in range(len(PASTS))]
    found = [each - timedelta(days=7 if (each.month, each.day) in HOLIDAYS else 0) for each in found]
    return [each - timedelta(days=max(0, each.weekday() - 4)) for each in found]


class _Session:
    """One session from its plan to its last look; `work.now` goes from moment to moment."""

    def __init__(self, work: Work, place: int, host: str) -> None:
        self._work, self._past, self._place = work, PASTS[place], place
        self._now = work.now
        self._host = Actor("OFFICER", f"officer:{host}", Role.COMMANDER, work.court_code, officer_id=host)
        day = days(civil_day(work.now, work.civil_offset_s))[place]
        offset = timedelta(seconds=work.civil_offset_s)
        self._midnight = datetime.combine(day, time(), work.now.tzinfo) - offset
        self._cases: list[CaseRow] = []
        self._broken: set[str] = set()  # cases with a promise that was not kept

    def hold(self) -> None:
        sums = settlement_cents()[self._place]
        screening_id, people = self._gather(sums)
        present = people[: self._past.present]
        self._let_in(screening_id, present)
        self._at(15, 0, begin_screening, screening_id)
        self._at(15, 50, begin_interviews, screening_id)
        self._agree(present, sums)
        self._at(16, 50, end_screening, screening_id)
        for day in (2, 8, 31):
            if self._midnight + timedelta(days=day) < self._now:
                self._as(SYSTEM, timedelta(days=day, minutes=1))
                follow_screening(self._work, screening_id)
        self._close()
        self._as(SYSTEM, self._now - self._midnight)

    # --- people and cases

    def _gather(self, sums: Sequence[int]) -> tuple[str, list[str]]:
        """A week before: the plan, the cases, the invitations."""
        self._as(self._host, timedelta(days=-7, hours=9))
        kind = ScreeningKind.SCREENING if self._past.cause is None else ScreeningKind.LIKE_CASE
        held_at = self._midnight + timedelta(hours=15)
        screening_id = plan_screening(self._work, self._past.title, Plan(kind, self._past.cause, held_at, ROOM))
        set_programme(self._work, screening_id, [Place(title=CARD[0], words=CARD[1])])
        tick_materials(self._work, screening_id, screening.MATERIALS)
        debtors = self._file(sums)
        return screening_id, [invite_attendee(self._work, screening_id, party) for party in debtors]

    def _file(self, sums: Sequence[int]) -> list[str]:
        """Cases enough, each third one with two debtors. Returns as many debtors as are invited."""
        areas = list(self._work.session.scalars(select(AreaRow.id).order_by(AreaRow.id)))
        debtors: list[str] = []
        while len(debtors) < self._past.invited:
            number = self._place * 40 + len(self._cases)
            claim = CLAIM_CENTS if self._past.in_detail and not debtors else 1_000_000 + number * 7_919_113 % 9_000_000
            case = CaseRow(
                id=str(ULID.from_datetime(self._work.now)),
                court_code=self._work.court_code,
                case_no=f"（{self._midnight.year}）{self._work.court_code}执{FIRST_CASE + number}号",
                cause=self._past.cause or "买卖合同纠纷",
                filed_at=self._work.now - timedelta(days=60),
                claim_cents=claim,
                recovered_cents=0,
                stage=Stage.CONTROLLED,
                area_id=areas[number * 29 % len(areas)] if areas else None,
                changed_at=self._work.now - timedelta(days=30),
            )
            self._work.session.add(case)
            self._work.session.flush()
            left = self._past.invited - len(debtors)
            two = left > 1 and (left >= 2 * (CASES - len(self._cases)) if self._past.in_detail else len(self._cases) % EVERY_THIRD == 1)
            debtors += self._parties(case.id, number, 2 if two else 1)
            self._cases.append(case)
        return debtors

    def _parties(self, case_id: str, number: int, count: int) -> list[str]:
        kinds = [PartyKind.APPLICANT, *[PartyKind.DEBTOR] * count]
        names = [
            f"{SURNAMES[(number * 7 + each * 11) % len(SURNAMES)]}{GIVEN[(number + each) % 4]}{COUNT[(number // 4 + each) % 9]}"
            for each in range(len(kinds))
        ]
        masked = masking.mask_parties((True, name) for name in names)
        first = int(ULID.from_datetime(self._work.now))
        rows = [
            CasePartyRow(
                id=str(ULID.from_int(first + place * APART)),
                case_id=case_id,
                kind=kind,
                natural=True,
                name=self._work.sealing.seal(name),
                masked=masked[place],
                phone=self._work.sealing.seal(f"000-3{number:05}{place}"),
                minor=False,
                unfit=False,
            )
            for place, (kind, name) in enumerate(zip(kinds, names, strict=True))
        ]
        self._work.session.add_all(rows)
        return [row.id for row in rows if row.kind == PartyKind.DEBTOR]

    def _let_in(self, screening_id: str, present: Sequence[str]) -> None:
        self._at(14, 30, open_check_in, screening_id)
        secret = invite_stage(self._work, screening_id)
        self._as(NOBODY, timedelta(hours=14, minutes=31))
        open_stage(self._work, secret)
        for place, attendee_id in enumerate(present):
            self._as(self._host, timedelta(hours=14, minutes=35 + place))
            code = self._work.sealing.open(self._work.session.get_one(AttendeeRow, attendee_id).code)
            check_in(self._work, screening_id, code or "")

    # --- what it led to

    def _agree(self, present: Sequence[str], sums: Sequence[int]) -> None:
        """Settlements from the first seats on, some with a part at once; of the others half promise something; one in the detailed one."""
        for place, attendee_id in enumerate(present):
            self._as(self._host, timedelta(hours=15, minutes=52 + 3 * place))
            hold_interview(self._work, attendee_id)
            first = place - int(self._past.in_detail)
            if first < 0:
                self._pay_and_promise(attendee_id)
            elif first < len(sums):
                self._settle(attendee_id, sums[first], first)
            elif not self._past.in_detail and place % 2:
                self._promise(attendee_id, 200_000 + 70_000 * place, kept=place % 4 == 1)

    def _settle(self, attendee_id: str, cents: int, place: int) -> None:
        settle(self._work, attendee_id, cents, "三个月内分三期付清，利息减半", "PRESENT" if place % 3 else "PHONE")
        if not self._past.in_detail and place % EVERY_THIRD == 0:
            pay_on_the_spot(self._work, attendee_id, cents // 5, f"收{self._midnight.year}{self._place:02}{place:02}")

    def _pay_and_promise(self, attendee_id: str) -> None:
        """16.5万: 3.9万 at once, 12.6万 within seven days, paid next morning at 10:20."""
        pay_on_the_spot(self._work, attendee_id, PAID_CENTS, "收20260007")
        case_id = self._promise(attendee_id, PROMISED_CENTS, kept=True)
        self._receive(case_id, PAID_CENTS, timedelta(hours=17))
        self._receive(case_id, PROMISED_CENTS, timedelta(days=1, hours=10, minutes=20))

    def _promise(self, attendee_id: str, cents: int, kept: bool) -> str:
        due_on = civil_day(self._midnight, self._work.civil_offset_s) + timedelta(days=7)
        make_promise(self._work, attendee_id, cents, due_on)
        case_id = self._work.session.get_one(AttendeeRow, attendee_id).case_id
        assert case_id is not None
        if not kept:
            self._broken.add(case_id)
        elif not self._past.in_detail:
            self._receive(case_id, cents, timedelta(days=3, hours=10))
        return case_id

    def _receive(self, case_id: str, cents: int, after: timedelta) -> None:
        at = self._midnight + after
        self._work.session.add(RecoveryRow(id=str(ULID.from_datetime(at)), case_id=case_id, at=at, cents=cents))

    def _close(self) -> None:
        """Long ago, as it were: the wall has never seen them open."""
        closed_at = min(self._midnight + timedelta(days=20), self._now - timedelta(days=2))
        for case in self._cases:
            paid = case.id not in self._broken
            case.stage, case.closed_at, case.changed_at = Stage.CLOSED, closed_at, closed_at
            case.closing_kind = ClosingKind.FULLY if paid else ClosingKind.TERMINATED_CURRENT
            case.recovered_cents = case.claim_cents if paid else 0

    # --- moments

    def _as(self, actor: Actor, after: timedelta) -> None:
        """After the midnight with which its day begins."""
        self._work.actor, self._work.now = actor, self._midnight + after

    def _at(self, hour: int, minute: int, action: Callable[[Work, str], object], screening_id: str) -> None:
        self._as(self._host, timedelta(hours=hour, minutes=minute))
        action(self._work, screening_id)

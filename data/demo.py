"""The demonstration's court, invented from its name to its last case; put in by the same actions as a real one.

`seed` founds it once. `prepare` makes what must be fresh at every start: one-time links, devices, the day's missions, and canaries, which
are random strings hidden in restricted fields so that anybody can look for them where they must not be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_hex
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import func, select
from ulid import ULID

from data.actions.accounts import open_account, set_pin
from data.actions.calls import answer_call, end_call
from data.actions.cases import CaseReport, Party, report_case
from data.actions.devices import enrol_device, revoke_device
from data.actions.invitations import standing_invitation
from data.actions.links import make_link
from data.actions.missions import MissionReport, report_mission
from data.actions.organisation import add_officer, add_unit, add_vehicle, draw_area, draw_fence, form_team, found_court
from data.actions.screenings import Place as Showing
from data.actions.screenings import invite_stage, plan_screening, set_programme
from data.actions.sos import acknowledge_sos, resolve_sos
from data.actions.units import begin_duty
from data.actions.walls import add_wall
from data.credentials import issue_machine_token, keep_secret, new_password, new_pin
from data.invented_court import COURT_CODE, DESK_PIN
from data.journal import Journal, Work
from data.rules import calls, missions, sos
from data.rules.calls import CallKind
from data.rules.cases import CaseEvent
from data.rules.links import Purpose
from data.rules.missions import MissionState, MissionStep
from data.rules.permissions import SYSTEM, Actor, Role
from data.rules.screening import ScreeningState
from data.rules.sos import SosState
from data.rules.units import UnitKind
from data.settings import Settings
from data.tables import (
    AccountRow,
    AreaRow,
    CallRow,
    CaseRow,
    CourtRow,
    DeviceRow,
    MissionRow,
    OfficerRow,
    ScreeningRow,
    SosRow,
    TeamRow,
    UnitRow,
    WallRow,
)
from geo.coordinates import Place, distance_m, moved

if TYPE_CHECKING:  # drawing the district needs geopandas, which takes a second to import: only the first start does
    from geo.invented import InventedDistrict

WALL_NAME = "指挥大厅"
LAST_LAYER = "places.geojson"  # written last
NUMERALS = "一二三四五六七"
ENFORCERS = tuple(f"{numeral}组" for numeral in NUMERALS)
QUICK, SUPPORT = "快反组", "综合组"
LEADERS = "陈李孙何吴周郑"  # of 一组 to 七组: all different, because the wall calls them by surname
SURNAMES = "王刘张杨黄林罗马朱胡高郭梁宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁"
GIVEN, COUNT = "演示测样", "一二三四五六七八九"
PEOPLE = (("执行员", 9), ("法官", 4), ("法警", 3), ("书记员", 10))  # of the support team
LINK_LIVES = timedelta(hours=24)
PLAYERS = (  # badges after those of all others: nobody is put in their place
    ("岭演0001", "方演零", "值班员（演示：自动应答）", Role.DUTY),
    ("岭演0002", "柳测零", "副院长（演示：自动应答）", Role.LEADER),
)
FIRST_OFFICER, FIRST_VEHICLE = 1001, 2001
CASES = 60
CAUSES = ("金融借款合同纠纷", "民间借贷纠纷", "买卖合同纠纷", "劳动争议", "租赁合同纠纷", "建设工程合同纠纷", "物业服务合同纠纷")
STAGES = ("NOTIFIED", "INVESTIGATING", "INVESTIGATING", "CONTROLLED", "DISPOSING", "FUNDS")
WITH_A_SURETY = 7  # of every twenty cases one has a second debtor: sixteen cases, nineteen people before a screening
TRADES = ("建材", "物流", "家具", "装饰工程", "食品")
_MACHINE = Actor(kind="MACHINE", id="case_system", role=Role.CASE_SYSTEM, court_code=COURT_CODE)


@dataclass(frozen=True, slots=True)
class DemoDevice:
    """One enrolled device. driver: its team, if the simulation moves it; None: driven by nobody, standing at `place`."""

    unit_no: int
    token: str
    osmand_id: str
    place: Place
    driver: str | None = None
    vehicle: bool = False


@dataclass(frozen=True, slots=True)
class Canaries:
    """Random strings of this run, each in a sealed field."""

    names: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    id_numbers: list[str] = field(default_factory=list)
    plates: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that is fresh at a start. The secrets of links: `/link/<secret>`. phones: (officer's name, unit, secret).

    pin: opens the duty officer's locked desk; the same as long as this home stands.
    """

    wall: str
    desk: str
    director: str
    auto_duty: str  # `/link/<secret>`: signs the simulated duty officer in
    auto_leader: str  # the id of the officer whom he invites
    host: str  # `/link/<secret>`: another of the centre than the desk's, who hosts screenings and signs beside him
    stage: str  # `/stage/<secret>`: a browser becomes the stage of the screening that is planned
    leader: str  # `/join/<secret>`: into the call that is open when the button is pressed
    pin: str
    phones: list[tuple[str, int, str]]
    devices: list[DemoDevice]
    case_token: str
    canaries: Canaries
    court: Place
    goals: dict[str, Place]  # where each team's mission goes
    missions: dict[str, str]  # of each team that is out: the id
    planned: dict[str, str]  # of each team that will go out later
    cases: dict[str, list[str]]  # numbers of open cases by their stage, for what the case system will tell


# --- once -------------------------------------------------------------------------------------------------------------------------


def seed(journal: Journal, settings: Settings, now: datetime) -> None:
    """Found the court, draw its district and put in people, vehicles and cases. What is there already stays as it is.

    A start that was killed half-way goes on here: each of the three parts is there whole or not at all.
    """
    with journal.database.reading() as session:
        founded = session.get(CourtRow, settings.court_code) is not None
        filed = session.scalar(select(CaseRow.id).limit(1)) is not None
    if founded and filed and (settings.layers / LAST_LAYER).exists():
        return
    from geo.invented import invent
    from geo.layers import write_layers

    district = invent()
    write_layers(district.layers(), settings.layers)
    if not founded:
        with journal.work(SYSTEM, now) as work:
            _found(work, settings, district)
    if not filed:
        with journal.work(_MACHINE, now) as work:
            _file_cases(work, list(district.communities["id"]), now)


def _found(work: Work, settings: Settings, district: "InventedDistrict") -> None:
    lat, lon = district.court
    found_court(work, settings.court_code, settings.court_name, lat=lat, lon=lon, duty_phone=settings.duty_phone)
    middles = district.communities.representative_point()
    rows = zip(district.communities["id"], district.communities["street"], district.communities["name"], middles, strict=True)
    for area_id, street, name, middle in rows:
        draw_area(work, area_id, street, name, middle.y, middle.x)
    _add_people(work)
    for name, kind, place, metres in (("法院驻地", "COURT", district.court, 250.0), ("青石桥", "WATCH", district.place("青石桥"), 400.0)):
        draw_fence(work, name, kind, [list(moved(*place, bearing, metres)) for bearing in range(0, 360, 30)])


def _person(officer_id: str, role: Role) -> Actor:
    return Actor("OFFICER", f"officer:{officer_id}", role, COURT_CODE, officer_id=officer_id)


class _Names:
    """Names that nobody has: a surname, 演 示 测 or 样, and a number."""

    def __init__(self) -> None:
        self._made = 0

    def __call__(self, surname: str | None = None) -> str:
        number = self._made
        self._made += 1
        surname = surname or SURNAMES[number % len(SURNAMES)]
        return f"{surname}{GIVEN[number % len(GIVEN)]}{COUNT[number % len(COUNT)]}"


def _add_people(work: Work) -> None:
    """58 officers, ten vehicles, their units."""
    names, staff, vehicles = _Names(), _Staff(work), [0]

    def vehicle(kind: str, team_id: str | None) -> None:
        vehicle_id = add_vehicle(work, kind, f"岭A·演{vehicles[0] + 1:04}", team_id)
        add_unit(work, FIRST_VEHICLE + vehicles[0], UnitKind.VEHICLE, vehicle_id=vehicle_id)
        vehicles[0] += 1

    for team, surname in zip(ENFORCERS, LEADERS, strict=True):
        team_id = form_team(work, team)
        staff.add(names(surname), "法官", Role.JUDGE, team_id, leader=True)
        staff.add(names(), "执行员", Role.FIELD, team_id)
        staff.add(names(), "法警", Role.FIELD, team_id)
        vehicle("POLICE", team_id)
    quick = form_team(work, QUICK)
    staff.add(names("赵"), "法官", Role.JUDGE, quick, leader=True)
    for _ in range(3):
        staff.add(names(), "法警", Role.FIELD, quick)
    support = form_team(work, SUPPORT)
    for title, count in PEOPLE:
        for place in range(count):
            first = place == 0
            role = Role.DUTY if first and title == "执行员" else Role.FIELD
            staff.add(names(), "值班员" if role is Role.DUTY else title, role, support, leader=first and title == "法官")
    for kind, team_id in (("COMMAND", quick), ("TRANSPORT", support), ("TOW", support)):
        vehicle(kind, team_id)
    staff.add(names(), "局长", Role.COMMANDER)
    staff.add(names(), "副局长", Role.LEADER)
    staff.add(names(), "副局长", Role.LEADER)
    staff.add(names(), "案款员", Role.FUND)
    staff.add(names(), "督察员", Role.INSPECTOR)
    staff.add(names(), "技术员", Role.TECHNICAL)
    staff.add(names(), "技术员", Role.TECHNICAL)


class _Staff:
    """Officers in the order of their numbers; who belongs to a team goes out under a unit's number."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._count = 0

    def add(self, name: str, title: str, role: Role, team_id: str | None = None, leader: bool = False) -> None:
        number = FIRST_OFFICER + self._count
        self._count += 1
        phone = f"000-0000-{number}"
        badge = f"岭执{number}"
        officer_id = add_officer(self._work, name, title, role, team_id=team_id, badge_no=badge, phone=phone, leader=leader)
        if team_id is not None:
            add_unit(self._work, number, UnitKind.OFFICER, officer_id=officer_id)


def _file_cases(work: Work, areas: Sequence[str], now: datetime) -> None:
    """Sixty cases of the last ten months, none of them changed today."""
    for number in range(1, CASES + 1):
        filed_at = now - timedelta(days=4 * number + 2, hours=number % 5)
        case_no = f"（{filed_at.year}）{COURT_CODE}执{number + 100}号"
        team = (number - 1) % len(ENFORCERS)
        claim = (number * 7_919_113) % 90_000_000 + 180_000
        parties = _parties(number)
        report_case(work, CaseReport(
            case_no=case_no, event=CaseEvent.FILED, at=filed_at, cause=CAUSES[number % len(CAUSES)],
            judge=f"岭执{FIRST_OFFICER + 3 * team}", claim_cents=claim, area_id=areas[number * 53 % len(areas)], parties=parties,
        ))  # fmt: skip
        stage = STAGES[number % len(STAGES)]
        report_case(work, CaseReport(case_no=case_no, event=CaseEvent.STAGE, at=filed_at + timedelta(days=1), stage=stage))


def _parties(number: int) -> Sequence[Party]:
    trade = TRADES[number % len(TRADES)]
    person = f"{SURNAMES[number % len(SURNAMES)]}{GIVEN[number % 4]}{COUNT[number % 9]}"
    natural = number % 3 != 0
    debtor = f"{SURNAMES[-number % len(SURNAMES)]}样{COUNT[-number % 9]}" if natural else f"清溪{COUNT[number % 9]}号{trade}有限公司"
    both = (
        Party(kind="APPLICANT", name=person, phone=f"000-1{number:07}"),
        Party(kind="DEBTOR", name=debtor, natural=natural, phone=f"000-2{number:07}", address=f"演示路{number}号"),
    )
    if number % 20 != WITH_A_SURETY:
        return both
    surety = f"{SURNAMES[(number * 3) % len(SURNAMES)]}演{COUNT[(number + 4) % 9]}"
    return (*both, Party(kind="DEBTOR", name=surety, phone=f"000-4{number:07}", address=f"演示路{number}号附一"))


# --- at every start ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Errand:
    """A mission of the morning: how far it has come at 09:38. steps: minutes before, for each step taken so far."""

    team: str
    kind: str
    matter: str
    goal: str
    steps: tuple[tuple[MissionStep, int], ...]
    starts_min: int  # planned, minutes from now
    foreign: str | None = None


_A, _D = MissionStep.ASSIGNED, MissionStep.DEPARTED
ERRANDS = (
    _Errand("一组", "EVICT", "腾退厂房", "腾退厂房", ((_A, 90), (_D, 14)), -15),
    _Errand("二组", "SURVEY", "查看厂房设备", "石浦建材厂", ((_A, 85), (_D, 11)), -10),
    _Errand(
        "三组", "ASSIST", "协助外院扣押车辆", "南洲汽车城", ((_A, 80), (_D, 38), (MissionStep.ARRIVED, 16)), -40, "（2026）岭0107执312号"
    ),
    _Errand("四组", "SEIZE", "扣押木材", "柳溪木器厂", ((_A, 70), (_D, 9)), -10),
    _Errand("五组", "SERVE", "送达执行通知书", "河湾物流园", ((_A, 66), (_D, 7)), -5),
    _Errand("六组", "SEARCH", "搜查经营场所", "北桥批发市场", ((_A, 60), (_D, 5)), -5),
    _Errand("七组", "SERVE", "送达传票", "清溪站", ((_A, 120), (_D, 52), (MissionStep.ARRIVED, 33), (MissionStep.FINISHED, 6)), -60),
    _Errand("七组", "SURVEY", "调查车辆下落", "云岭信号山", ((_A, 30),), 12),
    _Errand("一组", "COMPEL", "拘传被执行人", "河湾物流园", ((_A, 25),), 120),
)
GOAL = {errand.team: errand.goal for errand in reversed(ERRANDS)}  # where each team is bound at 09:38


def prepare(journal: Journal, settings: Settings, now: datetime) -> Prepared:
    """Begin the day again: what was open of a former run is ended, every device gets new secrets, links and canaries are made."""
    places = _places(settings)
    with journal.database.reading() as session:
        duty = session.scalars(select(OfficerRow).where(OfficerRow.role == Role.DUTY).order_by(OfficerRow.badge_no)).first()
        wall_id = session.scalar(select(WallRow.id).where(WallRow.name == WALL_NAME, WallRow.revoked_at.is_(None)))
    assert duty is not None
    if wall_id is None:  # the first start, or somebody took it off at the desk
        with journal.work(_person(duty.id, Role.DUTY), now) as work:
            wall_id = add_wall(work, WALL_NAME)
    pin = _desk_pin(journal, settings, duty.id, now)
    with journal.work(_person(duty.id, Role.DUTY), now) as work:
        _end_what_is_open(work)
    with journal.work(SYSTEM, now) as work:  # first, so that the newest entries are not 54 officers who came on duty
        devices = _enrol(work, now, places)
        players = [_player(work, *each) for each in PLAYERS]
    with journal.work(_MACHINE, now) as work:
        out, planned = _assign(work, now, places)
        cases = _open_cases(work)
        canaries = _hide(work, now)
    with journal.work(_person(_host(journal), Role.COMMANDER), now) as work:
        stage = invite_stage(work, _screening(work), LINK_LIVES)
    with journal.work(SYSTEM, now) as work:
        canaries.plates.extend(_plates(work))
        phones = [(name, no, make_link(work, Purpose.ENROL, unit_no=no, ttl=LINK_LIVES)) for no, name in _quick_officers(work)]
        return Prepared(
            wall=make_link(work, Purpose.WALL, wall_id=wall_id, ttl=LINK_LIVES),
            desk=make_link(work, Purpose.SIGN_IN, officer_id=duty.id, ttl=LINK_LIVES),
            director=make_link(work, Purpose.DIRECTOR, ttl=LINK_LIVES),
            auto_duty=make_link(work, Purpose.SIGN_IN, officer_id=players[0], ttl=LINK_LIVES),
            auto_leader=players[1],
            host=make_link(work, Purpose.HOST, officer_id=_host(journal), ttl=LINK_LIVES),
            stage=stage,
            leader=standing_invitation(work, _leader(work), LINK_LIVES),
            pin=pin,
            phones=phones,
            devices=devices,
            case_token=issue_machine_token(settings.keys, Role.CASE_SYSTEM),
            canaries=canaries,
            court=places["清溪区人民法院"],
            goals={team: places[goal] for team, goal in GOAL.items()},
            missions=out,
            planned=planned,
            cases=cases,
        )


def _player(work: Work, badge_no: str, name: str, title: str, role: Role) -> str:
    """Somebody who is played by a program, and called so wherever his name stands. Returns his id."""
    known = work.session.scalar(select(OfficerRow.id).where(OfficerRow.badge_no == badge_no))
    return known or add_officer(work, name, title, role, badge_no=badge_no)


def _host(journal: Journal) -> str:
    """The head of the bureau: hosts screenings."""
    with journal.database.reading() as session:
        found = select(OfficerRow.id).where(OfficerRow.role == Role.COMMANDER).order_by(OfficerRow.badge_no, OfficerRow.id)
        return session.scalars(found).first() or ""


CARDS = (
    ("执行警示教育", "今天的内容都经过遮蔽，由两人审签。\n中途可以离场，门口有工作人员。"),
    ("自动履行", "期限届满前主动履行，执行程序随之终结。\n有困难的，可以说明情况，申请分期。"),
    ("执行和解", "双方可以自愿达成和解协议。\n和解出于自愿，不同意不会因此受到不利对待。"),
)


def _screening(work: Work) -> str:
    """The one that is planned, with words of the court only: films are cut and signed in front of those who look at the demonstration."""
    known = work.session.scalar(select(ScreeningRow.id).where(ScreeningRow.state == ScreeningState.PLANNED).order_by(ScreeningRow.id))
    if known is not None:
        return known
    screening_id = plan_screening(work, "一月执行警示教育")
    set_programme(work, screening_id, [Showing(title=title, words=said) for title, said in CARDS])
    return screening_id


def _leader(work: Work) -> str:
    """The first of those who join from afar."""
    found = select(OfficerRow.id).where(OfficerRow.role == Role.LEADER).order_by(OfficerRow.badge_no, OfficerRow.id)
    return work.session.scalars(found).first() or ""


def _desk_pin(journal: Journal, settings: Settings, officer_id: str, now: datetime) -> str:
    """The PIN of the duty officer, made at random with this home. He comes in by his link alone: his password is told to nobody."""
    file = settings.keys / DESK_PIN
    with journal.database.reading() as session:
        known = session.get(AccountRow, officer_id) is not None
    if known and file.exists():
        return file.read_text().strip()
    pin = new_pin()
    file.unlink(missing_ok=True)
    if known:
        journal.do(SYSTEM, now, set_pin, officer_id, pin)
    else:
        journal.do(SYSTEM, now, open_account, officer_id, "zhiban", new_password(), pin)
    keep_secret(file, pin)
    return pin


def _open_cases(work: Work) -> dict[str, list[str]]:
    """The newest first; those that stand still are left out, and so are canaries, which are only filed."""
    found: dict[str, list[str]] = {}
    open_ones = CaseRow.closed_at.is_(None) & CaseRow.side_state.is_(None) & CaseRow.stage.in_(STAGES)
    for stage, case_no in work.session.execute(select(CaseRow.stage, CaseRow.case_no).where(open_ones).order_by(CaseRow.filed_at.desc())):
        found.setdefault(stage, []).append(case_no)
    return found


def _quick_officers(work: Work) -> list[tuple[int, str]]:
    """Numbers and names of those whose phones a visitor may hold."""
    of_team = UnitRow.team_id == select(TeamRow.id).where(TeamRow.name == QUICK).scalar_subquery()
    found = select(UnitRow.no, OfficerRow.name).join(OfficerRow, UnitRow.officer_id == OfficerRow.id).where(of_team).order_by(UnitRow.no)
    return [(no, name) for no, name in work.session.execute(found)]


def _places(settings: Settings) -> dict[str, Place]:
    """The named places of the district, from the layer that `seed` wrote."""
    layer = orjson.loads((settings.layers / LAST_LAYER).read_bytes())
    found = ((feature["properties"]["name"], feature["geometry"]["coordinates"]) for feature in layer["features"])
    return {name: (float(lat), float(lon)) for name, (lon, lat) in found}


def _end_what_is_open(work: Work) -> None:
    """Calls answered and ended, alarms resolved, by the officer on duty."""
    for call in list(work.session.scalars(select(CallRow).where(CallRow.state.in_(calls.OPEN)))):
        if call.state not in calls.TALKING and call.kind == CallKind.ONE_TAP:
            call.owner_id = None
            answer_call(work, call.id)
        end_call(work, call.id)
    for alarm in list(work.session.scalars(select(SosRow).where(SosRow.state.in_(sos.OPEN)))):
        if alarm.state == SosState.RAISED:
            acknowledge_sos(work, alarm.id)
        resolve_sos(work, alarm.id)


def _assign(work: Work, now: datetime, places: dict[str, Place]) -> tuple[dict[str, str], dict[str, str]]:
    """The missions of a former run ended, those of this morning assigned and moved as far as they have come.

    Returns the missions that are under way and those that will be, by team.
    """
    for mission in list(work.session.scalars(select(MissionRow).where(MissionRow.state.in_(missions.OPEN)))):
        step = MissionStep.FINISHED if mission.state == MissionState.ON_SCENE else MissionStep.CANCELLED
        report_mission(work, MissionReport(id=mission.id, event=step, at=now))
    out: dict[str, str] = {}
    planned: dict[str, str] = {}
    areas = list(work.session.scalars(select(AreaRow)))
    numbers = list(work.session.scalars(select(CaseRow.case_no).order_by(CaseRow.filed_at.desc()).limit(len(ERRANDS))))
    reports: list[MissionReport] = []
    for errand, case_no in zip(ERRANDS, numbers, strict=True):
        lat, lon = places[errand.goal]
        area = min(areas, key=lambda area: distance_m((area.lat, area.lon), (lat, lon)))
        begins = now + timedelta(minutes=errand.starts_min)
        mission_id = str(ULID.from_datetime(now))
        for step, before_min in errand.steps:
            reports.append(MissionReport(
                id=mission_id, event=step, at=now - timedelta(minutes=before_min), kind=errand.kind, matter=errand.matter,
                case_no=errand.foreign or case_no, team=errand.team, vehicle=str(FIRST_VEHICLE + ENFORCERS.index(errand.team)),
                area_id=area.id, lat=lat, lon=lon, planned_from=begins, planned_to=begins + timedelta(minutes=90),
            ))  # fmt: skip
        last = errand.steps[-1][0]
        if last is not MissionStep.FINISHED:
            (planned if last is MissionStep.ASSIGNED else out)[errand.team] = mission_id
    for report in sorted(reports, key=lambda report: report.at):
        report_mission(work, report)
    return out, planned


def _hide(work: Work, now: datetime) -> Canaries:
    """A case of this morning whose party is made of random strings; the wall shows the case and none of them."""
    taken = work.session.scalar(select(func.count()).select_from(CaseRow)) or 0
    found = Canaries([f"欧{token_hex(6)}"], [f"000{token_hex(6)}"], [f"000{token_hex(8)}"])
    party = Party(kind="APPLICANT", name=found.names[0], phone=found.phones[0], id_no=found.id_numbers[0], address=token_hex(8))
    area_id = work.session.scalar(select(AreaRow.id).order_by(AreaRow.id).limit(1))
    report_case(work, CaseReport(
        case_no=f"（{now.year}）{COURT_CODE}执{taken + 1000}号", event=CaseEvent.FILED, at=now - timedelta(minutes=8), cause=CAUSES[1],
        claim_cents=17_000_000, area_id=area_id, parties=[party],
    ))  # fmt: skip
    return found


def _plates(work: Work) -> list[str]:
    plate = f"岭A{token_hex(4)}"
    add_vehicle(work, "TRANSPORT", plate)
    return [plate]


def _enrol(work: Work, now: datetime, places: dict[str, Place]) -> list[DemoDevice]:
    """New secrets for every device but the phones of the quick team: those may be in somebody's hand."""
    teams = {team.id: team.name for team in work.session.scalars(select(TeamRow))}
    out = [team_id for team_id, name in teams.items() if name != QUICK]
    units = list(work.session.scalars(select(UnitRow).where(UnitRow.team_id.in_(out)).order_by(UnitRow.no)))
    numbers = [unit.no for unit in units]
    former = list(work.session.scalars(select(DeviceRow.no).where(DeviceRow.revoked_at.is_(None), DeviceRow.unit_no.in_(numbers))))
    areas = list(work.session.scalars(select(AreaRow).order_by(AreaRow.id)))
    devices = []
    for place, unit in enumerate(units):
        team = teams[unit.team_id or ""]
        vehicle = unit.kind == UnitKind.VEHICLE
        enrolment = enrol_device(work, unit.no, "VEHICLE" if vehicle else "PHONE")
        begin_duty(work, unit.no, now - timedelta(hours=1))
        area = areas[place * 37 % len(areas)]
        driver = team if team in ENFORCERS else None
        standing = places[GOAL[team]] if driver else (area.lat, area.lon)
        devices.append(DemoDevice(unit.no, enrolment.token, enrolment.osmand_id, standing, driver, vehicle))
    for number in former:  # after the new ones: a unit's duty ends with its last device
        revoke_device(work, number)
    return devices

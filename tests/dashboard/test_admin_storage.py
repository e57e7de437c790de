"""存储与保存期限: what lies there is counted, what the next purge takes is what the purge then takes; a hold needs two people to go."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from dashboard.admin.storage import columns, positions_of, size_of
from data.actions.archives import begin_archiving, tell_archiving
from data.actions.devices import enrol_device
from data.queries.recordings import due_for_purge
from data.rules.permissions import Role
from data.rules.recordings import Category
from data.rules.storage import Kind, Lot, parts
from data.tables import CallRow, CaseRow, MissionRow, RecordingRow, SegmentRow
from streaming.history import History
from tests.administration import Administration, administration
from tests.small_court import COURT, PHONE_UNIT

CASE = "（2026）粤4401执77号"
ARCHIVED = "01KB0000000000000000000000"


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Administration]:
    yield from administration(tmp_path)


def recorded(admin: Administration, number: int, ended: datetime, category: Category = Category.ROUTINE, call_id: str | None = None) -> str:
    key = f"01REC{number:021d}"
    with Session(admin.court.database.writes) as session, session.begin():
        session.add(
            RecordingRow(
                id=key,
                court_code=COURT,
                stream=key,
                call_id=call_id,
                unit_no=PHONE_UNIT,
                state="ENDED",
                category=category,
                began_at=ended,
                ended_at=ended,
            )
        )
        session.flush()
        session.add(
            SegmentRow(recording_id=key, number=1, form="webm", began_at=ended, duration_ms=1_000, size=1_000_000, sha256="ab" * 32)
        )
    return key


def lot(page: str, kind: Kind) -> str:
    found = re.search(rf'<tr data-lot="{kind}">(.*?)</tr>', page, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


async def test_what_the_page_promises_is_what_the_purge_takes(admin: Administration) -> None:
    now = admin.court.now()
    gone = [recorded(admin, number, now - timedelta(days=200)) for number in range(3)]
    recorded(admin, 10, now - timedelta(days=180))
    recorded(admin, 11, now)
    recorded(admin, 12, now - timedelta(days=999), Category.KEPT)
    async with admin.browser(Role.TECHNICAL) as browser:
        page = (await browser.get("/centre/admin/storage")).text
    assert re.search(r"\b5 5\.0 MB .*184 天 – 3 · 3\.0 MB 1 · 1\.0 MB", lot(page, Kind.ROUTINE)), lot(page, Kind.ROUTINE)
    assert "1 1.0 MB" in lot(page, Kind.KEPT)
    assert "长期" in lot(page, Kind.KEPT)
    with admin.court.database.reading() as session:
        assert due_for_purge(session, now, admin.house.settings.recording_days) == gone
    assert "<rect" in page
    assert "storage/hold" not in page


@pytest.mark.parametrize("role", [Role.DUTY, Role.COMMANDER, Role.LEADER, Role.INSPECTOR])
async def test_who_may_hold_sees_how(admin: Administration, role: Role) -> None:
    async with admin.browser(role) as browser:
        assert 'id="hold"' in (await browser.get("/centre/admin/storage")).text
    async with admin.browser(Role.TECHNICAL) as browser:
        refused = await browser.post("/centre/admin/storage/hold", json={"case_no": CASE, "reason": "信访"})
        assert refused.status_code == 403


async def test_a_case_is_held_by_one_and_released_by_another_and_the_page_counts_it(admin: Administration) -> None:
    now = admin.court.now()
    device_no = admin.house.do(enrol_device, PHONE_UNIT).device_no
    with Session(admin.court.database.writes) as session, session.begin():
        session.add(CaseRow(id="01CASE", court_code=COURT, case_no=CASE, cause="买卖", filed_at=now, stage="MEASURES", changed_at=now))
        session.flush()
        session.add(
            MissionRow(
                id="01MISSION",
                no="勤〔20261123〕001",
                court_code=COURT,
                kind="SEARCH",
                matter="搜查",
                case_id="01CASE",
                state="PLANNED",
                planned_from=now,
                planned_to=now,
                changed_at=now,
            )
        )
        session.flush()
        session.add(
            CallRow(
                id="01CALL",
                number="呼〔20261123〕001",
                court_code=COURT,
                unit_no=PHONE_UNIT,
                device_no=device_no,
                mission_id="01MISSION",
                state="ENDED",
                placed_at=now,
                received_at=now,
            )
        )
    recorded(admin, 1, now - timedelta(days=200), call_id="01CALL")
    recorded(admin, 2, now - timedelta(days=200))
    said = {"case_no": "(2026)粤4401执77号", "reason": "信访复查"}
    async with admin.browser(Role.DUTY) as duty, admin.browser(Role.COMMANDER) as commander:
        for body in (said | {"reason": " "}, {"case_no": CASE}):
            assert (await duty.post("/centre/admin/storage/hold", json=body)).status_code == 400
        assert (await duty.post("/centre/admin/storage/hold", json=said | {"case_no": "（2026）粤4401执78号"})).status_code == 404
        assert (await duty.post("/centre/admin/storage/hold", json=said)).json() == {"count": 1}
        assert (await duty.post("/centre/admin/storage/hold", json=said)).json() == {"count": 0}
        assert re.search(r"184 天 1 1 · 1\.0 MB", lot((await duty.get("/centre/admin/storage")).text, Kind.ROUTINE))
        refused = await duty.post("/centre/admin/storage/lift", json=said)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "recording.own_hold")
        assert (await commander.post("/centre/admin/storage/lift", json=said)).json() == {"count": 1}
        assert re.search(r"184 天 – 2 · 2\.0 MB", lot((await duty.get("/centre/admin/storage")).text, Kind.ROUTINE))
    assert [act for act, result, _ in admin.house.traces() if result == "done"].count("hold") == 2


async def test_days_of_positions_are_held_by_one_and_released_by_another(admin: Administration) -> None:
    admin.house.do(begin_archiving, ARCHIVED, date(2026, 11, 13))
    said = {"for": "unit", "about": f" {PHONE_UNIT} ", "from": "2026-11-12", "to": "2026-11-14", "reason": "信访复查"}
    hold, lift = "/centre/admin/storage/positions/hold", "/centre/admin/storage/positions/lift"
    async with admin.browser(Role.DUTY) as duty, admin.browser(Role.COMMANDER) as commander, admin.browser(Role.TECHNICAL) as technical:
        bad = {"to": "2026-11-1", "about": "9999", "for": "officer", "reason": " ", "from": 5}
        answers = [(await duty.post(hold, json=said | {name: value})).status_code for name, value in bad.items()]
        assert answers == [400, 404, 400, 400, 400]
        unknown = [{"for": "mission", "about": "勤〔20261123〕009"}, {"for": "case", "about": "(2026)粤4401执9号"}]
        assert [(await duty.post(hold, json=said | each)).status_code for each in unknown] == [404, 404]
        assert (await technical.post(hold, json=said)).status_code == 403
        made = (await duty.post(hold, json=said)).json()["id"]
        page = (await duty.get("/centre/admin/storage")).text
        assert (f'data-hold="{made}"' in page, "由您设定，须另一人解除" in page, 'class="lift' in page) == (True, True, False)
        assert "2026-11-12 至 2026-11-14" in page
        refused = await duty.post(lift, json={"id": made, "reason": "已结"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "recording.own_hold")
        assert 'class="lift' in (await commander.get("/centre/admin/storage")).text
        seen = (await technical.get("/centre/admin/storage")).text
        assert ("data-hold" in seen, "data-archive" in seen) == (False, True)
        assert (await commander.post(lift, json={"id": made, "reason": "已结"})).json() == {"lifted": True}
        assert "data-hold" not in (await duty.get("/centre/admin/storage")).text


async def test_a_day_that_is_being_written_is_seen_with_its_share_and_stopped(admin: Administration) -> None:
    admin.house.do(begin_archiving, ARCHIVED, date(2026, 11, 13))
    admin.house.do(tell_archiving, ARCHIVED, 42)
    stop = "/centre/admin/storage/archives/stop"
    async with admin.browser(Role.TECHNICAL) as technical, admin.browser(Role.INSPECTOR) as inspector:
        assert 'value="42"' in (page := (await technical.get("/centre/admin/storage")).text)
        assert 'data-act="stop"' in page
        assert 'data-act="stop"' not in (await inspector.get("/centre/admin/storage")).text
        assert (await inspector.post(stop, json={"id": ARCHIVED})).status_code == 403
        assert (await technical.post(stop, json={"id": "01KB0000000000000000000001"})).status_code == 404
        answers = [(await technical.post(stop, json={"id": ARCHIVED})).json() for _ in range(2)]
        assert answers == [{"stopped": True}, {"stopped": False}]
        assert "已停止，次日继续" in (await technical.get("/centre/admin/storage")).text


@pytest.mark.parametrize("role", [Role.JUDGE, Role.FIELD, Role.FUND, Role.UPPER])
async def test_nobody_else_sees_it(admin: Administration, role: Role) -> None:
    async with admin.browser(role) as browser:
        assert (await browser.get("/centre/admin/storage")).status_code == 403


def test_days_of_positions_go_as_the_history_says(tmp_path: Path) -> None:
    now = datetime(2026, 11, 23, 1, tzinfo=UTC)
    for day in ("20261001", "20261024", "20261028", "20261123"):
        (tmp_path / f"positions-{day}.db").write_bytes(b"x" * 1_000)
    (tmp_path / "positions-20261123.db-wal").write_bytes(b"x" * 500)
    found = positions_of(tmp_path, now, 30)
    history = History(tmp_path)
    outdated = history.outdated(30, now.date())
    history.close()
    assert (found.count, found.bytes, found.due, found.due_bytes) == (4, 4_500, len(outdated), 1_000)
    assert (found.soon, found.oldest) == (2, datetime(2026, 10, 1, tzinfo=UTC))


def test_archived_days_count_with_the_others_and_one_on_hold_does_not_go(tmp_path: Path) -> None:
    now = datetime(2026, 11, 23, 1, tzinfo=UTC)
    for day in ("20261001", "20261002", "20261120"):
        (tmp_path / f"positions-{day}-01KB0000000000000000000000.parquet").write_bytes(b"x" * 100)
    (tmp_path / "positions-20261123-1.db").write_bytes(b"x" * 7)
    found = positions_of(tmp_path, now, 30, tmp_path, lambda day: day == date(2026, 10, 2))
    assert (found.count, found.bytes, found.held, found.due, found.due_bytes) == (4, 307, 1, 1, 100)


@given(st.lists(st.integers(0, 10**13), max_size=6), st.integers(0, 10**13), st.integers(0, 10**13))
def test_the_disk_is_drawn_whole_and_nothing_overlaps(sizes: list[int], total: int, free: int) -> None:
    drawn = parts([Lot(kind, 1, size, None, None) for kind, size in zip(Kind, sizes, strict=False)], total, free)
    at = 0
    for part in drawn:
        assert part.begins == at
        assert part.wide >= 0
        at += part.wide
    assert at <= 1000


def test_sizes_are_said_as_disks_are_sold() -> None:
    assert [size_of(count) for count in (None, 0, 999, 1_000, 1_500_000, 2_000_000_000, 3 * 10**12)] == [
        "",
        "0 B",
        "999 B",
        "1.0 KB",
        "1.5 MB",
        "2.0 GB",
        "3.0 TB",
    ]
    assert columns([0, 1, 100]) == [(0, 0), (1, 2), (100, 100)]

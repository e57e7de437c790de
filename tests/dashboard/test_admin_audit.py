"""审计: the inspector searches the record, pages through it and takes it away; each of these is in the record; nobody else reads a line."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from dashboard.admin.audit import SHOWN, cell, name_of
from data.actions.audit import record_audit
from data.rules.identity import Act
from data.rules.permissions import Actor, Role
from data.tables import AuditRow
from tests.administration import Administration, administration
from tests.small_court import COURT, PHONE_UNIT, WALL, officer_id, somebody


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Administration]:
    yield from administration(tmp_path)


def trace(admin: Administration, role: Role, act: Act, kind: str, about: str, reason: str | None = None, result: str = "done") -> None:
    court = admin.court
    court.journal.do(somebody(role, address="192.0.2.99"), court.later(60), record_audit, act, kind, about, reason=reason, result=result)


def rows(page: str) -> list[str]:
    return [re.sub(r"<[^>]+>|\s+", " ", row) for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)[1:]]


def own(admin: Administration) -> list[tuple[str, list[str]]]:
    """What the inspector's own looking left."""
    with admin.court.database.reading() as session:
        left = select(AuditRow).where(AuditRow.object_kind == "audit").order_by(AuditRow.at, AuditRow.id)
        return [(row.act, row.fields) for row in session.scalars(left)]


async def test_he_searches_by_who_what_about_and_when(admin: Administration) -> None:
    trace(admin, Role.DUTY, Act.READ_TRACK, "unit", "1003", "核对到场时间")
    trace(admin, Role.COMMANDER, Act.REPLAY, "recording", "01REC")
    since = (admin.court.now() + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")
    trace(admin, Role.DUTY, Act.DENIED, "door", "/api/track", result="refused")
    async with admin.browser(Role.INSPECTOR) as browser:
        page = (await browser.get("/centre/admin/audit")).text
        assert "查看轨迹" in page
        assert "核对到场时间" in page
        assert "值班员" in page
        for query, expected in (
            (f"who={officer_id(Role.COMMANDER)}", ["回放录像"]),
            ("act=read_track", ["查看轨迹"]),
            ("about=1003", ["查看轨迹"]),
            (f"since={since}&act=denied", ["越权被拒"]),
            (f"until={since}&act=denied", []),
            ("who=没有这个人", []),
        ):
            found = rows((await browser.get(f"/centre/admin/audit?{query}")).text)
            assert len(found) == len(expected), query
            assert all(word in line for word, line in zip(expected, found, strict=True)), query
        assert "没有符合条件的记录" in (await browser.get("/centre/admin/audit?who=没有这个人")).text
    looks = own(admin)
    assert looks[0] == ("read_audit", [])
    assert ("read_audit", ["act", "since"]) in looks
    assert "没有这个人" not in str(looks), "what he typed may be a name: it is not written down"


async def test_walls_and_people_are_called_by_their_names_and_found_by_them(admin: Administration) -> None:
    wall = Actor(kind="WALL", id=WALL, role=Role.WALL, court_code=COURT, wall_id=WALL)
    admin.court.journal.do(wall, admin.court.later(60), record_audit, Act.WATCH, "unit", str(PHONE_UNIT))
    trace(admin, Role.DUTY, Act.STAGE, "wall", WALL)
    trace(admin, Role.DUTY, Act.READ_RESTRICTED, "officer", officer_id(Role.LEADER))
    async with admin.browser(Role.INSPECTOR) as browser:
        for query, expected in (
            ("who=指挥大厅", [("指挥大厅", "关注单元", "陈法官", "1003")]),
            ("about=指挥大厅", [("大屏切换展示", "指挥大厅", WALL)]),
            ("about=陈军", [("查看受限信息", "人员 陈法官"), ("关注单元", "单元 陈法官")]),
        ):
            found = rows((await browser.get(f"/centre/admin/audit?{query}")).text)
            assert len(found) == len(expected), query
            assert all(word in line for words, line in zip(expected, found, strict=True) for word in words), (query, found)
        assert "大屏 指挥大厅" in (await browser.get("/centre/admin/audit.csv?act=stage")).text


async def test_he_pages_to_the_last_line_and_sees_each_once(admin: Administration) -> None:
    for number in range(SHOWN + 20):
        trace(admin, Role.DUTY, Act.WATCH, "unit", str(number))
    async with admin.browser(Role.INSPECTOR) as browser:
        seen: list[str] = []
        path = "/centre/admin/audit?act=watch"
        while path:
            page = (await browser.get(path)).text
            seen += re.findall(r"<small>(\d+)</small></td>\s*<td></td>", page)
            older = re.search(r'rel="next" href="([^"]+)"', page)
            path = older[1].replace("&amp;", "&") if older else ""
    assert seen == [str(number) for number in reversed(range(SHOWN + 20))]


async def test_the_file_he_takes_opens_in_a_spreadsheet_and_reckons_nothing(admin: Administration) -> None:
    for reason in ('=cmd|"/c calc"!A1', "+1", "@sum", "-2+3", "\t=1", " =1", "平常"):
        trace(admin, Role.DUTY, Act.HOLD, "recording", "01REC", reason)
    async with admin.browser(Role.INSPECTOR) as browser:
        answer = await browser.get("/centre/admin/audit.csv?act=hold")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="audit-')
    assert answer.content.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(read) == 8
    assert all(not word.strip(" ").startswith(("=", "+", "-", "@", "\t")) for line in read for word in line)
    assert own(admin) == [("export", ["act"])]


def test_only_what_reckons_is_quoted() -> None:
    assert [cell(text) for text in ("=1", "+1", "-1", "@a", "\t1", "\r1", " =1", "1003", "", "a=b")] == [
        "'=1", "'+1", "'-1", "'@a", "'\t1", "'\r1", "' =1", "1003", "", "a=b",
    ]  # fmt: skip


def test_every_act_has_its_word() -> None:
    assert [act for act in Act if name_of("act", act.value) == act.value] == []
    assert name_of("act", "of_a_newer_version") == "of_a_newer_version"


@pytest.mark.parametrize("query", ["since=x", "until=2026-99-99", "before=x", "before=01M8EZ4FHD239Y68YTTVJHEBXG", "case_no=1", "who=%00"])
async def test_nonsense_is_refused_with_a_sentence(admin: Administration, query: str) -> None:
    async with admin.browser(Role.INSPECTOR) as browser:
        answer = await browser.get(f"/centre/admin/audit?{query}")
    assert answer.status_code in (400, 404)
    assert "said" in answer.text


@pytest.mark.parametrize("role", [Role.DUTY, Role.COMMANDER, Role.LEADER, Role.TECHNICAL, Role.JUDGE, Role.FUND])
async def test_nobody_else_reads_a_line(admin: Administration, role: Role) -> None:
    trace(admin, Role.DUTY, Act.READ_TRACK, "unit", "1003", "核对到场时间")
    async with admin.browser(role) as browser:
        for path in ("/centre/admin/audit", "/centre/admin/audit.csv"):
            answer = await browser.get(path)
            assert answer.status_code == 403
            assert "核对到场时间" not in answer.text
    async with admin.wall() as wall:
        assert (await wall.get("/centre/admin/audit.csv")).status_code in (303, 401, 403)

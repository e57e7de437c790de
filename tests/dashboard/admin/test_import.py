"""The workbook on the administrator's page: looked at, brought in, forgotten; what people really send, and what nobody should."""

import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from dashboard.i18n import t
from data.actions.organisation import add_officer
from data.rules.identity import Act
from data.rules.permissions import SYSTEM, Role
from data.tables import AuditRow, CaseRow, OfficerRow
from tests.administrators import Administrators
from tests.running import Product, eventually
from tests.workbooks import CASE, case, court, write

NAME = "演员甲乙丙"  # stands in the file only


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONIOENCODING", "ascii")  # what processes tell each other is no business of the terminal
        with Product(court_code="岭0108") as product:
            yield product


@pytest.fixture(scope="module")
def admins(product: Product) -> Iterator[Administrators]:
    admins = Administrators(product)
    yield admins
    admins.close()


@pytest.fixture(autouse=True)
def free(admins: Administrators) -> Iterator[None]:
    """No file is left from the test before."""
    yield
    if admins.told("/workbook/state")["step"] not in ("none", "other"):
        admins.ask("/workbook/cancel", {})


def upload(admins: Administrators, content: bytes, name: str = "court.xlsx", who: str = "technical") -> httpx.Response:
    return admins.ask(f"/upload?name={name}", who=who, content=content, headers={"content-type": "application/octet-stream"})


def until(admins: Administrators, *steps: str, who: str = "technical") -> dict[str, Any]:
    """The state, once it is one of these."""
    state: dict[str, Any] = {}

    def there() -> bool:
        state.update(admins.told("/workbook/state", who=who))
        time.sleep(0.1)
        return state["step"] in steps

    eventually(there, f"never {steps}: {state.get('step')} {state.get('error')}", 120)
    return state


def bytes_of(tmp_path: Path, sheets: Any) -> bytes:
    return write(tmp_path / "made.xlsx", sheets).read_bytes()


def counts(state: dict[str, Any]) -> dict[str, dict[str, int]]:
    return dict(state["done"])


def held(admins: Administrators, table: Any) -> int:
    with admins.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def everywhere(product: Product) -> list[str]:
    """Files of the home in which the file's own word stands."""
    files = [path for path in product.home.rglob("*") if path.is_file() and not path.is_symlink()]
    return [str(path) for path in files if NAME.encode() in path.read_bytes()]


def test_what_would_change_is_shown_brought_in_once_and_the_file_is_gone(admins: Administrators, product: Product, tmp_path: Path) -> None:
    sheets = court(3, 5)
    people = list(sheets["人员"])
    sheets["人员"] = [*people, ("J9", NAME, "法官", "无此角色", "一组", None, 3099)]
    content = bytes_of(tmp_path, sheets)
    before = held(admins, OfficerRow)
    assert upload(admins, content).status_code == 200
    looked = until(admins, "looked", "failed")
    assert looked["step"] == "looked"
    assert counts(looked)["人员"] == {"added": 3, "changed": 0, "unchanged": 0, "refused": 1}
    assert counts(looked)["案件"]["added"] == 5
    [refused] = looked["notes"]["refused"]
    assert (refused["sheet"], refused["row"], refused["column"]) == ("人员", 5, "角色")
    [changed] = [note for note in looked["notes"]["changed"] if note["sheet"] == "法院"]
    assert [change[2] for change in changed["changes"] if change[0] == "名称"] == ["某某区人民法院"]
    assert (held(admins, OfficerRow), held(admins, CaseRow)) == (before, 0), "looking writes nothing"
    assert everywhere(product) == []
    admins.told("/workbook/import", {})
    done = until(admins, "done", "failed")
    assert (done["step"], counts(done)["案件"]["added"]) == ("done", 5)
    assert (held(admins, OfficerRow), held(admins, CaseRow)) == (before + 3, 5)
    assert admins.refused("/workbook/import", {}) == "workbook.not_looked"
    assert list((product.home / "run").glob("workbook-*")) == []
    assert everywhere(product) == []
    assert upload(admins, content).status_code == 200
    again = counts(until(admins, "looked", "failed"))
    assert sum(each["added"] + each["changed"] for each in again.values()) == 0, "a second import changes nothing"


def test_a_role_in_a_sheet_waits_for_a_second_person(admins: Administrators, tmp_path: Path) -> None:
    with admins.journal.work(SYSTEM, admins_now()) as work:
        add_officer(work, "管旧", "法警", Role.FIELD, badge_no="R1")
    rows = [("工号", "姓名", "职务称呼", "角色"), ("R1", "管旧", "法警", "院领导"), ("R2", "管新", "院长", "指挥长")]
    assert upload(admins, bytes_of(tmp_path, {"人员": rows})).status_code == 200
    looked = until(admins, "looked", "failed")
    assert [each for note in looked["notes"]["changed"] for each in note["changes"]] == [["角色", "外勤干警", "院领导", "both"]]
    admins.told("/workbook/import", {})
    assert until(admins, "done", "failed")["step"] == "done"
    with admins.database.reading() as session:
        roles = session.scalars(select(OfficerRow.role).where(OfficerRow.badge_no.in_(["R1", "R2"]))).all()
        assert set(roles) == {Role.FIELD}
        traces = session.scalars(select(AuditRow).where(AuditRow.act == Act.IMPORT)).all()
    assert {trace.actor_role for trace in traces} == {"technical"}
    assert admins.ask("/people?q=R1").text.count("等确认：院领导") == 1


def admins_now() -> datetime:
    return datetime.now(UTC)


def test_a_second_administrator_is_told_to_wait_and_sees_nothing_of_the_file(admins: Administrators, tmp_path: Path) -> None:
    assert upload(admins, bytes_of(tmp_path, court(2, 2))).status_code == 200
    answer = upload(admins, b"x", who="second")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "workbook.busy")
    assert admins.told("/workbook/state", who="second") == {"step": "other"}
    assert admins.refused("/workbook/import", {}, "second") == "workbook.no_file"
    assert admins.refused("/workbook/cancel", {}, "second") == "workbook.no_file"
    until(admins, "looked", "failed")
    admins.told("/workbook/cancel", {})
    assert admins.told("/workbook/state") == {"step": "none"}
    assert upload(admins, b"code", name="x.csv", who="second").status_code == 200
    until(admins, "looked", "failed", who="second")
    admins.told("/workbook/cancel", {}, "second")


def bomb() -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<a>" + b"0" * (200 << 20))
    return packed.getvalue()


def test_21_what_is_no_workbook_is_refused_in_a_sentence_and_harms_nobody(admins: Administrators) -> None:
    for name, content, code in (("x.exe", b"MZ", "workbook.kind"), ("x.xlsx", b"", "workbook.empty_file")):
        answer = upload(admins, content, name)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    for content, code in ((b"PK\x03\x04 no", "workbook.broken"), (bomb(), "workbook.bomb")):
        assert upload(admins, content).status_code == 200
        failed = until(admins, "looked", "failed")
        assert (failed["step"], failed["error"]["code"]) == ("failed", code)
    for name in ("../../x.xlsx", "%00.xlsx", "\u202exslx.exe", "C:\\x.csv", "a" * 300 + ".csv"):
        assert upload(admins, b"a,b\n1,2\n", httpx.QueryParams({"name": name})["name"]).status_code in (200, 400), name
        until(admins, "looked", "failed", "none")


def test_what_is_too_large_is_cut_off_and_nothing_of_it_stays(admins: Administrators) -> None:
    def flood() -> Iterator[bytes]:
        for _ in range(66):
            yield b"0" * (1 << 20)

    answer = upload(admins, flood())  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "workbook.too_large")
    assert admins.told("/workbook/state") == {"step": "none"}


def sheets_of(content: bytes) -> list[str]:
    return load_workbook(BytesIO(content), read_only=True).sheetnames


def traces_of_exports(admins: Administrators) -> list[AuditRow]:
    with admins.database.reading() as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.act == Act.EXPORT).order_by(AuditRow.id)))


def test_cases_go_along_for_the_commander_and_the_page_says_beforehand_to_whom_they_do_not(
    admins: Administrators, product: Product
) -> None:
    with_cases, without = f">{t('admin.export_go_cases')}<", f">{t('admin.export_never')}<"
    for who, cases in (("commander", True), ("leader", True), ("technical", False)):
        page = admins.ask("/workbook", who=who).text
        assert (with_cases in page, without in page, 'id="choose"' in page) == (cases, not cases, not cases), who
    answer = admins.ask("/export", who="commander", data={"cases": "yes", "reason": "年终核对"})
    assert (answer.status_code, sheets_of(answer.content)[-1]) == (200, "案件")
    [begun, done] = traces_of_exports(admins)[-2:]
    assert {(each.actor_role, each.reason) for each in (begun, done)} == {("commander", "年终核对")}
    assert ("with:cases" in begun.fields, "with:cases" in done.fields, begun.result, done.result) == (True, True, "begun", "done")
    assert sheets_of(admins.ask("/export", who="commander", data={"cases": "no"}).content)[-1] == "围栏"
    assert "without:cases" in traces_of_exports(admins)[-1].fields
    told = len(traces_of_exports(admins))
    assert admins.ask("/export", who="commander", data={"cases": "yes", "reason": " "}).status_code == 400
    assert admins.ask("/export", who="technical", data={"cases": "yes", "reason": "想要"}).status_code == 403
    assert len(traces_of_exports(admins)) == told, "nothing was begun"
    assert list((product.home / "run").glob("export-*")) == []


def test_25_the_export_holds_no_case_no_formula_and_leaves_its_trace_first(admins: Administrators) -> None:
    with admins.journal.work(SYSTEM, admins_now()) as work:
        add_officer(work, "=cmd|'/c calc'!A1", "法警", Role.FIELD, badge_no="@X1")
    answer = admins.ask("/export", data={})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    book = load_workbook(BytesIO(answer.content))
    assert book.sheetnames == ["法院", "队组", "人员", "车辆", "车载终端", "社区", "围栏"]
    cells = [cell for row in book["人员"].iter_rows() for cell in row if isinstance(cell.value, str) and cell.value[:1] in ("=", "@")]
    assert len(cells) == 2
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in cells)
    with admins.database.reading() as session:
        traces = session.scalars(select(AuditRow).where(AuditRow.act == Act.EXPORT).order_by(AuditRow.id)).all()
    assert [trace.result for trace in traces[-2:]] == ["begun", "done"]
    assert admins.ask("/form").content[:2] == b"PK"


def test_12_every_door_of_the_workbook_is_closed_to_who_manages_nobody(admins: Administrators) -> None:
    for who in ("duty", "commander", "leader", "judge", "inspector"):
        exports = who in ("commander", "leader")
        assert upload(admins, b"x", who=who).status_code == 403, who
        for path in ("/workbook/state", "/form", *(() if exports else ("/workbook",))):
            assert admins.ask(path, who=who).status_code == 403, (who, path)
        for path in ("/workbook/import", "/workbook/cancel", *(() if exports else ("/export",))):
            assert admins.ask(path, {}, who=who).status_code == 403, (who, path)


@pytest.mark.long  # by the command, killed likewise: tests/dashboard/test_workbook.py
def test_killed_in_the_middle_the_same_file_again_makes_it_whole(admins: Administrators, product: Product, tmp_path: Path) -> None:
    many = 500
    content = bytes_of(tmp_path, {"案件": [CASE, *((*case(10000 + number, 0)[:6], None, *case(number)[7:]) for number in range(many))]})
    before = held(admins, CaseRow)
    assert upload(admins, content).status_code == 200
    until(admins, "looked", "failed")
    admins.told("/workbook/import", {})
    eventually(lambda: held(admins, CaseRow) > before, "no row was written", 120)
    old = product.kill("web")
    product.until_started_again("web", old)
    product.until_ready()
    there = held(admins, CaseRow)
    assert admins.told("/workbook/state") == {"step": "none"}, "nothing of the file outlives the process"
    assert admins.journal.verify() is None
    assert upload(admins, content).status_code == 200
    state = until(admins, "looked", "failed")
    assert counts(state)["案件"] == {"added": before + many - there, "changed": 0, "unchanged": there - before, "refused": 0}
    admins.told("/workbook/import", {})
    assert until(admins, "done", "failed")["step"] == "done"
    assert held(admins, CaseRow) == before + many

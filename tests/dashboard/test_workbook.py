"""`ecc import`, `ecc export` and the sheet of codes, by their files: what people really bring, and what nobody should."""

import os
import shutil
import signal
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from sqlalchemy import func, select

from dashboard.i18n import t
from dashboard.people import enrolment_sheet
from dashboard.upgrade import upgrade
from dashboard.workbook.exporting import export
from dashboard.workbook.importing import Report, import_files
from dashboard.workbook.writing import write_form
from data.engines import open_database
from data.errors import BadInput, TooLarge
from data.journal import Journal
from data.queries import wall
from data.rules.cases import ClosingKind, SideState, Stage
from data.rules.permissions import Clearance, Role, Sight
from data.rules.workbook import OF_PEOPLE, SHEETS
from data.sealing import load_sealing
from data.settings import Settings, as_environ
from data.tables import AuditRow, CaseRow, CounterRow, LinkRow, OfficerRow, TeamRow
from tests.servers import wait_until
from tests.workbooks import CASE, COURT, case, court, write

ROOT = Path(__file__).resolve().parents[2]
ROLES = "、".join(t(f"workbook.value.role.{role.value}") for role in OF_PEOPLE)
PEOPLE = ("工号", "姓名", "职务称呼", "角色")


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with every table and no row, made once."""
    settings = Settings.of(home=tmp_path_factory.mktemp("migrated"))
    settings.make_folders()
    upgrade(settings)
    return settings.home / "ecc.db"


@pytest.fixture
def settings(tmp_path: Path, migrated: Path) -> Settings:
    settings = Settings.of(home=tmp_path / "home", court_code=COURT, court_name="某某区人民法院")
    settings.make_folders()
    shutil.copy(migrated, settings.home)
    return settings


def bring(settings: Settings, *files: Path, dry_run: bool = False) -> tuple[dict[str, dict[str, int]], list[str]]:
    """What became of the rows of each sheet, and every sentence that was said."""
    said: list[str] = []
    report = Report(tell=said.append)
    import_files(settings, files, report, dry_run)
    counts = {name: {done.value: count for done, count in counts.items()} for name, counts in report.counts.items()}
    return counts, said


def count(settings: Settings, table: Any) -> int:
    database = open_database(settings.database_url)
    with database.reading() as session:
        found = session.scalar(select(func.count()).select_from(table)) or 0
    database.close()
    return found


def seq(settings: Settings) -> int:
    database = open_database(settings.database_url)
    with database.reading() as session:
        last = session.scalar(select(CounterRow.last).where(CounterRow.name == "journal")) or 0
    database.close()
    return last


def refused(read: Callable[..., Any], *values: Any) -> str:
    with pytest.raises(BadInput) as error:
        read(*values)
    return error.value.code


def test_a_court_from_a_workbook_stands_on_a_walls_snapshot(settings: Settings, tmp_path: Path) -> None:
    counts, said = bring(settings, write(tmp_path / "court.xlsx", court(officers=3, cases=5)))
    assert said == []
    assert counts["officers"] == {"added": 3}
    assert counts["cases"] == {"added": 5}
    database = open_database(settings.database_url)
    with database.reading() as session:
        sight = Sight(Clearance.WALL, Role.WALL, COURT)
        rows = wall.snapshot(session, sight, datetime.now(UTC), say=t).rows
    database.close()
    assert rows["court"][COURT]["name"] == "某某区人民法院"
    assert {"3001", "3002", "3003", "4001"} <= set(rows["unit"])
    assert sum(area["cases"] for area in rows["area"].values()) == 5
    assert [fence["name"] for fence in rows["fence"].values()] == ["仓库"]


def test_a_second_import_changes_nothing_at_all(settings: Settings, tmp_path: Path) -> None:
    file = write(tmp_path / "court.xlsx", court())
    bring(settings, file)
    before = seq(settings)
    counts, said = bring(settings, file)
    assert {done for counted in counts.values() for done in counted} == {"unchanged"}
    assert (seq(settings), said) == (before, [])


def test_a_rehearsal_says_all_and_writes_nothing(settings: Settings, tmp_path: Path) -> None:
    file = write(tmp_path / "court.xlsx", court())
    counts, _ = bring(settings, file, dry_run=True)
    assert counts["cases"] == {"added": 5}
    assert (seq(settings), count(settings, OfficerRow), list(settings.run.glob("rehearsal-*"))) == (0, 0, [])
    bring(settings, file)
    counts, _ = bring(settings, file, dry_run=True)
    assert counts["cases"] == {"unchanged": 5}


def test_a_rehearsal_on_postgresql_is_taken_back(tmp_path: Path, postgres_url: str) -> None:
    settings = Settings.of(home=tmp_path / "home", court_code=COURT, court_name="某某区人民法院", database_url=postgres_url)
    settings.make_folders()
    upgrade(settings)
    file = write(tmp_path / "court.xlsx", court(cases=260))
    counts, said = bring(settings, file, dry_run=True)
    assert (counts["cases"], counts["officers"], said) == ({"added": 260}, {"added": 3}, [])
    assert (seq(settings), count(settings, OfficerRow), count(settings, CaseRow)) == (0, 0, 0)
    assert bring(settings, file)[0]["cases"] == {"added": 260}
    assert bring(settings, file, dry_run=True)[0]["cases"] == {"unchanged": 260}


def test_a_bad_row_is_named_by_sheet_row_column_and_reason(settings: Settings, tmp_path: Path) -> None:
    rows = [
        ("一月名单",),
        PEOPLE,
        ("J1", "甲", "法官", "承办人"),
        ("J2", "乙", "法官", "院士"),
        (None, "丙", "法官", "承办人"),
        ("J4", "丁", "法官", "judge"),
    ]
    counts, said = bring(settings, write(tmp_path / "people.xlsx", {"人员": rows}))
    assert counts["officers"] == {"added": 2, "refused": 2}
    assert said == [
        t(
            "workbook.refused",
            file="people.xlsx",
            sheet="人员",
            row=4,
            column="角色",
            cell="D4",
            why=t("error.workbook.choice", allowed=ROLES),
        ),
        t("workbook.refused", file="people.xlsx", sheet="人员", row=5, column="工号", cell="A5", why=t("error.workbook.empty")),
    ]


def test_formulas_are_refused_by_name_and_the_cached_value_is_not_used(settings: Settings, tmp_path: Path) -> None:
    file = write(tmp_path / "a.xlsx", {"队组": [("名称",), ('=CONCATENATE("一","组")',), ("二组",)]})
    with_cache(file, "<v></v>", "<v>一组</v>")
    counts, said = bring(settings, file)
    assert counts["teams"] == {"added": 1, "refused": 1}
    assert t("error.workbook.formula") in said[0]
    assert "A2" in said[0]


def with_cache(file: Path, empty: str, full: str) -> None:
    """As a spreadsheet saves it: with the value that the formula showed last."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    text = parts[sheet].decode()
    assert "<f>" in text
    parts[sheet] = text.replace("<v />", full).replace("<v/>", full).replace(empty, full).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_hidden_sheets_stay_shut_and_are_named(settings: Settings, tmp_path: Path) -> None:
    book = Workbook()
    for title, state in (("队组", "visible"), ("人员", "hidden"), ("车辆", "veryHidden")):
        page = book.create_sheet(title)
        page.sheet_state = state
        page.append(["名称"] if title == "队组" else list(PEOPLE))
        page.append(["一组"] if title == "队组" else ["J1", "甲", "法官", "judge"])
    del book["Sheet"]
    book.save(tmp_path / "a.xlsx")
    counts, said = bring(settings, tmp_path / "a.xlsx")
    assert counts == {"teams": {"added": 1}}
    assert said == [t("workbook.hidden", file="a.xlsx", sheet=sheet) for sheet in ("人员", "车辆")]


def test_merged_cells_are_named_row_by_row(settings: Settings, tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = "人员"
    page.append(["名单"])
    page.merge_cells("A1:D1")  # above the heading it is a title, and harmless
    page.append(list(PEOPLE))
    for number in range(3):
        page.append([f"J{number}", f"甲{number}", "法官", "judge"])
    page.merge_cells("C3:C4")
    book.save(tmp_path / "a.xlsx")
    counts, said = bring(settings, tmp_path / "a.xlsx")
    assert counts["officers"] == {"added": 1, "refused": 2}
    assert all("C3:C4" in sentence for sentence in said)


def test_a_case_number_twice_in_whatever_brackets_is_named(settings: Settings, tmp_path: Path) -> None:
    rows = [CASE, case(1, 0), (f"(2026){COURT}执 1 号", *case(2, 0)[1:]), case(3, 0)]
    areas = court()["社区"]
    counts, said = bring(settings, write(tmp_path / "a.xlsx", {"案件": rows, "社区": areas}))
    assert counts["cases"] == {"added": 2, "refused": 1}
    assert t("error.workbook.twice", row="a.xlsx 案件 2") in said[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("divider", [",", "\t", ";"])
def test_csv_in_every_usual_script(settings: Settings, tmp_path: Path, encoding: str, divider: str) -> None:
    lines = [PEOPLE, ("J1", "甲", "法官", "承办人"), ("J2", "=1+1", "法官", "承办人")]
    file = tmp_path / "人员.csv"
    file.write_text("\r\n".join(divider.join(line) for line in lines), encoding=encoding, newline="")
    counts, said = bring(settings, file)
    assert counts["officers"] == {"added": 1, "refused": 1}
    assert t("error.workbook.formula") in said[0]


def test_csv_that_is_in_no_script_is_refused_whole(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "人员.csv"
    file.write_bytes("工号,姓名\n".encode() + b"\xff\xff\x81\n")
    assert refused(bring, settings, file) == "workbook.encoding"
    file.write_bytes(b"\xff\xfe" + b"\x00\xd8" * 9)
    assert refused(bring, settings, file) == "workbook.encoding"
    assert count(settings, OfficerRow) == 0


def test_a_file_called_as_one_likes_is_known_by_its_headings(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "2026年3月导出.csv"
    file.write_text("案号,案由,立案日期\n(2026)岭0108执9号,买卖合同纠纷,2026年3月1日\n", encoding="utf-8")
    assert bring(settings, file)[0]["cases"] == {"added": 1}


def test_what_a_sheet_lacks_or_has_too_much_is_named(settings: Settings, tmp_path: Path) -> None:
    sheets: dict[str, Iterable[Sequence[Any]]] = {
        "人员": [("工号", "姓名"), ("J1", "甲")],
        "队组": [("名称", "口号"), ("一组", "快")],
        "杂记": [("x",)],
        "车辆": [("x",), ("y",)],
    }
    counts, said = bring(settings, write(tmp_path / "a.xlsx", sheets))
    assert (counts["teams"], sum(counts["officers"].values()), sum(counts["vehicles"].values())) == ({"added": 1}, 0, 0)
    assert t("workbook.unknown_sheet", file="a.xlsx", sheet="杂记") in said
    assert t("workbook.missing_columns", file="a.xlsx", sheet="人员", columns="职务称呼、角色") in said
    assert t("workbook.strange_columns", file="a.xlsx", sheet="队组", columns="口号") in said
    assert t("workbook.no_heading", file="a.xlsx", sheet="车辆") in said


# --- what is not opened -----------------------------------------------------------------------------------------------------------


def zipped(file: Path, parts: Iterable[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return file


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb">]><worksheet><c>&b;</c></worksheet>'


@pytest.mark.parametrize(
    ("name", "parts", "code"),
    [
        ("bomb.xlsx", [("xl/worksheets/sheet1.xml", bytes(8 << 20))], "workbook.bomb"),
        ("many.xlsx", [(f"a{number}", b"x") for number in range(1_001)], "workbook.bomb"),
        ("nested.xlsx", [("xl/embeddings/a.bin", b"PK\x03\x04rest")], "workbook.nested"),
        ("entities.xlsx", [("xl/worksheets/sheet1.xml", ENTITIES)], "workbook.broken"),
        ("utf16.xlsx", [("xl/workbook.xml", ENTITIES.decode().encode("utf-16"))], "workbook.broken"),
        ("empty.xlsx", [("a.txt", b"x")], "workbook.broken"),
    ],
)
def test_bombs_and_nests_are_refused_before_they_are_opened(
    settings: Settings, tmp_path: Path, name: str, parts: Sequence[tuple[str, bytes]], code: str
) -> None:
    assert refused(bring, settings, zipped(tmp_path / name, parts)) == code


def a_million_entries(file: Path) -> Path:
    """Names of one letter, all of one part: 47 bytes each, so that it is no large file."""
    one = zipped(file, [("a", b"x")]).read_bytes()
    directory, last = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    entry, end = one[directory:last], bytearray(one[last:])
    end[8:12] = b"\xff\xff\xff\xff"  # how many: more than it can say
    end[12:16] = (len(entry) * 1_000_000).to_bytes(4, "little")
    file.write_bytes(one[:directory] + entry * 1_000_000 + end)
    return file


@pytest.mark.parametrize("comment", [b"", b"PK\x05\x06" + bytes(18)])
def test_21_a_million_entries_are_refused_before_their_names_are_read(settings: Settings, tmp_path: Path, comment: bytes) -> None:
    file = a_million_entries(tmp_path / "a.xlsx")
    raw = bytearray(file.read_bytes())
    raw[-2:] = len(comment).to_bytes(2, "little")
    file.write_bytes(raw + comment)
    del raw
    tracemalloc.start()
    assert refused(bring, settings, file) in ("workbook.bomb", "workbook.broken")
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_21_a_link_in_a_workbook_is_followed_nowhere(settings: Settings, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("xl/worksheets/sheet1.xml")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert refused(bring, settings, tmp_path / "a.xlsx") == "workbook.broken"


def test_a_file_of_200_mb_is_not_even_read(settings: Settings, tmp_path: Path) -> None:
    for name in ("a.xlsx", "a.csv"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(200 << 20)
        with pytest.raises(TooLarge) as error:
            bring(settings, tmp_path / name)
        assert error.value.code == "workbook.too_large"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.xls", b"x", "workbook.kind"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0rest", "workbook.old"),
        ("a.xlsx", b"no zip at all", "workbook.broken"),
        ("a.xlsx", b"", "workbook.broken"),
        ("a.csv", b"PK\x03\x04", "workbook.kind"),
    ],
)
def test_what_is_no_workbook_is_said_to_be_none(settings: Settings, tmp_path: Path, name: str, content: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert refused(bring, settings, tmp_path / name) == code
    assert refused(bring, settings, tmp_path / "nowhere.xlsx") == "workbook.missing"


def test_a_workbook_cut_off_is_refused(settings: Settings, tmp_path: Path) -> None:
    file = write(tmp_path / "a.xlsx", court())
    file.write_bytes(file.read_bytes()[:-200])
    assert refused(bring, settings, file) == "workbook.broken"


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData>{}</worksheet>'
HEAD = '<row r="1"><c t="inlineStr"><is><t>name</t></is></c></row>'


@pytest.mark.parametrize(
    ("rows", "after"),
    [
        (HEAD + '<row r="2"><c t="s"><v>99</v></c></row>', ""),  # a word that is not in the list of words
        (HEAD + '<row r="two"><c><v>1</v></c></row>', ""),
        (HEAD + '<row r="2"><c r="??"><v>1</v></c></row>', ""),
        (HEAD + '<row r="2"><c t="n"><v>' + "9" * 5_000 + "</v></c></row>", ""),
        (HEAD + '<row r="2"><c s="77"><v>1</v></c></row>', ""),
        (HEAD + "<row", ""),
        (HEAD, '<mergeCells><mergeCell ref="A2:A9999999"/></mergeCells>'),
        (HEAD, "<x a='" + "y" * 3_000_000 + "'/>"),
        (HEAD + '<row r="999999999"><c><v>1</v></c></row>', ""),
    ],
)
def test_a_made_up_file_ends_in_a_sentence_and_soon(settings: Settings, tmp_path: Path, rows: str, after: str) -> None:
    file = write(tmp_path / "a.xlsx", {"teams": [("name",)]})
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = SHEET.format(rows, after).encode()
    with zipfile.ZipFile(file, "w") as archive:  # stored: this is not about the ratio
        for name, content in parts.items():
            archive.writestr(name, content)
    said = None
    try:
        bring(settings, file)
    except BadInput as error:
        said = error.code
    assert said in (None, "workbook.broken")
    assert count(settings, TeamRow) <= 1


def test_a_rehearsal_names_each_changed_row_and_counts_those_beyond_two_hundred(settings: Settings, tmp_path: Path) -> None:
    rows = [case(number) for number in range(1, 206)]
    sheets = court(cases=0)
    bring(settings, write(tmp_path / "court.xlsx", sheets | {"案件": [CASE, *rows]}))
    changed = [(*row[:3], "J0" if row[3] == "J1" else "J1", *row[4:]) for row in rows]
    people = [("工号", "姓名", "职务称呼", "角色"), ("J0", "演零", "庭长", "承办人")]
    counts, said = bring(settings, write(tmp_path / "again.xlsx", {"人员": people, "案件": [CASE, *changed]}), dry_run=True)
    assert (counts["cases"], counts["officers"]) == ({"changed": 205}, {"changed": 1})
    assert said[0] == "～ 人员 第 2 行 J0：姓名：演0 → 演零；职务称呼：法官 → 庭长"
    assert len(said) == 1 + 200 + 1
    assert said[1] == f"～ 案件 第 2 行 （2026）{COURT}执1号：承办人：演1 → 演零"
    assert said[-1] == t("workbook.more_changes", sheet="案件", count=5)
    assert not any(str(row[8]) in sentence or str(row[9]) in sentence for row in rows for sentence in said), "no party, no number"
    assert bring(settings, tmp_path / "again.xlsx")[1] == [], "what is brought in is not told again"


# --- the form, the export, the codes ----------------------------------------------------------------------------------------------


def test_the_empty_form_has_every_column_allowed_words_and_brings_in_nothing(settings: Settings, tmp_path: Path) -> None:
    write_form(tmp_path / "form.xlsx")
    counts, said = bring(settings, tmp_path / "form.xlsx")
    assert (said, {name: sum(each.values()) for name, each in counts.items()}) == ([], dict.fromkeys(SHEETS, 0))
    book = load_workbook(tmp_path / "form.xlsx")
    assert len(book.worksheets) == len(SHEETS) + 1
    vehicles = book[t("workbook.sheet.vehicles")]
    assert [cell.value for cell in vehicles[1]] == ["编号*", "车辆种类*", "车牌", "队组"]
    assert "警车" in str(vehicles.data_validations.dataValidation[0].formula1)


def test_a_form_that_was_filled_in_is_never_written_over(settings: Settings, tmp_path: Path) -> None:
    file = write(tmp_path / "form.xlsx", court())
    before = file.read_bytes()
    assert refused(write_form, file) == "workbook.exists"
    assert file.read_bytes() == before
    for where, code in (("form.xls", "form_kind"), ("no/where.xlsx", "unwritable")):
        assert refused(write_form, tmp_path / where) == f"workbook.{code}"
        assert refused(export, settings, tmp_path / where) == f"workbook.{code}"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["form.xlsx", "home"]


def test_the_forms_own_examples_could_be_brought_in(settings: Settings, tmp_path: Path) -> None:
    """They show what is right; without the word that marks them they are rows like others."""
    write_form(tmp_path / "form.xlsx")
    book = load_workbook(tmp_path / "form.xlsx")
    for page in book.worksheets[1:]:
        first = page["A2"]
        first.value = str(first.value).removeprefix("例：")
    book.save(tmp_path / "filled.xlsx")
    counts, said = bring(settings, tmp_path / "filled.xlsx")
    assert [sentence for sentence in said if "×" in sentence] == []
    assert counts == {name: {"added": 1} for name in SHEETS}


def test_what_is_exported_comes_in_again_unchanged_and_as_text(settings: Settings, tmp_path: Path) -> None:
    book = Workbook(write_only=True)
    page = book.create_sheet("teams")
    page.append(["name"])
    for name in ("=1+1", "+86", "-1", "@sum", "<img onerror=x>"):
        cell = WriteOnlyCell(page, name)
        cell.data_type = "s"
        page.append([cell])
    book.save(tmp_path / "teams.xlsx")
    bring(settings, write(tmp_path / "court.xlsx", court()), tmp_path / "teams.xlsx")
    counts = export(settings, tmp_path / "out.xlsx")
    assert (counts["teams"], counts["cases"]) == (8, 5)
    assert (tmp_path / "out.xlsx").stat().st_mode & 0o777 == 0o600
    cells = [row[0] for row in load_workbook(tmp_path / "out.xlsx")[t("workbook.sheet.teams")].iter_rows(min_row=2)]
    assert {cell.value for cell in cells} >= {"=1+1", "+86", "-1", "@sum"}
    assert {cell.data_type for cell in cells} == {"s"}
    again, said = bring(settings, tmp_path / "out.xlsx")
    assert ({done for counted in again.values() for done in counted}, said) == ({"unchanged"}, [])
    database = open_database(settings.database_url)
    with database.reading() as session:
        assert session.scalars(select(AuditRow.result).where(AuditRow.act == "export").order_by(AuditRow.id)).all() == ["begun", "done"]
    database.close()


def whole_court() -> dict[str, Iterable[Sequence[Any]]]:
    """Everything that a workbook can say: leaders, accounts, sets, every stage and side state, several debtors, closings, amounts."""
    heading = tuple(column.key for column in SHEETS["cases"].columns)
    sheets = court(officers=4, cases=0)
    sheets["court"] = [("code", "name", "duty_phone", "lat", "lon"), (COURT, "某某区人民法院", "000-110", 23.1, 112.5)]
    sheets["officers"] = [
        ("badge_no", "name", "title", "role", "team", "leader", "sex", "phone", "unit_no", "account"),
        ("J0", "@演0", "法官", "judge", "一组", "yes", "F", "000-0", 3001, "yanling"),
        ("J1", "演1", "庭长", "commander", "二组", None, "M", None, None, None),
        ("J2", "演2", "法警", "field", "三组", None, None, "+86 000", 3003, None),
    ]
    del sheets["人员"]
    sheets["devices"] = [("unit_no", "device"), (4001, "VEHICLE"), (3003, "BODYCAM_4G")]
    rows: list[dict[str, Any]] = []
    stages = [stage for stage in Stage if stage is not Stage.CLOSED]
    for number, stage in enumerate(stages):
        said = {
            "stage": stage.value,
            "claim": f"{number}.05",
            "recovered": "1.5" if number > 4 else None,
            "debtor": f"样{number}；某某公司",
        }
        rows.append(said | {"judge": "J0", "area": "W1", "applicant": f"演{number}；演甲", "applicant_phone": "000-2"})
    rows += [{"side_state": side.value, "stage": Stage.CONTROLLED.value, "matter": "大标的"} for side in SideState]
    rows += [{"closed_on": "2026-05-06", "closing_kind": kind.value, "debtor": "样单", "debtor_kind": "company"} for kind in ClosingKind]
    whole: dict[str, Any] = {
        "debtor": "样全",
        "debtor_id_no": "000000",
        "debtor_phone": "000-3",
        "debtor_address": "东街1号",
        "debtor_kind": "person",
    }
    rows.append(whole | {"address": "西街2号", "lat": 23.123, "lon": 112.456})
    listed = [
        {"case_no": f"（2026）{COURT}执{900 + n}号", "cause": "民间借贷纠纷", "filed_on": "2026-03-01"} | row for n, row in enumerate(rows)
    ]
    sheets["案件"] = [heading, *(tuple(row.get(key) for key in heading) for row in listed)]
    return sheets


def cells_of(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    return {page.title: list(page.iter_rows(values_only=True)) for page in load_workbook(path).worksheets}


def test_what_is_exported_and_brought_into_an_empty_court_is_exported_the_same(settings: Settings, migrated: Path, tmp_path: Path) -> None:
    counts, said = bring(settings, write(tmp_path / "court.xlsx", whole_court()))
    assert {done for counted in counts.values() for done in counted} == {"added"}, said
    assert set(counts) == set(SHEETS), "every sheet is tried"
    export(settings, tmp_path / "first.xlsx")
    empty = Settings.of(home=tmp_path / "empty", court_code=COURT, court_name="某某区人民法院")
    empty.make_folders()
    shutil.copy(migrated, empty.home)
    bring(empty, tmp_path / "first.xlsx")
    export(empty, tmp_path / "second.xlsx")
    first, second = cells_of(tmp_path / "first.xlsx"), cells_of(tmp_path / "second.xlsx")
    assert first == second
    assert len(first[t("workbook.sheet.cases")]) == counts["cases"]["added"] + 1
    export(settings, tmp_path / "without.xlsx", with_cases=False)
    assert cells_of(tmp_path / "without.xlsx") == {name: rows for name, rows in first.items() if name != t("workbook.sheet.cases")}
    assert list(settings.run.glob("export-*")) == []


def test_the_sheet_of_codes_has_one_code_an_officer_that_works_once(settings: Settings, tmp_path: Path) -> None:
    bring(settings, write(tmp_path / "court.xlsx", court(officers=3)))
    assert enrolment_sheet(settings, tmp_path / "codes.html", None, False, 24) == 3
    page = (tmp_path / "codes.html").read_text()
    assert (page.count("<svg"), page.count(f"{settings.origin}/link/"), count(settings, LinkRow)) == (3, 3, 3)
    assert (tmp_path / "codes.html").stat().st_mode & 0o777 == 0o600
    assert "<script" not in page
    assert enrolment_sheet(settings, tmp_path / "codes.html", "一组", False, 24) == 1
    assert refused(enrolment_sheet, settings, tmp_path / "codes.html", None, False, 169) == "link.lifetime"
    assert refused(enrolment_sheet, settings, tmp_path / "no/where.html", None, False, 24) == "workbook.unwritable"
    assert count(settings, LinkRow) == 4


# --- at any instant ---------------------------------------------------------------------------------------------------------------


def start(settings: Settings, file: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "dashboard", "import", str(file)]
    return subprocess.Popen(command, env=as_environ(settings), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_killed_or_stopped_whole_batches_stay_and_the_next_run_goes_on(settings: Settings, tmp_path: Path, number: signal.Signals) -> None:
    file = write(tmp_path / "court.xlsx", court(officers=0, cases=1_500))
    process = start(settings, file)
    wait_until(lambda: count(settings, CaseRow) > 0 or process.poll() is not None, "no case came in", 100)
    os.kill(process.pid, number)
    code = process.wait(60)
    assert code in (-signal.SIGKILL, 130, 0)
    came = count(settings, CaseRow)
    assert came % SHEETS["cases"].batch == 0
    database = open_database(settings.database_url)
    journal = Journal(database, load_sealing(settings.keys), COURT)
    assert journal.verify() is None
    counts, said = bring(settings, file)
    assert (counts["cases"].get("unchanged", 0), counts["cases"].get("added", 0), said) == (came, 1_500 - came, [])
    assert journal.verify() is None
    database.close()


def test_the_command_says_one_sentence_and_a_code(settings: Settings, tmp_path: Path) -> None:
    process = start(settings, tmp_path / "nowhere.xlsx")
    out, said = process.communicate(timeout=60)
    assert (process.returncode, said.strip(), out) == (1, t("error.workbook.missing", file="nowhere.xlsx"), "")

"""Workbooks for tests and benches: an invented court as `ecc import` takes it, as large as one likes."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook

COURT = "岭0108"
TEAMS = ("一组", "二组", "三组")
DAY = date(2026, 3, 1)
STAGES = ("查控", "控制", "处置变价", "立案")
CASE = ("case_no", "cause", "filed_on", "judge", "stage", "claim", "area", "applicant", "applicant_phone", "debtor", "debtor_phone")


def write(path: Path, sheets: "dict[str, Iterable[Sequence[Any]]]") -> Path:
    """Each sheet with its rows; the first row is the heading."""
    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
    book.save(path)
    return path


def court(officers: int = 3, cases: int = 5, code: str = COURT) -> "dict[str, Iterable[Sequence[Any]]]":
    """A court, three teams, officers with numbers from 3001, a car, two communities, a fence and cases."""
    return {
        "court": [("code", "name", "lat", "lon"), (code, "某某区人民法院", 23.1, 112.5)],
        "队组": [("名称",), *((team,) for team in TEAMS)],
        "人员": [
            ("工号", "姓名", "职务称呼", "角色", "队组", "电话", "编号"),
            *((f"J{no}", f"演{no}", "法官", "承办人", TEAMS[no % 3], f"000-{no}", 3001 + no) for no in range(officers)),
        ],
        "vehicles": [("unit_no", "kind", "plate", "team"), (4001, "POLICE", "岭A·演1", "一组")],
        "社区": [
            ("社区编号", "街道", "名称", "纬度", "经度"),
            ("W1", "东街", "东社区", 23.11, 112.51),
            ("W2", "西街", "西社区", 23.12, 112.52),
        ],
        "围栏": [("名称", "围栏种类", "边线"), ("仓库", "关注区域", "23.10,112.50; 23.10,112.51; 23.11,112.51")],
        "案件": [CASE, *(case(number, officers) for number in range(1, cases + 1))],
    }


def case(number: int, officers: int = 3) -> tuple[Any, ...]:
    filed = DAY + timedelta(days=number % 200)
    debtor = f"演示{number}号建材有限公司" if number % 3 == 0 else f"样{number}"
    judge = f"J{number % officers}" if officers else None
    return (
        f"（2026）{COURT}执{number}号", "民间借贷纠纷", filed, judge, STAGES[number % 4], 1000.5 + number, f"W{1 + number % 2}",
        f"演{number}", f"000-1{number:06}", debtor, f"000-2{number:06}",
    )  # fmt: skip

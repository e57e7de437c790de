"""What an administrator changes counts in the running product at once: on wall and desk, on a phone, for the next backup; and back."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from dashboard.backups.schedule import _known
from data.actions.settings import change_setting
from data.actions.workbook import bring_in
from data.journal import Journal
from data.rules.permissions import SYSTEM, Role
from data.settings import Settings
from tests.administration import administration
from tests.administrators import Administrators
from tests.dashboard.test_live import viewer
from tests.running import Product, eventually
from tests.small_court import somebody


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture(scope="module")
def admins(product: Product) -> Iterator[Administrators]:
    admins = Administrators(product)
    yield admins
    admins.close()


async def test_walls_and_desks_hear_from_when_a_position_is_old_and_a_silent_case_system_is_said(
    product: Product, admins: Administrators
) -> None:
    bearer = {"authorization": f"Bearer {product.seeded.case_system}"}
    case = {"case_no": "（2026）岭0108执17号", "event": "filed", "at": datetime.now(UTC).isoformat(), "cause": "买卖合同纠纷"}
    assert httpx.post(f"{product.origin}/ingest/cases", json={"cases": [case]}, headers=bearer).json()["refused"] == []
    async with viewer(product, "wall", product.seeded.wall) as wall, viewer(product, "desk", product.seeded.desk) as desk:
        assert (wall.hello["stale_s"], wall.hello["lost_s"]) == (30, 120)
        admins.told("/settings/change", {"key": "lost_s", "value": "900"})
        admins.told("/settings/change", {"key": "stale_s", "value": "45"})
        for view in (wall, desk):
            await view.until(lambda: (view.tick.get("stale_s"), view.tick.get("lost_s")) == (45, 900))  # noqa: B023
        assert admins.refused("/settings/change", {"key": "lost_s", "value": "45"}) == "setting.bad_value"
        async with viewer(product, "wall", product.seeded.wall) as later:
            assert (later.hello["stale_s"], later.hello["lost_s"]) == (45, 900)
        await wall.until(lambda: wall.tick.get("parts", {}).get("case_system", {}).get("as_of") is not None)
        assert wall.tick["parts"]["case_system"]["up"] is True
        admins.told("/settings/change", {"key": "case_system_stale_s", "value": "2"})
        admins.told("/settings/change", {"key": "case_system_lost_s", "value": "4"})
        await wall.until(lambda: wall.tick["parts"]["case_system"] | {"as_of": 0} == {"up": False, "as_of": 0, "lost": True})
        admins.told("/settings/change", {"key": "case_system_lost_s", "value": "86400"})
        admins.told("/settings/change", {"key": "case_system_stale_s", "value": "3600"})
        await wall.until(lambda: wall.tick["parts"]["case_system"]["up"] is True)


def test_a_phone_is_told_the_duty_rooms_new_number_whoever_says_it_and_the_old_one_again(product: Product, admins: Administrators) -> None:
    bearer = {"authorization": f"Bearer {product.seeded.devices[1001]}"}

    def told() -> str:
        return str(httpx.get(f"{product.origin}/ingest/me", headers=bearer).json()["duty_phone"])

    before = told()
    admins.told("/settings/change", {"key": "duty_phone", "value": "020-12345678"})
    assert told() == "020-12345678"
    with admins.journal.work(SYSTEM, datetime.now(UTC)) as work:
        bring_in(
            work, "court", [{"code": product.settings.court_code, "name": product.settings.court_name, "duty_phone": "020-87654321"}], "ab"
        )
    eventually(lambda: told() == "020-87654321", "the number of the workbook")
    assert re.search(r'data-key="duty_phone".*?value="020-87654321"', admins.ask("/settings").text, re.S)
    row = re.search(r'data-key="duty_phone".*?data-undo="(\w+)"', admins.ask("/settings").text, re.S)
    assert row
    admins.told("/settings/undo", {"change": row[1]})
    eventually(lambda: told() == before, "the former number")


async def test_the_courts_name_is_one_and_is_new_everywhere_at_once(product: Product, admins: Administrators) -> None:
    """By the settings page, and by the workbook's own sheet: the same row."""
    before, court = product.settings.court_name, product.settings.court_code
    bearer = {"authorization": f"Bearer {product.seeded.devices[1001]}"}

    def shown(name: str) -> bool:
        pages = [admins.ask("/walls").text, httpx.get(f"{product.origin}/sign-in").text]
        return all(name in page for page in pages) and name in httpx.get(f"{product.origin}/ingest/me", headers=bearer).text

    async with viewer(product, "wall", product.seeded.wall) as wall:
        admins.told("/settings/change", {"key": "court_name", "value": "赫城区人民法院"})
        await wall.until(lambda: wall.rows["court"][court]["name"] == "赫城区人民法院")
        async with viewer(product, "wall", product.seeded.wall) as later:
            assert later.hello["court"] == "赫城区人民法院"
        eventually(lambda: shown("赫城区人民法院"), "the name of the settings page")
        with admins.journal.work(SYSTEM, datetime.now(UTC)) as work:
            bring_in(work, "court", [{"code": court, "name": "赫城市人民法院"}], "ab")
        eventually(lambda: shown("赫城市人民法院"), "the name of the workbook")
        assert re.search(r'data-key="court_name".*?value="赫城市人民法院"', admins.ask("/settings").text, re.S)
        row = re.search(r'data-key="court_name".*?data-undo="(\w+)"', admins.ask("/settings").text, re.S)
        assert row
        admins.told("/settings/undo", {"change": row[1]})
        eventually(lambda: shown(before), "the former name")


def test_whether_live_pictures_may_be_shown_counts_at_once(product: Product, admins: Administrators) -> None:
    cookies, own = {"ecc_desk": admins.cookies["duty"]}, {"origin": product.origin}

    def proposed() -> str:
        said = {"mission": "no", "delay_s": 30}
        path = f"{product.origin}/centre/screening/01ARZ3NDEKTSV4RRFFQ69G5FAV/live"
        return str(httpx.post(path, json=said, cookies=cookies, headers=own).json()["error"]["code"])

    assert proposed() == "not_found.screening"
    admins.told("/settings/change", {"key": "live_on_stage", "value": "0"})
    assert proposed() == "live.forbidden"
    admins.told("/settings/change", {"key": "live_on_stage", "value": "1"})
    assert proposed() == "not_found.screening"


def test_the_next_backup_is_made_when_the_page_says(tmp_path: Path) -> None:
    recipient = "age1" + "q" * 58
    folders = {"backup_to": tmp_path / "a", "backup_keys_to": tmp_path / "b", "backup_recipients": (recipient,)}
    start = Settings.of(home=tmp_path, court_code="4401", backup_at="02:30", **folders)
    for admin in administration(tmp_path, start):
        journal: Journal = admin.court.journal
        assert _known(journal, start)[1] == "02:30"
        journal.do(somebody(Role.TECHNICAL), admin.court.now(), change_setting, start, "backup_at", "23:15")
        assert _known(journal, start)[1] == "23:15"
        journal.do(somebody(Role.TECHNICAL), admin.court.later(1), change_setting, start, "backup_at", "")
        assert _known(journal, start)[1] == "", "none is made any more"

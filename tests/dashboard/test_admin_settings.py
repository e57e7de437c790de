"""设置: what may change changes at once and is taken back; what is wrong is refused with why; a secret is shown to nobody."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.i18n import t
from data.actions import accounts
from data.live_settings import current
from data.rules.permissions import Role
from data.settings import Settings, live_keys
from tests.administration import Administration, administration
from tests.small_court import PASSWORD, officer_id


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Administration]:
    said = {"court_code": "4401", "duty_phone": "020-00000000"}  # as the court's own row says
    yield from administration(tmp_path, Settings.of(home=tmp_path, redis_url="redis://:Vf8-geheim-Qz@127.0.0.1:1/0", **said))


def in_force(admin: Administration) -> Settings:
    with admin.court.database.reading() as session:
        return current(session, admin.house.settings)


async def put(admin: Administration, role: Role, key: str, value: str) -> tuple[int, str]:
    admin.court.later(1)
    async with admin.browser(role) as browser:
        answer = await browser.post("/centre/admin/settings/change", json={"key": key, "value": value})
        return answer.status_code, answer.json().get("error", {}).get("text", "")


async def undo(admin: Administration) -> int:
    admin.court.later(1)
    async with admin.browser(Role.TECHNICAL) as browser:
        page = (await browser.get("/centre/admin/settings")).text
        found = re.search(r'data-undo="(\w+)"', page)
        assert found
        return (await browser.post("/centre/admin/settings/undo", json={"change": found[1]})).status_code


async def test_a_change_counts_at_the_next_sign_in_and_is_taken_back_step_by_step(admin: Administration) -> None:
    admin.house.do(accounts.open_account, officer_id(Role.DUTY), "chenjun", PASSWORD)

    async def lasts() -> str:
        async with admin.browser(Role.UPPER) as browser:
            answer = await browser.post("/sign-in", data={"username": "chenjun", "password": PASSWORD})
            found = re.search(r"ecc_desk=[^;]+;.*?Max-Age=(\d+)|Max-Age=(\d+).*?ecc_desk", str(answer.headers.get_list("set-cookie")))
            return (found and (found[1] or found[2])) or answer.headers["location"]

    assert await lasts() == "43200"
    assert await put(admin, Role.TECHNICAL, "session_hours", " 8 ") == (200, "")
    assert await lasts() == "28800"
    assert await put(admin, Role.TECHNICAL, "session_hours", "4") == (200, "")
    assert await put(admin, Role.TECHNICAL, "second_factor_for", "duty, TECHNICAL") == (200, "")
    assert (await lasts()).startswith("/sign-in/factor")
    async with admin.browser(Role.TECHNICAL) as browser:
        page = (await browser.get("/centre/admin/settings")).text
    assert "8 → 4" in page
    assert "12 → 8" in page
    assert await undo(admin) == 200  # the first button on the page: session_hours
    assert in_force(admin).session_hours == 8
    assert [act for act, _, _ in admin.house.traces()].count("change_setting") == 4


async def test_the_only_change_taken_back_leaves_the_file_s_value(admin: Administration) -> None:
    await put(admin, Role.TECHNICAL, "session_hours", "9")
    assert in_force(admin).session_hours == 9
    assert await undo(admin) == 200
    assert in_force(admin) == admin.house.settings
    async with admin.browser(Role.TECHNICAL) as browser:
        assert f"9 → {t('settings.as_file')}" in (await browser.get("/centre/admin/settings")).text


@pytest.mark.parametrize(
    ("key", "value", "status", "said"),
    [
        ("recording_days", "30", 400, "184"),
        ("session_hours", "x", 400, "whole number"),
        ("session_hours", "25", 400, "1 … 24"),
        ("second_factor_for", "wall", 400, "technical"),
        ("port", "1", 409, "改后需重启"),
        ("demo", "1", 409, "改后需重启"),
        ("nonsense", "1", 404, "没有这项设置"),
        ("__class__", "1", 409, "改后需重启"),
    ],
)
async def test_what_will_not_do_is_refused_with_why(admin: Administration, key: str, value: str, status: int, said: str) -> None:
    answered = await put(admin, Role.TECHNICAL, key, value)
    assert (answered[0], said in answered[1]) == (status, True), answered
    assert in_force(admin) == admin.house.settings


async def test_no_secret_and_every_other_setting_is_on_the_page(admin: Administration) -> None:
    async with admin.browser(Role.TECHNICAL) as browser:
        page = (await browser.get("/centre/admin/settings")).text
    assert "geheim" not in page
    assert "ecc.toml" in page
    assert set(re.findall(r'data-key="(\w+)"', page)) == set(live_keys())
    assert page.count("改后需重启") > 20


@pytest.mark.parametrize("role", [Role.DUTY, Role.COMMANDER, Role.LEADER, Role.INSPECTOR])
async def test_nobody_else_sees_or_changes_one(admin: Administration, role: Role) -> None:
    async with admin.browser(role) as browser:
        assert (await browser.get("/centre/admin/settings")).status_code == 403
    assert (await put(admin, role, "session_hours", "8"))[0] == 403


async def test_a_second_administrator_cannot_take_back_what_was_changed_again(admin: Administration) -> None:
    await put(admin, Role.TECHNICAL, "session_hours", "8")
    async with admin.browser(Role.TECHNICAL) as browser:
        found = re.search(r'data-undo="(\w+)"', (await browser.get("/centre/admin/settings")).text)
        assert found
        await put(admin, Role.TECHNICAL, "session_hours", "9")
        late = await browser.post("/centre/admin/settings/undo", json={"change": found[1]})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "setting.not_newest")
    assert in_force(admin).session_hours == 9

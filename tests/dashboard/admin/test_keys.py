"""密钥, and what two administrators do together: the page shows no key, one alone changes none, and everything of the old one is dead."""

import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from data.actions import accounts, sessions
from data.actions.organisation import add_officer
from data.credentials import digest, machine_digest
from data.errors import NotSignedIn
from data.rules.permissions import Role
from data.sealing import load_key
from data.settings import Settings
from data.tables import EntryRow, LinkRow, OfficerRow
from streaming.media_tokens import Right, load_media_tokens
from tests.administration import Administration, administration
from tests.certificates import certificate
from tests.house import HOST
from tests.small_court import PASSWORD, PIN, give_account, officer_id

ADMIN, LEADER, FIELD = officer_id(Role.TECHNICAL), officer_id(Role.LEADER), officer_id(Role.FIELD)


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Administration]:
    for admin in administration(tmp_path, Settings.of(home=tmp_path, court_code="4401", backup_recipients=("age1" + "q" * 58,))):
        admin.second = admin.house.do(add_officer, "另一", "技术值守", Role.TECHNICAL)  # type: ignore[attr-defined]
        yield admin


def second(admin: Administration) -> httpx.AsyncClient:
    opened = admin.house.do(sessions.open_for_officer, admin.second, timedelta(hours=1), how="link")  # type: ignore[attr-defined]
    transport = httpx.ASGITransport(admin.gate, client=("192.0.2.9", 4711))
    return httpx.AsyncClient(transport=transport, base_url=HOST, cookies={"ecc_desk": opened.token}, headers={"origin": HOST})


async def told(browser: httpx.AsyncClient, path: str, **said: Any) -> Any:
    answer = await browser.post(f"/centre/admin{path}", json=said)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(browser: httpx.AsyncClient, path: str, **said: Any) -> str:
    answer = await browser.post(f"/centre/admin{path}", json=said)
    assert answer.status_code >= 400, answer.text
    return str(answer.json()["error"]["code"])


async def waiting_on(browser: httpx.AsyncClient, page: str) -> list[str]:
    return re.findall(r'data-joint="(\w+)"', (await browser.get(f"/centre/admin/{page}")).text)


async def test_attack_4_the_page_names_every_key_and_shows_none(admin: Administration) -> None:
    settings = admin.house.settings
    tokens = load_media_tokens(settings.keys)
    tokens.issue("p", "s", Right.VIEW, now=admin.court.now())
    load_key(settings.keys / "turn.secret", lambda: b"5e" * 32)
    async with admin.browser(Role.TECHNICAL) as browser, second(admin) as other:
        joint = (await told(browser, "/keys/propose", what="case_token"))["joint"]
        token = (await told(other, "/joint/confirm", joint=joint))["token"]
        page = (await browser.get("/centre/admin/keys")).text
    assert set(re.findall(r'data-key="(\w+)"', page)) == {
        "sealing", "media", "sessions", "case_system", "devices", "backup", "certificate", "turn", "metrics", "oidc",
    }  # fmt: skip
    assert page.count("<code>") == 5, "sealing, media, the case system's, turn; the public key of backups whole"
    for secret in [path.read_bytes() for path in settings.keys.iterdir()] + [token.encode(), digest(token).encode()]:
        for form in (secret.decode("latin-1").strip(), secret.hex()):
            assert form not in page


@pytest.mark.parametrize("name", ["sealing.key", "media.key", "turn.secret", "case_system.digest", "metrics.token"])
@pytest.mark.parametrize(
    "path",
    [
        "/centre/admin/static/../../../keys/{}", "/centre/admin/static/..%2f..%2f..%2fkeys%2f{}", "/centre/admin/keys/{}",
        "/centre/admin/static/{}", "/centre/admin/static/%2e%2e/keys/{}", "/centre/admin/static//{}",
    ],
)  # fmt: skip
async def test_attack_4_no_address_of_the_pages_hands_a_key_file_out(admin: Administration, name: str, path: str) -> None:
    key = load_key(admin.house.settings.keys / name, lambda: b"the-key-itself-of-32-bytes-length")
    async with admin.browser(Role.TECHNICAL) as browser:
        answer = await browser.get(path.format(name))
    assert answer.status_code in (303, 400, 403, 404, 405)
    assert key not in answer.content


async def test_a_token_of_the_case_system_takes_two_is_shown_once_and_ends_by_one(
    admin: Administration, caplog: pytest.LogCaptureFixture
) -> None:
    keys = admin.house.settings.keys
    caplog.set_level(logging.DEBUG)
    async with admin.browser(Role.TECHNICAL) as browser, second(admin) as other:
        assert await refused(browser, "/keys/revoke") == "not_found.case_token"
        joint = (await told(browser, "/keys/propose", what="case_token"))["joint"]
        assert (await told(browser, "/keys/propose", what="case_token"))["joint"] == joint, "asking twice is asking once"
        assert await refused(browser, "/joint/confirm", joint=joint) == "joint.same_person"
        assert machine_digest(keys, Role.CASE_SYSTEM) is None
        assert await waiting_on(other, "keys") == [joint]
        token = (await told(other, "/joint/confirm", joint=joint))["token"]
        assert machine_digest(keys, Role.CASE_SYSTEM) == digest(token)
        assert await refused(other, "/joint/confirm", joint=joint) == "joint.decided"
        admin.house.identity.forget()
        assert await admin.house.identity.machine(token) is not None
        page = (await browser.get("/centre/admin/keys")).text
        assert token not in page
        assert re.search(r'data-key="case_system".*?另技术值守', page, re.S), "by whom"
        await told(browser, "/keys/revoke")
        admin.house.identity.forget()
        assert await admin.house.identity.machine(token) is None
    with admin.court.database.reading() as session:
        said = [
            payload["how"]
            for payload in session.scalars(select(EntryRow.payload).where(EntryRow.kind == "key.changed").order_by(EntryRow.seq))
        ]
        assert said == ["issued", "revoked"]
        assert token not in str(session.scalars(select(EntryRow.payload)).all())
    assert token not in caplog.text
    assert [each[0] for each in admin.house.traces()].count("joint") == 2
    assert admin.court.journal.verify() is None


async def test_another_media_key_ends_every_token_but_a_running_call_goes_on(admin: Administration) -> None:
    keys, now = admin.house.settings.keys, admin.court.now()
    web, relay = load_media_tokens(keys), load_media_tokens(keys)
    old = web.issue("p", "s", Right.VIEW, now=now)
    async with admin.browser(Role.TECHNICAL) as browser, second(admin) as other:
        joint = (await told(browser, "/keys/propose", what="media_key"))["joint"]
        await told(other, "/joint/confirm", joint=joint)
    with pytest.raises(NotSignedIn):
        relay.read(old, now=now)
    assert relay.read(old, now=now, running=True).person == "p", "of a session that runs"
    fresh = web.issue("p", "s", Right.VIEW, now=now)
    assert relay.read(fresh, now=now).person == relay.read(fresh, now=now, running=True).person == "p"
    with pytest.raises(NotSignedIn):
        relay.read(old, now=now + timedelta(seconds=600), running=True)
    assert (keys / "media.key").stat().st_mode & 0o777 == 0o600


async def test_everybody_at_a_desk_signs_in_anew_and_walls_go_on(admin: Administration) -> None:
    wall = admin.house.wall()
    async with admin.browser(Role.TECHNICAL) as browser, second(admin) as other, admin.browser(Role.DUTY) as duty:
        assert (await duty.get("/centre/admin/devices")).status_code == 200
        joint = (await told(browser, "/keys/propose", what="sessions"))["joint"]
        assert (await told(other, "/joint/confirm", joint=joint))["count"] == 3
        admin.house.identity.forget()
        for each in (browser, other, duty):
            assert (await each.get("/centre/admin/devices")).status_code == 303
    assert await admin.house.identity.session(wall) is not None


@pytest.mark.parametrize("role", [Role.DUTY, Role.COMMANDER, Role.LEADER, Role.INSPECTOR])
async def test_attack_12_nobody_else_sees_proposes_confirms_or_drops(admin: Administration, role: Role) -> None:
    async with admin.browser(Role.TECHNICAL) as browser, admin.browser(role) as other:
        joint = (await told(browser, "/keys/propose", what="media_key"))["joint"]
        assert (await other.get("/centre/admin/keys")).status_code == 403
        for path, said in (
            ("/keys/propose", {"what": "sessions"}), ("/keys/revoke", {}),
            ("/joint/confirm", {"joint": joint}), ("/joint/drop", {"joint": joint}),
        ):  # fmt: skip
            assert await refused(other, path, **said) == "identity.not_permitted"


async def test_it_is_taken_down_by_either_and_what_is_none_is_named(admin: Administration) -> None:
    async with admin.browser(Role.TECHNICAL) as browser, second(admin) as other:
        for who in (browser, other):
            joint = (await told(browser, "/keys/propose", what="sessions"))["joint"]
            await told(who, "/joint/drop", joint=joint)
            assert await refused(other, "/joint/confirm", joint=joint) == "joint.decided"
        assert await refused(browser, "/keys/propose", what="sign_in_link") == "input.bad"
        assert await refused(browser, "/keys/propose", what="x") == "input.bad"
        assert await refused(browser, "/joint/confirm", joint="x") == "id.not_ulid"
        assert await refused(browser, "/joint/confirm", joint="01ARZ3NDEKTSV4RRFFQ69G5FAV") == "not_found.joint"


# --- links into somebody's desk -----------------------------------------------------------------------------------------------------


async def test_a_link_into_another_office_takes_two_and_its_owner_is_told_at_his_next_password(admin: Administration) -> None:
    house = admin.house
    house.do(accounts.open_account, LEADER, "yuanzhang", PASSWORD, PIN)
    async with admin.browser(Role.TECHNICAL) as browser, second(admin) as other:
        assert await told(browser, "/people/sign-in", person=LEADER) == {"waits": True}
        (joint,) = await waiting_on(browser, "people")
        assert await refused(browser, "/joint/confirm", joint=joint) == "joint.same_person"
        made = await told(other, "/joint/confirm", joint=joint)
        assert made["picture"].startswith("data:image/svg")
    async with house.browser() as thief:
        pressed = await thief.post(made["link"].removeprefix(house.settings.origin), headers={"origin": HOST})
        assert pressed.headers["location"] == "/centre/desk", "whoever holds it is in, and is told nothing"
    async with house.browser() as owner:
        form = {"username": "yuanzhang", "password": PASSWORD, "next": "/centre/wall"}
        first = await owner.post("/sign-in", data=form, headers={"origin": HOST})
        assert (first.status_code, "另技术值守" in first.text, 'href="/centre/wall"' in first.text) == (200, True, True)
        assert "ecc_desk" in owner.cookies
        again = await owner.post("/sign-in", data=form, headers={"origin": HOST})
        assert again.headers["location"] == "/centre/wall", "once"


async def test_alone_for_the_least_office_for_himself_and_for_whoever_types_a_code(admin: Administration) -> None:
    for role in (Role.FIELD, Role.TECHNICAL):
        give_account(admin.court, role)
    async with admin.browser(Role.TECHNICAL) as browser:
        assert "link" in await told(browser, "/people/sign-in", person=FIELD)
        assert "link" in await told(browser, "/people/sign-in", person=ADMIN)
        assert await refused(browser, "/people/sign-in", person="01ARZ3NDEKTSV4RRFFQ69G5FAV") == "not_found.officer"
    with admin.court.database.reading() as session:
        assert {row.made_by for row in session.scalars(select(LinkRow))} == {ADMIN}


async def test_a_proposal_for_somebody_who_was_disabled_meanwhile_opens_nothing(admin: Administration) -> None:
    async with admin.browser(Role.TECHNICAL) as browser, second(admin) as other:
        await told(browser, "/people/sign-in", person=LEADER)
        (joint,) = await waiting_on(other, "people")
        admin.house.do(accounts.disable, LEADER)
        assert await refused(other, "/joint/confirm", joint=joint) == "not_found.officer"
    with admin.court.database.reading() as session:
        assert session.scalars(select(LinkRow)).all() == []
        assert session.get_one(OfficerRow, LEADER).disabled_at is not None


# --- a shorter time of keeping ------------------------------------------------------------------------------------------------------


async def test_keeping_longer_counts_at_once_and_shorter_takes_two_who_see_what_goes(admin: Administration) -> None:
    settings = admin.house.settings
    settings.positions.mkdir(parents=True, exist_ok=True)
    day = (admin.court.now() - timedelta(days=20)).strftime("%Y%m%d")
    (settings.positions / f"positions-{day}.db").write_bytes(b"x" * 2_000)
    async with admin.browser(Role.TECHNICAL) as browser, second(admin) as other:
        assert await told(browser, "/settings/change", key="archive_days", value="60") == {"done": "changed"}
        admin.court.later(1)
        assert await told(browser, "/settings/change", key="archive_days", value="10") == {"done": "waits"}
        page = (await browser.get("/centre/admin/settings")).text
        assert "将删除 1 天的定位（2.0 KB）" in page
        assert 'value="60"' in page, "nothing has changed yet"
        (joint,) = await waiting_on(other, "settings")
        assert await refused(browser, "/joint/confirm", joint=joint) == "joint.same_person"
        await told(other, "/joint/confirm", joint=joint)
        assert 'value="10"' in (await browser.get("/centre/admin/settings")).text
        admin.court.later(1)
        assert await told(browser, "/settings/change", key="archive_days", value="40") == {"done": "changed"}
        undo = re.findall(r'data-undo="(\w+)"', (await browser.get("/centre/admin/settings")).text)[0]
        assert await told(browser, "/settings/undo", change=undo) == {"done": "waits"}, "taking it back would shorten it"
        assert 'value="40"' in (await browser.get("/centre/admin/settings")).text
        assert await told(browser, "/settings/change", key="recording_days", value="200") == {"done": "changed"}
        admin.court.later(1)
        assert await told(browser, "/settings/change", key="recording_days", value="190") == {"done": "waits"}
        assert "将删除 0 段录像" in (await browser.get("/centre/admin/settings")).text
    assert admin.court.journal.verify() is None


async def test_the_certificate_says_until_when(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, datetime.now(UTC) + timedelta(days=30))
    for admin in administration(tmp_path, Settings.of(home=tmp_path, court_code="4401", tls_cert=cert, tls_key=key)):
        async with admin.browser(Role.TECHNICAL) as browser:
            page = (await browser.get("/centre/admin/keys")).text
        assert re.search(r'data-key="certificate".*?有效至', page, re.S)

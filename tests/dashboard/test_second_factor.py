"""The second factor at the doors: enrolled by one code, asked for ever after, a code once, a code on paper once; reset and begun anew."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select

from dashboard.i18n import t
from data.actions import accounts, second_factor
from data.actions.organisation import add_officer
from data.credentials import factor_code
from data.errors import NotPermitted, RuleBroken
from data.rules.links import Purpose
from data.rules.permissions import Role
from data.rules.role_changes import OF_PEOPLE
from data.rules.second_factor import NOT_PEOPLE, STEP_S
from data.settings import Settings
from data.tables import AuditRow, EntryRow, RecoveryCodeRow, SecondFactorRow, SessionRow
from tests.administration import administration
from tests.house import HOST, House, built
from tests.small_court import PASSWORD, PIN, officer_id, somebody

OURS = {"origin": HOST}
NEW_PASSWORD = "石桥边的第二棵老木棉 31"
LEADER = officer_id(Role.LEADER)
ADMIN = officer_id(Role.TECHNICAL)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    for house in built(tmp_path, Settings.of(home=tmp_path, second_factor_for=("TECHNICAL", "leader"))):
        for who, name in ((LEADER, "yuanzhang"), (ADMIN, "jishu")):
            house.do(accounts.open_account, who, name, PASSWORD, PIN)
        yield house


def secret_on(page: str) -> str:
    found = re.search(r'class="secret"[^>]*>([A-Z2-7 ]+)<', page)
    assert found
    return found[1].replace(" ", "")


class Person:
    """A browser, and the authenticator that its owner holds."""

    def __init__(self, house: House, browser: httpx.AsyncClient, name: str = "yuanzhang") -> None:
        self.house, self.browser, self.name, self.secret = house, browser, name, ""

    async def password(self, password: str = PASSWORD, **more: str) -> httpx.Response:
        return await self.browser.post("/sign-in", data={"username": self.name, "password": password, **more}, headers=OURS)

    def code(self, steps: int = 0) -> str:
        return factor_code(self.secret, int(self.house.court.now().timestamp() // STEP_S) + steps)

    async def type(self, code: str) -> httpx.Response:
        return await self.browser.post("/sign-in/factor", data={"code": code, "next": "/centre/wall"}, headers=OURS)

    async def enrolled(self) -> list[str]:
        answer = await self.password()
        assert answer.headers["location"].startswith("/sign-in/factor")
        page = (await self.browser.get("/sign-in/factor")).text
        assert re.search(r"<svg [^>]*viewBox", page), "it is drawn at another size than its own: without it, it would be cut off"
        self.secret = secret_on(page)
        answer = await self.type(self.code())
        assert answer.status_code == 200, answer.text
        return re.findall(r"<li>([a-z2-9 ]{19})</li>", answer.text)


async def test_whose_role_requires_it_enrols_before_anything_opens(house: House) -> None:
    async with house.browser() as browser:
        person = Person(house, browser)
        assert (await person.password()).status_code == 303
        assert "ecc_desk" not in browser.cookies
        assert (await browser.get("/centre/desk")).status_code == 303
        page = (await browser.get("/sign-in/factor")).text
        assert (await browser.get("/sign-in/factor")).text == page, "looking changes nothing"
        codes = await person.enrolled()
        assert len(set(codes)) == 10
        assert (await browser.get("/centre/desk")).status_code == 200
        assert "ecc_factor" not in browser.cookies
        shown = await browser.get("/sign-in/factor")
        assert shown.status_code == 303, "the ticket is used up; secret and codes are seen no more"
    with house.court.database.reading() as session:
        row = session.scalars(select(SecondFactorRow)).one()
        assert person.secret.encode() not in row.secret
        kept = str(session.scalars(select(EntryRow.payload)).all()) + str([r.fields for r in session.scalars(select(AuditRow))])
        for secret in (person.secret, *codes, *(code.replace(" ", "") for code in codes)):
            assert secret not in kept
        assert [e["what"] for e in session.scalars(select(EntryRow.payload).where(EntryRow.kind == "account.changed"))] == ["second_factor"]


async def test_afterwards_the_password_alone_opens_nothing_and_a_code_counts_once(house: House) -> None:
    async with house.browser() as first:
        person = Person(house, first)
        await person.enrolled()
    async with house.browser() as second, house.browser() as third:
        again, thief = Person(house, second), Person(house, third)
        again.secret = thief.secret = person.secret
        assert (await again.password()).headers["location"].startswith("/sign-in/factor")
        assert "secret" not in (await second.get("/sign-in/factor")).text
        refused = await again.type(again.code())
        assert (refused.status_code, "已经用过" in refused.text) == (401, True), "the code that enrolled it, within its window"
        house.court.later(STEP_S)
        passed = await again.type(again.code())
        assert (passed.status_code, passed.headers["location"]) == (303, "/centre/wall")
        await thief.password()
        assert (await thief.type(again.code())).status_code == 401, "looked at over the shoulder"
        assert (await thief.type(again.code(-1))).status_code == 401, "nor the one before it"
        assert (await thief.type(again.code(1))).status_code == 303, "half a minute of a phone's clock"
    assert ("sign_in", "failed", "192.0.2.7") in house.traces()


async def test_of_two_who_type_the_same_code_at_once_one_gets_in(house: House) -> None:
    async with house.browser() as first:
        person = Person(house, first)
        await person.enrolled()
    house.court.later(STEP_S)
    async with house.browser() as browser:
        await Person(house, browser).password()
        opened = house.count(SessionRow)
        answers = await asyncio.gather(*(browser.post("/sign-in/factor", data={"code": person.code()}, headers=OURS) for _ in range(4)))
    assert sum(answer.status_code == 303 for answer in answers) == 1
    assert house.count(SessionRow) == opened + 1


async def test_a_code_on_paper_counts_once(house: House) -> None:
    async with house.browser() as first:
        paper = (await Person(house, first).enrolled())[0]
    for status in (303, 401):
        async with house.browser() as browser:
            person = Person(house, browser)
            await person.password()
            assert (await person.type(paper.upper().replace(" ", "-"))).status_code == status
    with house.court.database.reading() as session:
        assert len(session.scalars(select(RecoveryCodeRow).where(RecoveryCodeRow.used_at.is_(None))).all()) == 9


async def test_codes_are_guessed_six_times_a_minute_from_wherever(house: House) -> None:
    async with house.browser() as first:
        person = Person(house, first)
        await person.enrolled()
    house.court.later(STEP_S)
    statuses = []
    for number in range(8):
        async with house.browser(address=f"192.0.2.{number + 10}") as browser:
            guesser = Person(house, browser)
            await guesser.password()
            statuses.append((await guesser.type(f"00000{number}")).status_code)
    assert statuses == [401] * 6 + [429] * 2
    async with house.browser() as browser:
        guesser = Person(house, browser)
        guesser.secret = person.secret
        await guesser.password()
        assert (await guesser.type("not a code")).status_code == 429
        house.seconds.at += 60
        assert (await guesser.type("x")).status_code == 400, "no code at all is no guess"
        assert (await guesser.type(guesser.code())).status_code == 303


async def test_a_changed_password_closes_the_page_that_asks_and_needs_a_code_itself(house: House) -> None:
    async with house.browser() as first, house.browser() as thief:
        person = Person(house, first)
        await person.enrolled()
        house.court.later(STEP_S)
        waiting = Person(house, thief)
        await waiting.password()
        form = {"username": "yuanzhang", "password": PASSWORD, "fresh": NEW_PASSWORD}
        for code in ("", "123456"):
            refused = await thief.post("/password", data=form | {"code": code}, headers=OURS)
            assert refused.status_code in (400, 401)
        changed = await first.post("/password", data=form | {"code": person.code()}, headers=OURS)
        assert changed.status_code == 303
        house.court.later(STEP_S)
        waiting.secret = person.secret
        assert (await waiting.type(waiting.code())).status_code == 404


async def test_a_link_of_an_administrator_is_worth_a_password_and_no_more(house: House) -> None:
    async with house.browser() as first:
        person = Person(house, first)
        await person.enrolled()
    house.court.later(STEP_S)
    async with house.browser() as browser:
        pressed = await browser.post(house.link(Purpose.SIGN_IN, officer_id=LEADER), headers=OURS)
        assert pressed.headers["location"].startswith("/sign-in/factor")
        assert "ecc_desk" not in browser.cookies
        assert (await browser.post("/sign-in/factor", data={"code": person.code()}, headers=OURS)).status_code == 303


async def test_whoever_wants_one_gets_one_and_others_sign_in_as_before(house: House) -> None:
    house.account()
    async with house.browser() as browser:
        duty = Person(house, browser, "chenjun")
        assert (await duty.password()).headers["location"] == "/centre/desk"
        assert 'name="enrol"' in (await browser.get("/sign-in/second")).text
        assert (await duty.password(enrol="1")).headers["location"].startswith("/sign-in/factor")
        duty.secret = secret_on((await browser.get("/sign-in/factor")).text)
        assert (await duty.password()).headers["location"] == "/centre/desk", "what was never confirmed locks nobody out"


async def test_a_second_person_resets_it_and_nobody_his_own(house: House) -> None:
    async with house.browser() as browser:
        person = Person(house, browser)
        await person.enrolled()
        with pytest.raises(NotPermitted):
            house.court.journal.do(somebody(Role.DUTY), house.court.now(), second_factor.reset_factor, LEADER)
        with pytest.raises(NotPermitted):
            house.court.journal.do(somebody(Role.TECHNICAL), house.court.now(), second_factor.reset_factor, ADMIN)
        house.court.journal.do(somebody(Role.TECHNICAL), house.court.now(), second_factor.reset_factor, LEADER)
        house.identity.forget()
        assert (await browser.get("/centre/desk")).status_code == 303, "his sessions ended"
        await person.password()
        assert "<svg" in (await browser.get("/sign-in/factor")).text
        assert house.count(RecoveryCodeRow) == 0


async def test_an_administrator_begins_anew_by_a_link_made_at_the_machine(house: House) -> None:
    async with house.browser() as browser:
        person = Person(house, browser, "jishu")
        await person.enrolled()
        with pytest.raises(RuleBroken):
            house.do(second_factor.make_reset, LEADER)
        with pytest.raises(NotPermitted):
            house.court.journal.do(somebody(Role.TECHNICAL), house.court.now(), second_factor.make_reset, ADMIN)
        older, path = (f"/link/{house.do(second_factor.make_reset, ADMIN)}" for _ in range(2))
        async with house.browser() as fresh:
            assert (await fresh.get(older)).status_code == 404, "the newer one closes it"
            assert 'name="fresh"' in (await fresh.get(path)).text
            assert (await fresh.post(path, data={"fresh": "admin"}, headers=OURS)).status_code == 400
            assert (await browser.get("/centre/desk")).status_code == 200, "nothing happened yet"
            pressed = await fresh.post(path, data={"fresh": NEW_PASSWORD}, headers=OURS)
            assert pressed.headers["location"].startswith("/sign-in/factor")
            assert (await browser.get("/centre/desk")).status_code == 303, "every session of his ended"
            assert secret_on((await fresh.get("/sign-in/factor")).text) != person.secret
            assert (await fresh.post(path, data={"fresh": NEW_PASSWORD}, headers=OURS)).status_code == 404
        house.court.later(600)
        late = f"/link/{house.do(second_factor.make_reset, ADMIN)}"
        house.court.later(601)
        async with house.browser() as slow:
            assert (await slow.post(late, data={"fresh": NEW_PASSWORD}, headers=OURS)).status_code == 404
    assert ("reset_admin", "done", None) in house.traces()


async def test_the_first_administrators_link_says_so_and_leads_to_administration(house: House) -> None:
    """Who has never had a password is told nothing of a former one, but which account it is."""
    house.do(accounts.set_password, ADMIN, PASSWORD, must_change=True)
    path = f"/link/{house.do(second_factor.make_reset, ADMIN)}"
    async with house.browser() as browser:
        page = (await browser.get(path)).text
        assert t("sign_in.link_first") in page
        assert "jishu" in page
        assert t("sign_in.password_rule") in page
        assert t("sign_in.link_reset_why") not in page
        pressed = await browser.post(path, data={"fresh": NEW_PASSWORD}, headers=OURS)
        assert pressed.headers["location"] == "/sign-in/factor?next=/centre/admin/people"


def test_the_demonstration_asks_nobody(tmp_path: Path) -> None:
    assert Settings.of(home=tmp_path).second_factor_roles == {Role.TECHNICAL, Role.INSPECTOR}
    assert Settings.of(home=tmp_path, demo=True).second_factor_roles == frozenset()


async def test_the_code_scans_as_the_court_and_the_account(house: House) -> None:
    async with house.browser() as browser:
        await Person(house, browser).password()
        asked = await house.pages._asked(_Cookies(browser.cookies["ecc_factor"]))  # type: ignore[arg-type]
    assert asked is not None
    said = urlsplit(asked.address or "")
    assert (said.scheme, said.netloc) == ("otpauth", "totp")
    assert parse_qs(said.query)["issuer"] == [house.settings.court_name]


class _Cookies:
    """What `_asked` reads of a request."""

    def __init__(self, ticket: str) -> None:
        self.cookies = {"ecc_factor": ticket}


async def test_every_other_administrator_is_told_and_resets_from_the_page(tmp_path: Path) -> None:
    for admin in administration(tmp_path):
        house = admin.house
        house.do(accounts.open_account, LEADER, "yuanzhang", PASSWORD, PIN)
        house.do(accounts.open_account, ADMIN, "jishu", PASSWORD, PIN)
        other = house.do(add_officer, "另一", "技术值守", Role.TECHNICAL)
        house.do(accounts.open_account, other, "lingyi", PASSWORD, PIN)
        house.do(second_factor.make_reset, other)
        async with admin.browser(Role.TECHNICAL) as browser:
            told = (await browser.get("/centre/admin/notices")).json()
            assert [("另" in each["text"], "重置链接" in each["text"]) for each in told] == [(True, True)]
            house.do(second_factor.make_reset, ADMIN)
            assert len((await browser.get("/centre/admin/notices")).json()) == 1, "he himself knows"
            page = (await browser.get("/centre/admin/factors")).text
            assert page.count(">下次登录须绑定<") == 2
            refused = await browser.post("/centre/admin/factors/reset", json={"officer": LEADER})
            assert refused.status_code == 404, "there is nothing to reset"
            ticket = house.do(second_factor.ask, LEADER).ticket
            with house.court.database.reading() as session:
                secret = house.court.journal.sealing.open(session.get_one(SecondFactorRow, LEADER).secret) or ""
            code = factor_code(secret, int(house.court.now().timestamp() // STEP_S))
            house.do(second_factor.pass_factor, ticket, code, house.pages._lasts.desk)
            assert 'data-act="reset"' in (await browser.get("/centre/admin/factors")).text
            assert (await browser.post("/centre/admin/factors/reset", json={"officer": LEADER})).status_code == 200
            assert (await browser.post("/centre/admin/factors/reset", json={"officer": ADMIN})).status_code == 403
        for role in (Role.DUTY, Role.COMMANDER, Role.INSPECTOR):
            async with admin.browser(role) as browser:
                for path in ("/centre/admin/factors", "/centre/admin/notices"):
                    assert (await browser.get(path)).status_code == 403
                assert (await browser.post("/centre/admin/factors/reset", json={"officer": LEADER})).status_code == 403


def test_every_role_is_a_person_or_not() -> None:
    assert set(Role) - NOT_PEOPLE == OF_PEOPLE

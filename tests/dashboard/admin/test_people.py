"""People by the page's doors: added, changed, given a role by two, let in by a code, put out at once."""

import re
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import select

from data.rules.identity import Act
from data.tables import AuditRow, OfficerRow
from tests.administrators import Administrators
from tests.running import Product, eventually


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


@pytest.fixture(scope="module")
def admins(product: Product) -> Iterator[Administrators]:
    admins = Administrators(product)
    yield admins
    admins.close()


def row_of(page: str, person: str) -> str:
    found = re.search(rf'<tr data-person="{person}".*?</tr>', page, re.DOTALL)
    assert found is not None, page
    return found[0]


def change_of(page: str) -> str:
    return str(re.findall(r'<tr data-change="(\w+)"', page)[0])


def test_somebody_is_added_waits_for_his_role_and_signs_in(admins: Administrators, product: Product) -> None:
    said = {"name": "何演新", "title": "法官", "role": "commander", "badge": "N1", "team": product.seeded.teams[0], "unit": "1090"}
    made = admins.told("/people/add", said | {"account": "heyanxin"})
    assert (made["waits"], made["account_waits"], "password" in made) == (True, True, False)
    row = row_of(admins.ask("/people?q=N1").text, made["id"])
    assert "外勤干警" in row
    assert "等确认：指挥长" in row
    change = change_of(admins.ask("/people").text)
    assert admins.refused("/people/confirm", {"change": change}) == "role.same_person"
    assert "另一位管理员" in admins.ask("/people").text
    admins.told("/people/confirm", {"change": change}, who="second")
    [joint] = re.findall(r'data-joint="(\w+)" data-what="first_account"', admins.ask("/people").text)
    assert "开通账号：何法官" in admins.ask("/people").text
    assert admins.refused("/joint/confirm", {"joint": joint}) == "joint.same_person"
    account = admins.told("/joint/confirm", {"joint": joint}, who="second")
    assert (account["account"], len(account["password"])) == ("heyanxin", 24)
    assert account["password"] not in admins.ask("/people").text
    assert "指挥长" in row_of(admins.ask("/people?q=heyanxin").text, made["id"])
    assert admins.told("/people/sign-in", {"person": made["id"]}) == {"waits": True}
    joint = re.findall(r'data-joint="(\w+)" data-what="sign_in_link"', admins.ask("/people").text)[-1]
    assert admins.refused("/joint/confirm", {"joint": joint}) == "joint.same_person"
    link = admins.told("/joint/confirm", {"joint": joint}, who="second")
    assert link["picture"].startswith("data:image/svg+xml")
    desk = httpx.post(link["link"], headers={"origin": product.origin})
    assert httpx.get(f"{product.origin}/centre/desk", cookies={"ecc_desk": desk.cookies["ecc_desk"]}).status_code == 200
    admins.told("/people/disable", {"person": made["id"]})
    token = {"ecc_desk": desk.cookies["ecc_desk"]}
    eventually(lambda: httpx.get(f"{product.origin}/centre/desk", cookies=token).status_code == 303, "who is disabled is still in")
    assert admins.refused("/people/sign-in", {"person": made["id"]}) == "not_found.officer"
    admins.told("/people/enable", {"person": made["id"]})
    assert "等确认：指挥长" in row_of(admins.ask("/people?q=N1").text, made["id"])


def test_what_is_known_of_somebody_is_changed_and_leaves_a_trace_without_its_values(admins: Administrators, product: Product) -> None:
    person = product.seeded.officers[1001]
    admins.told("/people/change", {"person": person, "title": "审判员", "phone": "000-77", "team": product.seeded.teams[1]})
    assert "审判员" in row_of(admins.ask("/people?q=1001").text, person)
    assert "二组" in row_of(admins.ask("/people?q=1001").text, person)
    with admins.database.reading() as session:
        officer = session.get(OfficerRow, person)
        assert officer is not None
        assert admins.journal.sealing.open(officer.phone) == "000-77"
        trace = session.scalars(select(AuditRow).where(AuditRow.act == Act.CHANGE_ACCOUNT, AuditRow.object_id == person)).one()
    assert trace.fields == ["phone", "team_id", "title"]
    assert "000-77" not in admins.ask("/people").text, "the list says no telephone"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"name": "", "title": "法官", "role": "field"}, "text.empty"),
        ({"name": "甲", "title": "法官", "role": "system"}, "identity.bad_role"),
        ({"name": "甲", "title": "法官", "role": "field", "team": "no"}, "not_found.team"),
        ({"name": "甲", "title": "法官", "role": "field", "unit": "12a"}, "unit.bad_number"),
        ({"name": "甲", "title": "法官", "role": "field", "unit": "1001"}, "unit.exists"),
        ({"name": "甲", "title": "法官", "role": "field", "account": "A B"}, "identity.bad_username"),
        ({"name": ["甲"], "title": "法官", "role": "field"}, "input.bad"),
    ],
)
def test_what_cannot_be_added_is_named_and_leaves_nobody(admins: Administrators, said: dict[str, object], code: str) -> None:
    before = admins.ask("/people").text.count("data-person=")
    assert admins.refused("/people/add", said) == code
    assert admins.ask("/people").text.count("data-person=") == before


def test_the_sheet_of_codes_is_a_page_to_print_that_leaves_a_trace(admins: Administrators, product: Product) -> None:
    made = admins.told("/people/add", {"name": "何演无", "title": "法警", "role": "field", "unit": "1091"})
    sheet = admins.ask("/codes", data={})
    assert sheet.status_code == 200
    assert "何演无" in sheet.text
    assert "陈甲" not in sheet.text, "he has a phone"
    links = re.findall(rf"{re.escape(product.origin)}/link/[\w-]+", sheet.text)
    for link in links:
        assert "ecc_device" in httpx.post(link, headers={"origin": product.origin}).cookies
    assert admins.ask("/codes", who="commander", data={}).status_code == 403
    none = admins.ask("/codes", data={})
    assert (none.status_code, "没有要打印的" in none.text) == (409, True)
    assert made["waits"] is False
    with admins.database.reading() as session:
        fields = session.scalars(select(AuditRow.fields).where(AuditRow.act == Act.ISSUE_TOKEN, AuditRow.object_kind == "workbook")).all()
    assert any("enrol" in each for each in fields)


def test_a_hostile_name_is_text(admins: Administrators) -> None:
    made = admins.told("/people/add", {"name": "<img src=x onerror=a>", "title": "法官", "role": "field"})
    assert "<img src=x" not in admins.ask("/people").text
    assert "&lt;img src=x onerror=a&gt;" in row_of(admins.ask("/people").text, made["id"])


def test_12_every_door_of_people_is_closed_to_who_manages_none(admins: Administrators) -> None:
    doors = ("add", "change", "role", "confirm", "drop", "account", "sign-in", "disable", "enable", "team")
    for who in ("duty", "commander", "leader", "judge", "inspector"):
        for door in doors:
            assert admins.refused(f"/people/{door}", {"person": "x", "change": "x"}, who) == "identity.not_permitted", (who, door)

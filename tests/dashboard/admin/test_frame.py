"""The frame of the administration: who sees which page, walls added, bound and put out, devices listed and put out."""

import re
from collections.abc import Iterator

import httpx
import pytest

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


def tabs(page: str) -> list[str]:
    return re.findall(r'<a href="/centre/admin/(\w+)"', page)


@pytest.mark.parametrize(("who", "opens"), [("technical", "people"), ("duty", "devices"), ("commander", "walls")])
def test_each_sees_the_pages_of_his_rights_and_no_other(admins: Administrators, who: str, opens: str) -> None:
    assert admins.ask("/", who=who).headers["location"] == f"/centre/admin/{opens}"
    shown = tabs(admins.ask(f"/{opens}", who=who).text)
    assert shown[0] == opens
    for name in ("people", "devices", "walls"):
        assert admins.ask(f"/{name}", who=who).status_code == (200 if name in shown else 403), name


@pytest.mark.parametrize("who", ["leader", "judge", "inspector"])
def test_12_who_may_nothing_here_is_refused_at_every_door(admins: Administrators, who: str) -> None:
    for path in ("/people", "/devices", "/walls"):
        assert admins.ask(path, who=who).status_code == 403, path
    for path in ("/devices/revoke", "/walls/add", "/walls/link", "/walls/revoke"):
        assert admins.refused(path, {"device": 1, "wall": "x", "name": "x"}, who) == "identity.not_permitted", path


def test_a_word_finds_people_and_nothing_found_says_what_to_do(admins: Administrators) -> None:
    page = admins.ask("/people?q=陈甲").text
    assert ("陈甲" in page, "陈乙" in page) == (True, False)
    assert "没有找到“无人叫这个”" in admins.ask("/people?q=无人叫这个").text
    assert "<b>" not in admins.ask("/people?q=<b>").text.replace("&lt;b&gt;", "")


def test_a_wall_is_added_bound_by_a_link_and_put_out(admins: Administrators, product: Product) -> None:
    wall = admins.told("/walls/add", {"name": "二号厅"})["id"]
    assert admins.refused("/walls/add", {"name": "二号厅"}) == "wall.exists"
    assert "还没有绑定" in admins.ask("/walls").text
    link = admins.told("/walls/link", {"wall": wall})["link"]
    browser = httpx.post(link, headers={"origin": product.origin})
    token = browser.cookies["ecc_wall"]
    assert httpx.get(f"{product.origin}/centre/wall", cookies={"ecc_wall": token}).status_code == 200
    admins.told("/walls/revoke", {"wall": wall})
    assert "二号厅" not in admins.ask("/walls").text
    eventually(lambda: httpx.get(f"{product.origin}/centre/wall", cookies={"ecc_wall": token}).status_code == 303, "the wall is still one")
    assert admins.refused("/walls/link", {"wall": wall}) in ("not_found.wall", "link.closed")


@pytest.mark.parametrize("said", [{}, {"device": "1"}, {"device": True}, {"device": -1}, {"device": None}])
def test_what_is_no_device_is_named(admins: Administrators, said: dict[str, object]) -> None:
    assert admins.refused("/devices/revoke", said) == "input.bad"


def test_a_lost_phone_is_nobody_and_says_since_when(admins: Administrators, product: Product) -> None:
    bearer = {"authorization": f"Bearer {product.seeded.devices[1006]}"}
    assert httpx.get(f"{product.origin}/ingest/me", headers=bearer).status_code == 200
    no = int(re.findall(r'data-device="(\d+)"', admins.ask("/devices?q=1006").text)[0])
    admins.told("/devices/revoke", {"device": no})
    eventually(lambda: httpx.get(f"{product.origin}/ingest/me", headers=bearer).status_code == 401, "the phone is still somebody")
    page = admins.ask("/devices?q=1006").text
    assert ("停用</span>" in page, 'data-act="revoke"' in page) == (True, False)

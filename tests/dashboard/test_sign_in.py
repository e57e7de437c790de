"""The gate and the pages before the centre, before a tiny application of one answer."""

import asyncio
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from sqlalchemy import select

from dashboard.i18n import t
from dashboard.sign_in import loggable, next_page, refusal_page
from data.actions import accounts, links, sessions
from data.credentials import issue_machine_token
from data.engines import open_database
from data.errors import DatabaseUnavailable, NotPermitted
from data.journal import Journal
from data.rules.links import Purpose
from data.rules.permissions import Role
from data.settings import Settings
from data.tables import AuditRow, DeviceRow, SessionRow
from tests.house import HOST, House, built, serving
from tests.small_court import PASSWORD, PHONE_UNIT, PIN, WALL, officer_id, somebody

OURS = {"origin": HOST}
NEW_PASSWORD = "石桥边的第二棵老木棉 31"
JWT = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJkdXR5Iiwicm9sZSI6ImR1dHkifQ."


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.of(home=tmp_path)


@pytest.fixture
def house(tmp_path: Path, settings: Settings) -> Iterator[House]:
    yield from built(tmp_path, settings)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[House]:
    yield from built(tmp_path, Settings.of(home=tmp_path, demo=True))


# --- what is open, and nothing else ---

OPEN = ["/healthz", "/readyz", "/field/", "/field/sw.js", "/vendor/x.woff2", "/centre/assets/tokens.css"]
CLOSED = [
    "/centre/_dash-layout",
    "/centre/_dash-dependencies",
    "/centre/_dash-component-suites/dash/deps/react.js",
    "/api/track",
    "/api/openapi.json",
]
UNKNOWN = [
    "/x", "/admin", "/centre", "/centre/", "/centre/other", "/centre//desk", "/centre/desk/", "/CENTRE/DESK", "/centre/%2e%2e/centre/desk",
    "/docs", "/redoc", "/openapi.json", "/_dash-layout", "/_dash-update-component", "/centre/_reload-hash", "/centre/_mcp", "/demo", "/ca",
    "/.env", "/healthz/", "/metrics", "/debug", "/register", "/sign-up", "/keys/sealing.key", "/link", "/ingest",
]  # fmt: skip


async def test_without_a_session_only_the_list_is_open(house: House) -> None:
    for token in ("x", JWT):
        async with house.browser(ecc_desk=token, ecc_wall=token, ecc_device=token, ecc_director=token) as browser:
            for path in CLOSED:
                answer = await browser.get(path)
                assert answer.status_code == 401, path
                assert answer.json()["error"]["code"] == "identity.not_signed_in"
    async with house.browser() as browser:
        for path in OPEN:
            assert (await browser.get(path)).status_code == 200, path
        for path in CLOSED:
            assert (await browser.get(path)).status_code == 401, path
        for path in UNKNOWN:
            for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
                assert (await browser.request(method, path, headers=OURS)).status_code == 404, (method, path)
    assert set(house.reached) == set(OPEN)


async def test_a_page_sends_a_stranger_to_sign_in_and_back(house: House) -> None:
    async with house.browser() as browser:
        for page in ("/centre/wall", "/centre/desk", "/centre/wall?layout=3"):
            answer = await browser.get(page)
            assert answer.status_code == 303
            form = await browser.get(answer.headers["location"])
            assert f'value="{page}"' in form.text
    assert house.reached == []


@pytest.mark.parametrize(
    "asked", ["https://evil.example", "//evil.example", "/\\evil.example", "/centre/desk//x", "javascript:alert(1)", "/link/x", None]
)
def test_after_signing_in_nobody_is_sent_elsewhere(asked: str | None) -> None:
    assert next_page(asked) == "/centre/desk"


async def test_registration_does_not_exist_and_nobody_names_his_own_role(house: House) -> None:
    house.account()
    async with house.browser() as browser:
        form = {
            "username": "chenjun",
            "password": PASSWORD,
            "role": "commander",
            "court_code": "9999",
            "officer_id": officer_id(Role.LEADER),
        }
        answer = await browser.post("/sign-in", data=form, headers=OURS)
        assert answer.status_code == 303
    with house.court.database.reading() as session:
        assert session.scalars(select(SessionRow.officer_id)).one() == officer_id(Role.DUTY)


async def test_dash_socket_is_refused_to_all(house: House) -> None:
    async with house.browser(ecc_desk=house.desk()) as browser:
        assert (await browser.get("/centre/_dash-ws-callback")).status_code == 403


async def test_each_face_takes_its_own_cookie_only(house: House) -> None:
    tokens = {"ecc_desk": house.desk(), "ecc_wall": house.wall(), "ecc_device": house.phone(), "ecc_director": house.director()}
    allowed = {
        "/centre/desk": {"ecc_desk"},
        "/centre/wall": {"ecc_desk", "ecc_wall"},
        "/centre/_dash-layout": {"ecc_desk", "ecc_wall"},
        "/api/track": {"ecc_desk"},
        "/api/layers/rivers.json": set(tokens),
        "/demo": set(),
    }
    for path, cookies in allowed.items():
        for name, token in tokens.items():
            async with house.browser(**{name: token}) as browser:
                assert ((await browser.get(path)).status_code == 200) is (name in cookies), (path, name)
    for name in tokens:
        for other, token in tokens.items():
            if name != other:
                async with house.browser(**{name: token}) as browser:
                    assert (await browser.get("/centre/_dash-layout")).status_code == 401, f"{other} as {name}"


async def test_the_director_exists_in_the_demonstration_only(demo: House) -> None:
    async with demo.browser(ecc_director=demo.director()) as browser:
        assert (await browser.get("/demo")).status_code == 200
        assert (await browser.get("/centre/wall")).status_code == 303
        assert (await browser.get("/api/track")).status_code == 401
    async with demo.browser(ecc_desk=demo.desk(), ecc_wall=demo.wall()) as browser:
        assert (await browser.get("/demo")).status_code == 401
        for page in ("/lock", "/sign-in", "/password", "/pair", "/sign-out", "/link/x"):
            assert "演示数据" in (await browser.get(page, follow_redirects=False)).text or page == "/sign-in", page


async def test_one_browser_may_be_desk_and_wall_and_dash_hears_which(house: House) -> None:
    async with house.browser(ecc_desk=house.desk(), ecc_wall=house.wall()) as browser:
        for page, kind in (("/centre/wall", "WALL"), ("/centre/desk", "OFFICER")):
            answer = await browser.get("/centre/_dash-layout", headers={"referer": f"{HOST}{page}?layout=1"})
            assert answer.json()["kind"] == kind


async def test_a_role_without_that_face_is_refused_with_one_trace(house: House) -> None:
    async with house.browser(ecc_desk=house.desk(Role.FUND)) as browser:
        for _ in range(5):
            answer = await browser.get("/centre/desk")
            assert answer.status_code == 403
            assert "您没有" in answer.text
    assert house.traces().count(("denied", "refused", "192.0.2.7")) == 1


async def test_a_verb_that_is_refused_inside_leaves_its_trace(house: House) -> None:
    async with house.browser(ecc_desk=house.desk()) as browser:
        for _ in range(3):
            assert (await browser.get("/api/refused")).status_code == 403
            assert (await browser.post("/centre/_dash-update-component", json={"refused": True}, headers=OURS)).status_code == 200
    with house.court.database.reading() as session:
        doors = sorted(str(door) for door in session.scalars(select(AuditRow.object_id).where(AuditRow.act == "denied")))
    assert doors == ["/api/refused", "steer.wall"]


async def test_a_machine_reads_the_description_of_the_doors_only(house: House) -> None:
    token = {"authorization": f"Bearer {issue_machine_token(house.settings.keys, Role.CASE_SYSTEM)}"}
    house.identity.forget()
    async with house.browser() as browser:
        assert (await browser.get("/api/openapi.json", headers=token)).status_code == 200
        assert (await browser.get("/api/track", headers=token)).status_code == 401
        assert (await browser.get("/centre/_dash-layout", headers=token)).status_code == 401


# --- from where ---


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://centre.test.evil.example", "https://centre.test", None])
async def test_a_foreign_page_changes_nothing(house: House, origin: str | None) -> None:
    headers = {"content-type": "application/json"} | ({"origin": origin} if origin else {})
    async with house.browser(ecc_desk=house.desk()) as browser:
        for path in ("/centre/_dash-update-component", "/lock", "/unlock", "/sign-out", "/api/x", "/sign-in"):
            assert (await browser.post(path, content=b"{}", headers=headers)).status_code == 403, path
    assert house.reached == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
async def test_what_a_foreign_form_can_send_is_not_taken_for_json(house: House, kind: str) -> None:
    async with house.browser(ecc_desk=house.desk()) as browser:
        answer = await browser.post("/centre/_dash-update-component", content=b'{"a":1}', headers=OURS | {"content-type": kind})
        assert answer.status_code == 400
        taken = await browser.post(
            "/centre/_dash-update-component", content=b'{"a":1}', headers=OURS | {"content-type": "application/json"}
        )
        assert taken.status_code == 200


async def test_every_answer_carries_the_headers_and_none_opens_to_others(house: House) -> None:
    async with house.browser() as browser:
        for path in ("/sign-in", "/x", "/centre/desk", "/centre/_dash-layout", "/healthz", "/link/x", "/field/"):
            headers = (await browser.get(path, headers={"origin": "https://evil.example"})).headers
            assert "script-src 'self' 'sha256-AAAA';" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe-eval" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert ("camera=(self), microphone=(self)" in headers["permissions-policy"]) is (path in ("/field/", "/centre/desk")), path
            assert f"connect-src 'self' {house.settings.media};" in headers["content-security-policy"]
            assert headers["referrer-policy"] == "same-origin"
            assert "access-control-allow-origin" not in headers
            assert "strict-transport-security" not in headers
            assert (headers.get("cache-control") == "no-store") is (path != "/field/")


async def test_over_tls_cookies_are_secure_and_browsers_stay_with_it(tmp_path: Path) -> None:
    for house in built(tmp_path, Settings.of(home=tmp_path, public_origin="https://centre.test")):
        house.account()
        async with house.browser() as browser:
            form = {"username": "chenjun", "password": PASSWORD}
            answer = await browser.post("/sign-in", data=form, headers={"origin": "https://centre.test"})
        assert "strict-transport-security" in answer.headers
        assert re.search(r"ecc_desk=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=strict; Secure", answer.headers["set-cookie"])


async def test_an_untrusted_peer_does_not_choose_its_address(house: House) -> None:
    async with house.browser(address="192.0.2.7") as browser:
        answer = await browser.get("/healthz", headers={"x-forwarded-for": "1.1.1.1"})
        assert answer.json()["address"] == "192.0.2.7"


# --- name and password ---


async def signed_in(browser: httpx.AsyncClient, username: str = "chenjun", password: str = PASSWORD, **headers: str) -> httpx.Response:
    return await browser.post("/sign-in", data={"username": username, "password": password}, headers=OURS | headers)


async def test_name_and_password_open_the_desk_until_signing_out(house: House) -> None:
    house.account()
    async with house.browser() as browser:
        answer = await signed_in(browser, "ChenJun ")
        assert (answer.status_code, answer.headers["location"]) == (303, "/centre/desk")
        assert re.search(r"ecc_desk=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=strict", answer.headers["set-cookie"])
        assert (await browser.get("/centre/desk")).status_code == 200
        token = browser.cookies["ecc_desk"]
        assert (await browser.get("/sign-out")).status_code == 200, "looking at the question does not sign out"
        assert (await browser.get("/centre/desk")).status_code == 200
        await browser.post("/sign-out", headers=OURS)
    async with house.browser(ecc_desk=token) as browser:
        assert (await browser.get("/centre/desk")).status_code == 303
    assert [act for act, _, _ in house.traces()][-2:] == ["sign_in", "sign_out"]


@pytest.mark.parametrize(
    ("username", "password"), [("admin", "admin"), ("administrator", "password"), ("guest", "guest"), ("", ""), ("chenjun", "")]
)
async def test_no_default_works(house: House, username: str, password: str) -> None:
    house.account()
    async with house.browser() as browser:
        answer = await signed_in(browser, username, password)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert house.count(SessionRow) == 0


async def test_the_seventh_guess_in_a_minute_waits_whatever_it_says_of_its_address(house: House) -> None:
    house.account()
    async with house.browser() as guesser:
        for number in range(6):
            assert (await signed_in(guesser, password=f"guess {number}")).status_code == 401
        for number in range(5):
            answer = await signed_in(guesser, **{"x-forwarded-for": f"1.1.1.{number}"})
            assert answer.status_code == 429, "even the right one"
            assert answer.headers["retry-after"] == "10"
            assert "10 秒" in answer.text
        house.seconds.at += 10
        assert (await signed_in(guesser, password="guess")).status_code == 401
        assert (await signed_in(guesser)).headers["retry-after"] == "20"
    async with house.browser(address="198.51.100.9") as himself:
        assert (await signed_in(himself)).status_code == 303, "strangers' failures do not lock him out"
    assert house.traces().count(("sign_in", "failed", "192.0.2.7")) == 7


async def test_a_hundred_guesses_at_once_are_six(house: House) -> None:
    house.account()
    async with house.browser() as guesser:
        answers = await asyncio.gather(*(signed_in(guesser, password=f"guess {number}") for number in range(100)))
    assert sorted({answer.status_code for answer in answers}) == [401, 429]
    assert sum(answer.status_code == 401 for answer in answers) == 6


async def test_an_unknown_name_gets_the_same_answer_as_a_wrong_password(house: House) -> None:
    house.account()
    async with house.browser() as browser:
        wrong, unknown = await signed_in(browser, password="wrong"), await signed_in(browser, username="nobody")
    assert (wrong.status_code, wrong.text) == (unknown.status_code, unknown.text)


async def test_a_name_is_shown_as_text_only(house: House) -> None:
    house.do(accounts.first_account, officer_id(Role.DUTY), "chenjun")
    async with house.browser() as browser:
        answer = await browser.post("/password", data={"username": '"><script>alert(1)</script>', "password": "x"}, headers=OURS)
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


async def test_the_first_password_must_be_changed_before_anything_opens(house: House) -> None:
    first = house.do(accounts.first_account, officer_id(Role.DUTY), "chenjun")
    async with house.browser() as browser:
        answer = await signed_in(browser, password=first.password)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        form = {"username": "chenjun", "password": first.password, "fresh": "admin", "pin": PIN}
        assert (await browser.post("/password", data=form, headers=OURS)).status_code == 400
        answer = await browser.post("/password", data=form | {"fresh": NEW_PASSWORD}, headers=OURS)
        assert answer.headers["location"] == "/centre/desk"
        assert (await browser.get("/centre/desk")).status_code == 200
    async with house.browser() as browser:
        assert (await signed_in(browser, password=first.password)).status_code == 401
        assert (await signed_in(browser, password=NEW_PASSWORD)).status_code == 303


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a" * 5_000, b"&".join([b"a=1"] * 100), b"username=%00&password=%ff"])
async def test_a_broken_form_is_refused_and_nothing_breaks(house: House, body: bytes) -> None:
    async with house.browser() as browser:
        answer = await browser.post("/sign-in", content=body, headers=OURS | {"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code in (400, 401, 413)


# --- the lock ---


async def test_a_locked_desk_still_shows_and_the_pin_opens_it(house: House) -> None:
    house.account()
    json = OURS | {"content-type": "application/json"}
    async with house.browser(ecc_desk=house.desk()) as browser:
        assert (await browser.post("/lock", headers=json, content=b"{}")).json() == {"locked": True}
        assert (await browser.get("/centre/desk")).status_code == 200
        wrong = await browser.post("/unlock", headers=json, json={"pin": "111222"})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "identity.wrong_pin")
        assert (await browser.post("/unlock", headers=json, json={"pin": PIN})).json() == {"locked": False}
        assert (await browser.post("/lock", headers=OURS)).headers["location"] == "/lock"
        assert 'name="pin"' in (await browser.get("/lock")).text
        assert (await browser.post("/unlock", data={"pin": PIN}, headers=OURS)).headers["location"] == "/centre/desk"
    acts = [(act, result) for act, result, _ in house.traces()]
    assert acts[2:] == [("lock", "done"), ("unlock", "failed"), ("unlock", "done"), ("lock", "done"), ("unlock", "done")]


async def test_a_desk_without_pin_and_password_is_not_locked_and_the_answer_says_why(house: House) -> None:
    json = OURS | {"content-type": "application/json"}
    async with house.browser(ecc_desk=house.desk()) as browser:
        refused = await browser.post("/lock", headers=json, content=b"{}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "identity.no_pin")
        assert "PIN" in refused.json()["error"]["text"]
        page = await browser.post("/lock", headers=OURS)
        assert page.status_code == 409
        assert "不能锁定" in page.text
    assert "lock" not in [act for act, _, _ in house.traces()]


async def test_guessing_the_pin_waits(house: House) -> None:
    house.account()
    async with house.browser(ecc_desk=house.desk()) as browser:
        await browser.post("/lock", headers=OURS)
        for number in range(6):
            assert (await browser.post("/unlock", data={"pin": f"90817{number}"}, headers=OURS)).status_code == 401
        answer = await browser.post("/unlock", data={"pin": PIN}, headers=OURS)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")


# --- one-time links ---


@pytest.mark.parametrize(
    ("purpose", "target", "cookie", "face"),
    [
        (Purpose.ENROL, {"unit_no": PHONE_UNIT}, "ecc_device", "/field/"),
        (Purpose.WALL, {"wall_id": WALL}, "ecc_wall", "/centre/wall"),
        (Purpose.SIGN_IN, {"officer_id": officer_id(Role.DUTY)}, "ecc_desk", "/centre/desk"),
    ],
)
async def test_twenty_who_only_look_then_one_gets_in_and_a_second_never(
    house: House, purpose: Purpose, target: dict[str, Any], cookie: str, face: str
) -> None:
    path = house.link(purpose, **target)
    before = house.count(SessionRow) + house.count(DeviceRow)
    async with house.browser(address="198.51.100.9") as preview:
        for number in range(20):
            headers = {"sec-purpose": "prefetch"} if number % 2 else {}
            answer = await preview.request("HEAD" if number % 3 == 0 else "GET", path, headers=headers)
            assert answer.status_code == 200
            assert "set-cookie" not in answer.headers
    assert house.count(SessionRow) + house.count(DeviceRow) == before
    async with house.browser() as person:
        assert "进入" in (await person.get(path)).text
        answer = await person.post(path, headers=OURS)
        assert (answer.status_code, answer.headers["location"]) == (303, face)
        assert cookie in person.cookies
        assert (await person.get(face)).status_code == 200
    async with house.browser() as second:
        assert (await second.get(path)).status_code == 404
        assert (await second.post(path, headers=OURS)).status_code == 404
        assert not second.cookies
    assert house.count(SessionRow) + house.count(DeviceRow) == before + 1


async def test_a_foreign_page_does_not_press_the_button(house: House) -> None:
    path = house.link(Purpose.ENROL, unit_no=PHONE_UNIT)
    async with house.browser() as victim:
        for origin in ("https://evil.example", "null"):
            assert (await victim.post(path, headers={"origin": origin})).status_code == 403
        assert (await victim.post(path, headers=OURS)).status_code == 303


async def test_unknown_links_are_alike_and_guessing_waits(house: House) -> None:
    async with house.browser() as guesser:
        answers = [await guesser.get(f"/link/{number:043}") for number in range(31)]
    assert {answer.status_code for answer in answers[:30]} == {404}
    assert len({answer.text for answer in answers[:30]}) == 1
    assert answers[30].status_code == 429


def test_a_log_never_holds_the_secret_of_a_link() -> None:
    assert loggable("/link/9hT-vK2?x=secret") == "/link/…"
    assert loggable("/centre/desk?token=secret") == "/centre/desk"


def test_who_opens_a_page_while_the_database_is_away_is_told_that_it_opens_by_itself() -> None:
    page = bytes(refusal_page(DatabaseUnavailable("away"), demo=False).body).decode()
    assert t("sign_in.away") in page
    assert 'http-equiv="refresh"' in page
    other = bytes(refusal_page(NotPermitted("no", verb="x"), demo=False).body).decode()
    assert t("sign_in.away") not in other
    assert "refresh" not in other


def test_what_the_court_is_called_is_known_without_a_database(tmp_path: Path, house: House) -> None:
    """Whoever draws a page asks for it in the loop that answers everybody."""
    gone = open_database(f"sqlite:///{tmp_path}/nowhere/ecc.db")
    journal = Journal(gone, house.court.journal.sealing, "4401")
    assert journal.court_name == ""
    journal.named("赫城区人民法院")
    assert journal.court_name == "赫城区人民法院"
    gone.close()


# --- pairing ---


async def test_a_wall_shows_a_code_and_enters_when_the_desk_approved(house: House) -> None:
    async with house.browser() as wall, house.browser(address="198.51.100.9") as other:
        assert (await wall.head("/pair")).status_code == 204
        assert (await wall.get("/pair", headers={"sec-purpose": "prefetch"})).status_code == 204
        first = await wall.get("/pair")
        found_code = re.search(r'data-pairing-code="(\w{6})"', first.text)
        assert found_code is not None
        assert 'http-equiv="refresh"' in first.text
        assert found_code[1] in (await wall.get("/pair")).text, "the same browser keeps its code"
        assert found_code[1] not in (await other.get("/pair")).text
        house.court.journal.do(somebody(Role.DUTY), house.court.now(), links.approve_pairing, found_code[1], "指挥大厅")
        assert "data-pairing-code" in (await other.get("/pair")).text, "the other browser goes on waiting"
        answer = await wall.get("/pair")
        assert (answer.status_code, answer.headers["location"]) == (303, "/centre/wall")
        assert (await wall.get("/centre/wall")).json()["kind"] == "WALL"
        assert (await other.get("/centre/wall")).status_code == 303


# --- sockets, on the real server ---


async def knock(port: int, path: str, cookie: str = "", origin: str | None = "own") -> int:
    """The status of a handshake; 101 when it was accepted."""
    said = f"http://127.0.0.1:{port}" if origin == "own" else origin
    headers = ({"cookie": cookie} if cookie else {}) | ({"origin": said} if said else {})
    try:
        async with websockets.connect(f"ws://127.0.0.1:{port}{path}", additional_headers=headers) as socket:
            await socket.recv()
            return 101
    except websockets.InvalidStatus as error:
        return error.response.status_code


async def test_a_socket_without_a_session_is_refused_before_it_is_accepted(house: House) -> None:
    desk, wall, phone = house.desk(), house.wall(), house.phone()
    expired = house.do(sessions.open_for_officer, officer_id(Role.DUTY), house.pages._lasts.desk * -1, how="link").token
    async with serving(house) as port:
        for face in ("wall", "desk", "field"):
            for cookie in ("", "ecc_desk=x; ecc_wall=x; ecc_device=x", f"ecc_desk={JWT}", f"ecc_desk={expired}"):
                assert await knock(port, f"/live?face={face}", cookie) == 401, (face, cookie)
        for origin in ("https://evil.example", "null", None):
            assert await knock(port, "/live?face=desk", f"ecc_desk={desk}", origin) == 401
        assert await knock(port, f"/live?face=desk&token={desk}") == 401, "a token in the address is not read"
        assert await knock(port, "/live?face=desk", f"ecc_wall={wall}") == 401
        assert await knock(port, "/live?face=field", f"ecc_desk={desk}") == 401
        assert await knock(port, "/live?face=nonsense", f"ecc_desk={desk}") == 401
        for path in ("/centre/_dash-ws-callback", "/_dash-ws-callback", "/x", "/centre/desk"):
            assert await knock(port, path, f"ecc_desk={desk}") in (403, 404)
        assert house.reached == []
        assert await knock(port, "/live?face=desk", f"ecc_desk={desk}") == 101
        assert await knock(port, "/live?face=wall", f"ecc_desk={desk}") == 101
        assert await knock(port, "/live?face=wall", f"ecc_wall={wall}") == 101
        assert await knock(port, "/live?face=field", f"ecc_device={phone}") == 101


# --- what is remembered ---


async def test_no_secret_reaches_a_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    house.account()
    path = house.link(Purpose.WALL, wall_id=WALL)
    async with house.browser() as browser:
        await signed_in(browser, password="a wrong password")
        await signed_in(browser)
        await browser.post(path, headers=OURS)
        await browser.post("/unlock", data={"pin": PIN}, headers=OURS)
        secrets = [PASSWORD, "a wrong password", PIN, *browser.cookies.values()]
    said = "\n".join(f"{record.name} {record.getMessage()}" for record in caplog.records if not record.name.startswith("httpx"))
    assert not [secret for secret in secrets if secret in said]

"""Signing in by the court's own identity provider (attack 4): who is known here comes in, no forgery does, and the form always works."""

import json
import logging
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from data.actions import accounts
from data.credentials import factor_code
from data.rules.permissions import Role
from data.rules.second_factor import STEP_S
from data.settings import Settings
from data.tables import SessionRow
from tests.dashboard.test_second_factor import secret_on
from tests.house import HOST, House, built
from tests.issuer import CLIENT, PUBLIC_PEM, SECRET, Issuer, issuing, signed
from tests.servers import free_port
from tests.small_court import PASSWORD, give_account, officer_id

OURS = {"origin": HOST}
REFUSED = "统一身份认证没有通过"


@pytest.fixture(scope="module")
def shared() -> Iterator[Issuer]:
    with issuing(Issuer(time.time)) as issuer:
        yield issuer


@pytest.fixture
def issuer(shared: Issuer) -> Issuer:
    shared.__init__(time.time, shared.origin)  # type: ignore[misc]
    return shared


def house_with(folder: Path, issuer: str, **more: Any) -> Iterator[House]:
    secret = folder / "oidc.secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    oidc = {"oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_client_secret_file": secret}
    for house in built(folder, Settings.of(**{"home": folder, "public_origin": HOST, **oidc, **more})):
        for role in (Role.DUTY, Role.TECHNICAL, Role.INSPECTOR):
            give_account(house.court, role)
        yield house


def follow(issuer: Issuer, house: House) -> None:
    issuer.clock = lambda: house.court.now().timestamp()


@pytest.fixture
def house(tmp_path: Path, issuer: Issuer) -> Iterator[House]:
    for house in house_with(tmp_path, issuer.origin):
        follow(issuer, house)
        yield house


async def gone(browser: httpx.AsyncClient, target: str = "/centre/wall") -> str:
    """The button is pressed: the address of the provider."""
    answer = await browser.get(f"/sign-in/oidc?next={target}")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def back(browser: httpx.AsyncClient, issuer: Issuer) -> httpx.Response:
    return await browser.get(issuer.approve(await gone(browser)))


async def test_who_has_an_account_comes_in_and_keeps_the_role_that_he_has_here(house: House, issuer: Issuer) -> None:
    issuer.claims |= {"role": "leader", "roles": ["technical"], "groups": ["admin"]}
    async with house.browser() as browser:
        assert "用统一身份认证登录" in (await browser.get("/sign-in")).text
        address = await gone(browser)
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["redirect_uri"], asked["response_type"]) == (f"{HOST}/sign-in/oidc/back", "code")
        cookie = next(each for each in browser.cookies.jar if each.name == "ecc_oidc")
        assert (cookie.path, cookie.get_nonstandard_attr("SameSite")) == ("/sign-in/oidc", "lax")
        assert not any(asked[word] in (cookie.value or "") for word in ("state", "nonce"))
        answer = await browser.get(issuer.approve(address))
        assert answer.status_code == 200, answer.text
        assert 'content="0;url=/centre/wall"' in answer.text, "a strict cookie goes along from a page of ours only"
        assert "ecc_oidc" not in browser.cookies
        actor = await house.identity.session(browser.cookies["ecc_desk"])
    assert actor is not None
    assert (actor.officer_id, actor.role) == (officer_id(Role.DUTY), Role.DUTY)
    assert ("sign_in", "done", "192.0.2.7") in house.traces()


async def test_whose_role_requires_a_code_types_it_whatever_the_provider_asked(house: House, issuer: Issuer) -> None:
    issuer.claims = {"sub": "1", "preferred_username": "TECHNICAL", "amr": ["pwd", "otp"], "acr": "mfa"}
    async with house.browser() as browser:
        answer = await back(browser, issuer)
        assert "/sign-in/factor" in answer.text
        assert "ecc_desk" not in browser.cookies
        secret = secret_on((await browser.get("/sign-in/factor")).text)
        code = factor_code(secret, int(house.court.now().timestamp() // STEP_S))
        assert (await browser.post("/sign-in/factor", data={"code": code}, headers=OURS)).status_code == 200
        assert "ecc_desk" in browser.cookies


@pytest.mark.parametrize(
    ("said", "opens"), [({"amr": ["pwd", "otp"]}, True), ({"acr": "otp"}, True), ({"amr": ["pwd"]}, False), ({}, False)]
)
async def test_a_provider_that_is_trusted_in_it_proves_the_factor(
    tmp_path: Path, issuer: Issuer, said: dict[str, Any], opens: bool
) -> None:
    issuer.claims = {"sub": "1", "preferred_username": "technical", **said}
    for house in house_with(tmp_path, issuer.origin, oidc_second_factor=("otp",)):
        follow(issuer, house)
        async with house.browser() as browser:
            await back(browser, issuer)
            assert ("ecc_desk" in browser.cookies) is opens


@pytest.mark.parametrize("claims", [{"preferred_username": "nobody"}, {"preferred_username": "inspector"}])
async def test_nobody_is_registered_by_it_and_who_was_disabled_stays_out(house: House, issuer: Issuer, claims: dict[str, str]) -> None:
    house.do(accounts.disable, officer_id(Role.INSPECTOR))
    issuer.claims = {"sub": "1", **claims}
    async with house.browser() as browser:
        answer = await back(browser, issuer)
        assert (answer.status_code, "没有您的账号" in answer.text, "ecc_desk" in browser.cookies) == (401, True, False)
    assert house.count(SessionRow) == 0


OTHER = rsa.generate_private_key(65537, 2048)


def by_public_key(said: dict[str, Any]) -> str:
    """HS256 with what everybody can read; the library itself refuses to sign so, a forger does not."""
    import base64
    import hashlib
    import hmac

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    text = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'first'})}.{part(said)}"
    mac = hmac.new(PUBLIC_PEM, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


FORGERIES = {
    "alg none": lambda said: jwt.encode(said, "", "none", headers={"kid": "first"}),
    "no signature": lambda said: signed(said).rpartition(".")[0] + ".",
    "HS256 with the public key": by_public_key,
    "another key": lambda said: jwt.encode(said, OTHER, "RS256", headers={"kid": "first"}),
    "its own key in the header": lambda said: jwt.encode(
        said, OTHER, "RS256", headers={"kid": "first", "jwk": jwt.algorithms.RSAAlgorithm.to_jwk(OTHER.public_key(), as_dict=True)}
    ),
    "a key elsewhere": lambda said: jwt.encode(
        said, OTHER, "RS256", headers={"kid": "first", "jku": f"{said['iss']}/stolen", "x5u": f"{said['iss']}/stolen"}
    ),
    "kid a path": lambda said: signed(said, kid="../../../../dev/null"),
    "kid SQL": lambda said: signed(said, kid="x' UNION SELECT 'key' --"),
    "kid a URL": lambda said: signed(said, kid=said["iss"] + "/stolen"),
    "kid empty": lambda said: signed(said, kid=""),
    "expired": lambda said: signed(said | {"exp": said["iat"] - 60}),
    "future nbf": lambda said: signed(said | {"nbf": said["iat"] + 120}),
    "made long ago": lambda said: signed(said | {"iat": said["iat"] - 3_600}),
    "another audience": lambda said: signed(said | {"aud": "other"}),
    "two audiences": lambda said: signed(said | {"aud": [CLIENT, "other"]}),
    "another issuer": lambda said: signed(said | {"iss": "https://elsewhere.test"}),
    "another nonce": lambda said: signed(said | {"nonce": "x"}),
    "no nonce": lambda said: signed({name: value for name, value in said.items() if name != "nonce"}),
    "no account": lambda said: signed({name: value for name, value in said.items() if name != "preferred_username"}),
    "an account that is a list": lambda said: signed(said | {"preferred_username": ["duty"]}),
    "no token": lambda said: "",
    "no JWT": lambda said: "a.b.c",
    "endless": lambda said: signed(said | {"x": "y" * 20_000}),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
async def test_attack_4_a_forged_token_opens_nothing_and_is_one_sentence(
    house: House, issuer: Issuer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.forge = FORGERIES[name]
    with caplog.at_level(logging.DEBUG):
        async with house.browser() as browser:
            answer = await back(browser, issuer)
            assert (answer.status_code, REFUSED in answer.text, 'name="password"' in answer.text) == (401, True, True)
            assert "ecc_desk" not in browser.cookies
            assert "ecc_factor" not in browser.cookies
    assert house.count(SessionRow) == 0
    assert ("sign_in", "failed", "192.0.2.7") in house.traces()
    ours = "".join(each.getMessage() for each in caplog.records if each.name.startswith(("dashboard", "data")))
    assert not re.search(r"duty|4711|code-|eyJ", ours)
    assert not any("stolen" in path for path in issuer.asked), "no address that a token names is ever asked"


async def test_attack_4_what_was_used_once_opens_nothing_again(house: House, issuer: Issuer) -> None:
    async with house.browser() as browser, house.browser() as thief:
        address = await gone(browser)
        kept, path = browser.cookies["ecc_oidc"], issuer.approve(address)
        assert (await browser.get(path)).status_code == 200
        thief.cookies.set("ecc_oidc", kept, domain="centre.test", path="/sign-in/oidc")
        assert (await thief.get(path)).status_code == 401, "the code"
        thief.cookies.set("ecc_oidc", kept, domain="centre.test", path="/sign-in/oidc")
        assert (await thief.get(issuer.approve(address))).status_code == 401, "the state, with a fresh code"
        assert "ecc_desk" not in thief.cookies
    assert house.count(SessionRow) == 1


async def test_attack_4_a_foreign_state_a_late_one_and_a_browser_that_never_went_are_refused(house: House, issuer: Issuer) -> None:
    async with house.browser() as victim, house.browser() as attacker:
        planted = issuer.approve(await gone(attacker))
        assert (await victim.get(planted)).status_code == 401, "his browser never went"
        await gone(victim)
        assert (await victim.get(planted)).status_code == 401, "signed in as somebody else without knowing it"
        late = issuer.approve(await gone(victim))
        house.court.later(601)
        assert (await victim.get(late)).status_code == 401
        for query in ("", "?error=access_denied&state=x", "?state=x", "?code=x", f"?state={'x' * 3000}&code=y"):
            answer = await victim.get(f"/sign-in/oidc/back{query}")
            assert answer.status_code in (401, 429)
    assert house.count(SessionRow) == 0


async def test_guesses_wait_and_the_form_is_not_counted_with_them(house: House, issuer: Issuer) -> None:
    async with house.browser() as browser:
        said = [(await browser.get("/sign-in/oidc/back?state=x&code=y")).status_code for _ in range(8)]
        assert said == [401] * 6 + [429] * 2
        house.do(accounts.open_account, officer_id(Role.COMMANDER), "chenjun", PASSWORD)
        form = {"username": "chenjun", "password": PASSWORD}
        assert (await browser.post("/sign-in", data=form, headers=OURS)).status_code == 303


async def test_a_provider_that_is_away_says_so_and_the_form_works(tmp_path: Path) -> None:
    for house in house_with(tmp_path, f"http://127.0.0.1:{free_port()}"):
        house.do(accounts.open_account, officer_id(Role.COMMANDER), "chenjun", PASSWORD)
        async with house.browser() as browser:
            answer = await browser.get("/sign-in/oidc")
            assert (answer.status_code, "现在连不上" in answer.text, 'name="password"' in answer.text) == (503, True, True)
            form = {"username": "chenjun", "password": PASSWORD}
            assert (await browser.post("/sign-in", data=form, headers=OURS)).headers["location"] == "/centre/desk"


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://elsewhere.test"},
        {"token_endpoint": "http://169.254.169.254/latest"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "https://elsewhere.test/authorize"},
        {"jwks_uri": None},
    ],
)
async def test_an_issuer_that_points_elsewhere_is_not_followed(house: House, issuer: Issuer, metadata: dict[str, Any]) -> None:
    issuer.metadata = metadata
    async with house.browser() as browser:
        assert (await browser.get("/sign-in/oidc")).status_code == 503
    assert issuer.asked == ["/.well-known/openid-configuration"]


async def test_an_answer_without_end_is_cut_off(house: House, issuer: Issuer) -> None:
    issuer.padding = 300_000
    async with house.browser() as browser:
        assert (await browser.get("/sign-in/oidc")).status_code == 503


async def test_another_key_is_looked_for_once_a_minute_and_then_found(house: House, issuer: Issuer) -> None:
    async with house.browser() as browser:
        await back(browser, issuer)
    fresh = rsa.generate_private_key(65537, 2048)
    issuer.keys = [jwt.algorithms.RSAAlgorithm.to_jwk(fresh.public_key(), as_dict=True) | {"kid": "second"}]
    issuer.forge = lambda said: jwt.encode(said, fresh, "RS256", headers={"kid": "second"})
    provider = house.pages._provider
    assert provider is not None
    async with house.browser() as browser:
        assert (await back(browser, issuer)).status_code == 401, "asked a moment ago"
        assert issuer.asked.count("/keys") == 1
        provider._keys_at -= 60
        assert (await back(browser, issuer)).status_code == 200
    assert issuer.asked.count("/keys") == 2


async def test_without_a_provider_there_is_no_button_and_no_door(tmp_path: Path) -> None:
    for house in built(tmp_path, Settings.of(home=tmp_path)):
        async with house.browser() as browser:
            assert "/sign-in/oidc" not in (await browser.get("/sign-in")).text
            assert (await browser.get("/sign-in/oidc")).status_code == 404
            assert (await browser.get("/sign-in/oidc/back?state=x&code=y")).status_code == 404


async def test_a_real_provider_in_a_process_of_its_own_lets_him_in(tmp_path: Path) -> None:
    port = free_port()
    log = (tmp_path / "provider.log").open("wb")
    real = subprocess.Popen([sys.executable, "-m", "oidc_provider_mock", "--port", str(port)], stdout=log, stderr=log)
    try:
        origin = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                httpx.get(f"{origin}/.well-known/openid-configuration")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        httpx.put(f"{origin}/users/4711", json={"preferred_username": "duty"}).raise_for_status()
        for house in house_with(tmp_path, origin):
            house.court.at = house.court.at.fromtimestamp(time.time(), house.court.at.tzinfo)
            async with house.browser() as browser:
                approved = httpx.post(await gone(browser), data={"sub": "4711"})
                assert approved.status_code == 302, approved.text
                said = urlsplit(approved.headers["location"])
                answer = await browser.get(f"{said.path}?{said.query}")
                assert answer.status_code == 200, answer.text
                assert (await browser.get("/centre/desk")).status_code == 200
    finally:
        real.terminate()
        real.wait()
        log.close()

"""Who speaks at a device's door, and from where."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import HTTPConnection

from data import credentials
from data.actions import devices
from data.actions.devices import Enrolment
from data.engines import open_database
from data.errors import NotPermitted, NotSignedIn
from data.identity import Identity
from data.lanes import Lane
from data.rules.permissions import Role
from data.tables import Table
from streaming.bearer import actor_of, client_address, osmand_actor
from tests.small_court import PHONE_UNIT, SmallCourt, found, somebody


@dataclass
class Reachable:
    trusted_proxies: tuple[str, ...] = ()
    public_origin: str | None = None


HOST = "centre.example:8050"
OURS = f"http://{HOST}"
SETTINGS = Reachable()


@pytest.fixture
def court(tmp_path: Path) -> Iterator[SmallCourt]:
    database = open_database(f"sqlite:///{tmp_path}/ecc.db")
    Table.metadata.create_all(database.writes)
    yield found(database, tmp_path / "keys")
    database.close()


@pytest.fixture
def identity(court: SmallCourt, monkeypatch: pytest.MonkeyPatch) -> Iterator[Identity]:
    monkeypatch.setattr("data.identity.PATIENCE_S", 60.0)  # a busy machine may take longer than a door waits
    lane = Lane("identity", threads=1, waiting=2)
    yield Identity(court.database, court.keys, lane, court.now)
    lane.close()


@pytest.fixture
def phone(court: SmallCourt) -> Enrolment:
    return court.journal.do(court.system, court.now(), devices.enrol_device, PHONE_UNIT)


def asked(kind: str = "http", method: str = "POST", query: str = "", peer: str = "192.0.2.7", **headers: str) -> HTTPConnection:
    raw = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope: dict[str, Any] = {
        "type": kind,
        "scheme": "http" if kind == "http" else "ws",
        "path": "/ingest/positions",
        "query_string": query.encode(),
        "client": (peer, 4711),
        "headers": [(name.encode(), value.encode()) for name, value in raw.items()],
    }
    return HTTPConnection(scope | ({"method": method} if kind == "http" else {}))


async def test_a_device_speaks_by_its_bearer_token(identity: Identity, phone: Enrolment) -> None:
    for connection in (asked(authorization=f"Bearer {phone.token}"), asked("websocket", authorization=f"bearer  {phone.token}")):
        actor = await actor_of(connection, identity, SETTINGS)
        assert (actor.device_no, actor.address) == (phone.device_no, "192.0.2.7")


async def test_a_phone_speaks_by_its_cookie_from_our_own_page(identity: Identity, phone: Enrolment) -> None:
    cookie = f"ecc_device={phone.token}"
    assert (await actor_of(asked(cookie=cookie, origin=OURS), identity, SETTINGS)).device_no == phone.device_no
    assert (await actor_of(asked("websocket", cookie=cookie, origin=OURS), identity, SETTINGS)).device_no == phone.device_no
    assert (await actor_of(asked(method="GET", cookie=cookie), identity, SETTINGS)).device_no == phone.device_no
    assert (await actor_of(asked(cookie=cookie, sec_fetch_site="same-origin"), identity, SETTINGS)).device_no == phone.device_no


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", f"https://{HOST}", f"http://{HOST}.evil.example", "http://centre.example"]
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_a_foreign_page_never_speaks_for_the_phone(identity: Identity, phone: Enrolment, kind: str, origin: str) -> None:
    with pytest.raises(NotPermitted if kind == "http" else NotSignedIn) as refused:
        await actor_of(asked(kind, cookie=f"ecc_device={phone.token}", origin=origin), identity, SETTINGS)
    assert refused.value.code == "identity.foreign_origin"


async def test_a_cookie_without_any_word_of_its_origin_is_not_enough(identity: Identity, phone: Enrolment) -> None:
    with pytest.raises(NotPermitted):
        await actor_of(asked(cookie=f"ecc_device={phone.token}"), identity, SETTINGS)
    with pytest.raises(NotPermitted):
        await actor_of(asked(cookie=f"ecc_device={phone.token}", sec_fetch_site="same-site"), identity, SETTINGS)


async def test_a_token_in_the_address_is_never_read(identity: Identity, phone: Enrolment) -> None:
    for name in ("token", "access_token", "authorization", "ecc_device", "id"):
        with pytest.raises(NotSignedIn):
            await actor_of(asked(query=f"{name}={phone.token}"), identity, SETTINGS)


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Basic YWRtaW46YWRtaW4=", "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer null"]
)
async def test_other_words_are_nobody(identity: Identity, phone: Enrolment, authorization: str) -> None:
    with pytest.raises(NotSignedIn):
        await actor_of(asked(authorization=authorization), identity, SETTINGS)


async def test_the_osmand_key_opens_positions_only(identity: Identity, phone: Enrolment) -> None:
    with pytest.raises(NotSignedIn):
        await actor_of(asked(authorization=f"Bearer {phone.osmand_id}"), identity, SETTINGS)
    actor = await osmand_actor(phone.osmand_id, identity, "192.0.2.7")
    assert actor is not None
    assert (actor.device_no, actor.address) == (phone.device_no, "192.0.2.7")
    assert await osmand_actor(phone.token, identity) is None
    assert await osmand_actor("", identity) is None


async def test_the_case_system_speaks_by_its_own_token(court: SmallCourt, identity: Identity) -> None:
    token = credentials.issue_machine_token(court.keys, Role.CASE_SYSTEM)
    assert (await actor_of(asked(authorization=f"Bearer {token}"), identity, SETTINGS)).role is Role.CASE_SYSTEM
    with pytest.raises(NotSignedIn):
        await actor_of(asked(cookie=f"ecc_device={token}", origin=OURS), identity, SETTINGS)


async def test_a_revoked_device_is_nobody(court: SmallCourt, identity: Identity, phone: Enrolment) -> None:
    await actor_of(asked(authorization=f"Bearer {phone.token}"), identity, SETTINGS)
    court.journal.do(somebody(Role.DUTY), court.now(), devices.revoke_device, phone.device_no)
    identity.forget()
    with pytest.raises(NotSignedIn):
        await actor_of(asked(authorization=f"Bearer {phone.token}"), identity, SETTINGS)
    assert await osmand_actor(phone.osmand_id, identity) is None


PROXY = ("10.0.0.0/8", "::1")


@pytest.mark.parametrize(
    ("peer", "trusted", "said", "address"),
    [
        ("192.0.2.7", (), "1.1.1.1", "192.0.2.7"),
        ("192.0.2.7", PROXY, "1.1.1.1", "192.0.2.7"),
        ("10.0.0.1", PROXY, "1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", PROXY, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", PROXY, "6.6.6.6, 1.1.1.1, 10.2.2.2", "1.1.1.1"),
        ("10.0.0.1", PROXY, "6.6.6.6, nonsense", "10.0.0.1"),
        ("10.0.0.1", PROXY, "", "10.0.0.1"),
        ("::1", PROXY, "2001:db8::5", "2001:db8::5"),
        ("::ffff:10.0.0.1", PROXY, "1.1.1.1", "1.1.1.1"),
        ("127.0.0.1", (), "1.1.1.1", "127.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_says_where_somebody_comes_from(peer: str, trusted: tuple[str, ...], said: str, address: str) -> None:
    assert client_address(asked(peer=peer, x_forwarded_for=said).scope, trusted) == address


async def test_behind_a_trusted_proxy_our_origin_is_secure(identity: Identity, phone: Enrolment) -> None:
    words = {"cookie": f"ecc_device={phone.token}", "origin": f"https://{HOST}", "x_forwarded_proto": "https"}
    assert (await actor_of(asked(peer="10.0.0.1", **words), identity, Reachable(trusted_proxies=PROXY))).device_no == phone.device_no
    with pytest.raises(NotPermitted):
        await actor_of(asked(peer="192.0.2.7", **words), identity, Reachable(trusted_proxies=PROXY))
    public = Reachable(public_origin="https://centre.example/")
    assert (await actor_of(asked(cookie=words["cookie"], origin="https://centre.example"), identity, public)).device_no == phone.device_no

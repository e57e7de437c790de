"""A real coturn on our configuration: it relays to our relay's addresses and to nothing else, whatever form a peer is written in."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psutil
import pytest

from dashboard.__main__ import main
from data.errors import Misconfigured
from data.settings import Settings
from streaming.coturn import MOST_PER_PERSON, configuration
from streaming.ice import credential
from tests.servers import COTURN, CoturnServer, need, own_addresses
from tests.turn_client import SILENCE_S, TCP_TRANSPORT, V6, Canary, Peer, Refused, TurnClient

SECRET = b"0123456789abcdef" * 4
PORT = 40_000
OWN_V4, OWN_V6 = own_addresses()

FORBIDDEN, WRONG_FAMILY, UNAUTHORISED, QUOTA, NO_SUCH_TRANSPORT = 403, 443, 401, 486, 442

V4_PEERS = (
    "127.0.0.1", "127.0.0.53", "127.255.255.254", "0.0.0.0", "0.0.0.1", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255",
    "192.168.0.1", "169.254.169.254", "169.254.0.1", "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "8.8.8.8", "203.0.113.9",
)  # fmt: skip
V6_PEERS = (
    "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "ff05::2", "2001:db8::1", "2606:4700::1111",
    "::ffff:127.0.0.1", "::ffff:127.0.0.53", "::ffff:0.0.0.0", "::ffff:10.0.0.1", "::ffff:172.16.0.1", "::ffff:192.168.0.1",
    "::ffff:169.254.169.254", "::ffff:224.0.0.1", "::ffff:255.255.255.255", "::ffff:8.8.8.8",  # IPv4-mapped
    "::127.0.0.1", "::10.0.0.1", "::ffff:0:127.0.0.1",  # IPv4-compatible, IPv4-translated
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::1",
    "2001:0:7f00:1::80ff:fffe",  # NAT64, 6to4, Teredo
)  # fmt: skip


def fresh(person: str = "1001", since_s: float = 0, secret: bytes = SECRET) -> tuple[str, str]:
    return credential(secret, person, datetime.now(UTC) - timedelta(seconds=since_s))


@pytest.fixture(scope="module")
def coturn() -> Iterator[CoturnServer]:
    """One server for the file; its relay's addresses are this machine's own that are no loopback."""
    need(COTURN.exists(), "coturn")
    if OWN_V4 is None:
        pytest.skip("this machine has only a loopback, which coturn never relays to")
    server = CoturnServer()
    try:
        relay = tuple(address for address in (OWN_V4, OWN_V6) if address)
        listening = ("127.0.0.1", "::1") if OWN_V6 else ("127.0.0.1",)
        settings = Settings.of(home=server.folder, turn_urls=(server.url,), turn_addresses=listening, media_addresses=relay)
        server.configure(configuration(settings, SECRET))
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def client(coturn: CoturnServer) -> Iterator[TurnClient]:
    with TurnClient(("127.0.0.1", coturn.port), *fresh()) as client:
        yield client


@pytest.fixture
def relay() -> Iterator[Canary]:
    """Somebody at the relay's address, who answers."""
    assert OWN_V4 is not None
    canary = Canary(OWN_V4, echo=True)
    yield canary
    canary.close()


def reaches(client: TurnClient, canary: Canary) -> None:
    """Both ways, by indication and by channel."""
    client.permit(canary.at)
    client.indicate(canary.at, b"indicated")
    assert canary.heard(3) == b"indicated"
    assert client.heard() == b"indicated"
    client.bind(0x4001, canary.at)
    client.over_channel(0x4001, b"channelled")
    assert canary.heard(3) == b"channelled"
    assert client.heard() == b"channelled"


def is_kept_from(client: TurnClient, peer: str, port: int = PORT) -> None:
    """By every verb that names a peer."""
    for ask in (partial(client.permit, (peer, port)), partial(client.bind, 0x4100, (peer, port))):
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.code in (FORBIDDEN, WRONG_FAMILY), peer


def test_our_relay_is_reached_both_ways(client: TurnClient, relay: Canary) -> None:
    client.allocate()
    reaches(client, relay)


def test_no_other_peer_of_a_v4_allocation(client: TurnClient, relay: Canary) -> None:
    client.allocate()
    for peer in (*V4_PEERS, *V6_PEERS, f"::ffff:{OWN_V4}"):
        is_kept_from(client, peer)
    reaches(client, relay)  # the same allocation still works: it was the peers that were refused


def test_no_other_peer_of_a_v6_allocation(coturn: CoturnServer) -> None:
    if OWN_V6 is None:
        pytest.skip("this machine has no IPv6")
    relay = Canary(OWN_V6, echo=True)
    try:
        with TurnClient(("127.0.0.1", coturn.port), *fresh()) as client:
            assert ":" in client.allocate(requested_address_family=V6)[0]
            for peer in (*V6_PEERS, *V4_PEERS, f"::ffff:{OWN_V4}", str(OWN_V4)):
                is_kept_from(client, peer)
            reaches(client, relay)
    finally:
        relay.close()


def test_no_other_peer_of_an_allocation_of_both_families(client: TurnClient, relay: Canary) -> None:
    client.allocate(additional_address_family=V6)
    for peer in (*V4_PEERS, *V6_PEERS, f"::ffff:{OWN_V4}"):
        is_kept_from(client, peer)
    reaches(client, relay)


@pytest.mark.parametrize("own", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_an_indication_that_asked_nobody_arrives_nowhere(coturn: CoturnServer, own: str) -> None:
    """The refusals above are words; here nothing arrives at a socket that really listens."""
    family = V6 if ":" in own else 0
    if family and OWN_V6 is None:
        pytest.skip("this machine has no IPv6")
    canary = Canary("127.0.0.1" if own.startswith("::ffff") else own)
    allowed = Canary(str(OWN_V6 if family else OWN_V4))
    try:
        with TurnClient(("127.0.0.1", coturn.port), *fresh()) as client:
            client.allocate(**({"requested_address_family": family} if family else {}))
            client.permit(allowed.at)
            for _ in range(5):
                client.indicate((own, canary.at[1]), b"in")
                client.over_channel(0x4100, b"in")
            client.indicate(allowed.at, b"control")
            assert allowed.heard(3) == b"control"
            assert canary.heard(SILENCE_S) is None
    finally:
        canary.close()
        allowed.close()


def test_a_stranger_cannot_send_to_who_asked_for_nobody(client: TurnClient) -> None:
    relayed: Peer = client.allocate()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"hello", relayed)
    assert client.heard(SILENCE_S) is None


def test_no_tcp_is_relayed(coturn: CoturnServer, client: TurnClient) -> None:
    with TurnClient(("127.0.0.1", coturn.port), *fresh(), tcp=True) as over_tcp:
        with pytest.raises(Refused) as refused:
            over_tcp.allocate(transport=TCP_TRANSPORT)
        assert refused.value.code == NO_SUCH_TRANSPORT
    client.allocate()
    with pytest.raises(Refused):
        client.connect_tcp((str(OWN_V4), 22))


def test_over_tcp_the_same_peers_are_refused(coturn: CoturnServer) -> None:
    with TurnClient(("127.0.0.1", coturn.port), *fresh(), tcp=True) as client:
        client.allocate()
        for peer in ("127.0.0.1", "10.0.0.1", "::ffff:127.0.0.1"):
            is_kept_from(client, peer)


def forged() -> dict[str, tuple[str, str]]:
    name, password = fresh()
    longer = f"{int(name.split(':')[0]) + 86_400}:{name.split(':')[1]}"
    return {
        "expired": fresh(since_s=601),
        "another secret": fresh(secret=b"f" * 64),
        "later expiry, same password": (longer, password),
        "another person, same password": (name.replace("1001", "1002"), password),
        "no expiry": ("1001", password),
        "no password": (name, ""),
        "the secret itself": (name, SECRET.decode()),
        "expiry of nothing": (":1001", password),
    }


@pytest.mark.parametrize("how", sorted(forged()))
def test_no_allocation_for_a_credential_that_is_not_ours_and_of_now(coturn: CoturnServer, how: str) -> None:
    with TurnClient(("127.0.0.1", coturn.port), *forged()[how]) as client:
        with pytest.raises(Refused) as refused:
            client.allocate()
        assert refused.value.code in (UNAUTHORISED, 0)


def test_a_call_outlives_its_credential(coturn: CoturnServer, relay: Canary) -> None:
    """Only the beginning is checked: a running call must not end after ten minutes."""
    with TurnClient(("127.0.0.1", coturn.port), *fresh(since_s=598)) as client:
        client.allocate()
        expires = datetime.now(UTC) + timedelta(seconds=3)
        while datetime.now(UTC) < expires:
            assert client.heard(0.2) is None
        assert client.refresh() > 0
        reaches(client, relay)
        with TurnClient(("127.0.0.1", coturn.port), client._username, client._password) as late, pytest.raises(Refused):
            late.allocate()


def test_one_person_has_so_many_allocations_whatever_his_credentials(coturn: CoturnServer) -> None:
    clients = [TurnClient(("127.0.0.1", coturn.port), *fresh("greedy", since_s=n)) for n in range(MOST_PER_PERSON + 1)]
    try:
        for client in clients[:-1]:
            client.allocate()
        with pytest.raises(Refused) as refused:
            clients[-1].allocate()
        assert refused.value.code == QUOTA
        with TurnClient(("127.0.0.1", coturn.port), *fresh("modest")) as other:
            other.allocate()
    finally:
        for client in clients:
            client.__exit__()


def test_nothing_but_turn_listens(coturn: CoturnServer) -> None:
    listening = {each.laddr.port for each in psutil.Process(coturn.pid).net_connections("tcp") if each.status == psutil.CONN_LISTEN}
    assert listening == {coturn.port}


def test_the_secret_is_not_in_its_log(coturn: CoturnServer) -> None:
    assert SECRET.decode() not in coturn.log()


# --- the configuration itself -------------------------------------------------------------------------------------------------------


def of(tmp_path: Path, **values: object) -> str:
    kept: dict[str, object] = {"turn_urls": ("turn:turn.court.example",), "media_addresses": ("10.0.0.5=203.0.113.5", "2001:db8::5")}
    return configuration(Settings.of(home=tmp_path, **(kept | values)), SECRET)


def test_every_peer_is_denied_and_each_relay_allowed(tmp_path: Path) -> None:
    lines = of(tmp_path).splitlines()
    assert [line for line in lines if line.startswith("denied-peer-ip")] == [
        "denied-peer-ip=0.0.0.0-255.255.255.255",
        "denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ]
    assert [line for line in lines if line.startswith("allowed-peer-ip")] == ["allowed-peer-ip=203.0.113.5", "allowed-peer-ip=2001:db8::5"]
    assert not any(line.startswith(("allow-loopback", "no-auth", "web-admin", "server-relay")) for line in lines)
    assert {"realm=turn.court.example", "listening-port=3478", "no-tls", "no-dtls"} <= set(lines)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("turn_urls", ()),
        ("media_addresses", ()),
        ("media_addresses", ("127.0.0.1",)),
        ("media_addresses", ("0.0.0.0",)),
        ("turn_urls", ("turns:turn.court.example:443?transport=tcp",)),
    ],
)
def test_what_would_let_nobody_or_everybody_through_is_refused(tmp_path: Path, key: str, values: tuple[str, ...]) -> None:
    with pytest.raises(Misconfigured) as refused:
        of(tmp_path, **{key: values})
    assert refused.value.params["key"] == key


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_secured_address_has_the_courts_certificate(tmp_path: Path, transport: str) -> None:
    pem = tmp_path / "c.pem"
    pem.touch()
    urls = ("turn:turn.court.example:3479", f"turns:turn.court.example:443?transport={transport}")
    lines = of(tmp_path, turn_urls=urls, tls_cert=pem, tls_key=pem).splitlines()
    assert {"listening-port=3479", "tls-listening-port=443", f"cert={pem}", f"pkey={pem}"} <= set(lines)
    assert "no-tls" not in lines
    assert ("no-dtls" in lines) == (transport == "tcp")


def test_the_command_writes_a_file_for_its_owner_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("HOME", str(tmp_path)), ("TURN_URLS", "turn:turn.court.example"), ("MEDIA_ADDRESSES", "203.0.113.5")):
        monkeypatch.setenv(f"ECC_{name}", value)
    assert main(["turn-config"]) == 0
    written = tmp_path / "turnserver.conf"
    assert written.stat().st_mode & 0o077 == 0
    secret = (tmp_path / "keys/turn.secret").read_text()
    assert f"static-auth-secret={secret}\n" in written.read_text()
    assert secret not in capsys.readouterr().out

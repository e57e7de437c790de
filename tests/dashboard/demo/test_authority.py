"""The demonstration's own authority: a client that trusts it reaches us by HTTPS, and it vouches for nobody on the internet."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from dashboard.demo.authority import certified, own_address


def shake_hands(files_of: Path, address: str, trusted: Path) -> str:
    """One TLS connection on this machine; returns the peer's common name. Raises ssl.SSLError."""
    files = certified(files_of, address)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            try:
                connection, _ = listening.accept()
                server.wrap_socket(connection, server_side=True).close()
            except (OSError, ssl.SSLError):
                return

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            client = ssl.create_default_context(cafile=str(trusted))
            with socket.create_connection(listening.getsockname()) as plain, client.wrap_socket(plain, server_hostname=address) as tls:
                certificate = tls.getpeercert()
                assert certificate is not None
                return str(certificate["subject"])
        finally:
            thread.join(60)


def test_who_trusts_the_authority_reaches_the_machine_by_its_address(tmp_path: Path) -> None:
    files = certified(tmp_path, "192.168.7.20")
    assert "192.168.7.20" in shake_hands(tmp_path, "192.168.7.20", files.authority)


def test_who_does_not_trust_it_is_warned(tmp_path: Path) -> None:
    other = certified(tmp_path / "other", "192.168.7.20")
    with pytest.raises(ssl.SSLError):
        shake_hands(tmp_path / "ours", "192.168.7.20", other.authority)


def test_the_authority_is_made_once_and_the_certificate_anew_for_another_address(tmp_path: Path) -> None:
    first = certified(tmp_path, "192.168.7.20").authority.read_bytes()
    assert certified(tmp_path, "10.1.1.9").authority.read_bytes() == first
    assert "10.1.1.9" in shake_hands(tmp_path, "10.1.1.9", tmp_path / "authority.crt")
    later = datetime.now(UTC) + timedelta(days=364)
    assert certified(tmp_path, "10.1.1.9", later).authority.read_bytes() != first


def test_the_authority_may_vouch_for_private_networks_only(tmp_path: Path) -> None:
    authority = x509.load_pem_x509_certificate(certified(tmp_path, "192.168.7.20").authority.read_bytes())
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert limits.value.permitted_subtrees is not None
    assert all(net.value.is_private or net.value.is_link_local for net in limits.value.permitted_subtrees)


def test_keys_are_for_this_user_alone(tmp_path: Path) -> None:
    certified(tmp_path, "192.168.7.20")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.key")} == {0o600}


def test_there_is_always_an_address() -> None:
    assert socket.inet_aton(own_address())

"""LAN=1: an authority and a certificate of this machine's own, so that phones in the same network may use their position by HTTPS.

A browser gives a position only to a secure page. The authority lives beside the demonstration, is good for this machine's addresses only,
and its key never leaves it; a phone that trusts it trusts nothing else by it.
"""

import ipaddress
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS, CERTIFICATE_DAYS = 365, 90  # a phone refuses certificates of more than 398 days
NOWHERE = ("192.0.2.1", 9)  # documentation's own network: asked which address we would use, nothing is sent
SLACK = timedelta(hours=1)  # a phone's clock may be behind


@dataclass(frozen=True, slots=True)
class Certified:
    """Files: the authority (to hand out), our certificate and its key. address: where phones reach us."""

    authority: Path
    certificate: Path
    key: Path
    address: str


def own_address() -> str:
    """The address by which others in the network reach this machine; 127.0.0.1 when there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(NOWHERE)
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def certified(folder: Path, address: str, now: datetime | None = None) -> Certified:
    """The authority of `folder`, made once, and a fresh certificate for this address."""
    now = now or datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = Certified(folder / "authority.crt", folder / "server.crt", folder / "server.key", address)
    ca_key_file = folder / "authority.key"
    if not (ca_key_file.exists() and files.authority.exists()) or _ends(files.authority) < now + timedelta(days=CERTIFICATE_DAYS):
        ca_key = ec.generate_private_key(ec.SECP256R1())
        _write(ca_key_file, _as_pem(ca_key))
        _write(files.authority, _authority(ca_key, address, now).public_bytes(serialization.Encoding.PEM))
    ca = x509.load_pem_x509_certificate(files.authority.read_bytes())
    loaded = serialization.load_pem_private_key(ca_key_file.read_bytes(), None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    _write(files.key, _as_pem(key))
    _write(files.certificate, _certificate(ca, loaded, key, address, now).public_bytes(serialization.Encoding.PEM))
    return files


def _authority(key: ec.EllipticCurvePrivateKey, address: str, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"演示用本机证书 {address} {now:%Y%m%d}")])
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    mine = x509.NameConstraints([x509.IPAddress(ipaddress.ip_network(where)) for where in _permitted(address)], None)
    return (
        _begun(name, name, key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(mine, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _permitted(address: str) -> list[str]:
    """Private networks: the machine's address changes from place to place, and no site of the internet lies in them."""
    nets = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8"]
    return nets if any(ipaddress.ip_address(address) in ipaddress.ip_network(net) for net in nets) else [*nets, f"{address}/32"]


def _certificate(
    ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey, address: str, now: datetime
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    addresses = [x509.IPAddress(ipaddress.ip_address(each)) for each in dict.fromkeys((address, "127.0.0.1"))]
    return (
        _begun(name, ca.subject, key.public_key(), now, CERTIFICATE_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SLACK)
        .not_valid_after(now + timedelta(days=days))
    )


def _ends(path: Path) -> datetime:
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc


def _as_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _write(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)

"""Certificates of an invented court, for tests: issued by each other or by themselves, and laid down as files."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def issued(name: str, by: Pair | None = None, since: timedelta = timedelta(days=-1), days: int = 30, *addresses: str) -> Pair:
    """A certificate and its key, signed by the pair or by itself; for localhost, and for these addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by[0].subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + since)
        .not_valid_after(NOW + since + timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), *(x509.IPAddress(ip_address(each)) for each in addresses)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=name.startswith("CA"), path_length=None), critical=True)
    )
    return builder.sign(by[1] if by else key, hashes.SHA256()), key


def laid_down(folder: Path, pair: Pair, *above: Pair, password: bytes | None = None) -> tuple[Path, Path]:
    """The files as an administrator gets them: each whole at once, the key for its owner alone."""
    cert, key = folder / "court.pem", folder / "court.key"
    sealed = BestAvailableEncryption(password) if password else NoEncryption()
    for path, content in (
        (cert, b"".join(each[0].public_bytes(Encoding.PEM) for each in (pair, *above))),
        (key, pair[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)),
    ):
        fresh = path.with_suffix(".fresh")
        fresh.touch(0o600)
        fresh.write_bytes(content)
        fresh.replace(path)
    return cert, key


def certificate(folder: Path, ends: datetime) -> tuple[Path, Path]:
    """For localhost, until then. Returns certificate and key (0600) as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    began = min(ends, datetime.now(UTC)) - timedelta(days=30)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    signed = built.serial_number(x509.random_serial_number()).not_valid_before(began).not_valid_after(ends).sign(key, hashes.SHA256())
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(signed.public_bytes(Encoding.PEM))
    key_path.touch(0o600)
    key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return cert_path, key_path

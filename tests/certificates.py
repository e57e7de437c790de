"""A certificate of its own and its key, as an operator would put them there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate(folder: Path, ends: datetime) -> tuple[Path, Path]:
    """For localhost, until then. Returns certificate and key (0600) as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    began = min(ends, datetime.now(UTC)) - timedelta(days=30)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    signed = built.serial_number(x509.random_serial_number()).not_valid_before(began).not_valid_after(ends).sign(key, hashes.SHA256())
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_path.touch(0o600)
    key_path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return cert_path, key_path

"""The court's own certificate and key, as files: looked at before anything listens, and taken anew when they change.

A certificate that is wrong is one sentence with what to do, before the first browser finds out. A new one counts for new connections at
once; calls and sockets that are open go on with the old one. A new pair that is wrong changes nothing but the log.
"""

import logging
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from data.errors import Misconfigured
from data.settings import Settings

OPEN_TO_ALL = 0o007  # whoever signs in to this machine could be the court's server
Stamp = tuple[tuple[int, int, int], ...]

log = logging.getLogger(__name__)


def examine(cert: Path, key: Path, now: datetime) -> datetime:
    """Until when the certificate is good. Raises Misconfigured: tls_unreadable, tls_key_open, tls_bad_cert, tls_bad_key, tls_sealed_key,
    tls_other_key, tls_not_yet, tls_expired, tls_chain.
    """
    chain, private = _certificates(cert), _key(key)
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if chain[0].public_key().public_bytes(*form) != private.public_key().public_bytes(*form):
        raise Misconfigured("another key", code="misconfigured.tls_other_key", path=str(key), cert=str(cert))
    for each in chain:
        if now < each.not_valid_before_utc:
            raise _dated("tls_not_yet", cert, each.not_valid_before_utc)
        if now >= each.not_valid_after_utc:
            raise _dated("tls_expired", cert, each.not_valid_after_utc)
    _check_chain(cert, chain)
    return min(each.not_valid_after_utc for each in chain)


def _dated(what: str, cert: Path, at: datetime) -> Misconfigured:
    return Misconfigured(what, code=f"misconfigured.{what}", path=str(cert), date=f"{at:%Y-%m-%d %H:%M} UTC")


def _check_chain(cert: Path, chain: Sequence[x509.Certificate]) -> None:
    """Each is signed by the one below it in the file. The root itself need not be there: browsers have it or do not."""
    for below, above in pairwise(chain):
        try:
            below.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            said = below.subject.rfc4514_string(), above.subject.rfc4514_string()
            raise Misconfigured("chain", code="misconfigured.tls_chain", path=str(cert), one=said[0], other=said[1]) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misconfigured(str(error.strerror), code="misconfigured.tls_unreadable", path=str(path)) from error


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path))
    except ValueError as error:
        raise Misconfigured("no certificate", code="misconfigured.tls_bad_cert", path=str(path)) from error


def _key(path: Path) -> PrivateKeyTypes:
    content = _read(path)
    if path.stat().st_mode & OPEN_TO_ALL:
        raise Misconfigured("readable by all", code="misconfigured.tls_key_open", path=str(path))
    try:
        return load_pem_private_key(content, None)
    except TypeError as error:
        raise Misconfigured("encrypted", code="misconfigured.tls_sealed_key", path=str(path)) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Misconfigured("no key", code="misconfigured.tls_bad_key", path=str(path)) from error


class Certificate:
    """What our listeners show. `look` may be called as often as one likes."""

    def __init__(self, cert: Path, key: Path) -> None:
        """Raises Misconfigured, as `examine` does."""
        self._cert, self._key = cert, key
        self._stamp = self._stamped()
        self._newest = self._load()
        self.context = _context(cert, key)
        self.context.sni_callback = self._choose

    def look(self) -> None:
        """Take a changed pair for new connections. Written one after the other they do not fit for a moment: then once more, next time."""
        stamp = self._stamped()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._newest = self._load()
        except Misconfigured as error:
            log.error("the changed certificate is not taken, the old one stays: %s", error.code)

    def _load(self) -> ssl.SSLContext:
        until = examine(self._cert, self._key, datetime.now(UTC))
        try:
            loaded = _context(self._cert, self._key)
        except (ssl.SSLError, OSError) as error:  # changed between two looks, or nothing that OpenSSL serves
            raise Misconfigured("tls", code="misconfigured.tls_bad_cert", path=str(self._cert)) from error
        log.info("certificate good until %s", until.isoformat())
        return loaded

    def _choose(self, wire: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        """At each handshake, with a server's name or without."""
        wire.context = self._newest

    def _stamped(self) -> Stamp:
        """Also a link that was pointed elsewhere, as tools for certificates do it."""
        try:
            return tuple((said.st_ino, said.st_mtime_ns, said.st_size) for said in (self._cert.stat(), self._key.stat()))
        except OSError:  # between an old and a new one
            return ()


def certificate_of(settings: Settings) -> Certificate | None:
    """None without TLS. Raises Misconfigured."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return Certificate(settings.tls_cert, settings.tls_key)


def _context(cert: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    return context

"""Where the bus is and how it is spoken to: one server, or the master that Sentinels name; by password and TLS; and what is wrong with it.

Beside `bus` and `sentinels` the only file that knows Redis. Nothing here keeps or logs a password.
"""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as WaitingRetry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError
from redis.retry import Retry

from data.errors import BusUnavailable, Misconfigured
from data.settings import Settings

PORT, SENTINEL_PORT = 6379, 26379
PROBE_S = 0.5
_OVER, _NOT_YET = 10, 9  # of X509_verify_cert_error
_OTHER_NAMES = (62, 63, 64)


class Trouble(StrEnum):
    """Why the bus cannot be used: the sentence `heartbeat.bus_<value>` says it, with the holes `server` and `master`."""

    REFUSED = "refused"
    NO_HOST = "no_host"
    MUTE = "mute"
    CLOSED = "closed"
    NO_PASSWORD = "no_password"
    WRONG_PASSWORD = "wrong_password"
    NOT_ALLOWED = "not_allowed"
    CERTIFICATE_OVER = "certificate_over"
    CERTIFICATE_NAME = "certificate_name"
    CERTIFICATE_UNKNOWN = "certificate_unknown"
    WANTS_CERTIFICATE = "wants_certificate"
    CERTIFICATE_REFUSED = "certificate_refused"
    NOT_TLS = "not_tls"
    WANTS_TLS = "wants_tls"
    NO_MASTER = "no_master"
    ODD = "odd"


@dataclass(frozen=True, slots=True)
class Place:
    """One server: host and port, or the path of a Unix socket; who we are there. context: of TLS, None where it is spoken plain."""

    host: str = ""
    port: int = 0
    path: str = ""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    context: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def said(self) -> str:
        """For a person: never with a password."""
        return self.path or f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def client(self, within_s: float, again: int) -> redis.Redis:
        """For a thread. Nobody waits longer than this for an answer; so often a failed command is tried again, at once."""
        kind: type[redis.connection.AbstractConnection] = redis.UnixDomainSocketConnection if self.path else redis.Connection
        options = self._options() | {"socket_timeout": within_s, "socket_connect_timeout": within_s, "retry": Retry(NoBackoff(), again)}
        if self.context is not None:
            kind, options["context"] = _Tls, self.context
        return redis.Redis.from_pool(redis.ConnectionPool(kind, **options))

    def waiting_client(self, within_s: float, again: int, reads_within_s: float | None) -> redis.asyncio.Redis:
        """The same for an event loop."""
        kind: Any = redis.asyncio.UnixDomainSocketConnection if self.path else redis.asyncio.Connection
        options = self._options() | {"socket_timeout": reads_within_s, "socket_connect_timeout": within_s}
        options["retry"] = WaitingRetry(NoBackoff(), again)
        if self.context is not None:
            kind, options["context"] = _WaitingTls, self.context
        return redis.asyncio.Redis.from_pool(redis.asyncio.ConnectionPool(kind, **options))

    def _options(self) -> dict[str, Any]:
        # protocol 2: the library's parser of 3 writes each message as text for a log nobody keeps, 2.2 ms for a frame of 10,000; and it
        # asks the server for things that a user with few rights may not. `driver_info`: nor may he tell our name.
        options: dict[str, Any] = {"path": self.path} if self.path else {"host": self.host, "port": self.port}
        return options | {"username": self.user or None, "password": self.password or None, "protocol": 2, "driver_info": None}


class _Tls(redis.SSLConnection):
    """With a context made once: the library reads all certificates of the system anew for each connection, a tenth of a second."""

    def __init__(self, context: ssl.SSLContext, **options: Any) -> None:
        super().__init__(**options)
        self._context = context

    def _wrap_socket_with_ssl(self, sock: socket.socket) -> ssl.SSLSocket:
        return self._context.wrap_socket(sock, server_hostname=self.host)


class _WaitingTls(redis.asyncio.SSLConnection):
    """The same for an event loop, which would stand still for it."""

    def __init__(self, context: ssl.SSLContext, **options: Any) -> None:
        super().__init__(**options)
        self.ssl_context.context = context


@dataclass(frozen=True, slots=True)
class BusServer:
    """What the settings say of it. With Sentinels `first` is who we are on the master, and they know its place by the name `master`."""

    first: Place
    sentinels: tuple[Place, ...] = ()
    master: str = ""

    @classmethod
    def of(cls, settings: Settings) -> "BusServer":
        """Raises Misconfigured: no bus is named, or a certificate cannot be read."""
        if settings.redis_url is None:
            raise Misconfigured("no bus", code="misconfigured.bus_missing")
        context = _context(settings) if any(_is_tls(url) for url in (settings.redis_url, *settings.redis_sentinels)) else None
        first = place(settings.redis_url, PORT, context)
        return cls(
            first,
            tuple(place(url, SENTINEL_PORT, context) for url in settings.redis_sentinels),
            first.host if settings.redis_sentinels else "",
        )

    @classmethod
    def at(cls, url: str) -> "BusServer":
        """One server, of whose certificate nothing is special."""
        return cls(place(url, PORT, ssl.create_default_context() if _is_tls(url) else None))


def place(url: str, port: int, context: ssl.SSLContext | None) -> Place:
    """`redis://`, `rediss://`, `unix://`, or host and port alone. port: where none is said."""
    said = urlsplit(url if "://" in url else f"redis://{url}")
    who = unquote(said.username or ""), unquote(said.password or "")
    if said.scheme == "unix":
        return Place("", 0, unquote(said.path), *who)
    return Place(said.hostname or "localhost", said.port or port, "", *who, context if _is_tls(url) else None)


def _is_tls(url: str) -> bool:
    return url.startswith("rediss://")


def _context(settings: Settings) -> ssl.SSLContext:
    """Certificates of the court's own CA alone, where one is named; else of those that the system trusts. Raises Misconfigured."""
    try:
        context = ssl.create_default_context(cafile=settings.redis_ca and str(settings.redis_ca))
    except (OSError, ValueError) as error:
        raise _unreadable("redis_ca", settings.redis_ca, error) from error
    if settings.redis_cert is not None:
        try:
            context.load_cert_chain(settings.redis_cert, settings.redis_key, password="")  # never asks a terminal
        except (OSError, ValueError) as error:
            raise _unreadable("redis_cert", settings.redis_cert, error) from error
    return context


def _unreadable(key: str, path: Path | None, error: Exception) -> Misconfigured:
    why = f"{path}: {getattr(error, 'reason', None) or getattr(error, 'strerror', None) or type(error).__name__}"
    return Misconfigured(why, code="misconfigured.bad_value", key=key, why=why)


# --- what is wrong ------------------------------------------------------------------------------------------------------------------


def unavailable(error: BaseException, at: Place, master: str = "", sentinel: bool = False) -> BusUnavailable:
    """Ours for one of theirs; says why and where, for a sentence."""
    why = trouble(error)
    return BusUnavailable(why.value, trouble=why.value, server=f"Sentinel {at.said}" if sentinel else at.said, master=master)


def trouble(error: BaseException) -> Trouble:
    """What an error means, from what the server and TLS have said; `probed` knows more."""
    for each in _chain(error):
        if (found := _of_tls(each) or _of_redis(each) or _of_wire(each)) is not None:
            return found
    return Trouble.ODD if isinstance(error, ResponseError) else Trouble.CLOSED


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """What lies below first: the library wraps what TLS and the kernel say."""
    listed = []
    while error is not None:
        listed.append(error)
        error = error.__cause__ or error.__context__
    yield from reversed(listed)


def _of_tls(error: BaseException) -> Trouble | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in (_OVER, _NOT_YET):
            return Trouble.CERTIFICATE_OVER
        return Trouble.CERTIFICATE_NAME if error.verify_code in _OTHER_NAMES else Trouble.CERTIFICATE_UNKNOWN
    if isinstance(error, ssl.SSLError):
        said = error.reason or ""
        if "CERTIFICATE_REQUIRED" in said or "HANDSHAKE_FAILURE" in said:
            return Trouble.WANTS_CERTIFICATE
        if "ALERT" in said or isinstance(error, ssl.SSLEOFError):
            return Trouble.CERTIFICATE_REFUSED
        return Trouble.NOT_TLS
    return None


def _of_redis(error: BaseException) -> Trouble | None:
    if isinstance(error, NoPermissionError):
        return Trouble.NOT_ALLOWED
    if isinstance(error, AuthenticationError):
        return Trouble.NO_PASSWORD if "required" in str(error).lower() else Trouble.WRONG_PASSWORD
    if isinstance(error, ResponseError) and "no such master" in str(error).lower():
        return Trouble.NO_MASTER
    return None


def _of_wire(error: BaseException) -> Trouble | None:
    if isinstance(error, socket.gaierror):
        return Trouble.NO_HOST
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):
        return Trouble.REFUSED
    return Trouble.MUTE if isinstance(error, TimeoutError | redis.TimeoutError) else None


def probed(error: BusUnavailable, at: Place) -> BusUnavailable:
    """The same, after a second look: whether the other side speaks TLS where we do not, or the other way about, or wants a certificate.

    Sends no secret.
    """
    found = None
    if at.path:
        return error
    if at.context is None and error.params["trouble"] in (Trouble.CLOSED, Trouble.MUTE) and _speaks_tls(at):
        found = Trouble.WANTS_TLS
    elif at.context is not None and error.params["trouble"] in (Trouble.MUTE, Trouble.CERTIFICATE_REFUSED) and _speaks_plain(at):
        found = Trouble.NOT_TLS
    elif at.context is not None and error.params["trouble"] == Trouble.CERTIFICATE_REFUSED:
        found = _farewell(at, at.context)
    if found is None:
        return error
    return BusUnavailable(found.value, trouble=found.value, server=error.params["server"], master=error.params["master"])


def _speaks_plain(at: Place) -> bool:
    try:
        with socket.create_connection((at.host, at.port), PROBE_S) as wire:
            wire.settimeout(PROBE_S)
            wire.sendall(b"PING\r\n")
            return wire.recv(1) in (b"+", b"-")
    except OSError:
        return False


def _farewell(at: Place, context: ssl.SSLContext) -> Trouble | None:
    """What the server says when it ends the connection: who was writing in that moment has not heard it."""
    try:
        with socket.create_connection((at.host, at.port), PROBE_S) as wire:
            wire.settimeout(PROBE_S)
            context.wrap_socket(wire, server_hostname=at.host).recv(1)
    except ssl.SSLError as error:
        return _of_tls(error)
    except OSError:
        pass
    return None


def _speaks_tls(at: Place) -> bool:
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((at.host, at.port), PROBE_S) as wire:
            wire.settimeout(PROBE_S)
            asking.wrap_socket(wire, server_hostname=at.host).close()
            return True
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except OSError:
        return False

"""Whether each address that somebody chose can be one, and holds no password that scanners try first."""

import ipaddress
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from data.errors import Misconfigured
from data.settings.choices import Choices
from data.settings.forms import bad

SENTINELS_MOST = 9

# Passwords that scanners try first. Whoever runs the centre with one of them has an open door and does not know it.
WEAK = {
    "password", "passwd", "pass", "changeme", "change-me", "secret", "admin", "administrator", "root", "test", "demo", "default", "guest",
    "postgres", "postgresql", "redis", "valkey", "foobared", "ecc", "enforcement", "123456", "12345678", "123456789", "111111", "000000",
    "qwerty", "letmein", "welcome",
}  # fmt: skip

_AT_BUS = re.compile(r"(?:(?P<scheme>rediss?)://(?:[^@/?#\s]*@)?)?(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?(?:/\d{0,2})?")
_TURN = re.compile(r"(turns?):(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?(?:\?transport=(?:udp|tcp))?")


def check(chosen: Choices) -> None:
    """Raises Misconfigured: bad_value, weak_secret."""
    for part in (_check_doors, _check_bus, _check_turn, _check_oidc):
        part(chosen)
    for key in ("database_url", "redis_url"):
        _check_secret(key, getattr(chosen, key))
    for sentinel in chosen.redis_sentinels:
        _check_secret("redis_sentinels", sentinel if "://" in sentinel else f"redis://{sentinel}")


def sqlite_url(file: Path) -> str:
    """The address of this file as a database. A «?» or «%» in a path would mean something else there."""
    return f"sqlite:///{str(file).replace('%', '%25').replace('?', '%3F')}"


def sqlite_file(url: str) -> Path | None:
    """Where this database lies; None for a server's."""
    return Path(unquote(url.removeprefix("sqlite:///").partition("?")[0])) if url.startswith("sqlite:///") else None


def turn_url(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a TURN address (RFC 7065). Raises ValueError."""
    found = _TURN.fullmatch(url)
    port = int(found[3] or (5349 if found[1] == "turns" else 3478)) if found else 0
    if found is None or not 0 < port < 65_536:
        raise ValueError("turn:host[:port][?transport=udp|tcp] | turns:…")
    return found[1], found[2].strip("[]"), port


def _check_doors(chosen: Choices) -> None:
    if not chosen.database_url.startswith(("sqlite:////", "postgresql+psycopg://")):
        raise bad("database_url", "sqlite:////… | postgresql+psycopg://…")
    for key in ("public_origin", "media_origin"):
        if (origin := getattr(chosen, key)) is not None and not re.fullmatch(r"https?://[^/\s?#@]+", origin):
            raise bad(key, "https://host[:port]")
    for said in chosen.media_addresses:
        for address in said.split("=", 1):
            try:
                ipaddress.ip_address(address)
            except ValueError as error:
                raise bad("media_addresses", f"{said}: IP | IP=IP") from error
    for proxy in chosen.trusted_proxies:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError as error:
            raise bad("trusted_proxies", f"{proxy}: IP | IP/bits") from error


def _check_bus(chosen: Choices) -> None:
    """The error names the form and never the value, which may hold a password. No options in an address: one could turn checks off."""
    url, sentinels = chosen.redis_url, chosen.redis_sentinels
    found = _AT_BUS.fullmatch(url or "")
    if url is not None and not (url.startswith("unix:///") or re.match(r"unix://[^@/]*@/", url) or (found and found["scheme"])):
        raise bad("redis_url", "redis://user:password@host:port | rediss://… | unix://…")
    named = [_AT_BUS.fullmatch(each) for each in sentinels]
    if not all(named) or len(sentinels) > SENTINELS_MOST or any("," in each for each in sentinels):
        raise bad("redis_sentinels", f"host:port | redis://user:password@host:port | rediss://…; %2C; ≤ {SENTINELS_MOST}")
    if sentinels and not (found and found["scheme"] and not found["port"]):
        raise bad("redis_url", "redis_sentinels + redis://user:password@MASTER | rediss://…")
    by_tls = any(each and each["scheme"] == "rediss" for each in (found, *named))
    for key in ("redis_ca", "redis_cert", "redis_key"):
        if getattr(chosen, key) is not None and not by_tls:
            raise bad(key, "redis_url = rediss://…")


def _check_turn(chosen: Choices) -> None:
    for url in chosen.turn_urls:
        try:
            turn_url(url)
        except ValueError as error:
            raise bad("turn_urls", f"{url}: {error}") from error
    for address in chosen.turn_addresses:
        try:
            ipaddress.ip_address(address)
        except ValueError as error:
            raise bad("turn_addresses", f"{address}: IP") from error


def _check_oidc(chosen: Choices) -> None:
    """An issuer by https only, or of this very machine; a secret that others of this machine can read is none."""
    if not chosen.oidc_issuer:
        if chosen.oidc_client_id or chosen.oidc_client_secret_file or chosen.oidc_second_factor:
            raise bad("oidc_issuer", "https://…")
        return
    said = urlsplit(chosen.oidc_issuer)
    if said.scheme != "https" and not (said.scheme == "http" and _is_loopback(said.hostname or "")):
        raise bad("oidc_issuer", "https://…")
    if not said.hostname or said.username or said.query or said.fragment or re.search(r"\s", chosen.oidc_issuer):
        raise bad("oidc_issuer", "https://host[:port][/path]")
    for key in ("oidc_client_id", "oidc_claim", "oidc_label"):
        if not getattr(chosen, key):
            raise bad(key, "1 …")
    secret = chosen.oidc_client_secret_file
    if secret is not None and not secret.is_file():
        raise bad("oidc_client_secret_file", f"no file {secret}")
    if secret is not None and secret.stat().st_mode & 0o077:
        raise bad("oidc_client_secret_file", "chmod 600")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_secret(key: str, url: str | None) -> None:
    """A well-known password is refused; it is never repeated in the error."""
    try:
        secret = unquote(urlsplit(url or "").password or "")
    except ValueError as error:
        raise bad(key, "no URL") from error
    if secret.lower() in WEAK or (secret and len(set(secret)) < 3):
        raise Misconfigured(f"{key} holds a well-known password", code="misconfigured.weak_secret", key=key)

"""A request or socket of a device -> its Actor, by `Authorization: Bearer` or the phone's own cookie; and from where it came.

A token in a query string is never read: it would stand in logs, histories and referrers.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from data.errors import NotPermitted, NotSignedIn
from data.identity import Identity
from data.rules.permissions import Actor

DEVICE_COOKIE = "ecc_device"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Reachable(Protocol):
    """What is needed of `data.settings.Settings`."""

    @property
    def trusted_proxies(self) -> tuple[str, ...]: ...
    @property
    def public_origin(self) -> str | None: ...


async def actor_of(connection: HTTPConnection, identity: Identity, settings: Reachable) -> Actor:
    """The device or machine that speaks. Raises NotSignedIn, NotPermitted (both identity.foreign_origin too), DatabaseUnavailable.

    A header wins over a cookie and needs no Origin: no foreign page can set it.
    """
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        actor = await _bearer(authorization, identity)
    else:
        if not is_safe(connection.scope) and not is_ours(connection.scope, settings):
            raise foreign(connection.scope)
        token = connection.cookies.get(DEVICE_COOKIE)
        actor = await identity.device(token) if token else None
    if actor is None:
        raise NotSignedIn("no device")
    return replace(actor, address=client_address(connection.scope, settings.trusted_proxies))


async def _bearer(authorization: str, identity: Identity) -> Actor | None:
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        return None
    return await identity.device(token) or await identity.machine(token)


async def osmand_actor(key: str, identity: Identity, address: str | None = None) -> Actor | None:
    """The device of a Traccar Client's `id`; for positions only. None: unknown or revoked, and the door counts that per address."""
    actor = await identity.osmand(key) if key else None
    return replace(actor, address=address) if actor else None


# --- from where -------------------------------------------------------------------------------------------------------------------


def client_address(scope: Mapping[str, Any], trusted_proxies: Iterable[str]) -> str:
    """The address somebody speaks from. `X-Forwarded-For` counts only when a trusted proxy says it, read from the right."""
    peer = str((scope.get("client") or ("", 0))[0])
    networks = [network for proxy in trusted_proxies if (network := _network(proxy)) is not None]
    if not networks or not _among(peer, networks):
        return peer
    said = [part.strip() for line in Headers(scope=dict(scope)).getlist("x-forwarded-for") for part in line.split(",")]
    for address in reversed(said):
        if _parsed(address) is None:
            break  # what stands left of nonsense is nonsense too
        peer = address
        if not _among(address, networks):
            break
    return peer


def is_safe(scope: Mapping[str, Any]) -> bool:
    """Whether a request only looks: a socket never does."""
    return scope["type"] == "http" and scope["method"] in SAFE


def is_ours(scope: Mapping[str, Any], settings: Reachable) -> bool:
    """Whether what acts is a page of ours. Browsers say so by Origin, on every POST and every socket; who says nothing is no browser.

    Origin missing: allowed only without any cookie of ours (nothing can then be done in somebody's name) or if the browser says
    `Sec-Fetch-Site: same-origin`.
    """
    headers = Headers(scope=dict(scope))
    origin = headers.get("origin")
    if origin is None:
        site = headers.get("sec-fetch-site")
        return site == "same-origin" or (site is None and "ecc_" not in headers.get("cookie", ""))
    return origin in own_origins(scope, headers, settings)


def foreign(scope: Mapping[str, Any]) -> NotSignedIn | NotPermitted:
    """What a foreign page is told: on a socket it is nobody (401 before the handshake), for a request of its own it may not (403)."""
    kind = NotSignedIn if scope["type"] == "websocket" else NotPermitted
    return kind("origin", code="identity.foreign_origin")


def own_origins(scope: Mapping[str, Any], headers: Headers, settings: Reachable) -> set[str]:
    """The origins of this request that are ours: the one that was asked for, and the public one of the settings.

    A host name that somebody points at us (DNS rebinding) is its own origin, but has none of our cookies.
    """
    secure = scope.get("scheme") in ("https", "wss")
    peer = str((scope.get("client") or ("", 0))[0])
    if _among(peer, [network for proxy in settings.trusted_proxies if (network := _network(proxy)) is not None]):
        secure = secure or headers.get("x-forwarded-proto", "").strip().lower() in ("https", "wss")
    ours = {f"{'https' if secure else 'http'}://{headers.get('host', '')}"}
    if settings.public_origin:
        public = urlsplit(settings.public_origin)
        ours.add(f"{public.scheme}://{public.netloc}")
    return ours


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _among(address: str, networks: Iterable[Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    with suppress(ValueError):
        parsed = ipaddress.ip_address(address)
        return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed
    return None


def _network(proxy: str) -> Network | None:
    with suppress(ValueError):
        return ipaddress.ip_network(proxy, strict=False)
    return None

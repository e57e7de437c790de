"""What an ID token of the court's own identity provider must say before anybody is let in by it (OpenID Connect Core 1.0, 3.1.3.7).

The signature is checked where keys are (`dashboard.sign_in_pages.provider`); here stands what the words must be. It says who somebody is,
never what he may: a role comes from our own table alone.
"""

import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from data.errors import NotSignedIn

ALGORITHMS = ("RS256", "PS256", "ES256")  # with a public key; never «none», never one that signs with what everybody can read
REQUIRED = ("iss", "sub", "aud", "exp", "iat", "nonce")
CLOCKS_S = 30  # two clocks of one court
OLDEST_S = 600  # it was made for this sign-in; an older one was kept by somebody
ACCOUNT_LONGEST = 64


def check(claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, at: float) -> None:
    """at: seconds since 1970. Raises NotSignedIn identity.provider_refused; the reason stands in its detail, without a value."""
    missing = [name for name in REQUIRED if name not in claims]
    if missing:
        raise refused(f"no {missing[0]}")
    if claims["iss"] != issuer:
        raise refused("iss")
    _check_audience(claims, client_id)
    if not isinstance(claims["nonce"], str) or not hmac.compare_digest(claims["nonce"].encode(), nonce.encode()):
        raise refused("nonce")
    expires, issued, begins = (_moment(claims, name) for name in ("exp", "iat", "nbf"))
    if expires is None or at >= expires + CLOCKS_S:
        raise refused("exp")
    if issued is None or issued > at + CLOCKS_S or issued < at - OLDEST_S:
        raise refused("iat")
    if begins is not None and begins > at + CLOCKS_S:
        raise refused("nbf")


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    said = claims["aud"]
    audience = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    if client_id not in audience:
        raise refused("aud")
    if (len(audience) > 1 or "azp" in claims) and claims.get("azp") != client_id:
        raise refused("azp")


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        raise refused(name)
    return float(value)


def account_of(claims: Mapping[str, Any], claim: str) -> str:
    """The account's name as the provider says it. Raises NotSignedIn identity.provider_refused."""
    value = claims.get(claim)
    if not isinstance(value, str) or not 0 < len(value) <= ACCOUNT_LONGEST:
        raise refused("claim")
    return value


def proves_factor(claims: Mapping[str, Any], trusted: Iterable[str]) -> bool:
    """Whether the provider says that it asked for a second factor, in a word (`amr`, `acr`; RFC 8176) that this court trusts."""
    methods = claims.get("amr")
    said = {word for word in methods if isinstance(word, str)} if isinstance(methods, list) else set()
    level = claims.get("acr")
    return bool((said | ({level} if isinstance(level, str) else set())) & set(trusted))


def refused(why: str) -> NotSignedIn:
    """One answer for everything that is wrong with it: what it was is for our log."""
    return NotSignedIn(why, code="identity.provider_refused")

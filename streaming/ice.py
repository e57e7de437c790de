"""Which TURN servers a phone or a page may use to reach our relay, and for how long: an address, an expiry, an HMAC.

Nobody is ever given a STUN server of somebody else: without a server of the court's own the list is empty.
The form of the credential is that of coturn's `use-auth-secret` (draft-uberti-behave-turn-rest).
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from data.sealing import load_key
from data.settings import Settings

# Read when an allocation is made; coturn goes on refreshing one that stands, so a call outlives its credential and a stolen one is worth
# ten minutes. Pages ask anew for each connection.
LIFETIME_S = 600
_PERSON = re.compile(r"[A-Za-z0-9._-]{1,64}")  # an id; coturn counts each person's allocations by it


@dataclass(frozen=True, slots=True)
class IceServers:
    """The court's TURN servers. secret: shared with coturn, never leaves the house."""

    urls: tuple[str, ...]
    secret: bytes

    def of(self, person: str, now: datetime) -> list[dict[str, object]]:
        """As `RTCPeerConnection` takes them, for one person until `LIFETIME_S` from now; empty without a server."""
        if not self.urls:
            return []
        username, password = credential(self.secret, person, now)
        return [{"urls": list(self.urls), "username": username, "credential": password}]

    def links(self, person: str, now: datetime) -> list[str]:
        """The same as `Link` headers of a WHIP or WHEP answer (RFC 9725 section 4.6)."""
        if not self.urls:
            return []
        username, password = credential(self.secret, person, now)
        said = f'rel="ice-server"; username="{username}"; credential="{password}"; credential-type="password"'
        return [f"<{url}>; {said}" for url in self.urls]


def credential(secret: bytes, person: str, now: datetime, lifetime_s: int = LIFETIME_S) -> tuple[str, str]:
    """User name «expiry:person» and the password that goes with it.

    person: an id; it stands readable in packets and in coturn's log, so whatever is none stands there as a digest.
    """
    if not _PERSON.fullmatch(person):
        person = hashlib.sha256(person.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    username = f"{int(now.timestamp()) + lifetime_s}:{person}"
    return username, base64.b64encode(hmac.digest(secret, username.encode(), hashlib.sha1)).decode()


def load_secret(settings: Settings) -> bytes:
    """The secret in `keys`/turn.secret (0600), made on first use; printable, for coturn reads it as text."""
    return load_key(settings.keys / "turn.secret", lambda: secrets.token_hex(32).encode())


def load_ice(settings: Settings) -> IceServers:
    """What the settings name; without a TURN server no secret is made."""
    return IceServers(settings.turn_urls, load_secret(settings) if settings.turn_urls else b"")

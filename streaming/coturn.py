"""The configuration of Debian's coturn 4.6.1 for one purpose: phones reach our relay through it, and nobody reaches anything else.

Every peer is denied and each address of our relay allowed. Ranges of private addresses would not do: 4.6.1 compares by family, so that the
IPv4-mapped form of a private peer (`::ffff:10.0.0.1`) passes them; denying the whole of IPv6 leaves no form. (In 4.6.1 the range from `::`
holds IPv4 too; the first one is for a version that compares more strictly.)
"""

import ipaddress
from urllib.parse import parse_qs

from data.errors import Misconfigured
from data.settings import Settings, turn_url

MOST_PER_PERSON = 12  # a phone with one publishing and some viewing connections, each at most twice while it moves between networks
MOST_IN_ALL = 1_200
MOST_BYTES_PER_S = 1_000_000  # of one allocation: 8 Mbit/s, several times the best picture
FIRST_PORT, LAST_PORT = 49_152, 65_535

_ALWAYS = """\
# --- who may: whoever has a credential of ours that has not expired
use-auth-secret
fingerprint
stale-nonce=600
max-allocate-lifetime=600
no-dynamic-ip-list
no-dynamic-realms

# --- to whom: our relay only. The order does not matter to coturn: what is allowed wins.
no-multicast-peers
no-tcp-relay
denied-peer-ip=0.0.0.0-255.255.255.255
denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
"""
_CLOSED = """\
# --- nothing else: no console, no web page, nothing about behaviour of NATs, no version told
no-cli
no-rfc5780
no-stun-backward-compatibility
response-origin-only-with-rfc5780
no-software-attribute
no-tlsv1
no-tlsv1_1
"""


def configuration(settings: Settings, secret: bytes) -> str:
    """The whole file; it holds the secret, so it is for its reader alone. Raises Misconfigured, naming the setting."""
    if not settings.turn_urls:
        raise _missing("turn_urls")
    if not settings.media_addresses:
        raise _missing("media_addresses")
    parts = (
        f"# Written by `ecc turn-config` for coturn 4.6.1; holds a secret: 0600, owned by coturn's user.\n"
        f"static-auth-secret={secret.decode()}\nrealm={turn_url(settings.turn_urls[0])[1]}\n",
        _ALWAYS,
        "".join(f"allowed-peer-ip={address}\n" for address in map(_reachable, settings.media_addresses)),
        f"# coturn knows no ports of a peer: let a firewall at the relay take UDP from coturn at the media ports only.\n"
        f"user-quota={MOST_PER_PERSON}\ntotal-quota={MOST_IN_ALL}\nmax-bps={MOST_BYTES_PER_S}\n",
        _listening(settings),
        _CLOSED,
    )
    return "\n".join(parts)


def _missing(key: str) -> Misconfigured:
    return Misconfigured(f"{key} is empty", code="misconfigured.bad_value", key=key, why="1 …")


def _reachable(address: str) -> str:
    """The address that browsers are told, if coturn can have it as a peer: it never relays to its own machine's loopback."""
    address = address.rpartition("=")[2]
    at = ipaddress.ip_address(address)
    if at.is_loopback or at.is_unspecified or at.is_multicast:
        raise Misconfigured(
            f"no peer: {address}", code="misconfigured.bad_value", key="media_addresses", why=f"{address}: loopback | multicast | any"
        )
    return address


def _listening(settings: Settings) -> str:
    """Addresses, ports and, where a `turns:` address is named, TLS with the court's own certificate."""
    plain: list[tuple[int, str]] = []
    secured: list[tuple[int, str]] = []
    for url in settings.turn_urls:
        scheme, _, port = turn_url(url)
        (secured if scheme == "turns" else plain).append((port, parse_qs(url.partition("?")[2]).get("transport", [""])[0]))
    lines = [f"listening-ip={address}\nrelay-ip={address}" for address in settings.turn_addresses]
    lines += [f"min-port={FIRST_PORT}", f"max-port={LAST_PORT}", f"listening-port={plain[0][0] if plain else 3478}"]
    if not secured:
        return "\n".join([*lines, "no-tls", "no-dtls", ""])
    if settings.tls_cert is None or settings.tls_key is None:
        raise Misconfigured(
            "turns: without a certificate", code="misconfigured.bad_value", key="turn_urls", why="turns: … tls_cert + tls_key"
        )
    lines += [f"tls-listening-port={secured[0][0]}", f"cert={settings.tls_cert}", f"pkey={settings.tls_key}"]
    return "\n".join([*lines, *([] if any(way == "udp" for _, way in secured) else ["no-dtls"]), ""])

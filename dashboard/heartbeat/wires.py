"""Two questions to servers that the settings name: a STUN binding and an SNTP request. One packet each way, nobody else is asked."""

import secrets
import socket
import struct
import time
from contextlib import closing

NTP_PORT = 123
_STUN_COOKIE = 0x2112A442  # RFC 8489 section 5
_NTP_EPOCH_S = 2_208_988_800  # 1900 to 1970, RFC 5905 section 6
_NTP = struct.Struct("!BBBbII4sQQQQ")


class WireSilent(Exception):
    """No answer, or none to our question."""


def stun_answers(host: str, port: int, wait_s: float) -> None:
    """A binding request, which every STUN and TURN server answers to everybody. Raises WireSilent, OSError."""
    question = struct.pack("!HHI", 0x0001, 0, _STUN_COOKIE) + secrets.token_bytes(12)
    answer = _asked(host, port, question, wait_s)
    if len(answer) < 20 or answer[4:20] != question[4:20]:
        raise WireSilent("no STUN answer")


def clock_offset_s(server: str, wait_s: float) -> float:
    """Seconds that this machine's clock is ahead of the server's (negative: behind). Raises WireSilent, OSError.

    The 48 bytes of RFC 5905 section 7.3, client mode, written here: it is one packet, and a library for it would be one more thing to keep.
    server: host or host:port. A server that does not know the time itself (stratum 0 or 16) is no answer.
    """
    host, port = _host_and_port(server)
    ours = secrets.randbits(64)  # instead of our time, which nobody needs to know; it comes back and shows that the answer is to us
    began, wall = time.monotonic(), time.time()
    answer = _asked(host, port, _NTP.pack(0x23, 0, 0, 0, 0, 0, b"\0" * 4, 0, 0, 0, ours), wait_s)
    round_s = time.monotonic() - began
    if len(answer) < _NTP.size:
        raise WireSilent("too short")
    first, stratum, _, _, _, _, _, _, origin, received, sent = _NTP.unpack(answer[: _NTP.size])
    if origin != ours or first & 7 != 4 or not 1 <= stratum <= 15 or first >> 6 == 3 or not sent:
        raise WireSilent("no answer to us")
    theirs = (_seconds(received) + _seconds(sent)) / 2
    return wall + round_s / 2 - theirs


def _asked(host: str, port: int, question: bytes, wait_s: float) -> bytes:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with closing(socket.socket(family, kind, protocol)) as wire:
        wire.settimeout(wait_s)
        wire.connect(address)
        wire.send(question)
        try:
            return wire.recv(2048)
        except TimeoutError as error:
            raise WireSilent("no answer") from error


def _host_and_port(server: str) -> tuple[str, int]:
    host, colon, port = server.rpartition(":")
    if colon and port.isdigit() and not host.endswith(":"):
        return host.strip("[]"), int(port)
    return server.strip("[]"), NTP_PORT


def _seconds(stamp: int) -> float:
    """NTP's 64 bits as seconds since 1970; the era that begins in 2036 included."""
    seconds = stamp >> 32
    era = 2**32 if seconds < 2**31 else 0  # RFC 4330 section 3: a first bit of 0 means after 2036
    return seconds + era + (stamp & 0xFFFFFFFF) / 2**32 - _NTP_EPOCH_S

"""The only file that touches private parts of aiortc, aioice and pylibsrtp, checked at start.

A `Wire` is one connection: ICE, DTLS and SRTP keys are aiortc's; media goes past its tasks and queues, straight from the socket to us and
back, because waking a task for each packet cost more than everything else. A socket whose buffer is full loses that packet (the viewer asks
again); nothing waits in a queue here.
"""

import contextlib
import errno
import os
import socket
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import aiortc
from aioice import Candidate, Connection
from aiortc import RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, RTCIceGatherer, RTCIceParameters, RTCIceTransport
from aiortc.rtcdtlstransport import RTCCertificate, SRTPProtectionProfile
from OpenSSL import SSL
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

from data.errors import Misconfigured
from streaming.sdp import Place

VERSION = "1.16."
CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    b"ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA"
)
ROOM = 2_048  # bytes: a packet and what SRTP adds
STUN_PER_S, STUN_AT_ONCE = 100.0, 200.0  # for one connection; a browser needs one every two seconds
TOGETHER_MOST = 16  # packets that go to the kernel at once
UDP_SEGMENT = 103  # of Linux; Python has no name for it
CANNOT_CUT = frozenset({errno.EIO, errno.EINVAL, errno.EMSGSIZE, errno.EOPNOTSUPP})  # a way out of the machine that takes them singly
WAITING_MOST = 64  # DTLS datagrams that wait to be read

Laid = tuple[bytes, list[tuple[Any, int]], memoryview, list[tuple[int, int, bytes]]]  # plain bytes, packets in them, message, cut

_space = ffi.new("char[]", ROOM * TOGETHER_MOST)
_view = memoryview(ffi.buffer(_space))
_size = ffi.new("int *")
_protect, _protect_rtcp, _unprotect, _unprotect_rtcp = lib.srtp_protect, lib.srtp_protect_rtcp, lib.srtp_unprotect, lib.srtp_unprotect_rtcp


class Certificate(RTCCertificate):
    """The relay's certificate, one for all connections; also speaks to peers whose certificate is RSA."""

    _context: SSL.Context | None = None

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        """One for all connections, which differ in nothing: each of its own would cost 0.1 MB."""
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            self._context.set_cipher_list(CIPHERS)
        return self._context

    @property
    def fingerprint(self) -> str:
        """SHA-256, as it stands in SDP."""
        return next(each.value for each in self.getFingerprints() if each.algorithm == "sha-256")


class Wire:
    """One connection. on_rtp, on_rtcp: get what came, decrypted, and when (monotonic seconds). on_end: called once when it is gone."""

    def __init__(
        self,
        certificate: Certificate,
        on_rtp: Callable[[bytes, float], None],
        on_rtcp: Callable[[bytes, float], None],
        on_end: Callable[[], None],
        controlling: bool = False,
    ) -> None:
        self._gatherer = RTCIceGatherer(iceServers=[])  # never the public server that is the default
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [certificate])
        self._connection: Connection = self._ice._connection
        self._connection.ice_controlling = controlling
        self._on_rtp, self._on_rtcp, self._on_end = on_rtp, on_rtcp, on_end
        self._dtls.on("statechange", self._changed)
        self._peer: tuple[str, int] = ("", 0)
        self._sockets: dict[Any, socket.socket] = {}
        self._socket: socket.socket | None = None
        self._keys_in: Any = None
        self._keys_out: Any = None
        self._sessions: tuple[Session, ...] = ()  # holds what the two above point into
        self._stun_budget, self._stun_at_s = STUN_AT_ONCE, 0.0
        self._ended = False
        self._grows, self._cuts = 0, True  # bytes that SRTP adds to a packet, 0 before the first; whether several may go as one message
        self.dropped = 0

    # --- beginning and end ---

    async def listen(self, addresses: Sequence[str]) -> tuple[Place, ...]:
        """Listen on a port of each address. Returns where peers reach us; raises OSError when none of them is ours.

        addresses: `ours`, or `ours=reached` behind a 1:1 NAT.
        """
        reached = {ours: told or ours for ours, _, told in (each.partition("=") for each in addresses)}
        connection = self._connection
        connection._local_candidates_start = True
        connection._local_candidates += await connection.get_component_candidates(component=1, addresses=list(reached))
        connection._local_candidates_end = True
        for protocol in connection._protocols:
            self._intercept(protocol)
        places = tuple(Place(reached[each.host], each.port) for each in connection._local_candidates)
        if not places:
            raise OSError("none of the media addresses can be listened on")
        return places

    @property
    def ufrag(self) -> str:
        return self._connection.local_username

    @property
    def password(self) -> str:
        return self._connection.local_password

    async def connect(
        self, ufrag: str, password: str, fingerprints: Iterable[tuple[str, str]], *, active: bool, candidates: Iterable[Candidate] = ()
    ) -> bool:
        """ICE, then DTLS, then keys. active: whether we begin with DTLS. candidates: none for the relay, it waits to be found.

        Returns whether it is connected; the caller sets the time limit.
        """
        for candidate in candidates:
            await self._connection.add_remote_candidate(candidate)
        await self._ice.start(RTCIceParameters(usernameFragment=ufrag, password=password))
        if self._ice.state != "completed":
            return False
        self._follow()
        self._dtls._set_role("client" if active else "server")
        await self._dtls.start(RTCDtlsParameters(fingerprints=[RTCDtlsFingerprint(name, value) for name, value in fingerprints]))
        if self._dtls.state != "connected":
            return False
        self._sessions = (self._dtls._rx_srtp, self._dtls._tx_srtp)
        self._keys_in, self._keys_out = (session._srtp[0] for session in self._sessions)
        return True

    async def close(self) -> None:
        """Say goodbye and let go of sockets and tasks. May be called twice."""
        self._ended = True
        self._keys_in = self._keys_out = None
        with contextlib.suppress(ConnectionError, OSError):
            await self._dtls.stop()
        await self._ice.stop()
        self._dtls.remove_all_listeners()
        for each in self._sockets.values():
            each.close()
        self._sockets.clear()
        self._socket, self._sessions = None, ()
        # what of it is large goes now: the rest points at itself in circles and waits until somebody looks for such garbage
        self._dtls._ssl = self._dtls._rx_srtp = self._dtls._tx_srtp = None  # type: ignore[assignment]

    def _changed(self) -> None:
        if self._dtls.state in ("closed", "failed") and not self._ended:
            self._ended = True
            self._keys_in = self._keys_out = None
            self._on_end()

    # --- coming in ---

    def _intercept(self, protocol: Any) -> None:
        """Every datagram passes here before aioice sees it: media is taken out, what nobody asked for is dropped."""
        pass_on = protocol.datagram_received
        queue = self._connection._queue

        def take(data: bytes, address: tuple[Any, ...]) -> None:
            first = data[0] if data else 255
            if 128 <= first <= 191:
                if self._keys_in is not None and self._is_peer(address):
                    self._media(data)
            elif first < 4:
                if self._may_ask():
                    pass_on(data, address)
            elif 20 <= first <= 63 and self._is_peer(address) and queue.qsize() < WAITING_MOST:
                pass_on(data, address)

        protocol.datagram_received = take
        self._sockets[protocol] = socket.socket(fileno=os.dup(protocol.transport.get_extra_info("socket").fileno()))

    def _is_peer(self, address: tuple[Any, ...]) -> bool:
        if address[:2] == self._peer:
            return True
        self._follow()
        return address[:2] == self._peer

    def _follow(self) -> None:
        """The peer's address is the one that ICE chose; it may change while we talk."""
        pair = self._connection._nominated.get(1)
        if pair is not None:
            self._peer = pair.remote_addr
            self._socket = self._sockets.get(pair.protocol)

    def _may_ask(self) -> bool:
        now_s = time.monotonic()
        self._stun_budget = min(STUN_AT_ONCE, self._stun_budget + (now_s - self._stun_at_s) * STUN_PER_S)
        self._stun_at_s = now_s
        if self._stun_budget < 1:
            return False
        self._stun_budget -= 1
        return True

    def _media(self, data: bytes) -> None:
        size = len(data)
        if not 12 <= size <= 1_500:
            return
        reports = 192 <= data[1] <= 223
        _view[:size] = data
        _size[0] = size
        if (_unprotect_rtcp if reports else _unprotect)(self._keys_in, _space, _size):
            return
        (self._on_rtcp if reports else self._on_rtp)(bytes(_view[: _size[0]]), time.monotonic())

    # --- going out ---

    def send_rtcp(self, packet: bytes) -> None:
        """Reports of ours. Lost when not connected."""
        size = len(packet)
        if self._keys_out is None or self._socket is None or size > 1_400:
            return
        _view[:size] = packet
        _size[0] = size
        if not _protect_rtcp(self._keys_out, _space, _size):
            with contextlib.suppress(OSError):
                self._socket.sendto(_view[: _size[0]], self._peer)


def send(wires: Iterable[Wire], packet: bytes) -> None:
    """One packet, encrypted for each of them. A full socket loses it."""
    size = len(packet)
    for wire in wires:
        keys, out = wire._keys_out, wire._socket
        if keys is None or out is None:
            continue
        _view[:size] = packet
        _size[0] = size
        if _protect(keys, _space, _size):
            continue
        wire._grows = _size[0] - size
        try:
            out.sendto(_view[: _size[0]], wire._peer)
        except OSError:
            wire.dropped += 1


def send_together(wires: Sequence[Wire], packets: Sequence[bytes]) -> None:
    """These packets, encrypted for each of them. A full socket loses them.

    Those of one length, and a shorter one behind them, go to the kernel as one message that it cuts up (UDP_SEGMENT): the way through its
    network code costs more than everything that is done here.
    """
    for first, last in _runs([len(packet) for packet in packets]):
        if last - first == 1:
            send(wires, packets[first])
        else:
            _send_run(wires, packets[first:last])


def _runs(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Where to cut. Of each run all but the last packet are of one length, and the last is no longer."""
    runs, first = [], 0
    for place in range(1, len(sizes) + 1):
        if place == len(sizes) or place - first == TOGETHER_MOST or sizes[place] > sizes[first] or sizes[place - 1] < sizes[first]:
            runs.append((first, place))
            first = place
    return runs


def _send_run(wires: Iterable[Wire], packets: Sequence[bytes]) -> None:
    laid: dict[int, Laid] = {}
    for wire in wires:
        if not wire._grows or not wire._cuts:
            for packet in packets:
                send((wire,), packet)
            continue
        if wire._grows not in laid:
            laid[wire._grows] = _lay(packets, wire._grows)
        _send_laid(wire, laid[wire._grows])


def _send_laid(wire: Wire, laid: Laid) -> None:
    plain, places, message, cut = laid
    keys, out = wire._keys_out, wire._socket
    if keys is None or out is None:
        return
    message[:] = plain
    for space, size in places:
        _size[0] = size
        if _protect(keys, space, _size):
            return
    try:
        out.sendmsg((message,), cut, 0, wire._peer)
    except OSError as error:
        wire.dropped += len(places)
        wire._cuts = error.errno not in CANNOT_CUT


def _lay(packets: Sequence[bytes], grows: int) -> Laid:
    """One behind the other, each with room for what SRTP adds."""
    step = len(packets[0]) + grows
    plain = bytes(grows).join(packets) + bytes(grows)
    places = [(_space + step * place, len(packet)) for place, packet in enumerate(packets)]
    return plain, places, _view[: len(plain)], [(socket.SOL_UDP, UDP_SEGMENT, step.to_bytes(2, sys.byteorder))]


# --- the check at start ---------------------------------------------------------------------------------------------------------------


def check() -> None:
    """Refuse to start when a part that this file stands on has changed. Raises Misconfigured with its name."""
    if not aiortc.__version__.startswith(VERSION):
        raise _changed_part(f"aiortc {aiortc.__version__}")
    gatherer = RTCIceGatherer(iceServers=[])
    ice = RTCIceTransport(gatherer)
    dtls = RTCDtlsTransport(ice, [Certificate.generateCertificate()])
    connection: Any = getattr(ice, "_connection", None)
    parts = {
        connection: (
            "_local_candidates", "_local_candidates_start", "_local_candidates_end", "_protocols", "_nominated", "_queue",
            "get_component_candidates", "ice_controlling", "local_username", "local_password",
        ),
        dtls: ("_set_role", "_rx_srtp", "_tx_srtp", "_ssl"),
        Session(): ("_srtp",),
        lib: ("srtp_protect", "srtp_protect_rtcp", "srtp_unprotect", "srtp_unprotect_rtcp"),
    }  # fmt: skip
    for owner, names in parts.items():
        for name in names:
            if not hasattr(owner, name):
                raise _changed_part(f"{type(owner).__name__}.{name}")
    if connection._nominated != {} or connection._protocols != [] or connection._queue.qsize() != 0:
        raise _changed_part("Connection")
    if "_create_ssl_context" not in vars(RTCCertificate):
        raise _changed_part("RTCCertificate._create_ssl_context")
    _check_keys()


def _check_keys() -> None:
    """What we encrypt past pylibsrtp's own functions, its own functions decrypt."""
    policy = {"key": bytes(range(30)), "srtp_profile": Policy.SRTP_PROFILE_AES128_CM_SHA1_80}
    out = Session(Policy(ssrc_type=Policy.SSRC_ANY_OUTBOUND, **policy))
    back = Session(Policy(ssrc_type=Policy.SSRC_ANY_INBOUND, **policy))
    packet = bytes.fromhex("806000010000000100000001") + b"media"
    _view[: len(packet)] = packet
    _size[0] = len(packet)
    if _protect(out._srtp[0], _space, _size) or back.unprotect(bytes(_view[: _size[0]])) != packet:
        raise _changed_part("pylibsrtp.Session._srtp")


def _changed_part(part: str) -> Misconfigured:
    return Misconfigured(f"{part} is not as expected", code="misconfigured.media_part", part=part)

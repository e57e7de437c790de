"""A small TURN client (RFC 8656) that asks for what no browser would: any peer, any family, any way of reaching it.

Messages are aioice's; what it does not know (families, TCP, RFC 6062) is added here.
"""

import contextlib
import ipaddress
import socket
from struct import pack, unpack
from typing import Any, Self

from aioice import stun
from aioice.turn import UDP_TRANSPORT, is_channel_data, make_integrity_key

V4, V6 = 0x01000000, 0x02000000
TCP_TRANSPORT = 0x06000000
MISMATCH = 437  # this port has an allocation already
PORTS_MOST = 5
ANSWER_S = 3.0
SILENCE_S = 0.3  # on the loopback a packet that comes at all comes within a millisecond
_XOR_PEER, _CONNECT = 0x0012, 0x000A

for _entry in (
    (0x0017, "REQUESTED-ADDRESS-FAMILY", stun.pack_unsigned, stun.unpack_unsigned),
    (0x8000, "ADDITIONAL-ADDRESS-FAMILY", stun.pack_unsigned, stun.unpack_unsigned),
):
    stun.ATTRIBUTES_BY_TYPE.setdefault(_entry[0], _entry)
    stun.ATTRIBUTES_BY_NAME.setdefault(_entry[1], _entry)

Peer = tuple[str, int]


class Refused(Exception):
    """code: of the server's error; 0 when it said nothing at all."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class TurnClient:
    """One client of a coturn, with at most one allocation; every call waits for its answer."""

    def __init__(self, server: Peer, username: str, password: str, tcp: bool = False) -> None:
        self._server, self._tcp, self._username, self._password = server, tcp, username, password
        self.relayed: Peer | None = None
        self._connect()

    def _connect(self) -> None:
        family = socket.AF_INET6 if ":" in self._server[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM if self._tcp else socket.SOCK_DGRAM)
        self._socket.settimeout(ANSWER_S)
        self._socket.connect(self._server)
        self._key: bytes | None = None
        self._realm, self._nonce = "", b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, Refused, ValueError):
            if self.relayed:
                self._ask(stun.Method.REFRESH, {"LIFETIME": 0})
        self._socket.close()

    def allocate(self, transport: int = UDP_TRANSPORT, **families: int) -> Peer:
        """The relayed address; for two families the first. Raises Refused."""
        attributes: dict[str, Any] = {"REQUESTED-TRANSPORT": transport, "LIFETIME": 600}
        attributes |= {name.upper().replace("_", "-"): value for name, value in families.items()}
        answer = self._allocate(attributes)
        host, port = answer.attributes["XOR-RELAYED-ADDRESS"]
        self.relayed = (str(host), int(port))
        return self.relayed

    def _allocate(self, attributes: dict[str, Any]) -> stun.Message:
        """From another port where this one has an allocation already (RFC 8656 7.4): the kernel gives a port that a client before had."""
        taken: list[socket.socket] = []  # held meanwhile: a port that is given back at once may be given again
        try:
            while True:
                try:
                    return self._ask(stun.Method.ALLOCATE, attributes)
                except Refused as refused:
                    if refused.code != MISMATCH or len(taken) == PORTS_MOST:
                        raise
                    taken.append(self._socket)
                    self._connect()
        finally:
            for each in taken:
                each.close()

    def refresh(self) -> int:
        """Seconds that the allocation lives from now. Raises Refused."""
        return int(self._ask(stun.Method.REFRESH, {"LIFETIME": 600}).attributes["LIFETIME"])

    def permit(self, peer: Peer) -> None:
        """Raises Refused."""
        self._ask(stun.Method.CREATE_PERMISSION, {"XOR-PEER-ADDRESS": peer})

    def bind(self, channel: int, peer: Peer) -> None:
        """Raises Refused."""
        self._ask(stun.Method.CHANNEL_BIND, {"CHANNEL-NUMBER": channel, "XOR-PEER-ADDRESS": peer})

    def indicate(self, peer: Peer, data: bytes) -> None:
        """A Send indication: never answered."""
        self._socket.send(bytes(stun.Message(stun.Method.SEND, stun.Class.INDICATION, attributes={"XOR-PEER-ADDRESS": peer, "DATA": data})))

    def over_channel(self, channel: int, data: bytes) -> None:
        self._socket.send(pack("!HH", channel, len(data)) + data)

    def connect_tcp(self, peer: Peer) -> None:
        """RFC 6062 Connect. Raises Refused."""
        self._raw(_CONNECT, {"XOR-PEER-ADDRESS": peer})

    def heard(self, seconds: float = ANSWER_S) -> bytes | None:
        """Data that a peer sent, by channel or indication; None after so long."""
        self._socket.settimeout(seconds)
        try:
            while True:
                data = self._socket.recv(65_536)
                if is_channel_data(data):
                    return data[4 : 4 + unpack("!H", data[2:4])[0]]
                message = stun.parse_message(data)
                if message.message_method is stun.Method.DATA:
                    return bytes(message.attributes["DATA"])
        except TimeoutError:
            return None
        finally:
            self._socket.settimeout(ANSWER_S)

    def _ask(self, method: stun.Method, attributes: dict[str, Any]) -> stun.Message:
        answer = self._once(method, attributes)
        if answer.error_code in (401, 438) and "NONCE" in answer.attributes and (answer.error_code == 438 or self._key is None):
            self._nonce = answer.attributes["NONCE"]
            self._realm = answer.attributes.get("REALM", self._realm)
            self._key = make_integrity_key(self._username, self._realm, self._password)
            answer = self._once(method, attributes)
        if answer.error_code is not None:
            raise Refused(answer.error_code)
        return answer

    def _once(self, method: stun.Method, attributes: dict[str, Any]) -> stun.Message:
        message = stun.Message(method, stun.Class.REQUEST, attributes=dict(attributes))
        if self._key is not None:
            message.attributes |= {"USERNAME": self._username, "REALM": self._realm, "NONCE": self._nonce}
            message.add_message_integrity(self._key)
        self._socket.send(bytes(message))
        return self._answer(message.transaction_id)

    def _answer(self, transaction: bytes) -> stun.Message:
        while True:
            try:
                data = self._read()
            except (TimeoutError, ConnectionError) as error:
                raise Refused(0) from error
            if not is_channel_data(data) and data[8:20] == transaction:
                return stun.parse_message(data)

    def _read(self) -> bytes:
        if not self._tcp:
            return self._socket.recv(65_536)
        head = self._exactly(20)
        return head + self._exactly(unpack("!H", head[2:4])[0])

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data

    def _raw(self, method: int, attributes: dict[str, Any]) -> None:
        """A request of a method that aioice has no name for. Raises Refused, 0 when it is ignored."""
        message = stun.Message(stun.Method.SEND, stun.Class.REQUEST, attributes=dict(attributes))
        message.attributes |= {"USERNAME": self._username, "REALM": self._realm, "NONCE": self._nonce}
        message.message_method = method  # type: ignore[assignment]  # the enum does not have it
        assert self._key is not None
        message.add_message_integrity(self._key)
        self._socket.send(bytes(message))
        while True:
            try:
                data = self._read()
            except (TimeoutError, ConnectionError) as error:
                raise Refused(0) from error
            if data[8:20] == message.transaction_id:
                if data[0] & 1:  # error class
                    raise Refused(_error_code(data))
                return


def _error_code(data: bytes) -> int:
    at = 20
    while at <= len(data) - 4:
        kind, size = unpack("!HH", data[at : at + 4])
        if kind == 0x0009:
            return int(data[at + 6] * 100 + data[at + 7])
        at += 4 + size + stun.padding_length(size)
    return 0


class Canary:
    """A UDP socket of this machine that no peer of TURN may reach, or may: what arrived stands in `heard`; with echo it answers."""

    def __init__(self, address: str, echo: bool = False) -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        self._echo = echo

    @property
    def at(self) -> Peer:
        name: tuple[Any, ...] = self._socket.getsockname()
        return str(ipaddress.ip_address(name[0])), int(name[1])

    def heard(self, seconds: float) -> bytes | None:
        """The next packet; None after so long."""
        self._socket.settimeout(seconds)
        try:
            data, sender = self._socket.recvfrom(65_536)
        except TimeoutError:
            return None
        if self._echo:
            self._socket.sendto(data, sender)
        return data

    def close(self) -> None:
        self._socket.close()

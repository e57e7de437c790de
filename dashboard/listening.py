"""A listening socket for one of our HTTP servers: web and relay."""

import socket

from data.errors import Misconfigured

# A connection whose bytes nobody acknowledges or takes is ended by the kernel: a farewell alone would keep its buffer for ever.
STALLED_MS = 20_000
BACKLOG = 2_048


def listening(host: str, port: int) -> socket.socket:
    """Raises Misconfigured port_taken."""
    wire = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)  # accepted connections inherit it
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        wire.bind((host, port))
    except OSError as error:
        raise Misconfigured(str(error.strerror), code="misconfigured.port_taken", port=port) from error
    wire.listen(BACKLOG)
    wire.set_inheritable(False)
    return wire

"""Our two HTTP servers, web and relay: how they listen, and how they serve."""

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Optional

import uvicorn
from starlette.types import ASGIApp

from data.errors import Misconfigured
from data.settings import Settings
from streaming.pace import pause

if TYPE_CHECKING:  # imported where there is one: without TLS a start need not wait for it
    from dashboard.certificate import Certificate

# A connection whose bytes nobody acknowledges or takes is ended by the kernel: a farewell alone would keep its buffer for ever.
STALLED_MS = 20_000
# Longer than any proxy keeps a connection between two requests (nginx 60 s, Caddy 120): it is theirs to end. Ended here at the very
# moment that they send by it, a call or an order is lost, and a POST is sent again by neither.
KEPT_S = 130
BACKLOG = 2_048
LOOKS_S = 0.25  # whether it must end
LOOKS_AT_CERTIFICATE = 20  # looks: every five seconds


def serve(app: ASGIApp, settings: Settings, port: int, **options: Any) -> None:
    """Serve until told to end, one worker. options: uvicorn's that the two do not share. Raises Misconfigured port_taken, tls_…"""
    certificate = _certificate(settings)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEPT_S,
        timeout_graceful_shutdown=3,
        ssl_context_factory=(lambda _, __: certificate.context) if certificate else None,
        **options,
    )
    with listening(settings.host, port) as wire:
        _Server(config, certificate).run(sockets=[wire])


def _certificate(settings: Settings) -> Optional["Certificate"]:
    if settings.tls_cert is None:
        return None
    from dashboard.certificate import certificate_of

    return certificate_of(settings)


class _Server(uvicorn.Server):
    """Looks whether it must end when the other loops wake, instead of ten times a second on its own (`streaming.pace`)."""

    def __init__(self, config: uvicorn.Config, certificate: Optional["Certificate"]) -> None:
        super().__init__(config)
        self._certificate = certificate

    async def main_loop(self) -> None:
        looks = 0
        while not await self.on_tick(0):
            looks += 1
            if self._certificate is not None and looks % LOOKS_AT_CERTIFICATE == 0:
                await asyncio.to_thread(self._certificate.look)
            await pause(LOOKS_S)


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

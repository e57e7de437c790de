"""What systemd is told of us, in its own words (sd_notify): one datagram, no library. Nothing where no systemd listens."""

import socket
from contextlib import suppress

from data.settings import systemd_socket

READY, ALIVE, ENDING = "READY=1", "WATCHDOG=1", "STOPPING=1"
ALIVE_EVERY_S = 10.0  # the unit's WatchdogSec is six times this: a machine that stands still for a moment is no dead supervisor


def tell_systemd(said: str) -> None:
    """Never waits: what cannot be said now is said again soon."""
    if not (address := systemd_socket()):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as wire:
        wire.sendto(said.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)

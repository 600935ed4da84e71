"""Ports on the loopback address: taken early, so that addresses are known, and given up just before they are used."""

from __future__ import annotations

import errno
import random
import socket
from pathlib import Path

HOST = "127.0.0.1"
_LOWEST = 20_000
_TRIES = 200


class PortTakenError(Exception):
    """A fixed port on which somebody listens already."""


class HeldPort:
    """A bound socket that nobody else can have until `release`, which may be called twice."""

    def __init__(self, held: socket.socket) -> None:
        self._socket = held
        self.number: int = held.getsockname()[1]

    def release(self) -> None:
        self._socket.close()


def hold_free() -> HeldPort:
    """
    A free port.

    Ports below the kernel's own range are tried first: from that range the kernel serves outgoing connections of
    everybody, which could take the port between its release and the service's start.
    """
    highest = _first_ephemeral() - 1
    if highest > _LOWEST + _TRIES:
        for number in random.SystemRandom().sample(range(_LOWEST, highest), _TRIES):
            held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                held.bind((HOST, number))
            except OSError:
                held.close()
            else:
                return HeldPort(held)
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    held.bind((HOST, 0))
    return HeldPort(held)


def hold_fixed(number: int) -> HeldPort:
    """This very port; raises PortTakenError where somebody listens on it, OSError where it may not be had."""
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # As servers do: connections of an earlier run that wait for their end do not count as taken.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((HOST, number))
    except OSError as error:
        held.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(number) from error
        raise
    return HeldPort(held)


def _first_ephemeral() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768

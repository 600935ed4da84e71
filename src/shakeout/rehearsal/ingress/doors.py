"""
Listening sockets in another network namespace.

A service's address is on this machine's loopback, and a container has a loopback of its own. As root on Linux, a socket
can be made that listens on the container's loopback and is served from here: in the container, the addresses of the
rehearsed services then lead to where they lead outside.
"""

from __future__ import annotations

import ctypes
import os
import socket
import threading

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def listening_in(pid: int, host: str, port: int) -> socket.socket:
    """A socket that listens in the network namespace of a process; OSError where that may not be done."""
    made: list[socket.socket] = []
    failed: list[OSError] = []

    def make() -> None:
        # The namespace is a thread's own, and this thread ends here.
        try:
            descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            try:
                if _libc.setns(descriptor, _CLONE_NEWNET):
                    number = ctypes.get_errno()
                    raise OSError(number, os.strerror(number))
                made.append(socket.create_server((host, port)))
            finally:
                os.close(descriptor)
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=make, name="shakeout-door")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]

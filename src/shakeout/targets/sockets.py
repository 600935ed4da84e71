"""Who listens where: `/proc/net/tcp`, `/proc/net/tcp6` and the file descriptors of processes."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from shakeout.targets.processes import command_line

_LISTEN = "0A"
_INODE = re.compile(r"socket:\[(\d+)\]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listener:
    """One listening TCP socket: `host` is an IP address as text, `inode` names the socket."""

    host: str
    port: int
    inode: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def reaches_loopback(self) -> bool:
        """Whether a connection to 127.0.0.1 arrives here (`[::]` takes both families unless told otherwise)."""
        return self.host in {"127.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1"}


def listeners(pid: int | None = None) -> list[Listener]:
    """Every listening TCP socket of this network namespace, or of the one that the process `pid` is in."""
    found = []
    for name in ("tcp", "tcp6"):
        try:
            lines = Path("/proc", str(pid or "thread-self"), "net", name).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue  # no IPv6 on this machine
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN:
                host, port = fields[1].split(":")
                found.append(Listener(host=_address(host), port=int(port, 16), inode=int(fields[9])))
    return found


def listeners_of(pids: Iterable[int]) -> list[Listener]:
    """The sockets on which these processes listen, by port and host."""
    owned: set[int] = set()
    for pid in pids:
        owned |= _inodes(pid)
    found = {listener for listener in listeners() if listener.inode in owned}
    return sorted(found, key=lambda listener: (listener.port, listener.host))


def holder(port: int) -> tuple[int, str] | None:
    """The pid and command line of a process that listens on `port`; None where nobody does or nobody may know."""
    wanted = {listener.inode for listener in listeners() if listener.port == port}
    if not wanted:
        return None
    for name in os.listdir("/proc"):  # noqa: PTH208 (names only)
        if name.isdigit() and _inodes(int(name)) & wanted:
            return int(name), command_line(int(name))
    return None


def _inodes(pid: int) -> set[int]:
    found: set[int] = set()
    folder = f"/proc/{pid}/fd"
    try:
        names = os.listdir(folder)  # noqa: PTH208 (names only)
    except OSError:
        return found
    for name in names:
        try:
            target = os.readlink(f"{folder}/{name}")  # noqa: PTH115 (no Path per descriptor)
        except OSError:
            continue
        if match := _INODE.fullmatch(target):
            found.add(int(match.group(1)))
    return found


def _address(text: str) -> str:
    """The kernel prints the address as 32-bit words in the machine's byte order."""
    words = [bytes.fromhex(text[index : index + 8]) for index in range(0, len(text), 8)]
    raw = b"".join(word[::-1] if sys.byteorder == "little" else word for word in words)
    return str(ipaddress.ip_address(raw))

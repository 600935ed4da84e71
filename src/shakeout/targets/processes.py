"""
Processes of this machine, as `/proc` has them. Standard library only: the supervisor starts with it.

A pid alone names nobody, since it is used again. A process is named here by its pid and its start time (clock ticks
since boot, field 22 of `/proc/PID/stat`), and a signal goes through a pidfd, so that it can reach no other process.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """A process by its pid and its start time (clock ticks since boot)."""

    pid: int
    start: int


class Stat(NamedTuple):
    """What `/proc/PID/stat` says: state is one letter, `Z` for a zombie; `start` is in clock ticks since boot."""

    pid: int
    state: str
    parent: int
    group: int
    session: int
    start: int


def stat(pid: int) -> Stat | None:
    """The process's stat, or None where there is no such process."""
    try:
        raw = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = raw[raw.rindex(b")") + 2 :].split()
    return Stat(pid, fields[0].decode(), int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def all_stats() -> list[Stat]:
    """Every process of the machine, zombies too."""
    found = (stat(int(name)) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 (half the time)
    return [entry for entry in found if entry]


def identify(pid: int) -> Process | None:
    """The living process with this pid; None where there is none or only a zombie."""
    entry = stat(pid)
    return Process(pid, entry.start) if entry and entry.state not in "ZX" else None


def alive(process: Process) -> bool:
    """Whether this very process lives (a zombie does not)."""
    return identify(process.pid) == process


def descendants(pid: int, stats: Iterable[Stat] | None = None) -> list[Stat]:
    """The living processes below `pid`, parents first, whatever session or group they moved to."""
    children: dict[int, list[Stat]] = {}
    for entry in all_stats() if stats is None else stats:
        children.setdefault(entry.parent, []).append(entry)
    found: list[Stat] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += [entry for entry in below if entry.state not in "ZX"]
        waiting += [entry.pid for entry in below]
    return found


def command_line(pid: int) -> str:
    """The command that a process runs, words separated by spaces; empty where it cannot be read."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "replace")


def send(process: Process, number: int) -> bool:
    """Send a signal to this very process; False where it is gone, also where its pid is somebody else's by now."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        # The descriptor holds whatever had the pid when it was opened: who that was is looked up after it is held.
        entry = stat(process.pid)
        if entry is None or entry.start != process.start:
            return False
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def ended(process: Process) -> bool:
    """
    Whether this very process has ended. Where it was a child of ours, its exit status is taken, so that no zombie
    stays.
    """
    entry = stat(process.pid)
    if entry is None or entry.start != process.start:
        return True
    if entry.state not in "ZX":
        return False
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    return True


def with_variable(name: str, prefix: str) -> list[Stat]:
    """The living processes, not our own, that were started with an environment variable whose value begins so."""
    wanted = f"{name}={prefix}".encode()
    found = []
    for entry in all_stats():
        if entry.pid == os.getpid() or entry.state in "ZX":
            continue
        try:
            raw = Path(f"/proc/{entry.pid}/environ").read_bytes()
        except OSError:
            continue  # of another user, or gone: not ours
        if any(variable.startswith(wanted) for variable in raw.split(b"\0")):
            found.append(entry)
    return found


def boot_id() -> str:
    """Names the time since the machine was started: start times of another boot mean nothing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""

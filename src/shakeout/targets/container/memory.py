"""Whether the kernel ended a container's process for its memory limit."""

from __future__ import annotations

import errno
import os
from pathlib import Path

MARK = "oom"
"""The file that Podman's monitor leaves in the folder that it was started in; its engine does not always find it."""


def killed(container: str, said: bool, folder: Path) -> str | None:
    """
    What says so: the kernel's own line about the container, else the engine's word (`said`) or that of its monitor,
    which worked in `folder`; None where none does.

    Engines miss some of these ends; the kernel's log has them, where this account may read it.
    """
    if container:
        for line in reversed(_kernel_log()):
            if "oom-kill" in line and container in line:
                return line
    if said:
        return "the engine says OOMKilled"
    return "the engine's monitor says that memory ran out" if (folder / MARK).is_file() else None


def _kernel_log() -> list[str]:
    """The kernel's log, oldest line first; empty where it may not be read."""
    lines: list[str] = []
    try:
        descriptor = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return lines
    try:
        while True:
            try:
                record = os.read(descriptor, 8192)
            except BlockingIOError:
                return lines
            except OSError as error:
                if error.errno == errno.EPIPE:  # overwritten while we read: the next one is there
                    continue
                return lines
            lines.append(record.decode("utf-8", "replace").partition(";")[2].split("\n", 1)[0])
    finally:
        os.close(descriptor)

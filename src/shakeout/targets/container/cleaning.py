"""Removing everything that a release made in an engine, found by its label alone; without an event loop."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from shakeout.errors import DependencyMissingError, ShakeoutError
from shakeout.targets.container import commands
from shakeout.targets.container.engine import Command, Engine, find_engine, run_now
from shakeout.targets.processes import Process, descendants, ended, send

_BUILD_SECONDS = 30.0


def remove_release(name: str, release: str, progress: Callable[[str], None], *, images: bool) -> None:
    """
    Remove a release's containers and network, and its images where `images` is set.

    Raises ShakeoutError where the engine does not answer any more, or something is left.
    """
    try:
        engine = find_engine(name)
    except DependencyMissingError as error:
        raise ShakeoutError(
            "containers of an earlier run cannot be removed",
            seen=error.seen,
            hint=f"start {name}, then run shakeout down again",
        ) from error
    label = f"{commands.RELEASE}={release}"
    for _ in range(3):
        left = _lines(engine, commands.listing("container", label, "{{.ID}}"))
        if not left:
            break
        run_now(engine, commands.remove(engine, left))
    else:
        progress(f"{name}: containers of the release {release} are left: {', '.join(left)}")
    for network in _lines(engine, commands.listing("network", label, "{{.Name}}")):
        run_now(engine, Command(words=("network", "rm", network)))
    if images:
        for image in _lines(engine, commands.listing("image", label, "{{.ID}}")):
            run_now(engine, Command(words=("rmi", "--force", image)))


def remove_older_images(engine: Engine, application: str, home: str, release: str) -> None:
    """Remove images that earlier releases of the same place left as a cache; one that is in use stays."""
    mine = set(_lines(engine, commands.listing("image", f"{commands.RELEASE}={release}", "{{.ID}}")))
    for image in _lines(engine, commands.listing("image", f"org.shakeout.home={home}", "{{.ID}}")):
        if image not in mine:
            run_now(engine, Command(words=("rmi", image)))


def end_build(build: Process) -> None:
    """
    End a build so that the engine itself clears what it began: a step that runs is killed, until the build gives up.

    Podman's build leaves its working container, and the step's processes, where the build itself is killed.
    """
    until = time.monotonic() + _BUILD_SECONDS
    ours = _namespace(os.getpid())
    while not ended(build) and time.monotonic() < until:
        for entry in descendants(build.pid):
            if _namespace(entry.pid) not in (ours, None):
                send(Process(entry.pid, entry.start), signal.SIGKILL)
        time.sleep(0.05)
    if not ended(build):
        send(build, signal.SIGTERM)


def _namespace(pid: int) -> str | None:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return None


def _lines(engine: Engine, command: Command) -> list[str]:
    return list(dict.fromkeys(run_now(engine, command).text.split()))

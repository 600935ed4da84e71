"""One service of the local target from its start on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from shakeout.manifest.plan import ServicePlan
from shakeout.targets.processes import descendants
from shakeout.targets.sockets import Listener, listeners_of
from shakeout.targets.supervised import Supervised


@dataclass(kw_only=True, slots=True)
class Watched:
    """
    A service that was started: `command` is without secrets, `folder` is where it runs, `started` is on the monotonic
    clock.
    """

    service: ServicePlan
    command: tuple[str, ...]
    supervised: Supervised
    url: str
    port: int
    folder: Path
    run_folder: Path
    redact: Callable[[str], str]
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self.started

    def pids(self) -> list[int]:
        """Its processes: the main one and everything below the supervisor."""
        return [entry.pid for entry in descendants(self.supervised.process.pid)]

    def listening(self) -> list[Listener]:
        """Where its processes listen."""
        return listeners_of(self.pids())

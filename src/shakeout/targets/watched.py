"""One service from its start on, as waiting for it and judging it need it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from shakeout.manifest.plan import ServicePlan
from shakeout.targets import failures
from shakeout.targets.base import Failure
from shakeout.targets.health import Answer
from shakeout.targets.processes import descendants
from shakeout.targets.sockets import Listener, listeners_of
from shakeout.targets.supervised import EventLog, Supervised


class WatchedService(Protocol):
    """A service that was started; `port` is where it is asked, on the loopback address of this machine."""

    @property
    def service(self) -> ServicePlan: ...

    @property
    def url(self) -> str: ...

    @property
    def port(self) -> int: ...

    @property
    def log(self) -> EventLog:
        """What happened to it; `new` of it reads what came since."""
        ...

    @property
    def redact(self) -> Callable[[str], str]: ...

    @property
    def seconds(self) -> float:
        """How long ago it was started."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """Facts for its revision."""
        ...

    def pids(self) -> list[int]:
        """Its processes."""
        ...

    def listening(self) -> list[Listener]:
        """Where its processes listen."""
        ...

    def listens(self, listening: list[Listener]) -> bool:
        """Whether what is asked at `port` arrives at one of these."""
        ...

    def somebody_else(self) -> str:
        """Who answers at `port`, where it is not the service."""
        ...

    def ended(self) -> Failure | None:
        """Why it was given up, if it was."""
        ...

    def late(self, answer: Answer | None) -> Failure:
        """Why it is not there at its deadline."""
        ...

    def keep(self) -> None:
        """Let it go on when shakeout ends."""
        ...


@dataclass(kw_only=True, slots=True)
class Watched:
    """
    A local service that was started: `command` is without secrets, `folder` is where it runs, `started` is on the
    monotonic clock.
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
    def log(self) -> EventLog:
        return self.supervised.events

    @property
    def seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self.started

    @property
    def facts(self) -> Mapping[str, Any]:
        """The command as it was given, and where it runs."""
        return {
            "command": self.redact(" ".join(self.command)),
            "folder": str(self.folder),
            "supervisor": self.supervised.process.pid,
        }

    def pids(self) -> list[int]:
        """Its processes: the main one and everything below the supervisor."""
        return [entry.pid for entry in descendants(self.supervised.process.pid)]

    def listening(self) -> list[Listener]:
        """Where its processes listen."""
        return listeners_of(self.pids())

    def listens(self, listening: list[Listener]) -> bool:
        """Whether one of these is its port; at which address, a connection tells."""
        return any(one.port == self.port for one in listening)

    def somebody_else(self) -> str:
        """Who has the port."""
        return failures.somebody_else(self.port)

    def ended(self) -> Failure | None:
        """Why its supervisor gave it up, if it did."""
        self.log.new()
        return failures.ended(self, self.log.last("ended"))

    def late(self, answer: Answer | None) -> Failure:
        """Why it is not there at its deadline."""
        return failures.late(self, answer, self.listening())

    def keep(self) -> None:
        """Tell its supervisor to go on without us."""
        self.supervised.keep()

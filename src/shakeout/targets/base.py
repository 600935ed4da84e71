"""The protocol that every target keeps, and the values that it hands out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from shakeout.evidence.model import Evidence, Locator
from shakeout.logs.entry import LogEntry

if TYPE_CHECKING:
    from shakeout.manifest.plan import Plan

Progress = Callable[[str], None]
"""Takes one line for people, for example `waiting for auth because /health answers 503`."""

RevisionStatus = Literal["deployed", "failed", "blocked", "external"]
"""`blocked`: not started, since something that it needs failed; `external`: deployed by others, only verified."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """
    Why a service is not deployed, as the target saw it.

    `reason` is one of a small vocabulary that rules can match: `command-not-found`, `exited`, `killed`,
    `never-listened`, `not-ready`, `port-in-use`, `build-failed`, `image-not-found`, `blocked`, `permission-denied`,
    `out-of-memory`, `rejected`, `deadline`, `no-address`. `facts` are details (`exit_status`, `signal`, `command`,
    `port`, `listening`, `status`, `seconds`). `at` locates the evidence (a line of the run's platform record or log).
    """

    reason: str
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    at: Locator | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """One service's deployed form. `url` has no trailing slash; `commit` is what was deployed, not what it claims."""

    service: str
    id: str
    commit: str
    status: RevisionStatus
    url: str | None = None
    started_at: datetime | None = None
    ready_seconds: float | None = None
    restarts: int = 0
    failure: Failure | None = None
    dirty: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """
    The team's own command that deployed a release: `command` is without secrets, `log` and `at` are relative to the
    run's folder. Without a failure it ended well.
    """

    command: str
    log: str
    seconds: float
    failure: Failure | None = None
    last_lines: tuple[Evidence, ...] = ()
    """The last lines that it wrote, the last first."""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """One deployment of one commit to one environment; `deployment` where the team's own command made it."""

    id: str
    application: str
    environment: str
    target: str
    commit: str
    dirty: bool
    started_at: datetime
    revisions: tuple[Revision, ...]
    seconds: float = 0.0
    deployment: Deployment | None = None

    def revision(self, service: str) -> Revision | None:
        return next((revision for revision in self.revisions if revision.service == service), None)

    @property
    def deployed(self) -> bool:
        """Whether every service is there, and nothing of the deployment failed."""
        failed = self.deployment is not None and self.deployment.failure is not None
        return not failed and all(revision.status in {"deployed", "external"} for revision in self.revisions)


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """One thing that the platform says is there: a service's instance or a backing service."""

    name: str
    kind: Literal["service", "backing service"]
    state: str
    """`running`, `exited`, `absent`, `unknown`."""
    address: str | None = None
    process: int | None = None
    exit_status: int | None = None
    restarts: int = 0
    listening: tuple[str, ...] = ()
    """Addresses (`127.0.0.1:8000`, `[::]:80`) on which its processes listen."""
    commit: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Inventory:
    """What runs where, as the platform itself says it, at one moment."""

    environment: str
    target: str
    items: tuple[Running, ...] = field(default=())

    def get(self, name: str) -> Running | None:
        return next((item for item in self.items if item.name == name), None)


@runtime_checkable
class Comparable(Protocol):
    """A target that can say what a deployment would change."""

    async def difference(self, plan: Plan, progress: Progress) -> Mapping[str, Sequence[object]]:
        """
        What would change by service, each as something whose `str` is a line; services of others are left out.

        Changes nothing. Raises DeploymentError where the platform cannot be asked.
        """
        ...


@runtime_checkable
class Staged(Protocol):
    """
    A target that deploys beside what serves, so that a release is verified before and after it has the traffic.

    After `deploy` the release's revisions are at addresses of their own. `promote` gives them the traffic and returns
    the release with the addresses that people use; then comes `settle`, or at any time `withdraw`.
    """

    async def promote(self, progress: Progress) -> Release:
        """Give all traffic to the release; raises DeploymentError where that does not come to be."""
        ...

    async def settle(self, progress: Progress) -> None:
        """The release was verified with traffic: it stays, also when shakeout ends."""
        ...

    async def withdraw(self, why: str, progress: Progress) -> None:
        """Give the traffic back to what had it before; `why` completes "rolled back: …". Can be called twice."""
        ...


class Target(Protocol):
    """
    Where services run. An object serves one release; making it does no work.

    Whatever happens in `deploy` (an exception, cancellation, a signal), `stop` can be called after it and leaves
    nothing behind. A service that fails is not an exception: it is a Revision with a Failure.
    """

    name: str

    async def deploy(self, plan: Plan, run_folder: Path, progress: Progress) -> Release:
        """Deploy every service of the plan in its order; raises DeploymentError only where nothing could be tried."""
        ...

    async def inventory(self) -> Inventory:
        """What runs where, now."""
        ...

    async def logs(self, service: str | None = None) -> Sequence[LogEntry]:
        """What was written since the release began, in order, by one service or by all."""
        ...

    async def stop(self, progress: Progress) -> None:
        """Stop and remove what this release started. Can be called twice."""
        ...

    async def keep(self) -> None:
        """Let the release go on after shakeout has ended."""
        ...


@runtime_checkable
class Collecting(Protocol):
    """A target that fetches the services' logs when everything has been verified."""

    async def collect(self, progress: Progress, *, wrong: bool) -> str | None:
        """
        Fetch what was logged since the release began into the run's folder; a sentence where it cannot be had.

        Where something is `wrong`, also what was written by now and arrives a little later.
        """
        ...

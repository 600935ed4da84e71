"""
What the targets that run services on this machine have in common: `local` and `container`.

Each service runs from the files of the commit that it is deployed from, and answers on a loopback port. The folder of a
run gets `logs/SERVICE.log` and `platform/SERVICE.jsonl`.
"""

from __future__ import annotations

import asyncio
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

import httpx2

from shakeout.errors import DeploymentError
from shakeout.evidence.redaction import Redactor
from shakeout.logs.entry import LogEntry
from shakeout.manifest.plan import BackingServicePlan, Plan, ServicePlan
from shakeout.targets import failures, ports, state
from shakeout.targets.base import Failure, Inventory, Progress, Release, Revision, Running
from shakeout.targets.capture import FOLDER as LOGS_FOLDER
from shakeout.targets.capture import entries, log_path, merged
from shakeout.targets.checkout import copy_work_tree, lay_out
from shakeout.targets.processes import identify
from shakeout.targets.readiness import until_ready
from shakeout.targets.revisions import made
from shakeout.targets.supervised import EVENTS_FOLDER
from shakeout.targets.watched import WatchedService

W = TypeVar("W", bound=WatchedService)


class FailedToStartError(Exception):
    """A service that could not be started, with the failure that says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class PlacedTarget(ABC, Generic[W]):
    """
    One release on this machine. `state_folder` is where what lies about is written down; by default the folder `state`
    beside the folder of runs, so `.shakeout/state` for a run in `.shakeout/runs`.
    """

    name: str

    def __init__(self, state_folder: Path | None = None) -> None:
        self._state_folder = state_folder
        self._plan: Plan | None = None
        self._run_folder = Path()
        self._state: state.State | None = None
        self._lock: state.EnvironmentLock | None = None
        self._ports: dict[str, ports.HeldPort] = {}
        self._checkouts: dict[str, asyncio.Future[None]] = {}
        self._watched: dict[str, W] = {}
        self._revisions: dict[str, Revision] = {}
        self._redact = Redactor()
        self._secrets: tuple[str, ...] = ()

    @property
    def checkout(self) -> Path:
        """The folder with the deployed commit's files (or the work tree's), from `deploy` until `stop`."""
        if self._plan is None or self._state is None:
            raise DeploymentError("nothing is deployed")
        return self._tree(self._plan.commit, self._plan.dirty)

    @property
    def data(self) -> Path:
        """The folder for this release's own data, from `deploy` until `stop`."""
        if self._state is None:
            raise DeploymentError("nothing is deployed")
        return self._folder / "data"

    # -- the protocol

    async def deploy(self, plan: Plan, run_folder: Path, progress: Progress) -> Release:
        """See `base.Target`. Raises UsageError where another shakeout works on the environment."""
        began, started_at = time.monotonic(), datetime.now(UTC)
        self._plan, self._run_folder = plan, Path(os.path.abspath(run_folder))  # noqa: ASYNC240, PTH100 (looks at no disk)
        self._secrets = _every_line(plan)
        self._redact = Redactor(self._secrets)
        self._state_folder = self._state_folder or self._run_folder.parent.parent / "state"
        self._lock = state.EnvironmentLock.take(self._state_folder, plan.environment)
        await asyncio.to_thread(state.clear, self._state_folder, plan.environment, progress)
        release = f"{plan.environment}-{started_at:%Y%m%dT%H%M%S}-{os.urandom(3).hex()}"
        self._prepare(plan, release)
        await self._lay_out(plan, progress)
        await self._begin(plan, progress)
        faults = self._hold_ports(plan)
        settled = {service.name: asyncio.Event() for service in plan.services}
        async with httpx2.AsyncClient(trust_env=False, verify=False) as client, asyncio.TaskGroup() as group:
            for service in plan.services:
                group.create_task(self._settle(service, faults, settled, client, progress))
        return Release(
            id=release,
            application=plan.application,
            environment=plan.environment,
            target=self.name,
            commit=plan.commit,
            dirty=plan.dirty,
            started_at=started_at,
            revisions=tuple(self._revisions[service.name] for service in plan.services),
            seconds=round(time.monotonic() - began, 3),
        )

    async def inventory(self) -> Inventory:
        """See `base.Target`."""
        plan = self._plan_of()
        services = await asyncio.gather(*(self._look_at(service) for service in plan.services))
        others = await asyncio.gather(*(self._look_at_backing(one) for one in plan.backing_services))
        return Inventory(environment=plan.environment, target=self.name, items=(*services, *others))

    async def logs(self, service: str | None = None) -> Sequence[LogEntry]:
        """See `base.Target`. Labels are `revision` and `commit`."""
        names = [service] if service else list(self._revisions)
        return await asyncio.to_thread(lambda: list(merged(self._entries(name) for name in names)))

    async def stop(self, progress: Progress) -> None:
        """See `base.Target`. A service is stopped when what needs it is gone."""
        if self._plan is None or self._lock is None or self._state_folder is None:
            return
        try:
            await asyncio.gather(*self._checkouts.values(), return_exceptions=True)
            gone = {name: asyncio.Event() for name in self._watched}
            await asyncio.gather(*(self._stop_in_order(name, gone) for name in self._watched))
            for held in self._ports.values():
                held.release()
            await self._finish(progress)
            await asyncio.to_thread(state.clear, self._state_folder, self._plan.environment, progress)
        finally:
            self._lock.release()
        self._lock = None
        if self._watched:
            progress(f"stopped {', '.join(self._watched)}")

    async def keep(self) -> None:
        """See `base.Target`. `down` and the next `up` stop it; so does `stop` of this object."""
        if self._state is None:
            return
        self._state.kept = True
        self._save()
        for watched in self._watched.values():
            watched.keep()

    # -- before the first service

    def _prepare(self, plan: Plan, release: str) -> None:
        for name in (LOGS_FOLDER, EVENTS_FOLDER):
            (self._run_folder / name).mkdir(parents=True, exist_ok=True)
        owner = identify(os.getpid())
        assert owner is not None
        self._state = state.State(
            application=plan.application,
            environment=plan.environment,
            release=release,
            run_folder=str(self._run_folder),
            folder=str(state.folder_name(plan.environment)),
            owner=owner,
        )
        self._save()
        state.make_folder(self._folder, release)
        (self._folder / "data").mkdir()

    async def _lay_out(self, plan: Plan, progress: Progress) -> None:
        """One folder per distinct commit. A pinned commit that is not there fails its services, not the release."""
        (self._folder / "source").mkdir()
        repository = Path(plan.repository)
        own = "dirty" if plan.dirty else plan.commit
        progress(f"laying out {'the working tree' if plan.dirty else plan.commit[:12]}")
        for commit in dict.fromkeys([own, *(service.commit for service in plan.services if service.pinned)]):
            folder = self._folder / "source" / commit
            work = (copy_work_tree, repository, folder) if commit == "dirty" else (lay_out, repository, commit, folder)
            self._checkouts[commit] = asyncio.ensure_future(asyncio.to_thread(*work))
        # Threads cannot be cancelled: whoever cancels us leaves them to `stop`.
        await asyncio.wait(self._checkouts.values())
        self._checkouts[own].result()

    def _hold_ports(self, plan: Plan) -> dict[str, Failure]:
        """Take a port for every service of ours; returns the services whose fixed port cannot be had."""
        faults = {}
        for service in plan.services:
            if service.url:
                continue
            fixed = self._fixed_port(service)
            try:
                held = ports.hold_fixed(fixed) if fixed else ports.hold_free()
            except ports.PortTakenError:
                message, facts = failures.port_in_use(fixed or 0)
                faults[service.name] = Failure(reason="port-in-use", message=message, facts=facts, at=service.at)
            except OSError as error:
                message = f"port {fixed} cannot be used: {error.strerror}"
                facts = {"port": fixed}
                faults[service.name] = Failure(reason="port-in-use", message=message, facts=facts, at=service.at)
            else:
                self._ports[service.name] = held
        return faults

    # -- one service

    async def _settle(
        self,
        service: ServicePlan,
        faults: dict[str, Failure],
        settled: dict[str, asyncio.Event],
        client: httpx2.AsyncClient,
        progress: Progress,
    ) -> None:
        """Deploy one service after those that it needs; leaves its revision in `_revisions`, whatever happens."""
        for need in service.needs:
            if need in settled and need != service.name:
                await settled[need].wait()
        revision = await self._revision(service, faults.get(service.name), client, progress)
        self._revisions[service.name] = revision
        settled[service.name].set()
        if revision.failure:
            progress(f"{service.name}: {revision.status}: {revision.failure.message}")
        elif revision.ready_seconds is not None:
            again = f" after {revision.restarts} restarts" if revision.restarts else ""
            progress(f"{service.name}: ready in {revision.ready_seconds:.1f} s{again} at {revision.url}")

    async def _revision(
        self, service: ServicePlan, fault: Failure | None, client: httpx2.AsyncClient, progress: Progress
    ) -> Revision:
        dirty = self._plan_of().dirty and not service.pinned
        if service.url:
            return made(service, dirty, "external", url=service.url.rstrip("/"))
        lost = [need for need in service.needs if (one := self._revisions.get(need)) and one.failure]
        if lost:
            message = f"not started, since it needs {', '.join(lost)}"
            failure = Failure(reason="blocked", message=message, facts={"blocked_by": lost}, at=service.at)
            return made(service, dirty, "blocked", failure=failure)
        if fault:
            return made(service, dirty, "failed", failure=fault)
        try:
            watched = await self._start(service, progress)
        except FailedToStartError as error:
            return made(service, dirty, "failed", failure=error.failure)
        except (DeploymentError, OSError) as error:
            failure = Failure(reason="rejected", message=self._redact(str(error)), at=service.at)
            return made(service, dirty, "failed", failure=failure)
        came = await until_ready(watched, client, progress)
        self._note(watched)
        return made(service, dirty, "failed" if came else "deployed", watched=watched, failure=came)

    async def _stop_in_order(self, name: str, gone: dict[str, asyncio.Event]) -> None:
        for other, watched in self._watched.items():
            if name in watched.service.needs and other != name:
                await gone[other].wait()
        try:
            await self._stop_one(name)
        finally:
            gone[name].set()

    def _folder_of(self, service: ServicePlan) -> tuple[Path, Path]:
        """The checkout that the service is deployed from, and its own folder there. Raises DeploymentError."""
        tree = self._tree(service.commit, self._plan_of().dirty and not service.pinned)
        if (failed := self._checkouts[tree.name]).exception():
            raise DeploymentError(str(failed.exception()))
        folder = (tree / service.path).resolve()
        if not folder.is_relative_to(tree):
            raise DeploymentError(f"the path {service.path!r} leaves the repository")
        return tree, folder

    def _fresh(self, service: str) -> tuple[Path, Path]:
        """Where the service's output and events go; what an earlier try wrote there is gone."""
        found = log_path(self._run_folder, service), self._run_folder / EVENTS_FOLDER / f"{service}.jsonl"
        for old in found:
            old.unlink(missing_ok=True)
        return found

    # -- what is there

    def _entries(self, name: str) -> Iterator[LogEntry]:
        revision = self._revisions.get(name)
        labels = {"revision": revision.id, "commit": revision.commit} if revision else {}
        return entries(self._run_folder, name, labels)

    # -- what each target does in its own way

    async def _begin(self, plan: Plan, progress: Progress) -> None:
        """What has to be there before the first service; the checkouts are."""

    def _fixed_port(self, service: ServicePlan) -> int | None:
        """The port of this machine that the service must have; None where any will do."""
        return service.port

    @abstractmethod
    async def _start(self, service: ServicePlan, progress: Progress) -> W:
        """Start it and put it into `_watched`; DeploymentError or OSError where it cannot even be tried."""

    @abstractmethod
    async def _stop_one(self, name: str) -> None:
        """Stop one service that was started."""

    async def _finish(self, progress: Progress) -> None:
        """What is left to remove when every service is stopped, before the state is cleared."""

    @abstractmethod
    async def _look_at(self, service: ServicePlan) -> Running:
        """What the platform says of a service now."""

    @abstractmethod
    async def _look_at_backing(self, plan: BackingServicePlan) -> Running:
        """Whether a backing service is there."""

    @abstractmethod
    def _note(self, watched: W) -> None:
        """Write down what is needed to stop the service after a crash."""

    # -- small things

    def _plan_of(self) -> Plan:
        if self._plan is None:
            raise DeploymentError("nothing is deployed")
        return self._plan

    @property
    def _folder(self) -> Path:
        if self._state is None:
            raise DeploymentError("nothing is deployed")
        return Path(self._state.folder)

    def _tree(self, commit: str, dirty: bool) -> Path:
        return self._folder / "source" / ("dirty" if dirty else commit)

    def _addresses(self) -> dict[str, str]:
        """Where every service of the plan is or will be."""
        found = {name: f"http://{ports.HOST}:{held.number}" for name, held in self._ports.items()}
        return found | {service.name: service.url for service in self._plan_of().services if service.url}

    def _save(self) -> None:
        assert self._state is not None and self._state_folder is not None
        self._state.save(state.path_of(self._state_folder, self._state.environment))


def _every_line(plan: Plan) -> tuple[str, ...]:
    """The plan's secrets, and each line of one with several, since output is looked at line by line."""
    values = set(plan.secret_values)
    for service in plan.services:
        values |= set(service.secret_environment.values())
    values |= {line.strip() for value in values for line in value.splitlines() if len(line.strip()) >= 8}
    return tuple(sorted(value for value in values if value))

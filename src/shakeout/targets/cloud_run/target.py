"""
The target `cloud-run` itself: one release of one commit to a project's services in a region.

What it does is in `docs/how-to/cloud-run.md`; every step is written into a journal before it is done, so that whoever
comes after a killed run knows what to give back.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import run_v2

from shakeout.errors import DeploymentError, UsageError
from shakeout.evidence.redaction import Redactor
from shakeout.logs.entry import LogEntry
from shakeout.manifest.plan import Plan, ServicePlan
from shakeout.targets.base import Failure, Inventory, Progress, Release, Revision
from shakeout.targets.capture import entries, merged
from shakeout.targets.cloud_run import looking
from shakeout.targets.cloud_run.addresses import known_addresses, require_addresses
from shakeout.targets.cloud_run.api import Api
from shakeout.targets.cloud_run.changing import give, given_to
from shakeout.targets.cloud_run.conditions import call_failure
from shakeout.targets.cloud_run.difference import Change, changes
from shakeout.targets.cloud_run.endpoints import Endpoints, require_libraries
from shakeout.targets.cloud_run.guardian import Guardian
from shakeout.targets.cloud_run.journal import Journal
from shakeout.targets.cloud_run.names import cloud_name, environment_options, service_options, tag_of
from shakeout.targets.cloud_run.records import Recorder
from shakeout.targets.cloud_run.revising import Made, revise, wanted_service
from shakeout.targets.cloud_run.rolling_back import BACK_SECONDS, recover, tell_found
from shakeout.targets.state import EnvironmentLock

LOCK_SECONDS = 60.0
"""How long a run waits while the guardian of a killed one gives the traffic back."""


class CloudRunTarget:
    """See `base.Target` and `base.Staged`. `state_folder` has the journal; `endpoints` are Google's own by default."""

    name = "cloud-run"

    def __init__(self, state_folder: Path, endpoints: Endpoints | None = None) -> None:
        require_libraries()
        self._state_folder = state_folder
        self._endpoints = endpoints if endpoints is not None else Endpoints.of()
        self._plan: Plan | None = None
        self._api: Api | None = None
        self._lock: EnvironmentLock | None = None
        self._guardian: Guardian | None = None
        self._journal: Journal | None = None
        self._recorder: Recorder | None = None
        self._run_folder = Path()
        self._there: dict[str, run_v2.Service | None] = {}
        self._addresses: dict[str, str] = {}
        self._made: dict[str, Made] = {}
        self._release: Release | None = None

    # -- before anything is changed

    async def difference(self, plan: Plan, progress: Progress) -> dict[str, tuple[Change, ...]]:
        """What `deploy` would change, by service; nothing is changed. Raises DeploymentError as `deploy` does."""
        api = Api(environment_options(plan), self._endpoints, progress)
        try:
            await self._look(api, plan)
            found = {}
            for service in plan.services:
                if service.url is None:
                    there = self._there[service.name]
                    found[service.name] = changes(there, wanted_service(plan, service, "", "", self._addresses, there))
            return found
        finally:
            await api.close()

    # -- the protocol

    async def deploy(self, plan: Plan, run_folder: Path, progress: Progress) -> Release:
        """Deploy every service as a revision without traffic; see `base.Target`."""
        began, started_at = time.monotonic(), datetime.now(UTC)
        self._plan, self._run_folder = plan, run_folder
        if plan.dirty:
            raise UsageError("the target cloud-run deploys images of commits", seen="--dirty", hint="commit first")
        options = environment_options(plan)
        self._lock = await self._take_lock(plan.environment, progress)
        self._api = Api(options, self._endpoints, progress)
        self._journal = Journal.of(self._state_folder, plan.environment)
        await self._finish_earlier(progress)
        await self._look(self._api, plan)
        id = f"{plan.environment}-{started_at:%Y%m%dt%H%M%S}-{os.urandom(3).hex()}"
        self._release = Release(
            id=id, application=plan.application, environment=plan.environment, target=self.name, commit=plan.commit,
            dirty=False, started_at=started_at, revisions=(),
        )  # fmt: skip
        self._recorder = Recorder(self._api, run_folder, started_at, Redactor(plan.secret_values))
        self._begin(plan, id)
        settled = {service.name: asyncio.Event() for service in plan.services}
        async with httpx2.AsyncClient(trust_env=not self._endpoints.double) as client, asyncio.TaskGroup() as group:
            for service in plan.services:
                group.create_task(self._settle(service, settled, client, progress))
        await self._take_logs()
        self._release = replace(self._release, revisions=self._revisions(), seconds=round(time.monotonic() - began, 3))
        return self._release

    async def promote(self, progress: Progress) -> Release:
        """See `base.Staged`: all traffic to this release, service by service in the order of their needs."""
        api, journal, release = self._parts()
        for name, made in self._made.items():
            if made.cloud is None:
                continue
            journal.add("shift", service=name)
            try:
                await give(api, made.cloud, given_to(made.revision_name), BACK_SECONDS, progress)
            except GoogleAPICallError as error:
                raise DeploymentError(
                    f"{name} was not given the traffic",
                    service=name,
                    seen=call_failure(error, "UpdateService", {}).message,
                ) from error
            journal.add("shifted", service=name)
            made.revision = replace(made.revision, url=self._addresses.get(name) or made.revision.url)
            progress(f"{name}: has the traffic at {made.revision.url}")
        self._release = replace(release, revisions=self._revisions())
        return self._release

    async def settle(self, progress: Progress) -> None:
        """See `base.Staged`: the release was verified with traffic, and stays."""
        _, journal, _ = self._parts()
        journal.add("proved")
        journal.add("end", outcome="serving", by="shakeout", why="every required check passed")

    async def withdraw(self, why: str, progress: Progress) -> None:
        """See `base.Staged`: the traffic goes back to what had it before. Can be called twice."""
        api, journal, _ = self._parts()
        told = journal.read()
        if told is not None and told.open:
            progress(f"rolling back: {why}")
            await recover(api, journal, told, by="shakeout", why=why, progress=progress)

    async def collect(self, progress: Progress, *, wrong: bool) -> str | None:
        """See `base.Collecting`: take in what Cloud Logging has of this release by now."""
        if self._recorder is None:
            return None
        if wrong:
            await self._recorder.take_late()
        else:
            await self._recorder.take()
        return self._recorder.problem

    async def _take_logs(self) -> None:
        if self._recorder is not None:
            await self._recorder.take()

    async def inventory(self) -> Inventory:
        """See `base.Target`: what the API says of each service and its traffic; backing services from here."""
        if self._plan is None or self._api is None:
            raise DeploymentError("nothing is deployed")
        return await looking.inventory(self._api, self._plan, self._made, self._run_folder)

    async def logs(self, service: str | None = None) -> Sequence[LogEntry]:
        """See `base.Target`: from Cloud Logging, as far as it has come."""
        await self._take_logs()
        names = [service] if service else list(self._made)
        return tuple(merged(entries(self._run_folder, name) for name in names))

    async def stop(self, progress: Progress) -> None:
        """See `base.Target`: gives the traffic back where nothing was decided. A release that was proved stays."""
        try:
            if self._journal is not None and self._api is not None and self._release is not None:
                await self.withdraw("the run ended before the release was verified", progress)
        finally:
            if self._guardian is not None:
                await asyncio.to_thread(self._guardian.close)
            if self._api is not None:
                await self._api.close()
            if self._lock is not None:
                self._lock.release()
            self._api, self._lock, self._guardian = None, None, None

    async def keep(self) -> None:
        """See `base.Target`: a release that was proved goes on without shakeout; nothing has to be done for it."""

    # -- the steps

    async def _take_lock(self, environment: str, progress: Progress) -> EnvironmentLock:
        until, told = time.monotonic() + LOCK_SECONDS, False
        while True:
            try:
                return EnvironmentLock.take(self._state_folder, environment)
            except UsageError as error:
                journal = Journal.of(self._state_folder, environment).read()
                guarded = journal is not None and journal.open and journal.guardian is not None
                if not guarded or time.monotonic() > until:
                    raise
                if not told:
                    progress(f"waiting for {environment} because {error.summary}")
                    told = True
                await asyncio.sleep(0.2)

    async def _finish_earlier(self, progress: Progress) -> None:
        assert self._api is not None and self._journal is not None
        told = self._journal.read()
        if told is None:
            return
        tell_found(told, progress)
        if told.open:
            await recover(
                self._api, self._journal, told, by="next-run", why="an earlier run was ended", progress=progress
            )

    async def _look(self, api: Api, plan: Plan) -> None:
        """What is there, and every address that is known; raises DeploymentError where the API cannot be used."""
        options = environment_options(plan)
        own = [service for service in plan.services if service.url is None]
        try:
            found = await asyncio.gather(*(api.service(cloud_name(service, options)) for service in own))
            self._there = {service.name: one for service, one in zip(own, found, strict=True)}
            others = await api.services() if None in found and options.project_number is None else []
        except GoogleAPICallError as error:
            failure = call_failure(error, "GetService", {})
            raise DeploymentError(
                "Cloud Run cannot be asked what is there",
                expected=f"access to the project {options.project} in {options.region}",
                seen=failure.message,
                hint="docs/how-to/cloud-run.md lists the permissions that are needed",
            ) from error
        self._addresses = known_addresses(plan, self._there, others, self._endpoints.addresses)
        require_addresses(plan, self._addresses)

    def _begin(self, plan: Plan, id: str) -> None:
        assert self._journal is not None
        told = self._journal.read()
        serving = told.serving if told is not None else None
        self._journal.begin(
            release=id,
            commit=plan.commit,
            application=plan.application,
            run_folder=str(self._run_folder),
            options=dict(plan.options),
            process=os.getpid(),
            earlier=asdict(serving) if serving is not None else None,
        )
        folder = self._run_folder / "platform"
        folder.mkdir(parents=True, exist_ok=True)
        self._guardian = Guardian.start(self._journal.path, folder / "guardian.txt", self._endpoints.variables())
        self._journal.add("guard", process=self._guardian.pid)

    async def _settle(
        self, service: ServicePlan, settled: dict[str, asyncio.Event], client: httpx2.AsyncClient, progress: Progress
    ) -> None:
        for need in service.needs:
            if need in settled and need != service.name:
                await settled[need].wait()
        made = await self._revise(service, client, progress)
        self._made[service.name] = made
        settled[service.name].set()
        if made.revision.failure:
            progress(f"{service.name}: {made.revision.status}: {made.revision.failure.message}")
        elif made.revision.ready_seconds is not None:
            progress(f"{service.name}: ready in {made.revision.ready_seconds:.1f} s at {made.revision.url}")

    async def _revise(self, service: ServicePlan, client: httpx2.AsyncClient, progress: Progress) -> Made:
        assert self._plan is not None and self._api is not None
        assert self._journal is not None and self._recorder is not None and self._release is not None
        if service.url is not None:
            return Made.external(service)
        lost = [need for need in service.needs if (one := self._made.get(need)) and one.revision.failure]
        if lost:
            message = f"not deployed, since it needs {', '.join(lost)}"
            failure = Failure(reason="blocked", message=message, facts={"blocked_by": lost}, at=service.at)
            return Made.without(service, "blocked", failure)
        made = await revise(
            self._api,
            self._plan,
            service,
            there=self._there[service.name],
            release=self._release.id,
            tag=tag_of(service.commit, self._release.id),
            addresses=self._addresses,
            journal=self._journal,
            recorder=self._recorder,
            client=client,
            run_folder=self._run_folder,
            progress=progress,
        )
        address = service_options(service).address or (made.uri or "")
        if address:
            self._addresses[service.name] = address.rstrip("/")
        return made

    def _revisions(self) -> tuple[Revision, ...]:
        assert self._plan is not None
        return tuple(self._made[service.name].revision for service in self._plan.services if service.name in self._made)

    def _parts(self) -> tuple[Api, Journal, Release]:
        if self._api is None or self._journal is None or self._release is None:
            raise DeploymentError("nothing is deployed")
        return self._api, self._journal, self._release

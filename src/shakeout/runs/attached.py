"""A release that is already there: kept by an earlier `shakeout up --keep`, or deployed by others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from shakeout.errors import UsageError
from shakeout.logs.entry import LogEntry
from shakeout.manifest.plan import Plan
from shakeout.runs.folder import RunFolder
from shakeout.targets import state
from shakeout.targets.base import Inventory, Progress, Release, Revision
from shakeout.targets.capture import entries, merged
from shakeout.targets.cloud_run.journal import Journal


class Attached:
    """A target that deploys nothing and stops nothing: it hands out a release that goes on without it."""

    name = "attached"

    @property
    def release(self) -> Release:
        return self._release

    @property
    def logs_folder(self) -> Path | None:
        """The run's folder that has the services' logs, where they are on this machine."""
        return self._logs_folder

    def __init__(self, release: Release, logs_folder: Path | None, data: Path | None = None) -> None:
        self._release = release
        self._logs_folder = logs_folder
        self.data = data

    async def deploy(self, plan: Plan, run_folder: Path, progress: Progress) -> Release:
        return self._release

    async def inventory(self) -> Inventory:
        return Inventory(environment=self._release.environment, target=self._release.target)

    async def logs(self, service: str | None = None) -> Sequence[LogEntry]:
        if self._logs_folder is None:
            return ()
        names = [service] if service else [revision.service for revision in self._release.revisions]
        return tuple(merged(entries(self._logs_folder, name) for name in names))

    async def stop(self, progress: Progress) -> None:
        return

    async def keep(self) -> None:
        return


def attach(plan: Plan, home: Path, urls: Mapping[str, str]) -> Attached:
    """
    The release to verify, with its logs and data where it runs on this machine.

    Addresses from the command line or the manifest come first; else the release that `shakeout up --keep` left.
    Raises UsageError where a service has no address.
    """
    unknown = sorted(urls.keys() - {service.name for service in plan.services})
    if unknown:
        raise UsageError(
            f"there is no service {', '.join(unknown)} to verify",
            expected=f"a service of the manifest: {', '.join(service.name for service in plan.services)}",
            seen=", ".join(unknown),
            hint="--url SERVICE=ADDRESS",
        )
    known = {service.name: service.url for service in plan.services if service.url} | dict(urls)
    kept = state.load(state.path_of(home / "state", plan.environment))
    if kept is not None and kept.kept:
        folder = RunFolder(Path(kept.run_folder))
        release = folder.release()
        if release is not None:
            revisions = tuple(replace(item, url=urls.get(item.service, item.url)) for item in release.revisions)
            return Attached(replace(release, revisions=revisions), folder.path, Path(kept.folder) / "data")
    served = _served(plan, home, urls)
    if served is not None:
        return served
    missing = [service.name for service in plan.services if service.name not in known]
    if missing:
        raise UsageError(
            f"nothing is known to run in {plan.environment}",
            expected="a release that `shakeout up --keep` left, or an address for every service",
            seen=f"no address of {', '.join(missing)}",
            hint=f"shakeout up --keep -e {plan.environment}, or --url {missing[0]}=https://…",
        )
    return Attached(
        Release(
            id="external",
            application=plan.application,
            environment=plan.environment,
            target=plan.target,
            commit=plan.commit,
            dirty=False,
            started_at=datetime.now(UTC),
            revisions=tuple(
                Revision(
                    service=service.name,
                    id="external",
                    commit=service.commit,
                    status="external",
                    url=known[service.name].rstrip("/"),
                )
                for service in plan.services
            ),
        ),
        None,
    )


def _served(plan: Plan, home: Path, urls: Mapping[str, str]) -> Attached | None:
    """The release that has the traffic of a platform: the last that `shakeout up` gave it, and that stayed."""
    told = Journal.of(home / "state", plan.environment).read()
    serving = told.serving if told is not None else None
    if serving is None:
        return None
    folder = RunFolder(Path(serving.run_folder))
    release = folder.release()
    if release is None or release.id != serving.release:
        return None
    revisions = tuple(replace(item, url=urls.get(item.service, item.url)) for item in release.revisions)
    return Attached(replace(release, revisions=revisions), folder.path)

"""Bringing a revision up: its secrets, its image, its first instance; and saying why it does not come up."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from google.cloud import run_v2

from shakeout.rehearsal import messages
from shakeout.rehearsal.conditions import Cause, Common, OfRevision
from shakeout.rehearsal.instances.instance import Instance, NotReadyError
from shakeout.rehearsal.instances.pool import Pool
from shakeout.rehearsal.instances.probes import Probing
from shakeout.rehearsal.instances.runner import Runner, Workload
from shakeout.rehearsal.logs.logbook import Logbook, Origin
from shakeout.rehearsal.names import ServiceName
from shakeout.rehearsal.records import RevisionRecord
from shakeout.rehearsal.settings import Settings
from shakeout.rehearsal.templates import DEFAULT_CONCURRENCY, quantity, serving_container


class NotDeployableError(Exception):
    """A revision cannot be brought up; `cause` is what its conditions say."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.message)
        self.cause = cause


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployer:
    """Brings revisions up, with one runner and one logbook."""

    settings: Settings
    runner: Runner
    logbook: Logbook

    async def bring_up(self, name: ServiceName, record: RevisionRecord) -> None:
        """Start the revision's first instance and give the record its pool; NotDeployableError where that fails."""
        revision = record.message
        workload = self._workload(name, record.id, revision)
        pool = self._pool(name, record.id, revision, workload)
        try:
            await pool.start("DEPLOYMENT_ROLLOUT")
        except NotReadyError as error:
            await pool.close()
            raise NotDeployableError(_cause(error, workload, revision)) from error
        record.pool = pool
        pool.begin()

    def _pool(self, name: ServiceName, id: str, revision: run_v2.Revision, workload: Workload) -> Pool:
        container = serving_container(revision.containers)
        startup = Probing(
            kind="STARTUP",
            probe=container.startup_probe,
            container=workload.name,
            port=workload.port,
            default=_is_default(container.startup_probe, self.settings, workload.port),
        )
        liveness = None
        if "liveness_probe" in container:
            liveness = Probing(
                kind="LIVENESS", probe=container.liveness_probe, container=workload.name, port=workload.port
            )

        def make() -> Instance:
            origin = Origin(
                project=name.location.project,
                region=name.location.region,
                service=name.id,
                revision=id,
                instance=f"00{secrets.token_hex(32)}",
                labels=dict(revision.labels),
            )
            return Instance(
                workload=workload,
                origin=origin,
                logbook=self.logbook,
                runner=self.runner,
                startup=startup,
                liveness=liveness,
            )

        asked = revision.scaling.max_instance_count or self.settings.instances
        return Pool(
            make=make,
            concurrency=revision.max_instance_request_concurrency or DEFAULT_CONCURRENCY,
            least=min(revision.scaling.min_instance_count, self.settings.instances),
            most=min(asked, self.settings.instances),
            idle_seconds=self.settings.idle_seconds,
        )

    def _workload(self, name: ServiceName, id: str, revision: run_v2.Revision) -> Workload:
        container = serving_container(revision.containers)
        environment = {"K_SERVICE": name.id, "K_CONFIGURATION": name.id, "K_REVISION": id}
        for variable in container.env:
            reference = variable.value_source.secret_key_ref
            value = self._secret(name, revision, reference.secret, reference.version) if reference else variable.value
            environment[variable.name] = value
        return Workload(
            name=container.name or f"{name.id}-1",
            image=container.image,
            port=container.ports[0].container_port,
            command=tuple(container.command),
            arguments=tuple(container.args),
            working_folder=container.working_dir,
            environment=environment,
            files=self._files(name, revision, container),
            memory=int(quantity(container.resources.limits["memory"])),
            cpus=float(quantity(container.resources.limits["cpu"])),
        )

    def _files(self, name: ServiceName, revision: run_v2.Revision, container: run_v2.Container) -> Mapping[str, str]:
        found = {}
        volumes = {volume.name: volume for volume in revision.volumes}
        for mount in container.volume_mounts:
            volume = volumes.get(mount.name)
            if volume is None or "secret" not in volume:
                continue
            items = list(volume.secret.items) or [run_v2.VersionToPath(path=volume.secret.secret, version="latest")]
            for item in items:
                value = self._secret(name, revision, volume.secret.secret, item.version or "latest")
                found[str(PurePosixPath(mount.mount_path, item.path))] = value
        return found

    def _secret(self, name: ServiceName, revision: run_v2.Revision, secret: str, version: str) -> str:
        """A secret's value; NotDeployableError where there is none."""
        full = secret if "/" in secret else f"projects/{self.settings.project_number}/secrets/{secret}"
        known = self.settings.secrets.get(secret.rpartition("/")[2])
        value = known if isinstance(known, str) and version in {"latest", "1"} else None
        if known is not None and not isinstance(known, str):
            newest = max(known, key=lambda one: int(one) if one.isdigit() else 0, default="")
            value = known.get(newest if version == "latest" else version)
        if value is None:
            message = messages.secret_missing(f"{full}/versions/{version}")
            raise NotDeployableError(
                Cause(message=message, kind="ContainerReady", common=Common.SECRETS_ACCESS_CHECK_FAILED)
            )
        return value


def _is_default(probe: run_v2.Probe, settings: Settings, port: int) -> bool:
    seconds = max(1, round(settings.startup_seconds))
    return (
        "tcp_socket" in probe
        and (probe.timeout_seconds, probe.period_seconds, probe.failure_threshold) == (seconds, seconds, 1)
        and probe.tcp_socket.port == port
    )


def _cause(error: NotReadyError, workload: Workload, revision: run_v2.Revision) -> Cause:
    unhealthy = OfRevision.HEALTH_CHECK_CONTAINER_ERROR
    if error.reason == "missing":
        message = messages.image_missing(workload.image)
        return Cause(message=message, kind="ContainerReady", code="NOT_FOUND", common=Common.CONTAINER_MISSING)
    if error.reason == "not-executable":
        message = messages.not_executable(error.detail)
        return Cause(message=message, kind="ContainerHealthy", revision=unhealthy)
    probe = serving_container(revision.containers).startup_probe
    default = "tcp_socket" in probe and probe.failure_threshold == 1
    message = (
        messages.not_listening(workload.port, revision.log_uri) if default else messages.probe_failed(revision.log_uri)
    )
    return Cause(message=message, kind="ContainerHealthy", revision=unhealthy)

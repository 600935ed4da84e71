"""Bringing a revision up: its first instance, and saying why it does not come up."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from google.cloud import run_v2

from shakeout.rehearsal import messages
from shakeout.rehearsal.conditions import Cause, Common, OfRevision
from shakeout.rehearsal.instances.instance import Instance, NotReadyError
from shakeout.rehearsal.instances.pool import Pool
from shakeout.rehearsal.instances.probes import Probing
from shakeout.rehearsal.instances.runner import Runner, Workload
from shakeout.rehearsal.logs.logbook import Logbook, Origin
from shakeout.rehearsal.names import ServiceName
from shakeout.rehearsal.preparing import NotDeployableError, Preparation
from shakeout.rehearsal.records import RevisionRecord
from shakeout.rehearsal.settings import Settings
from shakeout.rehearsal.templates import DEFAULT_CONCURRENCY, serving_container


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployer:
    """Brings revisions up, with one runner and one logbook."""

    settings: Settings
    runner: Runner
    logbook: Logbook

    async def bring_up(self, name: ServiceName, record: RevisionRecord) -> None:
        """Start the revision's first instance and give the record its pool; NotDeployableError where that fails."""
        revision = record.message
        workload = Preparation(settings=self.settings, name=name, id=record.id, revision=revision).workload()
        pool = self._pool(name, record.id, revision, workload)
        try:
            await pool.start("DEPLOYMENT_ROLLOUT")
        except NotReadyError as error:
            await pool.close()
            raise NotDeployableError(self._cause(error, workload, revision)) from error
        record.pool = pool
        pool.begin()

    def _pool(self, name: ServiceName, id: str, revision: run_v2.Revision, workload: Workload) -> Pool:
        container = serving_container(revision.containers)
        startup = Probing(
            kind="STARTUP",
            probe=container.startup_probe,
            container=workload.name,
            port=workload.port,
            default=self._is_default(revision),
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

    def _is_default(self, revision: run_v2.Revision) -> bool:
        """Whether the startup probe is the one that the platform fills in."""
        container = serving_container(revision.containers)
        probe, seconds = container.startup_probe, max(1, round(self.settings.startup_seconds))
        return (
            "tcp_socket" in probe
            and (probe.timeout_seconds, probe.period_seconds, probe.failure_threshold) == (seconds, seconds, 1)
            and probe.tcp_socket.port == container.ports[0].container_port
        )

    def _cause(self, error: NotReadyError, workload: Workload, revision: run_v2.Revision) -> Cause:
        unhealthy = OfRevision.HEALTH_CHECK_CONTAINER_ERROR
        if error.reason == "missing":
            message = messages.image_missing(workload.image)
            return Cause(message=message, kind="ContainerReady", code="NOT_FOUND", common=Common.CONTAINER_MISSING)
        if error.reason == "not-executable":
            message = messages.not_executable(error.detail)
        elif self._is_default(revision):
            message = messages.not_listening(workload.port, revision.log_uri)
        else:
            message = messages.probe_failed(revision.log_uri)
        return Cause(message=message, kind="ContainerHealthy", revision=unhealthy)

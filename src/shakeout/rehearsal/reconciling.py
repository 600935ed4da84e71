"""Makes real what a service asks for: a new revision where its template changed, then its traffic."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from google.cloud import run_v2

from shakeout.rehearsal import messages
from shakeout.rehearsal.answers import RefusedError
from shakeout.rehearsal.conditions import Cause, Common, State, condition, failed, pending, set_condition, succeeded
from shakeout.rehearsal.deploying import Deployer
from shakeout.rehearsal.logs.logbook import Origin
from shakeout.rehearsal.preparing import NotDeployableError
from shakeout.rehearsal.records import RevisionRecord, ServiceRecord
from shakeout.rehearsal.templates import make_revision, revision_id

_OF_SERVICE = ("RoutesReady", "ConfigurationsReady")
_OF_REVISION = ("Ready", "ContainerReady", "ResourcesAvailable", "ContainerHealthy")
_LATEST = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST
_BY_NAME = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION

Address = Callable[[ServiceRecord, str], str]
"""The URL of a service (for the tag ``""``) or of one of its tags."""


class Reconciler:
    """`address` gives a service and each of its tags a URL; `forget` takes them back."""

    def __init__(self, deployer: Deployer, address: Address, forget: Callable[[ServiceRecord], None]) -> None:
        self._deployer = deployer
        self._logbook = deployer.logbook
        self._seconds = deployer.settings.faults.operation_seconds
        self._address = address
        self._forget = forget

    def prepare(self, record: ServiceRecord, service: run_v2.Service) -> None:
        """
        What is true as soon as a change was accepted: a new generation that is not there yet.

        RefusedError, with nothing changed, where the new revision's name is another one's already.
        """
        template = run_v2.RevisionTemplate.pb(service.template).SerializeToString(deterministic=True)
        if template != record.template:
            self._make_revision(record, service, template)
        record.message = service
        service.reconciling = True
        service.terminal_condition = condition("Ready", State.CONDITION_RECONCILING)
        service.conditions = service.conditions or pending(_OF_SERVICE)
        service.uri = self._address(record, "")
        service.urls = [service.uri]
        record.touch()

    async def reconcile(self, record: ServiceRecord, generation: int) -> None:
        """
        Bring the newest revision up, then let traffic follow; RefusedError with what the operation ends with.

        Where another change came meanwhile, that one's work decides.
        """
        async with record.lock:
            newest = record.newest
            assert newest is not None
            await asyncio.sleep(self._seconds)
            if newest.pool is None and newest.cause is None:
                await self._bring_up(record, newest)
            if record.message.generation != generation:
                return
            trouble = self._route(record)
            self._conclude(record, newest, trouble)
        if newest.cause is not None:
            raise RefusedError(newest.cause.code, messages.not_ready(newest.id, newest.cause.message))
        if trouble:
            raise RefusedError("FAILED_PRECONDITION", trouble)

    async def remove(self, record: ServiceRecord) -> None:
        """End everything of a service."""
        self._forget(record)
        for revision in record.revisions.values():
            if revision.pool:
                await revision.pool.close()

    # -- the revision

    def _make_revision(self, record: ServiceRecord, service: run_v2.Service, template: bytes) -> None:
        id = revision_id(record.name, record.made + 1, service.template)
        if id in record.revisions:
            raise RefusedError("ALREADY_EXISTS", f"Revision named '{id}' with different configuration already exists.")
        record.made += 1
        record.template = template
        revision = make_revision(record.name, id, service)
        revision.conditions = pending(_OF_REVISION)
        record.revisions[id] = RevisionRecord(id=id, message=revision)
        service.latest_created_revision = revision.name

    async def _bring_up(self, record: ServiceRecord, revision: RevisionRecord) -> None:
        began = time.monotonic()
        message = revision.message
        try:
            await self._deployer.bring_up(record.name, revision)
        except NotDeployableError as error:
            revision.cause = error.cause
            for new in (failed("Ready", error.cause), failed(error.cause.kind, error.cause)):
                message.conditions = set_condition(list(message.conditions), new)
        else:
            took = f"Deploying revision succeeded in {time.monotonic() - began:.2f}s."
            message.conditions = [*succeeded(_OF_REVISION), *succeeded(["Active"])]
            message.conditions[0].message = took
            record.message.latest_ready_revision = message.name
        message.reconciling = False
        told = messages.ready_changed(revision.id, revision.ready, message.conditions[0].message)
        self._logbook.event(self._origin(record, revision), told, failed=not revision.ready)

    # -- its traffic

    def _route(self, record: ServiceRecord) -> str:
        """Let requests follow the service's traffic; says what is wrong where that cannot be done."""
        latest = record.message.latest_ready_revision.rpartition("/")[2]
        percents: dict[str, int] = {}
        tags: dict[str, str] = {}
        statuses = []
        for target in record.message.traffic:
            name = target.revision.rpartition("/")[2] if target.type_ == _BY_NAME else latest
            revision = record.revisions.get(name)
            if target.type_ == _BY_NAME and revision is None:
                return messages.revision_missing(name)
            if revision is None or not revision.ready:
                # A target without traffic may wait for its revision; one with traffic may not.
                if target.percent and target.type_ == _BY_NAME:
                    return messages.not_ready(name, "It cannot be given traffic.")
                continue
            percents[name] = percents.get(name, 0) + target.percent
            status = run_v2.TrafficTargetStatus(
                type_=target.type_, revision=name if target.type_ == _BY_NAME else "", percent=target.percent
            )
            if target.tag:
                tags[target.tag] = name
                status.tag, status.uri = target.tag, self._address(record, target.tag)
            statuses.append(status)
        if sum(percents.values()) == 100:
            record.percents = {name: percent for name, percent in percents.items() if percent}
        record.tags = tags
        record.message.traffic_statuses = statuses
        return ""

    def _conclude(self, record: ServiceRecord, newest: RevisionRecord, trouble: str) -> None:
        service = record.message
        service.observed_generation = service.generation
        service.reconciling = False
        cause = newest.cause
        routes = Cause(message=trouble, kind="RoutesReady", common=Common.UNKNOWN)
        if cause is not None:
            cause = Cause(
                message=messages.not_ready(newest.id, cause.message),
                kind="ConfigurationsReady",
                common=Common.REVISION_FAILED if not cause.common else cause.common,
                revision=cause.revision,
            )
        service.conditions = [
            failed("RoutesReady", routes) if trouble else condition("RoutesReady", State.CONDITION_SUCCEEDED),
            failed("ConfigurationsReady", cause)
            if cause
            else condition("ConfigurationsReady", State.CONDITION_SUCCEEDED),
        ]
        if cause:
            service.terminal_condition = failed("Ready", cause)
        elif trouble:
            service.terminal_condition = failed("Ready", routes)
        else:
            service.terminal_condition = condition("Ready", State.CONDITION_SUCCEEDED)
        record.touch()

    def _origin(self, record: ServiceRecord, revision: RevisionRecord) -> Origin:
        where = record.name.location
        return Origin(
            project=where.project,
            region=where.region,
            service=record.name.id,
            revision=revision.id,
            labels=dict(revision.message.labels),
        )

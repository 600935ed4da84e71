"""One service's new revision: asked for, waited for, and asked for its health at the tag's address."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import run_v2

from shakeout.errors import DeploymentError
from shakeout.manifest.plan import Plan, ServicePlan
from shakeout.targets.base import Failure, Progress, Revision, RevisionStatus
from shakeout.targets.capture import entries
from shakeout.targets.cloud_run import traffic
from shakeout.targets.cloud_run.api import Api
from shakeout.targets.cloud_run.changing import Teller, put, until_ready
from shakeout.targets.cloud_run.conditions import Verdict, call_failure, condition_failure
from shakeout.targets.cloud_run.desired import container_port, desired_service
from shakeout.targets.cloud_run.journal import Journal
from shakeout.targets.cloud_run.names import cloud_name, environment_options, revision_name, short
from shakeout.targets.cloud_run.records import Recorder
from shakeout.targets.cloud_run.starting import ended, refined, restarts
from shakeout.targets.health import Answer, ask

_ANSWER_SECONDS = 10.0
_LOG_SECONDS = 10.0


@dataclass(kw_only=True, slots=True)
class Made:
    """A service's part of a release; `cloud` is its name on Cloud Run where a revision was asked for there."""

    revision: Revision
    cloud: str | None = None
    revision_name: str = ""
    uri: str | None = None

    @classmethod
    def external(cls, service: ServicePlan) -> Made:
        """A service that somebody else deploys."""
        return cls(
            revision=Revision(
                service=service.name, id="external", commit=service.commit, status="external", url=service.url
            )
        )

    @classmethod
    def without(cls, service: ServicePlan, status: RevisionStatus, failure: Failure) -> Made:
        """A service of which nothing was asked for."""
        return cls(
            revision=Revision(
                service=service.name, id=f"{service.name}-none", commit=service.commit, status=status, failure=failure
            )
        )


def wanted_service(
    plan: Plan,
    service: ServicePlan,
    revision: str,
    release: str,
    addresses: Mapping[str, str],
    there: run_v2.Service | None,
) -> run_v2.Service:
    """As `desired_service`, with the addresses that are not known yet left as they stand in the manifest."""
    unknown = {one.name: f"${{services.{one.name}.url}}" for one in plan.services if one.name not in addresses}
    return desired_service(
        plan, service, revision=revision, release=release, addresses={**unknown, **addresses}, there=there
    )


async def revise(
    api: Api,
    plan: Plan,
    service: ServicePlan,
    *,
    there: run_v2.Service | None,
    release: str,
    tag: str,
    addresses: Mapping[str, str],
    journal: Journal,
    recorder: Recorder,
    client: httpx2.AsyncClient,
    run_folder: Path,
    progress: Progress,
) -> Made:
    """Deploy one service as a revision with a tag and without traffic; what fails is in the revision's failure."""
    options = environment_options(plan)
    cloud = cloud_name(service, options)
    name = revision_name(cloud, service.commit, release)
    facts = _facts(service, cloud, name, tag)
    started_at, began = datetime.now(UTC), time.monotonic()

    def failed(failure: Failure) -> Made:
        return _made(service, cloud, name, None, facts, started_at, failure=failure)

    try:
        wanted = desired_service(plan, service, revision=name, release=release, addresses=addresses, there=there)
    except DeploymentError as error:
        return Made.without(service, "failed", Failure(reason="rejected", message=str(error), at=service.at))
    before = traffic.shares(there) if there is not None else ()
    if there is not None and not any(share.percent for share in before) and there.latest_created_revision:
        before = (*before, traffic.Share(short(there.latest_created_revision), 100))
    beside = traffic.shares(there) if there is not None else ()
    wanted.traffic = traffic.targets(traffic.beside(beside, name, tag))
    journal.add(
        "revise", service=service.name, name=cloud, revision=name, tag=tag, created=there is None, before=list(before)
    )
    recorder.follow(service.name, cloud, name)
    progress(f"{service.name}: deploying {service.image} as {name}")
    try:
        await put(api, cloud, wanted, there)
        found, verdict = await until_ready(api, cloud, name, options.deadline, progress)
    except GoogleAPICallError as error:
        return failed(call_failure(error, "UpdateService" if there is not None else "CreateService", facts))
    journal.add("revised", service=service.name)
    if not verdict.ready or found is None:
        failure = _not_ready(verdict, options.deadline, facts)
        refined_failure = await _with_logs(failure, recorder, service, run_folder)
        return failed(refined_failure)
    url = traffic.tag_address(found, tag) or found.uri
    ready = _made(service, cloud, name, url.rstrip("/"), facts, started_at, uri=found.uri)
    answer = await _until_well(service, url.rstrip("/"), client, api.endpoints.double, progress)
    if answer is not None:
        health = service.health
        failure = Failure(
            reason="not-ready",
            message=f"it is not ready after {service.start.deadline:g} s because {answer.why}",
            facts={
                **facts,
                "path": health.path if health else None,
                "expected_status": health.status if health else None,
                "status": answer.status,
                "body": answer.body or "",
                "port": container_port(service),
            },
        )
        await recorder.take()
        return replace_failure(ready, failure)
    ready.revision = replace(
        ready.revision,
        ready_seconds=round(time.monotonic() - began, 3),
        restarts=await _restarts(recorder, service, run_folder),
    )
    return ready


def replace_failure(made: Made, failure: Failure) -> Made:
    """The same, failed."""
    made.revision = replace(made.revision, status="failed", failure=failure)
    return made


def _facts(service: ServicePlan, cloud: str, revision: str, tag: str) -> dict[str, Any]:
    return {
        "cloud_service": cloud,
        "revision": revision,
        "tag": tag,
        "image": service.image,
        "log": f"logs/{service.name}.log",
        "secrets": dict(service.secret_references),
    }


def _made(
    service: ServicePlan,
    cloud: str,
    name: str,
    url: str | None,
    facts: Mapping[str, Any],
    started_at: datetime,
    *,
    uri: str | None = None,
    failure: Failure | None = None,
) -> Made:
    revision = Revision(
        service=service.name,
        id=name,
        commit=service.commit,
        status="failed" if failure else "deployed",
        url=url,
        started_at=started_at,
        failure=failure,
        facts=facts,
    )
    return Made(revision=revision, cloud=cloud, revision_name=name, uri=uri)


def _not_ready(verdict: Verdict, deadline: float, facts: Mapping[str, Any]) -> Failure:
    if verdict.condition is not None:
        return condition_failure(verdict.condition, facts)
    return Failure(
        reason="rejected",
        message=f"it is not ready after {deadline:g} s because {verdict.why}",
        facts={**facts, "platform_reason": "none", "kind": "late"},
    )


async def _with_logs(failure: Failure, recorder: Recorder, service: ServicePlan, run_folder: Path) -> Failure:
    """The failure with what the logs tell, which come in a little later than the condition."""
    if failure.facts.get("kind") not in {"start", "late"}:
        await recorder.take()
        return failure
    until = time.monotonic() + (_LOG_SECONDS if not recorder.double else 0.5)
    while True:
        new = await recorder.take()
        known = list(entries(run_folder, service.name))
        if ended(known) or (known and not new) or time.monotonic() > until:
            seconds = service.start.deadline if "start.deadline" in service.setting_at else None
            return refined(failure, known, container_port(service), seconds, own_ports=recorder.double)
        await asyncio.sleep(0.1 if recorder.double else 1.0)


async def _until_well(
    service: ServicePlan, url: str, client: httpx2.AsyncClient, double: bool, progress: Progress
) -> Answer | None:
    """Ask for the service's health until it is well; the last answer where it is not by the service's deadline."""
    if service.health is None:
        return None
    teller = Teller(service.name, service.start.deadline, progress)
    while True:
        answer = await ask(client, url, service.health, _ANSWER_SECONDS)
        if answer.well:
            return None
        if teller.over:
            return answer
        teller.tell(answer.why)
        await teller.pause(double)


async def _restarts(recorder: Recorder, service: ServicePlan, run_folder: Path) -> int:
    await recorder.take()
    return restarts(list(entries(run_folder, service.name)))

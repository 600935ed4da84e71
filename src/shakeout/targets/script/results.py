"""What a deploy command's output and its end make of each service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

import httpx2

from shakeout.logs.entry import LogEntry
from shakeout.manifest.plan import Plan, ServicePlan
from shakeout.targets.base import Failure, Progress, Revision, Running
from shakeout.targets.health import Answer, ask
from shakeout.targets.processes import identify
from shakeout.targets.script.addresses import Announced, Names, announced, names_of
from shakeout.targets.script.options import ServiceOptions
from shakeout.targets.sockets import holder

_PAUSE = 0.2
_TELL = 5.0


def names(plan: Plan) -> list[Names]:
    """How the output may tell of each service."""
    found = []
    for service in plan.services:
        options = options_of(service)
        called = names_of(service.name, plan.environment, plan.application, options.name)
        found.append(
            Names(
                service=service.name,
                called=called,
                url_pattern=options.url_pattern,
                revision_pattern=options.revision_pattern,
            )
        )
    return found


def options_of(service: ServicePlan) -> ServiceOptions:
    """A service's own options, without those of other targets."""
    known = {key: value for key, value in service.options.items() if key in ServiceOptions.model_fields}
    return ServiceOptions.model_validate(known)


def revisions(
    plan: Plan, said: Sequence[LogEntry], failure: Failure | None, started_at: datetime
) -> tuple[Revision, ...]:
    """
    The revision of each service.

    Deployed is what the output announced, also where the command failed later; an address that only the manifest has
    says nothing of that where the command failed: it is asked as somebody else's.
    """
    told = announced(said, names(plan))
    return tuple(_revision(plan, service, told[service.name], failure, started_at) for service in plan.services)


def _revision(
    plan: Plan, service: ServicePlan, told: Announced, failure: Failure | None, started_at: datetime
) -> Revision:
    declared = service.url.rstrip("/") if service.url else None
    facts: dict[str, object] = {}
    if told.url_entry is not None:
        facts["announced_at"] = str(told.url_entry.locator)
        if declared is not None and declared != told.url:
            facts["announced"] = told.url
    if told.revision_entry is not None:
        facts["revision_at"] = str(told.revision_entry.locator)
    made = Revision(
        service=service.name,
        id=told.revision or f"{service.name}-{service.commit[:12]}{'-dirty' if plan.dirty else ''}",
        commit=service.commit,
        status="deployed",
        url=declared or told.url,
        started_at=started_at,
        dirty=plan.dirty and not service.pinned,
        facts=facts,
    )
    if told.url is not None or (failure is None and declared is not None):
        return made
    if declared is not None:
        return replace(made, status="external")
    if failure is not None:
        message = "the deploy command failed before it said where it is"
        blocked = Failure(reason="blocked", message=message, facts={"blocked_by": ["the deployment"]}, at=failure.at)
        return replace(made, status="blocked", failure=blocked)
    message = "the deploy command ended well, and neither its output nor the manifest says where it is"
    nowhere = Failure(reason="no-address", message=message, at=service.at)
    return replace(made, status="failed", failure=nowhere)


async def waited(plan: Plan, found: Sequence[Revision], progress: Progress) -> tuple[Revision, ...]:
    """The revisions, each when it answers well or its deadline is over; one that never did is asked by its checks."""
    async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
        plans = {service.name: service for service in plan.services}
        return tuple(await asyncio.gather(*(_wait(plans[item.service], item, client, progress) for item in found)))


async def _wait(service: ServicePlan, item: Revision, client: httpx2.AsyncClient, progress: Progress) -> Revision:
    if item.url is None or item.failure is not None or service.health is None:
        return item
    began, told = time.monotonic(), -_TELL
    while True:
        answer: Answer = await ask(client, item.url, service.health)
        seconds = time.monotonic() - began
        if answer.well:
            return replace(item, ready_seconds=round(seconds, 3))
        if seconds >= service.start.deadline:
            progress(f"{service.name}: not ready after {service.start.deadline:g} s because {answer.why}")
            return item
        if seconds >= 0.5 and seconds - told >= _TELL:
            told = seconds
            progress(
                f"waiting for {service.name} ({seconds:.0f} s of {service.start.deadline:g} s) because {answer.why}"
            )
        await asyncio.sleep(_PAUSE)


def look_at(revision: Revision) -> Running:
    """A service that is said to be on this machine, by its port; one that is elsewhere is unknown."""
    parts = urlsplit(revision.url or "")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    here = parts.hostname in {"127.0.0.1", "localhost", "::1"} and port is not None
    unknown = Running(
        name=revision.service, kind="service", state="unknown", address=revision.url, commit=revision.commit
    )
    if not here or port is None:
        return unknown
    found = holder(port)
    if found is None:
        return replace(unknown, state="absent")
    process = identify(found[0])
    return replace(unknown, state="running", process=process.pid if process else None)

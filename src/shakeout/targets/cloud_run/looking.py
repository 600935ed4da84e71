"""What runs where, as Cloud Run's API says it."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from google.api_core.exceptions import GoogleAPICallError

from shakeout.manifest.plan import BackingServicePlan, Plan, ServicePlan
from shakeout.targets import backing
from shakeout.targets.base import Inventory, Running
from shakeout.targets.capture import entries
from shakeout.targets.cloud_run import traffic
from shakeout.targets.cloud_run.api import Api
from shakeout.targets.cloud_run.conditions import judge
from shakeout.targets.cloud_run.revising import Made
from shakeout.targets.cloud_run.starting import restarts


async def inventory(api: Api, plan: Plan, made: Mapping[str, Made], run_folder: Path) -> Inventory:
    """Every service of the plan and its traffic; backing services as far as they can be seen from here."""
    services = await asyncio.gather(*(_service(api, one, made.get(one.name), run_folder) for one in plan.services))
    others = await asyncio.gather(*(_backing(one, api.endpoints.double) for one in plan.backing_services))
    return Inventory(environment=plan.environment, target="cloud-run", items=(*services, *others))


async def _service(api: Api, plan: ServicePlan, made: Made | None, run_folder: Path) -> Running:
    if made is None or made.cloud is None:
        return Running(name=plan.name, kind="service", state="unknown" if plan.url else "absent", address=plan.url)
    try:
        service = await api.service(made.cloud)
        revision = await api.revision(made.cloud, made.revision_name) if service is not None else None
    except GoogleAPICallError as error:
        return Running(name=plan.name, kind="service", state="unknown", facts={"reason": str(error)})
    if service is None:
        return Running(name=plan.name, kind="service", state="absent")
    verdict = judge(service, revision)
    return Running(
        name=plan.name,
        kind="service",
        state="running" if verdict.ready else "absent",
        address=made.revision.url,
        restarts=restarts(list(entries(run_folder, plan.name))),
        commit=plan.commit,
        facts={
            "traffic": {share.revision: share.percent for share in traffic.shares(service) if share.percent},
            "service_address": service.uri,
        },
    )


async def _backing(plan: BackingServicePlan, double: bool) -> Running:
    """
    As this machine sees it. Where the services may see what this machine does not (private addresses, a name or a
    firewall of their own network), what cannot be reached from here is unknown, not absent.
    """
    found = await backing.look(plan, plan.url)
    if double or found.state != "absent" or plan.disabled or plan.url is None or _for_all_alike(plan.url):
        return found
    return replace(found, state="unknown", facts={**found.facts, "reason": "it cannot be reached from this machine"})


def _for_all_alike(url: str) -> bool:
    """Whether an address means the same from everywhere: a loopback address means nothing in every instance."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

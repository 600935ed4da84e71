"""
Where services answer, as far as that is known before they are there.

A service that is there has its address. One that is not will have `https://NAME-NUMBER.REGION.run.app`, where NUMBER is
the project's: from the manifest (`options.project_number`) or from any service that is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from google.cloud import run_v2

from shakeout.errors import DeploymentError
from shakeout.manifest.interpolation import late_references
from shakeout.manifest.plan import Plan, ServicePlan
from shakeout.targets.cloud_run.names import cloud_name, environment_options, service_options

_NUMBERED = re.compile(r"https://[a-z0-9-]+-(\d{6,20})\.[a-z0-9-]+\.run\.app")


def known_addresses(
    plan: Plan,
    there: Mapping[str, run_v2.Service | None],
    others: Iterable[run_v2.Service],
    promised: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """
    The address of every service of the plan whose address is known, without a trailing slash.

    `there` has the plan's services by their names in the manifest, None for one that is not there; `promised`
    are the addresses that a double will give to services, by their names there.
    """
    options = environment_options(plan)
    number = options.project_number or project_number([*(one for one in there.values() if one is not None), *others])
    found: dict[str, str] = {}
    for service in plan.services:
        own = service_options(service).address
        existing = there.get(service.name)
        name = cloud_name(service, options)
        if service.url is not None or own is not None:
            found[service.name] = (service.url or own or "").rstrip("/")
        elif existing is not None and existing.uri:
            found[service.name] = existing.uri.rstrip("/")
        elif promised and name in promised:
            found[service.name] = promised[name].rstrip("/")
        elif number is not None:
            found[service.name] = f"https://{name}-{number}.{options.region}.run.app"
    return found


def project_number(services: Iterable[run_v2.Service]) -> str | None:
    """The project's number, as the addresses of its services have it."""
    for service in services:
        for url in (*service.urls, service.uri):
            if match := _NUMBERED.fullmatch(url):
                return match[1]
    return None


def require_addresses(plan: Plan, known: Mapping[str, str]) -> None:
    """Raise DeploymentError where a service needs an address that nobody can know before it is deployed."""
    for service in plan.services:
        before = _before(plan, service)
        for text in (*service.environment.values(), *service.command):
            for reference in late_references(text):
                if reference.root == "services" and reference.name not in known and reference.name not in before:
                    number = (
                        f"gcloud projects describe {environment_options(plan).project} --format='value(projectNumber)'"
                    )
                    raise DeploymentError(
                        f"{service.name} needs the address of {reference.name}, which is not known before it is there",
                        service=service.name,
                        expected="a service that is there, or the project's number",
                        seen=str(reference),
                        hint=f"environments.{plan.environment}.options.project_number: as `{number}` says it",
                    )


def _before(plan: Plan, service: ServicePlan) -> set[str]:
    """The services that are deployed before this one."""
    found: set[str] = set()
    waiting = list(service.needs)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += plan.service(name).needs
    return found

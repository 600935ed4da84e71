"""What a manifest asks for and Cloud Run cannot give: said before anything is deployed, each with its line."""

from __future__ import annotations

from collections.abc import Iterator

from shakeout.errors import ManifestFault
from shakeout.evidence.model import Locator
from shakeout.manifest.interpolation import late_references
from shakeout.manifest.plan import BackingServicePlan, Plan, ServicePlan

_NAMES = {"postgresql": "PostgreSQL", "clickhouse": "ClickHouse", "redis": "Redis", "sqlite": "SQLite"}
_MANAGED = {
    "postgresql": "a managed service (Cloud SQL, AlloyDB)",
    "sqlite": "PostgreSQL as a managed service (Cloud SQL), with `kind: postgresql` here",
    "clickhouse": "a managed service (ClickHouse Cloud)",
    "redis": "a managed service (Memorystore)",
}
_FILES = ("sqlite:", "chdb:", "file:")


def hosting_faults(plan: Plan) -> Iterator[ManifestFault]:
    """Every backing service, service and variable that this target cannot give a place to, in the manifest's words."""
    for backing in plan.backing_services:
        yield from _backing(plan, backing)
    for service in plan.services:
        if service.url is None:
            yield from _service(plan, service)


def _backing(plan: Plan, backing: BackingServicePlan) -> Iterator[ManifestFault]:
    if backing.disabled:
        return
    path = f"backing_services.{backing.name}"
    name = _NAMES.get(backing.kind, backing.name)
    managed = _MANAGED.get(backing.kind, "a managed service")
    hint = f"{name} cannot be hosted on Cloud Run: take {managed} or a virtual machine and give its `url`, or switch "
    hint += f"it off in this environment with `{path}.url: disabled`"
    expected = "an address of a server that is there, or `disabled`"
    if backing.url is not None and (backing.url.startswith(_FILES) or "${data}" in backing.url):
        seen = "a file, which an instance loses when it ends and which instances do not share"
        yield _fault(plan, _at(backing, "url"), f"{path}.url", expected, seen, hint)
    elif backing.url is None and backing.image is not None:
        yield _fault(plan, _at(backing, "image"), f"{path}.image", expected, f"an image to run ({backing.image})", hint)
    elif backing.url is None and backing.kind == "sqlite":
        yield _fault(plan, _at(backing, "kind"), f"{path}.kind", expected, "a file of an instance", hint)


def _at(backing: BackingServicePlan, setting: str) -> Locator | None:
    return backing.setting_at.get(setting) or backing.setting_at.get("environment") or backing.at


def _service(plan: Plan, service: ServicePlan) -> Iterator[ManifestFault]:
    path = f"services.{service.name}"
    if service.image is None:
        hint = f"environments.{plan.environment}.services.{service.name}.image: REGISTRY/NAME:${{commit}}"
        yield _fault(plan, service.at, f"{path}.image", "an image that is in a registry", "none", hint)
    for variable in service.secret_environment:
        key = f"secrets.{variable}" if f"secrets.{variable}" in service.setting_at else f"environment.{variable}"
        hint = "keep it in Secret Manager and name it: `secret_manager: NAME`, with NAME:VERSION for a fixed version"
        yield _fault(
            plan,
            service.setting_at.get(key) or service.at,
            f"{path}.{key}",
            "a secret of the platform's own secret manager, since variables can be read by whoever may see the service",
            "a secret's value",
            hint,
        )
    for variable, text in service.environment.items():
        if any(reference.root == "data" for reference in late_references(text)):
            at = service.setting_at.get(f"environment.{variable}") or service.at
            hint = f"give {variable} a folder of the container in this environment, or an address"
            yield _fault(
                plan, at, f"{path}.environment.{variable}", "a place that outlives an instance", "${data}", hint
            )


def _fault(plan: Plan, at: Locator | None, path: str, expected: str, seen: str, hint: str) -> ManifestFault:
    file = at.path if at else plan.manifest_path
    return ManifestFault(
        file=file, line=(at.line if at else None) or 1, path=path, expected=expected, seen=seen, hint=hint
    )
